"""Answers that are kept are those that would be given anew, for small tables and large, whatever came before."""

import polars as pl
import pytest
from polars.testing import assert_series_equal

from dq.rules import Standardizer
from dq.standardize import remembered as module
from dq.standardize.remembered import FEW, remembered

CELLS = [" a ", None, "b", "a", "", "b", None]


def upper(value: pl.Expr) -> pl.Expr:
    return value.str.to_uppercase()


@pytest.mark.parametrize("rows", [0, 1, 7, FEW, FEW + 1])
def test_answers_are_the_works_own(rows):
    cells = pl.Series("value", (CELLS * rows)[:rows], dtype=pl.String).to_frame()
    once = remembered(Standardizer(name="text"), "standard", upper)
    for _ in range(2):
        assert_series_equal(
            cells.select(once(pl.col("value"))).to_series(), cells.select(upper(pl.col("value"))).to_series()
        )


def test_small_tables_are_asked_for_new_cells_alone_and_rules_for_their_own():
    asked = []

    def told(value: pl.Expr) -> pl.Expr:
        return value.map_batches(lambda batch: asked.extend(batch) or batch, return_dtype=pl.String)

    rule, twin = Standardizer(name="text"), Standardizer(name="text")
    for cells, one in ((["a", "b", "a"], rule), (["b", "c"], rule), (["a"], twin)):
        pl.DataFrame({"v": cells}).select(remembered(one, "standard", told)(pl.col("v")))
    assert sorted(asked[:2]) == ["a", "b"]
    assert asked[2:] == ["c", "a"]


def test_no_more_is_kept_than_may_be(monkeypatch):
    monkeypatch.setattr(module, "_MOST", 3)
    rule = Standardizer(name="text")
    for cells in (["a", "b"], ["c", "d"], ["e"]):
        frame = pl.DataFrame({"v": cells})
        answers = frame.select(remembered(rule, "standard", upper)(pl.col("v"))).to_series().to_list()
        assert answers == [cell.upper() for cell in cells]
    assert set(module._memo_of(rule, "standard")) == {"a", "b", "e"}


def test_a_literal_answer_is_one_for_every_cell():
    frame = pl.DataFrame({"v": ["a", "b"]})
    nothing = remembered(Standardizer(name="text"), "finding", lambda _: pl.lit(None, dtype=pl.String))
    assert frame.select(nothing(pl.col("v"))).to_series().to_list() == [None, None]
