"""Settings: `config/dq.yaml`, `rules/` and the environment as one frozen value.

file ──► document (values with lines) ──► environment ──► shape ──► claims ──► tables, stores ──► Settings
rules/ ──► rule files, lists ────────────────────────────────────────────────────┘
"""

from dq.settings.check import check
from dq.settings.filerules import FileMatching, file_matching, file_rules
from dq.settings.load import load
from dq.settings.show import schema, show
from dq.settings.values import (
    AirtableSettings,
    BackupSettings,
    DatabaseSettings,
    LimitSettings,
    RetentionSettings,
    RunOptions,
    Settings,
)

__all__ = [
    "AirtableSettings",
    "BackupSettings",
    "DatabaseSettings",
    "FileMatching",
    "LimitSettings",
    "RetentionSettings",
    "RunOptions",
    "Settings",
    "check",
    "file_matching",
    "file_rules",
    "load",
    "schema",
    "show",
]
