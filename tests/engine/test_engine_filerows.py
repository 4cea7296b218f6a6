"""Rows of files: a column at a time they say what they say as a whole, whatever the format, in an order of their own."""

import io
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dq.dedupe.room import Room
from dq.engine import files
from dq.engine.filematch import Asked, match_files
from dq.engine.filerows import FULL, STORES, by_key, columnar, read_rows
from dq.leads import flat

CELLS = st.none() | st.sampled_from(["", "a", "b", "Ann Lee", "ann@lee.de"])
ROWS = st.lists(st.tuples(CELLS, CELLS), max_size=12)
LETTERS = st.text(st.sampled_from("ab0-é北🙂"), max_size=12)
TABLES = st.lists(st.tuples(st.sampled_from(STORES), LETTERS), max_size=12, unique=True)
WRITE = {".csv": pl.DataFrame.write_csv, ".parquet": pl.DataFrame.write_parquet, ".ndjson": pl.DataFrame.write_ndjson}


def table(rows, *, key="id"):
    frame = pl.DataFrame(rows, schema={"x": pl.String, "y": pl.String}, orient="row")
    return frame.with_columns(pl.Series(key, [f"r{number}" for number in range(len(rows))], pl.String))


def whole(frame, right=None):
    """All that is told of the rows, in their order."""
    own, texts = read_rows(frame.lazy(), None if right is None else right.lazy(), None)
    return own.with_columns(texts[name].alias(name) for name in texts.columns)


@given(ROWS, ROWS)
def test_a_column_at_a_time_is_the_whole(rows, more):
    left, right = table(rows), table(more)
    read = whole(left, right)
    expected = pl.concat(
        frame.select(pl.lit(store).alias("store"), pl.col("id").alias("row_key"), "x", "y")
        for store, frame in (("database", left), ("airtable", right))
    )
    key = ["store", "row_key"]
    assert read.drop(FULL).sort(key).equals(expected.sort(key))
    assert read[FULL].equals(read.select(pl.sum_horizontal(pl.col("x", "y").is_not_null()).cast(pl.Int64))["x"])


@given(ROWS, st.randoms(use_true_random=False))
def test_rows_have_an_order_of_their_own(rows, random):
    frame = table(rows)
    shuffled = frame[random.sample(range(len(rows)), len(rows))]
    assert whole(shuffled).equals(whole(frame))


@settings(max_examples=60, deadline=None)
@given(TABLES, st.sampled_from(["", "lead-", "lead-0000000", "rec🙂"]))
def test_keys_are_in_the_order_of_their_letters(table, beginning):
    rows = [(store, beginning + key) for store, key in table]
    frame = pl.DataFrame(rows, schema={"store": pl.String, "row_key": pl.String}, orient="row")
    wanted = sorted(rows, key=lambda row: (STORES.index(row[0]), row[1].encode()))
    assert by_key(frame).rows() == wanted


@pytest.mark.parametrize("keys", [["1"], ["2", "10", "1"], ["k" * 40 + str(number) for number in range(9, -1, -1)]])
def test_numbers_and_long_keys_too(keys):
    frame = pl.DataFrame({"store": STORES[0], "row_key": keys})
    assert by_key(frame)["row_key"].to_list() == sorted(keys)


@pytest.mark.parametrize("suffix", WRITE)
def test_files_say_the_same_in_any_format(tmp_path, suffix):
    leads = flat(4, 300).leads
    WRITE[suffix](leads, tmp_path / f"leads{suffix}")
    rows = columnar(files.read(tmp_path / f"leads{suffix}"), tmp_path / f"leads{suffix}", tmp_path)
    assert whole(rows).equals(whole(leads))


def test_lists_in_files_say_nothing(tmp_path):
    lines = (
        '{"id": "1", "name": "Ann", "tags": ["a"], "more": {}}\n{"id": "2", "name": "Bob", "tags": [], "more": {}}\n'
    )
    (tmp_path / "leads.ndjson").write_text(lines)
    rows = columnar(pl.scan_ndjson(io.StringIO(lines)), tmp_path / "leads.ndjson", tmp_path)
    assert read_rows(rows, None, None)[1].columns == ["name"]


def test_rows_of_keys_alone_say_nothing():
    own, texts = read_rows(pl.LazyFrame({"id": ["a", "b"]}), None, None)
    assert (len(own), len(texts), texts.columns) == (2, 2, [])


@settings(deadline=None, max_examples=5)
@given(st.integers(0, 1_000), st.booleans())
def test_room_changes_nothing_of_what_is_found(seed, linked):
    leads = flat(seed, 400).leads
    left, right = (leads[:250].lazy(), leads[150:].lazy()) if linked else (leads.lazy(), None)
    expected = match_files(left, right, Asked())
    with TemporaryDirectory() as folder:
        found = match_files(left, right, Asked(room=Room(Path(folder), 0)))
    assert found.clusters.equals(expected.clusters)
    assert found.pairs.equals(expected.pairs)
