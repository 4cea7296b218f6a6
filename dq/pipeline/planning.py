"""Clean: from the latest snapshot to a plan, through standardize, dedupe, reconcile and the gate."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from dq.apply import base as base_state
from dq.apply import flaps
from dq.apply.journal import state_of
from dq.engine import Hints, Inputs, Park, in_order, references
from dq.errors import ConfigurationError
from dq.manifest import Manifest, TableSchema
from dq.pipeline.counting import Planned
from dq.pipeline.planfiles import Cleaned, written
from dq.pipeline.proving import proved
from dq.pipeline.quarantining import left_out
from dq.review import decided_apart, load
from dq.rules import Child, Step, TableRules
from dq.schemas.values import Store
from dq.settings import Settings
from dq.snapshot import open_snapshot, scan, verify
from dq.standardize.times import format_of, format_time
from dq.stores.private import disk_errors, make_folder

STORES: tuple[Store, Store] = ("database", "airtable")
ROWS_A_PART = 20_000
"""Rows that one slice of the pure steps takes: what bounds their memory."""


def clean(settings: Settings, now: datetime, steps: frozenset[Step], progress: Callable[[str], None]) -> Cleaned:
    """Plan the latest snapshot.

    Args:
        settings: The settings.
        now: The plan's time.
        steps: What the plan is for.
        progress: Told what is being done.

    Raises:
        ConfigurationError: There is no snapshot, or its plan was applied already.
        DamagedError: The snapshot or the base is damaged.
        DqError: The plan would not come to rest.
    """
    manifest, folder = open_snapshot(settings.snapshots)
    verify(manifest, folder)
    _demand_unapplied(folder)
    serial, base = base_state.load(settings.snapshots)
    decisions = load(settings.snapshots)
    memory, changed = flaps.load(settings.snapshots, serial), _is_under_new_rules(settings)
    with disk_errors(settings.snapshots, "snapshots"), TemporaryDirectory(prefix=".parked-", dir=folder) as parked:
        given = []
        tables = in_order(settings.tables, manifest)
        for rules in tables:
            inputs = _inputs(manifest, folder, _guarded(rules, changed=changed), tables, base, steps, now)
            inputs = replace(inputs, flaps=flaps.candidates(memory, rules, serial))
            alone, apart = left_out(settings, manifest, folder, rules), decided_apart(decisions, rules.table)
            given.append(replace(inputs, hints=Hints(alone=alone, apart=apart)))
        parks = [Park(make_folder(Path(parked) / str(number))) for number in range(len(given))]
        progress(f"planning and proving {', '.join(rules.table for rules in tables)}")
        made = [
            Planned(one.inputs.rules, one.inputs, one.made, _stamp_format(one.inputs.raw["database"], one.inputs.rules))
            for one in proved(given, parks)
        ]
        return written(settings, manifest, folder, serial, made, now, new_rules=changed)


def _is_under_new_rules(settings: Settings) -> bool:
    """Whether the base was made under other rules or another mapping."""
    current = base_state.pointer(settings.snapshots)
    return current is not None and current.meaning not in ("", settings.meaning_digest)


def _guarded(rules: TableRules, *, changed: bool) -> TableRules:
    """The rules; deletes are off in the first plan after a change of the rules themselves."""
    if not changed:
        return rules
    scope = None if rules.scope is None else rules.scope.model_copy(update={"leaving": "keep"})
    sync = rules.sync.model_copy(update={"deletes": "ignore"})
    return rules.model_copy(update={"scope": scope, "sync": sync})


def _demand_unapplied(folder: Path) -> None:
    if state_of(folder / "journal.sqlite") != "none":
        raise ConfigurationError(
            "The plan of the latest snapshot was applied already.",
            where=folder.name,
            why="The stores have moved on since that snapshot.",
            fix="dq snapshot",
        )


def _inputs(
    manifest: Manifest,
    folder: Path,
    rules: TableRules,
    mapped: Sequence[TableRules],
    base: pl.DataFrame,
    steps: frozenset[Step],
    now: datetime,
) -> Inputs:
    tables = {
        "database": manifest.table("database", rules.table),
        "airtable": manifest.table("airtable", rules.airtable),
    }
    raw = {store: scan(manifest, folder, store, tables[store].schema.name) for store in STORES}
    return Inputs(
        rules=rules,
        schemas={store: tables[store].schema for store in STORES},
        raw=raw,
        children=_children(manifest, folder, rules, mapped),
        base=base_state.of_table(base, rules.table, rules.names),
        airtable_base=manifest.lineage.airtable,
        steps=steps,
        stamp=format_time(now, _stamp_format(raw["database"], rules)),
        now=now,
        taken_at=manifest.taken_at,
        blind=frozenset(store for store in STORES if not tables[store].reading.deletes_visible),
        parts=max(-(-max(table.rows for table in tables.values()) // ROWS_A_PART), 1),
    )


def _stamp_format(raw: pl.LazyFrame, rules: TableRules) -> str:
    """The format of the database's modified column, as its rows have it."""
    if rules.modified_database is None:
        return format_of(pl.Series([], dtype=pl.String))
    return format_of(raw.select(rules.modified_database).drop_nulls().head(1000).collect().to_series())


def _children(
    manifest: Manifest, folder: Path, rules: TableRules, mapped: Sequence[TableRules]
) -> list[tuple[Child, TableSchema, pl.DataFrame]]:
    """Every table that points at this one, itself too: declared in the configuration, by the database, or by a link field."""
    linking = [reference for other in mapped for reference in references(other)]
    found = []
    for table in manifest.tables:
        if table.schema.store != "database":
            continue
        known = dict.fromkeys([*table.schema.references, *(ref for ref in linking if ref.table == table.schema.name)])
        found += [
            (
                Child(table=table.schema.name, column=reference.column),
                table.schema,
                pl.read_parquet(folder / table.file),
            )
            for reference in known
            if reference.parent == rules.table
        ]
    return found
