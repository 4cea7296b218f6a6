"""Every expected failure, with the exit code it ends a command with.

    DqError
    ├── ConfigurationError    2   usage, configuration, rules, schemas of the stores
    ├── FindingError          1   a gate failed, a review is needed
    ├── PartialError          3   rows were quarantined, the rest was applied and verified
    ├── BrakeError            4   a safety brake holds
    ├── TemporaryError        5   lock, rate, network: a rerun may work
    │   └── LostAnswerError   5   a write may have been carried out: read before anything is sent again
    ├── VerifyError           6   what was read back is not what was written
    ├── LockedOutError        7   a person must look
    └── DamagedError          7   a file of dq's own does not match its digest

An error says what (with numbers), where, why it matters and the next command to type. It never carries a secret
or a cell's value.
"""

from typing import ClassVar, Literal

Category = Literal["critical", "recoverable", "data quality", "configuration"]


class DqError(Exception):
    """A failure that dq expected: what happened, where, why it matters, and what to type next.

    Args:
        what: One sentence with the numbers.
        where: Table, file with line, field or row key.
        why: Why dq stops here.
        fix: A command to type or a setting to change.
    """

    exit_code: ClassVar[int] = 70
    category: ClassVar[Category] = "critical"

    def __init__(self, what: str, *, where: str | None = None, why: str | None = None, fix: str | None = None) -> None:
        super().__init__(what)
        self.what, self.where, self.why, self.fix = what, where, why, fix

    def __str__(self) -> str:
        """The error as the lines that a person reads."""
        parts = [self.what]
        parts += [f"  where: {self.where}"] if self.where else []
        parts += [f"  why:   {self.why}"] if self.why else []
        parts += [f"  fix:   {self.fix}"] if self.fix else []
        return "\n".join(parts)


class ConfigurationError(DqError):
    """The command, the configuration, the rules or a store's schema do not fit together."""

    exit_code = 2
    category = "configuration"


class FindingError(DqError):
    """A quality gate failed or a review is needed."""

    exit_code = 1
    category = "data quality"


class PartialError(DqError):
    """Some rows were left out; all others were applied and verified."""

    exit_code = 3
    category = "data quality"


class BrakeError(DqError):
    """A safety brake holds; its own flag, naming the number, lifts it."""

    exit_code = 4
    category = "critical"


class TemporaryError(DqError):
    """A lock, a rate limit or the network: the same command may work later."""

    exit_code = 5
    category = "recoverable"


class LostAnswerError(TemporaryError):
    """The answer to a write is lost: whether it was carried out must be read before anything is sent again."""


class VerifyError(DqError):
    """A store does not hold what was written to it."""

    exit_code = 6
    category = "critical"


class LockedOutError(DqError):
    """Something only a person can settle."""

    exit_code = 7
    category = "critical"


class DamagedError(LockedOutError):
    """A file of dq's own is incomplete or does not match its digest."""
