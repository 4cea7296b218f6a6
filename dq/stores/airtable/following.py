"""What changed since an earlier reading: records by their time of last modification, or by their ids.

That time has whole seconds, moves with every edit of the record's own fields, and with nothing else.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pyarrow as pa

from dq.manifest import TableSchema
from dq.stores.airtable.calling import Calls
from dq.stores.airtable.fields import FOLLOWED, KEY
from dq.stores.airtable.reading import PAGE, any_of, field_ids, pages, quoted_text, read_records, record_batch
from dq.stores.airtable.spooling import spooled, spooled_from


def unfollowed(schema: TableSchema, modified: str | None) -> str | None:
    """Why a field of last modification does not tell every change of the schema's fields; None if it does."""
    if modified is None or modified not in schema:
        return "no field is configured as `modified.airtable`"
    cursor = schema.column(modified)
    if cursor.type != "lastModifiedTime" or cursor.kind != "datetime":
        return f"field {modified} is no last modified time with a time of day"
    if cursor.moved_by:
        return f"field {modified} watches some fields only, not all that can be edited"
    others = [column.name for column in schema.columns if column.type not in FOLLOWED]
    if others:
        return f"changes of {', '.join(others)} do not move field {modified}: other records or Airtable make them"
    return None


def changed(calls: Calls, path: str, schema: TableSchema, modified: str, since: str) -> Iterator[pa.RecordBatch]:
    """The records that were modified after a time, and those that were never stamped; at least one batch.

    Args:
        calls: The base's calls.
        path: The table's path.
        schema: The table's schema.
        modified: The field of last modification.
        since: ISO text.

    Raises:
        Failure: They cannot be read to the end.
    """
    stamp = f"{{{schema.column(modified).id}}}"
    after = f"IS_AFTER({stamp},DATETIME_PARSE({quoted_text(since)}))"
    formula = f"IF({stamp}=BLANK(),TRUE(),{after})"  # a comparison with nothing may be an error, which matches nothing
    return spooled_from(calls, schema, lambda: pages(calls, path, field_ids(schema), formula))


def stamps(calls: Calls, path: str, schema: TableSchema, modified: str) -> Iterator[pa.RecordBatch]:
    """The ids and times of last modification of all records; at least one batch.

    Raises:
        Failure: They cannot be read to the end.
    """
    return spooled(calls, path, replace(schema, columns=(KEY, schema.column(modified))))


def some(calls: Calls, path: str, schema: TableSchema, keys: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """The records with these ids that are there, a hundred a call; at least one batch.

    Raises:
        Failure: They cannot be read.
    """
    yield record_batch([], schema)
    for start in range(0, len(keys), PAGE):
        formula = any_of([f"RECORD_ID()={quoted_text(key)}" for key in keys[start : start + PAGE]])
        yield record_batch(read_records(calls, path, field_ids(schema), formula), schema)
