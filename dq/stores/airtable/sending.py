"""One request to write records, and the search for the record that Airtable refuses."""

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from itertools import chain
from typing import Any

from dq.errors import ConfigurationError
from dq.manifest import Column, TableSchema
from dq.schemas.values import Op
from dq.stores.airtable.calling import Calls
from dq.stores.airtable.failures import GONE, Action, Failure, Verb
from dq.stores.airtable.grouping import Place, Placed, units
from dq.stores.airtable.reading import row_of
from dq.stores.protocol import Outcome, RowWrite

Outcomes = dict[Place, Outcome]
_VERBS: dict[Op, Verb] = {"update": "update", "insert": "create", "delete": "delete"}
_QUOTED = re.compile(r'(\\?"|\')+(.*?)(\\?"|\')+')


def columns_by_name(schema: TableSchema, writes: Sequence[RowWrite]) -> dict[str, Column]:
    """The columns that the writes may name.

    Raises:
        ConfigurationError: A write names a field that the table does not have, or one that Airtable computes.
    """
    columns = {column.name: column for column in (*schema.columns, *schema.unread)}
    where, why = f"Airtable table {schema.name}", "Its schema changed since the plan was made."
    for name in dict.fromkeys(name for write in writes for name in (*write.before, *write.after)):
        if name not in columns:
            near = get_close_matches(name, columns, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise ConfigurationError(
                f"Table {schema.name} has no field {name!r}{hint}", where=where, why=why, fix="dq clean"
            )
    for name in dict.fromkeys(name for write in writes for name in write.after):
        if not columns[name].writable:
            raise ConfigurationError(
                f"Field {name!r} is computed by Airtable and cannot be written", where=where, why=why, fix="dq clean"
            )
    return columns


def send(calls: Calls, path: str, schema: TableSchema, op: Op, writes: Sequence[Placed]) -> Outcomes:
    """Send one request; if Airtable refuses it, each half of its groups, down to the single group.

    Raises:
        Failure: The call failed for good; what became of it may be unknown.
    """
    columns = {column.name: column for column in (*schema.columns, *schema.unread)}
    try:
        records = _request(calls, path, columns, op, [write for _, write in writes])
    except Failure as failure:
        if failure.action is not Action.REFUSED:
            raise
        groups = units(writes)
        if len(groups) == 1:
            return {place: _refusal(failure, write, columns) for place, write in writes}
        middle = len(groups) // 2
        first, second = (list(chain.from_iterable(half)) for half in (groups[:middle], groups[middle:]))
        return send(calls, path, schema, op, first) | send(calls, path, schema, op, second)
    return {place: _written(record, schema, op) for (place, _), record in zip(writes, records, strict=True)}


def _request(
    calls: Calls, path: str, columns: Mapping[str, Column], op: Op, writes: Sequence[RowWrite]
) -> Sequence[Mapping[str, Any]]:
    if op == "delete":
        params = {"records[]": [write.key for write in writes]}
        answer = calls.send("delete", "DELETE", path, params=params)
    else:
        records = [
            {"fields": _cells(write, columns), **({"id": write.key} if op == "update" else {})} for write in writes
        ]
        body = {"records": records, "typecast": False, "returnFieldsByFieldId": True}
        answer = calls.send(_VERBS[op], "PATCH" if op == "update" else "POST", path, body=body)
    found: Sequence[Mapping[str, Any]] = answer["records"]
    return found


def _cells(write: RowWrite, columns: Mapping[str, Column]) -> dict[str, Any]:
    """Cells by field id; an empty text clears, for a select takes it for an option of that name."""
    return {str(columns[name].id): None if value == "" else value for name, value in write.after.items()}


def _written(record: Mapping[str, Any], schema: TableSchema, op: Op) -> Outcome:
    return Outcome("written", record["id"], row_of(record, schema) if op != "delete" else {})


def _refusal(failure: Failure, write: RowWrite, columns: Mapping[str, Column]) -> Outcome:
    if failure.type in GONE and write.op != "insert":
        return Outcome("moved", write.key, reason=f"{write.table} {write.key}: the record is gone")
    return Outcome(
        "refused",
        write.key,
        reason=f"{failure.type or failure.status}: {_without_values(failure.message, columns)}".rstrip(": "),
    )


def _without_values(message: str, columns: Mapping[str, Column]) -> str:
    """Airtable's sentence; what it quotes stays only if it names a field or a record."""
    known = set(columns) | {column.id for column in columns.values()}
    return _QUOTED.sub(lambda found: found[0] if found[2].strip("\\") in known else "…", message)
