"""Recorded-style examples: a request, the answer, and the source of the fact, in `examples/`."""

import re
from pathlib import Path

import pytest
import requests
from ruamel.yaml import YAML
from sandbox_crm import ACME, ADA, BASE, BOB, BOLT, D1, D2, D3, DEALS, FIRMS, PEOPLE, crm

from dq import sandbox

NAMES = {"ada": ADA, "bob": BOB, "acme": ACME, "bolt": BOLT, "d1": D1, "d2": D2, "d3": D3}
NAMES |= {name: f"/v0/{BASE}/{table}" for name, table in (("people", PEOPLE), ("deals", DEALS), ("firms", FIRMS))}
FOLDER = Path(__file__).with_name("examples")
EXAMPLES = [
    pytest.param(example, id=f"{path.stem}: {example['name']}")
    for path in sorted(FOLDER.glob("*.yaml"))
    for example in YAML(typ="safe").load(path.read_text(encoding="utf-8"))
]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    path = tmp_path_factory.mktemp("examples") / "crm.db"
    sandbox.load(crm(), path)
    with sandbox.running(path, rps=0) as url:
        yield path, url


def filled(value):
    """The value with names of tables and records in place of `{name}`."""
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda found: NAMES.get(found[1], found[0]), value)
    if isinstance(value, dict):
        return {key: filled(item) for key, item in value.items()}
    return [filled(item) for item in value] if isinstance(value, list) else value


def fits(expected, actual):
    if isinstance(expected, str) and expected.startswith("~"):
        return isinstance(actual, str) and re.fullmatch(expected[1:], actual, re.DOTALL) is not None
    if isinstance(expected, dict) and isinstance(actual, dict):
        keys = set(expected) - {"..."}
        return (keys == set(actual) or ("..." in expected and keys <= set(actual))) and all(
            fits(expected[key], actual[key]) for key in keys
        )
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(map(fits, expected, actual))
    return type(expected) is type(actual) and expected == actual


def ask(url, request):
    token = request.get("token", "patTest")
    return requests.request(
        request.get("method", "GET"),
        url + filled(request["path"]),
        params=filled(request.get("query")),
        json=filled(request.get("body")),
        data=request.get("raw"),
        headers={"Authorization": f"Bearer {token}"} if token else {},
        timeout=30,
    )


@pytest.mark.parametrize("example", EXAMPLES)
def test_example(address, example):
    path, url = address
    sandbox.load(crm(), path)
    assert example["source"]
    for step in (example, *example.get("then", ())):
        answer = ask(url, step["request"])
        assert answer.status_code == step["answer"]["status"], answer.text
        assert fits(filled(step["answer"]["body"]), answer.json()), answer.json()


def test_there_are_enough_and_all_three_envelopes():
    bodies = [example.values[0]["answer"]["body"] for example in EXAMPLES]
    errors = [body["error"] for body in bodies if "error" in body]
    assert len(EXAMPLES) >= 60
    assert {type(error).__name__ for error in errors} == {"str", "dict"}
    assert any(isinstance(error, dict) and set(error) == {"type"} for error in errors)
