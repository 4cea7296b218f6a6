"""Bind configuration and rule files together: the rules of every table."""

from collections.abc import Mapping, Sequence
from typing import Any

from dq.rules import (
    Blocking,
    BrakeRules,
    Check,
    Child,
    DedupeRules,
    FieldRule,
    MatcherRules,
    MatchKey,
    TableRules,
)
from dq.rulesql import named_columns
from dq.settings.claims import STATUS_DEFAULT
from dq.settings.document import ABSENT, Document, value_at
from dq.settings.fields import fields_of, given
from dq.settings.filling import Lists
from dq.settings.mapping import find_mapping_mistakes, with_mapping
from dq.settings.mistakes import Key, Mistake, nearest, path_of
from dq.settings.qualityfile import Quality
from dq.settings.rulefiles import Rules
from dq.settings.ruleshapes import MatcherShape
from dq.settings.scope import scope_of
from dq.settings.shape import ConfigShape, TableShape
from dq.settings.sync import sync_of

IDENTIFYING_KINDS = frozenset({"email", "linkedin"})
"""Standardizer families whose values belong to one person: equality merges alone."""


def build_tables(document: Document, config: ConfigShape, rules: Rules) -> tuple[TableRules, ...]:
    """The rules of every configured table; mistakes are noted in the document."""
    tables = with_mapping(document, config)
    find_mapping_mistakes(document, tables)
    mapped = {table.database: list(table.mapping or {}) for table in tables}
    _find_unmapped(document, rules, tables)
    _find_unknown_tables(document, rules.quality, list(mapped))
    return tuple(_table(document, config, rules, table, position, mapped) for position, table in enumerate(tables))


def _table(
    document: Document,
    config: ConfigShape,
    rules: Rules,
    shape: TableShape,
    position: int,
    mapped: Mapping[str, Sequence[str]],
) -> TableRules:
    key: Key = ("tables", position)
    sync = {**given(config.sync), **given(shape.sync)}
    fields = fields_of(document, config, rules, shape, sync.pop("conflict", ("most_recent",)))
    _find_unknown_fields(document, key, shape)
    _find_unknown_defaults(document, key, fields)
    quality = checks_for(rules.quality, shape.database, mapped)
    return TableRules(
        table=shape.database,
        airtable=shape.airtable,
        key=shape.key,
        modified_database=shape.modified.database,
        modified_airtable=shape.modified.airtable,
        created_database=shape.created.database,
        link_database=shape.link.database,
        link_airtable=shape.link.airtable,
        fields=fields,
        children=tuple(Child(table=child.table, column=child.column) for child in shape.children),
        insert_defaults=shape.defaults,
        scope=scope_of(document, (*key, "scope"), shape),
        dedupe=_dedupe(document, key, {**given(config.duplicates), **given(shape.duplicates)}, rules, fields),
        sync=sync_of(document, key, config, sync),
        brakes=_brakes(config, shape),
        quality=quality,
        known=tuple(one for one in rules.quality.known if one.rule in {check.name for check in quality}),
    )


def checks_for(quality: Quality, table: str, mapped: Mapping[str, Sequence[str]]) -> tuple[Check, ...]:
    """The quality rules that are for one table.

    Shipped rules on fields that are not mapped are left out; the project's own may name other columns of the database's
    table, which only a snapshot knows, but are not for a table when another one maps what they name.

    Args:
        quality: The rules.
        table: The table.
        mapped: Database table → its mapped fields.
    """
    others = {name for other, names in mapped.items() if other != table for name in names}

    def is_mine(check: Check) -> bool:
        if check.table is not None:
            return check.table == table
        missing = set(named_columns(check)) - set(mapped[table])
        return not missing or (quality.own and not missing & others)

    return tuple(check for check in quality.checks if is_mine(check))


def _find_unknown_tables(document: Document, quality: Quality, tables: Sequence[str]) -> None:
    for check in quality.checks:
        if check.table is not None and check.table not in tables:
            text = f"the table `{check.table}` is not mapped{nearest(check.table, tables)}"
            document.mistakes.append(Mistake(check.source or "rules/quality.yaml", f"{check.name}.table", text))


def _brakes(config: ConfigShape, shape: TableShape) -> BrakeRules:
    limits = BrakeRules().model_dump()
    for said in (given(config.brakes), given(shape.brakes)):
        for name, value in said.items():
            limits[name] = {**limits[name], **value} if isinstance(value, dict) else value
    return BrakeRules.model_validate(limits)


def _dedupe(
    document: Document, table: Key, said: dict[str, Any], rules: Rules, fields: Sequence[FieldRule]
) -> DedupeRules:
    kinds = {field.name: field.kind for field in fields}
    personal = {field.name: field.kind in IDENTIFYING_KINDS and not field.of_company for field in fields}
    file = rules.dedupe
    identifying = {key.field: key.identifying for key in file.keys if key.identifying is not None}
    names = [key.field for key in file.keys if key.field in kinds]
    if "matching_fields" in said:
        own: Key = (*table, "duplicates", "matching_fields")
        at = own if own in document.lines or own in document.overridden else ("duplicates", "matching_fields")
        _find_unknown(document, at, said["matching_fields"], list(kinds))
        names = [name for name in dict.fromkeys(said["matching_fields"]) if name in kinds]
    return DedupeRules(
        keys=tuple(MatchKey(field=name, identifying=identifying.get(name, personal[name])) for name in names),
        threshold=said.get("matching_threshold", file.threshold),
        name_field=file.name_field if file.name_field in kinds else None,
        max_surnames=said.get("max_surnames", file.max_surnames),
        placeholders=rules.lists.placeholders,
        resolve=said.get("resolve", "merge"),
        survivorship_priority=tuple(rules.survivorship.source_priority),
        matcher=matcher_of(file.matcher, rules.lists) if file.matcher.enabled else None,
        stated_fields=tuple(said.get("matching_fields") or ()),
        stated_threshold=said.get("matching_threshold"),
    )


def matcher_of(shape: MatcherShape, lists: Lists) -> MatcherRules:
    """The matcher's rules, with the lists that it goes by."""
    return MatcherRules(
        merge=shape.merge,
        review=min(shape.review, shape.merge),
        fewest_rows=shape.fewest_rows,
        columns=shape.columns,
        blocking=Blocking.model_validate(shape.blocking.model_dump()),
        never=tuple(shape.never),
        always=tuple(map(tuple, shape.always)),
        nicknames=lists.nicknames,
        legal_forms=lists.legal_forms,
        public_domains=lists.email_domains.get("free", ()),
        placeholders=lists.placeholders,
    )


def _find_unknown(document: Document, key: Key, names: Sequence[str], known: Sequence[str]) -> None:
    for position, name in enumerate(names):
        if name not in known:
            text = f"`{name}` is not in the mapping{nearest(name, known)}"
            document.mistakes.append(document.mistake((*key, position), text))


def _find_unmapped(document: Document, rules: Rules, tables: Sequence[TableShape]) -> None:
    """Fields of the project's own standardize file that no table maps: a rule that is for nothing is a slip."""
    known = sorted({name for table in tables for name in table.mapping or {}})
    for key, where in rules.named.items():
        name = str(key[1])
        if known and name not in known:
            text = f"no table maps a column `{name}`{nearest(name, known)}"
            document.mistakes.append(Mistake(where, path_of(key), text))


def _find_unknown_fields(document: Document, key: Key, shape: TableShape) -> None:
    known = list(shape.mapping or {})
    for name in shape.fields:
        if name not in known:
            text = f"`{name}` is not in the mapping{nearest(name, known)}"
            document.mistakes.append(document.mistake((*key, "fields", name), text))
    for name in shape.defaults:
        if name in known:
            text = f"`{name}` is mapped; its default stands in `fields: {{{name}: {{default: …}}}}`"
            document.mistakes.append(document.mistake((*key, "defaults", name), text))


def _find_unknown_defaults(document: Document, key: Key, fields: Sequence[FieldRule]) -> None:
    """A default that its own field's standardizer does not know would be a finding in every row."""
    for field in fields:
        last = field.standardize[-1]
        if last.name != "enum" or field.default is None or field.default in last.options["values"]:
            continue
        hint = nearest(field.default, last.options["values"])
        text = f"the default `{field.default}` is none of the values of `{field.name}`{hint}"
        own: Key = (*key, "fields", field.name, "default")
        said = next((at for at in (own, STATUS_DEFAULT) if value_at(document.data, at) is not ABSENT), None)
        shipped = Mistake("rules/standardize.yaml", f"defaults.{field.name}", text)
        document.mistakes.append(document.mistake(said, text) if said else shipped)
