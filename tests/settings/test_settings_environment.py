"""Which file is read, where paths start, and what the environment changes."""

import pytest

import dq.settings
from dq.errors import ConfigurationError


def test_no_file_at_all_gives_the_defaults(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    env = {
        "LEAD_DATABASE_PATH": "../x/leads.db",
        "AIRTABLE_API_KEY": "k",
        "AIRTABLE_BASE_ID": "appX",
        "AIRTABLE_ENDPOINT_URL": "http://h:1/",
    }
    settings = dq.settings.load(env=env)
    assert (settings.file, settings.root) == (None, tmp_path)
    assert settings.database.path == tmp_path / "../x/leads.db"
    assert settings.require_token().get_secret_value() == "k"
    assert (settings.require_base(), settings.airtable.endpoint_url) == ("appX", "http://h:1")
    table = settings.tables[0]
    assert (table.table, table.airtable, table.link_database, table.link_airtable) == (
        "leads",
        "Leads",
        "airtable_id",
        "Lead ID",
    )
    assert len(table.fields) == 8
    assert settings.snapshots == tmp_path / "snapshots"


def test_the_process_environment_is_the_default(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEAD_DATABASE_PATH", "here.db")
    assert dq.settings.load().database.path == tmp_path / "here.db"


def test_the_file_is_found_from_a_folder_below(project, monkeypatch):
    project.write("config/dq.yaml", "limits: {batch_size: 3}\n")
    below = project.root / "a/b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    settings = dq.settings.load(env={})
    assert settings.limits.batch_size == 3
    assert settings.root == project.root


def test_dq_config_names_another_file(project, monkeypatch):
    project.write("config/dq.yaml", "limits: {batch_size: 3}\n")
    project.write("config/dq.prod.yaml", "limits: {batch_size: 4}\n")
    monkeypatch.chdir(project.root)
    assert dq.settings.load(env={"DQ_CONFIG": "config/dq.prod.yaml"}).limits.batch_size == 4
    with pytest.raises(ConfigurationError, match=r"(?s)does not exist.*DQ_CONFIG"):
        dq.settings.load(env={"DQ_CONFIG": "config/none.yaml"})


def test_a_file_outside_config_has_its_own_folder_as_root(project):
    path = project.write("other/my.yaml", "stores: {database: {url: 'sqlite:///d/x.db'}}\n")
    settings = dq.settings.load(path, {})
    assert settings.root == project.root / "other"
    assert settings.database.path == project.root / "other/d/x.db"


def test_absolute_paths_stay(project):
    settings = project.load("stores: {database: {url: 'sqlite:////srv/leads.db'}}\nsnapshots: /srv/snapshots\n")
    assert str(settings.database.path) == "/srv/leads.db"
    assert str(settings.snapshots) == "/srv/snapshots"


def test_dotenv_is_read_and_the_real_environment_wins(project):
    project.write(
        ".env",
        "# a comment\n\nexport LEAD_DATABASE_PATH='d/a b.db' # x\nAIRTABLE_BASE_ID=appFile # note\nAIRTABLE_API_KEY=\"k # 1\"\n",
    )
    settings = project.load("sync: {}\n", {"AIRTABLE_BASE_ID": "appReal"})
    assert settings.database.path == project.root / "d/a b.db"
    assert (settings.airtable.base, settings.require_token().get_secret_value()) == ("appReal", "k # 1")


@pytest.mark.parametrize(
    ("variable", "value", "read", "expected"),
    [
        ("DQ_STORES__AIRTABLE__ENDPOINT_URL", "http://127.0.0.1:9", lambda s: s.airtable.endpoint_url, "http://127.0.0.1:9"),
        ("DQ_STORES__AIRTABLE__TOKEN", "12$$34", lambda s: s.airtable.token.get_secret_value(), "12$$34"),
        ("DQ_STORES__AIRTABLE__BASE", "123", lambda s: s.airtable.base, "123"),
        ("DQ_STORES__AIRTABLE__SANDBOX", "", lambda s: s.airtable.sandbox, None),
        ("DQ_LIMITS__BATCH_SIZE", "7", lambda s: s.limits.batch_size, 7),
        ("DQ_LIMITS__REQUESTS_PER_SECOND", "2.5", lambda s: s.limits.requests_per_second, 2.5),
        ("DQ_BACKUPS__ENABLED", "false", lambda s: s.backups.enabled, False),
        ("DQ_SNAPSHOTS", "else/where", lambda s: s.snapshots.name, "where"),
        ("DQ_SYNC__CONFLICT", "[most_recent, local_wins]", lambda s: s.tables[0].fields[0].conflict, ("most_recent", "database_wins")),
        ("DQ_SYNC__CONFLICT", "manual", lambda s: s.tables[0].fields[0].conflict, ("manual",)),
        ("DQ_TABLES__0__KEY", "lead_id", lambda s: s.tables[0].key, "lead_id"),
        ("DQ_TABLES__0__MAPPING__EMAIL", "Mail", lambda s: s.tables[0].field("email").airtable, "Mail"),
        ("DQ_TABLES__0__FIELDS__EMAIL__OWNER", "database", lambda s: s.tables[0].field("email").owner, "database"),
        ("DQ_BRAKES__MAX_DELETES__ROWS", "null", lambda s: s.tables[0].brakes.max_deletes.rows, None),
        ("DQ_MAINTENANCE_OPTIONS__DRY_RUN", "true", lambda s: s.options.dry_run, True),
        ("DQ_DEBUG", "1", lambda s: s.limits.batch_size, 50),
    ],
)  # fmt: skip
def test_one_variable_sets_one_key(project, variable, value, read, expected):
    config = "stores: {airtable: {base: appX, token: '${NOT_SET:-t}', sandbox: a.db}}\ntables: [{mapping: {email: Email}}]\nlimits: {batch_size: 50}\n"
    assert read(project.load(config, {variable: value})) == expected


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        ("DQ_STORES__AIRTABEL__BASE", "there is no key `airtabel` in stores; did you mean `airtable`?"),
        ("DQ_STROES__AIRTABLE__BASE", "did you mean `stores`?"),
        ("DQ_TABLES__4__KEY", "the list in the file has no such position"),
        ("DQ_LIMITS__BATCH_SIZE", "expected a whole number, found a text"),
        ("DQ_LIMITS", "names a whole section; name one of its keys, e.g. DQ_LIMITS__REQUESTS_PER_SECOND"),
        ("DQ_SNAPSHOTS__X", "there is no key `x` in snapshots"),
    ],
)
def test_variables_that_fit_nowhere(project, variable, expected):
    with pytest.raises(ConfigurationError) as error:
        project.load("tables: [{mapping: {email: Email}}]\n", {variable: "some text"})
    assert expected in str(error.value)
    assert f"environment variable {variable}" in str(error.value)
    assert "some text" not in str(error.value)


def test_an_override_saves_a_variable_that_is_not_set(project):
    settings = project.load("stores: {airtable: {base: '${NOT_SET}'}}\n", {"DQ_STORES__AIRTABLE__BASE": "appY"})
    assert settings.airtable.base == "appY"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${A}", "one"),
        ("${NONE:-two}", "two"),
        ("${EMPTY:-three}", "three"),
        ("x-${A}-${A}", "x-one-one"),
        ("$${A}", "${A}"),
        ("$A", "$A"),
    ],
)
def test_references(project, text, expected):
    assert project.load(f"snapshots: '{text}'\n", {"A": "one", "EMPTY": ""}).snapshots.name == expected


def test_references_take_the_type_of_their_key(project):
    assert project.load("limits: {batch_size: '${N}'}\n", {"N": "9"}).limits.batch_size == 9
