"""Secrets come from the environment, files and commands, and are shown nowhere."""

import json
import shlex
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st
from pydantic import SecretStr

import dq.settings
from dq.errors import ConfigurationError
from dq.settings import AirtableSettings, DatabaseSettings
from dq.settings.places import place_of
from dq.settings.show import masked, show

SECRET = "patQ7wZ3kLm9TxV2.4f1e9b8d7c6a"


def config(airtable):
    return f"stores:\n  airtable:\n    base: appX\n    {airtable}\n"


def python(code):
    return f"{shlex.quote(sys.executable)} -c {shlex.quote(code)}"


def token(settings):
    return settings.require_token().get_secret_value()


def test_token_from_the_environment(project):
    assert token(project.load(config('token: "${MY_TOKEN}"'), {"MY_TOKEN": SECRET})) == SECRET


def test_token_from_a_file(project):
    project.write("secret/token", f"  {SECRET}\n")
    assert token(project.load(config("token_file: secret/token"))) == SECRET


def test_token_from_a_command_without_a_shell(project):
    command = python(f"import sys; print('{SECRET}'[::1], end='; $(x)\\n')")
    assert token(project.load(config(f"token_command: {json.dumps(command)}"))) == f"{SECRET}; $(x)"


def test_url_from_a_file(project):
    project.write("url", "sqlite:///kept/x.db\n")
    assert project.load("stores: {database: {url_file: url}}\n").database.path == project.root / "kept/x.db"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('token: "${NOT_SET}"', "stores.airtable.token: the environment variable NOT_SET is not set"),
        ('token: ""', "stores.airtable.token: is empty"),
        ("token_file: no/such", "stores.airtable.token_file: the file does not exist"),
        ("token_command: no-such-program-here x", "stores.airtable.token_command: the command cannot be run"),
        ("token_command: \"sh 'x\"", "the command's quotes do not match"),
        (f"token_command: {json.dumps(python(f'import sys; print({SECRET!r}); sys.exit({SECRET!r})'))}", "ended with exit code 1"),
        (f"token_command: {json.dumps(python('pass'))}", "the command printed nothing"),
        ('token: "${A}"\n    token_file: x', "token and token_file stand side by side"),
        (f'token: "${{{SECRET}}}"', "must hold a variable's name"),
    ],
)  # fmt: skip
def test_secrets_that_cannot_be_had(project, line, expected):
    with pytest.raises(ConfigurationError) as error:
        project.load(config(line), {"A": "x"})
    assert expected in str(error.value)
    assert "config/dq.yaml:" in str(error.value)
    assert SECRET not in str(error.value)


def test_what_is_not_needed_is_not_asked_for(project):
    settings = project.load("stores: {airtable: {sandbox: data/a.db, token: '${NOT_SET}'}}\n")
    assert settings.airtable.token is None


def test_without_secrets_the_rest_can_be_shown(project):
    text = "stores:\n  database: {url: '${DATABASE_URL}'}\n  airtable: {base: '${BASE}', token_command: 'no-such-program'}\n"
    settings = project.load(text, secrets=False)
    shown = dq.settings.show(settings)
    assert (shown["database"]["url"], shown["airtable"]["base"], shown["airtable"]["token"]) == (
        "${DATABASE_URL}",
        "${BASE}",
        None,
    )
    with pytest.raises(ConfigurationError, match="no Airtable token"):
        settings.require_token()
    with pytest.raises(ConfigurationError, match="a variable that is not set"):
        _ = settings.database.path


def test_no_base_is_an_error_only_when_it_is_needed(project):
    with pytest.raises(ConfigurationError, match="no Airtable base"):
        project.load().require_base()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u:pw@h:5432/db", "postgresql://u:***@h:5432/db"),
        ("postgresql://u@h/db?password=pw", "postgresql://u@h/db?***"),
        ("https://h/v0#pw", "https://h/v0#***"),
        ("http://[pw", "***"),
        ("sqlite:////x/#1?.db", "sqlite:////x/#1?.db"),
    ],
)
def test_masked_urls(url, expected):
    assert masked(url) == expected


def test_another_database_is_refused_without_its_password(project):
    with pytest.raises(ConfigurationError, match="neither with sqlite:/// nor with postgresql://") as error:
        project.load(f"stores: {{database: {{url: 'mysql://u:{SECRET}@h/db'}}}}\n")
    assert SECRET not in str(error.value)
    url = DatabaseSettings(url=f"postgresql://u:{SECRET}@h/db")
    assert SECRET not in repr(url)
    with pytest.raises(ConfigurationError) as no_file:
        _ = url.path
    assert SECRET not in str(no_file.value)


def test_a_postgres_database_keeps_its_password_to_itself(project):
    url = f"postgresql://u:{SECRET}@db.example:6432/crm?sslmode=require"
    settings = project.load("stores: {database: {url: '${DATABASE_URL}'}}\n", {"DATABASE_URL": url})
    assert settings.database.is_postgres
    assert SECRET in settings.database.url
    assert SECRET not in repr(settings)
    assert SECRET not in json.dumps(show(settings))


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("postgresql://u:pw@db.example:6432/crm", "db.example:6432/crm"),
        ("postgres://db.example/crm?sslmode=require", "db.example:5432/crm"),
        ("postgresql://u:p%40w@[::1]:6432/crm", "[::1]:6432/crm"),
        ("postgresql://u@[::1]/crm", "[::1]:5432/crm"),
        ("postgresql:///crm?host=/run/postgresql&port=6000", "/run/postgresql:6000/crm"),
        ("postgresql://u:pw@a.example:1,b.example/crm", "a.example:1,b.example:5432/crm"),
        ("postgresql://u:pw@h/?dbname=crm", "h:5432/crm"),
        ("postgresql:///crm", "localhost:5432/crm"),
    ],
)
def test_a_postgres_database_is_known_by_its_place(url, place, monkeypatch):
    for name in ("PGHOST", "PGPORT"):
        monkeypatch.delenv(name, raising=False)
    assert place_of(url) == place


@profile(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(
        [
            "token: {s}", "token: '{s}'", "token:{s}", "token {s}", "token = {s}", "tokn: {s}", "token: *{s}", "token: &{s}",
            "token: !{s}", "token: [{s}]", "token: {{{s}: 1}}", "token: '{s}", 'token: "{s}', "token: '{s}': x", "{s}", "? {s}",
            "token: ${{{s}}}", "base: {s}\n    base: {s}", "token: '{s}'\n    token_file: '{s}'", "endpoint_url: {s}",
            "token_command: \"{s}'\"", "token_command: {s}", "sandbox: [{s}]", "token: {s}: {s}", "token: | {s}", "token: @{s}",
            "token: `{s}`", "token: %{s}", "token: '{s}\\q", 'token: "\\q{s}"',
        ]
    ),
    st.from_regex(r"[A-Za-z0-9]{14}\.[a-f0-9]{64}", fullmatch=True),
)  # fmt: skip
def test_secrets_are_in_no_error_repr_or_show(project, line, secret):
    hidden = secret.partition(".")[2]
    try:
        settings = project.load(config(line.replace("{s}", secret).replace("{{", "{").replace("}}", "}")))
        shown = f"{settings.airtable.token!r} {dq.settings.show(settings)['airtable']['token']}"
    except ConfigurationError as error:
        shown = f"{error} {error!r}"
    assert hidden not in shown


def test_repr_of_settings_has_no_secret():
    assert SECRET not in repr(AirtableSettings(base="appX", token=SecretStr(SECRET)))


@pytest.mark.parametrize(
    ("text", "files", "expected"),
    [
        (config(f"token: {SECRET}"), {}, "stores.airtable.token stands in the file"),
        (config("token_file: t"), {"t": 0o644}, "t: others on this machine can read it"),
        ("sync: {}\n", {".env": 0o640}, ".env: others on this machine can read it"),
        ("backups: {retention_days: 0}\n", {}, "retention_days is 0"),
        ("backups: {enabled: false}\n", {}, "backups are off"),
        ("maintenance_options: {backup_before_operation: false}\n", {}, "backups are off"),
        ("backups: {verify_integrity: false}\n", {}, "verify_integrity is off"),
        ("limits: {requests_per_second: 9}\n", {}, "over Airtable's 5"),
        ("stores: {airtable: {endpoint_url: 'http://example.com'}}\n", {}, "not encrypted"),
        ("brakes: {max_deletes: {share: 1, rows: null}}\n", {}, "max_deletes holds nothing"),
        ("tables: [{mapping: {name: N}, modified: {database: null}}]\n", {}, "most_recent cannot decide"),
        ("duplicates: {matching_fields: [company]}\n", {}, "no matching field identifies"),
    ],
)
def test_check_warns(project, text, files, expected):
    for name, mode in files.items():
        project.write(name, f"A={SECRET}\n" if name == ".env" else SECRET).chmod(mode)
    warnings = dq.settings.check(project.write("config/dq.yaml", text), {})
    assert any(expected in warning for warning in warnings)
    assert SECRET not in "\n".join(warnings)


def test_check_is_silent_on_a_sound_project(project):
    project.write("t", SECRET).chmod(0o600)
    path: Path = project.write("config/dq.yaml", config("token_file: t"))
    assert dq.settings.check(path, {}) == []
