"""The chain behind a lead's cells, as a value, as JSON and as text: from what the stores held to what was written."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from dq.dedupe.evidence import Evidence
from dq.masking import masked
from dq.report.diff import shortened, shortened_json
from dq.report.masks import Masks, masked_changes, masked_conflicts
from dq.report.waterfall import weight_lines, weights_of
from dq.schemas import AuditEntry, Change, Cluster, Conflict, Finding, Pair
from dq.side import KEY

FORMAT_VERSION = 1
CELL = "cell"


@dataclass(frozen=True)
class Why:
    """Everything that is known of a lead's cells. All frames are of this lead alone.

    Attributes:
        asked: The key that was asked for.
        store: The store that was asked about.
        table: The mapping, by its database table.
        entity: The lead.
        row_key: Its row in that store; None if there is none.
        notes: How the key led here, and what becomes of the row.
        snapshot: The run's id.
        state: Whether its plan was begun: `none`, `open`, `finished`.
        fields: Database name → Airtable name of the fields asked for; links and times that are written have one name.
        cluster: Cluster contract.
        pairs: Pair contract.
        values: store, row_key, field, raw, standard, rule.
        findings: Finding contract.
        base: Field → what the stores agreed on before (null: never, empty text: that it is empty); None: no base.
        conflicts: Conflict contract.
        changes: Change contract with state, time, detail, written_key and cell.
        history: AuditEntry contract with cell: what was written besides this plan.
        evidence: What the matcher's levels are worth, where it was asked.
    """

    asked: str
    store: str
    table: str
    entity: str
    row_key: str | None
    notes: tuple[str, ...]
    snapshot: str
    state: str
    fields: Mapping[str, str]
    cluster: pl.DataFrame
    pairs: pl.DataFrame
    values: pl.DataFrame
    findings: pl.DataFrame
    base: Mapping[str, str | None] | None
    conflicts: pl.DataFrame
    changes: pl.DataFrame
    history: pl.DataFrame
    evidence: Evidence | None = None


def masked_why(why: Why, masks: Masks) -> Why:
    """The same with every value masked."""
    values = why.values
    for name in why.fields:
        mask = masks.of("database", name)
        is_it = pl.col("field") == name
        values = values.with_columns(
            pl.when(is_it).then(masked(pl.col(column), mask, masks.choices)).otherwise(column).alias(column)
            for column in ("raw", "standard")
        )
    base = why.base and dict(zip(why.base, _masked_texts(why.base, masks), strict=True))
    return replace(
        why,
        values=values,
        findings=why.findings.with_columns(masked(pl.col(Finding.value), "text").alias(Finding.value)),
        base=base,
        conflicts=masked_conflicts(why.conflicts, masks),
        changes=masked_changes(why.changes, masks),
        history=masked_changes(why.history, masks),
    )


def _masked_texts(cells: Mapping[str, str | None], masks: Masks) -> Iterable[str | None]:
    row = pl.DataFrame([dict(cells)], schema=dict.fromkeys(cells, pl.String))
    return row.select(
        masked(pl.col(name), masks.of("database", name), masks.choices).alias(name) for name in cells
    ).row(0)


def as_dict(why: Why) -> dict[str, Any]:
    """The chain as JSON-ready values."""
    whole = pl.col(CELL).is_null()
    return {
        "format_version": FORMAT_VERSION,
        "asked": why.asked,
        "store": why.store,
        "table": why.table,
        "entity_id": why.entity,
        "row_key": why.row_key,
        "notes": list(why.notes),
        "snapshot": why.snapshot,
        "plan": why.state,
        "cluster": why.cluster.to_dicts(),
        "pairs": [{**pair, "weights": weights_of(pair, why.evidence)} for pair in why.pairs.to_dicts()],
        "cells": [_cell(why, field) for field in why.fields],
        "rows": {
            "conflicts": why.conflicts.filter(pl.col(Conflict.field).is_null()).to_dicts(),
            "findings": why.findings.filter(pl.col(Finding.field).is_null()).to_dicts(),
            "changes": why.changes.filter(whole).to_dicts(),
            "history": why.history.filter(whole).to_dicts(),
        },
    }


def _cell(why: Why, field: str) -> dict[str, Any]:
    names = [field, why.fields[field]]
    conflict = why.conflicts.filter(pl.col(Conflict.field) == field).to_dicts()
    return {
        "field": field,
        "airtable_field": why.fields[field],
        "held": why.values.filter(pl.col("field") == field).drop("field").to_dicts(),
        "findings": why.findings.filter(pl.col(Finding.field).is_in(names)).to_dicts(),
        "base": None if why.base is None else why.base.get(field),
        "conflict": conflict[0] if conflict else None,
        "changes": why.changes.filter(pl.col(CELL) == field).to_dicts(),
        "history": why.history.filter(pl.col(CELL) == field).to_dicts(),
    }


def as_text(why: Why) -> list[str]:
    """The chain for a terminal."""
    told = as_dict(why)
    lines = [f"{why.store} {why.table} {why.row_key or '(no row)'}", f"  lead {why.entity}"]
    lines += [f"  note: {note}" for note in why.notes]
    lines.append(f"  snapshot {why.snapshot}, plan {_PLANS[why.state]}")
    lines += [f"  row {_row(row)}" for row in told["cluster"]]
    for pair in told["pairs"]:
        lines += [f"  pair {_pair(pair)}", *(f"    {line}" for line in weight_lines(pair["weights"]))]
    for conflict in told["rows"]["conflicts"]:
        lines.append(f"  conflict {conflict['kind']}: {_settled(conflict)}")
    lines += [f"  finding {_finding(finding)}" for finding in told["rows"]["findings"]]
    lines += [f"  plan {_change(change)}" for change in told["rows"]["changes"]]
    lines += [f"  log {_logged(entry)}" for entry in told["rows"]["history"]]
    for cell in told["cells"]:
        lines += _cell_lines(cell, known=why.base is not None)
    return lines


_PLANS = {"none": "not applied", "open": "begun", "finished": "applied"}


def _cell_lines(cell: Mapping[str, Any], *, known: bool) -> list[str]:
    lines = [f"{cell['field']} ({cell['airtable_field']})"]
    for held in cell["held"]:
        rule = "" if held["rule"] is None else f" -> {_text(held['standard'])}   (standardize: {held['rule']})"
        lines.append(f"  held     {held['store']} {held[KEY]}: {_text(held['raw'])}{rule}")
    lines += [f"  finding  {_finding(finding)}" for finding in cell["findings"]]
    if cell["held"]:  # else it is a link or a time, which no mapping has
        lines.append(f"  base     {_agreed(cell['base']) if known else 'none: the stores never agreed on this lead'}")
    if cell["conflict"] is not None:
        lines.append(f"  conflict {cell['conflict']['kind']}: {_settled(cell['conflict'])}")
    lines += [f"  plan     {_change(change)}" for change in cell["changes"]] or ["  plan     no change"]
    lines += [f"  log      {_logged(entry)}" for entry in cell["history"]]
    return lines


def _row(row: Mapping[str, Any]) -> str:
    fate = "stays" if row["survivor"] else "is merged away"
    bridge = ", a bridge" if row["bridge"] else ""
    return f"{row[Cluster.store]} {row[KEY]}: {fate}, by {row[Cluster.decided_by]}, probability {row['probability']:.4f}{bridge}"


def _pair(pair: Mapping[str, Any]) -> str:
    signs = {1: "agrees", 0: "differs"}
    keyed = {name[6:]: value for name, value in pair.items() if name[:6] == "gamma_" and name[:12] != "gamma_match_"}
    gammas = [f"{name} {signs[value]}" for name, value in keyed.items() if value in signs]
    said = "" if pair["weights"] else f" ({', '.join(gammas) or 'nothing to compare'})"
    return (
        f"{pair[Pair.store_l]} {pair[Pair.key_l]} ~ {pair[Pair.store_r]} {pair[Pair.key_r]}: {pair[Pair.decision]}, "
        f"weight {pair['match_weight']:.1f}, met by {pair[Pair.match_key]}{said}"
    )


def _finding(finding: Mapping[str, Any]) -> str:
    where = f"{finding[Finding.store]} {finding[Finding.row_key]}"
    return f"{finding[Finding.severity]} {finding[Finding.rule]} at {where}: {finding[Finding.message]}"


def _settled(conflict: Mapping[str, Any]) -> str:
    sides = ", ".join(f"{side} {_json(conflict[side])}" for side in ("base", "database", "airtable"))
    if conflict["resolved"]:
        return f"{sides}; {conflict[Conflict.resolved_by]} chose {conflict[Conflict.suggested]}"
    return f"{sides}; {conflict[Conflict.policy]} cannot tell, so a person must"


def _change(change: Mapping[str, Any]) -> str:
    why = change[Change.policy] or change[Change.rule]
    reason = f"{change[Change.reason]}: {why}" if why else str(change[Change.reason])
    source = f", from {change[Change.source]}" if change[Change.source] else ""
    receipt = "not written yet" if change["state"] is None else f"{change['state']} {change['time']}"
    detail = f": {change['detail']}" if change["detail"] else ""
    row = change[Change.row_key] or change["written_key"] or "new row"
    return f"{change[Change.op]} {change[Change.store]} {row}: {_step(change)}   ({reason}{source}; {receipt}{detail})"


def _logged(entry: Mapping[str, Any]) -> str:
    why = entry[AuditEntry.policy] or entry[AuditEntry.rule]
    reason = f"{entry[AuditEntry.reason]}: {why}" if why else str(entry[AuditEntry.reason])
    where = f"{entry[AuditEntry.store]} {entry[AuditEntry.row_key]}"
    who = f"{entry[AuditEntry.action]} {entry[AuditEntry.run]} by {entry[AuditEntry.actor]}"
    return f"{entry[AuditEntry.time]} {where}: {_step(entry)}   ({reason}; {who}; {entry[AuditEntry.state]})"


def _step(change: Mapping[str, Any]) -> str:
    if change[Change.field] is None:
        return "the whole row"
    return f"{_json(change[Change.before])} -> {_json(change[Change.after])}"


def _agreed(text: str | None) -> str:
    return "the stores never agreed on this cell" if text is None else _text(text)


def _text(text: str | None) -> str:
    return "(empty)" if not text else shortened(text)


def _json(text: str | None) -> str:
    return shortened_json(text)
