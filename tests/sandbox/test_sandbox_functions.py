"""The functions of formulas, each by its values."""

from datetime import UTC, datetime
from math import inf, isnan

import pytest

from dq.sandbox import formats, formula
from dq.sandbox.records import Row
from dq.sandbox.schema import table_of

FIELDS = [("fldA", "A"), ("fldL", "L"), ("fldD", "D"), ("fldE", "E")]
TABLE = table_of(
    {"id": "tbl1", "name": "T", "fields": [{"id": i, "name": n, "type": "singleLineText"} for i, n in FIELDS]}
)
ROW = Row(
    "rec1",
    "2026-01-01T00:00:00.000Z",
    {
        "fldL": ("b", None, "a", "b", 3),
        "fldD": formula.Moment(datetime(2026, 3, 14, 15, 9, 26, 535000, tzinfo=UTC)),
        "fldE": (formula.Failure(),),
    },
    '{"fldA":"2026-02-02T00:00:00.000Z","fldL":"2026-03-03T00:00:00.000Z"}',
)
NOW = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)


def value(text):
    scope = formula.Scope(TABLE, lambda _field: lambda cell: cell, NOW)
    return formula.bind(formula.parse(text), scope)(ROW)


TEXTS = [
    ("CONCATENATE('a', 1, BLANK(), TRUE())", "a11"),
    ("LEFT('abc', 2) & LEFT('abc') & RIGHT('abc', 2) & RIGHT('abc', 0)", "ababc"[:2] + "a" + "bc"),
    ("MID('abcdef', 2, 3)", "bcd"),
    ("REPLACE('abcdef', 2, 3, 'X')", "aXef"),
    ("SUBSTITUTE('a-b-c', '-', '+')", "a+b+c"),
    ("SUBSTITUTE('a-b-c', '-', '+', 2)", "a-b+c"),
    ("SUBSTITUTE('a-b-c', '-', '+', 9)", "a-b-c"),
    ("REPT('ab', 3)", "ababab"),
    ("T('x') & T(1)", "x"),
    ("VALUE('$1,234.50')", 1234.5),
    ("VALUE(7)", 7),
    ("ENCODE_URL_COMPONENT('a b/é!')", "a%20b%2F%C3%A9!"),
    ("REGEX_MATCH('abc123', '[0-9]+')", True),
    ("REGEX_EXTRACT('abc123', '[0-9]+')", "123"),
    ("REGEX_REPLACE('abc123', '([a-z])([a-z])', '$2$1')", "bac123"),
    ("REGEX_REPLACE('a.b', '\\\\.', '\\\\')", "a\\b"),
]
NUMBERS = [
    ("ABS(-2)", 2),
    ("ROUND(2.345, 2)", 2.35),
    ("ROUND(-2.5)", -3),
    ("ROUND(1234, -2)", 1200),
    ("ROUNDUP(2.1)", 3),
    ("ROUNDUP(-2.1)", -3),
    ("ROUNDDOWN(-2.9)", -2),
    ("INT(-2.1)", -3),
    ("MOD(7, 3)", 1),
    ("CEILING(2.1)", 3),
    ("CEILING(21, 5)", 25),
    ("FLOOR(24, 5)", 20),
    ("FLOOR(0.7, 0.1)", 0.7),
    ("EVEN(3)", 4),
    ("EVEN(-3)", -4),
    ("ODD(2)", 3),
    ("ODD(-2)", -3),
    ("POWER(2, 10)", 1024),
    ("POWER(10, 999)", inf),
    ("SQRT(9)", 3),
    ("LOG(1000)", 3),
    ("LOG(8, 2)", 3),
    ("EXP(0)", 1),
    ("MIN(3, 1, 2)", 1),
    ("MAX({L}, 1)", 3),
    ("MAX(BLANK())", 0),
    ("SUM({L}, 4, 'x')", 7),
    ("AVERAGE(1, 2, 'x', BLANK())", 1.5),
    ("COUNT({L}, 1)", 2),
    ("COUNTA({L})", 4),
    ("COUNTALL({L})", 5),
]
LOGIC = [
    ("XOR(1, 1, 1)", True),
    ("XOR(1, 1)", False),
    ("SWITCH(2, 1, 'a', 2, 'b', 'c')", "b"),
    ("SWITCH(9, 1, 'a', 2, 'b', 'c')", "c"),
    ("SWITCH(9, 1, 'a')", None),
    ("SWITCH(1, 1, 'a', 'x'+1, 'b')", "a"),
    ("ISERROR('a'+1)", True),
    ("ISERROR(0/0)", True),
    ("ISERROR(1/0)", False),
    ("ISERROR(ERROR('no'))", True),
    ("ISERROR({E})", True),
    ("ISERROR(1)", False),
    ("IF(ISERROR(ERROR()), 'bad', 'good')", "bad"),
]
LISTS = [
    ("ARRAYJOIN({L}, ';')", "b;a;b;3"),
    ("ARRAYJOIN({L})", "b, a, b, 3"),
    ("ARRAYUNIQUE({L})", ("b", "a", 3)),
    ("ARRAYCOMPACT({L})", ("b", "a", "b", 3)),
    ("COUNTALL(ARRAYFLATTEN({L}, {L}))", 10),
    ("ARRAYSLICE({L}, 3, 4)", ("a", "b")),
    ("ARRAYSLICE({L}, -2)", ("b", 3)),
]
TIMES = [
    ("YEAR({D})&'/'&MONTH({D})&'/'&DAY({D})", "2026/3/14"),
    ("HOUR({D})&':'&MINUTE({D})&':'&SECOND({D})", "15:9:26"),
    ("WEEKDAY({D})", 6),
    ("WEEKDAY({D}, 'Monday')", 5),
    ("WEEKNUM('2026-01-01')", 1),
    ("WEEKNUM('2026-01-04')", 2),
    ("WEEKNUM('2026-01-04', 'Monday')", 1),
    ("{D}&''", "2026-03-14T15:09:26.535Z"),
    ("DATESTR({D})&' '&TIMESTR({D})", "2026-03-14 15:09:26"),
    ("DATEADD('2026-01-31', 1, 'months')&''", "2026-02-28T00:00:00.000Z"),
    ("DATEADD('2026-01-31', -1, 'day')&''", "2026-01-30T00:00:00.000Z"),
    ("DATEADD('2026-01-31', 90, 'm')&''", "2026-01-31T01:30:00.000Z"),
    ("DATEADD('2024-02-29', 1, 'y')&''", "2025-02-28T00:00:00.000Z"),
    ("DATETIME_DIFF('2026-03-01', '2026-02-01', 'days')", 28),
    ("DATETIME_DIFF('2026-03-01', '2026-02-01')", 2_419_200),
    ("DATETIME_DIFF('2026-01-31', '2026-03-30', 'months')", -1),
    ("DATETIME_DIFF('2027-06-01', '2026-01-01', 'years')", 1),
    ("DATETIME_DIFF('2026-01-01T12:00', '2026-01-03', 'days')", -1),
    ("DATETIME_FORMAT({D}, 'dddd, MMMM Do YYYY, h:mm:ss a')", "Saturday, March 14th 2026, 3:09:26 pm"),
    ("DATETIME_FORMAT({D}, '[Q]Q YY-M-D H kk SSS')", "Q1 26-3-14 15 15 535"),
    ("DATETIME_FORMAT({D}, 'L LT')", "03/14/2026 3:09 PM"),
    ("DATETIME_FORMAT(SET_TIMEZONE({D}, 'America/New_York'), 'YYYY-MM-DD HH:mm Z')", "2026-03-14 11:09 -04:00"),
    ("DATETIME_FORMAT(SET_LOCALE({D}, 'de'), 'X')", "1773500966"),
    ("DATETIME_PARSE('2026-11-21T10:00:00.123Z')&''", "2026-11-21T10:00:00.123Z"),
    ("DATETIME_PARSE('21/11/2026 5pm', 'DD/MM/YYYY ha')&''", "2026-11-21T17:00:00.000Z"),
    ("DATETIME_PARSE('4 Mar 2017 23:00', 'D MMM YYYY HH:mm')&''", "2017-03-04T23:00:00.000Z"),
    ("DATETIME_PARSE('Mar 4, 2017')&''", "2017-03-04T00:00:00.000Z"),
    ("DATETIME_PARSE('3/4/2017 1:30 pm')&''", "2017-03-04T13:30:00.000Z"),
    ("{D}=DATETIME_PARSE('2026-03-14T15:09:26.535Z')", True),
    ("{D}>DATETIME_PARSE('2026-03-14')", True),
    ("{D}<'2026-03-15'", True),
    ("IS_AFTER({D}, '2026-03-14')", True),
    ("IS_AFTER({D}, {D})", False),
    ("IS_BEFORE({D}, TODAY())", True),
    ("IS_SAME({D}, '2026-03-14')", False),
    ("IS_SAME({D}, '2026-03-14', 'day')", True),
    ("IS_SAME({D}, '2026-03-01', 'month')", True),
    ("IS_SAME({D}, '2026-03-09', 'weeks')", True),
    ("NOW()&''", "2026-05-06T07:08:09.000Z"),
    ("TODAY()&''", "2026-05-06"),
    ("FROMNOW('2026-05-04')", "2 days"),
    ("TONOW(NOW())", "0 seconds"),
    ("WORKDAY('2026-05-01', 1)&''", "2026-05-04T00:00:00.000Z"),
    ("WORKDAY('2026-05-01', 1, '2026-05-04')&''", "2026-05-05T00:00:00.000Z"),
    ("WORKDAY_DIFF('2026-05-01', '2026-05-08')", 6),
    ("LAST_MODIFIED_TIME()&''", "2026-03-03T00:00:00.000Z"),
    ("LAST_MODIFIED_TIME({A})&''", "2026-02-02T00:00:00.000Z"),
    ("LAST_MODIFIED_TIME({D})&''", "2026-01-01T00:00:00.000Z"),
    ("CREATED_TIME()=DATETIME_PARSE('2026-01-01')", True),
]


@pytest.mark.parametrize(("text", "expected"), TEXTS + NUMBERS + LOGIC + LISTS + TIMES)
def test_value(text, expected):
    assert value(text) == pytest.approx(expected) if isinstance(expected, float) else value(text) == expected


@pytest.mark.parametrize("text", ["AVERAGE('x')", "SQRT(-1)", "LOG(-1)", "MOD(1, 0)", "POWER(-1, 0.5)"])
def test_not_a_number(text):
    assert isnan(value(text))


@pytest.mark.parametrize(
    "text",
    [
        "ERROR()",
        "VALUE('none')",
        "REGEX_EXTRACT('a', 'b')",
        "REGEX_MATCH('a', '(')",
        "REPT('x', 1000000)",
        "YEAR('soon')",
        "YEAR(BLANK())",
        "DATEADD('2026-01-01', 1, 'fortnights')",
        "DATEADD('2026-01-01', 99999, 'years')",
        "DATEADD('2026-01-01', 9999999999, 'days')",
        "DATETIME_PARSE('2026-13-01')",
        "DATETIME_PARSE('x', 'YYYY')",
        "DATETIME_FORMAT(SET_TIMEZONE(NOW(), 'Mars/Base'), 'H')",
        "AND(1, 'a'+1)",
        "OR(1, 'a'+1)",
        "{D}+1",
        "{D}<1",
        "{L}+1",
        "SUM({E})",
        "{E}=1",
        "ROUND('a')",
        "INT('x')",
        "LEFT('a', 1/0)",
    ],
)
def test_what_is_an_error(text):
    with pytest.raises(formula.FAILURES):
        value(text)


def test_a_formula_by_ids_means_the_same():
    text = "IF({A}, LEFT(A, 2) & 'A', {L}) & {D}"
    changed = formula.with_ids(text, {"A": "fldA", "L": "fldL"})
    assert changed == "IF({fldA}, LEFT({fldA}, 2) & 'A', {fldL}) & {D}"
    assert formula.references(formula.parse(changed)) == {"fldA", "fldL", "D"}
    assert formula.calls(formula.parse(changed)) == {"IF", "LEFT"}


@pytest.mark.parametrize("form", ["LLLL", "ll", "GGGG-[W]WW-E", "DDD DDDD w ww W", "X x", "dd ddd e d", "A hh", "k"])
def test_every_letter_shows_something(form):
    assert formats.formatted(NOW, form)
