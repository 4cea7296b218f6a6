"""Answers kept from table to table, where tables are small.

A plan is carried out and planned again until it settles, so a small table's cells are asked for the same forms a dozen
times, and a large pattern takes longer to compile than a few cells take to be matched. Large tables are worked out anew.
"""

from collections.abc import Callable

import polars as pl

from dq.rules import Standardizer
from dq.standardize.forms import VALUE, Step

FEW = 2_000
"""The rows of a table that counts as small."""
_MOST = 20_000
_RULES = 256

Memo = dict[str, str | None]
_memos: dict[tuple[int, str], tuple[Standardizer, Memo]] = {}


def remembered(rule: Standardizer, part: str, work: Step) -> Step:
    """The same answers as the work gives, which must be row by row; those for the cells of small tables are kept.

    Args:
        rule: The standardizer; answers are kept for as long as it is used.
        part: What is asked of it, and how.
        work: From a text column to a text column; null for null.
    """
    memo = _memo_of(rule, part)
    return lambda value: value.map_batches(
        lambda batch: _told(batch, memo, work), return_dtype=pl.String, is_elementwise=True
    )


def _memo_of(rule: Standardizer, part: str) -> Memo:
    """The rule's own memo: rules are values that compare slowly, so they are told apart as objects, and kept alive."""
    if len(_memos) > _RULES:
        _memos.clear()
    return _memos.setdefault((id(rule), part), (rule, {}))[1]


def _told(batch: pl.Series, memo: Memo, work: Step) -> pl.Series:
    if len(batch) > FEW:
        return _worked_out(batch, work)
    cells = batch.drop_nulls().unique()
    known = {cell: memo[cell] for cell in cells.to_list() if cell in memo}
    new = cells.filter(~cells.is_in(list(known))) if known else cells
    if len(new):
        answers = dict(zip(new.to_list(), _worked_out(new, work).to_list(), strict=True))
        known |= answers
        if len(memo) + len(answers) <= _MOST:
            memo |= answers
    answered = pl.Series([known[cell] for cell in cells.to_list()], dtype=pl.String)
    return batch.replace_strict(cells, answered, default=None, return_dtype=pl.String)


def _worked_out(batch: pl.Series, work: Callable[[pl.Expr], pl.Expr]) -> pl.Series:
    rows = batch.alias("value").to_frame().lazy()
    return rows.with_columns(answer=work(VALUE)).select("answer").collect(engine="in-memory").to_series()
