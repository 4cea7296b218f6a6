"""Masks: nothing of a value that tells whose it is, and the same for everybody."""

import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dq.masking import HIDDEN, MASKS, Mask, masked, masked_json
from dq.report.masks import masked_changes, masks_of
from dq.report.spreadsheet import as_csv, harmless, plain
from dq.rules import FieldRule, Standardizer, TableRules
from dq.schemas import Change

TEXT = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)


def _mask(value: str | None, mask: Mask) -> Any:
    return pl.DataFrame({"v": [value]}, schema={"v": pl.String}).select(masked(pl.col("v"), mask, ["new"])).item()


@pytest.mark.parametrize(
    ("mask", "value", "shown"),
    [
        ("email", "ann.lee@example.com", "a***@e***.com"),
        ("email", "a@b.co", "***@***.co"),
        ("email", "Ann Lee <ann@example.com>", "A***"),
        ("email", "none", "n***"),
        ("name", "Ann Marie Lee", "A. M. L."),
        ("name", "Lee, Ann", "L. A."),
        ("name", "?", "***"),
        ("phone", "+1 (415) 555-0142", "***42"),
        ("phone", "12", "***"),
        ("url", "https://www.example.com/in/ann-lee?x=1", "e***.com"),
        ("url", "ann lee", "a***"),
        ("text", "Head of Sales", "H***"),
        ("text", "VP", "***"),
        ("text", "", ""),
        ("text", "write to ann@example.com", "w***"),
        ("text", "ann@example.com", "a***@e***.com"),
        ("text", "call 415 555 0142", "***42"),
        ("choice", "new", "new"),
        ("choice", "Ann Lee", "A***"),
        ("none", "rec123", "rec123"),
    ],
)
def test_a_value_says_what_it_is_and_not_whose(mask: Mask, value: str, shown: str):
    assert _mask(value, mask) == shown


@pytest.mark.parametrize("mask", MASKS)
def test_an_empty_cell_stays_empty(mask: Mask):
    assert _mask(None, mask) is None


@settings(max_examples=200, deadline=None)
@given(value=TEXT, mask=st.sampled_from([mask for mask in MASKS if mask not in ("none", "choice")]))
def test_no_three_characters_of_a_text_are_left(value: str, mask: Mask):
    shown = _mask(value, mask)
    left = shown.replace(HIDDEN, "\0").replace("@", "\0")
    kept = left.rpartition(".")[0] if mask in ("email", "url", "text") else left
    told = [part for part in kept.replace(". ", "\0").split("\0") if len(part) > 2]
    assert told == []


@settings(max_examples=200, deadline=None)
@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
        max_leaves=6,
    ),
    mask=st.sampled_from(MASKS),
)
def test_masked_json_is_json(value: Any, mask: Mask):
    text = json.dumps(value, ensure_ascii=False)
    frame = pl.DataFrame({"v": [text]}, schema={"v": pl.String})
    json.loads(frame.select(masked_json(pl.col("v"), mask, ["new"])).item())


def test_of_a_whole_row_only_the_names_of_its_columns_are_left():
    row = json.dumps({"id": "L1", 'na"me': 'Ann: "Lee", x', "tags": ["a: b"], "size": 4155550142, "none": None})
    shown = pl.DataFrame({"v": [row]}).select(masked_json(pl.col("v"), "text")).item()
    assert json.loads(shown) == dict.fromkeys(["id", 'na"me', "tags", "size", "none"], HIDDEN)


def _rules() -> TableRules:
    def field(name: str, airtable: str, *kinds: str, **more: Any) -> FieldRule:
        return FieldRule(
            name=name, airtable=airtable, standardize=tuple(Standardizer(name=kind) for kind in kinds), **more
        )

    status = Standardizer(name="enum", options={"values": ["new", "old"]})
    return TableRules(
        link_database="airtable_id",
        link_airtable="Lead ID",
        fields=(
            field("email", "Mail", "text", "email"),
            field("full_name", "Who", "text"),
            field("mobile", "Cell", "text"),
            field("notes", "Notes", "text"),
            field("company_id", "Company", "text", refers="companies"),
            FieldRule(name="status", airtable="Status", standardize=(status,)),
        ),
    )


@pytest.mark.parametrize(
    ("store", "field", "value", "shown"),
    [
        ("database", "email", "ann@example.com", "a***@e***.com"),
        ("airtable", "Mail", "ann@example.com", "a***@e***.com"),
        ("database", "full_name", "Ann Lee", "A. L."),
        ("airtable", "Cell", "415 555 0142", "***42"),
        ("airtable", "Notes", "likes tea", "l***"),
        ("database", "status", "new", "new"),
        ("database", "status", "Ann Lee", "A***"),
        ("database", "company_id", "C17", "C17"),
        ("database", "airtable_id", "rec1", "rec1"),
        ("airtable", "Lead ID", "L1", "L1"),
        ("database", "updated_at", "2026-07-01", "2026-07-01"),
        ("database", "secret column", "Ann Lee", "A***"),
    ],
)
def test_each_field_gets_the_mask_that_its_rules_and_name_ask_for(store: str, field: str, value: str, shown: str):
    empty = dict.fromkeys(Change.to_schema().columns)
    change = {**empty, Change.store: store, Change.field: field, Change.before: None, Change.after: json.dumps(value)}
    changes = pl.DataFrame([change], schema={**dict.fromkeys(empty, pl.String), "probability": pl.Float64})
    hidden = masked_changes(changes, masks_of([_rules()]))
    assert hidden.columns == changes.columns
    assert (hidden[Change.before].item(), json.loads(hidden[Change.after].item())) == (None, shown)


def test_two_mappings_that_disagree_about_a_field_mask_it_as_text():
    other = TableRules(
        table="firms", airtable="Firms", fields=(FieldRule(name="email", airtable="Who", refers="leads"),)
    )
    masks = masks_of([_rules(), other])
    assert (masks.of("database", "email"), masks.of("airtable", "Who")) == ("text", "text")


@pytest.mark.parametrize("value", ["=1+1", "+1 415", "-a", "@x", "\t=1", "\r=1", "\n=1", " =1", "＝1", "|x", "%x"])  # noqa: RUF001 -- a spreadsheet takes the wide sign for the other
def test_a_formula_is_shown_and_not_calculated_edge_50(value: str):
    assert pl.DataFrame({"v": [value]}).select(harmless(pl.col("v"))).item() == "'" + value


@pytest.mark.parametrize("value", ["", "Ann", "-1", "-1.5e3", "2", "a=b", None])
def test_what_is_no_formula_stays(value: str | None):
    assert pl.DataFrame({"v": [value]}, schema={"v": pl.String}).select(harmless(pl.col("v"))).item() == value


def test_a_table_keeps_its_numbers():
    assert as_csv(pl.DataFrame({"n": [-1], "t": ["=1"]})) == "n,t\n-1,'=1\n"


def test_json_text_as_people_write_it():
    shown = pl.DataFrame({"v": ['"a\\"b"', "5", '["a"]', None]}).select(plain(pl.col("v")))
    assert shown["v"].to_list() == ['a"b', "5", '["a"]', None]
