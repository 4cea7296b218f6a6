import json
from pathlib import Path

import polars as pl
import pytest

from dq.apply import base as base_state
from dq.apply.journal import Entry
from dq.errors import DamagedError
from dq.schemas.base import base_types
from dq.stores.protocol import RowWrite

NAMES = {"database": {"name": "name"}, "airtable": {"Full Name": "name"}}
TIMES = {"database": "changed", "airtable": None}
LINEAGE = {"database": "leads.db", "airtable": "appX", "tables": {"leads": "tblX"}}


def _rows(*rows: dict) -> pl.DataFrame:
    types = base_types(["name"])
    empty = dict.fromkeys(types.names())
    return pl.DataFrame([{**empty, "table": "leads", "state": "linked", **row} for row in rows], schema=types)


def _linked(entity: str, name: str | None, database: str | None = "L1", airtable: str | None = "rec1") -> dict:
    return {"entity_id": entity, "database_key": database, "airtable_key": airtable, "name_agreed": name}


def _entry(
    op: str,
    state: str,
    store: str = "airtable",
    entity: str = "E1",
    key: str | None = "rec1",
    after: dict | None = None,
    echo: dict | None = None,
) -> Entry:
    write = RowWrite("Leads", op, key, {}, after if after is not None else {"Full Name": "New"}, f"leads {entity}")
    return Entry(0, 0, store, entity, None, None, write, None, state, key, echo or {}, None, 1)


def _folded(planned: pl.DataFrame, before: pl.DataFrame, *entries: Entry) -> list[dict]:
    columns = ["entity_id", "state", "database_key", "airtable_key", "name_agreed"]
    return base_state.folded(planned, before, entries, NAMES, TIMES).select(columns).to_dicts()


@pytest.mark.parametrize("state", ["moved", "refused", "skipped", "intent"])
def test_a_cell_that_was_not_written_keeps_what_was_agreed_before(state: str):
    [row] = _folded(_rows(_linked("E1", "New")), _rows(_linked("E1", "Old")), _entry("update", state))
    assert row["name_agreed"] == "Old"


def test_a_cell_that_was_never_agreed_stays_so_when_its_write_failed():
    [row] = _folded(_rows(_linked("E1", "New")), _rows(), _entry("update", "moved"))
    assert row["name_agreed"] is None


def test_a_written_cell_is_agreed_and_cells_of_other_leads_are_left_alone():
    planned = _rows(_linked("E1", "New"), _linked("E2", "Other", "L2", "rec2"))
    assert [row["name_agreed"] for row in _folded(planned, _rows(), _entry("update", "written"))] == ["New", "Other"]
    assert [row["name_agreed"] for row in _folded(planned, _rows(), _entry("update", "moved"))] == [None, "Other"]


def test_a_created_row_gets_the_key_that_its_store_gave():
    [row] = _folded(_rows(_linked("E1", "New", airtable=None)), _rows(), _entry("insert", "written", key="rec9"))
    assert row["airtable_key"] == "rec9"


def test_a_lead_whose_insert_failed_is_not_linked():
    assert _folded(_rows(_linked("E1", "New", airtable=None)), _rows(), _entry("insert", "refused", key=None)) == []


@pytest.mark.parametrize(("op", "after"), [("delete", {}), ("update", {"deleted_at": "now"})])
def test_a_lead_whose_delete_failed_is_no_tombstone(op: str, after: dict):
    planned = _rows({**_linked("E1", "Old"), "state": "tombstone"})
    [row] = _folded(planned, _rows(_linked("E1", "Old")), _entry(op, "moved", after=after))
    assert row["state"] == "linked"
    [row] = _folded(planned, _rows(_linked("E1", "Old")), _entry(op, "written", after=after))
    assert row["state"] == "tombstone"


def test_the_time_of_dqs_own_write_is_remembered():
    entry = _entry(
        "update",
        "written",
        store="database",
        key="L1",
        after={"name": "New", "changed": "2026-07-01 12:00:00"},
        echo={"changed": "2026-07-01 12:00:00"},
    )
    rows = base_state.folded(_rows(_linked("E1", "New")), _rows(), [entry], NAMES, TIMES)
    assert str(rows["database_written"][0]) == "2026-07-01 12:00:00+00:00"
    assert rows["airtable_written"][0] is None


def test_a_base_is_saved_and_found_again(tmp_path: Path):
    assert base_state.pointer(tmp_path) is None
    assert base_state.load(tmp_path)[0] == 0
    rows = _rows(_linked("E1", "A"))
    for serial in range(1, 14):
        base_state.save(tmp_path, rows, serial=serial, lineage=LINEAGE, plan=f"plan {serial}", rules="r")
    assert base_state.pointer(tmp_path).serial == 13
    serial, found = base_state.load(tmp_path)
    assert (serial, found.equals(rows)) == (13, True)
    assert len(list((tmp_path / "base").glob("*.parquet"))) == base_state.KEPT
    assert base_state.at(tmp_path, 0).is_empty()
    assert base_state.at(tmp_path, 12).equals(rows)
    with pytest.raises(DamagedError, match="no longer kept"):
        base_state.at(tmp_path, 1)
    assert (tmp_path / "base").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "base").iterdir()} == {0o600}


@pytest.mark.parametrize("damage", ["missing", "flipped", "pointer", "shape"])
def test_a_damaged_base_is_never_taken_for_none(tmp_path: Path, damage: str):
    held = base_state.save(tmp_path, _rows(_linked("E1", "A")), serial=1, lineage=LINEAGE, plan="p", rules="r")
    file, pointer = tmp_path / "base" / held.file, tmp_path / "base" / base_state.POINTER
    if damage == "missing":
        file.unlink()
    elif damage == "flipped":
        file.write_bytes(file.read_bytes()[:-1] + b"x")
    else:
        pointer.write_text("{" if damage == "pointer" else json.dumps({"serial": 1}))
    with pytest.raises(DamagedError) as caught:
        base_state.load(tmp_path)
    assert (caught.value.exit_code, "move it away" in str(caught.value)) == (7, True)


def test_a_field_that_was_mapped_later_was_never_agreed():
    rows = base_state.of_table(_rows(_linked("E1", "A")).drop("name_agreed"), "leads", ["name"])
    assert rows["name_agreed"].to_list() == [None]
    assert base_state.of_table(rows, "other", ["name"]).is_empty()
