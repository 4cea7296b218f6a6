"""Finding the records that creates made whose answer was lost."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from dq.manifest import Column, TableSchema
from dq.stores.airtable.calling import Calls
from dq.stores.airtable.fields import CREATED, KEY
from dq.stores.airtable.reading import any_of, quoted_text, read_records, row_of
from dq.stores.meaning import is_same
from dq.stores.protocol import Row, RowWrite

_PER_CALL = 50
_SEARCHED = ("text", "long_text")
"""Kinds whose stored text equals what was written."""


def find_created(
    calls: Calls,
    path: str,
    schema: TableSchema,
    writes: Sequence[RowWrite],
    since: str | None,
    link: str | None,
    taken: Collection[str] = (),
) -> list[str | None]:
    """The record that each create made, or None: one made after `since`, told by its link cell, else by its content.

    Args:
        calls: The base's calls.
        path: The table's path.
        schema: The table's schema.
        writes: The creates.
        since: The server's clock before they were sent; None takes a link cell's word alone.
        link: The field that holds the database's key.
        taken: Records that other creates are known to have made.

    Raises:
        Failure: The records cannot be read.
    """
    columns = {column.name: column for column in (*schema.columns, *schema.unread)}
    found: dict[int, str] = {}
    given = set(taken)
    since = since and _earlier(since)
    for start in range(0, len(writes), _PER_CALL):
        numbered = [(start + number, write) for number, write in enumerate(writes[start : start + _PER_CALL])]
        terms = [_term(write, columns, link) for _, write in numbered]
        known = [term for term in terms if term]
        everything = len(known) < len(terms)  # a create without any text can only be told among all records
        fields = [
            column.id for column in columns.values() if column.id and any(column.name in w.after for _, w in numbered)
        ]
        rows = _rows(calls, path, schema, fields, None if everything else any_of(known))
        for number, write in numbered:
            free = (row for row in rows if row[KEY.name] not in given)
            made = next((row for row in free if _is_made(row, write, columns, since, link)), None)
            if made is not None:
                found[number] = made[KEY.name]
                given.add(made[KEY.name])
    return [found.get(number) for number in range(len(writes))]


def _rows(calls: Calls, path: str, schema: TableSchema, fields: Sequence[str], formula: str | None) -> list[Row]:
    records = read_records(calls, path, fields, formula)
    return sorted((row_of(record, schema) for record in records), key=lambda row: (row[CREATED.name], row[KEY.name]))


def _term(write: RowWrite, columns: Mapping[str, Column], link: str | None) -> str | None:
    """A formula that holds for the record that the create made; it may hold for others, which are told apart here."""
    names = (
        [link]
        if link and write.after.get(link)
        else [name for name, value in write.after.items() if value and columns[name].kind in _SEARCHED]
    )
    terms = [f"{{{columns[name].id}}}={quoted_text(str(write.after[name]))}" for name in names]
    return (terms[0] if len(terms) == 1 else f"AND({','.join(terms)})") if terms else None


def _is_made(row: Row, write: RowWrite, columns: Mapping[str, Column], since: str | None, link: str | None) -> bool:
    is_new = since is not None and row[CREATED.name] >= since
    if link and write.after.get(link):
        return (is_new or since is None) and is_same(row.get(link), write.after[link], columns[link].kind)
    return is_new and all(is_same(row.get(name), value, columns[name].kind) for name, value in write.after.items())


def _earlier(since: str) -> str:
    """A second before, for the clock that stamps answers may be ahead of the one that stamps records."""
    return (datetime.fromisoformat(since) - timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
