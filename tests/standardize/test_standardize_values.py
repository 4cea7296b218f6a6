"""The laws of dates and numbers on texts that look like them, and numbers held against exact arithmetic."""

from datetime import date
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dq.errors import ConfigurationError
from dq.options import ExpressionOptions
from dq.standardize import STANDARDIZERS, expression

VARIANTS = [
    ("date", {}),
    ("date", {"day_first": True}),
    ("date", {"formats": ["%d.%m.%y", "%m/%d/%Y %H:%M"]}),
    ("date", {"output": "%d/%m/%Y", "day_first": False}),
    ("number", {"currency": ["€", "EUR"]}),
    ("number", {"decimal": ",", "percent": "fraction"}),
    ("number", {"decimals": 2, "thousands": [","]}),
    ("number", {"decimals": 0}),
]
PIECES = st.one_of(
    st.integers(0, 12).map(str),
    st.integers(0, 3000).map(str),
    st.sampled_from(
        [
            *"./-,: %()+eETZ'€0٣\uff11",
            "-",
            "00",
            "000",
            "Jan",
            "march",
            "AM",
            "pm",
            "+02:00",
            "UTC",
            "EUR",
            "\u202f",
            "st",
        ]
    ),
)
TEXTS = st.lists(PIECES, min_size=1, max_size=9).map("".join)
DATES = st.builds(
    "{0}{3}{1}{3}{2}".format, *3 * [st.integers(1, 31) | st.integers(1900, 2100)], st.sampled_from("-/. ")
)
COLUMNS = st.lists(TEXTS | DATES, min_size=1, max_size=25)


def forms_of(name, options, values):
    answer = STANDARDIZERS[name](pl.col("v"), options)
    frame = pl.LazyFrame({"v": values}, schema={"v": pl.String})
    return frame.select(answer.value.alias("value"), answer.finding.alias("finding")).collect().rows()


@pytest.mark.parametrize(("name", "options"), VARIANTS)
@given(values=COLUMNS)
@settings(max_examples=60, deadline=None)
def test_a_second_run_changes_nothing_and_nothing_is_emptied(name, options, values):
    once = forms_of(name, options, values)
    assert all(value for value, _ in once)
    assert forms_of(name, options, [value for value, _ in once]) == once


@pytest.mark.parametrize(("name", "options"), VARIANTS)
@given(values=COLUMNS, data=st.data())
@settings(max_examples=20, deadline=None)
def test_rows_in_any_order_have_the_same_forms(name, options, values, data):
    order = data.draw(st.permutations(range(len(values))))
    forms = forms_of(name, options, values)
    assert forms_of(name, options, [values[at] for at in order]) == [forms[at] for at in order]


@given(numbers=st.lists(st.decimals(allow_nan=False, allow_infinity=False, places=12), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_a_number_stays_the_number_that_it_was(numbers):
    forms = forms_of("number", {}, [f"{number:,f}" for number in numbers])
    assert [finding for _, finding in forms] == [None] * len(numbers)
    assert [Decimal(value) for value, _ in forms] == numbers


@given(days=st.lists(st.dates(min_value=date(1000, 1, 1)), min_size=1, max_size=30))
@settings(max_examples=40, deadline=None)
def test_a_day_stays_the_day_that_it_was(days):
    for form in ("%Y/%m/%d", "%d.%m.%Y", "%d %B %Y", "%b %d, %Y"):
        told = pl.Series(days).dt.strftime(form).to_list()
        assert forms_of("date", {}, told) == [(day.isoformat(), None) for day in days]


def test_an_expression_that_fails_on_a_cell_names_itself_and_no_value():
    options = ExpressionOptions.model_construct(sql="CAST(CAST(value AS INT) AS VARCHAR)")
    rows = pl.LazyFrame({"v": ["12", "secret"]})
    with pytest.raises(ConfigurationError, match="CAST") as error:
        rows.select(expression.standard(pl.col("v"), options)).collect()
    assert error.value.exit_code == 2
    assert "secret" not in str(error.value)
