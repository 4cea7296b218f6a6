"""The lead database in PostgreSQL: read over ADBC at one moment, written in sets, one transaction a batch.

Nothing is imported here: those who do not use PostgreSQL do not wait for its libraries.
"""
