"""What reconcile noticed about rows and cells, in the Finding contract."""

from collections.abc import Sequence

import polars as pl

from dq.reconcile.align import AIRTABLE, DATABASE, VERDICT, at
from dq.reconcile.terms import Terms, other
from dq.rules import FieldRule
from dq.schemas import Finding
from dq.schemas.finding import FINDING_TYPES
from dq.schemas.values import Store
from dq.side import KEY

_REVIVED = "was deleted on the other side but edited here since: the edit survives"
_PARENT = "was deleted in Airtable, but rows of other tables point at it: it stays until they are gone"
_EMPTY = "has no value of its own that the other store could take: it is not copied there"
_OUTSIDE = "is out of scope: its Airtable record stays as it is and is not synchronized"
_FOREIGN = "is out of scope and not in the database: it is left as it is"
_UNNAMED = "names a row that {store} does not have: its column {column} is not written"
_UNFIT = "does not fit {store}'s column {column} ({type}): it is not written there"
_NOTHING = pl.lit(None, pl.String)


def row_findings(
    rows: pl.DataFrame, unfit: Sequence[tuple[Store, FieldRule, pl.DataFrame]], terms: Terms
) -> pl.DataFrame:
    """Findings on whole rows (empty, edited after a delete) and on cells that the other store cannot hold."""
    here = pl.when(pl.col(DATABASE).is_not_null()).then(pl.lit("database")).otherwise(pl.lit("airtable"))
    parts = [
        _rows(rows.filter(pl.col(VERDICT) == "empty"), here, "row.empty", "info", _EMPTY, terms),
        _rows(
            rows.filter(pl.col(VERDICT).str.starts_with("revive_")), here, "row.delete_edit", "warning", _REVIVED, terms
        ),
        _rows(rows.filter(pl.col(VERDICT) == "held_database"), here, "row.children", "warning", _PARENT, terms),
        *_outside(rows.filter((pl.col(VERDICT) == "outside") & pl.col(AIRTABLE).is_not_null()), terms),
        *(_cells(store, field, cells, terms) for store, field, cells in unfit),
    ]
    return pl.concat(parts).sort(list(FINDING_TYPES))


def _outside(rows: pl.DataFrame, terms: Terms) -> list[pl.DataFrame]:
    """Records that are there though their leads are out of scope."""
    here, in_database = pl.lit("airtable"), pl.col(DATABASE).is_not_null()
    named = rows.with_columns(pl.lit(None, pl.String).alias(DATABASE))
    return [
        _rows(named.filter(rows.select(in_database).to_series()), here, "scope.outside", "info", _OUTSIDE, terms),
        _rows(named.filter(rows.select(~in_database).to_series()), here, "scope.foreign", "warning", _FOREIGN, terms),
    ]


def _rows(rows: pl.DataFrame, store: pl.Expr, rule: str, severity: str, message: str, terms: Terms) -> pl.DataFrame:
    return rows.select(
        store.alias(Finding.store),
        pl.lit(terms.rules.table).alias(Finding.table),
        pl.coalesce(DATABASE, AIRTABLE).alias(Finding.row_key),
        _NOTHING.alias(Finding.field),
        _NOTHING.alias(Finding.value),
        pl.lit(rule).alias(Finding.rule),
        pl.lit(severity).alias(Finding.severity),
        pl.lit(message).alias(Finding.message),
    ).cast(pl.Schema(FINDING_TYPES))


def _cells(store: Store, field: FieldRule, cells: pl.DataFrame, terms: Terms) -> pl.DataFrame:
    column = terms.column(store, field)
    is_select = bool(column.choices)
    message = _UNFIT.format(store=store, column=column.name, type=column.type)
    if is_select:
        message = f"is no option of Airtable's field {column.name}: add the option there, or a synonym in rules/standardize.yaml"
    refers = field.name in terms.references
    message = _UNNAMED.format(store=store, column=column.name) if refers else message
    own = pl.col(at(KEY, store))
    return cells.select(
        pl.when(own.is_not_null()).then(pl.lit(store)).otherwise(pl.lit(other(store))).alias(Finding.store),
        pl.lit(terms.rules.table).alias(Finding.table),
        pl.coalesce(own, at(KEY, other(store))).alias(Finding.row_key),
        pl.lit(field.name).alias(Finding.field),
        pl.col("value").alias(Finding.value),
        pl.lit("link.unnamed" if refers else "select.missing_option" if is_select else "kind.unfit").alias(
            Finding.rule
        ),
        pl.lit("warning").alias(Finding.severity),
        pl.lit(message).alias(Finding.message),
    ).cast(pl.Schema(FINDING_TYPES))
