"""What is shipped loads, agrees with itself and is documented."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest

import dq.settings
from dq.engine.validity import with_findings
from dq.options import OPTIONS
from dq.settings.shape import ConfigShape

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = sorted((ROOT / "config").glob("dq*.yaml"))
ENV = {"AIRTABLE_API_KEY": "patX", "AIRTABLE_BASE_ID": "appX"}


def load(name="dq.yaml"):
    return dq.settings.load(ROOT / "config" / name, ENV)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_shipped_configurations_load_without_a_warning(path):
    settings = dq.settings.load(path, ENV)
    assert settings.root == ROOT
    assert settings.tables[0].names == load().tables[0].names
    assert len(settings.tables[0].children) == 3
    assert dq.settings.check(path, ENV) == []
    assert json.loads(json.dumps(dq.settings.show(settings)))["format_version"] == 1


def test_there_is_one_configuration_for_each_environment():
    assert [path.name for path in CONFIGS] == ["dq.dev.yaml", "dq.prod.yaml", "dq.test.yaml", "dq.yaml"]


def test_environments_share_no_file():
    kept = [
        (s.snapshots, s.backups.directory, s.database.path)
        for s in map(load, ["dq.yaml", "dq.dev.yaml", "dq.test.yaml"])
    ]
    assert len({path for paths in kept for path in paths}) == 9


def test_only_production_talks_to_airtable():
    assert [p.name for p in CONFIGS if load(p.name).airtable.sandbox is None] == ["dq.prod.yaml"]


def test_the_shipped_rules_know_every_field():
    fields = load().tables[0].fields
    assert {f.name: f.kind for f in fields} == {
        "name": "name", "email": "email", "company": "company", "title": "text", "linkedin_url": "linkedin",
        "company_website": "website", "phone": "phone", "status": "enum",
    }  # fmt: skip
    assert len(load().tables[0].quality) >= 12
    assert {check.severity for check in load().tables[0].quality} == {"warning"}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("email", "test@test.com"), ("email", "none@none.com"), ("email", "info@acme.com"), ("email", "no-reply@acme.com"),
        ("email", "jane@example.org"), ("phone", "000-000-0000"), ("phone", "+10000000000"), ("phone", "(000) 000-0000"),
        ("phone", "555-555-5555"), ("phone", "+15555555555"), ("linkedin", "https://www.linkedin.com/company/acme"),
        ("linkedin", "https://www.linkedin.com/in/test"), ("text", "n/a"), ("text", "test"),
    ],
)  # fmt: skip
def test_placeholders_are_nobodys_own(kind, value):
    assert is_listed(kind, value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("email", "jane@acme.com"), ("email", "info.jane@acme.com"), ("email", "a.b@contest.com"), ("phone", "+12125550100"),
        ("phone", "904.230.7624"), ("phone", "100-200-3000"), ("linkedin", "https://www.linkedin.com/in/jane-doe"),
        ("linkedin", "https://www.linkedin.com/in/testa"), ("text", "Nan Ah"), ("text", "Ann Xu"),
    ],
)  # fmt: skip
def test_real_values_are_no_placeholders(kind, value):
    assert not is_listed(kind, value)


def is_listed(kind, value):
    lines = [line for line in load().tables[0].dedupe.placeholders if line.kind == kind]
    matches = {
        "exact": lambda word: word == value,
        "local_part": lambda word: word == value.partition("@")[0],
        "regex": lambda pattern: pl.select(pl.lit(value).str.contains(pattern)).item(),
    }
    return any(matches[line.match](line.value) for line in lines)


@pytest.mark.parametrize(
    ("number", "told"),
    [
        ("(904) 230-7624", None), ("+1 904 230 7624", None), ("904.230.7624", None), ("395-389-8387", None),
        ("9042307624 x12", None), ("+442071838750", None), ("+14155550100", None), ("+14155550100 ext. 12", None),
        ("ask Ann", "phone.invalid"), ("+1 000 555 0100", "phone.invalid"), ("1.49E+10", "phone.damaged"),
        ("000-000-0000", "phone.placeholder"), ("911", "phone.short"),
    ],
)  # fmt: skip
def test_phones_that_the_shipped_check_lets_through(number, told):
    table = load().tables[0]
    assert [check.check for check in table.quality if check.field == "phone"] == ["validity"]
    assert with_findings(pl.DataFrame({"phone": [number]}), table)["phone_finding"].to_list() == [told]


def test_legal_forms_are_written_as_the_maintenance_document_writes_them():
    forms = load().tables[0].field("company").standardize[-1].options["legal_forms"]
    assert [forms[word] for word in ("Incorporated", "L.L.C.", "Corporation", "Limited", "P.L.C.", "G.m.b.H.")] == [
        "Inc.",
        "LLC",
        "Corp.",
        "Ltd.",
        "PLC",
        "GmbH",
    ]


def test_the_standardizers_take_the_options_that_are_checked_here():
    standardize = pytest.importorskip("dq.standardize")
    assert {name: kind.options for name, kind in standardize.KINDS.items()} == OPTIONS
    for field in load().tables[0].fields:
        for step in field.standardize:
            assert not standardize.check_options(step.name, step.options)


def names_of(schema, part, path=""):
    """Every key path of a JSON Schema, as the documentation writes it."""
    if "$ref" in part:
        yield from names_of(schema, schema["$defs"][part["$ref"].rsplit("/", 1)[1]], path)
    for form in part.get("anyOf", []):
        yield from names_of(schema, form, path)
    if isinstance(part.get("items"), Mapping):
        yield from names_of(schema, part["items"], f"{path}[]")
    if isinstance(part.get("additionalProperties"), Mapping):
        yield from names_of(schema, part["additionalProperties"], f"{path}.<name>")
    for name, inner in part.get("properties", {}).items():
        yield f"{path}.{name}".lstrip(".")
        yield from names_of(schema, inner, f"{path}.{name}")


def test_every_key_has_a_description():
    schema = dq.settings.schema()
    parts = [schema, *schema["$defs"].values()]
    keys = [(part.get("title"), name, inner) for part in parts for name, inner in part.get("properties", {}).items()]
    missing = [key for *key, inner in keys if not {"description", "$ref"} & set(inner)]
    assert missing == []


def test_the_documentation_names_every_key_with_its_default():
    text = (ROOT / "docs" / "configuration.md").read_text()
    documented = set(re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE))
    keys = set(names_of(dq.settings.schema(), dq.settings.schema()))
    keys = {key for key in keys if not re.match(r"tables\[\]\.(sync|duplicates|brakes)\.", key)}
    assert keys - documented == set()
    assert {key for key in documented if "rules/" not in key} - keys == set()


def test_the_schema_accepts_what_loads():
    assert dq.settings.schema()["additionalProperties"] is False
    assert set(dq.settings.schema()["properties"]) == set(ConfigShape.model_fields)
