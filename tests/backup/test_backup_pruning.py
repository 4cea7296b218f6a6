"""Pruning: to the trash first, for good later, never the last good one."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from dq.backup import Making, create, list_backups, note_finding, open_backup, survey, verify
from dq.backup.pruning import prune
from dq.backup.retention import Policy
from dq.errors import ConfigurationError
from dq.manifest import Column, TableSchema
from dq.stores.memory import MemoryStore

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
POLICY = Policy(30, 1)


@pytest.fixture
def root(tmp_path):
    """Backups of 90, 60, 20 and 1 days ago; the oldest has a tag."""
    schema = TableSchema("airtable", "Leads", "id", (Column("id", "text", ""),))
    stores = [MemoryStore(store, [schema], {"Leads": [{"id": "rec1"}]}) for store in ("database", "airtable")]
    for days, tags in ((90, ("release",)), (60, ()), (20, ()), (1, ())):
        create(tmp_path / "backups", *stores, NOW - timedelta(days=days), Making(tags=tags))
    return tmp_path / "backups"


def days(root):
    return [(NOW - one.taken_at).days for one in list_backups(root)]


def test_a_dry_run_tells_and_touches_nothing(root):
    done = prune(root, POLICY, 7, NOW, {}, dry=True)
    assert [(one.kept, one.reason) for one in done.decisions] == [
        (False, "90 days old; 30 are kept"),
        (False, "60 days old; 30 are kept"),
        (True, "younger than 30 days"),
        (True, "the newest"),
    ]
    assert days(root) == [90, 60, 20, 1]


def test_to_the_trash_and_some_days_later_for_good(root):
    gone = [one.id for one in list_backups(root)[:2]]
    prune(root, POLICY, 7, NOW, {})
    assert days(root) == [20, 1]
    assert list(survey(root).trash) == gone
    with pytest.raises(ConfigurationError, match="was pruned") as error:
        open_backup(root, gone[0])
    assert f"mv {root / '.trash' / gone[0]}" in str(error.value)
    verify(root / ".trash" / gone[0])
    assert prune(root, POLICY, 7, NOW + timedelta(days=6, hours=23), {}).removed == ()
    assert list(prune(root, POLICY, 7, NOW + timedelta(days=7), {}).removed) == gone
    assert survey(root).trash == ()
    for one in list_backups(root):
        verify(one.path)  # files that were shared with those that went are still there


def test_what_is_moved_out_of_the_trash_is_there_again(root):
    gone = list_backups(root)[1].id
    prune(root, POLICY, 7, NOW, {})
    (root / ".trash" / gone).rename(root / gone)
    assert verify(root / gone).id == gone


@pytest.mark.parametrize("policy", [Policy(0, 0), Policy(0, 0, ())])
def test_edge_49_an_empty_policy_is_refused(root, policy):
    with pytest.raises(ConfigurationError, match="keeps no backup"):
        prune(root, policy, 7, NOW, {})
    assert days(root) == [90, 60, 20, 1]


def test_a_policy_that_would_leave_no_good_backup_is_refused(root):
    with pytest.raises(ConfigurationError, match="would leave no good backup of 4"):
        prune(root, Policy(0, 0, ("never",)), 7, NOW, {})
    for one in list_backups(root)[2:]:
        note_finding(one.path, NOW, opened=True, problem="is gone")
    with pytest.raises(ConfigurationError, match="would leave no good backup"):
        prune(root, Policy(30, 0), 7, NOW, {})
    assert days(root) == [90, 60, 20, 1]


def test_tags_and_protected_backups_stay(root):
    protected = {list_backups(root)[1].id: "its run is not finished"}
    prune(root, Policy(1, 1, ("release",)), 7, NOW, protected)
    assert days(root) == [90, 60, 1]


def test_what_cannot_be_read_is_left_to_a_person(root):
    broken = list_backups(root)[0]
    (broken.path / "manifest.json").write_text("{")
    prune(root, POLICY, 0, NOW, {})
    assert (broken.path / "manifest.json").exists()
    assert [one.id for one in survey(root).broken] == [broken.id]


def test_edge_49_a_clock_that_was_ahead(root):
    taken = list_backups(root)[-1]
    data = json.loads((taken.path / "manifest.json").read_text())
    assert data["taken_at"].endswith("+00:00")
    done = prune(root, Policy(0, 1), 7, NOW - timedelta(days=30), {})
    assert [one.reason for one in done.decisions if one.kept] == [
        "the newest",
        "its time lies in the future: look at the clock",
        "its time lies in the future: look at the clock",
    ]
