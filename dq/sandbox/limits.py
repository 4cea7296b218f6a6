"""The rate limits: so many requests a second for each base and for each user, and what follows one too many."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from dq.sandbox import refusals

Mode: TypeAlias = Literal["lockout", "sliding"]
"""After one request too many: every request fails for the length of the penalty, or only those above the rate."""

USER_SHARE = 10.0
"""Airtable gives a user ten times what it gives a base: 50 requests a second against 5."""


@dataclass
class Limiter:
    """The limits, and what each base and user has seen of them.

    Args:
        rps: Requests a second that one base takes; 0 means no limit at all.
        penalty: Seconds for which every request to a base fails after one too many.
        clock: A monotonic clock, in seconds.
        mode: What follows one request too many.
        user_rps: Requests a second that one user may make to all bases together; None is ten times `rps`.
        recent: When the last admitted requests came, by base or user.
        locked_until: The end of a penalty, by base or user.
    """

    rps: float
    penalty: float
    clock: Callable[[], float]
    mode: Mode = "lockout"
    user_rps: float | None = None
    recent: dict[str, deque[float]] = field(default_factory=dict)
    locked_until: dict[str, float] = field(default_factory=dict)


def admit(limiter: Limiter, base_id: str | None, user: str = "", *, slow_rps: float | None = None) -> None:
    """Count one request to a base and of a user.

    A rate below or between whole numbers is kept over a window that holds whole requests: 0.5 is one in two seconds.

    Args:
        limiter: The limits; they remember the request.
        base_id: The base; None where the request goes to none.
        user: The user; empty for nobody.
        slow_rps: The base's rate where its plan's calls are spent; None where they are not.

    Raises:
        RefusalError: The base or the user has had its requests, or is still locked.
    """
    if not limiter.rps:
        return
    rates: list[tuple[str, float]] = []
    if base_id is not None:
        rates.append((base_id, limiter.rps if slow_rps is None else min(limiter.rps, slow_rps)))
    if user:
        rates.append((user, limiter.rps * USER_SHARE if limiter.user_rps is None else limiter.user_rps))
    now = limiter.clock()
    for key, rate in rates:
        _check(limiter, key, rate, now)
    for key, _ in rates:
        limiter.recent[key].append(now)


def lock(limiter: Limiter, base_id: str) -> None:
    """Begin a base's penalty, as a 429 does that was injected.

    Args:
        limiter: The limits.
        base_id: The base.
    """
    if limiter.rps and limiter.mode == "lockout":
        limiter.locked_until[base_id] = limiter.clock() + limiter.penalty


def _check(limiter: Limiter, key: str, rate: float, now: float) -> None:
    if now < limiter.locked_until.get(key, now):
        raise refusals.rate_limited()
    if not rate:
        limiter.recent.setdefault(key, deque()).clear()
        return
    most = max(1, int(rate))
    recent = limiter.recent.setdefault(key, deque())
    while recent and recent[0] <= now - most / rate:
        recent.popleft()
    if len(recent) >= most:
        lock(limiter, key)
        raise refusals.rate_limited()
