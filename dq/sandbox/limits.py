"""The rate limit of each base: so many requests a second, and a lock-out for whoever asks for more."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from dq.sandbox import refusals


@dataclass
class Limiter:
    """The limit, and what each base has seen of it.

    Args:
        rps: Requests a second that one base takes; 0 means no limit.
        penalty: Seconds for which every request to a base fails after one too many.
        clock: A monotonic clock, in seconds.
    """

    rps: float
    penalty: float
    clock: Callable[[], float]
    recent: dict[str, deque[float]] = field(default_factory=dict)
    locked_until: dict[str, float] = field(default_factory=dict)


def admit(limiter: Limiter, base_id: str) -> None:
    """Count one request to a base.

    A rate below or between whole numbers is kept over a window that holds whole requests: 0.5 is one in two seconds.

    Args:
        limiter: The limit; it remembers the request.
        base_id: The base.

    Raises:
        RefusalError: The base has had its requests, or is still locked.
    """
    if not limiter.rps:
        return
    now = limiter.clock()
    if now < limiter.locked_until.get(base_id, now):
        raise refusals.rate_limited()
    most = max(1, int(limiter.rps))
    recent = limiter.recent.setdefault(base_id, deque())
    while recent and recent[0] <= now - most / limiter.rps:
        recent.popleft()
    if len(recent) >= most:
        limiter.locked_until[base_id] = now + limiter.penalty
        raise refusals.rate_limited()
    recent.append(now)
