"""Reading records: pages into record batches by the schema's types, complete or not at all."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import pyarrow as pa

from dq.cells import Kind
from dq.manifest import TableSchema
from dq.stores.airtable.calling import Calls
from dq.stores.airtable.failures import ITERATOR_GONE, Action, Failure
from dq.stores.airtable.fields import CREATED, KEY, lasting
from dq.stores.airtable.inflight import InFlight
from dq.stores.meaning import exact
from dq.stores.protocol import Row

Record = Mapping[str, Any]
T = TypeVar("T")
PAGE = 100
_TYPES: dict[Kind, pa.DataType] = {"number": pa.float64(), "boolean": pa.bool_()}


def field_ids(schema: TableSchema) -> list[str]:
    """Ids of the fields that the schema's columns are."""
    return [column.id for column in schema.columns if column.id]


def page_of(
    calls: Calls, path: str, fields: Sequence[str], formula: str | None, offset: str | None
) -> tuple[list[Record], str | None]:
    """One page of a list, cells by field id, and where the next one begins; None if it says that it is the last.

    Raises:
        Failure: The page cannot be had; a list that Airtable forgot must begin anew (`Action.RESTART`).
    """
    body: dict[str, Any] = {"pageSize": PAGE, "returnFieldsByFieldId": True, "fields": list(fields)}
    body |= {"filterByFormula": formula} if formula else {}
    body |= {"offset": offset} if offset else {}
    page = calls.send("read", "POST", f"{path}/listRecords", body=body)
    return page["records"], page.get("offset")


def pages(calls: Calls, path: str, fields: Sequence[str], formula: str | None = None) -> Iterator[list[Record]]:
    """The pages of one list; ends only at a page that says it is the last.

    Raises:
        Failure: A page cannot be had.
    """
    offset: str | None = None
    while True:
        records, offset = page_of(calls, path, fields, formula, offset)
        yield records
        if not offset:
            return


def whole(calls: Calls, read: Callable[[], T]) -> T:
    """Read a list to its end, from the first page again whenever Airtable lost its place.

    Raises:
        Failure: It lost it each time.
    """
    for _ in range(calls.patience.restarts - 1):
        try:
            return read()
        except Failure as failure:
            if failure.action is not Action.RESTART:
                raise
    return read()


def distinct(found: Iterable[list[Record]]) -> Iterator[list[Record]]:
    """The same pages; a record that comes twice shows that the list moved while it was read.

    Raises:
        Failure: A record came twice: the list must begin anew.
    """
    seen: set[str] = set()
    for page in found:
        ids = {record["id"] for record in page}
        if len(ids) < len(page) or ids & seen:
            raise Failure(422, ITERATOR_GONE, "", "read")
        seen |= ids
        yield page


def record_batch(records: Sequence[Record], schema: TableSchema) -> pa.RecordBatch:
    """Records as one batch: one column a field, its type from the schema, never from what happens to be there."""
    fields = [pa.field(column.name, _TYPES.get(column.kind, pa.string())) for column in schema.columns]
    arrays = []
    for column, field in zip(schema.columns, fields, strict=True):
        values = _values(records, column.name, column.id)
        values = list(map(lasting, values)) if column.kind == "json" else values
        arrays.append(pa.array(map(exact, values) if pa.types.is_string(field.type) else values, field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


def _values(records: Sequence[Record], name: str, field_id: str | None) -> list[Any]:
    if field_id is None:
        return [record[name] for record in records]
    cells = [record["fields"] for record in records]
    return [held.get(field_id) for held in cells]


def read_records(calls: Calls, path: str, fields: Sequence[str], formula: str | None) -> list[Record]:
    """The records for which a formula holds, or all; few enough to keep."""
    return whole(calls, lambda: [record for page in pages(calls, path, fields, formula) for record in page])


def row_of(record: Record, schema: TableSchema) -> Row:
    """A record as a row: cells by field name, as Airtable gave them; empty ones None."""
    names = {column.id: column.name for column in (*schema.columns, *schema.unread) if column.id}
    cells = {names[field]: lasting(value) for field, value in record["fields"].items() if field in names}
    wanted = {column.name: None for column in schema.columns}
    return {**wanted, **cells, KEY.name: record["id"], CREATED.name: record["createdTime"]}


def quoted_text(value: str) -> str:
    """A text as a formula's literal."""
    escaped = (
        value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    )
    return f"'{escaped}'"


def any_of(terms: Sequence[str]) -> str:
    """A formula that holds where one of the terms does."""
    return terms[0] if len(terms) == 1 else f"OR({','.join(terms)})"


def fetch_rows(
    calls: Calls, path: str, schema: TableSchema, keys: Sequence[str], fields: Sequence[str]
) -> dict[str, Row]:
    """The records with these ids, a hundred a call, as many calls at once as the pace allows; gone ones are missing."""
    found: dict[str, Row] = {}
    with InFlight[int](lambda: calls.lanes) as flight:
        for start in range(0, len(keys), PAGE):
            formula = any_of([f"RECORD_ID()={quoted_text(key)}" for key in keys[start : start + PAGE]])
            flight.add(start, partial(read_records, calls, path, fields, formula))
        while (met := flight.meet()) is not None:
            found |= {record["id"]: row_of(record, schema) for record in met[1]}
        if flight.failure is not None:
            raise flight.failure
    return found
