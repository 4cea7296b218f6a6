"""Cells as text: how a store's values become the text that every step compares, and JSON for the changeset.

    store value ──text_of──► exact text (`f_raw`) ──meaning_of──► text that is equal when the values mean the same
                                   │
                                   └──json_of──► JSON text in changeset and journal ──value_of──► store value

All functions but `value_of` are Polars expressions; `value_of` serves the few cells of one batch.
"""

import json
from typing import Any, Literal

import polars as pl

Kind = Literal["text", "rich_text", "integer", "number", "boolean", "date", "datetime", "list", "json"]
QUOTED: frozenset[str] = frozenset({"text", "rich_text", "date", "datetime"})
"""Kinds whose JSON is a string; the others' exact text is JSON already."""

_EMPTY_LINE_END = r"[\n\r]+$"
_BULLET = r"(?m)^(\s*)[*+] "


def text_of(value: pl.Expr, kind: Kind, dtype: pl.DataType) -> pl.Expr:
    """A snapshot column as exact text: numbers in their shortest form, booleans as true/false, lists as JSON."""
    if dtype == pl.String:
        return value
    if dtype == pl.Boolean:
        return value.cast(pl.String)
    if dtype.is_float():
        whole = value.cast(pl.Int64, strict=False)
        return pl.when(whole.cast(dtype) == value).then(whole.cast(pl.String)).otherwise(value.cast(pl.String))
    if kind == "boolean":
        return (
            pl.when(value == 0)
            .then(pl.lit("false"))
            .when(value == 1)
            .then(pl.lit("true"))
            .otherwise(value.cast(pl.String))
        )
    return value.cast(pl.String)


def meaning_of(value: pl.Expr, kinds: frozenset[str]) -> pl.Expr:
    """Exact text as the text that counts: an empty cell is null, whatever form the stores give it.

    Args:
        value: Exact text, as `text_of` made it.
        kinds: The kinds of the field on both sides; the looser one rules (rich text on one side makes both rich).
    """
    if "boolean" in kinds:  # Airtable leaves out an unticked box
        return pl.when(value.str.to_lowercase().is_in(["true", "1"])).then(pl.lit("true")).otherwise(pl.lit("false"))
    if "rich_text" in kinds:  # Airtable rewrites bullets and ends the text with a line end
        value = value.str.replace_all(_BULLET, "${1}- ").str.replace(_EMPTY_LINE_END, "")
    if "list" in kinds:
        value = pl.when(value != "[]").then(value)
    if kinds & {"number", "integer"}:  # 7, 7.0 and 0007 are one number; what is none stays as it is
        number = value.cast(pl.Float64, strict=False)
        value = pl.when(number.is_not_null()).then(text_of(number, "number", pl.Float64())).otherwise(value)
    return pl.when(value != "").then(value)


def json_of(value: pl.Expr, kind: Kind) -> pl.Expr:
    """Exact text as JSON text; null stays null."""
    if kind not in QUOTED:
        return value
    quoted = pl.struct(value.alias("v")).struct.json_encode().str.strip_prefix('{"v":').str.strip_suffix("}")
    return pl.when(value.is_not_null()).then(quoted)


def is_writable_as(value: pl.Expr, kind: Kind) -> pl.Expr:
    """Whether exact text can be a value of this kind (null can always: it clears)."""
    checks = {
        "integer": value.cast(pl.Int64, strict=False).is_not_null(),
        "number": value.cast(pl.Float64, strict=False).is_finite().fill_null(value=False),
        "boolean": value.is_in(["true", "false"]),
        "date": value.str.contains(r"^\d{4}-\d{2}-\d{2}$"),
        "datetime": value.str.contains(r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}"),
        "list": value.str.starts_with("["),
    }
    return value.is_null() | checks.get(kind, pl.lit(value=True))


def value_of(text: str | None) -> Any:
    """The value that JSON text stands for; None for null. For one batch's cells, not for frames."""
    return None if text is None else json.loads(text)
