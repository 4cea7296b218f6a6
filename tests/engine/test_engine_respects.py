# ruff: noqa: RUF001 (letters that look like others are what this is about)
"""Tables as the matcher sees them: folded values, odd tables, and what must change nothing."""

from typing import get_args

import numpy as np
import polars as pl
import pytest
from matching_tables import clustered, comparison, known_lists, people, texts, together

from dq.dedupe.matcher import LINK, matched
from dq.dedupe.respects import compared
from dq.dedupe.roles import roles
from dq.engine.folding import folded
from dq.engine.respects import respects
from dq.engine.said import Known, features_of
from dq.leads import flat
from dq.rules import Placeholder, Role

COLUMNS = ("name", "email", "company", "phone", "website", "city", "dob", "address")
STATED = {
    "name": "name",
    "email": "email",
    "company": "organization",
    "phone": "phone",
    "website": "url",
    "city": "place",
    "dob": "date",
    "address": "address",
}
NO_KEY = {"id": None}


@pytest.mark.parametrize(
    ("role", "value", "form"),
    [
        ("place", "  São   Paulo ", "sao paulo"),
        ("place", "SAINT-ÉTIENNE", "saint etienne"),
        ("text", "Don’t Look\nBack!", "dont look back"),
        ("text", "北京 烤鸭", "北京 烤鸭"),
        ("category", "In Progress", "in progress"),
        ("place", "...", None),
        ("code", "AB-12 34", "ab1234"),
        ("identifier", "294-66-9999", "294669999"),
        ("email", "Anna Berg <Anna@Berg.de>", "anna@berg.de"),
        ("phone", "+1 (914) 555-7524", "9145557524"),
        ("phone", "914.555.7524", "9145557524"),
        ("phone", "+49 30 1234", "49301234"),
        ("phone", "٩١٤-٥٥٥-٧٥٢٤", "9145557524"),
        ("phone", "1234", None),
        ("phone", "n/a", None),
        ("date", "1980-05-17", "19800517"),
        ("date", "1980-05-17T12:00:00Z", "19800517"),
        ("date", "1980-05", None),
        ("date", "5/17/1980", "19800517"),
        ("date", "17/5/1980", "19800517"),
        ("date", "05/17/80", "19800517"),
        ("date", "17-May-80", "19800517"),
        ("date", "May 17, 1980", "19800517"),
        ("date", "17.5.1980", "19800517"),
        ("date", "5/4/12", "20120504"),
        ("email", "Anna.Berg+x@ACME.com", "anna.berg@acme.com"),
        ("email", "n/a", None),
        ("organization", "The Acme Rockets, Inc.", "acme rockets"),
        ("organization", "ACME ROCKETS GMBH", "acme rockets"),
        ("url", "https://www.acme.com/en?x=1", "acme.com"),
        ("profile", "https://www.linkedin.com/in/Anna-Berg/", "anna-berg"),
        *[(role, None, None) for role in get_args(Role)],
        *[(role, "", None) for role in get_args(Role)],
    ],
)
def test_values_are_folded_as_their_role_wants_it(role, value, form):
    forms = folded(role, pl.col("x"), known_lists().legal_forms)
    found = texts(x=[value]).select(forms).item()
    assert found == form if form != "anna-berg" else found.endswith(form)


def test_equal_rows_are_one_row_that_counts_as_many():
    frame = texts(
        name=["Anna Berg", "Bob Ott", "BERG, ANNA", None, "anna berg"], city=["Rome", "Bonn", "rome", "Rome", " Rome"]
    )
    whole, number = respects(frame, {"name": "name", "city": "place"}, known_lists())
    assert number.tolist() == [0, 1, 0, 2, 0]
    assert whole.counts.tolist() == [3, 1, 1]
    every, number = respects(frame, {"name": "name", "city": "place"}, known_lists(), once=False)
    assert number.tolist() == [0, 1, 2, 3, 4]
    assert every.counts.tolist() == [1] * 5


def test_columns_that_say_one_thing_are_one_respect():
    frame = flat(1, 200).leads
    whole, _ = respects(frame, roles(frame, people(), NO_KEY), known_lists())
    names = [one.name for one in whole.comparisons]
    assert names[:2] == ["person", "organization"]
    assert {"email", "phone", "linkedin_url", "title", "status"} == set(names[2:])
    parts = texts(
        first_name=["Anna", "Bob"], last_name=["Berg", "Ott"], middle_name=["X", "Y"], dob=["1980-01-01", "1981-01-01"]
    )
    whole, _ = respects(parts, roles(parts, people(), {}), known_lists())
    assert [one.name for one in whole.comparisons] == ["person", "dob"]


def test_without_a_list_of_any_kind():
    frame = flat(4, 300).leads
    whole, number = respects(frame, roles(frame, (), NO_KEY), Known())
    assert len(together(matched(whole).grown.label[number])) > 30


SILENT = {"middle", "email", "profile", "url", "phone", "date"}
"""Roles in which words alone are no value."""


def test_days_are_read_as_most_of_the_column_allows():
    days = pl.DataFrame({"value": ["17/5/1980", "18/5/1980", "4/5/1980"]})
    assert days.select(folded("date", pl.col("value"), None)).to_series().to_list()[-1] == "19800504"


def test_a_gender_is_its_first_letter():
    frame = texts(name=["A B", "C D", "E F", "G H", "I J"], gender=["M", "male", "Female", "f ", None])
    told = features_of(frame, {"name": "name", "gender": "category"}, known_lists())["gender"]
    assert told.codes.tolist() == [0, 0, 1, 1, -1]


def test_placeholders_are_no_values():
    lists = [
        Placeholder(kind="text", match="exact", value="n/a"),
        Placeholder(kind="phone", match="regex", value="^0+$"),
        Placeholder(kind="email", match="local_part", value="info"),
    ]
    frame = texts(
        name=["Anna Berg", "N/A", "Eva Frank"],
        phone=["0000000", "914 555 7524", " n/a "],
        email=["info@acme.com", "n/a", "eva@acme.com"],
    )
    known = Known(placeholders=lists)
    seen, number = respects(frame, {"name": "name", "phone": "phone", "email": "email"}, known, once=False)
    assert number.tolist() == [0, 1, 2]
    held = {one.name: one.compare(np.arange(3), np.arange(3)).level.tolist() for one in seen.comparisons}
    assert {name: [level >= 0 for level in levels] for name, levels in held.items()} == {
        "person": [True, False, True],
        "phone": [False, True, False],
        "email": [True, False, True],  # a role's mailbox still says where its owner works
    }


@pytest.mark.parametrize("role", get_args(Role))
@pytest.mark.parametrize("values", [["a b", "a c", "d", "a b"], ["...", "-", "!!", "..."], [None] * 3, ["1"], []])
def test_one_column_of_any_role(role, values):
    whole, number = respects(texts(x=values), {"x": role}, known_lists())
    label = matched(whole).grown.label[number].tolist()
    assert len(label) == len(values)
    if values[:1] == ["a b"]:
        assert label == ([0, 1, 2, 3] if role in SILENT else [0, 1, 2, 0])


def test_a_table_without_rows():
    frame = texts(**{name: [] for name in COLUMNS})
    assert len(clustered(frame)[0]) == len(clustered(frame, STATED)[0]) == 0


@pytest.mark.parametrize("stated", [{}, STATED])
def test_a_table_of_one_row(stated):
    frame = texts(**{name: [f"{name} 1"] for name in COLUMNS})
    assert clustered(frame, stated)[0].tolist() == [0]


def test_a_table_of_five_rows():
    frame = texts(
        name=["Anna Berg", "Bob Ott", "Berg, Anna", "Carl Dahl", None],
        email=["anna@acme.com", "bob@ott.de", "Anna@acme.com", None, None],
        company=["Acme", "Ott", "ACME Inc.", None, None],
    )
    label, _ = clustered(frame)
    assert together(label) == {(0, 2)}


def test_columns_of_nothing_but_nulls():
    frame = texts(**{name: [None] * 7 for name in COLUMNS})
    assert clustered(frame)[0].tolist() == list(range(7))
    assert (clustered(frame, STATED)[1].own < LINK).all()


def test_rows_that_say_nothing_are_told_from_rows_that_are_equal():
    frame = flat(3, 300).leads
    nothing = texts(**{name: ["x", "y"] if name == "id" else [None, None] for name in frame.columns})
    whole, number = respects(frame.vstack(nothing), roles(frame, people(), NO_KEY), known_lists())
    own = matched(whole).own[number]
    assert (own[-2:] < LINK).all()
    assert (own[:300] > LINK).mean() > 0.98


def test_ten_thousand_equal_rows_are_one():
    frame = texts(name=["Anna Berg"] * 10_000, email=["anna@acme.com"] * 10_000, company=["Acme"] * 10_000)
    label, found = clustered(frame, {name: STATED[name] for name in frame.columns})
    assert (label == 0).all()
    assert found.grown.label.tolist() == [0]


def test_ten_thousand_people_of_one_company_stay_apart():
    rng = np.random.default_rng(7)
    syllables = np.array(
        ["ba", "co", "di", "fu", "ge", "ho", "ka", "li", "mo", "nu", "pe", "ro", "sa", "ti", "vu", "we"]
    )
    drawn = pl.DataFrame(syllables[rng.integers(0, 16, (10_000, 8))])
    halves = drawn.select(given=pl.concat_str(drawn.columns[:4]), family=pl.concat_str(drawn.columns[4:]))
    frame = halves.select(
        name=pl.col("given") + " " + pl.col("family"),
        email=pl.col("given") + "." + pl.col("family") + "@acme.com",
        company=pl.lit("Acme"),
        website=pl.lit("acme.com"),
    )
    twice = frame.vstack(
        frame[:50].with_columns(pl.col("name").str.to_titlecase(), website=pl.lit(None, dtype=pl.String))
    )
    label, _ = clustered(twice, {name: STATED[name] for name in frame.columns})
    assert {(row, 10_000 + row) for row in range(50)} <= together(label)
    assert len(together(label)) < 100


@pytest.fixture(scope="module")
def leads():
    """A table and the pairs that are found in it as it stands."""
    frame = flat(2, 400).leads
    stated = roles(frame, people(), NO_KEY)
    return frame, NO_KEY | stated, together(clustered(frame, stated | NO_KEY)[0])


@pytest.mark.parametrize("seed", [1])
def test_the_order_of_the_rows_does_not_matter(leads, seed):
    frame, stated, expected = leads
    order = np.random.default_rng(seed).permutation(frame.height)
    label, _ = clustered(frame[order], stated)
    back = np.empty_like(label)
    back[order] = label
    assert together(back) == expected


def test_the_order_and_the_names_of_columns_do_not_matter(leads):
    frame, stated, expected = leads
    assert together(clustered(frame.select(reversed(frame.columns)), stated)[0]) == expected
    renamed = {name: f"column {number}" for number, name in enumerate(frame.columns)}
    again = {renamed[name]: stated.get(name) for name in frame.columns}
    assert together(clustered(frame.rename(renamed), again)[0]) == expected


def test_columns_that_say_nothing_change_nothing(leads):
    frame, stated, expected = leads
    more = frame.with_columns(
        empty=pl.lit(None, dtype=pl.String), source=pl.lit("crm"), created_at=pl.lit("2020-01-01")
    )
    assert together(clustered(more, stated)[0]) == expected
    empty = {"empty": "phone", "source": "category"}
    assert together(clustered(more, stated | empty)[0]) == expected


def test_a_things_name_does_not_say_its_town_again():
    frame = texts(
        name=["Spago (Los Angeles)", "the palm", "Palm  The", "Singapore"],
        city=["los angeles", None, "new york", "Singapore"],
        phone=["1234567", "2345678", "3456789", "4567890"],
    )
    found = comparison("name", frame, roles(frame, people(), {}))
    assert pl.Series(found.feature.values).gather(found.feature.codes).to_list() == [
        "spago", "palm the", "palm the", "singapore",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("left", "right", "says"),
    [
        (("1 Elm Street", "Ely"), ("1 Elm Street", "Ely"), False),  # the address has said it
        (("1 Elm Street", "Ely"), ("1 Elm Street", "Ayr"), True),
        (("1 Elm Street", "Ely"), ("77 Long Road", "Ely"), True),
        ((None, "Ely"), ("1 Elm Street", "Ely"), True),
    ],
)
def test_a_town_says_nothing_that_the_address_has_said(left, right, says):
    rows = [left, right, ("5 Oak Lane", "Rye")]
    frame = texts(
        name=["Anna Berg", "Anna Berg", "Eva Holm"], addr=[one for one, _ in rows], city=[two for _, two in rows]
    )
    seen, _ = respects(frame, {"name": "name", "addr": "address", "city": "place"}, known_lists(), once=False)
    *_, towns = compared(seen, np.array([0]), np.array([1]))
    assert (towns.level[0] >= 0) == says


def test_addresses_in_two_columns_are_one_set_and_second_lines_are_none():
    full, first, second = ["1 Elm Street", None, "5 Oak Lane"], [None, "1 Elm Street", None], ["x", "y", "z"]
    both = texts(name=["Anna Berg"] * 3, addr_full=full, addr_line1=[*first[:2], "7 Ash Road"], addr_line2=second)
    seen, _ = respects(both, roles(both, people(), {"name": "name"}), known_lists(), once=False)
    assert [one.name for one in seen.comparisons] == ["person", "addr_full or addr_line1", "addr_line2"]
    assert compared(seen, np.array([0]), np.array([1]))[1].level.tolist() == [5]
