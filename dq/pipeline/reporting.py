"""The report of a plan: what its files say, on one page."""

from datetime import datetime
from pathlib import Path

import polars as pl

from dq.apply import plan as plans
from dq.dedupe.evidence import log_odds
from dq.pipeline import approving, learning
from dq.pipeline.handing import Meant
from dq.report.charts import Mark
from dq.report.masks import masked_conflicts, masks_of
from dq.report.matchfacts import Matching, bins_of, examples_of, keys_of, sizes_of
from dq.report.planpage import PlanPage
from dq.rules import TableRules
from dq.schemas import Cluster, Pair
from dq.schemas.pair import GAMMA, MATCH
from dq.settings import Settings

_STORES = {"database": "database", "airtable": "airtable"}


def plan_page(settings: Settings, meant: Meant, now: datetime, *, mask: bool) -> PlanPage:
    """What the page of a plan tells.

    Args:
        settings: The settings.
        meant: The plan.
        now: The page's time.
        mask: Whether values are masked.

    Raises:
        DamagedError: A file of the plan is not as it was planned.
    """
    clean, plan = meant.folder / "clean", meant.plan
    conflicts = pl.read_parquet(clean / "conflicts.parquet")
    approval = approving.status(settings, plan, meant.folder)
    return PlanPage(
        plan=plan,
        state=meant.state,
        made_at=now,
        changes=plans.changes(plan, meant.folder),
        findings=pl.read_parquet(clean / "findings.parquet"),
        conflicts=masked_conflicts(conflicts, masks_of(settings.tables)) if mask else conflicts,
        notes=approving.lines(approval) if meant.state == "none" else (),
        matches=[(rules.table, _matching(clean, rules)) for rules in settings.tables],
        is_masked=mask,
    )


def _matching(clean: Path, rules: TableRules) -> Matching:
    model = learning.of_plan(clean, rules.table)
    clusters, pairs = (
        pl.scan_parquet(clean / f"{name}.parquet").filter(pl.col("table") == rules.table).collect()
        for name in ("clusters", "pairs")
    )
    matched = pairs.filter(pl.col(Pair.match_key) == MATCH)
    asked = rules.dedupe.matcher
    marks = [Mark(name, log_odds(p)) for name, p in (("review", asked.review), ("merge", asked.merge))] if asked else []
    link = marks[-1].bits if marks else 0.0
    return Matching(
        headline=_headline(clusters),
        sizes=sizes_of(clusters),
        compared=_compared(matched),
        weights=bins_of(matched[str(Pair.match_weight)].to_numpy()),
        link=link,
        marks=marks,
        evidence=None if model is None else model.evidence,
        keys=() if model is None else keys_of(model.keys),
        counted=""
        if model is None
        else f" Pairs of a key are those of the {model.rows:,} rows that it was learned from.",
        examples=() if model is None else examples_of(model.evidence, matched, link, _STORES, GAMMA),
        roles={} if model is None else model.roles,
        decided=_decided(clusters),
    )


def _compared(matched: pl.DataFrame) -> str:
    asked = matched.filter(pl.col(Pair.decision) == "review").height
    told = f"{matched.height:,} pairs that no key joins are likely enough for a link, or for people to look at."
    return f"{told} {asked:,} of them wait for a person: dq review pairs." if asked else told


def _headline(clusters: pl.DataFrame) -> str:
    """How many leads the rows are, in both stores or in one, and how many rows are too many."""
    sides = clusters.group_by(Cluster.entity_id, Cluster.store).len()
    leads, both = sides[Cluster.entity_id].n_unique(), sides.height - sides[Cluster.entity_id].n_unique()
    many = clusters.height - sides.height
    return f"{clusters.height:,} rows of both stores are {leads:,} leads: {both:,} are in both, {many:,} rows are duplicates"


def _decided(clusters: pl.DataFrame) -> list[tuple[str, int]]:
    counts = clusters.group_by(Cluster.decided_by).len().sort("len", Cluster.decided_by, descending=[True, False])
    return list(zip(counts[Cluster.decided_by].to_list(), counts["len"].to_list(), strict=True))
