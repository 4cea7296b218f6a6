"""Digests of what the rules and the configuration say: equal content, equal digest."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from dq.rules import FieldRule, TableRules

_FIELD_RULES = ("standardize", "default", "survivorship", "on_invalid")
_TABLE_RULES = ("dedupe", "quality")
_FIELD_MEANING = {"airtable", "standardize", "default", "on_invalid"}
_TABLE_MEANING = {"table", "airtable", "key", "link_database", "link_airtable", "dedupe", "scope"}


def rules_digest(tables: Sequence[TableRules]) -> str:
    """SHA-256 of what the rule files, and the keys that override them, say for the mapped fields."""
    return _digest([{"table": table.table, **_part(table, rules=True)} for table in tables])


def config_digest(tables: Sequence[TableRules], database: str, airtable: str) -> str:
    """SHA-256 of what else changes a plan.

    Args:
        tables: Their names, keys, links, mapping, directions, policies and brakes count.
        database: The database's identity, without credentials.
        airtable: The base's identity, without credentials.
    """
    stores = {"database": database, "airtable": airtable}
    return _digest({"stores": stores, "tables": [_part(table, rules=False) for table in tables]})


def meaning_digest(tables: Sequence[TableRules]) -> str:
    """SHA-256 of what gives the base its meaning: mapping, keys, links, standardizers, matching and scope.

    Under others the base's cells and pairs are not what the stores agreed on: they all look edited, or gone.
    """
    return _digest(
        [
            {
                **_without_matcher(table.model_dump(mode="json", include=_TABLE_MEANING)),
                "fields": {field.name: _said(field, include=_FIELD_MEANING) for field in table.fields},
            }
            for table in tables
        ]
    )


def _part(table: TableRules, *, rules: bool) -> dict[str, Any]:
    whole = table.model_dump(mode="json", exclude={"fields": True, "sync": {"tombstone_days"}})
    part = {name: value for name, value in whole.items() if (name in _TABLE_RULES) == rules}
    if table.dedupe.matcher is None and rules:
        part = _without_matcher(part)
    return {**part, "fields": {field.name: _field(field, rules=rules) for field in table.fields}}


def _without_matcher(table: dict[str, Any]) -> dict[str, Any]:
    """The table without the matcher: it finds leads to merge, and changes no cell's meaning."""
    return {**table, "dedupe": {name: value for name, value in table["dedupe"].items() if name != "matcher"}}


def _field(field: FieldRule, *, rules: bool) -> Mapping[str, Any]:
    return {name: value for name, value in _said(field).items() if (name in _FIELD_RULES) == rules}


def _said(field: FieldRule, include: set[str] | None = None) -> dict[str, Any]:
    """A field's rules; what is as it always was is left out, so that digests of earlier versions hold."""
    whole = field.model_dump(mode="json", include=include)
    if whole["on_invalid"] == "keep":
        del whole["on_invalid"]
    for step in whole["standardize"]:
        if step["version"] == 1:
            del step["version"]
    return whole


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
