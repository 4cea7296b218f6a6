"""What standard forms change in a plain file: by column and rule, with samples and the changes that repeat most."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from dq.masking import masked
from dq.report.diff import shortened
from dq.report.masks import Masks

COUNT_TYPES = pl.Schema(
    {
        "column": pl.String(),
        "rule": pl.String(),
        "code": pl.String(),
        "rows": pl.Int64(),
    }
)
"""Cells by column and the rules that changed them (`text+email`), or by column and finding codes."""
CHANGE_TYPES = pl.Schema(
    {
        "column": pl.String(),
        "rule": pl.String(),
        "before": pl.String(),
        "after": pl.String(),
        "rows": pl.Int64(),
        "row": pl.Int64(),
    }
)
"""Distinct changes: the rules, the values, how many rows have it, the first of them."""
_JOINED = "+"
_SAMPLES = 3


@dataclass(frozen=True, slots=True)
class StandardColumn:
    """A column, the field whose rule it takes, and the names of that rule's standardizers in order."""

    column: str
    field: str
    rules: tuple[str, ...]


@dataclass(frozen=True)
class Standardized:
    """What a run over a file did.

    Attributes:
        columns: Columns that were put into standard form.
        left: The others → why they were left.
        rows: The file's rows.
        changed_rows: Rows with a cell that changed.
        counts: `COUNT_TYPES`.
        top: The most repeated changes of each column (`CHANGE_TYPES`); None where nobody asked.
        samples: The first changes of each column and combination of rules; None where nobody asked.
    """

    columns: tuple[StandardColumn, ...]
    left: Mapping[str, str]
    rows: int
    changed_rows: int
    counts: pl.DataFrame
    top: pl.DataFrame | None = None
    samples: pl.DataFrame | None = None

    @property
    def changed(self) -> int:
        """Cells that changed."""
        return int(self.counts.filter(pl.col("rule").is_not_null())["rows"].sum())

    @property
    def findings(self) -> int:
        """Cells with a finding."""
        return int(self.counts.filter(pl.col("code").is_not_null())["rows"].sum())


def masked_samples(done: Standardized, masks: Masks) -> Standardized:
    """The same with every value masked as its field's are."""
    if done.top is None or done.samples is None:
        return done
    of = {one.column: masks.of("database", one.field) for one in done.columns}

    def hidden(value: str) -> pl.Expr:
        shown = masked(pl.col(value), "text")
        for column, mask in of.items():
            by_mask = masked(pl.col(value), mask, masks.choices)
            shown = pl.when(pl.col("column") == column).then(by_mask).otherwise(shown)
        return shown.alias(value)

    values = [hidden("before"), hidden("after")]
    return replace(done, top=done.top.with_columns(values), samples=done.samples.with_columns(values))


def by_rule(done: Standardized) -> list[dict[str, Any]]:
    """column, field, rule, rows, changed, findings, and samples where they were asked for; in the order of work."""
    told = []
    for one in done.columns:
        own = done.counts.filter(pl.col("column") == one.column)
        changed = _summed(own, "rule", pl.col("rule").str.split(_JOINED))
        found = _summed(own, "code", pl.col("code").str.split(_JOINED).list.eval(pl.element().str.replace(r"\..*", "")))
        last = one.rules[-1] if one.rules else "text"
        for name in dict.fromkeys([*one.rules, *changed]):
            strange = sum(n for code, n in found.items() if code not in one.rules) if name == last else 0
            fact = {
                "column": one.column,
                "field": one.field,
                "rule": name,
                "rows": done.rows,
                "changed": changed.get(name, 0),
                "findings": found.get(name, 0) + strange,
            }
            told.append(fact if done.samples is None else {**fact, "samples": _samples(done.samples, one.column, name)})
    return told


def as_dict(file: str, done: Standardized) -> dict[str, Any]:
    """The run as JSON-ready values."""
    found = done.counts.filter(pl.col("code").is_not_null())
    facts = {
        "format_version": 1,
        "file": file,
        "rows": done.rows,
        "changed_rows": done.changed_rows,
        "changed_cells": done.changed,
        "findings": _summed(found, "code", pl.col("code").str.split(_JOINED)),
        "rules": by_rule(done),
        "left": dict(done.left),
    }
    if done.top is None:
        return facts
    return {**facts, "most_repeated": done.top.select("column", "rule", "before", "after", "rows").to_dicts()}


def headline(file: str, done: Standardized, verb: str) -> str:
    """The run in one line."""
    cells, found = (f"{number:,} {'cell' if number == 1 else 'cells'}" for number in (done.changed, done.findings))
    return f"{file}: {cells} in {done.changed_rows:,} of {done.rows:,} rows {verb}; {found} with a finding"


def columns_told(done: Standardized) -> list[str]:
    """Which columns were standardized by which rule, and which were left as they are and why."""
    told = [f"  {one.column}: {', '.join(one.rules)} (field {one.field})" for one in done.columns]
    for why in dict.fromkeys(done.left.values()):
        names = [name or "(no name)" for name, its in done.left.items() if its == why]
        told.append(f"  left, {why}: {', '.join(names)}")
    return told


def as_text(done: Standardized) -> list[str]:
    """The table by column and rule, with samples and the most repeated changes where they were asked for."""
    facts = by_rule(done)
    wide = max([6, *(len(fact["column"]) for fact in facts)])
    broad = max([4, *(len(fact["rule"]) for fact in facts)])
    told = [f"{'column':<{wide}}  {'rule':<{broad}}  {'changed':>9}  {'findings':>9}"]
    for fact in facts:
        told.append(f"{fact['column']:<{wide}}  {fact['rule']:<{broad}}  {fact['changed']:>9,}  {fact['findings']:>9,}")
        told += [f"    row {sample['row']:,}: {_arrow(sample)}" for sample in fact.get("samples", ())]
    if done.top is not None and len(done.top):
        told += ["", "most repeated changes"]
        told += [f"{row['rows']:>9,}  {row['column']}: {_arrow(row)}" for row in done.top.to_dicts()]
    return told


def _samples(samples: pl.DataFrame, column: str, rule: str) -> Sequence[Mapping[str, Any]]:
    parts = pl.col("rule").str.split(_JOINED)
    own = samples.filter((pl.col("column") == column) & parts.list.contains(rule)).sort("row", "rule").head(_SAMPLES)
    return own.select("row", "before", "after").to_dicts()


def _summed(counts: pl.DataFrame, name: str, parts: pl.Expr) -> dict[str, int]:
    """Rows by each part of a joined name."""
    apart = counts.filter(pl.col(name).is_not_null()).select(parts.alias(name), "rows").explode(name)
    summed = apart.group_by(name).agg(pl.col("rows").sum()).sort(name)
    return dict(zip(summed[name].to_list(), summed["rows"].to_list(), strict=True))


def _arrow(change: Mapping[str, Any]) -> str:
    return f"{_shown(change['before'])} -> {_shown(change['after'])}"


def _shown(text: str | None) -> str:
    return "(empty)" if text is None else shortened(text)
