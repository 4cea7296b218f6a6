"""A run that goes wrong is taken back by itself; what cannot be taken back locks everything until a person looked."""

from collections.abc import Callable
from typing import Any

import pytest
from projects import Project, everything

from dq.apply import execute
from dq.errors import TemporaryError
from dq.pipeline import rollback

LATER = "2031-01-01T00:00:00+00:00"
ALL = ("--max-field-changes", "100")
REFUSE = "CREATE TRIGGER no BEFORE UPDATE OF {column} ON leads BEGIN SELECT RAISE(ABORT, 'no'); END"


@pytest.fixture
def planned(settled: Project) -> Project:
    """Thirty edits on the Airtable side that are to go to the database, one the other way, and one new lead."""

    def change(base: dict[str, Any]) -> None:
        for record in base["tables"][0]["records"][:30]:
            record["fields"]["Company"] = "Acme Holding"
            record["fields"]["Last Modified"] = "2031-01-01T00:00:00.000Z"

    settled.edit_records(change)
    [(key,)] = settled.sql("SELECT id FROM leads ORDER BY id DESC LIMIT 1")
    settled.sql("UPDATE leads SET title = 'Chief Cook', updated_at = ? WHERE id = ?", LATER, key)
    settled.sql(
        "INSERT INTO leads(id, name, email, created_at, updated_at) VALUES ('new', 'Noa Newrow', 'noa@row.example', ?, ?)",
        LATER,
        LATER,
    )
    assert settled.dq("snapshot").code == 0
    assert settled.dq("clean").code == 0
    return settled


def _before(patch: pytest.MonkeyPatch, owner: Any, name: str, act: Callable[[], None]) -> None:
    inner = getattr(owner, name)

    def outer(*args: Any, **options: Any) -> Any:
        act()
        return inner(*args, **options)

    patch.setattr(owner, name, outer)


def _losing(project: Project, *more: str) -> Callable[[], None]:
    """What a store does that forgets what it confirmed: one row holds again what it held before."""
    [(key, company)] = project.sql(
        "SELECT id, company FROM leads WHERE airtable_id IS NOT NULL AND company <> 'Acme Holding' ORDER BY airtable_id LIMIT 1"
    )

    def lose() -> None:
        project.sql("UPDATE leads SET company = ? WHERE id = ?", company, key)
        for statement in more:
            project.sql(statement)

    return lose


def test_a_write_that_a_store_lost_takes_the_run_back(planned: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    before = everything(planned)
    with monkeypatch.context() as patch:
        _before(patch, execute, "mismatches", _losing(planned))
        ended = planned.dq("apply", "--yes", *ALL)
    assert ended.code == 6, ended.err
    assert "taken back" in ended.out
    assert "verified" not in ended.out
    assert everything(planned) == before
    assert "rollback" not in planned.dq("status").out
    again = planned.dq("run", "--yes", *ALL)
    assert again.code == 0, again.err
    assert planned.dq("run", "--yes", "--format", "json").json["details"]["changes"] == 0


def test_so_many_refused_rows_take_the_run_back_and_are_quarantined(planned: Project) -> None:
    before = everything(planned)
    planned.sql(REFUSE.format(column="company"))
    ended = planned.dq("apply", "--yes", *ALL)
    assert ended.code == 6, ended
    assert "refused" in ended.err
    assert everything(planned) == before
    planned.sql("DROP TRIGGER no")
    waiting = planned.dq("quarantine", "list", "--format", "json").json["leads"]
    assert len(waiting) > 10
    assert planned.dq("run", "--yes", *ALL).code == 0


def test_what_cannot_be_taken_back_locks_until_a_person_looked(
    planned: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        _before(patch, execute, "mismatches", _losing(planned, REFUSE.format(column="company")))
        assert planned.dq("apply", "--yes", *ALL).code == 6
    for command in (("snapshot",), ("clean",), ("apply", "--resume"), ("undo", "--yes")):
        refused = planned.dq(*command)
        assert (refused.code, "dq unlock" in refused.err) == (7, True), refused
    assert "locked:" in planned.dq("status").out
    assert planned.dq("unlock").code == 2  # nobody there to say that he looked
    assert planned.dq("unlock", "--yes").code == 0
    planned.sql("DROP TRIGGER no")
    assert planned.dq("run", "--yes", *ALL).code == 0
    assert planned.dq("run", "--yes", "--format", "json").json["details"]["changes"] == 0


@pytest.mark.parametrize("point", ["carried_on", "prepare"])
def test_edge_45_a_rollback_that_was_cut_off_is_ended_by_the_next_command(
    planned: Project, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    before = everything(planned)

    def fail() -> None:
        raise TemporaryError("The network is gone.")

    with monkeypatch.context() as patch:
        _before(patch, execute, "mismatches", _losing(planned))
        _before(patch, rollback, point, fail)
        assert planned.dq("apply", "--yes", *ALL).code == 5
    assert everything(planned) != before
    assert planned.dq("snapshot").code == 0
    assert everything(planned) == before
    assert "rollback" not in planned.dq("undo", "--list").err
