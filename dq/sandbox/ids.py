"""Ids and numbers that a sandbox gives out: equal files give equal ones, and none comes twice."""

import hashlib
import json
import sqlite3
import string
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from dq.sandbox import records
from dq.sandbox.records import Stored

ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits


def new_ids(
    connection: sqlite3.Connection,
    stored: Stored,
    contents: Sequence[Mapping[str, Any]],
    taken: Collection[tuple[str, str]] = (),
) -> list[str]:
    """Ids for new records, made of the table's id and of what each record holds.

    The same creates on equal files give equal ids in whatever order they come, and no id comes twice, not even that of
    a deleted record.

    Args:
        connection: An open sandbox, in a writing transaction.
        stored: The table.
        contents: Their cells.
        taken: Table and id of records that the same request makes.
    """
    ids: list[str] = []
    used = {record_id for table_id, record_id in taken if table_id == stored.table.id}
    for cells in contents:
        owner = f"{stored.table.id}:{json.dumps(cells, sort_keys=True, default=str)}"
        ids.append(next(one for one in _candidates(owner) if one not in used and _is_free(connection, stored, one)))
        used.add(ids[-1])
    return ids


def _candidates(owner: str) -> Iterator[str]:
    return (nth_id("rec", owner, number) for number in count(1))


def _is_free(connection: sqlite3.Connection, stored: Stored, record_id: str) -> bool:
    held = records.fetch(connection, stored, [record_id])
    return not held and not records.was_deleted(connection, stored, record_id)


def nth_id(prefix: str, owner: str, counter: int) -> str:
    """The id that belongs to the n-th creation in an owner.

    Args:
        prefix: Three letters, as `rec`.
        owner: What it is created in, as a table's id.
        counter: n, from 1.
    """
    return prefix + letters(hashlib.sha256(f"{owner}:{counter}".encode()).digest())


def letters(digest: bytes) -> str:
    """The 14 letters and digits of an Airtable id, made of a digest.

    Args:
        digest: At least 11 bytes.
    """
    number = int.from_bytes(digest)
    return "".join(ALPHABET[number // 62**place % 62] for place in range(14))


def next_number(connection: sqlite3.Connection, stored: Stored, name: str, least: int = 1) -> int:
    """The next number of a table's counter, which moves on with the transaction.

    Args:
        connection: An open sandbox, in a writing transaction.
        stored: The table.
        name: The counter.
        least: Where it starts.
    """
    query = """INSERT INTO sequence VALUES (?, ?, ?)
        ON CONFLICT DO UPDATE SET last = last + 1 RETURNING last"""
    found: int = connection.execute(query, (stored.number, name, least)).fetchone()[0]
    return found


def next_of_base(connection: sqlite3.Connection, base_id: str) -> int:
    """The next number of a base's counter of tables.

    Args:
        connection: An open sandbox, in a writing transaction.
        base_id: `app…`.
    """
    query = """INSERT INTO sequence VALUES (0, ?, 1)
        ON CONFLICT DO UPDATE SET last = last + 1 RETURNING last"""
    found: int = connection.execute(query, (base_id,)).fetchone()[0]
    return found


def is_counting(connection: sqlite3.Connection, stored: Stored, name: str) -> bool:
    """Whether a table's counter has given out a number.

    Args:
        connection: An open sandbox.
        stored: The table.
        name: The counter.
    """
    query = "SELECT 1 FROM sequence WHERE table_number = ? AND name = ?"
    return connection.execute(query, (stored.number, name)).fetchone() is not None
