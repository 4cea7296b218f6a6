"""Airtable's plans, as far as the API feels them: records a base, calls a month, and what happens after those.

The figures are those of Airtable's support pages and of vendors who quote them.
"""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal, TypeAlias

Over: TypeAlias = Literal["refuse", "slow"]


@dataclass(frozen=True)
class Plan:
    """What a workspace has paid for.

    Args:
        name: The plan.
        records: Records that one base may hold, all its tables together.
        calls: API calls a month for all bases together; None is no limit.
        over: What happens when they are spent: data is refused with 429, or each base slows down.
        slow_rps: Requests a second that a slowed base takes.
    """

    name: str
    records: int
    calls: int | None = None
    over: Over = "refuse"
    slow_rps: float = 2.0


PLANS = MappingProxyType(
    {
        plan.name: plan
        for plan in (
            Plan("free", 1_000, 1_000),
            Plan("team", 50_000, 100_000, "slow"),
            Plan("business", 125_000),
            Plan("enterprise", 500_000),
        )
    }
)
DEFAULT = PLANS["business"]


def plan_of(name: str, calls: int | None = None) -> Plan:
    """A plan, perhaps with another number of calls a month.

    Args:
        name: A key of `PLANS`.
        calls: In place of the plan's own.

    Raises:
        KeyError: There is no such plan.
    """
    plan = PLANS[name]
    return plan if calls is None else replace(plan, calls=calls)
