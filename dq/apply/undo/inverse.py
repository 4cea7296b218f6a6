"""The inverse of a run's writes, last first: what takes each one back, and what people's later changes forbid."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dq.apply.batches import CREATED, Batch, PlannedWrite
from dq.apply.commit import Target, Targets
from dq.apply.journal import Entry
from dq.apply.settle import holds
from dq.manifest import TableSchema
from dq.schemas.values import Store
from dq.stores.protocol import Row, RowWrite

UNDO = "undo:"
"""Start of the change id of a row that is made again; its old key follows."""
Place = tuple[str, str, str]
"""store, table, row key."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A cell, or a whole row (field None), that was changed after the run and is left as it is."""

    store: str
    table: str
    row_key: str | None
    field: str | None


@dataclass
class Told:
    """What is known while the inverse is made, entry by entry.

    Attributes:
        targets: The open stores.
        survivors: Keys of merged rows → the row that they are merged into today.
        parents: Database rows that others hang on by now, by table.
        done: Cells (field None: rows) that an earlier undo of the same run took back already.
        remade: Airtable records that come back: False until their creation is written.
        twice: Rows that the run wrote more than once, and how they stand once later writes are taken back.
        waiting: Database rows whose link must wait for a record that comes back.
        partners: Airtable records that the run deleted → table, key and entity of the database row that is linked to them.
    """

    targets: Targets
    survivors: Mapping[str, str]
    parents: Callable[[str], frozenset[str]]
    done: frozenset[tuple[str, str, str, str | None]]
    remade: dict[str, bool] = field(default_factory=dict)
    twice: dict[Place, Row | None] = field(default_factory=dict)
    waiting: list[PlannedWrite] = field(default_factory=list)
    partners: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)


def inverse(parts: Iterable[Sequence[Entry]], told: Told, kept: list[Kept]) -> Iterator[Batch]:
    """Batches that take the entries back.

    Args:
        parts: The written entries of one batch after the other, the last batch first.
        told: What is known; it is kept up to date.
        kept: Gets what is left alone.
    """
    number = 0
    for part in parts:
        writes: list[PlannedWrite] = []
        for entry, row, schema in _rows_now(part, told):
            write, left = _taken_back(entry, row, schema, told)
            kept += left
            if write is not None:
                create_id = f"{UNDO}{entry.key}" if write.op == "insert" else None
                planned = PlannedWrite(write, entry.store, entry.entity, create_id, entry.changes)
                (told.waiting if _waits(planned, told) else writes).append(planned)
                told.twice[entry.store, write.table, str(entry.key)] = _row_then(row, write)
        told.remade |= {str(entry.key): True for entry in part if str(entry.key) in told.remade}
        if writes:
            yield Batch(number, 0, part[0].store, tuple(writes))
            number += 1
    told.waiting += _following(told)
    for later, writes in enumerate(_by_table(told).values()):
        yield Batch(number + later, 0, "database", tuple(writes))


def _following(told: Told) -> list[PlannedWrite]:
    """Database rows that the run did not write, a deleted one say, and that name a record which is made again."""
    found: list[PlannedWrite] = []
    for table in dict.fromkeys(table for table, _, _ in told.partners.values()):
        target = told.targets["database", table]
        mine = {
            r: (key, entity)
            for r, (where, key, entity) in told.partners.items()
            if where == table and told.remade.get(r)
        }
        if target.link is None or not mine:
            continue
        rows = target.sink.fetch(target.whole, [key for key, _ in mine.values()])
        for record, (key, entity) in mine.items():
            row = told.twice.get(("database", table, key), rows.get(key))
            if row is not None and str(row.get(target.link)) == record:
                link = {target.link: record}
                link |= {"deleted_at": row["deleted_at"]} if row.get("deleted_at") else {}  # else it counts as gone
                write = RowWrite(table, "update", key, link, link, f"{target.mapping} {entity}")
                found.append(PlannedWrite(write, "database", entity, None, 1))
    return found


def _waits(planned: PlannedWrite, told: Told) -> bool:
    """Whether a database row is to hold the id of a record that is made again only later."""
    target = told.targets[planned.store, planned.write.table]
    old = planned.write.after.get(str(target.link)) if planned.store == "database" else None
    return isinstance(old, str) and told.remade.get(old) is False


def _by_table(told: Told) -> dict[str, list[PlannedWrite]]:
    """The rows that waited, by table, their links naming the new records."""
    tables: dict[str, list[PlannedWrite]] = {}
    for planned in told.waiting:
        write = planned.write
        after = _relinked(write.after, told.targets["database", write.table], told)
        tables.setdefault(write.table, []).append(replace(planned, write=replace(write, after=after)))
    return tables


def _row_then(row: Row | None, write: RowWrite) -> Row | None:
    """The row once the write is taken back: a row may have been written twice in a run."""
    return None if write.op == "delete" else {**(row or {}), **write.after}


def _rows_now(entries: Sequence[Entry], told: Told) -> Iterator[tuple[Entry, Row | None, TableSchema]]:
    """Entries, last first, with their rows as the store holds them now, or will once later writes are taken back."""
    rows: dict[Place, Row | None] = {}
    schemas: dict[str, TableSchema] = {}
    for table in dict.fromkeys(entry.write.table for entry in entries):
        mine = [entry for entry in entries if entry.write.table == table]
        schemas[table] = schema_of(told.targets[mine[0].store, table], mine)
        found = told.targets[mine[0].store, table].sink.fetch(schemas[table], [str(entry.key) for entry in mine])
        rows |= {(mine[0].store, table, key): row for key, row in found.items()}
    for entry in reversed(entries):
        place = (entry.store, entry.write.table, str(entry.key))
        yield entry, told.twice.get(place, rows.get(place)), schemas[entry.write.table]


def schema_of(target: Target, entries: Sequence[Entry]) -> TableSchema:
    """The schema of the entries' table: every column of a mapped one, the touched columns of a child's."""
    table = entries[0].write.table
    if table == target.schema.name:
        return target.whole
    return target.sink.describe(table, sorted({name for entry in entries for name in entry.write.after}))


def _taken_back(entry: Entry, row: Row | None, schema: TableSchema, told: Told) -> tuple[RowWrite | None, list[Kept]]:
    if _was_done(entry, None, told):
        return None, []
    target = told.targets[entry.store, entry.write.table]
    match entry.write.op:
        case "delete":
            return _remade(entry, row, target, told)
        case "insert":
            return _removed(entry, row, target, told)
        case _:
            return _restored(entry, row, schema, told)


def _was_done(entry: Entry, name: str | None, told: Told) -> bool:
    return (entry.store, entry.write.table, str(entry.key), name) in told.done


def _remade(entry: Entry, row: Row | None, target: Target, told: Told) -> tuple[RowWrite | None, list[Kept]]:
    """A deleted row comes back with every cell that can be written."""
    if row is not None:
        told.remade.pop(str(entry.key), None)
        return None, [_kept(entry)]
    image = entry.pre_image or entry.write.before
    own_key = {target.whole.key} if entry.store == "database" else set()
    writable = {column.name for column in target.whole.columns if column.writable} | own_key
    cells = {name: value for name, value in image.items() if name in writable and value is not None}
    key = entry.key if entry.store == "database" else None
    after = _relinked(cells, target, told)
    return RowWrite(entry.write.table, "insert", key, {}, after, entry.write.group), []


def _removed(entry: Entry, row: Row | None, target: Target, told: Told) -> tuple[RowWrite | None, list[Kept]]:
    """An inserted row goes away again, unless people wrote in it or hung something on it since."""
    if row is None:
        return None, []
    made = target.planned(entry.write)
    if not holds(row, made, target.schema) or _filled_since(entry, row, made, target):
        return None, [_kept(entry)]
    if entry.store == "database" and str(entry.key) in told.parents(entry.write.table):
        return None, [_kept(entry)]
    before = {name: value for name, value in made.items() if name in target.schema}
    return RowWrite(entry.write.table, "delete", entry.key, before, {}, entry.write.group), []


def _filled_since(entry: Entry, row: Row, made: Mapping[str, Any], target: Target) -> bool:
    """Whether a cell of a created record holds something that dq did not put there.

    A database fills columns of its own accord, so only Airtable's can be told.
    """
    if entry.store != "airtable":
        return False
    own = [column.name for column in target.whole.columns if column.writable and column.name not in made]
    return any(row.get(name) not in (None, "", [], False) and row.get(name) != entry.echo.get(name) for name in own)


def _restored(entry: Entry, row: Row | None, schema: TableSchema, told: Told) -> tuple[RowWrite | None, list[Kept]]:
    """Updated cells get their old values back; cells that people changed since are left alone."""
    if row is None:
        return None, [_kept(entry)]
    names = [name for name in entry.write.before if name in entry.write.after and not _was_done(entry, name, told)]
    held = {name for name in names if _is_ours(entry, row, name, schema, told)}
    old = {name: value for name, value in entry.write.before.items() if name in held}
    kept = [_kept(entry, name) for name in names if name not in held]
    if not old:
        return None, kept
    now = {name: row.get(name) for name in old}
    after = _relinked(old, told.targets[entry.store, entry.write.table], told)
    return RowWrite(entry.write.table, "update", entry.key, now, after, entry.write.group), kept


def _is_ours(entry: Entry, row: Row, name: str, schema: TableSchema, told: Told) -> bool:
    """Whether a cell holds what the run wrote; a child's parent may have been merged into another row since."""
    wrote = entry.write.after[name]
    if holds(row, {name: wrote}, schema):
        return True
    target = told.targets[entry.store, entry.write.table]
    is_child = entry.store == "database" and entry.write.table != target.schema.name
    return is_child and told.survivors.get(str(wrote)) == str(row.get(name))


def _kept(entry: Entry, name: str | None = None) -> Kept:
    return Kept(entry.store, entry.write.table, entry.key, name)


def _relinked(cells: Mapping[str, Any], target: Target, told: Told) -> dict[str, Any]:
    """Links to records that are made anew follow them to their new ids; one that is made only later names them itself."""
    store: Store = target.schema.store
    if store == "airtable":
        return {
            name: _followed(value, told.remade) if isinstance(value, list) else value for name, value in cells.items()
        }
    if target.link is None or not told.remade.get(str(cells.get(target.link)), False):
        return dict(cells)
    return {**cells, target.link: {CREATED: f"{UNDO}{cells[target.link]}"}}


def _followed(items: list[Any], remade: Mapping[str, bool]) -> list[Any]:
    known = [item for item in items if not isinstance(item, str) or remade.get(item, True)]
    return [{CREATED: f"{UNDO}{item}"} if isinstance(item, str) and item in remade else item for item in known]
