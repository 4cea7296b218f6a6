"""The maintenance document's keys as native keys: which stands for which, and what to do when both speak."""

from typing import Any

from dq.settings.document import ABSENT, Document, value_at
from dq.settings.mistakes import Key, path_of
from dq.settings.words import policies

STATUS_DEFAULT: Key = ("maintenance_config", "field_standardization", "engagement_status", "default_value")
_SAME: dict[Key, Key] = {
    ("maintenance_config", "backup", "enabled"): ("backups", "enabled"),
    ("maintenance_config", "backup", "retention_days"): ("backups", "retention_days"),
    ("maintenance_config", "backup", "backup_directory"): ("backups", "directory"),
    ("maintenance_config", "backup", "verify_integrity"): ("backups", "verify_integrity"),
    ("maintenance_config", "duplicate_detection", "matching_fields"): ("duplicates", "matching_fields"),
    ("maintenance_config", "duplicate_detection", "matching_threshold"): ("duplicates", "matching_threshold"),
    ("maintenance_config", "duplicate_detection", "resolution_strategy"): ("duplicates", "resolve"),
    ("maintenance_config", "synchronization", "conflict_resolution"): ("sync", "conflict"),
    ("maintenance_config", "synchronization", "batch_size"): ("limits", "batch_size"),
    ("maintenance_config", "synchronization", "max_retries"): ("limits", "max_retries"),
    ("maintenance_config", "synchronization", "retry_delay_seconds"): ("limits", "retry_delay_seconds"),
    ("maintenance_config", "performance", "max_memory_usage_mb"): ("limits", "max_memory_usage_mb"),
    ("maintenance_config", "performance", "progress_update_interval"): ("limits", "progress_update_interval"),
    ("maintenance_config", "performance", "enable_parallel_processing"): ("limits", "enable_parallel_processing"),
    ("maintenance_options", "duplicate_matching_fields"): ("duplicates", "matching_fields"),
    ("maintenance_options", "conflict_resolution_strategy"): ("sync", "conflict"),
    ("maintenance_options", "batch_size"): ("limits", "batch_size"),
    ("maintenance_options", "engagement_status_default"): STATUS_DEFAULT,
}
"""Keys of the document that equal a native key."""


def apply_claims(document: Document) -> None:
    """Set the native key of every key of the maintenance document's sections.

    An environment variable wins over both; two keys of the file that say different things are a mistake.
    """
    for source, target in _SAME.items():
        value = value_at(document.data, source)
        if value is ABSENT:
            continue
        native = value_at(document.data, target)
        if native is ABSENT:
            document.origins[target] = document.where(source)
            _set(document.data, target, value)
        elif target not in document.overridden and _meaning(target, native) != _meaning(target, value):
            text = f"says something else than {path_of(target)} ({document.where(target)}); keep one of them"
            document.mistakes.append(document.mistake(source, text))


def _set(data: dict[str, Any], key: Key, value: Any) -> None:
    *path, last = (str(step) for step in key)
    for step in path:
        if not isinstance(data.get(step), dict):
            data[step] = {}
        data = data[step]
    data[last] = value


def _meaning(target: Key, value: Any) -> Any:
    """The value as it is compared: words for the same policy, and `./x` and `x`, are equal."""
    if target[-1] == "conflict":
        return policies(value)
    return value.removeprefix("./").rstrip("/") if target[-1] == "directory" and isinstance(value, str) else value
