"""Scope: which leads belong in Airtable at all.

It is judged on what the database's row will hold. Where records of leads out of scope are kept, the database's own word
counts: an edit in Airtable that takes a lead out of scope still reaches the database. Where they are deleted, the golden
record counts, so that all that the record held is in the database when it goes; a lead with a waiting conflict stays.
"""

import polars as pl
from polars.exceptions import PolarsError

from dq.errors import ConfigurationError
from dq.reconcile.align import AIRTABLE, DATABASE, VERDICT, at
from dq.reconcile.merge import OPEN, golden, origin
from dq.reconcile.terms import Terms
from dq.rules import Scope

_KEY = "key@scope"
_LACKING = ["insert_airtable", "revive_airtable", "delete_database"]
_NEW = ["insert_database", "revive_database"]


def kept_out(rows: pl.DataFrame, stored: pl.DataFrame, terms: Terms) -> pl.DataFrame:
    """The aligned rows; what only the database has, out of scope, is `outside`, and pairs whose records are kept.

    Args:
        rows: Aligned rows.
        stored: row_key and the columns that the scope names, as the database's snapshot has them.
        terms: The scope.
    """
    scope = terms.rules.scope
    if scope is None or "sync" not in terms.steps:
        return rows
    words = {}
    for field in terms.rules.fields:
        word = pl.col(at(field.name, "database"))
        words[field.name] = word if field.default is None else word.fill_null(field.default)
    is_out = ~inside(rows, words, stored, scope, terms)
    here = pl.col(VERDICT).is_in([*_LACKING, *(["pair"] if scope.leaving == "keep" else [])])
    return rows.with_columns(pl.when(here & is_out).then(pl.lit("outside")).otherwise(VERDICT).alias(VERDICT))


def left_out(rows: pl.DataFrame, stored: pl.DataFrame, terms: Terms) -> pl.DataFrame:
    """The settled rows; pairs whose golden records are out of scope leave Airtable, if their records are to be deleted.

    Args:
        rows: Rows with golden values, defaults filled in.
        stored: As for `kept_out`.
        terms: The scope.
    """
    scope = terms.rules.scope
    if scope is None or scope.leaving == "keep" or "sync" not in terms.steps:
        return rows
    words = {field.name: pl.col(golden(field.name)) for field in terms.rules.fields}
    is_out = ~inside(rows, words, stored, scope, terms)
    waits = pl.any_horizontal(pl.lit(value=False), *(pl.col(origin(f.name)) == OPEN for f in terms.rules.fields))
    leaves = pl.lit("leave_airtable" if terms.may_write("airtable") else "outside")
    verdict = pl.col(VERDICT)
    return rows.with_columns(
        pl.when(is_out & (verdict == "pair") & ~waits)
        .then(leaves)
        .when(is_out & verdict.is_in(_NEW))
        .then(pl.lit("outside"))
        .otherwise(verdict)
        .alias(VERDICT)
    )


def tally(rows: pl.DataFrame) -> pl.DataFrame:
    """what, rows: how many leads are out of scope, with a record or without."""
    verdict = pl.col(VERDICT)
    has_record = pl.col(AIRTABLE).is_not_null() & (verdict == "outside")
    counts = {
        "out of scope": (verdict == "outside") & ~has_record,
        "out of scope, record kept": has_record,
        "leaving the scope": verdict == "leave_airtable",
    }
    told = rows.select(is_one.sum().cast(pl.Int64).alias(what) for what, is_one in counts.items())
    return told.unpivot(variable_name="what", value_name="rows").filter(pl.col("rows") > 0)


def inside(
    rows: pl.DataFrame, words: dict[str, pl.Expr], stored: pl.DataFrame, scope: Scope, terms: Terms
) -> pl.Series:
    """Whether each row is in scope; what cannot be told is not, as in SQL's WHERE.

    Args:
        rows: Rows with the database's key.
        words: Field → what its cell will hold.
        stored: row_key and the columns that the scope names, as the database's snapshot has them.
        scope: The scope.
        terms: The mapping.

    Raises:
        ConfigurationError: The condition does not fit the columns.
    """
    mapped = [name for name in scope.columns if name in words and name not in terms.references]
    typed = [_typed(words[name], stored.schema[name], terms.database.column(name).kind).alias(name) for name in mapped]
    others = [name for name in scope.columns if name not in mapped]
    cells = rows.select(pl.col(DATABASE).alias(_KEY), *typed)
    if others:
        beside = stored.select(pl.col("row_key").alias(_KEY), *others)
        cells = cells.join(beside, on=_KEY, how="left", maintain_order="left")
    where = f"table {terms.rules.table}, scope"
    try:
        told = cells.select(pl.sql_expr(scope.where).alias("inside")).to_series()
    except PolarsError as error:
        raise ConfigurationError(
            "The scope cannot be evaluated on the table's columns.",
            where=where,
            why=type(error).__name__,
            fix=f"compare each column with values of its type: {', '.join(f'{n} {t}' for n, t in cells.schema.items() if n != _KEY)}",
        ) from None
    if told.dtype != pl.Boolean or len(told) not in (0, cells.height):
        raise ConfigurationError(
            f"The scope gives {told.dtype}, not true or false for every row.",
            where=where,
            fix="write a condition, like: status <> 'archived'",
        )
    return told.fill_null(value=False)


def _typed(word: pl.Expr, dtype: pl.DataType, kind: str) -> pl.Expr:
    """A text that counts as a cell of the snapshot's type."""
    if dtype == pl.String:
        return word
    if dtype == pl.Boolean:
        return word == "true"
    if kind == "boolean":
        return pl.when(word == "true").then(1).when(word == "false").then(0).cast(dtype)
    return word.cast(dtype, strict=False)
