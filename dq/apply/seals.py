"""Seals of the journal's rows: each says whether its intent, and what became of it, are as they were written.

SQLite knows a broken page, but not a letter that changed in a cell. A resumed run, and an undo, write to the stores what
the journal says.
"""

import json
import sqlite3
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

INTENT = (
    "batch", "place", "store", "table_name", "op", "row_key", "entity", "group_name", "create_id", "watermark", "before",
    "after", "pre_image", "intent_at", "changes",
)  # fmt: skip
OUTCOME = ("batch", "place", "state", "key", "echo", "reason", "settled_at")
COLUMNS = ("intent_seal", "outcome_seal")


def seal(values: Sequence[Any]) -> str:
    """What `intent_seal` says of a row's `INTENT`, and `outcome_seal` of its `OUTCOME`."""
    return sha256(json.dumps(list(values), ensure_ascii=False).encode()).hexdigest()[:24]


def add_columns(connection: sqlite3.Connection) -> None:
    """Give a journal that an older dq made room for seals; its rows have none."""
    held = {row[1] for row in connection.execute("PRAGMA table_info(writes)")}
    for name in COLUMNS:
        if name not in held:
            connection.execute(f"ALTER TABLE writes ADD COLUMN {name} TEXT")


def are_whole(connection: sqlite3.Connection) -> bool:
    """Whether the file is sound, and every row as it was written.

    Raises:
        sqlite3.DatabaseError: It cannot even be read.
    """
    if connection.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok":
        return False
    names = [*INTENT, *OUTCOME, *COLUMNS]
    sealed = [
        (row[-2], row[-1]) == (seal(row[: len(INTENT)]), seal(row[len(INTENT) : -2])) if any(row[-2:]) else None
        for row in map(tuple, connection.execute(f"SELECT {', '.join(names)} FROM writes"))
    ]
    return all(sealed) or not any(one is not None for one in sealed)  # those of an older dq have none at all
