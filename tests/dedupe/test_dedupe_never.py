"""Columns in which rows that are the same never differ, whatever else they share."""

from dataclasses import replace

import numpy as np
import pytest
from matching_tables import known_lists, people, texts, together

from dq.dedupe.matcher import Given, matched
from dq.dedupe.roles import roles
from dq.engine.respects import respects
from dq.leads import flat


def labels(frame, *never, given=None, **stated):
    known = replace(known_lists(), never=never)
    whole, number = respects(frame, roles(frame, people(), stated), known)
    return matched(whole, *([given] if given else [])).grown.label[number]


@pytest.fixture(scope="module")
def leads():
    return flat(5, 600).leads.drop("id")


@pytest.mark.parametrize("column", ["phone", "email", "name", "company", "title"])
def test_no_cluster_has_rows_that_differ_where_none_may(leads, column):
    known = replace(known_lists(), never=(column,))
    whole, number = respects(leads, roles(leads, people(), {}), known)
    found = matched(whole).grown.label
    pairs = np.array(sorted(together(found)), np.int64).reshape(-1, 2)
    (ruled,) = whole.never
    assert (whole.comparisons[ruled].compare(pairs[:, 0], pairs[:, 1]).level != 0).all()
    assert len(together(found[number]) & together(labels(leads))) > 20, "what does not differ is found as before"


def test_a_chain_through_a_row_that_says_nothing_is_cut():
    names, mail = ["Zebulon Quillfeather"] * 3, ["zeb@quillfeather.example"] * 3
    crowd = flat(6, 300).leads
    card = ["AB-1234567", None, "XK-7654321"]
    frame = texts(
        name=[*names, *crowd["name"]], email=[*mail, *crowd["email"]], card=[*card, *[f"C{n:07d}" for n in range(300)]]
    )
    assert len(set(labels(frame, card="code")[:3].tolist())) == 1
    parted = labels(frame, "card", card="code")[:3].tolist()
    assert parted[0] != parted[2]


def test_a_rule_about_a_column_that_is_not_there_says_nothing(leads):
    assert together(labels(leads, "passport")) == together(labels(leads))


def test_rows_that_are_known_to_be_one_stay_one(leads):
    whole, _ = respects(leads, roles(leads, people(), {}), replace(known_lists(), never=("name",)))
    joined = np.arange(len(whole.counts))
    joined[1] = 0
    label = matched(whole, Given(joined=joined)).grown.label
    assert label[0] == label[1]
