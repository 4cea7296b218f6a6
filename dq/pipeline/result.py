"""What a run did, as a value: the face of `--format json` and of the last lines on a terminal."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, get_args

from dq.errors import Category, DqError

FORMAT_VERSION = 1
CATEGORIES: tuple[Category, ...] = get_args(Category)
UNEXPECTED, INTERRUPTED = 70, 130


@dataclass(frozen=True)
class Result:
    """The result of a run.

    Attributes:
        success: All that was planned is in both stores, verified.
        operation_id: The snapshot's id, which names plan, journal and log; empty where it failed before there was one.
        start_time: When it began.
        end_time: When it ended.
        exit_code: The command's exit code.
        backup_paths: Backups made before writing.
        duplicates_removed: Rows merged away.
        records_standardized: Rows with standardized or defaulted cells.
        records_synchronized: Rows written to agree with the other store.
        conflicts_resolved: Conflicts that a policy settled.
        conflicts_waiting: Conflicts that wait for a person.
        errors: What went wrong: category, where, what; for what ended the run also why, and how to go on.
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
    return {"format_version": FORMAT_VERSION, **data, "errors_by_category": by_category(result.errors)}


def by_category(errors: Iterable[Mapping[str, str]]) -> dict[str, int]:
    """How many errors of each category there are; every category is there.

    `critical`: the stores, or dq's own files, may not be as they should be. `recoverable`: the same command may work later.
    `data quality`: rows that a store would not take. `configuration`: a setting, rule or schema is to be changed first.
    """
    counts: dict[str, int] = dict.fromkeys(CATEGORIES, 0)
    for error in errors:
        counts[error["category"]] += 1
    return counts


def failed(error: BaseException, operation_id: str, began: datetime, ended: datetime) -> Result:
    """The result of a run that an error ended.

    Args:
        error: What ended it.
        operation_id: The snapshot's id, if there was one.
        began: When the run began.
        ended: When it ended.
    """
    told = _told(error)
    code = int(getattr(error, "exit_code", UNEXPECTED if isinstance(error, Exception) else INTERRUPTED))
    return Result(False, operation_id, began, ended, exit_code=code, errors=(told,))


def _told(error: BaseException) -> dict[str, str]:
    if isinstance(error, DqError):
        parts = {"where": error.where or "the run", "what": error.what, "why": error.why, "fix": error.fix}
        return {"category": error.category, **{name: text for name, text in parts.items() if text}}
    if isinstance(error, Exception):
        return {"category": "critical", "where": "the run", "what": f"unexpected {type(error).__name__}"}
    fix = "dq apply --resume"
    return {
        "category": "recoverable",
        "where": "the run",
        "what": "interrupted; what was begun is in the journal",
        "fix": fix,
    }
