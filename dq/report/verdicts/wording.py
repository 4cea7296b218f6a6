"""A verdict in words, the same in every format: how many rows fail, what is allowed, which rows."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

import polars as pl

from dq.gate import Report, Verdict
from dq.gate.verdicts import WEIGHTS
from dq.masking import masked_key
from dq.schemas.values import Severity

MOST_CHARACTERS = 1_000
"""Of a message; the rest is cut."""
_SOURCE = re.compile(r"^(?P<file>.*?)(?: \(as shipped\))?(?::(?P<line>[0-9]+))?$")
_RULES = "rules/quality.yaml"
_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60))


@dataclass(frozen=True)
class Place:
    """Where a rule stands: a file of the repository, and its line if known."""

    file: str
    line: int | None


def judged(reports: Sequence[Report]) -> Iterator[tuple[Report, Verdict]]:
    """Every verdict with its report."""
    return ((report, verdict) for report in reports for verdict in report.verdicts)


def worst_first(reports: Sequence[Report]) -> list[tuple[Report, Verdict]]:
    """The verdicts that did not pass: errors, warnings, info, and of equals the larger share of failing rows first."""
    failed = [(report, verdict) for report, verdict in judged(reports) if not verdict.passed]
    return sorted(
        failed, key=lambda pair: (-WEIGHTS[pair[1].status], -pair[1].share, pair[0].target, pair[1].check.name)
    )


def fails(verdict: Verdict, fail_on: Severity) -> bool:
    """Whether a verdict fails the check."""
    return verdict.status in WEIGHTS and WEIGHTS[verdict.status] >= WEIGHTS[fail_on]


def passed(reports: Sequence[Report], fail_on: Severity) -> bool:
    """Whether nothing fails the check."""
    return all(report.passes(fail_on) for report in reports)


def headline(reports: Sequence[Report]) -> str:
    """How many rules hold, in one line."""
    statuses: list[str] = [verdict.status for _, verdict in judged(reports)]
    counts = [(statuses.count(status), *words) for status, words in _WORDS.items()]
    told = [f"{count:,} {one if count == 1 else more}" for count, one, more in counts if count]
    held = f"{statuses.count('passed') + statuses.count('known'):,} of {len(statuses):,} rules hold"
    return held + (f": {', '.join(told)}" if told else "")


_WORDS = {
    "error": ("error", "errors"),
    "warning": ("warning", "warnings"),
    "info": ("remark", "remarks"),
    "skipped": ("not judged", "not judged"),
}


def sentence(verdict: Verdict) -> str:
    """How a rule came out."""
    if verdict.status == "skipped":
        return f"not judged: {verdict.why_skipped or 'nothing to judge'}"
    if verdict.measured is not None:
        return _measured(verdict, verdict.measured)
    if verdict.unit != "rows":
        return "nothing could be measured"
    if not verdict.failed:
        return f"all {verdict.total:,} rows hold" if verdict.total else "no rows to judge"
    told = f"{verdict.failed:,} of {verdict.total:,} rows fail ({percent(verdict.share)})"
    if verdict.allowed is not None:
        told += f", {_threshold(verdict.allowed)} allowed"
    return told + (f", {verdict.known:,} of them accepted" if verdict.known else "")


def details(verdict: Verdict) -> list[str]:
    """What else there is to say: why it matters, which rows, notes, who looks after it."""
    told = [verdict.check.reason] if verdict.check.reason else []
    keys = keys_of(verdict)
    if keys and not verdict.passed:
        rest = verdict.failed - len(keys)
        told.append(f"rows {', '.join(keys)}" + (f" and {rest:,} more" if rest > 0 else ""))
    owner = [f"owner {verdict.check.owner}"] if verdict.check.owner and not verdict.passed else []
    return told + list(verdict.notes) + owner


def message(verdict: Verdict) -> str:
    """A verdict in one paragraph."""
    return cut(". ".join(one.rstrip(".") for one in [sentence(verdict), *details(verdict)]))


def keys_of(verdict: Verdict) -> list[str]:
    """The row keys that a verdict names, in one line each; one that is an e-mail address is masked."""
    keys = pl.Series("key", verdict.sample, pl.String)
    shown = keys.to_frame().select(masked_key(pl.col("key")))
    return [printable(text) for text in shown.to_series().to_list()]


def place_of(verdict: Verdict) -> Place:
    """The rule's file and line; of a file outside the project only its name, as paths of machines are nobody's business."""
    found = _SOURCE.match(verdict.check.source or _RULES)
    file, line = (found["file"], found["line"]) if found else (_RULES, None)
    path = PurePath(file or _RULES)
    inside = not path.is_absolute() and ".." not in path.parts
    return Place(path.as_posix() if inside else path.name, int(line) if line else None)


def subject(verdict: Verdict) -> str:
    """What a rule is about: its kind and its columns."""
    return f"{verdict.check.check} of {verdict.check.about}" if verdict.check.columns else verdict.check.check


def percent(share: float) -> str:
    """A share as a percentage; 0 and 100 only where it is so."""
    if 0 < share < 1:
        share = min(max(share, 0.0001), 0.9999)
    return f"{100 * share:.3g} %" if share <= 0.99 else f"{100 * share:.4g} %"


def printable(text: str) -> str:
    """A text in one line, without what moves a cursor."""
    return "".join(c if c.isprintable() else "·" for c in text)


def cut(text: str) -> str:
    """A text of bounded length."""
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "…"


def _measured(verdict: Verdict, measured: float) -> str:
    told = _amount(measured, verdict.unit) + (" old" if verdict.unit == "seconds" else "")
    limit = "" if verdict.allowed is None else f"; the limit is {_amount(verdict.allowed, verdict.unit)}"
    return told + limit


def _threshold(allowed: float) -> str:
    return f"{allowed:,}" if isinstance(allowed, int) else percent(allowed) if allowed else "none"


def _amount(number: float, unit: str) -> str:
    if unit == "rows":
        return f"{number:,.0f} rows"
    if unit == "share":
        return percent(number)
    if unit == "seconds":
        name, length = next(((name, length) for name, length in _UNITS if abs(number) >= length), ("s", 1))
        return f"{number / length:,.3g} {name}"
    return f"{number:.3g}"
