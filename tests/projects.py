"""Project folders for tests: real stores, a real configuration, and the real command line to work on them."""

import contextlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import forking

from dq import sandbox
from dq.cli.main import main
from dq.sandbox import served
from dq.sandbox.options import Options

MAPPING = {
    "name": "Full Name",
    "email": "Email",
    "company": "Company",
    "title": "Title",
    "linkedin_url": "LinkedIn URL",
    "company_website": "Website",
    "phone": "Phone",
    "status": "Engagement Status",
}
CHILDREN = ("lead_enrichment", "campaigns", "pipeline_activity")
TIMES = ("created_at", "updated_at", "createdTime", "Last Modified", "Changed")
ENTRY = "from dq.cli import main; main()"


def configuration() -> dict[str, Any]:
    """The configuration of the shipped layout, without a pace: tests do not wait."""
    return {
        "stores": {"database": {"url": "sqlite:///data/leads.db"}, "airtable": {"sandbox": "data/airtable.db"}},
        "tables": [
            {
                "database": "leads",
                "key": "id",
                "modified": {"database": "updated_at", "airtable": "Last Modified"},
                "created": {"database": "created_at", "airtable": "createdTime"},
                "airtable": "Leads",
                "link": {"database": "airtable_id", "airtable": "Lead ID"},
                "mapping": MAPPING,
                "children": [{"table": name, "column": "lead_id"} for name in CHILDREN],
            }
        ],
        "sync": {
            "direction": "both",
            "conflict": ["most_recent", "database_wins"],
            "deletes": "propagate",
            "settle_seconds": 0,
        },
        "duplicates": {"resolve": "merge"},
        "limits": {"requests_per_second": 0, "max_retries": 2, "retry_delay_seconds": 0.2},
    }


@contextlib.contextmanager
def _airtable_here(data: Path, *, rps: float) -> Iterator[str]:
    """What a command's embedded Airtable is, on a thread: no interpreter starts for it."""
    with served(data, options=Options(rps=rps)) as url:
        yield url


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Project:
    """A project folder."""

    root: Path

    @property
    def database(self) -> Path:
        return self.root / "data" / "leads.db"

    @property
    def airtable(self) -> Path:
        return self.root / "data" / "airtable.db"

    @property
    def snapshots(self) -> Path:
        return self.root / "snapshots"

    def configure(self, config: Mapping[str, Any]) -> None:
        """Write the configuration: JSON is YAML."""
        path = self.root / "config" / "dq.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(config, indent=1), encoding="utf-8")

    def config(self) -> dict[str, Any]:
        return json.loads((self.root / "config" / "dq.yaml").read_text(encoding="utf-8"))

    def dq(self, *arguments: str) -> Ended:
        """Run a command and its Airtable in this process, as from the project's folder and without a terminal."""
        out, err = io.StringIO(), io.StringIO()
        before, sys.stdin = sys.stdin, io.StringIO()
        here = patch.object(sandbox, "running", _airtable_here)
        try:
            with here, contextlib.chdir(self.root), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                main(list(arguments))
        except SystemExit as exit_:
            return Ended(int(exit_.code or 0), out.getvalue(), err.getvalue())
        finally:
            sys.stdin = before
        raise AssertionError("a command ends by exiting")

    def start(self, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
        """Start a command as a process of its own."""
        command = [sys.executable, "-c", ENTRY, *arguments]
        return subprocess.Popen(
            command,
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )

    def run(self, *arguments: str, program: str = "", **environment: str) -> Ended:
        """Run a command, or a program around it, as a process of its own, to its end."""
        if program:
            with _airtable_here(self.airtable, rps=0) as url:
                return Ended(*forking.run(program, list(arguments), self.root, {**os.environ, **environment}, url))
        process = self.start(*arguments, **environment)
        out, err = process.communicate(timeout=240)
        return Ended(process.returncode, out, err)

    def copy(self, root: Path) -> "Project":
        """The same project in another folder."""
        shutil.copytree(self.root, root)
        return Project(root)

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Do something to the lead database, as a person would."""
        with closing(sqlite3.connect(self.database)) as connection, connection:
            return connection.execute(statement, values).fetchall()

    def rows(self) -> dict[str, dict[str, dict[str, Any]]]:
        """The lead database: table → key → row."""
        with closing(sqlite3.connect(self.database)) as connection:
            connection.row_factory = sqlite3.Row
            names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            names = [name for name in names if not name.startswith(("sqlite_", "dq_"))]
            return {
                name: {str(row["id"]): dict(row) for row in connection.execute(f'SELECT * FROM "{name}"')}
                for name in sorted(names)
            }

    def records(self, table: str = "Leads") -> dict[str, dict[str, Any]]:
        """The Airtable records of a table: id → cells by field name."""
        tables = sandbox.dump(self.airtable)["bases"][0]["tables"]
        held = next(one for one in tables if one["name"] == table)
        return {record["id"]: dict(record["fields"]) for record in held["records"]}

    @property
    def base_id(self) -> str:
        return sandbox.bases(self.airtable)[0][0]

    def edit_records(self, change: Any) -> None:
        """Do something to the Airtable base's document and load it again."""
        document = sandbox.dump(self.airtable)
        change(document["bases"][0])
        file = self.root / "edited.json"
        file.write_text(json.dumps(document), encoding="utf-8")
        sandbox.load(file, self.airtable)
        file.unlink()

    @contextlib.contextmanager
    def served(self) -> Iterator[str]:
        """The sandbox as a server of its own, and the configuration pointing at it: its log can then be asked."""
        config = self.config()
        with sandbox.running(self.airtable, rps=0) as url:
            there = {"base": self.base_id, "token": "patTest", "endpoint_url": url}
            self.configure({**config, "stores": {**config["stores"], "airtable": there}})
            yield url
        self.configure(config)

    def plan(self) -> dict[str, Any]:
        return json.loads((self.latest / "plan.json").read_text(encoding="utf-8"))

    @property
    def latest(self) -> Path:
        return self.snapshots / (self.snapshots / "latest").read_text(encoding="utf-8").strip()


def without_times(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Rows without the columns that tell when they were made or changed."""
    return {key: {name: cell for name, cell in row.items() if name not in TIMES} for key, row in rows.items()}


def everything(project: Project) -> dict[str, Any]:
    """Both stores, but for times."""
    tables = {name: without_times(rows) for name, rows in project.rows().items()}
    return {**tables, "airtable": without_times(project.records())}
