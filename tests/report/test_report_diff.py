"""`dq diff` as text and Markdown, held against golden files; DQ_REWRITE_GOLDEN=1 writes them anew."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from dq.plan import Brake, Plan, Price
from dq.report.diff import Diff, as_dict, as_markdown, as_text
from dq.schemas import Change, Conflict

GOLDEN = Path(__file__).parent / "golden"


def _changes() -> pl.DataFrame:
    columns = list(Change.to_schema().columns)
    rows = [
        ("database", "leads", "update", "database:L1", "L1", "email", '" Ann@X.example"', '"ann@x.example"', "standardize", "email", None, None),
        ("database", "leads", "update", "database:L1", "L1", "notes", None, '"two\\nlines | a `pipe` and <b>tags</b>, and more than what fits here"', "merge", None, "database:L2", None),
        ("database", "leads", "delete", "database:L1", "L2", None, '{"id":"L2"}', None, "merge", None, None, None),
        ("airtable", "Leads", "update", "database:L1", "recA", "Status", '"new"', None, "conflict", None, "database:L1", "most_recent"),
        ("airtable", "Leads", "insert", "database:L3", None, "Name", None, '"Zoë"', "sync", None, "database:L3", None),
        ("airtable", "Leads", "insert", "database:L3", None, "Size", None, "12", "default", None, "default", None),
    ]  # fmt: skip
    names = [
        "store",
        "table",
        "op",
        "entity_id",
        "row_key",
        "field",
        "before",
        "after",
        "reason",
        "rule",
        "source",
        "policy",
    ]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
    return frame.with_columns(
        pl.int_range(pl.len()).cast(pl.String).alias("change_id"), pl.lit(None, pl.Float64).alias("probability")
    ).select(columns)


def _conflicts() -> pl.DataFrame:
    columns = list(Conflict.to_schema().columns)
    row = {
        "conflict_id": "c1",
        "entity_id": "database:L1",
        "field": "title",
        "database": '"CEO"',
        "airtable": '"CFO"',
        "resolved": False,
    }
    return pl.DataFrame(
        [{**dict.fromkeys(columns), **row}, {**dict.fromkeys(columns), **row, "conflict_id": "c2", "resolved": True}]
    ).select(columns)


def _diff(limit: int) -> Diff:
    counts = {
        "changes": 6,
        "cells": {"airtable": {"conflict": 1, "default": 1, "sync": 1}, "database": {"merge": 2, "standardize": 1}},
        "rows": {"airtable": {"insert": 1, "update": 1}, "database": {"delete": 1, "update": 1}},
    }
    brake = Brake("max_deletes", "database", 9, 2, 20, "9 of 20 database rows (45%) would be deleted; the limit is 2.")
    plan = Plan(
        "20260701T120000Z-abc123",
        datetime(2026, 7, 1, 12, tzinfo=UTC),
        ("dedupe",),
        {},
        3,
        {},
        {},
        counts,
        (brake,),
        Price(1234, 274.2),
        1,
        50,
    )
    return Diff(plan, _changes(), _conflicts(), limit)


def _demand_golden(name: str, told: str) -> None:
    path = GOLDEN / name
    if os.environ.get("DQ_REWRITE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(told, encoding="utf-8")
    assert told == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("limit", [0, 2])
def test_text_is_as_it_was(limit: int):
    _demand_golden(f"diff_{limit}.txt", "\n".join(as_text(_diff(limit))) + "\n")


@pytest.mark.parametrize("limit", [0, 2])
def test_markdown_is_as_it_was(limit: int):
    _demand_golden(f"diff_{limit}.md", "\n".join(as_markdown(_diff(limit))) + "\n")


def test_json_holds_every_change_whatever_is_listed():
    data = json.loads(json.dumps(as_dict(_diff(2))))
    assert (len(data["changes"]), data["format_version"], data["conflicts_waiting"]) == (6, 1, 1)
