"""Settling intents whose answer is unknown: by reading the store, never by sending again blindly."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from dq.apply.journal import Entry
from dq.manifest import TableSchema
from dq.stores.meaning import is_same
from dq.stores.protocol import Outcome, Row

if TYPE_CHECKING:
    from dq.apply.commit import Targets


def settled(entries: Sequence[Entry], targets: "Targets", taken: Collection[str] = ()) -> dict[int, Outcome]:
    """Outcomes, by place, of those entries that their store already holds; the others were never carried out.

    An update is done if its row holds every planned cell, a delete if its row is gone, an insert if the store finds
    the row that it made. A row that holds neither the planned cells nor what the plan saw is left to the guard of the
    next write, which calls it moved.

    Args:
        entries: Intents of one batch.
        targets: The open stores.
        taken: Keys of rows that other inserts are known to have made.
    """
    done: dict[int, Outcome] = {}
    for table in dict.fromkeys(entry.write.table for entry in entries):
        mine = [entry for entry in entries if entry.write.table == table]
        target = targets[mine[0].store, table]
        names = sorted({name for entry in mine for name in entry.write.after})
        schema = target.covering(names) if table == target.schema.name else target.sink.describe(table, names)
        keyed = [entry for entry in mine if entry.write.op != "insert"]
        held = target.sink.fetch(schema, [str(entry.write.key) for entry in keyed]) if keyed else {}
        done |= {
            entry.place: outcome
            for entry in keyed
            if (outcome := _done(entry, held.get(str(entry.write.key)), schema, target.planned(entry.write)))
        }
        inserts = [entry for entry in mine if entry.write.op == "insert"]
        if inserts:
            mark = next((entry.watermark for entry in inserts if entry.watermark is not None), None)
            found = target.sink.find(schema, [entry.write for entry in inserts], mark, target.link, taken)
            made = target.sink.fetch(schema, [key for key in found if key is not None])
            done |= {
                entry.place: Outcome("written", key, made.get(key, {}))
                for entry, key in zip(inserts, found, strict=True)
                if key is not None
            }
    return done


def _done(entry: Entry, row: Row | None, schema: TableSchema, planned: Mapping[str, object]) -> Outcome | None:
    if entry.write.op == "delete":
        return Outcome("written", entry.write.key) if row is None else None
    if row is None or not holds(row, planned, schema):
        return None
    return Outcome("written", entry.write.key, dict(row))


def holds(row: Row, cells: Mapping[str, object], schema: TableSchema) -> bool:
    """Whether a row's cells mean what was planned; cells outside the schema are compared as text."""
    return all(
        is_same(row.get(name), value, schema.column(name).kind if name in schema else "text")
        for name, value in cells.items()
    )
