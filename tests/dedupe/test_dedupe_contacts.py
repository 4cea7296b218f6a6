"""Addresses and organizations: what is a person's, what an employer's, and what an office's."""

from collections import defaultdict

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matching_tables import comparison, known_lists, levels, texts

from dq.dedupe.contacts import offices, without
from dq.dedupe.features import NONE, encoded
from dq.engine.respects import respects

ROLES = {"name": "name", "email": "email", "company": "organization", "website": "url"}


def table(name=None, email=None, company=None, website=None, filling="x"):
    """Columns of leads; those that are not given are filled, so that every comparison is there."""
    rows = len(next(values for values in (name, email, company, website) if values))
    given_ = {"name": name, "email": email, "company": company, "website": website}
    return texts(**{field: values or [filling] * rows for field, values in given_.items()})


@pytest.mark.parametrize(
    ("left", "right", "level"),
    [
        ("q17@acme.com", "Q17@ACME.com", "equal"),
        ("q17+news@acme.com", "q17@acme.com", "equal"),
        ("q.x@gmail.com", "qx@googlemail.com", "equal"),
        ("quincy.xu@acme.com", "quincy.xuu@acme.com", "near"),
        ("quincy.xu@acme.com", "quincy.xu@acme.co", "near"),
        ("quincy@acme.com", "quincy@zzyzx.org", "same mailbox, other domain"),
        ("jo@acme.com", "jo_2@acme.com", "other mailbox, same domain"),
        ("quincy1@acme.com", "quincy2@acme.com", "other mailbox, same domain"),
        ("quincy@acme.com", "sales@zzyzx.org", "differs"),
        ("quincy@acme.com", "sales@acme.com", "other mailbox, same domain"),
        ("quincy@gmail.com", "tiger@gmail.com", "differs"),  # a public domain is no place of work
        ("quincy@acme.com", None, None),
        ("quincy@acme.com", "n/a", None),
    ],
)
def test_addresses(left, right, level):
    frame = table(name=["Anna Berg", "Carl Dahl"], email=[left, right])
    assert levels(comparison("email", frame, ROLES), 1) == [level]


@pytest.mark.parametrize(
    ("left", "right", "level"),
    [
        ("anna.berg@acme.com", "anna.berg@zzyzx.org", None),  # repeats what the name says
        ("aberg@acme.com", "aberg@zzyzx.org", None),
        ("anna.berg@acme.com", "anna.berg@acme.com", "equal"),
        ("anna.berg@acme.com", "anna.berg_2@acme.com", "other mailbox, same domain"),
        ("anna.berg@acme.com", "anna.bergg@acme.com", "other mailbox, same domain"),
        ("tiger@acme.com", "tiger@zzyzx.org", "same mailbox, other domain"),
    ],
)
def test_a_mailbox_spelled_from_its_owners_name_is_silent_at_another_domain(left, right, level):
    frame = table(name=["Anna Berg", "Anna Berg"], email=[left, right])
    assert levels(comparison("email", frame, ROLES), 1) == [level]


def test_addresses_of_people_without_names():
    frame = texts(email=["tiger@acme.com", "tiger@zzyzx.org", "lion@acme.com"], company=["Acme", "Acme", "Zzyzx"])
    mail = comparison("email", frame, {"email": "email", "company": "organization"})
    assert mail.compare(np.array([0, 1]), np.array([1, 2])).level.tolist() == [3, 0]


@pytest.mark.parametrize(
    ("left", "right", "level"),
    [
        (("Acme Inc.", "acme.com"), ("ACME", "https://www.acme.com/en"), "same name and domain"),
        (("Acme GmbH", "acme.com"), ("Acme Ltd", "zzyzx.org"), "same name"),
        (("Acme", None), ("Acme, Inc", None), "same name"),
        (("Acme", "acme.com"), ("Rocket Skates", "acme.com"), "same domain"),
        ((None, "acme.com"), ("Acme", "acme.com"), "same domain"),
        (("Acme Rocket Skates", None), ("Acme Rocket Skate", None), "name alike"),
        (("Acme", "acme.com"), ("Zzyzx", "zzyzx.org"), "differs"),
        (("Acme", None), (None, "zzyzx.org"), None),
        ((None, None), ("Acme", "acme.com"), None),
    ],
)
def test_organizations(left, right, level):
    (one, site), (other, second) = left, right
    rest = ["Initech", "initech.com"]
    frame = table(company=[one, other, rest[0]], website=[site, second, rest[1]], filling=None)
    assert levels(comparison("organization", frame, ROLES), 1) == [level]


def test_a_mailbox_tells_the_domain_where_no_website_does_and_a_public_one_tells_none():
    frame = table(
        company=["Acme", "Rocket", "Acme", "Rocket"],
        email=["a@acme.com", "b@acme.com", "c@gmail.com", "d@gmail.com"],
        website=[None, "acme.com", None, None],
    )
    assert levels(comparison("organization", frame, ROLES), 2) == ["same domain", "differs"]


def test_rarity_is_that_of_the_domain_else_of_the_name():
    frame = table(company=["Acme"] * 8 + ["Zed", "Zed"], website=[*["acme.com"] * 8, None, None], filling=None)
    found = comparison("organization", frame, ROLES).compare(np.array([0, 8, 0]), np.array([1, 9, 9]))
    assert found.level.tolist() == [4, 2, 0]
    assert found.rarity.tolist() == pytest.approx([0, np.log2(0.68) - np.log2(0.2), 0])


@given(
    st.lists(st.tuples(*[st.sampled_from([None, "a", "b", "c", "d"])] * 2), min_size=1, max_size=40), st.integers(1, 4)
)
def test_values_of_offices_are_those_of_many_names(rows, most):
    value, name = (encoded(pl.Series("x", list(side), dtype=pl.String)) for side in zip(*rows, strict=True))
    names = defaultdict(set)
    for one, other in rows:
        if one is not None and other is not None:
            names[one].add(other)
    expected = [None if one is None or len(names[one]) >= most else one for one, _ in rows]
    left = without(value, offices(value, name, most))
    assert [None if code == NONE else left.values[code] for code in left.codes.tolist()] == expected
    assert left.frequency.tolist() == value.frequency.tolist()


def test_an_offices_mailbox_and_number_are_nobodys():
    names = ["Anna Berg", "Carl Dahl", "Eva Frank", "Gita Hussein", "Hussein Gita"]
    frame = texts(
        name=names,
        email=["info@acme.com"] * 3 + ["gita@acme.com"] * 2,
        phone=["914 555 1000"] * 3 + ["914 555 2000"] * 2,
    )
    roles = {"name": "name", "email": "email", "phone": "phone"}
    whole, _ = respects(frame, roles, known_lists(), once=False)
    for one in whole.comparisons:
        if one.name in roles and one.name != "name":
            assert one.compare(np.array([0, 3]), np.array([1, 4])).level.tolist() == [-1, len(one.levels) - 1]


def test_typing_errors_in_one_surname_do_not_make_an_office():
    names = ["Anna Bergman", "Anna Bergmann", "Anna Bermgan", "Anna Bregman"]
    frame = texts(name=names, phone=["914 555 1000"] * 4)
    (phone,) = [
        one
        for one in respects(frame, {"name": "name", "phone": "phone"}, known_lists(), once=False)[0].comparisons
        if one.name == "phone"
    ]
    assert phone.compare(np.array([0]), np.array([1])).level.tolist() == [2]


def test_things_with_an_offices_number_are_silent_and_with_another_number_apart():
    names = ["Grill", "Bar", "Dining room", "Zoe's", "Zoe's"]
    frame = texts(name=names, phone=["914 555 1000"] * 3 + ["203 777 8888"] * 2)
    whole, _ = respects(frame, {"name": "text", "phone": "phone"}, known_lists(), once=False)
    (phone,) = [one for one in whole.comparisons if one.name == "phone"]
    assert phone.compare(np.array([0, 0, 3]), np.array([1, 3, 4])).level.tolist() == [-1, 0, 2]
