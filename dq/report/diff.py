"""A plan as a person reads it: what would change where, why, and at what price."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from dq.changeset import SIGNS
from dq.report.masks import Masks, masked_changes, masked_conflicts
from dq.schemas import Change, Conflict
from dq.schemas.conflict import RESOLVED

if TYPE_CHECKING:
    from dq.plan import Plan, Price

WIDTH = 48
"""Characters of a cell that are shown."""


@dataclass(frozen=True)
class Diff:
    """What a plan would do.

    Attributes:
        plan: `plan.json`.
        changes: Change contract, all of it.
        conflicts: Conflict contract.
        limit: Changes and conflicts that are listed; the rest is counted.
        notes: Lines about the plan as a whole: who approved it.
        approval: The same as JSON-ready values.
    """

    plan: "Plan"
    changes: pl.DataFrame
    conflicts: pl.DataFrame
    limit: int
    notes: tuple[str, ...] = ()
    approval: Mapping[str, Any] = field(default_factory=dict)


def masked_diff(diff: Diff, masks: Masks) -> Diff:
    """The same with every value masked."""
    changes, conflicts = masked_changes(diff.changes, masks), masked_conflicts(diff.conflicts, masks)
    return replace(diff, changes=changes, conflicts=conflicts)


def headline(plan: Any) -> list[str]:
    """The plan in a few lines: rows by store and sign, cells by reason, conflicts, price."""
    if not plan.changes:
        told = [f"plan {plan.snapshot}: no changes"]
    else:
        told = [f"plan {plan.snapshot}: {plan.changes:,} changes"]
        for store, ops in plan.counts["rows"].items():
            signs = "  ".join(f"{SIGNS[op]}{ops[op]:,}" for op in SIGNS if op in ops)
            reasons = ", ".join(f"{reason} {n:,}" for reason, n in plan.counts["cells"][store].items())
            told.append(f"  {store:<9} rows {signs}   cells: {reasons}")
        told.append(f"  price: {priced(plan.price)}")
    if plan.conflicts:
        told.append(f"  {_waits(plan.conflicts)} (clean/conflicts.parquet)")
    if plan.counts.get("quarantined"):
        told.append(f"  {plan.counts['quarantined']:,} rows wait in quarantine: dq quarantine list")
    told += [f"  {line}" for line in fates(plan.counts)]
    told += [f"  {unseen(table)}" for table in plan.blind]
    told += [f"  brake: {brake.message}" for brake in plan.brakes]
    return told


def as_text(diff: Diff) -> list[str]:
    """The diff for a terminal: a line a change, grouped by lead."""
    notes = [f"  {note}" for note in diff.notes]
    told = [*headline(diff.plan), *notes, *change_lines(diff.changes, diff.limit)]
    waiting = _waiting(diff)
    told += [
        f"! {row[Conflict.entity_id]} {row[Conflict.field]}: database {shortened_json(row[Conflict.database])} | airtable {shortened_json(row[Conflict.airtable])}"
        for row in waiting
    ]
    return told


def change_lines(changes: pl.DataFrame, limit: int) -> list[str]:
    """Changes for a terminal: a line a row, and one a cell; 0 lists all, else the rest is counted."""
    told: list[str] = []
    last = None
    for row in _listed(changes, limit):
        where = f"{row[Change.store]} {row[Change.table]} {row[Change.row_key] or row[Change.entity_id]}"
        if where != last:
            told.append(f"{SIGNS[row[Change.op]]} {where}")
            last = where
        if row[Change.field] is not None:
            told.append(
                f"    {row[Change.field]}: {shortened_json(row[Change.before])} -> {shortened_json(row[Change.after])}   ({_why(row)})"
            )
    return told + _rest(changes, limit)


def as_markdown(diff: Diff) -> list[str]:
    """The diff as Markdown, for a pull request or a chat."""
    plan = diff.plan
    told = [f"### Plan `{plan.snapshot}`: {plan.changes:,} changes", ""]
    if plan.changes:
        told += ["| store | + | ~ | - |", "|---|---:|---:|---:|"]
        told += [
            f"| {store} | " + " | ".join(f"{ops.get(op, 0):,}" for op in SIGNS) + " |"
            for store, ops in plan.counts["rows"].items()
        ]
        told += ["", f"Price: {priced(plan.price)}.", ""]
        told += ["| | row | field | before | after | why |", "|---|---|---|---|---|---|"]
        told += [
            f"| {SIGNS[row[Change.op]]} | {row[Change.store]} {row[Change.row_key] or row[Change.entity_id]} | {_cell(row[Change.field])} "
            f"| {_cell(shortened_json(row[Change.before]))} | {_cell(shortened_json(row[Change.after]))} | {_why(row)} |"
            for row in _listed(diff.changes, diff.limit)
        ]
    told += [f"\n{line}" for line in _rest(diff.changes, diff.limit)]
    told += [f"\n{_waits(plan.conflicts)}."] if plan.conflicts else []
    told += [f"\n{line}" for line in fates(plan.counts)]
    told += [f"\n{unseen(table)}" for table in plan.blind]
    told += [f"\n**Brake:** {brake.message}" for brake in plan.brakes]
    told += [f"\n{_cell(note)}" for note in diff.notes]
    return told


def as_dict(diff: Diff) -> dict[str, Any]:
    """The diff as JSON-ready values, every change in it."""
    plan = diff.plan
    return {
        "format_version": 1,
        "snapshot": plan.snapshot,
        "changes": [dict(row) for row in diff.changes.iter_rows(named=True)],
        "counts": dict(plan.counts),
        "conflicts_waiting": plan.conflicts,
        "brakes": [brake.message for brake in plan.brakes],
        "deletes_not_visible": list(plan.blind),
        "digest": plan.digest,
        "approval": dict(diff.approval),
        "price": asdict(plan.price),
    }


_FATES = {
    "waiting": "{} waiting: edited just before the snapshot, the next run takes them up",
    "set_aside": "{} leads set aside: a cell of theirs is not valid, nothing of these leads is written (on_invalid: quarantine)",
    "held_back": "{} held back: moved since the plan that this one carries on",
    "out_of_scope": "{} out of scope",
    "rekeyed": "{} there under a new key: no deletion",
    "moved": "{} with other identifying values than before: the same leads",
    "returned": "{} back that were deleted in both stores",
}
"""Leads or rows that are counted apart, where there are any."""


def fates(counts: Mapping[str, Any]) -> list[str]:
    """Leads and rows that are counted apart, a line each."""
    return [text.format(f"{counts[name]:,}") for name, text in _FATES.items() if counts.get(name)]


def unseen(table: str) -> str:
    """What is told of an Airtable table whose deletions a snapshot does not show."""
    return f"deletions in Airtable table {table} are not visible: none is carried over, no records are merged (dq snapshot --full)"


def priced(price: "Price") -> str:
    """What a plan costs, in a line."""
    told = f"{price.api_calls:,} API calls, about {price.seconds:,.0f} s"
    if price.share is None:
        return told
    return f"{told}, {price.share:.1%} of the month's {price.budget:,} ({price.spent:,} spent)"


def _listed(changes: pl.DataFrame, limit: int) -> Sequence[Mapping[str, Any]]:
    by = [Change.entity_id, Change.store, Change.op, Change.row_key, Change.field]
    ordered = changes.lazy().sort(by, nulls_last=True)
    return (ordered.head(limit) if limit else ordered).collect().to_dicts()


def _rest(changes: pl.DataFrame, limit: int) -> list[str]:
    rest = changes.height - limit
    return (
        [f"… and {rest:,} more {'change' if rest == 1 else 'changes'} (--limit 0 shows all)"]
        if limit and rest > 0
        else []
    )


def _waits(conflicts: int) -> str:
    return "1 conflict waits for a person" if conflicts == 1 else f"{conflicts:,} conflicts wait for a person"


def _waiting(diff: Diff) -> Sequence[Mapping[str, Any]]:
    waiting = diff.conflicts.filter(~pl.col(RESOLVED))
    return (waiting.head(diff.limit) if diff.limit else waiting).to_dicts()


def _why(row: Mapping[str, Any]) -> str:
    detail = row[Change.policy] or row[Change.rule] or row[Change.source]
    return f"{row[Change.reason]}: {detail}" if detail else str(row[Change.reason])


def shortened_json(text: str | None) -> str:
    """A cell's JSON text, `shortened`; null is an empty cell."""
    if text is None:
        return "(empty)"
    value = json.loads(text)
    return shortened(value if isinstance(value, str) else text)


def shortened(text: str) -> str:
    """A cell on one line of a terminal: nothing that moves the cursor, spaces at the ends seen, cut at `WIDTH`."""
    shown = "".join(c if c.isprintable() else "·" for c in text)
    shown = f'"{shown}"' if shown != shown.strip() else shown  # else nobody sees what goes
    return shown if len(shown) <= WIDTH else shown[: WIDTH - 1] + "…"


def _cell(text: str | None) -> str:
    return (
        ""
        if text is None
        else text.replace("\\", "\\\\").replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;").replace("`", "'")
    )
