"""Which mask each field gets, by what the rules say of it and by its name; and frames with all their values masked.

Whatever nobody knows is masked. What only names rows is not: keys, links between the stores, times.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from dq.masking import MASKS, Mask, masked, masked_json, masked_key
from dq.rules import FieldRule, TableRules
from dq.schemas import Change, Conflict
from dq.schemas.audit import AuditEntry

_KINDS: Mapping[str, Mask] = {
    "email": "email",
    "website": "url",
    "linkedin": "url",
    "enum": "choice",
    "company": "text",
    "name": "name",
    "phone": "phone",
}
_NAMES: Sequence[tuple[Mask, re.Pattern[str]]] = [
    ("email", re.compile(r"e-?mail", re.IGNORECASE)),
    ("phone", re.compile(r"phone|mobile|\btel\b|fax|whatsapp", re.IGNORECASE)),
    ("url", re.compile(r"\burl\b|website|linkedin|homepage", re.IGNORECASE)),
    ("name", re.compile(r"^(full|first|last|middle|contact|person)?[ _-]?name$", re.IGNORECASE)),
]
_SYSTEM = ("id", "deleted_at", "merged_into", "created_at", "updated_at", "createdTime")
_MASK = "mask#"


@dataclass(frozen=True)
class Masks:
    """How each field is masked.

    Attributes:
        fields: Store and field → its mask; a field that is not named gets `text`.
        choices: Values of closed lists: they stay.
    """

    fields: Mapping[tuple[str, str], Mask]
    choices: frozenset[str]

    def of(self, store: str, field: str) -> Mask:
        """The mask of a store's field."""
        return self.fields.get((store, field), "text")


def masks_of(tables: Iterable[TableRules]) -> Masks:
    """The masks that the rules of all mappings ask for."""
    found: dict[tuple[str, str], Mask] = {
        (store, name): "none" for store in ("database", "airtable") for name in _SYSTEM
    }
    choices: set[str] = set()
    for rules in tables:
        for field in rules.fields:
            mask = _mask(field, rules)
            for key in (("database", field.name), ("airtable", field.airtable)):
                found[key] = mask if found.get(key, mask) == mask else "text"  # two mappings that disagree
            choices |= set(field.standardize[-1].options.get("values") or ()) if field.kind == "enum" else set()
            choices |= {field.default} if field.kind == "enum" and field.default is not None else set()
        for store, name in _keys(rules):
            found.setdefault((store, name), "none")
    return Masks(found, frozenset(choices))


def masked_keys(keys: pl.DataFrame, masks: Masks, columns: Mapping[str, str]) -> pl.DataFrame:
    """Keys of a file's rows: of fields that the rules know masked as these are, of others addresses alone.

    Args:
        keys: A column for each part of the key.
        masks: How fields are masked.
        columns: Column of `keys` → the column's name in the file.
    """
    shown = []
    for own, name in columns.items():
        known = [mask for (_, field), mask in masks.fields.items() if field.lower() == name.lower()]
        mask = known[0] if known else None
        if mask == "none" or (mask is None and keys.schema[own] != pl.String):
            shown.append(pl.col(own))
            continue
        value = pl.col(own).cast(pl.String)
        shown.append(masked_key(value) if mask is None else masked(value, mask, masks.choices))
    return keys.select(shown)


def masked_changes(changes: pl.DataFrame, masks: Masks) -> pl.DataFrame:
    """A changeset, or entries of the audit log, with `before` and `after` masked."""
    return _masked(changes, [Change.before, Change.after], pl.col(Change.store), masks)


def masked_conflicts(conflicts: pl.DataFrame, masks: Masks) -> pl.DataFrame:
    """Conflicts with their three values masked; their fields have the database's names."""
    return _masked(conflicts, [Conflict.base, Conflict.database, Conflict.airtable], pl.lit("database"), masks)


def masked_cells(cells: pl.DataFrame, values: Sequence[str], masks: Masks) -> pl.DataFrame:
    """Cells by `store` and `field` with these columns of JSON text masked."""
    return _masked(cells, values, pl.col(Change.store), masks)


def _masked(rows: pl.DataFrame, values: Sequence[str], store: pl.Expr, masks: Masks) -> pl.DataFrame:
    place = pl.concat_str(store, pl.lit("/"), AuditEntry.field)
    known = {f"{side}/{field}": mask for (side, field), mask in masks.fields.items()}
    mask = place.replace_strict(known, default="text", return_dtype=pl.String)
    marked = rows.with_columns(mask.alias(_MASK))
    return marked.with_columns(_by_mask(name, masks).alias(name) for name in values).drop(_MASK)


def _by_mask(name: str, masks: Masks) -> pl.Expr:
    shown = masked_json(pl.col(name), "text")
    for mask in MASKS:
        shown = pl.when(pl.col(_MASK) == mask).then(masked_json(pl.col(name), mask, masks.choices)).otherwise(shown)
    return shown


def _mask(field: FieldRule, rules: TableRules) -> Mask:
    if field.refers is not None:
        return "none"
    if field.kind in _KINDS:
        return _KINDS[field.kind]
    if field.name == rules.dedupe.name_field:
        return "name"
    names = (field.name, field.airtable)
    return next((mask for mask, words in _NAMES if any(words.search(name) for name in names)), "text")


def _keys(rules: TableRules) -> list[tuple[str, str]]:
    """Columns that name rows or tell times."""
    database = [rules.key, rules.link_database, rules.modified_database, rules.created_database]
    database += [child.column for child in rules.children]
    airtable = [rules.link_airtable, rules.modified_airtable]
    return [("database", name) for name in database if name] + [("airtable", name) for name in airtable if name]
