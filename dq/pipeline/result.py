"""What a run did, as a value: the face of `--format json` and of the last lines on a terminal."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

FORMAT_VERSION = 1


@dataclass(frozen=True)
class Result:
    """The result of a run.

    Attributes:
        success: All that was planned is in both stores, verified.
        operation_id: The snapshot's id, which names plan, journal and log.
        start_time: When it began.
        end_time: When it ended.
        exit_code: The command's exit code.
        backup_paths: Backups made before writing.
        duplicates_removed: Rows merged away.
        records_standardized: Rows with standardized or defaulted cells.
        records_synchronized: Rows written to agree with the other store.
        conflicts_resolved: Conflicts that a policy settled.
        conflicts_waiting: Conflicts that wait for a person.
        errors: What went wrong, by category.
        warnings: What to look at.
        details: Counts of the steps: rows, changes, calls, states of the writes, seconds.
    """

    success: bool
    operation_id: str
    start_time: datetime
    end_time: datetime
    exit_code: int = 0
    backup_paths: tuple[str, ...] = ()
    duplicates_removed: int = 0
    records_standardized: int = 0
    records_synchronized: int = 0
    conflicts_resolved: int = 0
    conflicts_waiting: int = 0
    errors: tuple[Mapping[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)


def to_dict(result: Result) -> dict[str, Any]:
    """The result as JSON-ready values."""
    data = asdict(result)
    data["start_time"], data["end_time"] = result.start_time.isoformat(), result.end_time.isoformat()
    return {"format_version": FORMAT_VERSION, **data}
