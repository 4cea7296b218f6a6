"""Tokens: scopes, bases and roles, with Airtable's own refusals."""

import copy

import pytest
from sandbox_world import ADA, BASE, PEOPLE, world

from dq import sandbox
from dq.errors import ConfigurationError
from dq.sandbox import tokens

ALL = [
    "data.records:read",
    "data.records:write",
    "data.recordComments:read",
    "data.recordComments:write",
    "schema.bases:read",
    "schema.bases:write",
    "webhook:manage",
    "user.email:read",
]
FORBIDDEN = "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND"
FILE = f"""
tokens:
  - {{id: all, secret: patAll, scopes: {ALL}, email: ada@x.org}}
  - {{id: reads, secret: patReads, scopes: [data.records:read], bases: {{{BASE}: owner}}}}
  - {{id: reader, secret: patReader, scopes: {ALL}, bases: {{{BASE}: read}}}}
  - {{id: commenter, secret: patCommenter, scopes: {ALL}, bases: {{{BASE}: comment}}}}
  - {{id: editor, secret: patEditor, scopes: {ALL}, bases: {{{BASE}: edit}}}}
  - {{id: other, secret: patOther, scopes: {ALL}, bases: {{appOther: owner}}}}
  - {{id: oauth, secret: oaaToken, scopes: [data.records:read], oauth: true, user: usrOther}}
"""


@pytest.fixture
def guarded(data, serve_with, tmp_path):
    path = tmp_path / "tokens.yaml"
    path.write_text(FILE)
    return serve_with(data, rps=0, tokens=tokens.from_file(path))


def ask(server, secret, method, path=f"/v0/{BASE}/{PEOPLE}", body=None):
    answer = server.ask(method, path, body, headers={"Authorization": f"Bearer {secret}"})
    return answer.status_code, answer.json().get("error")


@pytest.mark.parametrize(
    ("secret", "reads", "creates", "sees_schema"),
    [
        ("patAll", 200, 200, 200),
        ("patReads", 200, 403, 403),
        ("patReader", 200, 403, 200),
        ("patCommenter", 200, 403, 200),
        ("patEditor", 200, 200, 200),
        ("patOther", 403, 403, 403),
        ("oaaToken", 200, 403, 403),
        ("patNobody", 401, 401, 401),
    ],
)
def test_what_a_token_may(guarded, secret, reads, creates, sees_schema):
    assert ask(guarded, secret, "GET")[0] == reads
    assert ask(guarded, secret, "POST", body={"fields": {"Name": "x"}})[0] == creates
    assert ask(guarded, secret, "GET", f"/v0/meta/bases/{BASE}/tables")[0] == sees_schema


def test_the_refusals_say_what_airtable_says(guarded):
    _, error = ask(guarded, "patReads", "POST", body={"fields": {}})
    assert error["type"] == FORBIDDEN
    assert error["message"].startswith("Invalid permissions, or the requested model was not found.")
    message = f"You are not permitted to create records in table People / all ({PEOPLE})"
    assert ask(guarded, "patReader", "POST", body={"fields": {}})[1] == {
        "type": "INVALID_PERMISSIONS",
        "message": message,
    }
    message = "You are not permitted to perform this operation"
    assert ask(guarded, "patReader", "PATCH", f"/v0/{BASE}/{PEOPLE}/{ADA}", {"fields": {}})[1]["message"] == message
    assert ask(guarded, "patOther", "GET")[1]["type"] == FORBIDDEN
    assert ask(guarded, "patNobody", "GET")[1]["type"] == "AUTHENTICATION_REQUIRED"
    assert ask(guarded, "patAll", "GET", "/v0/nothing") == (404, "NOT_FOUND")


def test_whoami_shows_scopes_for_oauth_only(guarded):
    def whoami(secret):
        return guarded.ask("GET", "/v0/meta/whoami", headers={"Authorization": f"Bearer {secret}"}).json()

    assert whoami("patAll") == {"id": tokens.USER_ID, "email": "ada@x.org"}
    assert whoami("patReads") == {"id": tokens.USER_ID}
    assert whoami("oaaToken") == {"id": "usrOther", "scopes": ["data.records:read"]}


def test_only_reached_bases_are_listed_page_by_page(data, guarded, monkeypatch):
    monkeypatch.setattr(tokens, "PAGE", 2)
    more = world()["bases"][0]
    documents = [copy.deepcopy(more) | {"id": f"appMore{n}", "name": f"More {n}"} for n in range(3)]
    sandbox.load({"bases": documents}, data)

    def listed(secret, **params):
        headers = {"Authorization": f"Bearer {secret}"}
        return guarded.ask("GET", "/v0/meta/bases", headers=headers, params=params).json()

    first = listed("patAll")
    assert [(base["id"], base["permissionLevel"]) for base in first["bases"]] == [
        (BASE, "create"),
        ("appMore0", "create"),
    ]
    second = listed("patAll", offset=first["offset"])
    assert [base["id"] for base in second["bases"]] == ["appMore1", "appMore2"]
    assert "offset" not in second
    assert listed("patReader")["bases"] == [{"id": BASE, "name": "World", "permissionLevel": "read"}]
    assert listed("patOther")["bases"] == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("tokens: [{id: a}]", "secret"),
        ("tokens: [{id: a, secret: hush, scopes: [all]}]", "scopes"),
        ("tokens: [{id: a, secret: hush, bases: {appA: king}}]", "bases"),
        ("tokens: [{id: a, secret: hush}, {id: a, secret: other}]", "share"),
        ("tokens: {", "YAML"),
    ],
)
def test_a_wrong_file_is_named_and_no_secret_shown(tmp_path, text, why):
    path = tmp_path / "tokens.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as error:
        tokens.from_file(path)
    assert why in str(error.value)
    assert "hush" not in str(error.value)


def test_a_secret_is_not_shown():
    assert "hush" not in repr(tokens.only("hush"))
