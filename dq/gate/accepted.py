"""Failures that are accepted: those of the baseline, and those on the list of known failures until their day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from dq.checks import Check, Known
from dq.rulesql import digests

WHERE = "where"


@dataclass(frozen=True)
class Entry:
    """What the baseline accepts of one rule on one target.

    Attributes:
        failed: Failing rows.
        keys: Digests of their keys; empty where rows have no key that lasts, then only the number counts.
    """

    failed: int
    keys: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Accepted:
    """What is accepted on one target.

    Attributes:
        baseline: Rule → entry.
        known: The list of known failures.
        today: The day (UTC) that their ends are held against; None: nobody knows, and none has ended.
    """

    baseline: Mapping[str, Entry] = field(default_factory=dict)
    known: Sequence[Known] = ()
    today: date | None = None

    def of(self, check: Check) -> list[Known]:
        """The known failures of a rule."""
        return [known for known in self.known if known.rule == check.name]

    def has_ended(self, known: Known) -> bool:
        """Whether a known failure's last day is over."""
        return self.today is not None and known.until < self.today


@dataclass(frozen=True)
class Split:
    """A rule's failing rows, held against what is accepted.

    Attributes:
        known: How many are accepted.
        fixed: How many rows the baseline accepts that fail no more.
        fresh: Keys of those that nothing accepts, as far as rows are told apart.
        notes: Reasons and ends, for people.
    """

    known: int
    fixed: int
    fresh: pl.Series
    notes: tuple[str, ...]


def split(check: Check, failed: int, failing: pl.DataFrame | None, accepted: Accepted, *, lasting: bool) -> Split:
    """A rule's failures as new and accepted ones.

    Args:
        check: The rule.
        failed: How many rows fail.
        failing: row_key and, for each of the rule's known failures with a condition, `where<n>`; None if the rule names
            no rows.
        accepted: What is accepted.
        lasting: Whether keys name the same rows from run to run.
    """
    mine, entry = accepted.of(check), accepted.baseline.get(check.name)
    keys = pl.Series("row_key", [], dtype=pl.String) if failing is None else failing["row_key"].fill_null("")
    excused = pl.repeat(False, len(keys), dtype=pl.Boolean, eager=True)
    for n, known in enumerate(mine):
        if failing is not None and known.where and not accepted.has_ended(known):
            excused = excused | failing[f"{WHERE}{n}"]
    fixed = 0
    if entry is not None and entry.keys and lasting and len(keys):
        of_baseline = digests(keys).is_in(pl.Series(sorted(entry.keys)).implode())
        excused, fixed = excused | of_baseline, entry.failed - int(of_baseline.sum())
    fresh, count = keys.filter(~excused), int(excused.sum())
    if entry is not None and not (entry.keys and lasting and len(keys)):  # only the number counts
        more = 0 if entry.keys and lasting else min(entry.failed, failed - count)
        count, fixed = count + more, entry.failed - more
    for known in mine:
        if not known.where and not accepted.has_ended(known):
            count += failed - count if known.rows is None else min(known.rows, failed - count)
    notes = tuple(_note(known, ended=accepted.has_ended(known)) for known in mine) if failed else ()
    return Split(count, fixed, fresh if count < failed else fresh.clear(), notes)


def entry_of(failed: int, keys: pl.Series, *, lasting: bool) -> Entry:
    """The baseline's entry that accepts these failures."""
    return Entry(failed, frozenset(digests(keys)) if len(keys) and lasting else frozenset())


def _note(known: Known, *, ended: bool) -> str:
    owner = f" ({known.owner})" if known.owner else ""
    if ended:
        return f"was accepted until {known.until.isoformat()}, which is over: {known.reason}{owner}"
    return f"known until {known.until.isoformat()}: {known.reason}{owner}"
