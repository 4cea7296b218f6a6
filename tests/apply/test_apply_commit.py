from pathlib import Path
from unittest.mock import ANY

import pytest
from apply_world import NOW, World, change, changeset, cut, everything, world

from dq.apply.batches import Batch
from dq.apply.commit import TRIES, commit
from dq.apply.verify import mismatches
from dq.errors import LostAnswerError, TemporaryError


@pytest.fixture
def small(tmp_path: Path) -> World:
    return world(tmp_path)


def _commit(held: World, plan: list[Batch]) -> bool:
    with held.run() as run:
        return commit(plan, run)


def _held(held: World) -> dict:
    return {**held.database.tables, **held.airtable.tables}


def test_a_plan_is_carried_out_whole(small: World):
    assert _commit(small, cut(everything()))
    leads, records = small.database.tables["leads"], small.airtable.tables["Leads"]
    made = next(key for key, row in records.items() if row.get("Name") == "Newcomer")
    assert sorted(leads) == ["L0", "L1", "L9"]
    assert leads["L0"]["record"] == made
    assert leads["L1"] == {"id": "L1", "name": "Lead One", "record": "rec1", "changed": NOW.isoformat()}
    assert small.database.tables["notes"]["N2"] == {"id": "N2", "lead": "L1"}, (
        "child rows have no modified time of the lead's"
    )
    assert sorted(records) == sorted(["rec0", "rec1", made])
    assert small.done == [3, 4, 6, 7, 8, 9]
    with small.run() as run:
        assert run.journal.counts() == {"written": 9}
        assert mismatches(run.journal, run.targets) == []


def test_the_intent_stands_in_the_journal_before_the_store_is_asked(small: World):
    small.airtable.breaks, small.airtable.at = "before", 1
    with pytest.raises(TemporaryError):
        _commit(small, cut(everything()))
    with small.journal() as journal:
        assert {entry.write.key for entry in journal.entries(states=("intent",))} == {"rec0", "rec1"}


@pytest.mark.parametrize("breaks", ["before", "after"])
def test_edge_41_an_update_whose_answer_is_lost_is_settled_at_once(small: World, breaks: str):
    small.airtable.breaks, small.airtable.at, small.airtable.error = breaks, 1, LostAnswerError
    assert _commit(small, cut(everything()))
    assert small.airtable.tables["Leads"]["rec1"]["Name"] == "Lead One"
    with small.run() as run:
        assert run.journal.counts() == {"written": 9}


def test_edge_41_answers_that_are_lost_again_and_again_end_the_run(small: World):
    small.airtable.breaks, small.airtable.at, small.airtable.error = "before", ANY, LostAnswerError
    with pytest.raises(LostAnswerError):
        _commit(small, cut(everything()))
    assert small.airtable.writes == TRIES


def test_edge_41_a_create_that_may_be_under_way_is_not_sent_again(small: World):
    """Only a later run may send it: by then it can be found, or was never carried out."""
    small.airtable.breaks, small.airtable.at, small.airtable.error = "before", 3, LostAnswerError
    plan = cut(everything())
    with pytest.raises(LostAnswerError):
        _commit(small, plan)
    assert small.airtable.writes == 3
    assert _commit(small, plan)
    assert [row["Name"] for row in small.airtable.tables["Leads"].values()].count("Newcomer") == 1


def test_a_deleted_row_leaves_its_whole_image_in_the_journal(small: World):
    _commit(small, cut(everything()))
    with small.journal() as journal:
        images = {entry.write.key: entry.pre_image for entry in journal.entries() if entry.write.op == "delete"}
    assert images["rec2"] == {"id": "rec2", "Name": "Lead 2", "Status": "new", "Row": "L2"}
    assert images["L2"] == {"id": "L2", "name": "Lead 2", "record": "rec2", "changed": "before"}


@pytest.mark.parametrize("link", ["Row", None])
@pytest.mark.parametrize("breaks", ["before", "after"])
@pytest.mark.parametrize(
    ("store", "at"),
    [("database", 1), ("database", 2), ("database", 3), ("airtable", 1), ("airtable", 2), ("airtable", 3)],
)
def test_a_broken_run_ends_where_an_unbroken_one_does(
    tmp_path: Path, store: str, at: int, breaks: str, link: str | None
):
    plan = cut(everything())
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    unbroken, broken = world(tmp_path / "a"), world(tmp_path / "b")
    unbroken.link = broken.link = link
    assert _commit(unbroken, plan)
    held = getattr(broken, store)
    held.breaks, held.at = breaks, at
    with pytest.raises(TemporaryError):
        _commit(broken, plan)
    assert _commit(broken, plan)
    assert _held(broken) == _held(unbroken)
    with broken.journal() as one, unbroken.journal() as other:
        assert one.counts() == other.counts() == {"written": 9}
        assert [(entry.write, entry.key) for entry in one.entries()] == [
            (entry.write, entry.key) for entry in other.entries()
        ]


def test_what_is_settled_is_not_sent_again(small: World):
    plan = cut(everything())
    _commit(small, plan)
    writes = small.database.writes, small.airtable.writes
    assert _commit(small, plan)
    assert (small.database.writes, small.airtable.writes) == writes


def test_equal_inserts_whose_answer_was_lost_are_told_apart(small: World):
    small.link = None
    plan = cut(changeset(*(change("airtable", "insert", f"E{n}", None, "Name", None, '"Twin"') for n in range(3))))
    small.airtable.breaks, small.airtable.at = "after", 1
    with pytest.raises(TemporaryError):
        _commit(small, plan)
    assert _commit(small, plan)
    assert sum(row["Name"] == "Twin" for row in small.airtable.tables["Leads"].values()) == 3
    with small.journal() as journal:
        assert len(set(journal.created().values())) == 3


def test_a_row_that_moved_takes_its_lead_along_and_nothing_else(small: World):
    small.database.tables["leads"]["L1"]["name"] = "Edited"
    assert _commit(small, cut(everything()))
    with small.journal() as journal:
        states = {(e.store, e.entity, e.write.key): e.state for e in journal.entries()}
    assert {state for (_, entity, _), state in states.items() if entity == "E1"} == {"moved", "skipped"}
    assert states["airtable", "E1", "rec2"] == "skipped", "the record of a merge that was not made stays"
    assert {state for (_, entity, _), state in states.items() if entity != "E1"} == {"written"}
    assert "rec2" in small.airtable.tables["Leads"]
    assert small.database.tables["notes"]["N2"]["lead"] == "L2"


def test_a_link_to_a_record_that_was_not_made_is_not_written(small: World):
    refused = changeset(
        change("airtable", "insert", "E3", None, "Name", None, '"New"'),
        change("airtable", "insert", "E3", None, "Status", None, '"none such"'),
        change("database", "update", "E3", "L0", "record", '"rec0"', '{"$created": "airtable/Leads/+E3/Name"}'),
    )
    assert _commit(small, cut(refused))
    assert small.database.tables["leads"]["L0"]["record"] == "rec0"
    with small.journal() as journal:
        assert [entry.state for entry in journal.entries()] == ["refused", "skipped"]


def test_asked_to_stop_it_stops_between_batches_and_goes_on_later(small: World):
    plan = cut(everything())
    small.stops = lambda: len(small.done) == 2
    assert not _commit(small, plan)
    assert small.done == [3, 4]
    with small.journal() as journal:
        assert journal.counts() == {"written": 4}
    small.stops = lambda: False
    assert _commit(small, plan)


def test_verification_names_the_cells_that_do_not_hold(small: World):
    _commit(small, cut(everything()))
    small.database.tables["leads"]["L1"]["name"] = "Overwritten"
    small.database.tables["leads"]["L2"] = {"id": "L2"}
    del small.airtable.tables["Leads"]["rec0"]
    small.database.tables["notes"]["N2"]["lead"] = "L0"
    with small.run() as run:
        bad = {(one.store, one.row_key): one.fields for one in mismatches(run.journal, run.targets)}
    assert bad == {
        ("database", "L1"): ("name",),
        ("database", "L2"): ("row still there",),
        ("airtable", "rec0"): ("row missing",),
        ("database", "N2"): ("lead",),
    }
