"""Faults on demand: what goes wrong with which request, before the request is carried out or after it was.

A schedule is a value; a running sandbox takes it at `/_sandbox/faults` and draws from it by its seed and by the number
of the request, so that the same sequence of requests meets the same faults.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any, ClassVar, Literal, TypeAlias, get_args

from dq.sandbox import remote
from dq.sandbox.parsing import STRICT_KEYS

FAULTS_PATH = "/_sandbox/faults"

FaultKind: TypeAlias = Literal[
    "reset",
    "delay",
    "truncated",
    "cut",
    "html_502",
    "unavailable",
    "retry_after",
    "rate_limit",
    "rate_limit_list",
    "billing",
    "too_large",
    "server_error",
    "gateway_timeout",
    "iterator",
]
"""What the client sees: a connection that is reset; one that says nothing for some seconds; half a body under a whole
body's length; half a body under its own length; 502 in HTML; 503 without and with `Retry-After`; 429 for haste, in the
usual envelope and as a list of errors; 429 for a spent month; 413; 500; 504 without a body; 422 because the list that
is being paged through is gone."""

Phase: TypeAlias = Literal["before", "after"]
"""Whether the fault comes in place of the request, or in place of its answer."""

KINDS: tuple[FaultKind, ...] = get_args(FaultKind)
REFUSALS = frozenset({"rate_limit", "rate_limit_list", "billing", "too_large", "iterator"})
"""Faults that mean that nothing was done: they come before only."""

PASSING: tuple[FaultKind, ...] = tuple(kind for kind in KINDS if kind not in ("billing", "too_large"))
"""Faults after which the same request may succeed."""


@dataclass(frozen=True)
class Fault:
    """One fault.

    Args:
        kind: What the client sees.
        phase: Before the request is carried out, or after.
        seconds: For `delay`, how long nothing is said, in real time; for `retry_after`, what the header says.
    """

    __pydantic_config__: ClassVar[Any] = STRICT_KEYS

    kind: FaultKind
    phase: Phase = "before"
    seconds: float = 1.0

    def __post_init__(self) -> None:
        if self.phase == "after" and self.kind in REFUSALS:
            raise ValueError(f"{self.kind} means that nothing was done: its phase is before")
        if self.seconds < 0:
            raise ValueError("seconds must not be negative")


@dataclass(frozen=True)
class Asked:
    """A request as faults see it; `paged` says whether it goes on with a list."""

    method: str
    kind: str
    base: str | None = None
    table: str | None = None
    paged: bool = False


@dataclass(frozen=True)
class Rule:
    """Which requests meet a fault.

    Args:
        faults: One of them, drawn by the seed.
        method: HTTP verb; None is any.
        on: Kind of the request: list, get, create, update, delete, schema, meta, webhooks, comments; None is any.
        base: Id of the base; None is any.
        table: The table as the path names it; None is any.
        nth: Which of the requests that fit, counted from 1; empty is each.
        rate: How likely each of these meets the fault.
        times: At most so many; None is no limit.
    """

    __pydantic_config__: ClassVar[Any] = STRICT_KEYS

    faults: tuple[Fault, ...]
    method: str | None = None
    on: str | None = None
    base: str | None = None
    table: str | None = None
    nth: tuple[int, ...] = ()
    rate: float = 1.0
    times: int | None = None

    def __post_init__(self) -> None:
        if not self.faults:
            raise ValueError("a rule needs a fault")
        if not 0 <= self.rate <= 1:
            raise ValueError("rate lies from 0 to 1")


@dataclass(frozen=True)
class Schedule:
    """Rules, the first that strikes wins.

    Args:
        rules: What may go wrong.
        seed: Decides every draw.
        in_a_row: After so many faults one after the other the next request passes; None is no limit.
    """

    __pydantic_config__: ClassVar[Any] = STRICT_KEYS

    rules: tuple[Rule, ...] = ()
    seed: int = 0
    in_a_row: int | None = None


@dataclass
class Faults:
    """The schedule of a running sandbox and what it has done.

    Args:
        schedule: The rules in force.
        number: Requests since they were set.
        fitting: How many requests each rule has fitted.
        struck: How often each rule has struck.
        streak: Faults one after the other.
        injected: What was injected: number of the request, verb, kind and fault.
    """

    schedule: Schedule = field(default_factory=Schedule)
    number: int = 0
    fitting: list[int] = field(default_factory=list)
    struck: list[int] = field(default_factory=list)
    streak: int = 0
    injected: list[dict[str, Any]] = field(default_factory=list)


def seeded(
    seed: int,
    rate: float,
    *,
    kinds: Sequence[FaultKind] = PASSING,
    phases: Sequence[Phase] = get_args(Phase),
    seconds: float = 1.0,
    in_a_row: int | None = 3,
) -> Schedule:
    """A schedule that strikes any request with some probability.

    Args:
        seed: Decides which requests and which faults.
        rate: How likely a request meets a fault.
        kinds: The faults to draw from.
        phases: When they may come.
        seconds: Of a delay, and of a `Retry-After`.
        in_a_row: After so many faults one after the other the next request passes.
    """
    drawn = [
        Fault(kind, phase, seconds) for kind in kinds for phase in phases if phase == "before" or kind not in REFUSALS
    ]
    return Schedule((Rule(tuple(drawn), rate=rate),), seed, in_a_row)


def set_schedule(faults: Faults, schedule: Schedule) -> None:
    """Put other rules in force and begin to count.

    Args:
        faults: The running sandbox's faults.
        schedule: The rules.
    """
    faults.schedule, faults.number, faults.streak = schedule, 0, 0
    faults.fitting = [0] * len(schedule.rules)
    faults.struck = [0] * len(schedule.rules)
    faults.injected = []


def draw(faults: Faults, asked: Asked) -> Fault | None:
    """The fault that a request meets, if it meets one.

    Args:
        faults: The running sandbox's faults; they remember the request.
        asked: The request.
    """
    faults.number += 1
    strikes = [_strike(faults, place, rule, asked) for place, rule in enumerate(faults.schedule.rules)]
    place, fault = next(((place, fault) for place, fault in enumerate(strikes) if fault), (0, None))
    if fault is None or faults.streak == faults.schedule.in_a_row:
        faults.streak = 0
        return None
    faults.streak += 1
    faults.struck[place] += 1
    faults.injected.append({"number": faults.number, "method": asked.method, "on": asked.kind, **asdict(fault)})
    return fault


def _strike(faults: Faults, place: int, rule: Rule, asked: Asked) -> Fault | None:
    if not _fits(rule, asked):
        return None
    random = Random(f"{faults.schedule.seed}/{place}/{faults.number}")  # noqa: S311 - chance, not secrecy
    possible = [fault for fault in rule.faults if asked.paged or fault.kind != "iterator"]
    faults.fitting[place] += bool(possible)
    if not possible or (rule.nth and faults.fitting[place] not in rule.nth) or random.random() >= rule.rate:
        return None
    spent = rule.times is not None and faults.struck[place] >= rule.times
    return None if spent else random.choice(possible)


def _fits(rule: Rule, asked: Asked) -> bool:
    pairs = ((rule.method, asked.method), (rule.on, asked.kind), (rule.base, asked.base), (rule.table, asked.table))
    return all(wanted is None or wanted == found for wanted, found in pairs)


def put(address: str, schedule: Schedule) -> None:
    """Set the faults of a running sandbox.

    Args:
        address: Where it answers.
        schedule: The rules, in place of those in force.
    """
    remote.ask(address, "POST", FAULTS_PATH, asdict(schedule))


def listed(address: str) -> dict[str, Any]:
    """The `schedule` of a running sandbox, how many requests (`number`) it has seen, and what it `injected`.

    Args:
        address: Where it answers.
    """
    return remote.ask(address, "GET", FAULTS_PATH)


def clear(address: str) -> None:
    """Let a running sandbox answer without faults.

    Args:
        address: Where it answers.
    """
    remote.ask(address, "DELETE", FAULTS_PATH)
