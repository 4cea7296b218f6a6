"""Clean: from the latest snapshot to a plan, through standardize, dedupe, reconcile and the gate."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from dq.apply import base as base_state
from dq.apply import flaps
from dq.apply.journal import state_of
from dq.engine.inputs import Hints, Inputs
from dq.engine.mappings import in_order, references
from dq.engine.parking import Park
from dq.errors import ConfigurationError
from dq.manifest import Manifest, TableFile, TableSchema
from dq.pipeline import learning
from dq.pipeline.counting import Planned
from dq.pipeline.judging import demand_fitting
from dq.pipeline.planfiles import Cleaned, written
from dq.pipeline.proving import proved
from dq.pipeline.quarantining import left_out
from dq.pipeline.slicing import Slices, slices_of
from dq.review import DIFFERENT, SAME, UNSURE, load, pairs_decided
from dq.rules import Child, Step, TableRules
from dq.schemas.values import Store
from dq.settings import Settings
from dq.side import KEY
from dq.snapshot import open_snapshot, scan, verify
from dq.standardize.times import format_of, format_time
from dq.stores.private import disk_errors, make_folder

STORES: tuple[Store, Store] = ("database", "airtable")


@dataclass(frozen=True)
class Carried:
    """What a plan carries on.

    Attributes:
        plan: Digest of the earlier plan.
        apart: Given a plan that is made and not written yet: table (a mapping's), store, row_key of rows whose leads are to
            be left as they are; none when it may be written. Called again with the plan that is made then.
    """

    plan: str
    apart: Callable[[Sequence[Planned]], pl.DataFrame]


def clean(
    settings: Settings,
    now: datetime,
    steps: frozenset[Step],
    progress: Callable[[str], None],
    carried: Carried | None = None,
    *,
    relearn: bool = False,
) -> Cleaned:
    """Plan the latest snapshot.

    Args:
        settings: The settings.
        now: The plan's time.
        steps: What the plan is for.
        progress: Told what is being done.
        carried: The plan that this one carries on; None for a plan of its own.
        relearn: Learn from the snapshot what makes rows one lead, whatever was learned before.

    Raises:
        ConfigurationError: There is no snapshot, or its plan was applied already.
        DamagedError: The snapshot or the base is damaged.
        DqError: The plan would not come to rest.
    """
    manifest, folder = open_snapshot(settings.snapshots)
    verify(manifest, folder)
    _demand_unapplied(folder)
    demand_fitting(settings.tables, manifest, folder)
    serial, base = base_state.load(settings.snapshots)
    changed = _is_under_new_rules(settings)
    with disk_errors(settings.snapshots, "snapshots"), TemporaryDirectory(prefix=".parked-", dir=folder) as parked:
        given, cut = _given(settings, manifest, folder, serial, base, steps, now, changed=changed, relearn=relearn)
        parks = [_park(inputs, Path(parked) / str(number)) for number, inputs in enumerate(given)]
        progress(f"planning and proving {', '.join(_told(table, one) for table, one in cut.items())}")
        made = _made(given, parks)
        while carried is not None and not (apart := carried.apart(made)).is_empty():
            given = [_without(inputs, apart) for inputs in given]
            made = _made(given, parks)
        digest = "" if carried is None else carried.plan
        cleaned = written(settings, manifest, folder, serial, made, now, new_rules=changed, carries_on=digest)
        notes = learning.keep(settings, made)
        return replace(
            cleaned,
            slices={table: one.parts for table, one in cut.items()},
            notes=(*_tight(cut, settings), *_aside(cleaned), *notes),
        )


def _given(
    settings: Settings,
    manifest: Manifest,
    folder: Path,
    serial: int,
    base: pl.DataFrame,
    steps: frozenset[Step],
    now: datetime,
    *,
    changed: bool,
    relearn: bool,
) -> tuple[list[Inputs], dict[str, Slices]]:
    """What each mapping's plan is made from, in the order of `in_order`; by table, the slices that it is made in."""
    decisions, memory = load(settings.snapshots), flaps.load(settings.snapshots, serial)
    models = {} if relearn else learning.load(settings)
    tables, given, cut = in_order(settings.tables, manifest), list[Inputs](), dict[str, Slices]()
    for rules in tables:
        inputs = _inputs(manifest, folder, _guarded(rules, changed=changed), tables, base, steps, now)
        cut[rules.table] = slices_of(folder, _tables(manifest, rules), settings.limits.max_memory_usage_mb)
        inputs = replace(inputs, parts=cut[rules.table].parts, flaps=flaps.candidates(memory, rules, serial))
        alone = left_out(settings, manifest, folder, rules)
        same, apart, unsure = (pairs_decided(decisions, rules.table, one) for one in (SAME, DIFFERENT, UNSURE))
        hints = Hints(alone=alone, apart=apart, same=same, unsure=unsure)
        given.append(replace(inputs, hints=hints, model=models.get(rules.table)))
    return given, cut


def _made(given: Sequence[Inputs], parks: Sequence[Park | None]) -> list[Planned]:
    return [
        Planned(one.inputs.rules, one.inputs, one.made, _stamp_format(one.inputs.raw["database"], one.inputs.rules))
        for one in proved(given, parks)
    ]


def _without(inputs: Inputs, apart: pl.DataFrame) -> Inputs:
    """The inputs, with more leads that are left as they are."""
    rows = apart.filter(table=inputs.rules.table).select("store", KEY, pl.lit("rebased").alias("why"))
    return replace(inputs, hints=replace(inputs.hints, alone=pl.concat([inputs.hints.alone, rows])))


def _park(inputs: Inputs, folder: Path) -> Park | None:
    """Where a plan's large frames wait: on disk if it is made in parts; a small one stays in memory."""
    return Park(make_folder(folder)) if inputs.parts > 1 else None


def _told(table: str, cut: Slices) -> str:
    return table if cut.parts == 1 else f"{table} in {cut.parts} slices"


def _tight(cut: Mapping[str, Slices], settings: Settings) -> tuple[str, ...]:
    """What to do about mappings whose plan does not fit the memory that is allowed, however it is cut."""
    limit = settings.limits.max_memory_usage_mb
    return tuple(
        f"planning {table} takes about {one.expected:,} MB even in slices, more than limits.max_memory_usage_mb ({limit:,}): "
        "set it higher if the machine has more, or map fewer columns"
        for table, one in cut.items()
        if not one.fits
    )


def _aside(cleaned: Cleaned) -> tuple[str, ...]:
    """How many leads wait for a cell to be mended."""
    count = cleaned.plan.counts.get("set_aside", 0)
    told = f"{count:,} leads set aside: a cell of theirs is not valid (clean/findings.parquet, rule plan.invalid)"
    return (told,) if count else ()


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
    tables = _tables(manifest, rules)
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
    )


def _tables(manifest: Manifest, rules: TableRules) -> dict[Store, TableFile]:
    return {"database": manifest.table("database", rules.table), "airtable": manifest.table("airtable", rules.airtable)}


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
