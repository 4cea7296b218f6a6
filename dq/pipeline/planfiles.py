"""What `clean` leaves on disk: the steps' frames, the changeset, the next base, and `plan.json` last."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from dq.apply import plan as plans
from dq.apply.batches import numbered
from dq.apply.files import write_parquet
from dq.changeset import Changeset, is_removal
from dq.engine import Inputs, TablePlan, field_kinds, with_findings
from dq.gate import at_the_door, brakes, judge
from dq.manifest import Manifest, to_dict
from dq.pipeline.pricing import priced
from dq.plan import Plan, digest_of_json
from dq.rules import TableRules
from dq.schemas import Change, Cluster, Conflict, Finding, Pair
from dq.schemas.conflict import RESOLVED
from dq.settings import Settings
from dq.stores.private import digest_of, disk_errors, make_folder


@dataclass(frozen=True)
class Planned:
    """One mapping's plan, with what it was made from and the format of its modified column."""

    rules: TableRules
    inputs: Inputs
    made: TablePlan
    stamp_format: str


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


def written(
    settings: Settings, manifest: Manifest, folder: Path, serial: int, made: Sequence[Planned], now: datetime
) -> Cleaned:
    """Write all files of a plan; the plan itself last, so that a plan that is there is whole.

    Raises:
        DamagedError: A frame does not keep its contract.
    """
    changes = _joined([one.made.reconciled.changes for one in made]).sort(Change.change_id)
    changes = at_the_door(changes, Change, "The changeset")
    frames, failed = _frames(made)
    with disk_errors(folder, "snapshots"):
        for name, frame in frames.items():
            write_parquet(frame, make_folder(folder / "clean") / f"{name}.parquet")
        digests = {
            "changeset": write_parquet(changes, folder / plans.CHANGESET),
            "base_next": write_parquet(_joined([one.made.reconciled.base for one in made]), folder / plans.NEXT_BASE),
            "snapshot": digest_of(folder / "manifest.json"),
            "schema": digest_of_json([table["schema"] for table in to_dict(manifest)["tables"]]),
            "rules": settings.rules_digest,
            "config": settings.config_digest,
        }
        plan = _plan(settings, manifest, serial, made, changes, frames, digests, now)
        plans.save(plan, folder)
    return Cleaned(plan, folder, failed)


def _joined(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(frames, how="diagonal_relaxed") if len(frames) > 1 else frames[0]


def _frames(made: Sequence[Planned]) -> tuple[dict[str, pl.DataFrame], tuple[str, ...]]:
    """The frames of `clean/`, each held against its contract, and the quality rules that failed."""
    judged = [
        judge(
            with_findings(one.made.reconciled.golden, one.rules, field_kinds(one.inputs)),
            one.rules.quality,
            "database",
            one.rules.table,
            "entity_id",
        )
        for one in made
    ]
    findings = pl.concat([*(one.made.findings for one in made), *(verdicts.findings for verdicts in judged)])
    contracts = {
        "findings": (findings, Finding),
        "pairs": (_joined([one.made.pairs for one in made]), Pair),
        "clusters": (_joined([one.made.clusters for one in made]), Cluster),
        "conflicts": (_joined([one.made.reconciled.conflicts for one in made]), Conflict),
    }
    frames = {name: at_the_door(frame, model, f"{name}.parquet") for name, (frame, model) in contracts.items()}
    frames["golden"] = _joined([one.made.reconciled.golden for one in made])
    for store in ("database", "airtable"):
        frames[f"standardized_{store}"] = _joined([one.made.records[store] for one in made])
    failed = [verdict for verdicts in judged for verdict in verdicts.failed]
    return frames, tuple(f"{v.check.severity}: {v.check.name}: {v.failed} of {v.total} rows" for v in failed)


def _plan(
    settings: Settings,
    manifest: Manifest,
    serial: int,
    made: Sequence[Planned],
    changes: pl.DataFrame,
    frames: Mapping[str, pl.DataFrame],
    digests: Mapping[str, str],
    now: datetime,
) -> Plan:
    waiting = frames["conflicts"].filter(~pl.col(RESOLVED)).height
    leads = [schema.name for one in made for schema in one.inputs.schemas.values()]
    return Plan(
        snapshot=manifest.id,
        made_at=now,
        steps=tuple(sorted(made[0].inputs.steps)),
        digests=digests,
        base_serial=serial,
        lineage=asdict(manifest.lineage),
        stamps={one.rules.table: one.stamp_format for one in made},
        counts=_counts(changes, frames, waiting),
        brakes=tuple(
            brake
            for one in made
            for brake in brakes(one.made.reconciled.changes, one.made.records, one.inputs.base, one.rules)
        ),
        price=priced(numbered(changes, settings.limits.batch_size, leads), manifest, settings),
        conflicts=waiting,
        batch_size=settings.limits.batch_size,
    )


def _counts(changes: pl.DataFrame, frames: Mapping[str, pl.DataFrame], waiting: int) -> dict[str, Any]:
    merged = changes.filter(is_removal() & (pl.col(Change.reason) == "merge"))
    return {
        **Changeset(changes).counts(),
        "merged": merged.select(Change.store, Change.row_key).n_unique(),
        "standardized": _leads(changes, ["standardize", "default"]),
        "synchronized": _leads(changes, ["sync", "link", "conflict"]),
        "conflicts_resolved": frames["conflicts"].height - waiting,
        "findings": frames["findings"].height,
    }


def _leads(changes: pl.DataFrame, reasons: Sequence[str]) -> int:
    return changes.filter(pl.col(Change.reason).is_in(list(reasons))).select(Change.store, Change.entity_id).n_unique()
