"""Quality rules over records: what fails, how often, and whether that fails the gate.

records ─► counts (one select) ─► failing rows of the rules that have any ─► new and accepted ─► verdicts, scores, findings
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import polars as pl

from dq.checks import Check, Level
from dq.gate.accepted import Accepted, Split, split
from dq.gate.blame import blamed
from dq.gate.counting import Named, counts, failing_rows, fails
from dq.gate.fitting import why_not
from dq.gate.holds import Sets, is_row_rule, judged
from dq.gate.limits import ROUNDING
from dq.gate.verdicts import SAMPLE, Ratchet, Report, Status, Verdict, scores_of
from dq.gate.wholes import Measure, drifted, figures, measured, skipped
from dq.rules import TableRules
from dq.rulesql import ROW_KEY
from dq.rulesql import failing as failing_in_sql
from dq.schemas import Finding
from dq.schemas.finding import FINDING_TYPES


@dataclass(frozen=True)
class Beside:
    """What a table is judged beside.

    Attributes:
        now: The time, for freshness and for the ends of known failures; None where nobody says.
        before: The same table in the last snapshot.
        sets: `table.column` → the keys that it holds, for `reference`.
        accepted: Failures that are accepted.
        lasting: Whether keys name the same rows from run to run; row numbers do not.
    """

    now: datetime | None = None
    before: pl.LazyFrame | None = None
    sets: Sets = field(default_factory=dict)
    accepted: Accepted = field(default_factory=Accepted)
    lasting: bool = True


ALONE = Beside()


def named_by(table: str, key: str) -> Named:
    """Records of one table, named by one column."""
    return Named(pl.lit("database"), pl.lit(table), pl.col(key))


def named_golden(rules: TableRules) -> Named:
    """Golden records, named by their database row; those that only Airtable has, by their record."""
    here = pl.col("database_key").is_not_null()
    return Named(
        pl.when(here).then(pl.lit("database")).otherwise(pl.lit("airtable")),
        pl.when(here).then(pl.lit(rules.table)).otherwise(pl.lit(rules.airtable)),
        pl.coalesce("database_key", "airtable_key"),
    )


def judge(
    records: pl.DataFrame | pl.LazyFrame,
    checks: Sequence[Check],
    named: Named,
    target: str = "",
    beside: Beside = ALONE,
) -> Report:
    """Records held against the quality rules; those that they do not have the columns for are skipped.

    Args:
        records: The records; a lazy frame is read twice at most, and never held in whole. A `validity` rule reads
            `<field>_finding`: what the field's standardizers found wrong with the value, null for nothing.
        checks: The rules.
        named: How the findings name a record.
        target: What the report is about.
        beside: Time, last snapshot, other tables, accepted failures.

    Raises:
        ConfigurationError: A rule's SQL or condition cannot be carried out on these records.
    """
    frame = records.lazy()
    schema = frame.collect_schema()
    reasons = {check.name: why_not(check, schema, beside.sets) for check in checks}
    able = [check for check in checks if reasons[check.name] is None]
    with blamed(frame, able, beside.accepted.known):
        rows, counted = counts(frame, able, beside.sets)
    in_sql = {check: _by_sql(check, frame, named) for check in able if check.check == "sql"}
    for check, (failed, _) in in_sql.items():
        counted[check.name]["failed"] = failed
    broken = {
        check: fails(check, counted[check.name], schema, beside.sets) if is_row_rule(check) else in_sql[check][1]
        for check in able
        if counted[check.name].get("failed") and (is_row_rule(check) or in_sql[check][1] is not None)
    }
    with blamed(frame, able, beside.accepted.known):
        told = failing_rows(frame, {c: e for c, e in broken.items() if e is not None}, beside.accepted.known, named)
    before = _before(able, beside)
    outcomes: list[tuple[Verdict, Split | None]] = []
    for check in checks:
        if reason := reasons[check.name]:
            outcomes.append((Verdict(check, "skipped", 0, 0, why_skipped=reason), None))
        elif "failed" in counted[check.name]:
            outcomes.append(_by_rows(check, counted[check.name], told.get(check), beside))
        else:
            measure = _measured(check, counted[check.name], frame, before, beside)
            outcomes.append(_by_measure(check, measure, beside))
    return replace(_report(target, rows, outcomes, told), lasting=beside.lasting)


def _report(
    target: str, rows: int, outcomes: Sequence[tuple[Verdict, Split | None]], told: Mapping[Check, pl.DataFrame]
) -> Report:
    verdicts = tuple(verdict for verdict, _ in outcomes)
    scores, total = scores_of(verdicts)
    level = {verdict.check.name: verdict.status for verdict in verdicts}
    ratchet = Ratchet(
        new=sum(verdict.new for verdict in verdicts),
        known=sum(verdict.known for verdict in verdicts),
        fixed=sum(part.fixed for _, part in outcomes if part is not None),
    )
    parts = [pl.DataFrame(schema=FINDING_TYPES)]
    for check, failing in sorted(told.items(), key=lambda one: one[0].name):
        status = level[check.name]
        parts.append(
            failing.select(
                *(pl.col(name) for name in FINDING_TYPES if name in failing.columns),
                pl.lit(status if status in ("warning", "error", "info") else check.severity).alias(Finding.severity),
                pl.lit(check.reason or f"{check.check} of {check.about}").alias(Finding.message),
            ).cast(pl.Schema(FINDING_TYPES))
        )
    return Report(target, rows, verdicts, scores, total, pl.concat(parts), ratchet)


def _by_sql(check: Check, frame: pl.LazyFrame, named: Named) -> tuple[int, pl.Expr | None]:
    """How many rows a rule in SQL finds, and which, if it names them."""
    where = judged(check)
    rows = (frame if where is None else frame.filter(where)).with_columns(named.key.cast(pl.String).alias(ROW_KEY))
    failed, keys = failing_in_sql(check, rows)
    if keys is None:
        return failed, None
    found = keys.drop_nulls().unique()
    return len(found), named.key.cast(pl.String).is_in(found.implode())


def _by_rows(
    check: Check, counted: Mapping[str, int], failing: pl.DataFrame | None, beside: Beside
) -> tuple[Verdict, Split]:
    failed = counted["failed"] if failing is None else failing.height
    total = counted["rows"]
    part = split(check, failed, failing, beside.accepted, lasting=beside.lasting)
    status, allowed = _status(check, failed, total)
    if status != "passed":
        after, limit = _status(check, failed - part.known, total)
        status, allowed = ("known", allowed) if after == "passed" else (after, limit)
    keys = part.fresh if failing is None or len(part.fresh) else failing[str(Finding.row_key)]
    sample = tuple(keys.drop_nulls().head(SAMPLE))
    return Verdict(check, status, failed, total, allowed, sample=sample, known=part.known, notes=part.notes), part


def _status(check: Check, failed: int, total: int) -> tuple[Status, float | int]:
    """What so many failing rows mean, and the threshold that says so."""
    if check.warn is None and check.error is None:
        own = Level(rows=check.max_rows) if check.max_rows is not None else Level(share=check.max_share)
        return (check.severity if _exceeds(own, failed, total) else "passed"), _limit(own)
    levels: list[tuple[Status, Level | None]] = [("error", check.error), ("warning", check.warn)]
    for status, level in levels:
        if level is not None and _exceeds(level, failed, total):
            return status, _limit(level)
    return "passed", _limit(check.warn or check.error or Level(share=0.0))


def _exceeds(level: Level, failed: int, total: int) -> bool:
    return failed > level.rows if level.rows is not None else failed > (level.share or 0.0) * total + ROUNDING


def _limit(level: Level) -> float | int:
    return level.rows if level.rows is not None else (level.share or 0.0)


def _before(able: Sequence[Check], beside: Beside) -> dict[str, dict[str, Any]]:
    """The figures of the last snapshot, of the rules whose columns it has."""
    if beside.before is None:
        return {}
    schema = beside.before.collect_schema()
    compared = [check for check in able if check.max_change is not None and why_not(check, schema, {}) is None]
    asked = {f"{c.name} {name}": part for c in compared for name, part in figures(c, schema).items()}
    if not asked:
        return {}
    told = beside.before.select(part.alias(name) for name, part in asked.items()).collect(engine="streaming")
    values = told.row(0, named=True)
    return {check.name: {name: values[f"{check.name} {name}"] for name in figures(check, schema)} for check in compared}


def _measured(
    check: Check,
    counted: Mapping[str, Any],
    frame: pl.LazyFrame,
    before: Mapping[str, Mapping[str, Any]],
    beside: Beside,
) -> Measure:
    if check.check != "distribution":
        return measured(check, counted, before.get(check.name), beside.now)
    last = beside.before
    if last is not None and why_not(check, last.collect_schema(), {}) is not None:
        return skipped("the last snapshot does not have the column")
    return drifted(check, frame, last, frame.collect_schema())


def _by_measure(check: Check, measure: Measure, beside: Beside) -> tuple[Verdict, Split | None]:
    if measure.why_skipped is not None:
        return Verdict(check, "skipped", 0, 0, why_skipped=measure.why_skipped), None
    failed = 0 if measure.holds else 1
    part = split(check, failed, None, beside.accepted, lasting=beside.lasting)
    status: Status = "passed" if measure.holds else "known" if part.known else check.severity
    notes = (*part.notes, *([measure.note] if measure.note else []))
    verdict = Verdict(
        check, status, failed, 1, measure.allowed, measure.value, measure.unit, known=part.known, notes=notes
    )
    return verdict, part
