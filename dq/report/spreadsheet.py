"""Tables for spreadsheets: no cell of them is taken for a formula."""

import polars as pl

_FORMULA = r"^[\s\u{feff}\u{200b}]*[=+\-@\t\r\n|%\u{ff1d}\u{ff0b}\u{ff0d}\u{ff20}]"
_LEADING = r"^[\t\r\n]"
_NUMBER = r"^-?\d+(\.\d+)?([eE][+-]?\d+)?$"


def harmless(value: pl.Expr) -> pl.Expr:
    """Text that a spreadsheet shows and does not calculate: what it would take for a formula begins with `'`."""
    is_formula = value.str.contains(_FORMULA) | value.str.contains(_LEADING)
    return pl.when(is_formula & ~value.str.contains(_NUMBER)).then("'" + value).otherwise(value)


def as_csv(rows: pl.DataFrame) -> str:
    """A frame as CSV text for people: all text in it is harmless."""
    texts = [name for name, dtype in rows.schema.items() if dtype == pl.String]
    return rows.with_columns(harmless(pl.col(name)).alias(name) for name in texts).write_csv()


def plain(json_text: pl.Expr) -> pl.Expr:
    """JSON text as a person would write it: strings without quotes, everything else as it is."""
    is_text = json_text.str.starts_with('"')
    return pl.when(is_text).then(pl.when(is_text).then(json_text).str.json_decode(pl.String)).otherwise(json_text)
