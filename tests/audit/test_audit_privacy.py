"""No secret anywhere, and nobody's data where it was not asked for: a whole life of a project, scanned byte by byte."""

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from projects import Ended, Project, configuration

from dq import sandbox
from dq.leads.generate import sample, write

TOKEN = "patS3cretTokenOfNobody.0123456789abcdef"
PASSPHRASE = "correct-horse-battery-passphrase"
MARK = "Quillfeather"
PERSONAL = {
    "name": "Zephyrina Quillfeather",
    "email": "zephyrina.quillfeather@quillfeather-example.com",
    "phone": "+49 8315 9726463",
    "title": "Archquillmaster Quillfeather",
    "company": "Quillfeather Feathers",
    "linkedin_url": "https://www.linkedin.com/in/zephyrina-quillfeather",
}
TELLING = ("quillfeather", "zephyrina", "archquill", "9726463", "feathers")
"""What of a person must not be seen, in small letters."""
LATER = "2031-01-01T00:00:00+00:00"


@dataclass
class Seen:
    """What commands said."""

    open: list[Ended] = field(default_factory=list)
    closed: list[Ended] = field(default_factory=list)

    def told(self) -> str:
        return "".join(one.out + one.err for one in (*self.open, *self.closed))


def _people(project: Project) -> None:
    """Persons with names to look for: one in both stores that differs, one to insert, one to delete, one that is refused."""
    with closing(sqlite3.connect(project.database)) as connection, connection:
        keys = [row[0] for row in connection.execute("SELECT id FROM leads ORDER BY id LIMIT 3")]
        for number, key in enumerate(keys):
            row = {
                **PERSONAL,
                "email": f"{number}.{PERSONAL['email']}",
                "linkedin_url": f"{PERSONAL['linkedin_url']}-{number}",
            }
            for name, value in row.items():
                statement = f"UPDATE leads SET {name} = ?, updated_at = ? WHERE id = ?"
                connection.execute(statement, (f"  {value}  " if number else value, LATER, key))
        connection.execute(
            "INSERT INTO leads(id, name, email, title, company, phone, status, updated_at, created_at)"
            " VALUES ('new-lead', ?, ?, ?, ?, ?, 'Quillfeather status', ?, ?)",
            (
                PERSONAL["name"],
                "new." + PERSONAL["email"],
                PERSONAL["title"],
                PERSONAL["company"],
                PERSONAL["phone"],
                LATER,
                LATER,
            ),
        )


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, Seen]]:
    """A project after snapshot, clean, diff, apply, undo, reports, errors and exports, and what all of it said."""
    project = Project(tmp_path_factory.mktemp("lived") / "project")
    (project.root / "data").mkdir(parents=True)
    write(sample(5, 20), project.database, project.airtable)
    _people(project)
    config = configuration()
    seen = Seen()
    with sandbox.running(project.airtable, rps=0) as url:
        there = {"base": project.base_id, "token": "${AIRTABLE_API_KEY}", "endpoint_url": url}
        project.configure({**config, "stores": {**config["stores"], "airtable": there}})
        secrets = {"AIRTABLE_API_KEY": TOKEN, "DQ_PASSPHRASE": PASSPHRASE}
        (project.root / ".env").write_text("".join(f"{name}={value}\n" for name, value in secrets.items()))
        _live(project, seen)
    yield project, seen
    shutil.rmtree(project.root)


def _live(project: Project, seen: Seen) -> None:
    key = "new-lead"
    for command in (
        ("config", "show"), ("config", "check"), ("snapshot",), ("clean",), ("diff", "--format", "md"), ("diff", "--mask"),
        ("diff", "--mask", "--format", "json"), ("check",), ("check", "--format", "json"), ("apply",), ("apply", "--yes", "--debug"),
        ("status", "--format", "json"), ("audit", "verify"), ("audit", "export"), ("export", "audit", "--format", "csv"),
        ("why", "database", key, "--mask"), ("why", "airtable", key, "--mask", "--format", "json"), ("blame", "database", key, "--mask"),
        ("why", "database", PERSONAL["phone"][:3] + "0"), ("quarantine", "list"), ("apply", "--yes"),
    ):  # fmt: skip
        seen.closed.append(project.dq(*command))
    seen.closed += [
        project.run("undo", "--dry-run", "--debug"),
        project.dq("undo", "--yes", "--format", "json"),
        project.dq("undo", "--list"),
    ]
    seen.closed.append(project.dq("run", "--yes"))
    project.sql("UPDATE leads SET title = ? || title, updated_at = ?", "Quillfeather ", LATER)
    seen.closed += [project.dq("run", "--yes"), project.run("apply", "--yes", "--debug")]
    for command in (
        ("run", "--yes", "--max-field-changes", "1000", "--format", "json"),
        ("audit", "verify", "--format", "json"), ("config", "show", "--format", "json"),
    ):  # fmt: skip
        seen.closed.append(project.dq(*command))
    seen.closed.append(project.run("run", "--yes", "--debug", "--config", "config/none.yaml"))
    seen.open += [project.dq("diff"), project.dq("audit", "export", "--unmasked"), project.dq("blame", "database", key)]


def test_the_life_was_a_full_one(lived: tuple[Project, Seen]):
    project, seen = lived
    codes = [one.code for one in seen.closed]
    assert codes.count(0) >= 20
    assert {2, 4} <= set(codes)
    assert 70 not in codes, [one.err for one in seen.closed if one.code == 70]
    assert MARK in "".join(one.out for one in seen.open), "what is looked for is there to be found"
    assert "undo" in project.dq("audit", "export").out


@pytest.mark.parametrize("secret", [TOKEN, PASSPHRASE, TOKEN.split(".", maxsplit=1)[0], "0123456789abcdef"])
def test_no_secret_is_in_any_file_or_output(lived: tuple[Project, Seen], secret: str):
    project, seen = lived
    assert secret not in seen.told()
    held = [path for path in _files(project.root) if secret.encode() in path.read_bytes()]
    assert [path.name for path in held] == [".env"]


def test_nobodys_data_is_in_outputs_that_are_masked_or_have_no_values(lived: tuple[Project, Seen]):
    _, seen = lived
    told = {}
    for number, one in enumerate(seen.closed):
        found = [word for word in TELLING if word in (one.out + one.err).lower()]
        if found:
            told[number] = found, [line for line in (one.out + one.err).splitlines() if found[0] in line.lower()][:3]
    assert told == {}


@pytest.mark.parametrize(
    "pattern", ["**/plan.json", "**/logs/*.jsonl", "**/manifest.json", "**/head.json", "base/*.json"]
)
def test_nobodys_data_is_in_logs_plans_and_manifests(lived: tuple[Project, Seen], pattern: str):
    project, _ = lived
    paths = list(project.snapshots.glob(pattern))
    assert paths
    for path in paths:
        text = path.read_text(encoding="utf-8").lower()
        assert [word for word in TELLING if word in text] == [], path.name


def test_what_holds_data_is_for_its_owner_only(lived: tuple[Project, Seen]):
    project, _ = lived
    for path in _files(project.snapshots):
        if path.name != "latest":
            assert path.stat().st_mode & 0o077 == 0, path
    folders = [path for path in project.snapshots.rglob("*") if path.is_dir()]
    assert [path for path in folders if path.stat().st_mode & 0o077] == []


def test_masked_exports_keep_what_no_person_is_known_by(lived: tuple[Project, Seen]):
    project, _ = lived
    told = project.dq("audit", "export", "--entity", "database:new-lead").json["entries"]
    assert {entry["entity_id"] for entry in told} == {"database:new-lead"}
    assert {"written"} <= {entry["state"] for entry in told}
    shown = {re.sub(r"\W", "", entry["after"] or "") for entry in told}
    assert not any(word in text.lower() for text in shown for word in TELLING)


def _files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]
