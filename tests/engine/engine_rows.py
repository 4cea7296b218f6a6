"""Rows of both stores by hand, and what a plan says of them."""

from engine_world import AIRTABLE, DATABASE, FIELDS

EARLY, LATE = "2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z"
BY_AIRTABLE = {field.name: field.airtable for field in FIELDS}


def lead(key, link=None, at=EARLY, **cells):
    return {
        **dict.fromkeys(c.name for c in DATABASE.columns),
        "id": key,
        "airtable_id": link,
        "updated_at": at,
        **cells,
    }


def record(key, link=None, at=EARLY, **cells):
    named = {BY_AIRTABLE[name]: value for name, value in cells.items()}
    return {**dict.fromkeys(c.name for c in AIRTABLE.columns), "id": key, "Lead ID": link, "Last Modified": at, **named}


def changed(made, **filters):
    rows = made.reconciled.changes.filter(**filters)
    return set(rows.select("store", "op", "row_key", "field", "after").iter_rows())


def survivors(made):
    return set(made.clusters.filter("survivor").select("store", "row_key").iter_rows())


def rules_found(made):
    return set(made.findings["rule"])
