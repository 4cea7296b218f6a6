"""Read-only: where the configuration, `DQ_READ_ONLY` or `--read-only` says so, nothing is written to a store."""

from dq.errors import ConfigurationError
from dq.settings import Settings


def demand_writable(settings: Settings, command: str) -> None:
    """Refuse what writes to a store while only reading is allowed.

    Args:
        settings: The settings.
        command: The command to type where writing is allowed.

    Raises:
        ConfigurationError: Only reading is allowed.
    """
    if settings.read_only:
        raise read_only(command)


def read_only(command: str) -> ConfigurationError:
    """The error for a command that would write."""
    return ConfigurationError(
        "Only reading is allowed here: nothing was written to a store.",
        where="read_only in the configuration, DQ_READ_ONLY, or --read-only",
        why="Snapshot, clean, diff, check, status, why and every --dry-run work.",
        fix=f"where writing is allowed: {command}",
    )
