"""Promise 3: any run can be undone, cell by cell, and what people changed since is left alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from projects import Project, everything

from dq import pipeline
from dq.apply.undo import Scope, Undone
from dq.errors import ConfigurationError
from dq.settings import load

WHOLE = Scope()


@contextmanager
def _opened(project: Project) -> Iterator[tuple[Any, Any, Any]]:
    settings = load(project.root / "config" / "dq.yaml")
    watch = pipeline.Watch(lambda: datetime.now(UTC), lambda *_: None, lambda: False)
    with pipeline.locked(settings), pipeline.opened(settings) as stores:
        yield settings, stores, watch


def _undo(project: Project, scope: Scope = WHOLE, run: str | None = None) -> Undone:
    with _opened(project) as (settings, stores, watch):
        wanted = pipeline.Asked(run, scope, "tester")
        return pipeline.undo(settings, stores, wanted, pipeline.Permission({}), watch, lambda _: None).undone


def _renamed(held: dict[str, Any], new_ids: dict[str, str]) -> dict[str, Any]:
    """Rows with the ids that deleted records got when they came back; the formula field is Airtable's to fill."""
    old = {new: before for before, new in new_ids.items()}
    leads = {
        key: {**row, "airtable_id": old.get(row["airtable_id"], row["airtable_id"])}
        for key, row in held["leads"].items()
    }
    records = {old.get(key, key): {**cells, "Score": None} for key, cells in held["airtable"].items()}
    return {**held, "leads": leads, "airtable": records}


def test_apply_and_undo_restore_every_cell_of_both_stores(fresh: Project) -> None:
    before = everything(fresh)
    assert fresh.dq("run", "--yes").code == 0
    assert everything(fresh) != before
    undone = _undo(fresh)
    assert undone.kept == ()
    assert _renamed(everything(fresh), dict(undone.new_ids)) == _renamed(before, {})
    with pytest.raises(ConfigurationError):
        _undo(fresh)


def test_after_an_undo_the_next_runs_come_to_rest(fresh: Project) -> None:
    assert fresh.dq("run", "--yes").code == 0
    _undo(fresh)
    again = fresh.dq("run", "--yes", "--format", "json")
    assert (again.code, again.json["details"]["changes"] > 0) == (0, True), again.err
    rest = fresh.dq("run", "--yes", "--format", "json")
    assert (rest.code, rest.json["details"]["changes"]) == (0, 0), rest.err


def test_undo_leaves_alone_what_people_changed_since(settled: Project) -> None:
    [(first, record), (second, other)] = settled.sql("SELECT id, airtable_id FROM leads ORDER BY id LIMIT 2")
    titles = {key: settled.records()[key].get("Title") for key in (record, other)}
    for key in (first, second):
        settled.sql("UPDATE leads SET title = 'Chief Cook', updated_at = '2031-01-01T00:00:00+00:00' WHERE id = ?", key)
    assert settled.dq("run", "--yes").code == 0

    def change(base: dict[str, Any]) -> None:
        next(one for one in base["tables"][0]["records"] if one["id"] == record)["fields"]["Title"] = "Head of Dishes"

    settled.edit_records(change)
    undone = _undo(settled)
    assert [(kept.store, kept.row_key, kept.field) for kept in undone.kept] == [("airtable", record, "Title")]
    assert settled.records()[record]["Title"] == "Head of Dishes"
    assert settled.records()[other].get("Title") == titles[other]
