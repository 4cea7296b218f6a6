"""Equal content has equal digests; only what changes a plan changes them."""

import pytest

BASE = """\
stores: {database: {url: "sqlite:///data/leads.db"}, airtable: {base: appX, token: t}}
tables:
- database: leads
  mapping: {name: Name, email: Email}
  sync: {direction: both, conflict: most_recent}
limits: {batch_size: 50}
"""
REORDERED = """\
limits: {batch_size: 50}
tables:
- sync: {conflict: [most_recent], direction: both}
  mapping:
    email: Email
    name: "Name"
  database: leads
stores:
  airtable: {token: t, base: appX}
  database: {url: "sqlite:///data/leads.db"}
"""


def digests(project, config=BASE, env=None):
    settings = project.load(config, env)
    return settings.rules_digest, settings.config_digest


def test_order_and_writing_do_not_count(project):
    assert digests(project) == digests(project, REORDERED)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("batch_size: 50", "batch_size: 10"),
        ("token: t", "token: other"),
        ("token: t", "token: t, endpoint_url: 'http://127.0.0.1:1'"),
        ("limits: {batch_size: 50}", "snapshots: elsewhere\nbackups: {retention_days: 1}"),
        ("sync: {direction: both, conflict: most_recent}", "sync: {}"),
    ],
)
def test_what_does_not_change_a_plan_changes_no_digest(project, old, new):
    assert digests(project, BASE.replace(old, new)) == digests(project)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("leads.db", "other.db"),
        ("appX", "appY"),
        ("base: appX", "sandbox: a.db"),
        ("email: Email", "email: Mail"),
        ("name: Name, ", ""),
        ("most_recent", "manual"),
        ("both", "to_airtable"),
        ("  sync:", "  link: {database: airtable_id}\n  sync:"),
        ("  sync:", "  brakes: {max_deletes: {rows: 3}}\n  sync:"),
        ("  sync:", "  fields: {email: {owner: database}}\n  sync:"),
    ],
)
def test_what_changes_a_plan_changes_the_config_digest(project, old, new):
    assert digests(project, BASE.replace(old, new))[1] != digests(project)[1]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("standardize.yaml", "fields: {email: [text]}\n"),
        ("standardize.yaml", "defaults: {name: x}\n"),
        ("dedupe.yaml", "threshold: 0.5\n"),
        ("survivorship.yaml", "default: longest\n"),
        ("quality.yaml", "checks: []\n"),
        ("lists/placeholders.csv", "kind,match,value\n"),
    ],
)
def test_rule_files_change_the_rules_digest_only(project, file, text):
    before = digests(project)
    project.write(f"rules/{file}", text)
    after = digests(project)
    assert (after[0] != before[0], after[1]) == (True, before[1])


def test_options_that_spell_out_a_default_change_nothing(project):
    plain, spelled = "fields: {name: [text]}\n", "fields: {name: [text: {multiline: false}]}\n"
    project.write("rules/standardize.yaml", plain)
    first = digests(project)
    project.write("rules/standardize.yaml", spelled)
    assert digests(project) == first


def test_the_place_of_the_project_does_not_count(project, tmp_path_factory):
    other = type(project)(tmp_path_factory.mktemp("moved"))
    assert digests(project) == digests(other)
