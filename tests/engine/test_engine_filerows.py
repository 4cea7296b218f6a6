"""The rows of files in the order of their keys, beside plain sorting."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dq.engine.filerows import STORES, by_key

LETTERS = st.text(st.sampled_from("ab0-é北🙂"), max_size=12)
TABLES = st.lists(st.tuples(st.sampled_from(STORES), LETTERS), max_size=12, unique=True)


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
