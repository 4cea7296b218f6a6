"""What dq refuses: each with its exit code, words that help, and both stores and the base as they were."""

import hashlib
import json
import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from projects import CHILDREN, Project

from dq import sandbox
from dq.digests import sealed, unsealed

RUN, APPLY, CLEAN, SNAPSHOT = ("run", "--yes"), ("apply", "--yes"), ("clean",), ("snapshot",)
Break = Callable[[Project], Any]


def _state(project: Project) -> dict[str, Any]:
    """Both stores and the base, byte for byte (the sandbox: cell for cell)."""
    files = [project.database, *sorted((project.snapshots / "base").glob("*"))]
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files if path.is_file()}
    return {**digests, "records": project.records() if project.airtable.exists() else None}


def _config(**changes: Any) -> Break:
    def change(project: Project) -> None:
        config = project.config()
        for path, value in changes.items():
            *parents, last = path.split("__")
            held: Any = config["tables"][0] if parents[:1] == ["table"] else config
            for name in parents[1:] if parents[:1] == ["table"] else parents:
                held = held[name]
            if value is None:
                del held[last]
            else:
                held[last] = value
        project.configure(config)

    return change


def _mapping(old: str, new: str, *, field: bool) -> Break:
    def change(project: Project) -> None:
        config = project.config()
        mapping = config["tables"][0]["mapping"]
        config["tables"][0]["mapping"] = {
            (new if not field and column == old else column): (new if field and name == old else name)
            for column, name in mapping.items()
        }
        project.configure(config)

    return change


def _flip(path: Callable[[Project], Path]) -> Break:
    """Change one byte in the middle of a file."""

    def change(project: Project) -> None:
        data = bytearray(path(project).read_bytes())
        data[len(data) // 2] ^= 0xFF
        path(project).write_bytes(data)

    return change


def _planned(change: Break) -> Break:
    """A plan with something in it, and then the damage."""

    def first(project: Project) -> None:
        project.sql(
            "UPDATE leads SET title = 'Chief ' || title, updated_at = '2031-01-01' WHERE id IN (SELECT id FROM leads LIMIT 5)"
        )
        assert project.dq("snapshot").code == 0
        assert project.dq("clean").code == 0
        change(project)

    return first


def _no_children(project: Project) -> None:
    for name in CHILDREN:
        project.sql(f"DELETE FROM {name}")


def _emptied(project: Project) -> None:
    _no_children(project)
    project.sql("DELETE FROM leads")


def _emptied_airtable(project: Project) -> None:
    project.edit_records(lambda base: base["tables"][0]["records"].clear())


def _many_deleted(project: Project) -> None:
    _no_children(project)
    project.sql("DELETE FROM leads WHERE id IN (SELECT id FROM leads ORDER BY id LIMIT 12)")


def _twice(project: Project) -> None:
    _config(table__key="number")(project)
    project.sql("ALTER TABLE leads ADD COLUMN number INTEGER DEFAULT 7")


def _half_written(project: Project) -> None:
    (project.latest / "manifest.json").unlink()
    for folder in sorted(project.snapshots.glob("2*")):
        (folder / "manifest.json").unlink(missing_ok=True)


def _cut_manifest(project: Project) -> None:
    path = project.latest / "manifest.json"
    path.write_text(path.read_text()[:200])


def _not_a_database(project: Project) -> None:
    project.database.write_text("id,name\n1,Ada\n" * 200)


def _other_rules(project: Project) -> None:
    rules = project.root / "rules"
    rules.mkdir()
    (rules / "standardize.yaml").write_text("fields:\n  title: [website]\n")


def _older_base(project: Project) -> None:
    path = project.snapshots / "base" / "current.json"
    held = json.loads(path.read_text())
    path.write_text(json.dumps(sealed({**unsealed(held), "serial": held["serial"] + 1})))


def _other_database(project: Project) -> None:
    (project.root / "data" / "other.db").write_bytes(project.database.read_bytes())
    _config(stores__database={"url": "sqlite:///data/other.db"})(project)


def _other_base(project: Project) -> None:
    project.edit_records(lambda base: base.update(id="appAnother0000000"))
    _config(stores__airtable={"sandbox": "data/airtable.db", "base": "appAnother0000000"})(project)


def _folder_is_a_file(name: str) -> Break:
    def change(project: Project) -> None:
        (project.root / "blocked").write_text("")
        _config(**{name: "blocked/below"})(project)

    return change


def _backups_blocked(project: Project) -> None:
    (project.root / "blocked").write_text("")
    _config(backups={"directory": "blocked/below"})(project)


def _read_only(name: str) -> Break:
    def change(project: Project) -> None:
        if os.geteuid() == 0:
            pytest.skip("root writes to read-only folders")
        path = project.root / name
        path.mkdir(exist_ok=True)
        path.chmod(0o500)

    return change


CASES: dict[str, tuple[Break, tuple[str, ...], int, tuple[str, ...]]] = {
    "missing database file": (lambda p: p.database.unlink(), RUN, 2, ("leads.db", "fix:")),
    "missing table": (_config(table__database="lead"), RUN, 2, ("'lead'", "'leads'")),
    "missing key column": (_config(table__key="idd"), RUN, 2, ("'idd'", "'id'")),
    "missing mapped column": (_mapping("company", "compny", field=False), RUN, 2, ("'compny'", "'company'")),
    "missing child table": (_config(table__children=[{"table": "campains", "column": "lead_id"}]), RUN, 2, ("campains", "campaigns")),
    "missing Airtable table": (_config(table__airtable="Lead"), RUN, 2, ("'Lead'", "'Leads'")),
    "missing Airtable field": (_mapping("Company", "Compani", field=True), RUN, 2, ("'Compani'", "'Company'")),
    "missing sandbox": (lambda p: p.airtable.unlink(), RUN, 2, ("airtable.db", "sandbox load")),
    "not a sandbox": (lambda p: p.airtable.write_text("no" * 5000), RUN, 2, ("airtable.db",)),
    "malformed YAML": (lambda p: (p.root / "config/dq.yaml").write_text("stores:\n  database: {url: [\n"), RUN, 2, ("dq.yaml:3", "YAML")),
    "unknown key": (_config(tabels=[]), RUN, 2, ("tabels", "tables")),
    "unset variable": (_config(stores__airtable={"base": "appX", "token": "${NOT_SET_ANYWHERE}"}), RUN, 2, ("NOT_SET_ANYWHERE",)),
    "missing configuration": (lambda p: None, ("run", "--yes", "--config", "nowhere.yaml"), 2, ("nowhere.yaml",)),
    "not a database": (_not_a_database, RUN, 2, ("leads.db",)),
    "half-written snapshot": (_half_written, CLEAN, 2, ("no snapshot", "dq snapshot")),
    "cut manifest": (_cut_manifest, CLEAN, 7, ("manifest", "dq snapshot")),
    "damaged snapshot": (_flip(lambda p: p.latest / "database" / "leads.parquet"), CLEAN, 7, ("leads.parquet", "dq snapshot")),
    "damaged base": (_flip(lambda p: next((p.snapshots / "base").glob("*.parquet"))), RUN, 7, ("base", "fix:")),
    "damaged pointer": (lambda p: (p.snapshots / "base" / "current.json").write_text("{"), RUN, 7, ("base", "fix:")),
    "damaged changeset": (_planned(_flip(lambda p: p.latest / "changeset.parquet")), APPLY, 7, ("changeset.parquet", "dq clean")),
    "damaged next base": (_planned(_flip(lambda p: p.latest / "base_next.parquet")), APPLY, 7, ("base_next.parquet", "dq clean")),
    "damaged base at apply": (_planned(_flip(lambda p: next((p.snapshots / "base").glob("*.parquet")))), APPLY, 7, ("base", "fix:")),
    "damaged plan": (_planned(lambda p: (p.latest / "plan.json").write_text("{]")), APPLY, 7, ("plan.json", "dq clean")),
    "damaged journal": (_planned(lambda p: (p.latest / "journal.sqlite").write_text("no" * 5000)), APPLY, 7, ("journal",)),
    "no plan": (lambda p: p.dq("snapshot"), APPLY, 2, ("no plan", "dq clean")),
    "nobody to ask": (_planned(lambda p: None), ("apply",), 2, ("--yes", "dq diff")),
    "nobody to ask about a run": (lambda p: p.sql("UPDATE leads SET title = 'CEO!', updated_at = '2031-01-01'"), ("run", "--max-field-changes", "99"), 2, ("--yes",)),
    "key that is not unique": (_twice, RUN, 2, ("number", "unique")),
    "text that is not UTF-8": (lambda p: p.sql("UPDATE leads SET name = CAST(X'ff41' AS TEXT) WHERE id = (SELECT min(id) FROM leads)"), RUN, 2, ("UTF-8", "leads")),
    "emptied database": (_emptied, RUN, 4, ("--max-missing", "database")),
    "emptied Airtable": (_emptied_airtable, RUN, 4, ("--max-missing", "airtable")),
    "too many deletes": (_many_deleted, RUN, 4, ("--max-deletes 12",)),
    "a flag with too small a number": (_many_deleted, ("run", "--yes", "--max-deletes", "11"), 4, ("--max-deletes 12",)),
    "plan made under other rules": (_planned(_other_rules), APPLY, 2, ("rules changed", "dq clean")),
    "plan made under another configuration": (_planned(_config(sync={"direction": "to_airtable"})), APPLY, 2, ("configuration changed", "dq clean")),
    "plan made on another base": (_planned(_older_base), APPLY, 4, ("base 1", "dq snapshot")),
    "snapshots folder below a file": (_folder_is_a_file("snapshots"), RUN, 2, ("blocked", "fix:")),
    "backup folder below a file": (_planned(_backups_blocked), RUN, 2, ("blocked", "fix:")),
    "read-only snapshots": (_read_only("snapshots"), RUN, 2, ("snapshots", "fix:")),
    "read-only backups": (_planned(_read_only("backups")), APPLY, 2, ("backups", "fix:")),
    "unknown option": (lambda p: None, ("run", "--yess"), 2, ("--yes",)),
    "unknown command": (lambda p: None, ("rnu",), 2, ("rnu",)),
    "a part that is none": (lambda p: None, ("run", "--only", "dedup"), 2, ("dedupe",)),
}  # fmt: skip


OTHERS: dict[str, tuple[Break, tuple[str, ...], int, tuple[str, ...]]] = {
    "another database": (_other_database, RUN, 4, ("another database",)),
    "another Airtable base": (_other_base, RUN, 4, ("another airtable",)),
}
"""Copies: every table, field, key and record id is the one that the base state knows."""


@pytest.mark.parametrize("case", OTHERS)
def test_edge_18_a_copy_of_a_store_is_not_the_store_that_the_base_state_is_of(settled: Project, case: str) -> None:
    _demand_refused(settled, case, *OTHERS[case])


@pytest.mark.parametrize("case", CASES)
def test_refuses_with_its_exit_code_and_leaves_everything_as_it_was(settled: Project, case: str) -> None:
    _demand_refused(settled, case, *CASES[case])


def _demand_refused(
    settled: Project, case: str, change: Break, command: tuple[str, ...], code: int, words: tuple[str, ...]
) -> None:
    change(settled)
    before = _state(settled) if case != "not a sandbox" else None
    ended = settled.dq(*command)
    assert ended.code == code, ended.err
    assert not [word for word in words if word not in ended.err], ended.err
    assert "Traceback" not in ended.err
    assert before is None or _state(settled) == before
    assert case != "missing database file" or not settled.database.exists()
    assert case != "missing sandbox" or not settled.airtable.exists()


def test_the_named_flag_lifts_the_brake(settled: Project) -> None:
    _many_deleted(settled)
    ended = settled.dq("run", "--yes", "--max-deletes", "12", "--format", "json")
    assert (ended.code, ended.json["details"]["counts"]["rows"]["airtable"]["delete"]) == (0, 12), ended.err


@pytest.mark.parametrize(
    ("base", "token", "words"),
    [(None, "patWrong", ("token",)), ("appWrongWrong0000", "patRight", ("appWrongWrong0000",))],
)
def test_edge_40_refuses_a_token_or_base_that_airtable_does_not_know(
    settled: Project, base: str | None, token: str, words: tuple[str, ...]
) -> None:
    before = _state(settled)
    with sandbox.running(settled.airtable, rps=0, token="patRight") as url:
        there = {"base": base or settled.base_id, "token": token, "endpoint_url": url}
        _config(stores__airtable=there)(settled)
        ended = settled.dq("run", "--yes")
    assert ended.code == 2, ended.err
    assert all(word in ended.err for word in (*words, "fix:")), ended.err
    assert token not in ended.err
    assert _state(settled) == before


def test_gives_up_on_a_refused_connection_within_twenty_seconds(settled: Project) -> None:
    _config(stores__airtable={"base": "appX", "token": "patX", "endpoint_url": "http://127.0.0.1:9"})(settled)
    began = time.monotonic()
    ended = settled.dq("run", "--yes")
    assert (ended.code, time.monotonic() - began < 20) == (5, True), ended.err
    assert "cannot be reached" in ended.err


@pytest.mark.parametrize("command", [RUN, APPLY, SNAPSHOT, CLEAN])
def test_refuses_while_another_dq_works_on_the_same_stores(settled: Project, command: tuple[str, ...]) -> None:
    before = _state(settled)
    with ExitStack() as stack:
        stack.enter_context(FileLock(settled.snapshots / ".lock"))
        ended = settled.dq(*command)
    assert (ended.code, "Another dq" in ended.err) == (5, True), ended.err
    assert _state(settled) == before
