"""Scope, settle times, tombstones and the meaning of the base, from the configuration."""

import pytest

from dq.errors import ConfigurationError
from dq.rules import Scope, Settle

TABLE = "tables:\n- mapping: {name: Name, email: Email, status: Status}\n  link: {database: airtable_id}\n"
REAL = "stores:\n  airtable: {base: appX, token: t}\n  database: {url: 'sqlite:///a.db'}\n"


def table(project, extra="", top=REAL):
    return project.load(f"{top}{TABLE}{extra}").tables[0]


def error_of(project, text):
    with pytest.raises(ConfigurationError) as error:
        project.load(text)
    return str(error.value)


@pytest.mark.parametrize(
    "form", ["  scope: status <> 'x' AND score > 3\n", "  scope: {where: \"status <> 'x' AND score > 3\"}\n"]
)
def test_a_scope_knows_its_columns(project, form):
    assert table(project, form).scope == Scope(
        where="status <> 'x' AND score > 3", columns=("status", "score"), leaving="keep"
    )


def test_a_scope_may_delete(project):
    assert table(project, "  scope: {where: score > 3, leaving: delete}\n").scope.leaving == "delete"


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("status <>", "not a condition in Polars SQL"),
        ("1 = 1", "must name columns"),
        ("SUM(score) > 3", "own row"),
        ("ROW_NUMBER() OVER (ORDER BY score) > 1", "own row"),
        ("score > (SELECT 1)", "own row"),
        ("COUNT(*) > 1 AND score = 1", "own row"),
        ("airtable_id IS NOT NULL", "airtable_id"),
        ("{wher: score > 1}", "did you mean `where`?"),
        ("{where: score > 1, leaving: drop}", "tables[0].scope.leaving"),
    ],
)
def test_a_scope_that_cannot_be_told_by_a_row_is_named_with_its_line(project, scope, expected):
    text = error_of(project, f"{TABLE}  scope: {scope}\n")
    assert expected in text
    assert "dq.yaml:4" in text


def test_a_text_in_a_scope_is_no_function(project):
    assert table(project, "  scope: status <> 'Len'\n").scope is not None


@pytest.mark.parametrize(
    ("said", "settle"),
    [
        ("", Settle(airtable=30)),
        ("  sync: {settle_seconds: 0}\n", Settle()),
        ("  sync: {settle_seconds: 5}\n", Settle(database=5, airtable=5)),
        ("  sync: {settle_seconds: {airtable: 5}}\n", Settle(airtable=5)),
        ("  sync: {settle_seconds: {database: 5}}\n", Settle(database=5, airtable=30)),
    ],
)
def test_settle_times(project, said, settle):
    assert table(project, said).sync.settle == settle


def test_nobody_types_in_the_embedded_airtable(project):
    assert table(project, top="stores: {airtable: {sandbox: a.db}}\n").sync.settle == Settle()
    assert (
        table(project, "  sync: {settle_seconds: 9}\n", "stores: {airtable: {sandbox: a.db}}\n").sync.settle.airtable
        == 9
    )


@pytest.mark.parametrize(
    ("said", "days"), [("", 60), ("backups: {retention_days: 365}\n", 395), ("sync: {tombstone_days: 37}\n", 37)]
)
def test_deleted_leads_are_remembered_longer_than_backups_stay(project, said, days):
    assert table(project, said).sync.tombstone_days == days


@pytest.mark.parametrize(
    "said",
    [
        "sync: {tombstone_days: 36}\n",
        "  sync: {tombstone_days: 36}\n",
        "sync: {tombstone_days: 90}\nbackups: {retention_days: 90}\n",
    ],
)
def test_tombstones_that_a_backup_outlives_are_refused(project, said):
    text = error_of(project, f"{REAL}{TABLE}{said}")
    assert "tombstone_days" in text
    assert "days longer than backups stay" in text


@pytest.mark.parametrize(
    ("said", "same"),
    [
        ("sync: {conflict: manual}\n", True),
        ("brakes: {empty_side: 0.9}\n", True),
        ("  fields: {name: {owner: airtable}}\n", True),
        ("  fields: {name: {default: x}}\n", False),
        ("  scope: score > 3\n", False),
        ("  airtable: People\n", False),
        ("duplicates: {matching_fields: [name]}\n", False),
    ],
)
def test_only_what_gives_the_base_its_meaning_is_a_change_of_rules(project, said, same):
    plain, other = project.load(REAL + TABLE), project.load(f"{REAL}{TABLE}{said}")
    assert (plain.meaning_digest == other.meaning_digest) == same
