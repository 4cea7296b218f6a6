"""Apply: lock, backup, batches with a journal, verification, base. Reads the changeset only, never how it was made."""
