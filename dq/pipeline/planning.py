"""Clean: from the latest snapshot to a plan, through standardize, dedupe, reconcile and the gate."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from dq.apply import base as base_state
from dq.apply import plan as plans
from dq.apply.batches import numbered
from dq.apply.files import digest_of_json, write_parquet
from dq.apply.plan import Plan, Price
from dq.changeset import Changeset
from dq.engine import Inputs, TablePlan, plan_table
from dq.errors import ConfigurationError, DqError
from dq.gate import Brake, at_the_door, brakes, judge, moves, planned
from dq.manifest import Manifest, to_dict
from dq.pipeline.pricing import priced
from dq.rules import Child, Step, TableRules
from dq.schemas import BaseRow, Change, Cluster, Conflict, Finding, Pair
from dq.schemas.values import Store
from dq.settings import Settings
from dq.side import KEY
from dq.snapshot import open_snapshot, scan, verify
from dq.standardize.times import format_of, format_time
from dq.stores.private import digest_of, make_folder

STORES: tuple[Store, Store] = ("database", "airtable")
ROWS_A_PART = 500_000


@dataclass(frozen=True)
class Cleaned:
    """A plan and where its files are.

    Attributes:
        plan: What `plan.json` says.
        folder: The snapshot's folder.
        failed: Quality rules that failed on the planned result, as text.
    """

    plan: Plan
    folder: Path
    failed: tuple[str, ...]


def clean(settings: Settings, now: datetime, steps: frozenset[Step], progress: Callable[[str], None]) -> Cleaned:
    """Plan the latest snapshot.

    Raises:
        ConfigurationError: There is no snapshot, or its plan was applied already.
        DamagedError: The snapshot or the base is damaged.
    """
    manifest, folder = open_snapshot(settings.snapshots)
    verify(manifest, folder)
    _demand_unapplied(folder)
    serial, base = base_state.load(settings.snapshots)
    made = []
    for rules in settings.tables:
        progress(f"planning {rules.table}")
        inputs = _inputs(manifest, folder, rules, base, steps, now)
        table_plan = plan_table(inputs)
        progress(f"proving {rules.table}")
        prove(inputs, table_plan)
        made.append((rules, inputs, table_plan))
    return _written(settings, manifest, folder, serial, base, made, now, steps)


def _demand_unapplied(folder: Path) -> None:
    from dq.apply.journal import state_of

    if state_of(folder / "journal.sqlite") != "none":
        raise ConfigurationError(
            "The plan of the latest snapshot was applied already.", where=folder.name, why="The stores have moved on since that snapshot.", fix="dq snapshot"
        )


def _inputs(manifest: Manifest, folder: Path, rules: TableRules, base: pl.DataFrame, steps: frozenset[Step], now: datetime) -> Inputs:
    schemas = {"database": manifest.table("database", rules.table).schema, "airtable": manifest.table("airtable", rules.airtable).schema}
    raw: dict[Store, pl.LazyFrame] = {store: scan(manifest, folder, store, schemas[store].name) for store in STORES}
    rows = max(manifest.table("database", rules.table).rows, manifest.table("airtable", rules.airtable).rows)
    return Inputs(
        rules=rules,
        schemas=schemas,  # type: ignore[arg-type]
        raw=raw,
        children=_children(manifest, folder, rules),
        base=base_state.of_table(base, rules.table, rules.names),
        airtable_base=manifest.lineage.airtable,
        steps=steps,
        stamp=format_time(now, stamp_format(raw["database"], rules)),
        now=now,
        parts=max(-(-rows // ROWS_A_PART), 1),
    )


def stamp_format(raw: pl.LazyFrame, rules: TableRules) -> str:
    """The format of the database's modified column, as its newest rows have it."""
    if rules.modified_database is None:
        return format_of(pl.Series([], dtype=pl.String))
    return format_of(raw.select(rules.modified_database).drop_nulls().head(1000).collect().to_series())


def _children(manifest: Manifest, folder: Path, rules: TableRules) -> list[tuple[Child, Any, pl.DataFrame]]:
    found = []
    for table in manifest.tables:
        for reference in table.schema.references:
            if table.schema.store == "database" and reference.parent == rules.table and table.schema.name != rules.table:
                frame = pl.read_parquet(folder / table.file)
                found.append((Child(table=table.schema.name, column=reference.column), table.schema, frame))
    return found


def prove(inputs: Inputs, made: TablePlan) -> None:
    """Carry the plan out in memory and plan again: the second plan must be empty.

    Raises:
        DqError: It is not; this is a bug in dq or in a rule, and nothing is written.
    """
    changes = made.reconciled.changes
    after: dict[Store, pl.LazyFrame] = {
        store: planned(inputs.raw[store].collect(), inputs.schemas[store], changes).lazy() for store in STORES
    }
    children = [(child, schema, planned(frame, schema, changes)) for child, schema, frame in inputs.children]
    base = _with_placeholders(made.reconciled.base, changes)
    again = plan_table(replace(inputs, raw=after, children=children, base=base))
    rest = moves(again.reconciled.changes)
    if rest.is_empty():
        return
    told = rest.group_by(Change.store, Change.op, Change.field, Change.reason).agg(pl.len(), pl.col(Change.row_key).first()).sort(Change.store)
    first = "; ".join(f"{r[0]} {r[1]} {r[2]} ({r[3]}): {r[4]} cells, e.g. row {r[5]}" for r in told.head(3).iter_rows())
    raise DqError(
        f"The plan would not come to rest: a second plan still has {rest.height} changes.",
        where=f"table {inputs.rules.table}: {first}",
        why="dq never applies a plan that it cannot prove final. Nothing was written.",
        fix="look at the rules of the fields named; if they are right, report this as a bug",
    )


def _with_placeholders(base: pl.DataFrame, changes: pl.DataFrame) -> pl.DataFrame:
    """The next base with the keys that `planned` gave to rows whose key the store will choose."""
    inserts = changes.filter(pl.col(Change.op) == "insert")
    for store in STORES:
        mine = inserts.filter(pl.col(Change.store) == store).group_by(Change.entity_id).agg(pl.col(Change.change_id).min().alias("_key"))
        column = f"{store}_key"
        base = base.join(mine, on=Change.entity_id, how="left", maintain_order="left").with_columns(pl.coalesce(column, "_key").alias(column)).drop("_key")
    return base


def _written(
    settings: Settings,
    manifest: Manifest,
    folder: Path,
    serial: int,
    base: pl.DataFrame,
    made: list[tuple[TableRules, Inputs, TablePlan]],
    now: datetime,
    steps: frozenset[Step],
) -> Cleaned:
    changes = at_the_door(_concat([m.reconciled.changes for _, _, m in made]).sort(Change.change_id), Change, "The changeset")
    findings = _concat([m.findings for _, _, m in made])
    conflicts = at_the_door(_concat([m.reconciled.conflicts for _, _, m in made]), Conflict, "conflicts.parquet")
    clusters = at_the_door(_concat([m.clusters for _, _, m in made]), Cluster, "clusters.parquet")
    pairs = at_the_door(_concat([m.pairs for _, _, m in made]), Pair, "pairs.parquet")
    held: list[Brake] = []
    verdicts = []
    for rules, inputs, table_plan in made:
        held += brakes(table_plan.reconciled.changes, table_plan.records, inputs.base, rules)
        judged = judge(table_plan.reconciled.golden, rules.quality, "database", rules.table, "entity_id")
        verdicts += judged.failed
        findings = pl.concat([findings, judged.findings])
    cleaned = make_folder(folder / "clean")
    frames = {
        "findings": at_the_door(findings, Finding, "findings.parquet"),
        "pairs": pairs,
        "clusters": clusters,
        "golden": _concat([m.reconciled.golden for _, _, m in made]),
        "conflicts": conflicts,
    }
    for store in STORES:
        frames[f"standardized_{store}"] = _concat([m.records[store] for _, _, m in made])
    for name, frame in frames.items():
        write_parquet(frame, cleaned / f"{name}.parquet")
    digests = {
        "changeset": write_parquet(changes, folder / plans.CHANGESET),
        "base_next": write_parquet(_concat([m.reconciled.base for _, _, m in made]), folder / plans.NEXT_BASE),
        "snapshot": digest_of(folder / "manifest.json"),
        "schema": digest_of_json([table["schema"] for table in to_dict(manifest)["tables"]]),
        "rules": settings.rules_digest,
        "config": settings.config_digest,
    }
    open_conflicts = conflicts.filter(~pl.col(Conflict.resolved)).height
    leads = [schema.name for _, inputs, _ in made for schema in inputs.schemas.values()]
    rows = numbered(changes, settings.limits.batch_size, leads)
    plan = Plan(
        snapshot=manifest.id,
        made_at=now,
        steps=tuple(sorted(steps)),
        digests=digests,
        base_serial=serial,
        lineage=asdict(manifest.lineage),
        stamps={rules.table: stamp_format(inputs.raw["database"], rules) for rules, inputs, _ in made},
        counts={
            **Changeset(changes).counts(),
            "merged": _merged(changes),
            "standardized": _touched(changes, ["standardize", "default"]),
            "synchronized": _touched(changes, ["sync", "link", "conflict"]),
            "conflicts_resolved": conflicts.height - open_conflicts,
            "findings": findings.height,
        },
        brakes=tuple(held),
        price=priced(rows, manifest, settings),
        conflicts=open_conflicts,
        batch_size=settings.limits.batch_size,
    )
    plans.save(plan, folder)
    told = tuple(f"{v.check.severity}: {v.check.name}: {v.failed} of {v.total} rows" for v in verdicts)
    return Cleaned(plan, folder, told)


def _concat(frames: list[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(frames, how="diagonal_relaxed") if len(frames) > 1 else frames[0]


def _merged(changes: pl.DataFrame) -> int:
    from dq.changeset import is_removal

    return changes.filter(is_removal() & (pl.col(Change.reason) == "merge")).select(Change.store, Change.row_key).n_unique()


def _touched(changes: pl.DataFrame, reasons: list[str]) -> int:
    return changes.filter(pl.col(Change.reason).is_in(reasons)).select(Change.store, Change.entity_id).n_unique()
