"""How a sandbox behaves: one value, from the command line or from a test."""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

from dq.errors import ConfigurationError
from dq.sandbox.iterators import IDLE_SECONDS
from dq.sandbox.limits import Mode
from dq.sandbox.parsing import parsed
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


def switches_of(settings: Iterable[str]) -> Switches:
    """The switches that `NAME=VALUE` texts set; all others stand at their strictest.

    Args:
        settings: One text for each switch.

    Raises:
        ConfigurationError: There is no such switch, or it does not take the value.
    """
    given = dict(setting.partition("=")[::2] for setting in settings)
    names = [one.name for one in dataclasses.fields(Switches)]
    for name in given:
        if name not in names:
            near = get_close_matches(name, names, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ConfigurationError(f"There is no switch {name!r}.{hint}", why=f"The switches: {', '.join(names)}.")
    if not given:
        return STRICT
    try:
        return parsed(Switches, given)
    except ValueError as error:
        raise ConfigurationError("A switch does not take its value.", why=str(error)) from error
