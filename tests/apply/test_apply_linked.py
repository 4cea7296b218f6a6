"""Writes of two tables that name each other's rows: their order, and deletes that would take links along."""

from pathlib import Path

from apply_world import NOW, change, changeset

from dq.apply.batches import batches, numbered
from dq.apply.commit import Run, Target, commit
from dq.apply.journal import journal
from dq.manifest import Column, TableSchema
from dq.stores.memory import MemoryStore

MAPPINGS = {
    ("database", "companies"): "companies",
    ("airtable", "Companies"): "companies",
    ("database", "leads"): "leads",
    ("airtable", "Leads"): "leads",
}
FIRMS = TableSchema("airtable", "Companies", "id", (Column("id", "text", "recordId", writable=False),))
LEADS = TableSchema(
    "airtable",
    "Leads",
    "id",
    (Column("id", "text", "recordId", writable=False), Column("Company", "list", "multipleRecordLinks")),
)


def _database(op, key, name, after, table="leads", **more):
    made = change("database", op, f"database:{key}", key, name, None, after, table=table, **more)
    return {**made, "row_key": None} if op == "insert" else made


def _airtable(op, key, name, before, after, table="Leads"):
    made = change("airtable", op, f"airtable:{key}", key, name, before, after, table=table)
    return {**made, "row_key": None} if op == "insert" else made


def _phases(changes):
    return [
        (batch.phase, [(write.write.op, write.write.table, write.write.key) for write in batch.writes])
        for batch in batches(numbered(changes, 50, MAPPINGS))
    ]


def test_rows_that_are_named_come_first_and_go_last():
    plan = changeset(
        _database("insert", "d1", "company_id", '{"$created": "database/companies/+x/name"}'),
        _database("update", "d2", "company_id", '{"$created": "database/companies/+x/name"}'),
        _database("update", "d3", "company_id", "null"),
        _database("delete", "d4", None, None, reason="delete"),
        _database("delete", "c4", None, None, table="companies", reason="delete"),
        _database("insert", "c1", "name", '"x"', table="companies"),
        _airtable("insert", "r1", "Company", None, '[{"$created": "airtable/Companies/+x/Name"}]'),
        _airtable("update", "r2", "Company", None, '[{"$created": "airtable/Companies/+x/Name"}]'),
        _airtable("update", "r3", "Company", '["f4"]', None),
        _airtable("delete", "r4", None, "{}", None),
        _airtable("delete", "f4", None, "{}", None, table="Companies"),
        _airtable("insert", "f1", "Name", None, '"x"', table="Companies"),
    )
    assert _phases(plan) == [
        (0, [("update", "leads", "d3")]),
        (1, [("delete", "leads", "d4")]),
        (1, [("delete", "companies", "c4")]),
        (2, [("insert", "companies", None)]),
        (2, [("insert", "leads", None)]),
        (3, [("update", "leads", "d2")]),
        (4, [("update", "Leads", "r3")]),
        (5, [("delete", "Leads", "r4")]),
        (5, [("delete", "Companies", "f4")]),
        (6, [("insert", "Companies", None)]),
        (6, [("insert", "Leads", None)]),
        (7, [("update", "Leads", "r2")]),
    ]


def test_a_row_that_a_merge_re_points_is_written_with_the_merge():
    moved = {**_database("update", "d1", "company_id", '"c1"', reason="merge"), "entity_id": "database:c2"}
    plan = changeset(
        {**moved, "rule": "repoint:companies"},
        _database("update", "d1", "name", '"x"'),
        _database("delete", "c2", None, None, table="companies", reason="merge"),
    )
    assert _phases(plan) == [
        (0, [("update", "leads", "d1"), ("delete", "companies", "c2")]),
        (0, [("update", "leads", "d1")]),
    ]


def test_a_record_that_a_failed_write_still_links_to_is_not_deleted(tmp_path: Path):
    firms = [{"id": key} for key in ("rec1", "rec2", "rec3")]
    leads = [{"id": "recL", "Company": ["rec3"]}, {"id": "recM", "Company": ["rec2"]}]  # recL was edited since
    store = MemoryStore("airtable", [FIRMS, LEADS], {"Companies": firms, "Leads": leads})
    plan = changeset(
        _airtable("update", "recL", "Company", '["rec1"]', '["rec3"]'),
        _airtable("update", "recM", "Company", '["rec2"]', '["rec3"]'),
        _airtable("delete", "rec1", None, '{"id": "rec1"}', None, table="Companies"),
        _airtable("delete", "rec2", None, '{"id": "rec2"}', None, table="Companies"),
    )
    targets = {
        ("airtable", "Companies"): Target(store, FIRMS, FIRMS, "companies", None, None),
        ("airtable", "Leads"): Target(store, LEADS, LEADS, "leads", None, None),
    }
    with journal(tmp_path / "journal.sqlite") as opened:
        run = Run(targets, opened, lambda: NOW, lambda _: None, lambda: False)
        assert commit(batches(numbered(plan, 50, MAPPINGS)), run)
        states = {entry.write.key: entry.state for entry in opened.entries()}
    assert states == {"recL": "moved", "recM": "written", "rec1": "skipped", "rec2": "written"}
    assert sorted(store.tables["Companies"]) == ["rec1", "rec3"]
