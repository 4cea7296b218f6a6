"""One flipped bit, anywhere in what dq remembers: it is seen, or it says nothing."""

import json
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from dq.apply import base, flaps, quarantine
from dq.apply import plan as plans
from dq.apply.journal import Entry, demand_whole, journal
from dq.errors import DamagedError, TemporaryError
from dq.plan import Plan, Price
from dq.review import decisions
from dq.schemas.base import BASE_TYPES
from dq.stores.protocol import Outcome, RowWrite

LINEAGE = {"database": "data/leads.db", "airtable": "app1", "tables": {"leads": "tbl1"}}


def _frame(types: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame([dict.fromkeys(types)], schema=types).with_columns(
        pl.lit(f"{name} of the lead").alias(name) for name, dtype in types.items() if dtype == pl.String
    )


def _plan(root: Path) -> Path:
    now = datetime(2026, 7, 1, tzinfo=UTC)
    made = Plan(
        "s", now, ("sync",), {"changeset": "c"}, 3, LINEAGE, {"leads": "%Y"}, {"changes": 7}, (), Price(9, 2.0), 0, 50
    )
    plans.save(made, root)
    return root / plans.NAME


def _pointer(root: Path) -> Path:
    base.save(root, pl.DataFrame(schema=BASE_TYPES), serial=3, lineage=LINEAGE, plan="p", rules="r")
    return root / "base" / base.POINTER


def _journal(root: Path) -> Path:
    path = root / "journal.sqlite"
    with journal(path) as opened:
        writes = [
            RowWrite("leads", "update", f"key {n}", {"name": "Ann"}, {"name": "Anna"}, f"leads E{n}") for n in range(6)
        ]
        entries = [
            Entry(0, n, "database", f"E{n}", None, None, w, None, "intent", None, {}, None, 1)
            for n, w in enumerate(writes)
        ]
        opened.begin(entries, "now")
        opened.settle(0, {n: Outcome("written", f"key {n}", {"name": "Anna"}) for n in range(3)}, "later")
    return path


def _small(save: Callable[[Path, pl.DataFrame], None], name: str, types: dict[str, Any]) -> Callable[[Path], Path]:
    def made(root: Path) -> Path:
        save(root, _frame(types))
        return root / "base" / name

    return made


def _read_journal(root: Path) -> Any:
    demand_whole(root / "journal.sqlite")
    with journal(root / "journal.sqlite") as opened:
        return list(opened.entries())


FILES: dict[str, tuple[Callable[[Path], Path], Callable[[Path], Any]]] = {
    "plan.json": (_plan, plans.load),
    "pointer": (_pointer, base.pointer),
    "journal": (_journal, _read_journal),
    "decisions": (_small(decisions.save, decisions.FILE, decisions.TYPES), lambda root: decisions.load(root).rows()),
    "quarantine": (_small(quarantine.save, quarantine.FILE, quarantine.TYPES), lambda root: quarantine.load(root).rows()),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_one_flipped_bit_is_seen_or_says_nothing(name: str, tmp_path: Path) -> None:
    make, read = FILES[name]
    path = make(tmp_path)
    whole, wanted, seen = path.read_bytes(), read(tmp_path), 0
    step = max(len(whole) // 300, 1) | 1
    for place in {*range(0, len(whole), step), len(whole) - 1}:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :])
        try:
            assert read(tmp_path) == wanted, place
        except (DamagedError, TemporaryError):
            seen += 1
    assert seen
    path.write_bytes(whole)
    assert read(tmp_path) == wanted


def test_a_memory_of_flaps_that_is_damaged_is_lost_and_not_believed(tmp_path: Path) -> None:
    flaps.save(tmp_path, 1, _frame(flaps.TYPES), 9)
    path = tmp_path / "base" / f"{1:08d}{flaps.SUFFIX}"
    whole = path.read_bytes()
    assert flaps.load(tmp_path, 1).height == 1
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        assert flaps.load(tmp_path, 1).rows() in ([], _frame(flaps.TYPES).rows())


def test_what_an_older_dq_wrote_without_digests_is_read(tmp_path: Path) -> None:
    for path in (_plan(tmp_path), _pointer(tmp_path)):
        data = json.loads(path.read_text())
        del data["sha256"]
        path.write_text(json.dumps(data))
    assert (plans.load(tmp_path).snapshot, base.pointer(tmp_path).serial) == ("s", 3)  # type: ignore[union-attr]
    _frame(decisions.TYPES).write_parquet(tmp_path / "base" / decisions.FILE)
    assert decisions.load(tmp_path).height == 1
    path = _journal(tmp_path)
    connection = sqlite3.connect(path)
    for name in ("intent_seal", "outcome_seal"):
        connection.execute(f"ALTER TABLE writes DROP COLUMN {name}")
    connection.close()
    assert len(_read_journal(tmp_path)) == 6
