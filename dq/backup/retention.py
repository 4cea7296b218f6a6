"""Which backups, or snapshots, are kept, and why: by age, by number, by tag. Pure: their times in, decisions out.

Times are those of the manifests, in UTC: no time zone and no hour of a summer makes a day longer or shorter.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Policy:
    """What is kept: backups of so many days, so many of the newest, and those with one of these tags."""

    days: int
    last: int
    tags: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether it keeps nothing."""
        return not (self.days or self.last or self.tags)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A backup as the policy sees it.

    Attributes:
        id: Its id.
        taken_at: When it was taken, in UTC.
        tags: Its tags.
        is_good: Whether it is not known to be damaged; a damaged one never stands for a good one.
    """

    id: str
    taken_at: datetime
    tags: tuple[str, ...] = ()
    is_good: bool = True


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a backup is kept, and why."""

    id: str
    kept: bool
    reason: str


def decide(
    candidates: Sequence[Candidate], policy: Policy, now: datetime, protected: Mapping[str, str]
) -> list[Decision]:
    """What becomes of each backup, oldest first.

    A backup whose time lies in the future (a clock was wrong) is kept, and is none of the newest: it must not push a
    real one out.

    Args:
        candidates: The backups.
        policy: What is kept.
        now: The time.
        protected: Backups that are kept whatever the policy says, and why.
    """
    ordered = sorted(candidates, key=lambda one: (one.taken_at, one.id))
    countable = [one.id for one in ordered if one.is_good and one.taken_at <= now]
    newest = set(countable[-policy.last :]) if policy.last else set()
    return [_decision(one, policy, now, newest, protected) for one in ordered]


def _decision(
    one: Candidate, policy: Policy, now: datetime, newest: Collection[str], protected: Mapping[str, str]
) -> Decision:
    age = now - one.taken_at
    tags = sorted(set(one.tags) & set(policy.tags))
    if one.id in protected:
        reason = protected[one.id]
    elif age < timedelta(0):
        reason = "its time lies in the future: look at the clock"
    elif one.id in newest:
        reason = f"one of the {policy.last} newest" if policy.last > 1 else "the newest"
    elif tags:
        reason = f"tagged {tags[0]}"
    elif age < timedelta(days=policy.days):
        reason = f"younger than {policy.days} days"
    else:
        return Decision(one.id, kept=False, reason=_why_not(one, policy, age))
    return Decision(one.id, kept=True, reason=reason)


def _why_not(one: Candidate, policy: Policy, age: timedelta) -> str:
    damaged = "" if one.is_good else ", and damaged"
    return f"{age.days} days old{damaged}; {policy.days} are kept"
