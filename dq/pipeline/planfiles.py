"""What `clean` leaves on disk: the steps' frames, the changeset, the next base, and `plan.json` last."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from dq.apply import base as base_state
from dq.apply import plan as plans
from dq.apply.batches import Mappings, numbered
from dq.apply.files import write_parquet
from dq.changeset import is_removal
from dq.digests import digest_of_json
from dq.engine.ordering import ordered
from dq.gate import at_the_door, brakes, under_new_rules
from dq.manifest import Manifest, to_dict
from dq.pipeline import learning
from dq.pipeline.auditing import actor
from dq.pipeline.baselines import baseline_of
from dq.pipeline.budget import over_budget
from dq.pipeline.counting import KEYS, Planned, counts_of, leads_apart
from dq.pipeline.judging import Gate, judged_in
from dq.pipeline.pricing import priced
from dq.plan import Brake, Plan, Price
from dq.reconcile import resolved
from dq.report.verdicts.wording import sentence
from dq.rules import Standardizer
from dq.schemas import Change, Cluster, Conflict, Finding, Pair
from dq.schemas.conflict import RESOLVED
from dq.schemas.values import Store
from dq.settings import Settings
from dq.side import KEY, MODIFIED
from dq.stores.private import digest_of, disk_errors, make_folder

REPORT = "report.html"
"""What `dq report` makes of the plan; that of an earlier plan goes."""
STORES: tuple[Store, Store] = ("database", "airtable")
_COUNTED = [Change.store, Change.table, Change.op, Change.entity_id, Change.row_key, Change.field, Change.reason]
"""A changeset is large: each who asks reads of it what is asked for."""


@dataclass(frozen=True)
class Cleaned:
    """A plan and where its files are.

    Attributes:
        plan: What `plan.json` says.
        folder: The snapshot's folder.
        failed: Quality rules that failed on the planned result, as text.
        slices: Mapping → the slices that it was planned in.
        notes: What else a person should know.
    """

    plan: Plan
    folder: Path
    failed: tuple[str, ...]
    slices: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def written(
    settings: Settings,
    manifest: Manifest,
    folder: Path,
    serial: int,
    made: Sequence[Planned],
    now: datetime,
    *,
    new_rules: bool = False,
    carries_on: str = "",
) -> Cleaned:
    """Write all files of a plan; the plan itself last, so that a plan that is there is whole.

    Args:
        settings: The settings.
        manifest: The snapshot.
        folder: Its folder.
        serial: The base's serial.
        made: The mappings' plans.
        now: The plan's time.
        new_rules: Whether the base was made under other rules.
        carries_on: Digest of the plan that this one carries on.

    Raises:
        DamagedError: A frame does not keep its contract.
    """
    with disk_errors(folder, "snapshots"):
        (folder / REPORT).unlink(missing_ok=True)
        _write_clean(made, make_folder(folder / "clean"))
        conflicts = _joined([one.made.reconciled.conflicts for one in made])
        waiting = conflicts.filter(~pl.col(RESOLVED)).height
        base = write_parquet(_frame(made, "base"), folder / plans.NEXT_BASE)
        digest = write_parquet(_changes(made), folder / plans.CHANGESET)
        failed, found = _write_findings(settings, manifest, folder, made, now)
        changes = pl.scan_parquet(folder / plans.CHANGESET)
        counts = counts_of(changes.select(_COUNTED).collect())
        price = _price(changes, made, manifest, settings)
        plan = Plan(
            snapshot=manifest.id,
            made_at=now,
            steps=tuple(sorted(made[0].inputs.steps)),
            digests={"changeset": digest, "base_next": base, **_made_from(settings, manifest, folder)},
            base_serial=serial,
            lineage=asdict(manifest.lineage),
            stamps={one.rules.table: one.stamp_format for one in made},
            counts={
                **counts,
                **leads_apart(made),
                "conflicts_resolved": conflicts.height - waiting,
                "findings": found,
                "quarantined": sum(one.inputs.hints.alone.filter(why="quarantine").height for one in made),
            },
            brakes=(*_brakes(made, changes, counts["changes"] if new_rules else 0), *over_budget(price)),
            price=price,
            conflicts=waiting,
            batch_size=settings.limits.batch_size,
            blind=tuple(one.inputs.schemas["airtable"].name for one in made if one.inputs.blind),
            made_by=actor(),
            carries_on=carries_on,
            versions=_versions(settings, made),
        )
        plans.save(plan, folder)
    return Cleaned(plan, folder, failed)


def _made_from(settings: Settings, manifest: Manifest, folder: Path) -> dict[str, str]:
    """Digests of all that a plan is made from."""
    base = base_state.pointer(settings.snapshots)
    return {
        "snapshot": digest_of(folder / "manifest.json"),
        "schema": digest_of_json([table["schema"] for table in to_dict(manifest)["tables"]]),
        "rules": settings.rules_digest,
        "meaning": settings.meaning_digest,
        "config": settings.config_digest,
        "base": "" if base is None else base.digest,
    }


def _versions(settings: Settings, made: Sequence[Planned]) -> dict[str, Any]:
    """Versions of the rules and of every standardizer that they name."""
    steps = [step for one in made for field in one.rules.fields for step in field.standardize]
    return {"rules": settings.rules_version, "standardizers": {s.name: s.version for s in sorted(steps, key=_name)}}


def _name(step: Standardizer) -> str:
    return step.name


def _joined(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(frames, how="diagonal_relaxed") if len(frames) > 1 else frames[0]


def _frame(made: Sequence[Planned], name: str) -> pl.DataFrame:
    return _joined([one.made.frame(name) for one in made])


def _changes(made: Sequence[Planned]) -> pl.DataFrame:
    return at_the_door(ordered(_frame(made, "changes"), [Change.change_id]), Change, "The changeset")


def _write_clean(made: Sequence[Planned], folder: Path) -> None:
    """Write the frames of `clean/` but the findings, each held against its contract.

    One frame at a time: the large ones are in memory only while they are written.
    """
    choices = pl.concat([one.made.reconciled.choices for one in made])
    write_parquet(choices, folder / "policies.parquet")
    learning.write(made, folder)
    small = {
        "clusters": (_joined([one.made.clusters for one in made]), Cluster),
        "conflicts": (_joined([one.made.reconciled.conflicts for one in made]), Conflict),
    }
    for name, (frame, model) in small.items():
        write_parquet(at_the_door(frame, model, f"{name}.parquet"), folder / f"{name}.parquet")
    write_parquet(at_the_door(_frame(made, "pairs"), Pair, "pairs.parquet"), folder / "pairs.parquet")
    write_parquet(_frame(made, "golden"), folder / "golden.parquet")
    for store in ("database", "airtable"):
        write_parquet(_frame(made, f"records_{store}"), folder / f"standardized_{store}.parquet")


def _write_findings(
    settings: Settings, manifest: Manifest, folder: Path, made: Sequence[Planned], now: datetime
) -> tuple[tuple[str, ...], int]:
    """Judge the planned result by the quality rules, write all findings; tells failed rules and counts findings."""
    reports = judged_in(settings, manifest, folder, Gate(now, baseline_of(settings)))
    findings = pl.concat([*(one.made.findings for one in made), *(report.findings for report in reports)])
    write_parquet(at_the_door(findings, Finding, "findings.parquet"), folder / "clean" / "findings.parquet")
    failed = [verdict for report in reports for verdict in report.failed]
    return tuple(f"{v.status}: {v.check.name}: {sentence(v)}" for v in failed), findings.height


def _price(changes: pl.LazyFrame, made: Sequence[Planned], manifest: Manifest, settings: Settings) -> Price:
    return priced(numbered(changes, settings.limits.batch_size, _mappings(made), cells=()), manifest, settings)


def _brakes(made: Sequence[Planned], changes: pl.LazyFrame, under_new: int) -> tuple[Brake, ...]:
    """The brakes that hold; `under_new` changes are made under rules that the base does not know."""
    removals = changes.filter(is_removal()).collect()
    held: list[Brake] = []
    for one in made:
        tables = [schema.name for schema in one.inputs.schemas.values()]
        mine = removals.filter(pl.col(Change.table).is_in(tables))
        records: dict[Store, pl.DataFrame] = {
            store: one.made.frame(f"records_{store}", [KEY, MODIFIED, *one.rules.names]) for store in STORES
        }
        base = resolved(one.inputs.base, one.inputs.references)
        after = one.made.frame("base", KEYS)
        held += brakes(mine, records, base, one.rules, one.inputs.blind, after)
    return *held, *under_new_rules(under_new)


def _mappings(made: Sequence[Planned]) -> Mappings:
    found: dict[tuple[Store, str], str] = {}
    for one in made:
        found |= {(store, schema.name): one.rules.table for store, schema in one.inputs.schemas.items()}
        for _, schema, _ in one.inputs.children:
            found.setdefault(("database", schema.name), one.rules.table)
    return found
