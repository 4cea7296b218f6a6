"""Writing records: guards, requests of at most ten of one kind, and the search for the one that Airtable refuses."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import chain, groupby
from typing import Any

from dq.errors import ConfigurationError
from dq.manifest import Column, TableSchema
from dq.schemas.values import Op
from dq.stores.airtable.calling import Calls
from dq.stores.airtable.failures import GONE, Action, Failure, Verb
from dq.stores.airtable.reading import fetch_rows, field_ids, row_of
from dq.stores.meaning import is_same
from dq.stores.protocol import Outcome, Row, RowWrite

PER_REQUEST = 10
Numbered = tuple[int, RowWrite]
"""A write and its place in the batch."""
Outcomes = dict[int, Outcome]

_VERBS: dict[Op, Verb] = {"update": "update", "insert": "create", "delete": "delete"}
_ORDER: tuple[Op, ...] = ("update", "delete", "insert")
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


def write_batch(calls: Calls, path: str, schema: TableSchema, writes: Sequence[RowWrite]) -> list[Outcome]:
    """Write a batch; one outcome per write, in order.

    A group is guarded whole. Airtable takes a request whole or not at all, and a group's writes of one kind stand in
    one request (up to ten); but it joins no two requests: when it refuses a later one, what the group wrote before
    stays, and what comes after is not sent.

    Raises:
        Failure: A call failed for good; what was sent last is unknown.
    """
    columns = columns_by_name(schema, writes)
    moved = _moved_groups(_held_rows(calls, path, schema, columns, writes), columns, writes)
    outcomes = {
        n: Outcome("moved", write.key, reason=moved[write.group])
        for n, write in enumerate(writes)
        if write.group in moved
    }
    waiting: dict[str, list[Numbered]] = {}
    for number, write in enumerate(writes):
        if write.group not in moved:
            waiting.setdefault(write.group, []).append((number, write))
    send, failed = _sender(calls, path, schema, columns), set[str]()
    while waiting:
        for op in _ORDER:
            for chunk in _chunks(_heads(waiting, failed, op)):
                outcomes |= _withheld([one for one in chunk if one[1].group in failed])
                going = [one for one in chunk if one[1].group not in failed]
                outcomes |= send(op, going) if going else {}
                failed |= {write.group for number, write in going if outcomes[number].state != "written"}
        outcomes |= _withheld([one for group in failed for one in waiting.pop(group, [])])
        waiting = {group: left for group, left in waiting.items() if left}
    return [outcomes[number] for number in range(len(writes))]


def _held_rows(
    calls: Calls, path: str, schema: TableSchema, columns: Mapping[str, Column], writes: Sequence[RowWrite]
) -> dict[str, Row]:
    touched = [write for write in writes if write.op != "insert"]
    named = [columns[name].id for write in touched for name in write.before]
    fields = [field for field in dict.fromkeys([*named, *field_ids(schema)]) if field]
    return fetch_rows(calls, path, schema, list(dict.fromkeys(str(write.key) for write in touched)), fields)


def _moved_groups(held: Mapping[str, Row], columns: Mapping[str, Column], writes: Sequence[RowWrite]) -> dict[str, str]:
    moved: dict[str, str] = {}
    for write in writes:
        if write.op == "insert":
            continue
        reason = _moved(held.get(str(write.key)), columns, write)
        if reason:
            moved.setdefault(write.group, f"{write.table} {write.key}: {reason}")
    return moved


def _moved(row: Row | None, columns: Mapping[str, Column], write: RowWrite) -> str | None:
    if row is None:
        return "the record is gone"
    before = {
        name: value for name, value in write.before.items() if columns[name].kind != "json"
    }  # such values change unasked
    changed = [name for name, value in before.items() if not is_same(row.get(name), value, columns[name].kind)]
    return f"{', '.join(sorted(changed))} changed" if changed else None


def _heads(waiting: Mapping[str, list[Numbered]], failed: Collection[str], op: Op) -> list[Numbered]:
    """Take from each group the writes of this kind that nothing else must come before."""
    heads: list[Numbered] = []
    for group, left in waiting.items():
        while left and left[0][1].op == op and group not in failed:
            heads.append(left.pop(0))
    return heads


def _withheld(writes: Sequence[Numbered]) -> Outcomes:
    """Outcomes of writes that are not sent, for their group met a refusal."""
    reason = "an earlier write of its group was not taken"
    return {number: Outcome("refused", write.key, reason=reason) for number, write in writes}


def _chunks(writes: Sequence[Numbered]) -> Iterator[list[Numbered]]:
    """At most ten a request, no group in two requests that fits in one, and no record twice in one."""
    chunk: list[Numbered] = []
    for unit in _units(writes):
        if len(chunk) + min(len(unit), PER_REQUEST) > PER_REQUEST:
            yield chunk
            chunk = []
        for number, write in unit:
            if len(chunk) == PER_REQUEST or (
                write.key is not None and any(write.key == other.key for _, other in chunk)
            ):
                yield chunk
                chunk = []
            chunk.append((number, write))
    if chunk:
        yield chunk


def _units(writes: Sequence[Numbered]) -> list[list[Numbered]]:
    """Neighbors of one group."""
    return [list(unit) for _, unit in groupby(writes, key=lambda one: one[1].group)]


def _sender(
    calls: Calls, path: str, schema: TableSchema, columns: Mapping[str, Column]
) -> Callable[[Op, Sequence[Numbered]], Outcomes]:
    def send(op: Op, chunk: Sequence[Numbered]) -> Outcomes:
        """Send one request; if Airtable refuses it, each half of its groups, down to the single group."""
        try:
            records = _request(calls, path, columns, op, [write for _, write in chunk])
        except Failure as failure:
            if failure.action is not Action.REFUSED:
                raise
            units = _units(chunk)
            if len(units) == 1:
                return {number: _refusal(failure, write, columns) for number, write in chunk}
            first, second = (
                list(chain.from_iterable(half)) for half in (units[: len(units) // 2], units[len(units) // 2 :])
            )
            return send(op, first) | send(op, second)
        return {n: _written(record, schema, op) for (n, _), record in zip(chunk, records, strict=True)}

    return send


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
