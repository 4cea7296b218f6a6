"""Writing records: rows are read just before they are written, and requests overlap so that the pace is the limit.

batches ─► requests of ten ─┬─ wait for the guard of their rows: one read a hundred rows, over all batches ─┐
                            └─ wait for earlier requests of their groups ───────────────────────────────────┴─► in flight
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from dq.errors import DqError
from dq.manifest import Column, TableSchema
from dq.stores.airtable.calling import Calls
from dq.stores.airtable.grouping import Placed, Request, requests_of
from dq.stores.airtable.inflight import InFlight
from dq.stores.airtable.reading import PAGE, fetch_rows, field_ids
from dq.stores.airtable.sending import Outcomes, columns_by_name, send
from dq.stores.meaning import is_same
from dq.stores.protocol import Outcome, Row, RowWrite


@dataclass
class Held:
    """The batches under way.

    Attributes:
        batches: Batch → its writes, until all have an outcome.
        requests: Requests that were not handed over yet, in order.
        unread: Writes whose rows were not read yet, in order.
        unguarded: Group → how many of its rows were not read yet.
        busy: Groups with a request in flight.
        spoiled: Group → why nothing of it is sent (any more), and as what that counts.
        outcomes: What became of writes.
        reads: Reads in flight.
        count: Batches so far.
        is_last: Whether there are no further batches.
        error: What kept the next batch from being taken.
    """

    batches: dict[int, Sequence[RowWrite]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    unread: list[Placed] = field(default_factory=list)
    unguarded: dict[str, int] = field(default_factory=dict)
    busy: set[str] = field(default_factory=set)
    spoiled: dict[str, Outcome] = field(default_factory=dict)
    outcomes: Outcomes = field(default_factory=dict)
    reads: int = 0
    count: int = 0
    is_last: bool = False
    error: DqError | None = None


Flight = InFlight[tuple[Placed, ...] | Request]
"""Reads are known by the writes that they guard, requests by themselves."""


def write_batches(
    calls: Calls, path: str, schema: TableSchema, batches: Iterator[Sequence[RowWrite]]
) -> Iterator[tuple[int, dict[int, Outcome]]]:
    """Write batches, each taken from the iterator just before its rows are read.

    A group is guarded whole, and stands in one batch. Airtable takes a request whole or not at all, and a group's
    writes of one kind stand in one request (up to ten); but it joins no two requests: when it refuses a later one,
    what the group wrote before stays, and what comes after is not sent.

    Args:
        calls: The base's calls.
        path: The table's path.
        schema: The table's schema.
        batches: The batches; the iterator is asked in the caller's own thread.

    Yields:
        A batch's number in the order given, and outcomes by place in it: of all its writes, or, before an error is
        raised, of those that are known.

    Raises:
        Failure: A call failed for good; what has no outcome may have been carried out.
        DqError: The iterator raised it, or a batch cannot be written.
    """
    held = Held()
    with InFlight[tuple[Placed, ...] | Request](lambda: calls.lanes) as flight:
        while True:
            _feed(held, flight, calls, path, schema, batches)
            yield from _finished(held)
            met = flight.meet()
            if met is None and not (held.requests or held.unread) and held.is_last:
                break
            if met is None and (flight.failure or held.error):
                break
            if met is not None:
                _take_in(held, *met, schema)
        yield from _known(held)
    if flight.failure or held.error:
        raise flight.failure or held.error  # type: ignore[misc]  # one of them is there


def _feed(
    held: Held, flight: Flight, calls: Calls, path: str, schema: TableSchema, batches: Iterator[Sequence[RowWrite]]
) -> None:
    """Hand over what can go, and keep so much waiting that no lane is ever idle."""
    while flight.failure is None and held.error is None:
        _hand_over(held, flight, calls, path, schema)
        if held.reads or flight.waiting >= 2 * calls.lanes:
            return
        if len(held.unread) >= PAGE or (held.unread and held.is_last):
            writes = tuple(held.unread[:PAGE])
            del held.unread[:PAGE]
            held.reads += 1
            flight.add(writes, partial(_read, calls, path, schema, writes), first=True)
        elif not held.is_last:
            _take_batch(held, schema, batches)
        else:
            return


def _take_batch(held: Held, schema: TableSchema, batches: Iterator[Sequence[RowWrite]]) -> None:
    try:
        writes = next(batches, None)
        if writes is None:
            held.is_last = True
            return
        columns_by_name(schema, writes)
    except DqError as error:  # what is under way is brought to its end first
        held.error = error
        return
    number, held.count = held.count, held.count + 1
    held.batches[number] = writes
    held.requests += requests_of(number, writes)
    keyed: list[Placed] = [((number, place), write) for place, write in enumerate(writes) if write.op != "insert"]
    held.unread += keyed
    for _, write in keyed:
        held.unguarded[write.group] = held.unguarded.get(write.group, 0) + 1


def _hand_over(held: Held, flight: Flight, calls: Calls, path: str, schema: TableSchema) -> None:
    """Hand over every request whose rows are guarded and whose groups are not under way."""
    blocked, left = set(held.busy), []
    for request in held.requests:
        groups = request.groups
        if groups & blocked or any(held.unguarded.get(group) for group in groups):
            blocked |= groups
            left.append(request)
            continue
        for place, write in request.writes:
            if write.group in held.spoiled:
                outcome = held.spoiled[write.group]
                held.outcomes[place] = Outcome(outcome.state, write.key, reason=outcome.reason)
        going = tuple(one for one in request.writes if one[0] not in held.outcomes)
        if going:
            sent = Request(request.op, going)
            blocked |= sent.groups
            held.busy |= sent.groups
            flight.add(sent, partial(send, calls, path, schema, request.op, going))
    held.requests = left


def _read(calls: Calls, path: str, schema: TableSchema, writes: Sequence[Placed]) -> dict[str, Row]:
    columns = {column.name: column for column in (*schema.columns, *schema.unread)}
    named = [columns[name].id for _, write in writes for name in write.before]
    fields = [one for one in dict.fromkeys([*named, *field_ids(schema)]) if one]
    return fetch_rows(calls, path, schema, list(dict.fromkeys(str(write.key) for _, write in writes)), fields)


def _take_in(held: Held, tag: tuple[Placed, ...] | Request, result: object, schema: TableSchema) -> None:
    """Take in what a read or a request brought."""
    if isinstance(tag, Request):
        found: Outcomes = result  # type: ignore[assignment]  # what `send` gives
        held.outcomes |= found
        held.busy -= tag.groups
        for place, write in tag.writes:
            if found[place].state != "written":
                held.spoiled[write.group] = Outcome("refused", reason="an earlier write of its group was not taken")
        return
    rows: Mapping[str, Row] = result  # type: ignore[assignment]  # what `_read` gives
    columns = {column.name: column for column in (*schema.columns, *schema.unread)}
    held.reads -= 1
    for _, write in tag:
        held.unguarded[write.group] -= 1
        reason = _moved(rows.get(str(write.key)), columns, write)
        if reason:
            held.spoiled.setdefault(write.group, Outcome("moved", reason=f"{write.table} {write.key}: {reason}"))


def _moved(row: Row | None, columns: Mapping[str, Column], write: RowWrite) -> str | None:
    if row is None:
        return "the record is gone"
    before = {
        name: value for name, value in write.before.items() if columns[name].kind != "json"
    }  # such values change unasked
    changed = [name for name, value in before.items() if not is_same(row.get(name), value, columns[name].kind)]
    return f"{', '.join(sorted(changed))} changed" if changed else None


def _finished(held: Held) -> Iterator[tuple[int, dict[int, Outcome]]]:
    """Batches all of whose writes have an outcome."""
    for number, writes in list(held.batches.items()):
        if all((number, place) in held.outcomes for place in range(len(writes))):
            yield number, _released(held, number)


def _known(held: Held) -> Iterator[tuple[int, dict[int, Outcome]]]:
    """What is known of the other batches."""
    for number in list(held.batches):
        yield number, _released(held, number)


def _released(held: Held, number: int) -> dict[int, Outcome]:
    writes = held.batches.pop(number)
    for write in writes:
        held.spoiled.pop(write.group, None)
        held.unguarded.pop(write.group, None)
    places = [place for place in range(len(writes)) if (number, place) in held.outcomes]
    return {place: held.outcomes.pop((number, place)) for place in places}
