"""`rules/quality.yaml`: every kind of rule is read; what is wrong is named with its line and the near miss."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from dq.checks import CHECK_KINDS, Level
from dq.errors import ConfigurationError

PAGE = Path(__file__).resolve().parents[2] / "docs" / "quality.md"
FIELDS = "tables: [{mapping: {name: Name, email: Email, status: Status, score: Score}}]\n"


def _quality(project, text):
    project.write("rules/quality.yaml", text)
    project.write("rules/lists/states.txt", "# a comment\nnew\n\nold\nnew\n")
    return project.load(FIELDS).tables[0]


def _rule(project, said):
    return _quality(project, f"checks:\n  - {{name: a, {said}}}\n").quality[0]


@pytest.mark.parametrize("number", range(2))
def test_the_pages_examples_are_rules(project, number):
    blocks = re.findall(r"```yaml\n((?:checks|known):.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    project.write("rules/lists/countries.txt", "DE\nFR\n")
    table = _quality(project, blocks[number])
    if number == 0:
        assert {check.check for check in table.quality} == set(CHECK_KINDS)


def test_every_kind_is_on_the_page():
    page = PAGE.read_text(encoding="utf-8")
    assert [kind for kind in CHECK_KINDS if f"| `{kind}` |" not in page] == []


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("check: max_length, field: name, length: 9", {"check": "length", "max": 9}),
        ("check: length, field: name, min: 2", {"min": 2, "max": None}),
        ("check: membership, field: status, list: states.txt", {"values": ("new", "old")}),
        ("check: membership, field: status, values: [1, yes]", {"values": ("1", "yes")}),
        ("check: range, field: score, min: 0, max: 1.5", {"min": 0, "max": 1.5}),
        ("check: range, field: score, min: 2026-01-01", {"min": date(2026, 1, 1)}),
        ("check: range, field: score, max: '2026-01-01T12:00:00+02:00'", {"max": datetime(2026, 1, 1, 10, tzinfo=UTC)}),
        ("check: freshness, field: updated_at, max_age: 36h", {"max_age": 129_600.0}),
        ("check: freshness, field: updated_at, max_age: 8w", {"max_age": 4_838_400.0}),
        ("check: uniqueness, fields: [name, email]", {"fields": ("name", "email"), "field": None}),
        ("check: completeness, field: name", {"severity": "warning", "max_share": 0.0, "max_rows": None}),
        ("check: completeness, field: name, error: {rows: 3}", {"severity": "error", "error": Level(rows=3)}),
        ("check: completeness, field: name, warn: {share: 0.1}", {"severity": "warning", "warn": Level(share=0.1)}),
        ("check: completeness, field: name, owner: crm", {"owner": "crm", "source": "rules/quality.yaml:2"}),
    ],
)
def test_what_rules_say(project, said, expected):
    rule = _rule(project, said)
    assert {name: getattr(rule, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("said", "needle"),
    [
        ("check: uniqness, field: email", "did you mean `uniqueness`?"),
        ("check: completeness", "a completeness check needs `field`"),
        ("check: completeness, field: email, pattern: x", "a completeness check has no `pattern`"),
        ("check: pattern, field: email, pattern: '('", "not a regular expression"),
        ("check: range, field: score", "needs `min` or `max`"),
        ("check: range, field: score, min: soon", "expected a number, a day"),
        ("check: range, field: score, min: 2026-02-30", "expected a number, a day"),
        ("check: range, field: score, min: 3, max: 1", "not below it"),
        ("check: range, field: score, min: 3, max: 2026-01-01", "of the kind of `min`"),
        ("check: length, field: name, min: 1.5", "expected a whole number"),
        ("check: row_count, min: many", "expected a whole number"),
        ("check: freshness, field: x, max_age: a while", "expected an age"),
        ("check: freshness, field: x, max_age: 3d, max_share: 0.1", "a freshness check has no `max_share`"),
        ("check: uniqueness, field: a, fields: [b, c]", "exclude each other"),
        ("check: membership, field: status, list: state.txt", "did you mean `states.txt`?"),
        ("check: membership, field: status, list: states.txt, values: [x]", "exclude each other"),
        ("check: completeness, field: a, max_share: 0.1, max_rows: 1", "one threshold only"),
        ("check: completeness, field: a, max_share: 0.1, warn: {rows: 1}", "one threshold only"),
        ("check: completeness, field: a, severity: error, warn: {rows: 1}", "leave `severity` out"),
        ("check: completeness, field: a, warn: {rows: 1, share: 0.2}", "needs `share` or `rows`"),
        ("check: completeness, field: a, error: {}", "needs `share` or `rows`"),
        ("check: completeness, field: a, where: 'status ='", "not a condition in Polars SQL"),
        ("check: expression, expression: 'nosuch(status)'", "not a condition in Polars SQL"),
        ("check: sql, sql: 'SELEC 1'", "not SQL that DuckDB reads"),
        ("check: sql, sql: 'SELECT 1; SELECT 2'", "one condition, or one SELECT"),
        ("check: sql, sql: 'true); DROP TABLE rows; --'", "not SQL that DuckDB reads"),
        ("check: completeness, field: a, table: lead", "did you mean `leads`?"),
        ("check: distribution, field: a, max_distance: 0.1, distance: ks", "not one of the known words"),
    ],
)
def test_mistakes_are_named_with_their_line(project, said, needle):
    with pytest.raises(ConfigurationError) as caught:
        _rule(project, said)
    assert needle in str(caught.value)
    assert "rules/quality.yaml:2" in str(caught.value)


@pytest.mark.parametrize(
    ("said", "needle"),
    [
        ("rule: b, reason: r, until: 2026-12-31", "there is no rule `b`"),
        ("rule: a, until: 2026-12-31", "known[0].reason: is missing"),
        ("rule: a, reason: r, until: 2026-13-31", "expected a day"),
        ("rule: a, reason: r, until: 2026-12-31, where: x, rows: 3", "exclude each other"),
        ("rule: a, reason: r, until: 2026-12-31, where: 'x ='", "not a condition in Polars SQL"),
        ("rule: fresh, reason: r, until: 2026-12-31, where: 'x'", "about the whole table"),
    ],
)
def test_mistakes_in_known_failures(project, said, needle):
    rules = "{name: a, check: completeness, field: name}, {name: fresh, check: freshness, field: x, max_age: 1d}"
    with pytest.raises(ConfigurationError) as caught:
        _quality(project, f"checks: [{rules}]\nknown:\n  - {{{said}}}\n")
    assert needle in str(caught.value)
    assert "rules/quality.yaml:3" in str(caught.value)


def test_rules_of_other_mappings_are_left_out(project):
    project.write("config/dq.yaml", "")
    rules = "{name: a, check: completeness, field: title}, {name: b, check: row_count, min: 1}, {name: c, check: range, field: age, min: 1, table: people}"
    project.write("rules/quality.yaml", f"checks: [{rules}]\n")
    tables = project.load(
        "tables:\n- {database: leads, airtable: Leads, mapping: {title: T}}\n- {database: people, airtable: People, mapping: {age: A}}\n"
    ).tables
    assert [[check.name for check in table.quality] for table in tables] == [["a", "b"], ["b", "c"]]
