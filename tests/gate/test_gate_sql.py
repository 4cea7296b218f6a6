"""Rules in DuckDB's SQL: what they find, and that they reach nothing but the table they are given."""

import polars as pl
import pytest

from dq.checks import Check
from dq.errors import ConfigurationError
from dq.gate import judge, misfits, named_by
from dq.rulesql import digests, mistake_in

KEY = named_by("leads", "id")
FRAME = pl.DataFrame({"id": ["1", "2", "3"], "email": ["a@b", "c", None], "n": [1, 2, 3]})


def _rule(sql, **more):
    return Check(name="rule", check="sql", sql=sql, severity="error", **more)


@pytest.mark.parametrize(
    ("sql", "failed", "keys"),
    [
        ("email LIKE '%@%'", 1, ["2"]),
        ("email LIKE '%@%' -- addresses", 1, ["2"]),
        ("n < 3;", 1, ["3"]),
        ("SELECT * FROM rows WHERE n > 1", 2, ["2", "3"]),
        ("FROM rows WHERE n > 1", 2, ["2", "3"]),
        ("WITH big AS (SELECT * FROM rows WHERE n > 2) SELECT row_key FROM big", 1, ["3"]),
        ("SELECT rows.row_key FROM rows, rows AS others", 3, ["1", "2", "3"]),
        ("SELECT count(*) FROM rows HAVING count(*) > 2", 1, []),
        ("SELECT n FROM rows WHERE n > 1", 2, []),
        ("n <= (SELECT avg(n) FROM rows)", 1, ["3"]),
        ("true", 0, []),
    ],
)
def test_what_a_rule_finds(sql, failed, keys):
    report = judge(FRAME, [_rule(sql)], KEY)
    [verdict] = report.verdicts
    assert (verdict.failed, list(report.findings["row_key"])) == (failed, keys)
    assert verdict.sample == tuple(keys)
    assert misfits([_rule(sql)], (), FRAME.schema) == []


def test_only_the_judged_rows_are_handed_over():
    report = judge(FRAME, [_rule("SELECT row_key FROM rows", where="n > 1")], KEY)
    assert (report.verdicts[0].failed, report.verdicts[0].total) == (2, 2)
    assert judge(FRAME.clear(), [_rule("n < 3")], KEY).passed


@pytest.mark.parametrize(
    ("sql", "needle"),
    [
        ("SELECT * FROM read_csv('/etc/passwd')", "Permission Error"),
        ("SELECT * FROM '/etc/passwd'", "Error"),
        ("SELECT * FROM FRAME", "does not exist"),
        ("SELECT * FROM glob('/*')", "Permission Error"),
        ("COPY rows TO '/tmp/rows.csv'", "Error"),
        ("ATTACH '/tmp/x.db'", "Error"),
        ("SELECT emial FROM rows", '"emial"'),
        ("emial = 'x'", '"emial"'),
        ("n + 1", "true or false"),
        ("SELECT 1; SELECT 2", "one SELECT"),
        ("true); DROP TABLE rows; --", "Parser Error"),
    ],
)
def test_rules_that_reach_too_far_are_mistakes_before_a_row_is_read(sql, needle):
    assert needle in str(mistake_in(_rule(sql), FRAME.schema))
    [misfit] = misfits([_rule(sql)], (), FRAME.schema)
    assert needle in misfit.text


def test_a_rule_that_fails_on_the_data_names_itself_and_no_cell():
    rule = _rule("CAST(email AS INT) > 0").model_copy(update={"source": "rules/quality.yaml:7"})
    with pytest.raises(ConfigurationError) as caught:
        judge(FRAME, [rule], KEY)
    assert "rule" in str(caught.value)
    assert "rules/quality.yaml:7" in str(caught.value)
    assert "a@b" not in str(caught.value)


def test_digests_are_those_of_sha_256():
    assert list(digests(pl.Series(["a", "b"]))) == ["ca978112ca1bbdca", "3e23e8160039594a"]
    assert list(digests(pl.Series([], dtype=pl.String))) == []


@pytest.mark.parametrize(
    ("said", "needle"),
    [
        ({"check": "completeness", "field": "emial"}, "did you mean `email`?"),
        ({"check": "uniqueness", "fields": ("id", "N")}, "did you mean `n`?"),
        ({"check": "reference", "field": "email", "references": "idd"}, "did you mean `id`?"),
        ({"check": "completeness", "field": "email", "where": "status = 'x'"}, "there is no column `status`"),
        ({"check": "expression", "expression": "n + 1"}, "must be true or false"),
        ({"check": "expression", "expression": "n > 'x' AND email"}, "does not work"),
        ({"check": "row_count", "min": 1, "where": "email"}, "must be true or false"),
    ],
)
def test_what_does_not_fit_a_table_names_the_near_miss(said, needle):
    rule = Check(name="rule", source="rules/quality.yaml:3", **said)
    [misfit] = misfits([rule], (), FRAME.schema)
    assert (misfit.rule, misfit.source) == ("rule", "rules/quality.yaml:3")
    assert needle in misfit.text
    assert misfits([Check(name="ok", check="completeness", field="email")], (), FRAME.schema) == []
