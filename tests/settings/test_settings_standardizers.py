"""`rules/standardize.yaml`: its mistakes word by word, on_invalid, lists of replacements, versions and plug-ins."""

import json
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

import dq.settings
from dq.errors import ConfigurationError
from dq.options import OPTIONS
from dq.plugins import Kind, plugin
from dq.standardize import KINDS

CONFIG = "tables:\n- mapping: {name: Name, email: Email, phone: Phone, status: Status}\n"
LIST = "from,to\nMs,Mrs\nDr,Dr.\n"
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("fields:\n  email: [text, emial]\n", 2, "fields.email[1].emial: unknown standardizer `emial`; did you mean `email`?"),
        ("fields:\n  email:\n  - text\n  - website:\n      ensure_protcol: true\n", 5, "fields.email[1].website.ensure_protcol: unknown key `ensure_protcol`; did you mean `ensure_protocol`?"),
        ("fields:\n  email:\n  - email: {normalize_case: upper}\n", 3, "fields.email[0].email.normalize_case: not one of the known words; known: keep, lower"),
        ("fields:\n  email:\n  - email: {validate_format: 1}\n", 3, "fields.email[0].email.validate_format: expected true or false, found a whole number"),
        ("fields:\n  emial: [email]\n", 2, "fields.emial: no table maps a column `emial`; did you mean `email`?"),
        ("fields:\n  email: [text]\ndefaults:\n  stauts: new\n", 4, "defaults.stauts: no table maps a column `stauts`; did you mean `status`?"),
        ("fields:\n  email: {standardize: [text, email], on_invalid: nul}\n", 2, "fields.email.on_invalid: not one of the known words; did you mean `null`?"),
        ("fields:\n  email:\n    standardise: [text]\n", 3, "fields.email.standardise: unknown key `standardise`; did you mean `standardize`?"),
        ("fields:\n  email:\n    standardize: [text, emial]\n", 3, "fields.email.standardize[1].emial: unknown standardizer `emial`; did you mean `email`?"),
        ("fields:\n  email:\n    standardize:\n    - enum: {}\n", 4, "fields.email.standardize[0].enum.values: is missing"),
        ("fields: {email: text}\n", 1, "fields.email: expected a list, found a text"),
        ("fields:\n  phone:\n  - regex: {pattern: '(\\d+'}\n", 3, "fields.phone[0].regex.pattern: not a regular expression that Rust's regex reads: unclosed group"),
        ("fields:\n  phone:\n  - regex:\n      pattern: '(\\d+)'\n      replace: '${1}-$2x'\n", 3, "fields.phone[0].regex: `replace` names the group 2x, the pattern has 1; write ${1}text, and $$ for a dollar"),
        ("fields:\n  phone:\n  - regex: {replace: x}\n", 3, "fields.phone[0].regex: needs `pattern` or `must_match`"),
        ("fields:\n  phone:\n  - regex: {must_match: '[a-'}\n", 3, "fields.phone[0].regex.must_match: not a regular expression that Rust's regex reads: unclosed character class"),
        ("fields:\n  phone:\n  - expression: {sql: 'upper(value'}\n", 3, "fields.phone[0].expression.sql: not an expression in Polars SQL: unable to parse 'upper(value' as Expr"),
        ("fields:\n  phone:\n  - expression: {sql: 'uper(value)'}\n", 3, "fields.phone[0].expression.sql: not an expression in Polars SQL: unsupported function 'uper'; did you mean `upper`?"),
        ("fields:\n  phone:\n  - expression: {sql: 'upper(phone)'}\n", 3, "fields.phone[0].expression.sql: unknown column `phone`; an expression sees its own cell alone, as `value`"),
        ("fields:\n  phone:\n  - expression: {sql: 'MAX(value)'}\n", 3, "fields.phone[0].expression.sql: an expression must be told by its own row: no aggregates, windows or subqueries"),
        ("fields:\n  phone:\n  - expression: {sql: 'LENGTH(value)'}\n", 3, "fields.phone[0].expression.sql: the expression gives UInt32, not text; wrap it in CAST(… AS VARCHAR)"),
        ('fields:\n  phone:\n  - expression: {sql: "CAST(CAST(value AS INT) AS VARCHAR)"}\n', 3, "fields.phone[0].expression.sql: the expression fails on a text: conversion from `str` to `i32` failed in column 'value' for 10 out of 12 values"),
        ("fields:\n  phone:\n  - expression: {sql: \"unnest(string_to_array(value, ','))\"}\n", 3, "fields.phone[0].expression.sql: an expression must be told by its own row: its answer depends on other rows"),
        ("fields:\n  phone:\n  - expression: {}\n", 3, "fields.phone[0].expression.sql: is missing"),
        ("fields:\n  phone:\n  - expression: {sql: \"'x'\"}\n", 3, "fields.phone[0].expression.sql: the expression does not ask for `value`"),
        ("fields:\n  phone:\n  - date: {formats: ['%d.%m']}\n", 3, "fields.phone[0].date.formats: `%d.%m` does not say a whole date, such as %d.%m.%Y does"),
        ("fields:\n  phone:\n  - date:\n      output: '%d/%m/%y'\n", 4, "fields.phone[0].date.output: `%d/%m/%y` does not say the century: write %Y"),
        ("fields:\n  phone:\n  - date: {output: '%Y-%m-%d %H:%M'}\n", 3, "fields.phone[0].date.output: `%Y-%m-%d %H:%M` has a time of day; times are always written in ISO 8601"),
        ("fields:\n  phone:\n  - date: {day_frist: true}\n", 3, "fields.phone[0].date.day_frist: unknown key `day_frist`; did you mean `day_first`?"),
        ("fields:\n  phone:\n  - number: {decimal: ';'}\n", 3, "fields.phone[0].number: `decimal` must be `.` or `,`"),
        ("fields:\n  phone:\n  - number: {decimals: -1}\n", 3, "fields.phone[0].number.decimals: must be at least 0"),
        ("fields:\n  phone:\n  - number: {decimal: ',', thousands: [',']}\n", 3, "fields.phone[0].number: `,` cannot be the decimal character and stand between thousands"),
        ("fields:\n  phone:\n  - map: {values: [a]}\n", 3, "fields.phone[0].map.values: expected keys with values, found a list"),
        ("fields:\n  phone:\n  - map: {file: lists/none.csv}\n", 3, "fields.phone[0].map.file: there is no rules/lists/none.csv; did you mean `lists/titles.csv`?"),
        ("fields:\n  phone:\n  - map: {file: ../x.csv}\n", 3, "fields.phone[0].map.file: must be a file below `rules/`, such as lists/titles.csv"),
        ("fields:\n  phone:\n  - map: {file: lists/tiles.csv}\n", 3, "fields.phone[0].map.file: there is no rules/lists/tiles.csv; did you mean `lists/titles.csv`?"),
        ("fields:\n  phone:\n  - enum: {values: [a], synonyms: {b: c}}\n", 3, "fields.phone[0].enum: synonyms lead to c, which is not among the values"),
        ("fields:\n  phone: []\n  email: {on_invalid: null}\nversion: [1]\n", 4, "version: expected a text, found a list"),
    ],
)  # fmt: skip
def test_a_mistake_names_file_line_rule_and_near_miss(project, text, line, what):
    project.write("rules/lists/titles.csv", LIST)
    project.write("rules/standardize.yaml", text)
    with pytest.raises(ConfigurationError) as error:
        project.load(CONFIG)
    assert (error.value.where, error.value.what) == (f"rules/standardize.yaml:{line}", what)
    assert error.value.exit_code == 2


def test_shipped_rules_may_name_fields_that_are_not_mapped(project):
    assert project.load("tables:\n- mapping: {email: Email}\n").tables[0].names == ["email"]


def fields_of(project, text, config=CONFIG):
    project.write("rules/standardize.yaml", text)
    return {field.name: field for field in project.load(config).tables[0].fields}


@pytest.mark.parametrize(
    ("written", "expected"),
    [("null", "null"), ("'null'", "null"), ("~", "null"), ("", "null"), ("keep", "keep"), ("quarantine", "quarantine")],
)
def test_on_invalid_is_read_in_every_spelling(project, written, expected):
    field = fields_of(project, f"fields:\n  email:\n    standardize: [text, email]\n    on_invalid: {written}\n")[
        "email"
    ]
    assert (field.on_invalid, [step.name for step in field.standardize]) == (expected, ["text", "email"])


def test_a_field_may_say_what_becomes_of_invalid_cells_and_nothing_else(project):
    field = fields_of(project, "fields:\n  email: {on_invalid: quarantine}\n")["email"]
    assert (field.on_invalid, field.kind) == ("quarantine", "text")


def test_a_list_and_the_rules_own_replacements_are_one_map(project):
    project.write("rules/lists/titles.csv", LIST)
    rule = "fields:\n  name:\n  - map: {file: lists/titles.csv, values: {Ms: Ms., 1: one}}\n"
    options = fields_of(project, rule)["name"].standardize[0].options
    assert options == {"values": {"Ms": "Ms.", "Dr": "Dr.", "1": "one"}, "file": None, "casefold": False}


def test_a_long_map_is_counted_where_the_configuration_is_shown(project):
    project.write("rules/lists/titles.csv", "from,to\n" + "".join(f"a{n},b\n" for n in range(30)))
    project.write("rules/standardize.yaml", "version: 7\nfields:\n  name:\n  - map: {file: lists/titles.csv}\n")
    shown = dq.settings.show(project.load(CONFIG))
    (step,) = shown["tables"][0]["fields"][0]["standardize"]
    assert (step["options"]["values"], step["version"], shown["rules_version"]) == ("30 values", 1, "7")


def digests(project, text):
    project.write("rules/standardize.yaml", text)
    settings = project.load(CONFIG)
    return settings.rules_digest, settings.meaning_digest


def test_digests_know_what_becomes_of_invalid_cells_and_new_versions(project, monkeypatch):
    plain = digests(project, "fields:\n  email: [text, email]\n")
    assert plain == digests(project, "version: 2\nfields:\n  email: {standardize: [text, email], on_invalid: keep}\n")
    other = digests(project, "fields:\n  email: {standardize: [text, email], on_invalid: null}\n")
    assert not set(other) & set(plain)
    monkeypatch.setattr(OPTIONS["email"], "version", OPTIONS["email"].version + 1)
    assert not set(digests(project, "fields:\n  email: [text, email]\n")) & set(plain)


PLUGIN = """
import polars as pl
from pydantic import Field
from dq.options import Options
from dq.standardize import Kind

class LoudOptions(Options):
    version = 3
    mark: str = Field("!", description="What a loud value ends with.")

def standard(value, options):
    return pl.when(value == "hush").then(pl.lit("")).otherwise(value.str.strip_chars_end(options.mark) + options.mark)

def finding(value, options):
    return pl.when(value.str.contains("?", literal=True)).then(pl.lit("loud.doubt"))

KIND = Kind(LoudOptions, standard, finding, invalid=frozenset({"loud.doubt"}), messages={"loud.doubt": "Asks."})
NOTHING = 5
"""
POINTS = """[dq.standardizers]
loud = acme_loud:KIND
broken = acme_loud:MISSING
wrong = acme_loud:NOTHING
gone = acme_gone:KIND
"""


@pytest.fixture
def installed(tmp_path):
    """A real distribution with plug-ins, as a folder of installed packages."""
    site = tmp_path / "site"
    info = site / "acme_loud-1.2.dist-info"
    info.mkdir(parents=True)
    (site / "acme_loud.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-loud\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(POINTS)
    return site


def run(site, code):
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PYTHONPATH": f"{site}:{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


RUN = """
import json, sys, pathlib
import polars as pl
import dq.settings
from dq.engine.validity import with_findings
from dq.errors import ConfigurationError
from dq.standardize import findings, standardize_records
from dq.manifest import Column, TableSchema
try:
    settings = dq.settings.load(pathlib.Path({path!r}), {{}})
except ConfigurationError as error:
    print(json.dumps([error.where, error.what]))
    raise SystemExit
rules = settings.tables[0]
schema = TableSchema(store="database", name="leads", key="id", columns=tuple(Column(n, "text", "TEXT") for n in ("id", "name")))
raw = pl.LazyFrame({{"id": ["1", "2", "3"], "name": ["hey", "hush", "what?"]}})
frame = standardize_records(raw, schema, rules, {{"name": frozenset({{"text"}})}}).collect()
found = findings(frame, store="database", table="leads", fields=rules.names, rules=rules.fields)
step = rules.fields[0].standardize[0]
print(json.dumps([step.options, step.version, frame["name"].to_list(), found.select("rule", "severity", "message").rows()]))
"""


def config_with(project, rule):
    project.write("rules/standardize.yaml", rule)
    project.write("rules/dedupe.yaml", "keys: []\n")
    project.write("rules/quality.yaml", "checks: []\n")
    link = "  modified: {database: null, airtable: null}\n  created: {database: null}\n"
    return str(project.write("config/dq.yaml", f"tables:\n- mapping: {{name: Name}}\n{link}"))


def test_a_plug_in_of_another_distribution_standardizes(project, installed):
    path = config_with(project, "fields:\n  name:\n    standardize: [loud]\n    on_invalid: quarantine\n")
    options, version, names, found = run(installed, RUN.format(path=path))
    assert (options, version) == ({"mark": "!"}, 3)
    assert names == ["hey!", "hush", "what?!"]
    assert found == [["loud.doubt", "error", "Asks; nothing of this lead is written before the cell is mended."]]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("loud: {mrak: x}", "fields.name[0].loud.mrak: unknown key `mrak`; did you mean `mark`?"),
        ("lout", "unknown standardizer `lout`; did you mean `loud`?"),
        ("broken", "the plug-in `broken` of acme-loud 1.2 cannot be used: AttributeError: module 'acme_loud' has no attribute 'MISSING'"),
        ("wrong", "the plug-in `wrong` of acme-loud 1.2 cannot be used: it is no dq.standardize.Kind but a int"),
        ("gone", "the plug-in `gone` of acme-loud 1.2 cannot be used: ModuleNotFoundError: No module named 'acme_gone'"),
    ],
)  # fmt: skip
def test_a_plug_in_that_does_not_fit_is_a_mistake_of_its_line(project, installed, name, said):
    where, what = run(installed, RUN.format(path=config_with(project, f"fields:\n  name:\n  - {name}\n")))
    assert where == "rules/standardize.yaml:3"
    assert what.endswith(said)


def test_no_plug_in_is_looked_for_before_a_rule_names_one(project, installed):
    path = config_with(project, "fields:\n  name: [text]\n")
    code = f"import json, pathlib, sys, dq.settings\ndq.settings.load(pathlib.Path({path!r}), {{}})\n"
    code += (
        "from dq.plugins import plugin\nprint(json.dumps([plugin.cache_info().currsize, 'acme_loud' in sys.modules]))"
    )
    assert run(installed, code) == [0, False]


def test_a_name_that_no_distribution_brings_is_no_plug_in():
    assert plugin("nobody-brings-this") is None


def sections():
    text = (ROOT / "docs" / "standardize.md").read_text()
    return {part.partition("\n")[0]: part for part in text.split("\n## ")}


@pytest.mark.parametrize("name", list(OPTIONS))
def test_the_documentation_names_every_standardizer_with_its_options(name):
    section = sections()[name]
    assert [option for option in OPTIONS[name].model_fields if option not in section] == []


def test_the_documentations_own_standardizer_works():
    (code,) = re.findall(r"```python\n(.*?)```", sections()["Standardizers of your own"], re.DOTALL)
    module: dict[str, object] = {}
    exec(code, module)
    kind = module["SKU"]
    assert isinstance(kind, Kind)
    options = kind.options.model_validate({"prefix": "B"})
    frame = pl.DataFrame({"v": ["12", "B12", "x"]}).with_columns(f=kind.standard(pl.col("v"), options))
    assert frame["f"].to_list() == ["B12", "B12", "x"]
    assert kind.finding is not None
    assert frame.select(kind.finding(pl.col("f"), options)).to_series().to_list() == [None, None, "sku.invalid"]
    assert (kind.version, kind.is_invalid("sku.invalid"), kind.is_invalid("sku.odd")) == (1, True, False)


def test_the_documentation_names_every_code_that_makes_a_cell_invalid():
    codes = {code for kind in KINDS.values() for code in kind.invalid}
    assert sorted(code for code in codes if code not in sections()["Cells that are not valid"]) == []
