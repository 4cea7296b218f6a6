"""Airtable back to what a backup holds: a changeset, written as every other one is (journal, guards, batches, reading back).

A record that is made anew has a new id. So it goes in rounds: the first makes records and brings cells back; the next one
sees the new ids and finds what still differs: links to those records, in Airtable and in the database.

    snapshots/restores/<backup id>/  restore.json  changes-1.parquet journal-1.sqlite  changes-2.parquet …  ended
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path

import polars as pl

from dq.apply.batches import Mappings, batches, numbered
from dq.apply.commit import Run, Target, commit
from dq.apply.files import write_parquet
from dq.apply.journal import FAILED, Entry, journal
from dq.apply.verify import Mismatch, mismatches
from dq.backup.differences import LINKS, NO_CHANGES, Known, Present, differences, followed, left_out
from dq.changeset import rows
from dq.manifest import TableSchema
from dq.pipeline.applying import Watch
from dq.pipeline.opening import Stores
from dq.rules import TableRules
from dq.schemas import Change
from dq.schemas.values import Store
from dq.settings import Settings
from dq.stores.airtable.exported import ExportedTable
from dq.stores.price import PAGE, PER_REQUEST

ROUNDS = 4
"""Rounds at most: records, links to them, and what was refused tried once more."""
_OLD = "airtable:"


@dataclass(frozen=True)
class Refill:
    """What the first round is to write.

    Attributes:
        changes: Change contract.
        notes: What of the export cannot be put back, a sentence each.
        totals: Airtable table → its records now.
        api_calls: About how many calls it takes.
    """

    changes: pl.DataFrame
    notes: tuple[str, ...]
    totals: Mapping[str, int]
    api_calls: int


@dataclass(frozen=True)
class Refilled:
    """What putting Airtable back did.

    Attributes:
        finished: False if a person asked to stop before the last batch: the same command goes on.
        counts: Rows written, by store and op.
        failed: Writes that were not carried out.
        mismatches: Rows that do not hold what was written.
        new_ids: Old ids of records that were made anew → their new ones.
    """

    finished: bool = True
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    failed: tuple[Entry, ...] = ()
    mismatches: tuple[Mismatch, ...] = ()
    new_ids: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Refilling:
    """What is put back, where to, and by which files.

    Attributes:
        settings: The settings.
        stores: Both stores, open.
        tables: The tables of the export.
        work: The folder of changes and journals.
        delete_extra: Whether records that the export does not have are deleted.
    """

    settings: Settings
    stores: Stores
    tables: Sequence[ExportedTable]
    work: Path
    delete_extra: bool


def begin(refilling: Refilling, changes: pl.DataFrame) -> None:
    """Keep what the first round is to write; from now on `refill` goes on from wherever it stands."""
    write_parquet(changes, _changes(refilling.work, 1))


def has_begun(work: Path) -> bool:
    """Whether a first round was begun."""
    return _changes(work, 1).exists()


def refill(refilling: Refilling, watch: Watch) -> Refilled:
    """Put Airtable back, from wherever an earlier try stands.

    Raises:
        DqError: A store cannot be reached: the same command goes on.
    """
    failed: dict[tuple[str, str], Entry] = {}
    wrong: list[Mismatch] = []
    finished = True
    for number in range(1, ROUNDS + 1):
        if not _changes(refilling.work, number).exists():
            write_parquet(planned(refilling).changes, _changes(refilling.work, number))
        changes = pl.read_parquet(_changes(refilling.work, number))
        with journal(refilling.work / f"journal-{number}.sqlite") as opened:
            targets, mappings = _targets(refilling, changes)
            run = Run(targets, opened, watch.clock, lambda done: watch.progress("restore", done, 0), watch.stop)
            finished = commit(batches(numbered(changes, refilling.settings.limits.batch_size, mappings)), run)
            if not finished:
                break
            wrong = [*wrong, *mismatches(opened, targets)]
            _note_failed(failed, opened.entries())
        if changes.filter(pl.col(Change.op) == "insert").is_empty():
            break
    done = _counts(refilling.work)
    return Refilled(finished, done, tuple(failed.values()), tuple(wrong), new_ids(refilling.work))


def planned(refilling: Refilling) -> Refill:
    """What differs between the export and Airtable as it is now, and database links to records that were made anew."""
    present = {str(table.schema.id): _present(refilling.stores, table) for table in refilling.tables}
    known = Known(
        new_ids(refilling.work),
        _alive(refilling, present),
        frozenset(str(column.id) for table in refilling.tables for column in table.schema.columns if column.id),
    )
    parts, notes = [NO_CHANGES], []
    for table in refilling.tables:
        now = present[str(table.schema.id)]
        parts.append(differences(table, now, known, delete_extra=refilling.delete_extra))
        notes += left_out(table, now, known)
    parts += [_followed(refilling, rules, known.new_ids) for rules in refilling.settings.tables if known.new_ids]
    changes = pl.concat(parts).sort(Change.change_id)
    totals = {here.schema.name: here.records.height for here in present.values()}
    touched = rows(changes).filter(pl.col(Change.store) == "airtable").height
    calls = ceil(touched / PER_REQUEST) + 2 * ceil(touched / PAGE) if touched else 0
    return Refill(changes, tuple(notes), totals, calls)


def new_ids(work: Path) -> dict[str, str]:
    """Old ids of the records that were made anew → their new ones, as the journals of all rounds know them."""
    made: dict[str, str] = {}
    for path in sorted(work.glob("journal-*.sqlite")):
        with journal(path) as opened:
            inserts = (entry for entry in opened.entries(states=("written",)) if entry.write.op == "insert")
            made |= {entry.entity.removeprefix(_OLD): str(entry.key) for entry in inserts}
    return made


def _changes(work: Path, number: int) -> Path:
    return work / f"changes-{number}.parquet"


def _present(stores: Stores, table: ExportedTable) -> Present:
    schema = _present_schema(stores, table)
    return Present(schema, _frame(stores, "airtable", schema))


def _frame(stores: Stores, store: Store, schema: TableSchema) -> pl.DataFrame:
    sink = stores.airtable if store == "airtable" else stores.database
    frames = [pl.from_arrow(batch) for batch in sink.batches(schema)]
    return pl.concat([frame for frame in frames if isinstance(frame, pl.DataFrame)])


def _alive(refilling: Refilling, present: Mapping[str, Present]) -> dict[str, frozenset[str]]:
    """Ids of the records that are there now, in every table that a link field leads to."""
    alive = {table: frozenset(now.records["id"]) for table, now in present.items()}
    linked = {c.linked for here in present.values() for c in here.schema.columns if c.type == LINKS and c.linked}
    for table in sorted(linked - set(alive)):
        bare = refilling.stores.airtable.describe(table, [])
        alive[table] = frozenset(_frame(refilling.stores, "airtable", bare)["id"])
    return alive


def _followed(refilling: Refilling, rules: TableRules, ids: Mapping[str, str]) -> pl.DataFrame:
    if rules.link_database is None:
        return NO_CHANGES
    schema = refilling.stores.database.describe(rules.table, [rules.link_database], rules.key)
    held = _frame(refilling.stores, "database", schema)
    texts = [
        pl.col(name).cast(pl.String).alias(alias)
        for name, alias in ((schema.key, "key"), (rules.link_database, "link"))
    ]
    return followed(held.select(texts), rules.table, rules.link_database, ids)


def _targets(refilling: Refilling, changes: pl.DataFrame) -> tuple[dict[tuple[Store, str], Target], Mappings]:
    stores, settings = refilling.stores, refilling.settings
    targets: dict[tuple[Store, str], Target] = {}
    mappings: dict[tuple[Store, str], str] = {}
    named = {rules.airtable: rules for rules in settings.tables}
    for table in refilling.tables:
        schema = _present_schema(stores, table)
        rules = named.get(schema.name) or named.get(str(schema.id))
        mapping, link = (rules.table, rules.link_airtable) if rules else (schema.name, None)
        mappings["airtable", schema.name] = mapping
        targets["airtable", schema.name] = Target(stores.airtable, schema, schema, mapping, link, None)
    touched = set(changes.filter(pl.col(Change.store) == "database")[Change.table])
    for rules in settings.tables:
        if rules.table in touched and rules.link_database is not None:
            here = stores.database.describe(rules.table, [rules.link_database], rules.key)
            mappings["database", here.name] = rules.table
            targets["database", here.name] = Target(stores.database, here, here, rules.table, None, None)
    return targets, mappings


def _present_schema(stores: Stores, table: ExportedTable) -> TableSchema:
    bare = stores.airtable.describe(str(table.schema.id), [])
    return stores.airtable.describe(str(table.schema.id), [column.name for column in bare.unread if column.writable])


def _note_failed(failed: dict[tuple[str, str], Entry], entries: Iterable[Entry]) -> None:
    """The failures after one more round: what it wrote after all is none."""
    for entry in entries:
        place = (entry.write.table, entry.entity)
        if entry.state in FAILED:
            failed[place] = entry
        else:
            failed.pop(place, None)


def _counts(work: Path) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for path in sorted(work.glob("journal-*.sqlite")):
        with journal(path) as opened:
            for entry in opened.entries(states=("written",)):
                by_op = counts.setdefault(entry.store, {})
                by_op[entry.write.op] = by_op.get(entry.write.op, 0) + 1
    return counts
