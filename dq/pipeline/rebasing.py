"""Re-basing: a plan that went stale, made again on a fresh snapshot, less what of it does not hold any more.

earlier plan's changes ─────────────────────────────┐
fresh snapshot ─► plan ─► changes ─► lead by lead: equal? ─► the others are left alone ─► plan ─► …

Nothing gets into the new plan that was not in the earlier one: a lead is in it with exactly the changes that it had, or
not at all. What is left alone is neither written nor remembered as agreed on, so the next plan takes it up.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from dq.apply import plan as plans
from dq.cells import json_of
from dq.changeset import REPOINT
from dq.errors import ConfigurationError, DqError
from dq.pipeline.counting import Planned
from dq.pipeline.planfiles import Cleaned
from dq.pipeline.planning import Carried, clean
from dq.plan import Plan
from dq.rules import Step
from dq.schemas import Change, Cluster
from dq.settings import Settings
from dq.side import ENTITY, KEY
from dq.snapshot import read_snapshot
from dq.standardize.times import format_time

ROUNDS = 5
"""How often the plan is made: leaving a lead alone may change what another one needs."""
MAPPING = "mapping"
_WRITTEN = [Change.store, Change.table, Change.op, Change.row_key, Change.field, Change.before, Change.after]
_LEAD = [MAPPING, Change.entity_id]
_STAMPED = "(now)"
"""Stands for the plan's own time, which no two plans share."""


@dataclass(frozen=True)
class Earlier:
    """A plan to carry on.

    Attributes:
        plan: The plan.
        cells: mapping, entity_id, what is written (see `_WRITTEN`), and the rule.
    """

    plan: Plan
    cells: pl.DataFrame

    @property
    def leads(self) -> pl.DataFrame:
        """mapping, entity_id of the leads that it would write."""
        return self.cells.select(_LEAD).unique()


@dataclass(frozen=True)
class Rebased:
    """A plan that was carried on.

    Attributes:
        cleaned: The new plan.
        earlier: The earlier one.
        kept: Leads that are written as they were to be.
        changed: Leads that would now be written otherwise: left alone.
        done: Leads of the earlier plan that need nothing any more.
        new: Leads that only a plan of its own would write: left alone.
    """

    cleaned: Cleaned
    earlier: Plan
    kept: int
    changed: tuple[str, ...]
    done: tuple[str, ...]
    new: tuple[str, ...]


def earlier(settings: Settings, plan: Plan, folder: Path) -> Earlier:
    """A plan that is to be carried on.

    Args:
        settings: The settings.
        plan: The plan.
        folder: Its folder.

    Raises:
        ConfigurationError: It was made under other rules or for other stores: nothing of it need hold.
        DamagedError: Its changeset is not the one that was planned.
    """
    for name, now in (("rules", settings.rules_digest), ("config", settings.config_digest)):
        if plan.digests[name] != now:
            raise ConfigurationError(
                f"The {'rules' if name == 'rules' else 'configuration'} changed since this plan was made.",
                where=plan.snapshot,
                why="It cannot be told which of its changes still hold.",
                fix="dq snapshot && dq clean",
            )
    manifest = read_snapshot(folder)
    names = [(rules.table, manifest.table("airtable", rules.airtable).schema.name) for rules in settings.tables]
    stamps = [format_time(plan.made_at, form) for form in plan.stamps.values()]
    return Earlier(plan, _cells(plans.changes(plan, folder), names, stamps))


def rebase(settings: Settings, before: Earlier, now: datetime, progress: Callable[[str], None]) -> Rebased:
    """Plan the latest snapshot, and keep of it only what the earlier plan had.

    Args:
        settings: The settings.
        before: The earlier plan.
        now: The time.
        progress: Told what is being done.

    Raises:
        ConfigurationError: What is left alone holds up the rest each time: a plan of its own is needed.
    """
    steps: frozenset[Step] = frozenset(before.plan.steps)  # type: ignore[arg-type]
    seen: list[pl.DataFrame] = []

    def apart(made: Sequence[Planned]) -> pl.DataFrame:
        if len(seen) == ROUNDS:
            raise _restless(before)
        changes = pl.concat([one.made.frame("changes") for one in made], how="diagonal_relaxed")
        names = [(one.rules.table, one.inputs.schemas["airtable"].name) for one in made]
        seen.append(_cells(changes, names, [format_time(now, one.stamp_format) for one in made]))
        return _left_alone(before.cells, seen[-1], made)

    cleaned = clean(settings, now, steps, progress, Carried(before.plan.digest, apart))
    return _told(before, cleaned, seen[0], seen[-1])


def _restless(before: Earlier) -> ConfigurationError:
    return ConfigurationError(
        f"What moved cannot be left out of the plan: it was tried {ROUNDS} times.",
        where=before.plan.snapshot,
        why="Leads that would stay in it need what is left out.",
        fix="dq clean makes a plan of its own from the snapshot that was taken just now",
    )


def _cells(changes: pl.DataFrame, names: Sequence[tuple[str, str]], stamps: Sequence[str | int]) -> pl.DataFrame:
    """What a plan writes, with the mapping of each lead, and with one word for the plan's own time.

    Args:
        changes: Change contract.
        names: Database table and Airtable table of each mapping.
        stamps: The plan's time as each mapping's database table has it.
    """
    places = {f"database/{table}": table for table, _ in names}
    places |= {f"airtable/{airtable}": table for table, airtable in names}
    place = pl.concat_str(Change.store, Change.table, separator="/")
    merged = pl.col(Change.rule).str.strip_prefix(REPOINT)  # a child that is not mapped goes with the merge
    mapping = pl.coalesce(place.replace_strict(places, default=None, return_dtype=pl.String), merged)
    texts = sorted({_json(stamp) for stamp in stamps})
    is_stamp = (pl.col(Change.store) == "database") & pl.col(Change.after).is_in(texts)
    after = pl.when(is_stamp.fill_null(value=False)).then(pl.lit(_STAMPED)).otherwise(Change.after)
    return changes.with_columns(mapping.alias(MAPPING), after.alias(Change.after)).select(
        *_LEAD, *_WRITTEN, Change.rule
    )


def _json(stamp: str | int) -> str:
    return str(stamp) if isinstance(stamp, int) else str(pl.select(json_of(pl.lit(stamp), "text")).item())


def _left_alone(before: pl.DataFrame, now: pl.DataFrame, made: Sequence[Planned]) -> pl.DataFrame:
    """table, store, row_key of all rows of the leads that the plan would write otherwise than the earlier one; sorted."""
    keys = [*_LEAD, *_WRITTEN]
    added = now.join(before, on=keys, how="anti", nulls_equal=True)
    lost = before.join(now, on=keys, how="anti", nulls_equal=True)
    apart = pl.concat([added.select(_LEAD), lost.select(_LEAD)]).unique()
    leads = pl.concat([now.join(apart, on=_LEAD, how="semi").select(_LEAD), *(_merging(added, one) for one in made)])
    wanted = leads.unique().rename({MAPPING: Cluster.table})
    rows = [one.made.clusters.join(wanted, on=[Cluster.table, ENTITY], how="semi") for one in made]
    found = pl.concat(rows).select(Cluster.table, Cluster.store, KEY).sort(Cluster.table, Cluster.store, KEY)
    if found.is_empty() and not wanted.is_empty():
        raise DqError(f"{wanted.height} leads of the plan have no rows.", fix="report this as a bug")
    return found


def _merging(added: pl.DataFrame, one: Planned) -> pl.DataFrame:
    """mapping, entity_id of the leads whose merge re-points a row that the earlier plan did not know of.

    A link to a record that is merged away always follows it, or it would be lost: so the merge has to wait.
    """
    table = one.rules.table
    names = pl.col(Change.before).str.extract_all(r'[^\[\]", ]+').alias(KEY)
    followed = added.filter(pl.col(Change.rule) == REPOINT + table).select(Change.store, names).explode(KEY).unique()
    rows = one.made.clusters.join(followed, on=[Cluster.store, KEY], how="semi")
    return rows.select(pl.lit(table).alias(MAPPING), ENTITY).unique()


def _told(before: Earlier, cleaned: Cleaned, first: pl.DataFrame, last: pl.DataFrame) -> Rebased:
    """What became of whose lead: by the plan with everything in it, and by the one that is left."""
    wanted, kept = first.select(_LEAD).unique(), last.select(_LEAD).unique()
    left = wanted.join(kept, on=_LEAD, how="anti")
    parts: Mapping[str, pl.DataFrame] = {
        "changed": left.join(before.leads, on=_LEAD, how="semi"),
        "new": left.join(before.leads, on=_LEAD, how="anti"),
        "done": before.leads.join(wanted, on=_LEAD, how="anti"),
    }
    names = {name: tuple(part[str(Change.entity_id)].sort().to_list()) for name, part in parts.items()}
    return Rebased(cleaned, before.plan, kept.height, names["changed"], names["done"], names["new"])
