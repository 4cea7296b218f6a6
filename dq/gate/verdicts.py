"""What the gate says: one verdict a rule, and a report over all of them. Values only; nothing here judges."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

import polars as pl

from dq.checks import Check, Dimension
from dq.schemas.finding import FINDING_TYPES
from dq.schemas.values import Severity

Status = Literal["passed", "info", "warning", "error", "known", "skipped"]
"""`passed`: within its threshold, `known`: only because of failures that are accepted; `skipped`: not judged; else the
level at which it failed."""
SAMPLE = 5
"""Row keys that a verdict names."""
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)
WEIGHTS: Mapping[str, int] = {"info": 1, "warning": 2, "error": 4}
"""What a rule counts in the score of its dimension, by its severity."""


@dataclass(frozen=True)
class Verdict:
    """One rule's outcome.

    Attributes:
        check: The rule.
        status: What it means.
        failed: Failing rows, accepted ones too; of a rule about the whole table 1 or 0.
        total: Rows that were judged (those of `where`); of a rule about the whole table 1.
        allowed: The threshold that decided: a number of rows if whole, a share or the measure's limit if not; None if skipped.
        measured: What a rule about the whole table found, in `unit`; None for rules that count rows.
        unit: `rows`, or what `measured` is in: `share`, `seconds`, `distance`.
        why_skipped: Why it was not judged.
        sample: Keys of some failing rows, new ones first.
        known: Failing rows that the baseline or the list of known failures accepts.
        notes: What a person should know besides: a known failure with its end, an exception that expired.
    """

    check: Check
    status: Status
    failed: int
    total: int
    allowed: float | int | None = None
    measured: float | None = None
    unit: str = "rows"
    why_skipped: str | None = None
    sample: tuple[str, ...] = ()
    known: int = 0
    notes: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """Share of the judged rows that fail."""
        return self.failed / self.total if self.total else 0.0

    @property
    def new(self) -> int:
        """Failing rows that nothing accepts."""
        return self.failed - self.known

    @property
    def passed(self) -> bool:
        """Whether the rule holds, or all that breaks it is accepted, or it could not be judged."""
        return self.status in ("passed", "known", "skipped")


@dataclass(frozen=True)
class Ratchet:
    """Failures against what the baseline accepts, in rows over all rules.

    Attributes:
        new: Failing rows that nothing accepts.
        known: Failing rows that the baseline or the list of known failures accepts.
        fixed: Rows that the baseline accepts and that fail no more.
    """

    new: int = 0
    known: int = 0
    fixed: int = 0


@dataclass(frozen=True)
class Report:
    """All rules' outcomes on one table or file.

    Attributes:
        target: What was judged: the database table of a mapping, or a file's name.
        rows: Its rows.
        verdicts: A verdict a rule, in the rules' order.
        scores: Dimension → share of (row, rule) that hold, 0 to 1, for dimensions that have rules.
        total_score: The mean of the scores; 1 where nothing was judged.
        findings: A finding for each failing row (Finding contract).
        baseline: New, known and fixed failures.
        lasting: Whether row keys name the same rows from run to run; row numbers do not.
        unnamed: Rows of a file whose `id` is empty or repeated, so that all are named by their numbers.
    """

    target: str
    rows: int
    verdicts: tuple[Verdict, ...]
    scores: Mapping[Dimension, float] = field(default_factory=dict)
    total_score: float = 1.0
    findings: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=FINDING_TYPES))
    baseline: Ratchet = Ratchet()
    lasting: bool = True
    unnamed: int = 0

    @property
    def failed(self) -> list[Verdict]:
        """The rules that did not pass, the most severe first."""
        order = {"error": 0, "warning": 1}
        return sorted((v for v in self.verdicts if not v.passed), key=lambda v: order.get(v.status, 2))

    @property
    def passed(self) -> bool:
        """Whether no rule failed as an error."""
        return self.passes("error")

    def passes(self, fail_on: Severity) -> bool:
        """Whether no rule failed at this severity or above."""
        return not any(WEIGHTS[v.status] >= WEIGHTS[fail_on] for v in self.verdicts if not v.passed)


def scores_of(verdicts: tuple[Verdict, ...]) -> tuple[dict[Dimension, float], float]:
    """The score of every dimension that has rules, and the total.

    A dimension's score is the mean over its rules of the share of rows that hold, weighted by severity. The total is
    the plain mean of the dimensions, so that a rule moves it through its own dimension only. Accepted failures count:
    the score tells how the data are, the gate whether they got worse.
    """
    scores: dict[Dimension, float] = {}
    for dimension in DIMENSIONS:
        mine = [v for v in verdicts if v.check.dimension == dimension and v.status != "skipped"]
        weight = sum(WEIGHTS[v.check.severity] for v in mine)
        if weight:
            scores[dimension] = sum(WEIGHTS[v.check.severity] * (1 - v.share) for v in mine) / weight
    return scores, sum(scores.values()) / len(scores) if scores else 1.0
