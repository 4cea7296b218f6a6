"""Incremental snapshots: what they hold, what they say of themselves, and when they are full instead."""

import json
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from following_world import BASE, DAY, HOUR, FollowWorld, follow_world, reading, record
from polars.testing import assert_frame_equal

from dq.snapshot import open_snapshot, verify
from dq.snapshot.chain import cursor_after

MODES = ("none", "sweep", "webhook")
FIRST, SECOND, THIRD = (record(number)["id"] for number in range(3))


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FollowWorld]:
    """A world with the deletes mode of the parameter, `none` without one."""
    with follow_world(tmp_path, getattr(request, "param", "none")) as made:
        yield made


@pytest.fixture
def sweeping(tmp_path: Path) -> Iterator[FollowWorld]:
    with follow_world(tmp_path, "sweep") as made:
        yield made


@pytest.mark.parametrize("world", MODES, indirect=True)
def test_edits_additions_and_deletions_between_snapshots(world: FollowWorld) -> None:
    first = world.snapshot()
    assert (reading(first).kind, reading(first).deletes_visible) == ("full", True)
    assert reading(first).why == "there is no earlier snapshot"
    world.clock.sleep(HOUR)
    world.table.update(FIRST, {"Name": "Changed", "VIP": True, "Status": None})
    added = world.table.create({"Name": "Added"})["id"]
    brief = world.table.create({"Name": "Brief"})["id"]
    world.table.delete(SECOND)
    world.table.delete(brief)
    second = world.snapshot()
    told = reading(second)
    mode = world.config["stores"]["airtable"]["incremental"]["deletes"]
    assert (told.kind, told.based_on, told.why, told.read) == ("incremental", first.id, None, 2)
    assert told.deletes_visible is (mode != "none")
    assert told.full_at == reading(first).full_at
    held, truth = world.held(second), world.truth()
    if mode == "none":
        gone = held.filter(id=SECOND)
        assert gone.equals(world.held(first).filter(id=SECOND))
        held = held.filter(pl.col("id") != SECOND)
    assert_frame_equal(held, truth)
    assert added in held["id"]
    found, folder = open_snapshot(world.snapshots)
    assert found == second
    verify(found, folder)
    assert sorted(path.name for path in (folder / "airtable").iterdir()) == ["Leads.parquet"]


@pytest.mark.parametrize("world", MODES, indirect=True)
def test_a_chain_equals_a_full_reading_of_the_same_moment(world: FollowWorld) -> None:
    """Hundreds of deeds by chance, at any distance in time: a restored record is there again, too."""
    mode = world.config["stores"]["airtable"]["incremental"]["deletes"]
    for seed in range(3):
        chance, gone, alive = random.Random(seed), [], [one["id"] for one in world.table.all()]
        chain = world.snapshot(full=True)
        for step in range(8):
            for _ in range(chance.randrange(6)):
                _deed(world, chance, alive, gone)
                world.clock.sleep(chance.choice([0, 0.4, 1, 5, 30, 5000]))
            chain = world.snapshot(after=chance.choice([1, 5, 60, HOUR / 2]))
            assert reading(chain).kind == "incremental", reading(chain).why
            held, truth = world.held(chain), world.truth()
            if mode == "none":
                assert set(held["id"]) >= set(truth["id"]), (seed, step)
                held = held.join(truth.select("id"), on="id", how="semi", maintain_order="left")
            assert_frame_equal(held, truth)


def _deed(world: FollowWorld, chance: random.Random, alive: list[str], gone: list[str]) -> None:
    table, act = world.table, chance.choice(["edit", "edit", "add", "delete", "restore"])
    if act == "edit":
        cells = {"Name": f"n{chance.random()}", "Size": chance.choice([None, 1, 2]), "VIP": chance.random() < 0.5}
        table.update(chance.choice(alive), cells)
    elif act == "add":
        alive.append(table.create({"Name": f"new {chance.random()}"})["id"])
    elif act == "delete":
        gone.append(alive.pop(chance.randrange(len(alive))))
        table.delete(gone[-1])
    elif gone:
        alive.append(gone.pop())
        world.restore(alive[-1])


@pytest.mark.parametrize("world", MODES, indirect=True)
def test_the_manifest_counts_the_calls_that_were_made(world: FollowWorld) -> None:
    for _ in range(3):
        before = world.asked()
        manifest = world.snapshot()
        assert manifest.api_calls == world.asked() - before
        world.table.update(FIRST, {"Name": "x"})
        world.table.delete(world.table.all()[-1]["id"])


def test_quiet_tables_cost_a_call_whatever_their_size(tmp_path: Path) -> None:
    with follow_world(tmp_path, records=450) as world:
        full, quiet = world.snapshot(), world.snapshot()
        assert quiet.api_calls <= full.api_calls - 4
        world.table.update(FIRST, {"Name": "x"})
        assert reading(world.snapshot(after=HOUR / 2)).read == 1
        again = world.snapshot(after=HOUR / 2)
        assert reading(again).read == 1, "within the look-back"
        assert reading(world.snapshot()).read == 0
        assert_frame_equal(world.held(again), world.truth())


def test_a_record_that_is_modified_twice_in_one_second(world: FollowWorld) -> None:
    world.snapshot()
    world.clock.sleep(HOUR)
    world.table.update(FIRST, {"Name": "once"})
    world.snapshot(after=0)
    world.table.update(FIRST, {"Name": "twice"})
    second = world.snapshot(after=DAY / 4)
    assert reading(second).kind == "incremental"
    assert world.held(second).filter(id=FIRST)["Name"].item() == "twice"


def test_an_edit_that_shows_late_is_seen_within_the_look_back(world: FollowWorld) -> None:
    """Another record is stamped later and read first; the cursor does not move past what may still be hidden."""
    world.snapshot()
    world.table.update(FIRST, {"Name": "first"})
    world.clock.sleep(5)
    world.table.update(SECOND, {"Name": "second"})
    hidden = world.snapshot(after=1)
    _set_cell(world, FIRST, "fldName0000000001", "hidden until now")
    later = world.snapshot(after=60)
    assert reading(later).based_on == hidden.id
    assert world.held(later).filter(id=FIRST)["Name"].item() == "hidden until now"


def _set_cell(world: FollowWorld, record_id: str, field: str, value: str) -> None:
    """Change a cell behind the server's back: no time moves."""
    with closing(sqlite3.connect(world.data)) as connection, connection:
        query = "UPDATE record SET cells = json_set(cells, '$.' || ?, ?) WHERE id = ?"
        assert connection.execute(query, (field, value, record_id)).rowcount == 1


def test_a_sweep_finds_records_whose_time_moved_unseen(sweeping: FollowWorld) -> None:
    sweeping.snapshot()
    sweeping.table.update(FIRST, {"Name": "now"})
    sweeping.snapshot(after=DAY / 3)
    _set_cell(sweeping, FIRST, "fldMod00000000001", "2026-05-03T00:00:00.000Z")
    _set_cell(sweeping, FIRST, "fldName0000000001", "from an older time")
    last = sweeping.snapshot()
    assert reading(last).kind == "incremental"
    assert_frame_equal(sweeping.held(last), sweeping.truth())


def test_a_record_without_a_modified_time_is_read_each_time(world: FollowWorld) -> None:
    _set_cell(world, FIRST, "fldMod00000000001", "")
    with closing(sqlite3.connect(world.data)) as connection, connection:
        connection.execute("UPDATE record SET cells = json_remove(cells, '$.fldMod00000000001') WHERE id = ?", (FIRST,))
    world.snapshot()
    _set_cell(world, FIRST, "fldName0000000001", "moved")
    assert world.held(world.snapshot()).filter(id=FIRST)["Name"].item() == "moved"


@pytest.mark.parametrize(
    ("greatest", "began", "minutes", "cursor"),
    [
        ("2026-01-01T12:00:00.000Z", "2026-01-01T12:00:05.000Z", 0, "2026-01-01T11:59:55.000Z"),
        ("2026-01-01T12:00:00.000Z", "2026-01-01T12:00:05.000Z", 60, "2026-01-01T11:00:05.000Z"),
        ("2026-01-01T12:00:00.000Z", "2026-01-01T15:00:00.000Z", 60, "2026-01-01T12:00:00.000Z"),
        ("2026-01-01T12:00:00.000Z", "2026-01-01T10:00:00.000Z", 0, "2026-01-01T09:59:50.000Z"),
        (None, "2026-01-01T10:00:00.000Z", 0, None),
        ("2026-01-01T12:00:00.000Z", None, 0, None),
    ],
)
def test_the_cursor(greatest: str | None, began: str | None, minutes: int, cursor: str | None) -> None:
    from datetime import timedelta

    assert cursor_after(greatest, began, timedelta(minutes=minutes)) == cursor


def _map_formula(world: FollowWorld) -> None:
    world.config["tables"][0]["mapping"]["twice"] = "Twice"


def _watch_some(world: FollowWorld) -> None:
    world.config["tables"][0]["modified"] = {"airtable": "Size Modified"}


def _no_time(world: FollowWorld) -> None:
    world.config["tables"][0]["modified"] = {"airtable": None}


def _drop_a_field(world: FollowWorld) -> None:
    del world.config["tables"][0]["mapping"]["size"]


def _new_option(world: FollowWorld) -> None:
    world.table.update(FIRST, {"Status": "other"}, typecast=True)


def _damage(world: FollowWorld) -> None:
    manifest, folder = open_snapshot(world.snapshots)
    path = folder / manifest.table("airtable", "Leads").file
    path.write_bytes(path.read_bytes()[:-1] + b"x")


def _age(world: FollowWorld) -> None:
    world.clock.sleep(DAY)


def _forget_how(world: FollowWorld) -> None:
    _, folder = open_snapshot(world.snapshots)
    path = folder / "manifest.json"
    data = json.loads(path.read_text())
    for table in data["tables"]:
        del table["reading"]
    del data["sha256"]
    path.write_text(json.dumps(data | {"format_version": 1}))


@pytest.mark.parametrize(
    ("act", "why"),
    [
        (_map_formula, "changes of Twice do not move field Last Modified"),
        (_watch_some, "Size Modified watches some fields only"),
        (_no_time, "no field is configured"),
        (_drop_a_field, "the table, its fields or the mapping changed"),
        (_new_option, "the table, its fields or the mapping changed"),
        (_damage, "the last snapshot's file is damaged"),
        (_age, "the last full reading is of 2026-06-01 01:00Z"),
        (_forget_how, "the last snapshot does not say"),
    ],
)
def test_what_asks_for_a_full_reading(world: FollowWorld, act: Any, why: str) -> None:
    world.snapshot()
    act(world)
    told = reading(world.snapshot())
    assert told.kind == "full"
    assert told.deletes_visible
    assert why in (told.why or "")


def test_an_empty_table_and_one_that_fills(tmp_path: Path) -> None:
    with follow_world(tmp_path, records=0) as world:
        world.snapshot()
        world.table.create({"Name": "x"})
        assert reading(world.snapshot()).why == "the last snapshot does not say up to when it holds all changes"
        assert reading(world.snapshot()).kind == "incremental"


def test_a_full_one_can_be_asked_for_and_without_the_key_all_are(world: FollowWorld) -> None:
    world.snapshot()
    asked = world.snapshot(full=True)
    assert (reading(asked).kind, reading(asked).why) == ("full", "a full one was asked for")
    assert reading(world.snapshot()).kind == "incremental"
    del world.config["stores"]["airtable"]["incremental"]
    plain = world.snapshot()
    assert (reading(plain).kind, reading(plain).why, reading(plain).cursor) == ("full", None, None)


def test_a_snapshot_that_fails_leaves_the_last_one(world: FollowWorld) -> None:
    from dq.errors import DqError
    from dq.sandbox import faults

    first = world.snapshot()
    faults.put(world.url, faults.Schedule((faults.Rule((faults.Fault("server_error"),), on="list", rate=1.0),)))
    with pytest.raises(DqError):
        world.snapshot()
    faults.clear(world.url)
    assert open_snapshot(world.snapshots)[0] == first
    assert reading(world.snapshot()).based_on == first.id


def _hooks(world: FollowWorld) -> list[Any]:
    return list(world.table.base.webhooks())


def _break_hook(world: FollowWorld) -> None:
    [hook] = _hooks(world)
    hook.delete()


def _lose_payload(world: FollowWorld) -> None:
    world.table.create({"Name": "heard of"})
    world.table.create({"Name": "lost"})
    with closing(sqlite3.connect(world.data)) as connection, connection:
        assert connection.execute("DELETE FROM payload WHERE cursor = (SELECT max(cursor) FROM payload)").rowcount == 1


def _lose_all_payloads(world: FollowWorld) -> None:
    world.table.delete(FIRST)
    with closing(sqlite3.connect(world.data)) as connection, connection:
        assert connection.execute("DELETE FROM payload").rowcount == 1


def _invalid(world: FollowWorld) -> None:
    world.table.create({"Name": "x"})
    with closing(sqlite3.connect(world.data)) as connection, connection:
        connection.execute("""UPDATE payload SET body = '{"error": true, "code": "INVALID_HOOK"}'""")


@pytest.mark.parametrize("world", ["webhook"], indirect=True)
@pytest.mark.parametrize(
    ("act", "why"),
    [
        (_break_hook, "the webhook is gone"),
        (_lose_payload, "the webhook lost some of its payloads"),
        (_lose_all_payloads, "the webhook lost some of its payloads"),
        (_invalid, "the webhook is invalid"),
    ],
)
def test_a_webhook_that_cannot_be_trusted(world: FollowWorld, act: Any, why: str) -> None:
    world.snapshot()
    act(world)
    world.table.delete(SECOND)
    told = world.snapshot()
    assert (reading(told).kind, reading(told).why) == ("full", why)
    assert_frame_equal(world.held(told), world.truth())
    world.table.delete(THIRD)
    after = world.snapshot()
    assert reading(after).kind == "incremental", reading(after).why
    assert_frame_equal(world.held(after), world.truth())
    assert len(_hooks(world)) == 1


@pytest.mark.parametrize("world", ["webhook"], indirect=True)
def test_one_webhook_is_made_and_kept_alive(world: FollowWorld) -> None:
    world.config["stores"]["airtable"]["incremental"]["full_every_hours"] = 100
    made = [world.snapshot(after=DAY) for _ in range(12)]
    assert len({manifest.hook.id for manifest in made if manifest.hook}) == 1
    assert len(_hooks(world)) == 1
    assert json.loads((world.snapshots / "webhook.json").read_text())["base"] == BASE
    assert {reading(manifest).why for manifest in made[1:]} - {None} == {
        f"the last full reading is of {day} 00:00Z" for day in ("2026-06-02", "2026-06-07")
    }


@pytest.mark.parametrize("world", ["webhook"], indirect=True)
def test_a_webhook_of_a_snapshot_that_failed_is_not_left_behind(world: FollowWorld) -> None:
    from dq.errors import DqError
    from dq.sandbox import faults

    for _ in range(12):
        faults.put(world.url, faults.Schedule((faults.Rule((faults.Fault("server_error"),), on="list", rate=1.0),)))
        with pytest.raises(DqError):
            world.snapshot()
    faults.clear(world.url)
    assert len(_hooks(world)) == 1
    world.snapshot()
    assert len(_hooks(world)) == 1


def test_from_none_to_webhook_the_first_is_full(world: FollowWorld) -> None:
    world.snapshot()
    world.table.delete(FIRST)
    assert not reading(world.snapshot()).deletes_visible
    world.config["stores"]["airtable"]["incremental"]["deletes"] = "sweep"
    swept = world.snapshot()
    assert (reading(swept).kind, reading(swept).deletes_visible) == ("incremental", True)
    assert_frame_equal(world.held(swept), world.truth())
    world.config["stores"]["airtable"]["incremental"]["deletes"] = "webhook"
    assert reading(world.snapshot()).why == "no webhook was kept before"
