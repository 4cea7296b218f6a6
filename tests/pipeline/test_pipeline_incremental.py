"""Plans from incremental snapshots: what a snapshot cannot see is never taken for gone."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from following_world import FollowWorld, follow_world, reading, record

from dq import pipeline
from dq.apply import base as base_state
from dq.apply.undo import Scope
from dq.report.diff import headline

MODES = ("none", "sweep", "webhook")
FIRST, SECOND, THIRD = (record(number)["id"] for number in range(3))


@pytest.fixture
def settled(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FollowWorld]:
    """A world after its first run, thirty leads on both sides, and a snapshot of what it wrote."""
    with follow_world(tmp_path, getattr(request, "param", "none")) as world:
        plan = world.run().plan
        assert plan.counts["rows"]["database"]["insert"] == 30
        world.snapshot()
        yield world


def _leads(world: FollowWorld) -> set[str]:
    return {row[0] for row in world.sql("SELECT airtable_id FROM leads")}


def _states(world: FollowWorld) -> dict[str, str]:
    _, base = base_state.load(world.snapshots)
    return dict(base.select("airtable_key", "state").iter_rows())


@pytest.mark.parametrize("settled", MODES, indirect=True)
def test_after_an_apply_an_incremental_snapshot_plans_nothing(settled: FollowWorld) -> None:
    settled.sql(
        "UPDATE leads SET name = 'Ann Elsewhere', updated_at = '2027-01-01T00:00:00Z' WHERE airtable_id = ?", FIRST
    )
    settled.sql("DELETE FROM leads WHERE airtable_id = ?", SECOND)
    twin = settled.table.get(THIRD)["fields"]
    settled.table.create({name: twin[name] for name in ("Name", "Email", "Status")})
    settled.sql("INSERT INTO leads(id, name, email, status) VALUES ('new', 'Bob New', 'bob@new-lead.net', 'auto_send')")
    plan = settled.run(full=True).plan
    assert (plan.counts["merged"], plan.counts["rows"]["airtable"]["delete"]) == (1, 2)
    manifest = settled.snapshot()
    assert reading(manifest).kind == "incremental", reading(manifest).why
    assert settled.clean().plan.changes == 0
    held = settled.held(manifest)
    assert held.equals(settled.truth().select(held.columns)), "what dq deleted itself is gone in every mode"


def test_what_is_not_seen_to_be_gone_is_not_deleted(settled: FollowWorld) -> None:
    settled.table.delete(FIRST)
    settled.table.delete(SECOND)
    settled.sql("UPDATE leads SET name = 'Ann Elsewhere' WHERE airtable_id = ?", SECOND)
    blind = settled.snapshot()
    assert (reading(blind).kind, reading(blind).deletes_visible) == ("incremental", False)
    plan = settled.clean().plan
    assert plan.blind == ("Leads",)
    assert "not visible" in "\n".join(headline(plan))
    assert plan.counts["rows"].get("database", {}).get("delete") is None
    applied = settled.apply()
    assert [entry.state for entry in applied.report.failed] == ["moved"]
    assert FIRST in _leads(settled)
    assert _states(settled)[FIRST] == "linked"
    full = settled.snapshot()
    assert reading(full).why == "1 writes of the last plan to Airtable were not carried out"
    seen = settled.clean().plan
    assert seen.blind == ()
    assert seen.counts["rows"]["database"]["delete"] == 1
    settled.apply()
    assert FIRST not in _leads(settled)
    assert _states(settled)[FIRST] == "tombstone"


def test_a_record_is_not_merged_into_one_that_may_be_gone(settled: FollowWorld) -> None:
    """Somebody deleted a lead's record and made a new one: of the two that the snapshot holds only that one is there."""
    cells = settled.table.get(FIRST)["fields"]
    settled.table.delete(FIRST)
    made = settled.table.create({name: cells[name] for name in ("Name", "Email", "Status", "Size", "Lead ID")})["id"]
    assert {FIRST, made} <= set(settled.held(settled.snapshot())["id"])
    plan = settled.clean().plan
    assert plan.counts["merged"] == 0
    settled.apply()
    assert made in {one["id"] for one in settled.table.all()}
    settled.run(full=True)
    assert made in {one["id"] for one in settled.table.all()}
    assert made in _leads(settled)
    settled.snapshot()
    assert settled.clean().plan.changes == 0


@pytest.mark.parametrize("settled", ["sweep", "webhook"], indirect=True)
def test_what_is_seen_to_be_gone_is_deleted(settled: FollowWorld) -> None:
    settled.table.delete(FIRST)
    assert reading(settled.snapshot()).kind == "incremental"
    plan = settled.clean().plan
    assert (plan.blind, plan.counts["rows"]) == ((), {"database": {"delete": 1}})
    settled.apply()
    assert FIRST not in _leads(settled)
    settled.snapshot()
    assert settled.clean().plan.changes == 0


def test_a_known_record_that_a_blind_snapshot_lacks_is_left_as_it_is(settled: FollowWorld) -> None:
    """It was made by dq and deleted by people before anybody read it."""
    settled.sql("INSERT INTO leads(id, name, email, status) VALUES ('new', 'Bob New', 'bob@new-lead.net', 'auto_send')")
    settled.sql(
        "INSERT INTO leads(id, name, email, status) VALUES ('gone', 'Eve Gone', 'eve@gone-lead.net', 'auto_send')"
    )
    settled.run()
    made = dict(settled.sql("SELECT id, airtable_id FROM leads WHERE id IN ('new', 'gone')"))
    for key in made.values():
        settled.table.delete(key)
    settled.sql("DELETE FROM leads WHERE id = 'gone'")
    settled.sql("UPDATE leads SET name = 'Bob Edited', updated_at = '2027-01-01T00:00:00Z' WHERE id = 'new'")
    blind = settled.snapshot()
    assert not reading(blind).deletes_visible
    assert made["new"] not in settled.held(blind)["id"]
    assert settled.clean().plan.changes == 0
    settled.apply()
    assert {_states(settled)[key] for key in made.values()} == {"linked"}
    settled.snapshot(full=True)
    settled.clean()
    settled.apply()
    states = _states(settled)
    assert states[made["gone"]] == "tombstone"
    assert made["new"] not in states, "the edit survived in a record of its own"
    assert "Bob Edited" in {one["fields"]["Name"] for one in settled.table.all()}


def test_half_of_a_side_that_is_not_seen_is_no_reason_to_brake(settled: FollowWorld) -> None:
    for number in range(20):
        name = chr(97 + number)
        settled.sql(
            "INSERT INTO leads(id, name, email) VALUES (?, ?, ?)",
            name * 3,
            f"Zed {name * 5}",
            f"{name}@z{name}-lead.net",
        )
    settled.run()
    made = [one["id"] for one in settled.table.all() if one["fields"]["Name"].startswith("Zed")]
    for key in made:
        settled.table.delete(key)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(settled.config, "brakes", {"empty_side": 0.9})
        settled.snapshot()
        assert settled.clean().plan.brakes == ()
        settled.snapshot(full=True)
        assert [brake.name for brake in settled.clean().plan.brakes] == ["max_deletes", "max_missing"]


def test_an_undone_plan_makes_the_next_one_full(settled: FollowWorld) -> None:
    settled.sql(
        "UPDATE leads SET name = 'Ann Elsewhere', updated_at = '2027-01-01T00:00:00Z' WHERE airtable_id = ?", FIRST
    )
    settled.run()
    with settled.stores() as stores:
        asked = pipeline.Asked(None, Scope(), "tester")
        pipeline.undo(settled.settings, stores, asked, pipeline.Permission({}), settled.watch(), lambda _: None)
    assert reading(settled.snapshot()).why == "the last plan was undone"
    assert settled.table.get(FIRST)["fields"]["Name"] != "Ann Elsewhere"


def test_records_by_chance_and_plans_from_blind_snapshots_never_delete(settled: FollowWorld) -> None:
    before = settled.sql("SELECT count(*) FROM leads")
    for number, one in enumerate(settled.table.all()[:12]):
        if number % 3 == 0:
            settled.table.delete(one["id"])
        else:
            settled.table.update(one["id"], {"Name": f"Ann Moved{chr(97 + number)}"})
        assert not reading(settled.snapshot(after=200)).deletes_visible
        cleaned = settled.clean()
        changes = pl.read_parquet(cleaned.folder / "changeset.parquet")
        assert changes.filter(op="delete").is_empty()
        settled.apply()
    assert settled.sql("SELECT count(*) FROM leads") == before
