import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dq.apply.journal import Entry, journal, state_of
from dq.errors import DamagedError, TemporaryError
from dq.stores.protocol import Outcome, RowWrite


def _entry(place: int, state: str = "intent", **more) -> Entry:
    write = RowWrite(
        "leads",
        more.pop("op", "update"),
        f"L{place}",
        {"name": "A\u0000é"},
        {"name": None, "n": 1.5, "tags": ["x"]},
        f"leads E{place}",
    )
    values = {"create_id": None, "watermark": None, "pre_image": None, "reason": None, **more}
    return Entry(
        0,
        place,
        "database",
        f"E{place}",
        values["create_id"],
        values["watermark"],
        write,
        values["pre_image"],
        state,
        None,
        {},
        values["reason"],
        3,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


def test_what_is_begun_is_there_when_the_journal_is_opened_again(path: Path):
    entries = [
        _entry(0),
        _entry(1, pre_image={"id": "L1", "none": None}),
        _entry(2, "skipped", reason="another"),
        _entry(3, op="insert", create_id="c", watermark="7"),
    ]
    with journal(path) as opened:
        opened.begin(entries, "now")
    with journal(path) as opened:
        assert list(opened.entries()) == entries
        assert list(opened.entries(1)) == []
        assert opened.counts() == {"intent": 3, "skipped": 1}
        assert opened.failed_groups() == {"leads E2"}


def test_outcomes_settle_entries(path: Path):
    with journal(path) as opened:
        opened.begin(
            [_entry(0), _entry(1, op="insert", create_id="c1"), _entry(2, op="insert", create_id="c2"), _entry(3)],
            "now",
        )
        opened.settle(
            0, {0: Outcome("moved", "L0", reason="name changed"), 1: Outcome("written", "rec9", {"Name": "é"})}, "later"
        )
        assert opened.created() == {"c1": "rec9"}
        assert opened.created(["c1", "c2"]) == {"c1": "rec9"}
        assert opened.created(["c2"]) == opened.created([]) == {}
        assert opened.failed_groups() == {"leads E0"}
        assert opened.counts() == {"moved": 1, "written": 1, "intent": 2}
        [written] = opened.entries(states=("written",))
        assert (written.key, written.echo) == ("rec9", {"Name": "é"})
        [moved] = opened.entries(0, states=("moved", "refused"))
        assert moved.reason == "name changed"


def test_a_batch_is_begun_whole_or_not_at_all(path: Path):
    with journal(path) as opened:
        with pytest.raises(sqlite3.IntegrityError):
            opened.begin([_entry(0), _entry(0)], "now")
        assert list(opened.entries()) == []


def test_the_state_of_a_plan(path: Path):
    assert state_of(path) == "none"
    with journal(path) as opened:
        assert opened.meta() == {}
        assert state_of(path) == "none"
        opened.note(began="now", plan="digest")
        assert state_of(path) == "open"
        opened.note(ended="later")
        assert opened.meta() == {"began": "now", "plan": "digest", "ended": "later"}
    assert state_of(path) == "finished"


def test_a_note_that_cannot_be_read_is_damage(path: Path):
    with journal(path) as opened:
        opened.note(began="now")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE meta SET value = CAST(x'ff' AS TEXT)")
    with pytest.raises(DamagedError):
        state_of(path)


def test_the_file_is_for_its_owner_only(path: Path):
    with journal(path) as opened:
        opened.note(began="now")
        assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_no_journal_is_damage(path: Path):
    path.write_text("no journal" * 500)
    with pytest.raises(DamagedError, match="damaged") as caught, journal(path):
        pass
    assert caught.value.exit_code == 7
    assert str(path) in str(caught.value)


def test_a_journal_that_cannot_be_opened_is_temporary(path: Path):
    path.mkdir()
    with pytest.raises(TemporaryError, match="cannot be written"), journal(path):
        pass


def test_a_journal_that_cannot_be_written_stops_before_the_wire(path: Path):
    with journal(path) as opened:
        opened.note(began="now")
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        opened._connection.execute("PRAGMA busy_timeout = 0")
        with pytest.raises(TemporaryError, match="cannot be written"):
            opened.begin([_entry(0)], "now")
        other.close()
