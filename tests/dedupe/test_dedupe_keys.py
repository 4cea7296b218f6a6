"""Which values are keys, which links stand, and what a pair's comparison says."""

import polars as pl
import pytest

from dq.dedupe import links, pairs
from dq.dedupe.keys import key_values, surname
from dq.dedupe.pairs import MAX_BLOCK
from dq.rules import DedupeRules, MatchKey, Placeholder
from dq.schemas.base import BASE_TYPES

PLACEHOLDERS = (
    Placeholder(kind="email", match="local_part", value="info"),
    Placeholder(kind="email", match="exact", value="test@test.com"),
    Placeholder(kind="linkedin", match="regex", value="^company/"),
    Placeholder(kind="text", match="exact", value="n/a"),
)
RULES = DedupeRules(
    keys=(MatchKey(field="email"), MatchKey(field="linkedin"), MatchKey(field="company", identifying=False)),
    placeholders=PLACEHOLDERS,
)
KINDS = {"email": "email", "linkedin": "linkedin", "company": "company"}
KNOWN = {"node_l": pl.Int64, "node_r": pl.Int64, "match_key": pl.String}


def nodes(*rows):
    """Rows of (surname, email, linkedin, company)."""
    columns = ["surname", "email_form", "linkedin_form", "company_form"]
    padded = [(*row, *[None] * (4 - len(row))) for row in rows]
    frame = pl.DataFrame(padded, schema=dict.fromkeys(columns, pl.String), orient="row")
    return frame.with_row_index("node").with_columns(pl.col("node").cast(pl.Int64))


def compared(*rows, rules=RULES, known=()):
    edges = pl.DataFrame(list(known), schema=KNOWN, orient="row")
    return pairs(nodes(*rows), edges, rules, KINDS)


def decisions(*rows, **how):
    found = compared(*rows, **how).compared
    return {
        (left, right): decision for left, right, decision in found.select("node_l", "node_r", "decision").iter_rows()
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Ann Lee", "lee"),
        ("LEE, Ann", "lee"),
        ("Ann  Müller-Lüdenscheidt", "muller-ludenscheidt"),
        ("  Ann O'Neil ", "o'neil"),
        ("Ann", "ann"),
        ("Ann (Lee)", "lee"),
        ("", None),
        ("...", None),
        (None, None),
    ],
)
def test_surnames(name, expected):
    frame = pl.DataFrame({"v": [name]}, schema={"v": pl.String})
    assert frame.select(surname(pl.col("v"))).to_series().to_list() == [expected]


@pytest.mark.parametrize(
    ("email", "linkedin"),
    [
        ("info@x.com", None),
        ("test@test.com", None),
        ("INFO@y.de", None),
        (None, "company/x"),
        ("n/a", None),
        (None, None),
    ],
)
def test_placeholders_role_addresses_and_company_pages_are_no_keys(email, linkedin):
    assert decisions(("lee", email, linkedin), ("lee", email, linkedin)) == {}


def test_a_company_alone_makes_no_pair():
    assert decisions(("lee", None, None, "acme"), ("lee", None, None, "acme")) == {}


@pytest.mark.parametrize(
    ("names", "shared"), [(["a", "b"], False), (["a", "b", "b", None], False), (["a", "b", "c"], True)]
)
def test_edge_21_a_value_of_three_surnames_is_no_key(names, shared):
    rows = nodes(*((name, "office@x.com") for name in names))
    usable, dropped = key_values(rows, RULES, KINDS)
    assert dropped.rows() == ([("email", "office@x.com", 3)] if shared else [])
    assert usable.is_empty() == shared


def test_one_mailbox_two_profiles_two_names_is_put_to_review():
    assert decisions(("lee", "a@x.com", "ann"), ("ray", "a@x.com", "bo")) == {(0, 1): "review"}


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (("lee", "a@x.com"), ("lee", "a@x.com")),
        ((None, "a@x.com"), ("lee", "a@x.com", "ann")),
        (("lee", "a@x.com", "ann"), ("lee", "b@x.com", "ann")),
        (("lee", None, "ann"), ("ray", None, "ann")),
    ],
)
def test_an_identifying_key_links(left, right):
    assert decisions(left, right) == {(0, 1): "link"}


def test_a_known_link_stands_whatever_the_threshold():
    strict = RULES.model_copy(update={"threshold": 1.0})
    known = [(1, 0, "base")]
    assert decisions(("lee", "a@x.com"), ("ray", "b@x.com"), rules=strict, known=known) == {(0, 1): "link"}


def test_a_key_field_may_be_called_name_or_surname():
    rules = DedupeRules(keys=(MatchKey(field="name"), MatchKey(field="surname", identifying=False)))
    frame = pl.DataFrame({"node": [0, 1], "surname": ["lee"] * 2, "name_form": ["x"] * 2, "surname_form": ["y"] * 2})
    found = pairs(frame, pl.DataFrame(schema=KNOWN), rules, {}).compared
    assert [column for column in found.columns if column.startswith("gamma_")] == ["gamma_name", "gamma_surname"]
    assert found["decision"].to_list() == ["link"]


def test_without_keys_only_known_links_count():
    rules = DedupeRules()
    assert decisions(("lee", "a@x.com"), ("lee", "a@x.com"), rules=rules) == {}


def test_a_large_block_is_a_star():
    found = compared(*(("lee", "a@x.com") for _ in range(MAX_BLOCK + 1))).compared
    assert found.height == MAX_BLOCK
    assert set(found["node_l"]) == {0}


TIME = pl.Datetime("us", "UTC")


def side(rows):
    return pl.DataFrame(rows, schema={"row_key": pl.String, "link": pl.String}, orient="row")


def base(*linked):
    rows = [{"state": "linked", "entity_id": f"e{d}", "database_key": d, "airtable_key": a} for d, a in linked]
    return pl.DataFrame([{**dict.fromkeys(BASE_TYPES), **row} for row in rows], schema=BASE_TYPES)


@pytest.mark.parametrize(
    ("database", "airtable", "agreed", "expected"),
    [
        ([("d1", "a1")], [("a1", None)], [], {("d1", "a1", "database")}),
        ([("d1", None)], [("a1", "d1")], [], {("d1", "a1", "airtable")}),
        ([("d1", "a2")], [("a1", None), ("a2", None)], [("d1", "a1")], {("d1", "a1", "base")}),
        ([("d1", "a1"), ("d2", None)], [("a1", "d2")], [], {("d1", "a1", "database")}),
        ([("d1", "a1"), ("d2", "a1")], [("a1", None)], [], {("d1", "a1", "database")}),
        ([("d1", None)], [("a1", "d1"), ("a2", "d1")], [], {("d1", "a1", "airtable")}),
        ([("d1", "a9")], [("a1", None)], [], set()),
        ([("d1", "")], [("a1", "")], [], set()),
    ],
    ids=[
        "database",
        "airtable",
        "base first",
        "database before airtable",
        "edge 15",
        "edge 15 reversed",
        "dead",
        "empty",
    ],
)
def test_edge_15_links_are_one_to_one_in_order_of_trust(database, airtable, agreed, expected):
    found = links(side(database), side(airtable), base(*agreed), "leads")
    assert set(found.accepted.iter_rows()) == expected


def test_broken_links_are_told():
    found = links(side([("d1", "a9"), ("d2", "a1"), ("d3", "a1")]), side([("a1", None)]), base(), "leads")
    assert found.findings.select("rule", "store", "row_key", "value").rows() == [
        ("link.dead", "database", "d1", "a9"),
        ("link.conflict", "database", "d3", "a1"),
    ]


def test_edge_35_rows_without_a_value_are_not_alike():
    assert decisions(("lee",), ("lee",), ("lee", None, None, "acme"), ("lee", "", "", "acme")) == {}
    assert decisions(("lee", "ann@x.example"), ("lee",), ("lee", "ann@x.example")) == {(0, 2): "link"}
