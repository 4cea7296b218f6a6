"""Answers kept from table to table, where tables are small.

A plan is carried out and planned again until it settles, so a small table's cells are asked for the same forms a dozen
times, and a large pattern takes longer to compile than a few cells take to be matched. Large tables are worked out anew.
"""

from collections.abc import Callable, Hashable, Sequence

import polars as pl

from dq.rules import Standardizer
from dq.standardize.forms import NOTHING, VALUE, Beside, Step, frame_of, together

FEW = 2_000
"""The rows of a table that counts as small."""
_MOST = 20_000
_MEMOS = 256

Cell = tuple[str | None, ...]
"""A value, and what stands beside it."""
Memo = dict[Cell, str | None]
_memos: dict[Hashable, Memo] = {}
_texts: dict[int, tuple[Standardizer, str]] = {}


def remembered(known_by: Hashable, work: Callable[[pl.Expr, Beside], pl.Expr], beside: Beside = NOTHING) -> Step:
    """The same answers as the work gives, which must be row by row; those for the cells of small tables are kept.

    Args:
        known_by: Everything that the answers depend on beside the cells: equal for works that answer alike, and only then.
        work: From a text column, and what stands beside it, to a text column; null for null.
        beside: Other columns that the work reads, under their names.
    """
    memo = _memo_of(known_by)
    own = {name: pl.col(name) for name in beside}

    def told(batch: pl.Series) -> pl.Series:
        return _told(batch, memo, lambda value: work(value, own))

    return lambda value: together(value, beside).map_batches(told, return_dtype=pl.String, is_elementwise=True)


def text_of(rule: Standardizer) -> str:
    """A rule written out: equal for equal rules. Rules are large, so each is written once, and kept alive for that."""
    if len(_texts) > _MEMOS:
        _texts.clear()
    if id(rule) not in _texts:
        _texts[id(rule)] = rule, repr(rule)
    return _texts[id(rule)][1]


def _memo_of(known_by: Hashable) -> Memo:
    if len(_memos) > _MEMOS:
        _memos.clear()
    return _memos.setdefault(known_by, {})


def _told(batch: pl.Series, memo: Memo, work: Step) -> pl.Series:
    frame = frame_of(batch)
    if len(batch) > FEW:
        return _worked_out(frame, work)
    cells: Sequence[Cell] = list(zip(*(column.to_list() for column in frame), strict=True))
    new = [cell for cell in dict.fromkeys(cells) if cell[0] is not None and cell not in memo]
    answers: Memo = {}
    if new:
        asked = pl.DataFrame(new, schema=frame.schema, orient="row")
        answers = dict(zip(new, _worked_out(asked, work).to_list(), strict=True))
        if len(memo) + len(new) <= _MOST:
            memo.update(answers)
    known = [answers[cell] if cell in answers else memo.get(cell) for cell in cells]
    return pl.Series(batch.name, known, dtype=pl.String)


def _worked_out(frame: pl.DataFrame, work: Step) -> pl.Series:
    return frame.lazy().with_columns(answer=work(VALUE)).select("answer").collect(engine="in-memory").to_series()
