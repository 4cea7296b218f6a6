"""How a sandbox behaves: one value, from the command line or from a test."""

from dataclasses import dataclass, field

from dq.sandbox.iterators import IDLE_SECONDS
from dq.sandbox.limits import Mode
from dq.sandbox.plans import DEFAULT, Plan
from dq.sandbox.switches import STRICT, Switches
from dq.sandbox.tokens import Tokens


@dataclass(frozen=True)
class Options:
    """How a sandbox behaves.

    Args:
        rps: Requests a second that each base takes; 0 means no limit.
        penalty: Seconds for which a base is locked after one request too many.
        mode: Whether one request too many locks the base, or only fails itself.
        user_rps: Requests a second that a token's user may make in all; None is ten times `rps`.
        latency: Seconds that each answer waits; other requests are served meanwhile.
        plan: What the workspace has paid for.
        tokens: The tokens to take; any, by default.
        switches: What the sandbox does where Airtable's behavior is unknown.
        iterator_seconds: How long a list that nobody pages through lives.
        iterator_pages: How many pages of a list are served before its iterator expires; None is all.
        body_limit: The most bytes that a request's body may have; None is no limit.
    """

    rps: float = 5.0
    penalty: float = 30.0
    mode: Mode = "lockout"
    user_rps: float | None = None
    latency: float = 0.0
    plan: Plan = DEFAULT
    tokens: Tokens = field(default_factory=Tokens)
    switches: Switches = STRICT
    iterator_seconds: float = IDLE_SECONDS
    iterator_pages: int | None = None
    body_limit: int | None = None


STANDARD = Options()
"""As Airtable behaves, as strictly as anybody has seen."""
