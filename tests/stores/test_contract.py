"""What every store must do, asked of every store."""

import polars as pl
import pyarrow as pa
import pytest
from store_worlds import COLUMNS, KEYS, ROWS, World

from dq.errors import ConfigurationError
from dq.stores import RowWrite
from dq.stores.meaning import is_same


def update(key, before, after, group="g", table="leads"):
    return RowWrite(table, "update", key, before, after, group)


def insert(key, after, group="g"):
    return RowWrite("leads", "insert", key, {}, after, group)


def delete(key, before=None, group="g"):
    return RowWrite("leads", "delete", key, before or {}, {}, group)


def held(world: World) -> dict[str, dict]:
    batches = list(world.store.batches(world.schema))
    rows = pa.Table.from_batches(batches).to_pylist()
    return {row["id"]: {name: row[name] for name in COLUMNS} for row in rows}


def test_describe_limits_to_the_columns_and_the_key(world: World):
    schema = world.store.describe("leads", ["email"])
    assert (schema.store, schema.name, schema.key) == (world.store.store, "leads", "id")
    assert {column.name for column in schema.columns} - {"createdTime"} == {"id", "email"}
    assert {column.name for column in schema.unread} == {"name", "status", "score", "ok"}
    assert world.schema.column("score").kind == "number"
    assert world.schema.column("ok").kind == "boolean"


@pytest.mark.parametrize(("table", "column", "near"), [("lead", "email", "'leads'"), ("leads", "emial", "'email'")])
def test_describe_names_the_near_miss(world: World, table, column, near):
    with pytest.raises(ConfigurationError, match=f"did you mean {near}"):
        world.store.describe(table, [column])


def test_batches_give_every_row_and_value(world: World):
    rows = held(world)
    assert list(rows) == KEYS
    for row in ROWS:
        for name in COLUMNS:
            assert is_same(rows[row["id"]][name], row[name], world.schema.column(name).kind), (row["id"], name)


def test_batches_have_the_schemas_columns_and_polars_types(world: World):
    frame = pl.from_arrow(pa.Table.from_batches(list(world.store.batches(world.schema))))
    assert frame.columns == [column.name for column in world.schema.columns]
    assert frame.schema["name"] == frame.schema["id"] == pl.String
    assert frame.schema["score"] == pl.Float64
    assert frame.schema["ok"] == (pl.Int64 if world.store.store == "database" else pl.Boolean)


def test_batches_of_no_rows(world: World):
    world.store.write(world.schema, [delete(key, group=key) for key in KEYS])
    (batch,) = list(world.store.batches(world.schema))
    assert batch.num_rows == 0
    assert batch.schema.field("score").type == pa.float64()


def test_fetch_gives_what_is_there(world: World):
    rows = world.store.fetch(world.schema, [KEYS[3], "recMissing0000000", KEYS[0]])
    assert set(rows) == {KEYS[0], KEYS[3]}
    assert rows[KEYS[3]]["name"] == "007"
    assert rows[KEYS[0]]["name"] == "Zoë 🎈"


def test_update_writes_and_echoes(world: World):
    (done,) = world.store.write(
        world.schema, [update(KEYS[0], {"name": "Zoë 🎈"}, {"name": "Zoë", "score": 3, "ok": None})]
    )
    assert (done.state, done.key) == ("written", KEYS[0])
    assert (done.echo["name"], done.echo["score"], done.echo["email"]) == ("Zoë", 3, "zoe@example.com")
    assert held(world)[KEYS[0]]["score"] == 3


def test_update_clears(world: World):
    assert (
        world.store.write(world.schema, [update(KEYS[0], {"email": "zoe@example.com"}, {"email": None})])[0].state
        == "written"
    )
    assert held(world)[KEYS[0]]["email"] is None


def test_insert_gives_the_key(world: World):
    (done,) = world.store.write(world.schema, [insert(world.new_key, {"name": "New", "status": "done"})])
    assert done.state == "written"
    assert held(world)[done.key] == {"name": "New", "email": None, "status": "done", "score": None, "ok": None}


def test_delete_removes(world: World):
    before = {"name": "007", "email": "bond@example.com", "score": -7, "ok": None}
    assert world.store.write(world.schema, [delete(KEYS[3], before)])[0].state == "written"
    assert KEYS[3] not in held(world)


def test_outcomes_keep_the_order(world: World):
    writes = [
        insert(world.new_key, {"name": "N"}, "a"),
        delete(KEYS[1], group="b"),
        update(KEYS[0], {}, {"name": "A"}, "c"),
        update(KEYS[2], {"name": "stale"}, {"name": "B"}, "d"),
        update(KEYS[4], {}, {"name": "C", "score": 9}, "e"),
    ]
    done = world.store.write(world.schema, writes)
    assert [one.state for one in done] == ["written", "written", "written", "moved", "written"]
    assert [one.key for one in done[1:]] == [KEYS[1], KEYS[0], KEYS[2], KEYS[4]]


def test_a_moved_row_stops_its_group_and_no_other(world: World):
    before = held(world)
    writes = [
        update(KEYS[0], {"name": "Zoë 🎈"}, {"name": "A"}, "pair"),
        update(KEYS[1], {"name": "someone else"}, {"name": "B"}, "pair"),
        update(KEYS[3], {"name": "007"}, {"name": "C"}, "other"),
    ]
    done = world.store.write(world.schema, writes)
    assert [one.state for one in done] == ["moved", "moved", "written"]
    assert "name changed" in done[0].reason
    assert "someone" not in done[0].reason
    after = held(world)
    assert {key: after[key] for key in KEYS[:3]} == {key: before[key] for key in KEYS[:3]}


@pytest.mark.parametrize("op", ["update", "delete"])
def test_a_row_that_is_gone_has_moved(world: World, op):
    (done,) = world.store.write(
        world.schema, [RowWrite("leads", op, "recGone0000000000", {}, {"name": "x"} if op == "update" else {}, "g")]
    )
    assert (done.state, done.key) == ("moved", "recGone0000000000")
    assert "gone" in done.reason


def test_empty_is_empty_in_any_form(world: World):
    writes = [update(KEYS[2], {"name": "", "ok": False, "score": None}, {"name": "x"})]
    assert world.store.write(world.schema, writes)[0].state == "written"


def test_a_refused_row_leaves_the_others(world: World):
    writes = [
        update(key, {}, {"name": f"n{n}"} if n != 2 else dict(world.refused), f"g{n}") for n, key in enumerate(KEYS)
    ]
    done = world.store.write(world.schema, writes)
    assert [one.state for one in done] == ["written", "written", "refused", "written", "written"]
    assert done[2].reason
    assert "never heard of" not in done[2].reason
    assert [row["name"] for row in held(world).values()] == ["n0", "n1", None, "n3", "n4"]


def test_a_refusal_stops_the_rest_of_its_group(world: World):
    before = held(world)
    writes = [update(KEYS[0], {}, {"name": "first"}), update(KEYS[1], {}, dict(world.refused)), delete(KEYS[3])]
    done = world.store.write(world.schema, writes)
    after = held(world)
    assert done[1].state == done[2].state == "refused"
    assert KEYS[3] in after
    if world.is_atomic:
        assert done[0].state == "refused"
        assert after == before
    else:  # Airtable joins no two requests; what one request carries is whole
        assert (done[0].state, after[KEYS[0]]["name"]) == ("refused", "Zoë 🎈")


def test_find_knows_the_rows_that_lost_inserts_made(world: World):
    mark = world.store.watermark(world.schema)
    keys = (f"{world.new_key}-1", f"{world.new_key}-2") if world.new_key else (None, None)
    writes = [insert(keys[0], {"name": "it's", "score": 4}, "a"), insert(keys[1], {"name": "it's", "score": 4}, "b")]
    assert world.store.find(world.schema, writes, mark) == [None, None]
    first = world.store.write(world.schema, writes[:1])
    assert world.store.find(world.schema, writes, mark) == [first[0].key, None]


def test_find_by_link(world: World):
    mark = world.store.watermark(world.schema)
    if world.store.store == "database":
        pytest.skip("a database knows the row by its own key")
    made = world.store.write(world.schema, [insert(None, {"name": "a", "email": "link-1"})])
    asked = [insert(None, {"name": "changed since", "email": "link-1"}), insert(None, {"name": "a", "email": "link-2"})]
    assert world.store.find(world.schema, asked, mark, link="email") == [made[0].key, None]


def test_find_does_not_take_old_rows_for_new(world: World):
    mark = world.store.watermark(world.schema)
    twin = insert(None, {"name": "007", "email": "bond@example.com"})
    assert world.store.find(world.schema, [twin], mark) == [None]


def test_snapshot_reads_the_same(world: World):
    with world.store.snapshot() as moment:
        schema = moment.describe("leads", COLUMNS)
        assert sum(batch.num_rows for batch in moment.batches(schema)) == len(ROWS)
        assert moment.references("leads") == []


def test_backup_writes_private_files(world: World, tmp_path):
    folder = tmp_path / "copy"
    folder.mkdir()
    files = world.store.backup(folder)
    assert files
    assert all(path.parent == folder and path.stat().st_mode & 0o077 == 0 for path in files)


def test_no_writes_are_no_work(world: World):
    assert world.store.write(world.schema, []) == []
    assert world.store.fetch(world.schema, []) == {}
