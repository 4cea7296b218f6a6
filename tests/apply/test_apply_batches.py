import polars as pl
import pytest
from apply_world import change, changeset, cut, everything
from hypothesis import given, settings
from hypothesis import strategies as st

from dq.apply.batches import CANARY, numbered


def test_the_phases_never_leave_a_row_pointing_at_nothing():
    phases = [
        (batch.phase, batch.store, [(w.write.op, w.write.table, w.write.key) for w in batch.writes])
        for batch in cut(everything())
    ]
    assert phases == [
        (0, "database", [("update", "notes", "N2"), ("delete", "leads", "L2"), ("update", "leads", "L1")]),
        (2, "database", [("insert", "leads", None)]),
        (4, "airtable", [("update", "Leads", "rec0"), ("update", "Leads", "rec1")]),
        (5, "airtable", [("delete", "Leads", "rec2")]),
        (6, "airtable", [("insert", "Leads", None)]),
        (8, "database", [("update", "leads", "L0")]),
    ]


def test_a_soft_delete_stands_between_children_and_survivor():
    soft = changeset(
        change("database", "update", "E", "L1", "name", None, '"x"'),
        change("database", "update", "E", "L2", "deleted_at", None, '"now"', reason="merge"),
        change("database", "update", "E", "L2", "merged_into", None, '"L1"', reason="merge"),
        change("database", "update", "E", "N1", "lead", '"L2"', '"L1"', table="notes", reason="merge"),
    )
    [batch] = cut(soft)
    assert [write.write.key for write in batch.writes] == ["N1", "L2", "L1"]
    assert batch.writes[1].write.after == {"deleted_at": "now", "merged_into": "L1"}


def test_all_cells_of_a_row_are_one_write():
    [batch] = cut(
        changeset(
            change("airtable", "update", "E", "rec1", "Name", None, '"x"'),
            change("airtable", "update", "E", "rec1", "Row", '"a"', "null"),
        )
    )
    [planned] = batch.writes
    assert (planned.write.before, planned.write.after, planned.changes) == (
        {"Name": None, "Row": "a"},
        {"Name": "x", "Row": None},
        2,
    )


def test_a_delete_carries_the_whole_row_it_saw():
    [batch] = [batch for batch in cut(everything()) if batch.phase == 5]
    assert (batch.writes[0].write.before, batch.writes[0].write.after) == ({"id": "rec2", "Name": "Lead 2"}, {})


def _rows(sizes: list[int]) -> pl.DataFrame:
    return changeset(
        *(
            change("database", "update", f"E{n:04}", f"L{n}-{i}", "name", None, '"x"')
            for n, size in enumerate(sizes)
            for i in range(size)
        )
    )


def test_the_first_batch_is_a_canary_of_ten_rows():
    assert [len(batch.writes) for batch in cut(_rows([1] * 75), 30)] == [CANARY, 30, 30, 5]


def test_a_batch_size_below_the_canary_holds_for_the_first_batch_too():
    assert [len(batch.writes) for batch in cut(_rows([1] * 7), 3)] == [3, 3, 1]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 12), min_size=1, max_size=30), st.integers(1, 40))
def test_groups_are_never_cut_and_every_row_is_in_one_batch(sizes: list[int], size: int):
    made = cut(_rows(sizes), size)
    groups = [{write.write.group for write in batch.writes} for batch in made]
    assert sum(len(group) for group in groups) == len(sizes), "a group stands in one batch only"
    assert sorted(write.write.key for batch in made for write in batch.writes) == sorted(
        f"L{n}-{i}" for n, s in enumerate(sizes) for i in range(s)
    )
    assert [batch.number for batch in made] == list(range(len(made)))
    assert all(len(batch.writes) < size + 12 for batch in made)


def test_batches_do_not_depend_on_the_order_of_the_changes():
    assert cut(everything().sample(fraction=1.0, shuffle=True, seed=3)) == cut(everything())


@pytest.mark.parametrize("size", [1, 2, 50])
def test_a_batch_holds_rows_of_one_mapping(size: int):
    mappings = {("airtable", "A"): "a", ("airtable", "B"): "b"}
    both = changeset(
        *(
            change("airtable", "update", f"E{n}", f"rec{n}", "Name", None, '"x"', table=table)
            for n in range(9)
            for table in "AB"
        )
    )
    cutting = numbered(both, size, mappings)
    assert cutting.group_by("batch").agg(pl.col("table").n_unique())["table"].max() == 1
    assert cutting.select(pl.struct("mapping", "entity_id").n_unique()).item() == 18
