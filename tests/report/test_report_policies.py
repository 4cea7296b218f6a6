"""Policies compared: counts by field, samples without values."""

import polars as pl
import pytest

from dq.report.policies import as_dict, as_markdown, as_text, compared, masked
from dq.schemas import Conflict

POLICIES = ("most_recent", "highest_quality", "merge", "database_wins", "airtable_wins", "manual")


def conflicts(*cells):
    columns = list(Conflict.to_schema().columns)
    rows = [
        {
            **dict.fromkeys(columns),
            "conflict_id": f"leads/{e}/{field or ''}",
            "entity_id": e,
            "field": field,
            "table": "leads",
        }
        | {"database": database, "airtable": airtable}
        for e, field, database, airtable in cells
    ]
    types = {name: pl.Datetime("us", "UTC") if name.startswith("modified") else pl.String for name in columns}
    return pl.DataFrame(rows, schema={**types, "resolved": pl.Boolean})


def choices(**sides):
    rows = [
        (f"leads/{cell.replace('__', '/')}", policy, side)
        for cell, each in sides.items()
        for policy, side in zip(POLICIES, each, strict=True)
    ]
    return pl.DataFrame(rows, schema=["conflict_id", "policy", "side"], orient="row")


CELLS = conflicts(("E1", "name", '"Ann"', '"Anne 7"'), ("E2", "name", '"Bo"', None), ("E3", None, None, None))
CHOICES = choices(
    E1__name=("airtable", "airtable", "merge", "database", "airtable", None),
    E2__name=(None, "database", "database", "database", "airtable", None),
)


def test_counts_add_up_by_field_and_in_all():
    shown = compared("S1", CHOICES, CELLS, 0)
    assert shown.conflicts == 2
    told = {
        (row["field"], row["policy"]): tuple(row[n] for n in ("database", "airtable", "mix", "waits"))
        for row in shown.counts.to_dicts()
    }
    assert told["leads.name", "most_recent"] == (0, 1, 0, 1) == told[None, "most_recent"]
    assert told["leads.name", "merge"] == (1, 0, 1, 0)
    assert told[None, "manual"] == (0, 0, 0, 2)


def test_samples_are_masked_and_limited():
    shown = compared("S1", CHOICES, CELLS, 1)
    text = "\n".join(as_text(shown))
    assert "xxx | airtable xxxx 9" in text
    assert "Ann" not in text
    assert "… and 1 more (--limit 0 shows all)" in text
    assert as_dict(shown)["samples"][0]["decisions"]["merge"] == "mix"
    assert as_markdown(shown)[2].startswith("| field | policy |")


def test_nothing_to_compare():
    shown = compared("S1", CHOICES.clear(), CELLS.clear(), 0)
    assert as_text(shown) == ["plan S1: 0 conflicts"]
    assert as_markdown(shown) == ["### Plan `S1`: 0 conflicts", ""]


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        (None, "(empty)"),
        ('"a@x.com"', "x@x.xxx"),
        ("12.5", "99.9"),
        ('"Zoë\\n7"', "xxx·9"),
        ('"' + "a" * 99 + '"', "x" * 23 + "…"),
    ],
)
def test_a_mask_shows_the_shape_only(text, shape):
    assert masked(text) == shape
