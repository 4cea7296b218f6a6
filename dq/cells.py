"""Cells as text: how a store's values become the text that every step compares, and JSON for the changeset.

    store value ──text_of──► exact text (`f_raw`) ──meaning_of──► text that is equal when the values mean the same
                                   │
                                   └──json_of──► JSON text in changeset and journal ──value_of──► store value

All functions but `value_of` are Polars expressions; `value_of` serves the few cells of one batch.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Literal

import polars as pl

Kind = Literal["text", "long_text", "rich_text", "integer", "number", "boolean", "date", "datetime", "list", "json"]
QUOTED: frozenset[str] = frozenset({"text", "long_text", "rich_text", "date", "datetime"})
"""Kinds whose JSON is a string; the others' exact text is JSON already."""

_EMPTY_LINE_END = r"[\n\r]+$"
_BULLET = r"(?m)^(\s*)[*+] "
_ESCAPE = r"\\(?:[\"\\/bfnrt]|u(?:[0-9a-ce-fA-CE-F][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2}))"
_PAIR = r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_STRING = rf'"(?:[^"\\\x00-\x1f]|{_ESCAPE}|{_PAIR})*"'
_TEXTS = rf"^\s*\[\s*(?:{_STRING}\s*(?:,\s*{_STRING}\s*)*)?\]\s*$"
_EXACT_DIGITS = 15
"""Significant digits that a 64-bit float keeps whatever they are."""


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
    if "boolean" in kinds:  # Airtable leaves out an unticked box; what is neither yes nor no stays as it is
        folded = value.str.to_lowercase()
        is_no = value.is_null() | folded.is_in(["", "false", "0"])
        ticked = pl.when(folded.is_in(["true", "1"])).then(pl.lit("true"))
        return ticked.when(is_no).then(pl.lit("false")).otherwise(value)
    if "rich_text" in kinds:  # Airtable rewrites bullets and ends the text with a line end
        value = value.str.replace_all(_BULLET, "${1}- ").str.replace(_EMPTY_LINE_END, "")
    if "list" in kinds:  # one spelling, whatever spaces and escapes a store puts between and into the items
        value = pl.when(is_texts(value)).then(texts_json(texts_of(value))).otherwise(value)
        value = pl.when(value != "[]").then(value)
    if kinds & {"number", "integer"}:
        value = _number(value)
    return pl.when(value != "").then(value)


def _number(value: pl.Expr) -> pl.Expr:
    """7, 7.0 and 0007 as one text; what is no number, or has more digits than a float keeps, stays as it is."""
    whole, number = value.cast(pl.Int64, strict=False), value.cast(pl.Float64, strict=False)
    digits = value.str.replace(r"[eE].*$", "").str.replace_all(r"\D", "").str.strip_chars_start("0").str.len_chars()
    is_exact = number.is_finite() & (digits <= _EXACT_DIGITS)
    return (
        pl.when(whole.is_not_null())
        .then(whole.cast(pl.String))
        .when(is_exact)
        .then(text_of(number, "number", pl.Float64()))
        .otherwise(value)
    )


def is_texts(value: pl.Expr) -> pl.Expr:
    """Whether exact text is a JSON list of strings; a text that merely begins with `[` is none."""
    return value.str.contains(_TEXTS)


def texts_of(value: pl.Expr) -> pl.Expr:
    """The items of a JSON list of strings; an empty list for every other text."""
    return pl.when(is_texts(value)).then(value).otherwise(pl.lit("[]")).str.json_decode(pl.List(pl.String))


def texts_json(items: pl.Expr) -> pl.Expr:
    """A column of lists of strings as JSON text."""
    return _bare(pl.struct(items.alias("v")))


def _bare(wrapped: pl.Expr) -> pl.Expr:
    return wrapped.struct.json_encode().str.strip_prefix('{"v":').str.strip_suffix("}")


def json_of(value: pl.Expr, kind: Kind) -> pl.Expr:
    """Exact text as JSON text; null stays null. A ticked box in a column of numbers is 1."""
    if kind in ("integer", "number"):
        return pl.when(value == "true").then(pl.lit("1")).when(value == "false").then(pl.lit("0")).otherwise(value)
    if kind not in QUOTED:
        return value
    return pl.when(value.is_not_null()).then(_bare(pl.struct(value.alias("v"))))


def is_writable_as(value: pl.Expr, kind: Kind) -> pl.Expr:
    """Whether a text that counts can be a value of this kind and come back the same (null can always: it clears)."""
    check = _WRITABLE.get(kind)
    return value.is_null() | (pl.lit(value=True) if check is None else check(value))


def _is_box(value: pl.Expr) -> pl.Expr:
    return value.is_in(["true", "false"])


def _is_number(value: pl.Expr) -> pl.Expr:
    number = value.cast(pl.Float64, strict=False)
    number = pl.when(number.is_finite()).then(number)  # 9007199254740993 would come back as another number
    return (text_of(number, "number", pl.Float64()) == value).fill_null(value=False) | _is_box(value)


_WRITABLE: Mapping[Kind, Callable[[pl.Expr], pl.Expr]] = {
    "integer": lambda value: value.cast(pl.Int64, strict=False).is_not_null() | _is_box(value),
    "number": _is_number,
    "boolean": _is_box,
    "date": lambda value: value.str.contains(r"^\d{4}-\d{2}-\d{2}$"),
    "datetime": lambda value: value.str.contains(r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}"),
    "list": lambda value: value.str.starts_with("["),
}


def value_of(text: str | None) -> Any:
    """The value that JSON text stands for; None for null. For one batch's cells, not for frames."""
    return None if text is None else json.loads(text)
