"""Quality rules: one select, pandera and plain Python say the same; doors name columns, never values."""

import re
from collections import Counter

import pandera.errors
import pandera.polars as pa
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dq.engine.validity import with_findings
from dq.errors import ConfigurationError, DamagedError
from dq.gate import at_the_door, judge, named_by, named_golden, schema_of
from dq.rules import Check, FieldRule, Level, Standardizer, TableRules
from dq.schemas import Conflict, Finding
from dq.schemas.finding import FINDING_TYPES

CHECKS = [
    Check(name="there", check="completeness", field="a"),
    Check(name="once", check="uniqueness", field="a", max_share=0.5),
    Check(name="pair", check="uniqueness", fields=("a", "b")),
    Check(name="known", check="membership", field="b", values=("x", "y"), severity="error"),
    Check(name="shape", check="pattern", field="b", pattern="[a-z]|zz+"),
    Check(name="short", check="length", field="a", min=1, max=2, reason="too long"),
    Check(name="valid", check="validity", field="b"),
    Check(name="small", check="range", field="n", min=0, max=3.5),
    Check(name="early", check="range", field="d", max="2026-01-31"),
    Check(name="refers", check="reference", field="a", references="b"),
    Check(name="order", check="expression", expression="n < 3 OR a = 'x'"),
    Check(name="there_x", check="completeness", field="a", where="b = 'x'"),
    Check(name="once_x", check="uniqueness", field="a", where="b = 'x'"),
    Check(name="agrees", check="agreement", field="a"),
    Check(name="single", check="duplicates"),
]
BY_KEY = named_by("leads", "key")
CELLS = st.sampled_from([None, "", "x", "y", "zzz", "Z", "x\n"])
NUMBERS = st.sampled_from([None, -1.0, 0.0, 3.5, 4.0, float("nan"), float("inf")])
DAYS = st.sampled_from([None, "", "2026-01-31T23:59:59Z", "2026-02-01", "2025-12-01", "soon"])
MARKS = st.sampled_from([None, True, False])
TYPES = {
    "a": pl.String(),
    "b": pl.String(),
    "b_finding": pl.String(),
    "n": pl.Float64(),
    "d": pl.String(),
    "a_agrees": pl.Boolean(),
    "duplicate#": pl.Boolean(),
}
ROWS = st.lists(st.tuples(CELLS, CELLS, st.sampled_from([None, "b.invalid"]), NUMBERS, DAYS, MARKS, MARKS), max_size=12)


def _frame(rows):
    return pl.DataFrame(rows, schema=TYPES, orient="row").with_row_index("key")


def _plainly(row, rows):
    """Names of the rules that a row fails, told row by row."""

    def filled(value):
        return value not in (None, "") and str(value) != "nan"

    a, b, n, d = row["a"], row["b"], row["n"], row["d"]
    among = [other for other in rows if other["b"] == "x"]
    fails = {
        "there": not filled(a),
        "once": filled(a) and Counter(other["a"] for other in rows)[a] > 1,
        "pair": filled(a) and filled(b) and Counter((other["a"], other["b"]) for other in rows)[a, b] > 1,
        "known": filled(b) and b not in ("x", "y"),
        "shape": filled(b) and not re.fullmatch(r"[a-z]|zz+", b),
        "short": filled(a) and not 1 <= len(a) <= 2,
        "valid": row["b_finding"] is not None,
        "small": filled(n) and not 0 <= n <= 3.5,
        "early": filled(d) and (d == "soon" or d[:10] > "2026-01-31"),
        "refers": filled(a) and a not in {other["b"] for other in rows},
        "order": (n is not None and not n < 3) and (a is not None and a != "x"),
        "there_x": b == "x" and not filled(a),
        "once_x": b == "x" and filled(a) and Counter(other["a"] for other in among)[a] > 1,
        "agrees": row["a_agrees"] is False,
        "single": row["duplicate#"] is True,
    }
    return {name for name, is_so in fails.items() if is_so}


@given(ROWS)
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_gate_fails_the_rows_that_plain_python_fails(rows):
    frame = _frame(rows)
    judged = judge(frame.lazy(), CHECKS, BY_KEY)
    records = frame.to_dicts()
    expected = {(name, str(row["key"])) for row in records for name in _plainly(row, records)}
    told = list(zip(judged.findings["rule"], judged.findings["row_key"], strict=True))
    assert (set(told), len(told)) == (expected, len(expected))
    counts = Counter(name for name, _ in expected)
    assert {v.check.name: v.failed for v in judged.verdicts} == {check.name: counts[check.name] for check in CHECKS}
    assert {v.total for v in judged.verdicts if not v.check.where and v.check.name != "agrees"} == {frame.height}
    assert at_the_door(judged.findings, Finding, "findings").height == judged.findings.height


@given(ROWS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_generated_schema_counts_the_same_failures(rows):
    frame = _frame(rows)
    schema = schema_of(CHECKS, TYPES)
    assert schema.name == "Lead"
    counts = {}
    try:
        schema.validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as error:
        counts = dict(error.failure_cases.group_by("check").len().iter_rows())
    judged = judge(frame, CHECKS, BY_KEY)
    assert {v.check.name: v.failed for v in judged.verdicts if v.failed} == counts


def test_a_lazy_frame_that_is_bad_fails_the_gate_though_pandera_lets_it_pass():
    bad = pl.DataFrame({"key": ["1", "2"], "a": ["x", None]})
    schema = schema_of(CHECKS[:1])
    assert schema.validate(bad.lazy()).collect().equals(bad)
    with pytest.raises(pandera.errors.SchemaErrors):
        schema.validate(bad, lazy=True)
    check = CHECKS[0].model_copy(update={"severity": "error"})
    judged = judge(bad.lazy(), [check], BY_KEY)
    assert (judged.passed, judged.verdicts[0].failed, judged.verdicts[0].sample) == (False, 1, ("2",))


def test_verdicts_and_what_they_mean_for_the_gate():
    frame = pl.DataFrame({"key": ["1", "2"], "a": ["x", "x"], "b": ["q", "x"], "b_finding": [None, None]})
    checks = [check for check in CHECKS if check.name in ("there", "once", "known", "shape", "short", "valid")]
    judged = judge(frame, checks, BY_KEY)
    assert [verdict.check.name for verdict in judged.failed] == ["known", "once"]
    assert not judged.passed
    assert judge(frame, checks[:2], BY_KEY).passed
    assert judge(frame.clear(), checks, BY_KEY).passed
    assert judge(frame.clear(), checks, BY_KEY).total_score == 1.0


def test_rules_on_columns_that_are_not_there_are_skipped_and_say_why():
    judged = judge(pl.DataFrame({"key": ["1"], "b": ["x"]}), CHECKS, BY_KEY)
    status = {verdict.check.name: verdict.status for verdict in judged.verdicts}
    assert {name for name, told in status.items() if told != "skipped"} == {"known", "shape"}
    why = {verdict.check.name: verdict.why_skipped for verdict in judged.verdicts}
    assert why["there"] == "the table has no column a"
    assert "standardizer" in why["valid"]
    assert "duplicates" in why["single"]
    assert judge(pl.DataFrame({"key": ["1"]}), [], BY_KEY).findings.is_empty()


@pytest.mark.parametrize(
    ("said", "failed", "status", "allowed"),
    [
        ({"max_share": 0.3}, 3, "passed", 0.3),
        ({"max_share": 0.29, "severity": "error"}, 3, "error", 0.29),
        ({"max_rows": 3}, 3, "passed", 3),
        ({"max_rows": 2, "severity": "info"}, 3, "info", 2),
        ({"warn": Level(share=0.1), "error": Level(rows=5)}, 3, "warning", 0.1),
        ({"warn": Level(share=0.1), "error": Level(rows=2)}, 3, "error", 2),
        ({"warn": Level(rows=3), "error": Level(rows=5)}, 3, "passed", 3),
        ({"error": Level(share=0.5)}, 3, "passed", 0.5),
    ],
)
def test_thresholds(said, failed, status, allowed):
    frame = pl.DataFrame({"key": range(10), "a": [None] * failed + ["x"] * (10 - failed)})
    [verdict] = judge(frame, [Check(name="there", check="completeness", field="a", **said)], BY_KEY).verdicts
    assert (verdict.failed, verdict.status, verdict.allowed) == (failed, status, allowed)


@pytest.mark.parametrize(
    ("values", "said", "failing"),
    [
        ([1, 2, None, 9], {"check": "range", "field": "a", "max": 2}, ["3"]),
        (["1", "2.5", "", "x"], {"check": "range", "field": "a", "max": 2.5}, ["3"]),
        ([1.0, float("nan"), None], {"check": "completeness", "field": "a"}, ["1", "2"]),
        ([float("nan"), float("nan")], {"check": "uniqueness", "field": "a"}, []),
        ([[], ["x"], None], {"check": "completeness", "field": "a"}, ["0", "2"]),
        ([["x", "y"], ["z"]], {"check": "pattern", "field": "a", "pattern": "x, y"}, ["1"]),
        ([True, False, None], {"check": "membership", "field": "a", "values": ("true",)}, ["1"]),
        ([None, None], {"check": "pattern", "field": "a", "pattern": "x"}, []),
        ([None, None], {"check": "uniqueness", "field": "a"}, []),
        (["2026-01-01", "2026-01-02T10:00:00+02:00", "2026-01-03"],
         {"check": "range", "field": "a", "min": "2026-01-01", "max": "2026-01-02"}, ["2"]),
        ([1, 2, 1], {"check": "uniqueness", "field": "a"}, ["0", "2"]),
        ([["x"], ["y"], ["x"], [], []], {"check": "uniqueness", "field": "a"}, ["0", "2"]),
        ([{"b": 1}, {"b": 2}, {"b": 1}], {"check": "uniqueness", "field": "a"}, ["0", "2"]),
        ([[""], ["x"]], {"check": "pattern", "field": "a", "pattern": "[x]+"}, ["0"]),
        (["é", "日本語"], {"check": "length", "field": "a", "max": 2}, ["1"]),
        (["x", "xyz"], {"check": "length", "field": "a", "min": 1.5, "max": 1e300}, ["0"]),
        ([1, 2, 3], {"check": "range", "field": "a", "min": 1.5, "max": 2}, ["0", "2"]),
    ],
)  # fmt: skip
def test_types_and_edges(values, said, failing):
    frame = pl.DataFrame({"key": range(len(values)), "a": values}, strict=False)
    judged = judge(frame, [Check(name="rule", **said)], BY_KEY)
    assert list(judged.findings["row_key"]) == failing
    assert judge(frame.clear(), [Check(name="rule", **said)], BY_KEY).verdicts[0].status == "passed"


@pytest.mark.parametrize(
    "pattern", ["[a-c]*", "[a-c]+", r"[^a]+", r"[\x20-\x7e]*", r"[\d.]+", r"[\\n-]*", "[a^]+", r"[\n]*"]
)
@given(st.text("abc\n\\1.-^é ", max_size=4))
@settings(max_examples=25, deadline=None)
def test_patterns_of_one_class_mean_what_they_say(pattern, value):
    rule = Check(name="rule", check="pattern", field="a", pattern=pattern)
    report = judge(pl.DataFrame({"key": [0], "a": [value]}), [rule], BY_KEY)
    assert report.verdicts[0].failed == (value != "" and re.fullmatch(pattern, value) is None)


def test_equal_values_of_a_category_are_repeated_in_any_part_of_a_file(tmp_path):
    parts = [pl.DataFrame({"key": [n], "a": [value]}) for n, value in enumerate(["x", "y", "z", "y"])]
    frame = pl.concat(parts, rechunk=False).cast({"a": pl.Categorical})
    frame.write_parquet(tmp_path / "rows.parquet", row_group_size=1)
    rules = [
        Check(name="once", check="uniqueness", field="a"),
        Check(name="pair", check="uniqueness", fields=("a", "a")),
    ]
    report = judge(pl.scan_parquet(tmp_path / "rows.parquet"), rules, BY_KEY)
    assert list(report.findings["row_key"]) == ["1", "3", "1", "3"]


def test_a_reference_to_another_table_is_held_against_its_keys():
    frame = pl.DataFrame({"key": [1, 2, 3], "owner": [7, 8, None]})
    check = Check(name="owned", check="reference", field="owner", references="users.id")
    from dq.gate import Beside

    judged = judge(frame, [check], BY_KEY, "leads", Beside(sets={"users.id": pl.Series(["7"])}))
    assert list(judged.findings["value"]) == ["8"]
    assert judge(frame, [check], BY_KEY).verdicts[0].status == "skipped"


@pytest.mark.parametrize(
    ("email", "status", "codes"),
    [
        ("a@x.com", "new", (None, None)),
        (" A@X.com", "NEW", (None, None)),
        ("no mail", "odd", ("email.invalid", "enum.unknown")),
        (None, None, (None, None)),
    ],
)
def test_a_value_is_valid_if_its_standardizers_take_it(email, status, codes):
    text = Standardizer(name="text")
    fields = (
        FieldRule(name="email", airtable="E", standardize=(text, Standardizer(name="email"))),
        FieldRule(
            name="status", airtable="S", standardize=(text, Standardizer(name="enum", options={"values": ["new"]}))
        ),
        FieldRule(name="plain", airtable="P"),
    )
    checks = tuple(Check(name=f"{f.name}_ok", check="validity", field=f.name) for f in fields)
    rules = TableRules(fields=fields, quality=checks)
    frame = pl.DataFrame(
        {"email": [email], "status": [status], "plain": ["x"]},
        schema_overrides={"email": pl.String, "status": pl.String},
    )
    found = with_findings(frame, rules)
    assert found.select("email_finding", "status_finding").rows() == [codes]
    assert found["plain_finding"].to_list() == [None]
    assert with_findings(frame.lazy(), rules).collect().equals(found)
    lists = with_findings(frame, rules, {"status": frozenset({"list", "text"})})
    assert lists["status_finding"].to_list() == [None]


def test_pandera_lets_a_bad_lazy_frame_pass_so_we_collect():
    bad = pl.DataFrame({"a": ["x", None]})
    schema = pa.DataFrameSchema({"a": pa.Column(pl.String, nullable=False)})
    assert schema.validate(bad.lazy()).collect().equals(bad)
    with pytest.raises(pandera.errors.SchemaError):
        schema.validate(bad)
    broken = pl.DataFrame({name: ["secret"] for name in FINDING_TYPES}).with_columns(rule=pl.lit(None, pl.String))
    with pytest.raises(DamagedError):
        at_the_door(broken, Finding, "findings")


def test_a_door_names_columns_and_checks_never_values():
    frame = pl.DataFrame({name: ["secret@x.com"] for name in FINDING_TYPES})
    with pytest.raises(DamagedError) as caught:
        at_the_door(frame, Finding, "findings.parquet")
    assert "severity" in str(caught.value)
    assert "store" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_missing_column_is_named():
    with pytest.raises(DamagedError, match=r"conflicts\.parquet does not keep its contract Conflict"):
        at_the_door(pl.DataFrame({"field": ["x"]}), Conflict, "conflicts.parquet")


def test_a_golden_record_that_only_airtable_has_is_named_by_its_record():
    golden = pl.DataFrame({"database_key": ["d1", None], "airtable_key": ["r1", "r2"], "a": ["", ""]})
    judged = judge(golden, CHECKS[:1], named_golden(TableRules(fields=(FieldRule(name="a", airtable="A"),))))
    told = judged.findings.select("store", "table", "row_key").rows()
    assert sorted(told) == [("airtable", "Leads", "r2"), ("database", "leads", "d1")]


@pytest.mark.parametrize("word", ["where", "expression"])
def test_a_condition_that_fails_on_a_row_names_its_rule(word: str):
    frame = pl.DataFrame({"key": ["a", "b"], "n": ["1", "Secretperson"]})
    checks = [
        Check(name="fine", check="expression", expression="n IS NOT NULL"),
        Check(
            name="wrong",
            check="expression",
            source="q.yaml:3",
            **{"expression": "key <> 'c'", word: "CAST(n AS INT) > 0"},
        ),
    ]
    with pytest.raises(ConfigurationError, match=r"(?s)The rule wrong fails.*q\.yaml:3.*" + word) as caught:
        judge(frame, checks, BY_KEY)
    assert "Secretperson" not in str(caught.value)
