"""Answers that are kept are those that would be given anew, for small tables and large, whatever came before."""

import polars as pl
import pytest
from polars.testing import assert_series_equal

from dq.rules import Standardizer
from dq.standardize import remembered as module
from dq.standardize.remembered import FEW, remembered, text_of

CELLS = [" a ", None, "b", "a", "", "b", None]


def upper(value: pl.Expr) -> pl.Expr:
    return value.str.to_uppercase()


@pytest.mark.parametrize("rows", [0, 1, 7, FEW, FEW + 1])
def test_answers_are_the_works_own(rows):
    cells = pl.Series("value", (CELLS * rows)[:rows], dtype=pl.String).to_frame()
    once = remembered(("upper", rows), lambda value, _: upper(value))
    for _ in range(2):
        assert_series_equal(
            cells.select(once(pl.col("value"))).to_series(), cells.select(upper(pl.col("value"))).to_series()
        )


@pytest.mark.parametrize("rows", [0, 1, 7, FEW, FEW + 1])
def test_what_stands_beside_a_cell_has_its_say(rows):
    frame = pl.DataFrame({"v": (CELLS * rows)[:rows], "to": ([None, "x", "y"] * rows)[:rows]}, schema=["v", "to"])
    frame = frame.cast(pl.String)
    joined = remembered(
        ("joined", rows), lambda value, others: value + others["end"].fill_null("-"), {"end": pl.col("to")}
    )
    told = pl.col("v") + pl.col("to").fill_null("-")
    for part in (frame, frame.reverse()):
        assert_series_equal(
            part.select(joined(pl.col("v"))).to_series(), part.select(told).to_series(), check_names=False
        )


def test_small_tables_are_asked_for_new_cells_alone_and_works_for_their_own():
    asked = []

    def told(value: pl.Expr, _) -> pl.Expr:
        return value.map_batches(lambda batch: asked.extend(batch) or batch, return_dtype=pl.String)

    for cells, one in ((["a", "b", "a"], "told"), (["b", "c"], "told"), (["a"], "twin")):
        pl.DataFrame({"v": cells}).select(remembered(one, told)(pl.col("v")))
    assert asked == ["a", "b", "c", "a"]


def test_rules_are_told_apart_by_what_they_say():
    plain, same, other = (Standardizer(name="text", options=options) for options in ({}, {}, {"case": "lower"}))
    assert text_of(plain) == text_of(same) != text_of(other)
    assert text_of(plain) is text_of(plain)


def test_no_more_is_kept_than_may_be(monkeypatch):
    monkeypatch.setattr(module, "_MOST", 3)
    for cells in (["a", "b"], ["c", "d"], ["e"]):
        frame = pl.DataFrame({"v": cells})
        answers = frame.select(remembered("few", lambda value, _: upper(value))(pl.col("v"))).to_series().to_list()
        assert answers == [cell.upper() for cell in cells]
    assert set(module._memo_of("few")) == {("a",), ("b",), ("e",)}


def test_a_literal_answer_is_one_for_every_cell():
    frame = pl.DataFrame({"v": ["a", "b"]})
    nothing = remembered("nothing", lambda *_: pl.lit(None, dtype=pl.String))
    assert frame.select(nothing(pl.col("v"))).to_series().to_list() == [None, None]
