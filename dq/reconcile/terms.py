"""What a plan may do to two tables, and what their columns can hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from dq.cells import is_writable_as, json_of, meaning_of, texts_of
from dq.manifest import Column, TableSchema
from dq.reconcile.referring import Referred, as_json, can_name
from dq.rules import FieldRule, Step, TableRules
from dq.schemas.values import Store

STORES: tuple[Store, Store] = ("database", "airtable")


@dataclass(frozen=True)
class Terms:
    """What the two tables are and what a plan may do to them.

    Attributes:
        rules: The mapping.
        database: The database table's schema.
        airtable: The Airtable table's schema.
        steps: What this plan is for: all of it, or only standardize, dedupe or sync.
        stamp: The plan's time, as the database writes times (for soft deletes).
        now: The plan's time.
        blind: Stores whose snapshot does not show deletions: nothing counts as gone from them.
        references: Field → the rows that it names, for the fields that refer to another mapping.
    """

    rules: TableRules
    database: TableSchema
    airtable: TableSchema
    steps: frozenset[Step]
    stamp: str | int
    now: datetime
    blind: frozenset[Store] = frozenset()
    references: Mapping[str, Referred] = field(default_factory=dict)

    def schema(self, store: Store) -> TableSchema:
        """The store's table."""
        return self.database if store == "database" else self.airtable

    def column(self, store: Store, field: FieldRule) -> Column:
        """The store's own column of a field."""
        return self.schema(store).column(field.name if store == "database" else field.airtable)

    def kinds(self, field: FieldRule) -> frozenset[str]:
        """The kinds of a field on both sides."""
        return frozenset(self.column(store, field).kind for store in STORES)

    def may_write(self, store: Store) -> bool:
        """Whether the mapping's direction lets this store be written at all."""
        return self.rules.sync.direction in ("both", f"to_{store}")

    def writes(self, store: Store, field: FieldRule) -> bool:
        """Whether this plan may write the field in this store: directions allow it and it is not computed."""
        allowed = self.may_write(store) and field.direction in ("both", f"to_{store}")
        return allowed and self.column(store, field).writable


def other(store: Store) -> Store:
    """The other side."""
    return "airtable" if store == "database" else "database"


def fits(value: pl.Expr, store: Store, field: FieldRule, terms: Terms) -> pl.Expr:
    """Whether a store's cell can hold the text: it names a row there, or its kind reads it and a select has the option."""
    column = terms.column(store, field)
    if field.name in terms.references:
        return can_name(value, terms.references[field.name], store, column.kind)
    fitting = is_writable_as(value, column.kind)
    if not column.choices:
        return fitting
    if column.kind == "list":
        return fitting & (texts_of(value).list.set_difference(list(column.choices)).list.len() == 0)
    return fitting & (value.is_null() | value.is_in(list(column.choices)))


def written(value: pl.Expr, store: Store, field: FieldRule, terms: Terms) -> pl.Expr:
    """The text as the store's cell is to hold it, as JSON text."""
    kind = terms.column(store, field).kind
    if field.name in terms.references:
        return as_json(value, terms.references[field.name], store, kind)
    return json_of(value, kind)


def meaning(raw: pl.Expr, field: FieldRule, terms: Terms) -> pl.Expr:
    """A stored cell's text as the text that counts."""
    return meaning_of(raw, terms.kinds(field))
