"""Quality rules compiled to pandera say what plain Polars says; doors name columns, never values."""

import pandera.errors
import pandera.polars as pa
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dq.engine import with_findings
from dq.errors import DamagedError
from dq.gate import at_the_door, judge, named_by, named_golden
from dq.gate.quality import holds
from dq.rules import Check, FieldRule, Standardizer, TableRules
from dq.schemas import Conflict, Finding
from dq.schemas.finding import FINDING_TYPES

CHECKS = [
    Check(name="there", check="completeness", field="a"),
    Check(name="once", check="uniqueness", field="a", max_share=0.5),
    Check(name="known", check="membership", field="b", values=("x", "y"), severity="error"),
    Check(name="shape", check="pattern", field="b", pattern="[a-z]|zz+"),
    Check(name="short", check="max_length", field="a", length=2, reason="too long"),
    Check(name="valid", check="validity", field="b"),
]
BY_KEY = named_by("leads", "key")
CELLS = st.sampled_from([None, "", "x", "y", "zzz", "Z", "x\n"])


@given(st.lists(st.tuples(CELLS, CELLS, st.sampled_from([None, "b.invalid"])), max_size=12))
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_pandera_fails_the_rows_that_polars_fails(rows):
    frame = pl.DataFrame(rows, schema=dict.fromkeys(["a", "b", "b_finding"], pl.String), orient="row").with_row_index(
        "key"
    )
    judged = judge(frame, CHECKS, BY_KEY)
    for verdict in judged.verdicts:
        column = "b_finding" if verdict.check.check == "validity" else verdict.check.field
        failing = frame.filter(~holds(verdict.check, pl.col(column)))
        told = judged.findings.filter(rule=verdict.check.name)
        assert (verdict.failed, verdict.total) == (failing.height, frame.height)
        assert sorted(told["row_key"]) == sorted(failing["key"].cast(pl.String))
        assert sorted(told["value"], key=str) == sorted(failing[verdict.check.field], key=str)
    assert at_the_door(judged.findings, Finding, "findings").height == judged.findings.height


def test_verdicts_and_what_they_mean_for_the_gate():
    frame = pl.DataFrame({"key": ["1", "2"], "a": ["x", "x"], "b": ["q", "x"], "b_finding": [None, None]})
    judged = judge(frame, CHECKS, BY_KEY)
    assert [verdict.check.name for verdict in judged.failed] == ["known", "once"]
    assert not judged.passed
    assert judge(frame, CHECKS[:2], BY_KEY).passed
    assert judge(frame.clear(), CHECKS, BY_KEY).passed


def test_rules_on_fields_that_are_not_there_are_left_out():
    frame = pl.DataFrame({"key": ["1"], "b": ["x"]})
    judged = judge(frame, CHECKS, BY_KEY)
    assert [verdict.check.name for verdict in judged.verdicts] == ["known", "shape"]
    assert judge(frame, [], BY_KEY).findings.is_empty()


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
