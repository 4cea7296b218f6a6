"""filterByFormula: the language, its truth, and the fast way to records by id."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyairtable.formulas import AND, EQ, OR, RECORD_ID, Field, match
from sandbox_world import ADA, BOB, CYD

from dq.sandbox import formula, refusals
from dq.sandbox.records import Row
from dq.sandbox.schema import table_of

TABLE = table_of(
    {
        "id": "tbl1",
        "name": "T",
        "fields": [
            {"id": "fldText", "name": "Text", "type": "singleLineText"},
            {"id": "fldNum", "name": "Num", "type": "number"},
            {"id": "fldNone", "name": "None", "type": "number"},
            {"id": "fldOdd", "name": "Odd } name", "type": "number"},
            {"id": "fldErr", "name": "Err", "type": "formula"},
            {"id": "fldTags", "name": "Tags", "type": "multipleSelects"},
        ],
    }
)
ROW = Row(
    "rec1",
    "2026-01-01T00:00:00.000Z",
    {"fldText": "It's", "fldNum": 4, "fldOdd": 9, "fldErr": {"error": "#ERROR!"}, "fldTags": ["a", "b"]},
)


def value(text):
    scope = formula.Scope(TABLE, lambda _field: formula.plain_value)
    return formula.bind(formula.parse(text), scope)(ROW)


def keeps(text):
    scope = formula.Scope(TABLE, lambda _field: formula.plain_value)
    return formula.keeps(formula.bind(formula.parse(text), scope), ROW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1+2*3", 7),
        ("(1+2)*3", 9),
        ("7-2-1", 4),
        ("8/2/2", 2),
        ("-2 - -3", 1),
        ("+.5*2", 1),
        ("{Num}*2", 8),
        ("Num+{fldNum}", 8),
        ("{Odd \\} name}", 9),
        ("{None}+1", 1),
        ("{Text}&1&{Num}&{None}", "It's14"),
        ("1&2=12&''", True),
        ("1.5&''", "1.5"),
        ("TRUE()&''", "1"),
        ("1/0&''", "Infinity"),
        ("-1/0&''", "-Infinity"),
        ("0/0&''", "NaN"),
        ("'It\\'s'={Text}", True),
        ('"It\'s"={Text}', True),
        ('"a\\"b\\\\"', 'a"b\\'),
        ("'a\\nb'", "a\nb"),
        ("{Text}='it\\'s'", False),
        ("{Num}='4'", False),
        ("{Num}!='4'", True),
        ("{None}=BLANK()", True),
        ("{None}=0", True),
        ("{None}=''", True),
        ("{Num}=BLANK()", False),
        ("{None}=FALSE()", True),
        ("1=TRUE()", True),
        ("'a'<'b'", True),
        ("BLANK()<'b'", True),
        ("{Num}>=4", True),
        ("{Num}<=3", False),
        ("{Num}>3", True),
        ("{Num}<4", False),
        ("if(1,'y','n')", "y"),
        ("IF('','y','n')", "n"),
        ("IF(0,'y')", None),
        ("IF(1,2,'a'+1)", 2),
        ("AND(1,'a',TRUE())", True),
        ("AND(1,{None})", False),
        ("OR(0,'')", False),
        ("NOT({None})", True),
        ("LOWER('ÀB')&UPPER('c')&TRIM(' d ')&LEN('four')", "àbCd4"),
        ("FIND('s',{Text})", 4),
        ("FIND('S',{Text})", 0),
        ("FIND('t','tot',2)", 3),
        ("SEARCH('x',{Text})", None),
        ("SEARCH('b',{Tags})", 4),
        ("RECORD_ID()&CREATED_TIME()", "rec12026-01-01T00:00:00.000Z"),
    ],
)
def test_value(text, expected):
    assert value(text) == expected


@pytest.mark.parametrize("text", ["0", "''", "BLANK()", "FALSE()", "0/0", "{Err}", "'a'+1", "'a'<1", "-{Text}"])
def test_what_a_filter_drops(text):
    assert not keeps(text)


@pytest.mark.parametrize("text", ["1", "'0'", "TRUE()", "1/0", "-1", "{Tags}"])
def test_what_a_filter_keeps(text):
    assert keeps(text)


@pytest.mark.parametrize(
    "text",
    [
        "1+",
        "(1",
        "'a",
        "{Nope}=1",
        "Nope=1",
        "NOPE()",
        "NOT()",
        "IF(1)",
        "LEN(1,2)",
        "1 2",
        "a b",
        "{}",
        "RECORD_ID(1)",
    ],
)
def test_what_is_no_formula(text):
    with pytest.raises(refusals.RefusalError) as error:
        value(text)
    assert error.value.payload["error"]["type"] == "INVALID_FILTER_BY_FORMULA"


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("RECORD_ID()='a'", ["a"]),
        ("'a'=RECORD_ID()", ["a"]),
        ("OR(RECORD_ID()='a', RECORD_ID()=\"b\")", ["a", "b"]),
        ("OR(RECORD_ID()='a', {Num}=1)", None),
        ("AND(RECORD_ID()='a')", None),
        ("RECORD_ID()!='a'", None),
        ("RECORD_ID()=1", None),
        ("{Num}", None),
    ],
)
def test_ids_that_a_filter_asks_for(text, ids):
    assert formula.wanted_ids(formula.parse(text)) == ids


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_quoted_text_is_itself(text):
    quoted = "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
    assert value(quoted) == text


@given(
    st.recursive(
        st.integers(0, 99).map(str),
        lambda s: st.tuples(s, st.sampled_from("+-*"), s).map(lambda t: f"({t[0]}{t[1]}{t[2]})"),
        max_leaves=7,  # a greater product is no exact number in JavaScript
    )
)
def test_arithmetic_as_python_has_it(text):
    assert value(text) == eval(text)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        (match({"Name": "Ada", "Age": 36}), [ADA]),
        (AND(Field("Active"), EQ(Field("Status"), "new")), [ADA]),
        ("{Active}=TRUE()", [ADA]),
        ("NOT({Active})", [BOB, CYD]),
        ("{fldAge00000000001}>4", [ADA, BOB]),
        ("{Tags}='a, b'", [ADA]),
        ("{Firms}='Acme'", [ADA]),
        ("FIND('2026-03',{Created})", [ADA, BOB, CYD]),
        ("{Age}", [ADA, BOB]),
        (OR(EQ(RECORD_ID(), CYD), EQ(RECORD_ID(), ADA), EQ(RECORD_ID(), "recNone")), [ADA, CYD]),
        ("", [ADA, BOB, CYD]),
    ],
)
def test_through_the_client(steady_people, text, ids):
    assert [record["id"] for record in steady_people.all(formula=str(text))] == ids


def test_a_filter_nested_too_deeply_is_refused_not_fatal(steady):
    body = {"filterByFormula": "-" * 20_000 + "1"}
    answer = steady.people("POST", body, "/listRecords")
    assert (answer.status_code, answer.json()["error"]["type"]) == (422, "INVALID_FILTER_BY_FORMULA")
    assert steady.people("GET").status_code == 200
