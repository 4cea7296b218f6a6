"""Every mistake is named with its file, line, key and near miss; all of a file at once."""

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st

import dq.settings
from dq.errors import ConfigurationError

TABLE = "tables:\n- database: leads\n  mapping: {name: Name, email: Email, status: Status}\n"


def error_of(project, config, env=None):
    with pytest.raises(ConfigurationError) as error:
        project.load(config, env)
    assert error.value.exit_code == 2
    return str(error.value)


@pytest.mark.parametrize(
    ("config", "line", "expected"),
    [
        # unknown keys
        ("tables:\n- database: leads\n  maping: {a: b}\n", 3, "tables[0].maping: unknown key `maping`; did you mean `mapping`?"),
        ("stors: {}\n", 1, "unknown key `stors`; did you mean `stores`?"),
        ("stores:\n  airtable:\n    tokn: x\n", 3, "stores.airtable.tokn: unknown key `tokn`; did you mean `token`?"),
        ("stores:\n  airtable: {\n    Base: x}\n", 3, "did you mean `base`?"),
        ("stores:\n  airtable:\n    incremental: {delets: none}\n", 3, "unknown key `delets`; did you mean `deletes`?"),
        ("stores:\n  airtable:\n    incremental: {deletes: swep}\n", 3, "not one of the known words; did you mean `sweep`?"),
        ("stores:\n  airtable:\n    incremental: {full_every_hours: 0}\n", 3, "must be more than 0"),
        ("stores:\n  airtable:\n    incremental: {full_every_hours: 169}\n", 3, "must be at most 168"),
        ("stores:\n  airtable:\n    incremental: {look_back_minutes: -1}\n", 3, "must be at least 0"),
        ("stores:\n  airtable:\n    incremental: sweep\n", 3, "incremental: expected keys with values, found a text"),
        ("zzz: 1\n", 1, "unknown key `zzz`; known: approval, backups"),
        ("maintenance_config:\n  backup:\n    retention_day: 3\n", 3, "did you mean `retention_days`?"),
        ("maintenance_config: {email: {}}\n", 1, "unknown key `email`"),
        ("brakes:\n  max_deletes: {row: 3}\n", 2, "brakes.max_deletes.row: unknown key `row`; did you mean `rows`?"),
        ("stores: {airtable: {token:pat123}}\n", 1, "unknown key `token`…; is a space missing after the `:`?"),
        # wrong types and values
        ("limits:\n  batch_size: fifty\n", 2, "limits.batch_size: expected a whole number, found a text"),
        ("limits:\n  batch_size: true\n", 2, "expected a whole number, found true/false"),
        ("limits:\n  batch_size: 0\n", 2, "must be at least 1"),
        ("limits: {requests_per_second: .inf}\n", 1, "requests_per_second"),
        ("backups:\n  enabled: yes please\n", 2, "backups.enabled: expected true or false, found a text"),
        ("backups: 30\n", 1, "backups: expected keys with values, found a whole number"),
        ("stores:\n", 1, "stores: expected keys with values, found nothing"),
        ("tables: leads\n", 1, "tables: expected a list, found a text"),
        ("tables:\n- leads\n", 2, "tables[0]: expected keys with values, found a text"),
        ("sync:\n  conflict: most_recnt\n", 2, "not one of the known words; did you mean `most_recent`?"),
        ("sync:\n  conflict: [most_recent, locl_wins]\n", 2, "did you mean `local_wins`?"),
        ("sync: {conflict: []}\n", 1, "must be a list of at least 1"),
        ("sync: {direction: sideways}\n", 1, "known: both, to_airtable, to_database"),
        ("duplicates: {matching_threshold: 85}\n", 1, "must be at most 1"),
        ("tables: [{children: [{table: x}]}]\n", 1, "tables[0].children[0].column: is missing"),
        # YAML itself
        ("a: [1,\nb: 2\n", 3, "this is not YAML"),
        ("sync: {}\nlimits:\n\tbatch_size: 5\n", 3, "this is not YAML"),
        ("sync: {}\nsync: {}\n", 2, "sync: the key stands twice, first on line 1"),
        ("limits:\n  batch_size: 1\n  max_retries: 1\n  batch_size: 2\n", 4, "limits.batch_size: the key stands twice, first on line 2"),
        ("- a\n", 1, "must hold `key: value` lines"),
        ("sync: !secret x\n", 1, "tags (`!word`) are not read here"),
        ("sync: {}\n---\nsync: {}\n", 2, "this is not YAML"),
        ("tables: &a [*a]\n", 1, "the anchor holds itself"),
        ("[a]: 1\n", 1, "a key must be a plain word"),
        # meaning
        ("tables: [{database: leads}]\n", 1, "tables[0].mapping: no field is mapped"),
        ("tables:\n- mapping: {a: X,\n    b: X}\n", 3, "`X` is already mapped to `a`"),
        ("tables:\n- link: {database: airtable_id}\n  mapping: {a: A, airtable_id: Rec}\n", 3, "`airtable_id` is the table's `link.database`"),
        ("tables:\n- link: {airtable: Lead ID}\n  mapping: {a: Lead ID}\n", 3, "`Lead ID` is the table's `link.airtable`"),
        ("tables: [{mapping: {id: ID}}]\n", 1, "`id` is the table's `key`"),
        ("tables: [{mapping: {updated_at: X}}]\n", 1, "modified.database"),
        ("tables: [{mapping: {x: Last Modified}}]\n", 1, "modified.airtable"),
        ("tables: [{mapping: {created_at: X}}]\n", 1, "created.database"),
        (TABLE + "  fields: {emial: {owner: airtable}}\n", 4, "`emial` is not in the mapping; did you mean `email`?"),
        (TABLE + "  duplicates: {matching_fields: [email, nam]}\n", 4, "`nam` is not in the mapping; did you mean `name`?"),
        (TABLE + "duplicates:\n  matching_fields:\n  - emails\n", 6, "`emails` is not in the mapping; did you mean `email`?"),
        (TABLE + "  defaults: {email: x}\n", 4, "`email` is mapped; its default stands in"),
        (TABLE + "- {database: leads, mapping: {a: A}}\n", 4, "the table `leads` stands twice"),
        (TABLE + "  fields: {status: {default: contactd}}\n", 4, "did you mean `contacted`?"),
        ("maintenance_config:\n  field_standardization:\n    engagement_status:\n      valid_values: [a b, a_b]\n", 4, "two values differ only in case"),
        # stores
        ("stores:\n  database: {url: mysql://u@h/db}\n", 2, "begins neither with sqlite:/// nor with postgresql://"),
        ("stores:\n  database: {url: postgresql://u@h}\n", 2, "names no database"),
        ("stores:\n  database: {url: postgresql+psycopg://u@h/db}\n", 2, "names a driver"),
        ("stores:\n  database: {url: data/leads.db}\n", 2, "write sqlite:/// before the path"),
        ("stores:\n  database: {url: 'sqlite://x.db'}\n", 2, "needs three slashes"),
        ("stores:\n  database: {url: 'sqlite:///:memory:'}\n", 2, "must outlive the run"),
        ("stores:\n  database: {url: 'sqlite:///x.db?mode=ro'}\n", 2, "takes no options"),
        ("stores:\n  airtable: {endpoint_url: api.airtable.com}\n", 2, "must begin with https:// or http://"),
    ],
)  # fmt: skip
def test_mistakes_name_line_and_key(project, config, line, expected):
    text = error_of(project, config)
    assert expected in text
    assert f"config/dq.yaml:{line}" in text


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (b"", "config/dq.yaml\n"),
        (b"# nothing but a comment\n", "the file is empty"),
        (b"sync: {}\nlimits: {}\nx: \xff\xfe\n", "config/dq.yaml:3"),
        (b"sync: \x00\n", "control characters"),
        (b"[" * 20_000, "nested too deeply"),
    ],
)
def test_files_that_are_no_text(project, config, expected):
    assert expected in error_of(project, config)


def test_a_byte_order_mark_is_no_mistake(project):
    assert project.load(b"\xef\xbb\xbflimits: {batch_size: 7}\n").limits.batch_size == 7


def test_all_mistakes_at_once(project):
    project.write("rules/dedupe.yaml", "kees: []\n")
    project.write(".env", "just words\n")
    text = error_of(project, "limits:\n  batch_siz: 1\n  max_retries: x\nsnapshot: y\n")
    assert "5 mistakes in the configuration" in text
    for part in ("config/dq.yaml:2", "config/dq.yaml:3", "config/dq.yaml:4", "rules/dedupe.yaml:1", ".env:1"):
        assert part in text


def test_a_file_that_does_not_exist(tmp_path):
    (tmp_path / "dq.prod.yaml").write_text("sync: {}\n")
    with pytest.raises(ConfigurationError, match=r"(?s)does not exist.*dq\.prod\.yaml"):
        dq.settings.load(tmp_path / "dq.prd.yaml", {})


def test_anchors_and_merge_keys_are_read(project):
    settings = project.load(
        "sync: &s {direction: to_airtable, skew_seconds: 1}\ntables:\n- mapping: {a: A}\n  sync: {<<: *s, skew_seconds: 9}\n"
    )
    assert settings.tables[0].sync.skew_seconds == 9
    assert settings.tables[0].sync.direction == "to_airtable"


@profile(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="abc:{}[]&*!|>-#'\"\n\t ,~?%@`0.", max_size=60))
def test_any_text_loads_or_is_a_configuration_error(project, text):
    path = project.write("config/dq.yaml", text)
    try:
        dq.settings.load(path, {})
        message = "config/dq.yaml"
    except ConfigurationError as error:
        message = str(error)
    assert "config/dq.yaml" in message
