"""Differences of two files against a plain loop over dictionaries."""

import json
import math
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dq.engine.filediff import Pair, compared
from dq.engine.filepairs import pair_of, write_changes
from dq.errors import ConfigurationError
from dq.report.filediff import as_text

NAMES = ("number", "share", "text", "flag", "tags")
TYPES = {"number": pl.Int64, "share": pl.Float64, "text": pl.String, "flag": pl.Boolean, "tags": pl.List(pl.String)}
CELLS = {
    "number": st.none() | st.integers(-3, 3),
    "share": st.none() | st.sampled_from([0.0, -0.0, 1.5, math.nan, math.inf]),
    "text": st.none() | st.sampled_from(["", "a", " a", "ä", 'q"', "x\ny", "null"]),
    "flag": st.none() | st.booleans(),
    "tags": st.none() | st.lists(st.sampled_from(["a", "b,c"]), max_size=2),
}
KEYS = st.none() | st.integers(-2, 6)
ROWS = st.lists(st.fixed_dictionaries({"id": KEYS, **CELLS}), max_size=9)


def _unique(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    kept = {row["id"]: row for row in rows if row["id"] is not None}
    return [*kept.values(), *(row for row in rows if row["id"] is None)]


def _same(left: Any, right: Any) -> bool:
    both_nan = isinstance(left, float) and isinstance(right, float) and math.isnan(left) and math.isnan(right)
    return both_nan or ((left is None) == (right is None) and left == right)


def _told(cell: Any) -> Any:
    if isinstance(cell, float):
        if math.isnan(cell):
            return "NaN"
        return ("inf" if math.isinf(cell) else int(cell)) if cell != 1.5 else 1.5
    return cell


def _expected(left: list[dict[str, Any]], right: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    before = {row["id"]: row for row in left if row["id"] is not None}
    after = {row["id"]: row for row in right if row["id"] is not None}
    found: list[tuple[Any, ...]] = []
    for key in sorted(before | after):
        if key not in before or key not in after:
            whole = {name: _told((before.get(key) or after[key])[name]) for name in NAMES}
            found.append((key, "insert", None, None, whole) if key in after else (key, "delete", None, whole, None))
            continue
        pairs = [(name, before[key][name], after[key][name]) for name in NAMES]
        found += [(key, "update", name, _told(a), _told(b)) for name, a, b in pairs if not _same(a, b)]
    return found


def _frame(rows: list[dict[str, Any]], names: list[str]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"id": pl.Int64, **TYPES}).select(names)


def _pair(folder: Path, left: pl.DataFrame, right: pl.DataFrame, *keys: str, **asked: Any) -> Pair:
    left.write_parquet(folder / "left.parquet")
    right.write_parquet(folder / "right.parquet")
    return pair_of((folder / "left.parquet", folder / "right.parquet"), keys, **asked)


def _found(changes: pl.DataFrame) -> list[tuple[Any, ...]]:
    return [
        (*row[:-2], *(None if cell is None else json.loads(cell) for cell in row[-2:])) for row in changes.iter_rows()
    ]


@settings(max_examples=60)
@given(left=ROWS, right=ROWS, order=st.permutations(["id", *NAMES]), size=st.integers(1, 4))
def test_the_differences_are_those_of_a_loop(tmp_path_factory, left, right, order, size):
    left, right = _unique(left), _unique(right)
    folder = tmp_path_factory.mktemp("diff")
    pair = _pair(folder, _frame(left, ["id", *NAMES]), _frame(right, order))
    parts = folder / "parts"
    parts.mkdir()
    found = compared(pair, 0, parts, size)
    expected = _expected(left, right)
    assert _found(found.shown) == expected
    assert found.unkeyed == tuple(sum(row["id"] is None for row in rows) for rows in (left, right))
    assert found.changes == len(expected)
    assert found.equal == len({row["id"] for row in left} & {row["id"] for row in right} - {None}) - len(
        {row[0] for row in expected if row[1] == "update"}
    )
    write_changes(pair, parts, folder / "out.parquet")
    written = pl.read_parquet(folder / "out.parquet")
    assert written.columns == ["id", "op", "column", "before", "after"]
    assert _found(written) == expected


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_slices_change_nothing(tmp_path: Path, size: int):
    left = pl.DataFrame({"id": range(20), "a": range(20)})
    right = left.slice(3).with_columns(pl.when(pl.col("id") % 4 == 0).then(-1).otherwise("a").alias("a"))
    whole, cut = (compared(_pair(tmp_path, left, right), 7, None, parts) for parts in (1000, size))
    assert as_text(cut) == as_text(whole)
    assert cut.shown.equals(whole.shown)


def test_several_columns_make_a_key(tmp_path: Path):
    left = pl.DataFrame({"a": [1, 1, 2], "b": ["x", "y", "x"], "c": [1, 2, 3]})
    right = left.with_columns(c=pl.Series([1, 5, 3]))
    found = compared(_pair(tmp_path, left, right, "a", "b"), 0)
    assert found.shown.rows() == [(1, "y", "update", "c", "2", "5")]


def test_rows_that_share_a_key_are_refused_with_numbers_and_examples(tmp_path: Path):
    left = pl.DataFrame({"id": [1, 2, 2, 3, 3, 3, None, None], "a": range(8)})
    with pytest.raises(ConfigurationError) as refused:
        compared(_pair(tmp_path, left, left.unique("id")), 0)
    told = str(refused.value)
    assert "left.parquet: 5 rows share 2 keys" in told
    assert "2 (2 rows); 3 (3 rows)" in told
    assert "right.parquet" not in told


def test_types_that_differ_are_compared_as_text_and_it_is_said(tmp_path: Path):
    left = pl.DataFrame({"id": ["1", "2", "10"], "n": [7, 8, 9], "x": [1.0, 2.5, None], "t": [True, None, False]})
    right = pl.DataFrame({"id": [1, 2, 10], "n": ["7", "08", "9"], "x": [1, 2, None], "t": ["true", None, "no"]})
    found = compared(_pair(tmp_path, left, right), 0)
    assert found.shown.drop("op").rows() == [
        ("10", "t", '"false"', '"no"'),
        ("2", "n", '"8"', '"08"'),
        ("2", "x", '"2.5"', '"2"'),
    ]
    assert set(found.shape.retyped) == {"id", "n", "x", "t"}
    assert any("compared as text: id (String, Int64), n (Int64, String)" in line for line in as_text(found))


def test_columns_of_one_file_alone_are_a_difference_unless_nobody_asked_for_them(tmp_path: Path):
    left = pl.DataFrame({"id": [1], "a": [1], "b": [1]})
    right = pl.DataFrame({"a": [1], "id": [1], "c": [2]})
    found = compared(_pair(tmp_path, left, right), 0)
    assert (found.changes, found.differs, found.shape.only) == (0, True, (("b",), ("c",)))
    assert not compared(_pair(tmp_path, left, right, columns=["a"]), 0).differs
    assert not compared(_pair(tmp_path, left, right, ignore=["b", "c"]), 0).differs


def test_an_empty_cell_of_a_csv_file_is_empty_however_it_is_quoted(tmp_path: Path):
    (tmp_path / "a.csv").write_text('id,a,b\n1,"",x\n2,,""\n')
    (tmp_path / "b.csv").write_text('id,b,a\n2,,\n1,x,""\n')
    pl.DataFrame({"id": [1, 2], "a": ["", None], "b": ["x", ""]}).write_parquet(tmp_path / "c.parquet")
    for other in ("b.csv", "c.parquet"):
        assert not compared(pair_of((tmp_path / "a.csv", tmp_path / other), ["id"]), 0).differs, other


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"keys": ["idd"]}, ("idd", "'id'")),
        ({"keys": []}, ("--key one of a, b",)),
        ({"keys": ["a"], "columns": ["B"]}, ("--columns", "'B'")),
        ({"keys": ["a"], "ignore": ["bb"]}, ("--ignore", "'b'")),
    ],
)
def test_a_column_that_is_not_there_is_named_with_its_near_miss(tmp_path: Path, asked: dict, words: tuple[str, ...]):
    has_id = asked["keys"] == ["idd"]
    frame = pl.DataFrame({**({"id": [1]} if has_id else {}), "a": [1], "b": [1]})
    frame.write_parquet(tmp_path / "a.parquet")
    with pytest.raises(ConfigurationError) as refused:
        pair_of((tmp_path / "a.parquet", tmp_path / "a.parquet"), **asked)
    assert all(word in str(refused.value) for word in words), refused.value
