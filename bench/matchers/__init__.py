"""Matchers beside dq, each a command: `python -m bench.matchers.NAME SET records.parquet OUT`.

They run in the peers' own environment and import nothing of dq. Each reads records.parquet (which has no truth) and writes
OUT/clusters.parquet (record_id, cluster) and OUT/pairs.parquet (left, right, probability).
"""
