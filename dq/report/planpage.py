"""A plan as an HTML page: what it would write, findings by rule, conflicts, brakes, and what was matched."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from dq.changeset import SIGNS
from dq.masking import masked_key
from dq.plan import Plan
from dq.report import charts
from dq.report.diff import fates, priced, shortened_json, unseen
from dq.report.matchfacts import Matching
from dq.report.matchpage import sections
from dq.report.pages import STYLE, document, shown, table
from dq.schemas import Change, Conflict, Finding
from dq.schemas.conflict import RESOLVED

MOST_ROWS = 200
"""Conflicts, and kinds of changes and findings, that are listed; the rest is counted."""
STATES = {"none": "not applied", "open": "begun", "finished": "applied"}


@dataclass(frozen=True)
class PlanPage:
    """What the page tells.

    Attributes:
        plan: `plan.json`.
        state: Whether it was begun: `none`, `open`, `finished`.
        made_at: The page's time.
        changes: Change contract; of the cells only where they are and why they change.
        findings: Finding contract; only counted.
        conflicts: Conflict contract, with values as they are to be shown.
        notes: Who approved it.
        matches: Mapping → what was matched.
        is_masked: Whether values are masked.
    """

    plan: Plan
    state: str
    made_at: datetime
    changes: pl.DataFrame
    findings: pl.DataFrame
    conflicts: pl.DataFrame
    notes: Sequence[str]
    matches: Sequence[tuple[str, Matching]]
    is_masked: bool


def as_page(page: PlanPage) -> str:
    """A whole page."""
    changes = page.plan.changes
    title = f"dq report: plan {page.plan.snapshot}, {changes:,} {'change' if changes == 1 else 'changes'}"
    body = [f"<h1>{shown(title)}</h1>", *_facts(page), *_changes(page), *_brakes(page.plan)]
    body += [*_findings(page.findings), *_conflicts(page.conflicts)]
    for number, (name, found) in enumerate(page.matches, 1):
        body += [f"<h2>{shown(f'Matching: {name}')}</h2>", *_lower(sections(found, f"table-{number}-"))]
    return document(title, body, STYLE + charts.STYLE)


def _facts(page: PlanPage) -> list[str]:
    plan = page.plan
    made = f"Planned {_time(plan.made_at)}{f' by {plan.made_by}' if plan.made_by else ''}; {STATES[page.state]} at {_time(page.made_at)}."
    values = "Values are masked." if page.is_masked else "This page holds values of cells as they are."
    told = [f"{made} {values}", f"Price: {priced(plan.price)}."]
    told += [f"{line}." for line in (*fates(plan.counts), *(unseen(name) for name in plan.blind), *page.notes)]
    return [f"<p>{shown(line)}</p>" for line in told]


def _changes(page: PlanPage) -> list[str]:
    if not page.plan.changes:
        return ["<h2>Changes</h2>", "<p>No changes.</p>"]
    rows = [(store, *(ops.get(op, 0) for op in SIGNS)) for store, ops in page.plan.counts["rows"].items()]
    cells = page.changes.filter(pl.col(Change.field).is_not_null())
    by = [Change.store, Change.table, Change.field]
    kinds = (
        cells.pivot(on=Change.reason, index=by, values=Change.change_id, aggregate_function="len").sort(by).fill_null(0)
    )
    reasons = sorted(kinds.columns[3:])
    names, kinds = ["store", "table", "field", *reasons], kinds.select(*by, *reasons)
    return [
        "<h2>Changes</h2>",
        *table("Rows", ["store", "inserted", "updated", "deleted"], rows),
        *table("Cells by what changes them", names, kinds.head(MOST_ROWS).rows(), words=3),
        *_rest(kinds.height),
    ]


def _brakes(plan: Plan) -> list[str]:
    if not plan.brakes:
        return ["<h2>Brakes</h2>", "<p>No brake holds.</p>"]
    rows = [
        (brake.name, brake.store, brake.message, brake.flag, brake.count, brake.limit, brake.total)
        for brake in plan.brakes
    ]
    names = ["brake", "store", "why", "lifted by", "rows", "allowed", "of"]
    return ["<h2>Brakes</h2>", *table("Brakes that hold: the plan is not applied", names, rows, words=4)]


def _findings(findings: pl.DataFrame) -> list[str]:
    if findings.is_empty():
        return ["<h2>Findings</h2>", "<p>No finding.</p>"]
    by = [Finding.severity, Finding.rule, Finding.store, Finding.table, Finding.field]
    names = ["severity", "rule", "store", "table", "field", "rows"]
    return ["<h2>Findings</h2>", *_listed("Findings by rule", names, _counted(findings, by))]


def _conflicts(conflicts: pl.DataFrame) -> list[str]:
    if conflicts.is_empty():
        return ["<h2>Conflicts</h2>", "<p>No conflict.</p>"]
    settled = pl.when(pl.col(RESOLVED)).then(pl.lit("settled")).otherwise(pl.lit("waits for a person"))
    by = [Conflict.table, Conflict.field, Conflict.kind, "state"]
    kinds = _counted(conflicts.with_columns(settled.alias("state")), by)
    told = ["<h2>Conflicts</h2>", *_listed("Conflicts by field", ["table", "field", "kind", "state", "cells"], kinds)]
    waiting = conflicts.filter(~pl.col(RESOLVED)).sort(Conflict.entity_id, Conflict.field, nulls_last=True)
    if waiting.is_empty():
        return told
    columns = [masked_key(pl.col(Conflict.entity_id)), pl.col(Conflict.field).fill_null("(whole row)")]
    values = [Conflict.base, Conflict.database, Conflict.airtable]
    rows = [
        (entity, field, *map(shortened_json, cells))
        for entity, field, *cells in waiting.head(MOST_ROWS).select(*columns, *values).rows()
    ]
    names = ["lead", "field", "base", "database", "airtable"]
    return [*told, *table("Conflicts that wait", names, rows, words=5), *_rest(waiting.height)]


def _counted(frame: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """How many lines there are of each kind, the most common first."""
    counts = frame.group_by(by).agg(pl.len().alias("count")).with_columns(pl.col(*by).fill_null(""))
    return counts.sort("count", *by, descending=[True, *(False for _ in by)])


def _listed(caption: str, names: Sequence[str], counts: pl.DataFrame) -> list[str]:
    rows = counts.head(MOST_ROWS).rows()
    return [*table(caption, names, rows, words=len(names) - 1), *_rest(counts.height)]


def _rest(rows: int) -> list[str]:
    return [f"<p>… and {rows - MOST_ROWS:,} more.</p>"] if rows > MOST_ROWS else []


def _lower(told: Sequence[str]) -> list[str]:
    """Sections of a page, a level below where they stand."""
    return [
        line.replace("<h2>", "<h3>").replace("</h2>", "</h3>") if line.startswith("<h2>") else line for line in told
    ]


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
