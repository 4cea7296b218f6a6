# ruff: noqa: RUF001 (letters that look like others are what this is about)
"""Plain values take a short way through folding: it must lead where the long one does."""

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dq.engine import folding
from dq.standardize import email, name_parts
from dq.standardize.name_words import ARTICLES, BUILT_IN, name_words

WORDS = [word for kind in BUILT_IN.values() for word in kind] + [
    *ARTICLES,
    "Ann",
    "o'Neil",
    "SMITH",
    "é",
    "x",
    "Zoë",
    "",
]
VALUE = pl.col("value")


def answers(values, *expressions):
    frame = pl.DataFrame({"value": values}, schema={"value": pl.String})
    return [frame.select(expression.alias("answer"))["answer"].to_list() for expression in expressions]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text("aZ09 _.,-'’éß \t+()٣", max_size=12), min_size=1, max_size=20))
@example(["İ", "ﬁne", "ＡＢ", "", " ", "a  b", None])
def test_words_and_numbers(values):
    short, long = answers(values, folding.words_of(VALUE), folding._words(VALUE))
    assert short == long
    short, long = answers(values, folding._number(VALUE), _long_number(VALUE))
    assert short == long


def _long_number(value):
    digits = folding._digits(value)
    return pl.when(digits.str.len_bytes() >= 5).then(digits.str.slice(-10))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.from_regex(r"\A[aB.+é_-]{0,4}@?(gmail|Googlemail|x-y|é)\.(com|de)\Z"), min_size=1, max_size=20))
@example(["a.b+c@gmail.com", "A.B@GMAIL.COM", "@", "a@b@c", "a b@c.de", None])
def test_addresses(values):
    short, long = answers(values, email.match_form(VALUE), email._folded_mailbox(VALUE.str.to_lowercase()))
    assert short == long


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join), min_size=1, max_size=20))
def test_names(values):
    assert parts(values) == long_parts(values)


@pytest.mark.parametrize("first", ["Jane", "van", "VAN", "Dr", "x"])
@pytest.mark.parametrize("last", ["Smith", "Jr", "PHD", "Ma", "la", "y"])
def test_two_words(first, last):
    assert parts([f"{first} {last}"]) == long_parts([f"{first} {last}"])


def parts(values):
    return answers(values, name_parts.parts(VALUE))[0]


def long_parts(values):
    frame = pl.LazyFrame({"value": values}, schema={"value": pl.String})
    return name_parts._parted(frame, name_words({})).collect().to_dicts()
