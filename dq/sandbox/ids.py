"""Ids and numbers that a sandbox gives out: equal files give equal ones, and none comes twice."""

import hashlib
import sqlite3
import string

from dq.sandbox import records
from dq.sandbox.records import Stored

ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits


def new_ids(connection: sqlite3.Connection, stored: Stored, count: int) -> list[str]:
    """Ids for new records, made of the table's id and its counter, which moves on.

    The same creates on equal files give equal ids, and no id comes twice, not even that of a deleted record.

    Args:
        connection: An open sandbox, in a writing transaction.
        stored: The table.
        count: How many.
    """
    query = 'SELECT counter FROM "table" WHERE number = ?'
    counter: int = connection.execute(query, (stored.number,)).fetchone()[0]
    ids: list[str] = []
    while len(ids) < count:
        counter += 1
        candidate = nth_id("rec", stored.table.id, counter)
        taken = records.fetch(connection, stored, [candidate]) or records.was_deleted(connection, stored, candidate)
        ids += [] if taken else [candidate]
    connection.execute('UPDATE "table" SET counter = ? WHERE number = ?', (counter, stored.number))
    return ids


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
