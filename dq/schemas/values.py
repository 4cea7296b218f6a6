"""The closed vocabularies that contract columns draw from."""

from typing import Literal, get_args

Store = Literal["database", "airtable"]
Op = Literal["insert", "update", "delete"]
Reason = Literal["standardize", "default", "merge", "sync", "conflict", "link", "delete", "restore"]
ConflictKind = Literal["value_mismatch", "missing_database", "missing_airtable", "delete_edit"]
Severity = Literal["info", "warning", "error"]
Decision = Literal["link", "reject", "review"]

STORES: list[str] = list(get_args(Store))
OPS: list[str] = list(get_args(Op))
REASONS: list[str] = list(get_args(Reason))
CONFLICT_KINDS: list[str] = list(get_args(ConflictKind))
SEVERITIES: list[str] = list(get_args(Severity))
DECISIONS: list[str] = list(get_args(Decision))
