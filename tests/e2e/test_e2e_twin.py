"""`--against twin`: the real writer on copies. What is real stays as it is to the byte, and what is told comes true."""

import hashlib
import json
import signal
import time
import urllib.request
from pathlib import Path
from typing import Any

import psycopg
import pytest
from postgres_projects import PostgresProject, made_from
from postgres_server import Server
from projects import Project

LATER = "2031-01-01T00:00:00+00:00"
TWIN = ("apply", "--against", "twin", "--format", "json")
REAL = ("apply", "--yes", "--format", "json")


def held(project: Project) -> dict[str, str]:
    """Every file of the project but logs and lock, by its SHA-256."""
    paths = [path for path in sorted(project.root.rglob("*")) if path.is_file()]
    digests = {
        path.relative_to(project.root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths
    }
    return {name: digest for name, digest in digests.items() if "/logs/" not in name and not name.endswith(".lock")}


def planned(project: Project) -> Project:
    for step in ("snapshot", "clean"):
        ended = project.dq(step)
        assert ended.code == 0, ended.err
    return project


def rehearsed(project: Project, *options: str) -> tuple[int, dict[str, Any]]:
    """A rehearsal's exit code and facts; nothing that is real has changed."""
    before = held(project)
    ended = project.dq(*TWIN, *options)
    assert held(project) == before
    assert ended.out, ended.err
    return ended.code, ended.json


def test_what_it_tells_is_what_the_apply_then_does(fresh: Project) -> None:
    fresh.configure({**fresh.config(), "limits": {"requests_per_second": 50}})
    code, told = rehearsed(planned(fresh))
    assert (code, told["exit_code"], told["failed"]) == (0, 0, 0)
    assert told["written"] == told["verified"] > 100
    assert told["api_calls"]["made"] == told["api_calls"]["priced"] == fresh.plan()["price"]["api_calls"]
    assert told["second_plan"] == {}
    assert told["seconds"]["at_pace"] >= max(told["seconds"]["apply"], told["api_calls"]["made"] / 50)
    real = fresh.dq(*REAL)
    details = real.json["details"]
    assert real.code == code
    assert details["writes"] == told["states"]
    assert details["api_calls"]["apply"] == told["api_calls"]["made"]


def test_a_person_reads_it(fresh: Project) -> None:
    ended = planned(fresh).dq("apply", "--against", "twin")
    assert ended.code == 0, ended.err
    assert "neither store was touched" in ended.out
    assert "second plan: empty" in ended.out
    assert "the copy lacks them" in ended.err


def test_no_call_is_made_to_the_real_airtable(settled: Project) -> None:
    settled.sql("UPDATE leads SET title = 'Chief ' || title, updated_at = ?", LATER)
    with settled.served() as url:
        planned(settled)
        with urllib.request.urlopen(f"{url}/_sandbox/log") as answer:
            before = len(json.load(answer)["requests"])
        code, told = rehearsed(settled, "--max-field-changes", "1000")
        with urllib.request.urlopen(f"{url}/_sandbox/log") as answer:
            assert len(json.load(answer)["requests"]) == before
    assert code == 0
    assert told["api_calls"]["made"] > 0
    assert told["second_plan"] == {}


def _moved(project: Project) -> None:
    project.sql("UPDATE leads SET company = 'Somebody else' WHERE id IN (SELECT id FROM leads ORDER BY id LIMIT 3)")


def _refusing(rows: int) -> Any:
    def change(project: Project) -> None:
        keys = [
            row[0]
            for row in project.sql("SELECT id FROM leads WHERE airtable_id IS NOT NULL ORDER BY id LIMIT ?", rows)
        ]
        told = ", ".join(f"'{key}'" for key in keys)
        project.sql(
            f"CREATE TRIGGER never BEFORE UPDATE ON leads WHEN old.id IN ({told}) BEGIN SELECT RAISE(ABORT, 'no'); END"
        )

    return change


def _unchanged(project: Project) -> None:
    pass


@pytest.mark.parametrize(
    ("change", "before_the_plan", "code"),
    [(_unchanged, False, 4), (_moved, False, 3), (_refusing(2), True, 3), (_refusing(40), True, 6)],
    ids=["a brake", "rows that moved", "rows that are refused", "a run that is taken back"],
)
def test_the_exit_code_is_the_applys(settled: Project, change: Any, before_the_plan: bool, code: int) -> None:
    allowed = () if code == 4 else ("--max-field-changes", "1000")
    settled.sql("UPDATE leads SET title = 'Chief ' || title, updated_at = ?", LATER)

    def edit(base: dict[str, Any]) -> None:
        for record in base["tables"][0]["records"]:
            record["fields"]["Company"] = f"{record['fields'].get('Company', '')} Holding"

    settled.edit_records(edit)
    if before_the_plan:
        change(settled)
    planned(settled)
    if not before_the_plan:
        change(settled)
    before = held(settled)
    twin = settled.dq(*TWIN, *allowed)
    assert held(settled) == before
    real = settled.dq(*REAL, *allowed)
    assert (twin.code, real.code) == (code, code), twin.err + real.err
    if code != 4:
        assert twin.json["states"] == real.json["details"]["writes"]
        assert twin.json["second_plan"] is None if code == 6 else twin.json["second_plan"] is not None


def test_a_plan_that_was_begun_or_applied_has_no_twin(settled: Project) -> None:
    ended = settled.dq("apply", "--against", "twin")
    assert (ended.code, ended.out) == (0, "")
    assert "was applied already" in ended.err
    assert settled.dq("apply", "--against", "twin", "--resume").code == 2
    assert settled.dq("apply", "plan.zip", "--against", "twin").code == 2
    assert settled.dq("run", "--against", "twin", "--dry-run").code == 2


def test_a_run_on_a_twin_leaves_a_plan_that_can_be_applied(fresh: Project) -> None:
    stores = fresh.rows(), fresh.records()
    ended = fresh.dq("run", "--against", "twin", "--format", "json")
    assert ended.code == 0, ended.err
    assert ended.json["second_plan"] == {}
    assert (fresh.rows(), fresh.records()) == stores
    assert fresh.dq("apply", "--yes").code == 0


def test_what_a_killed_rehearsal_leaves_goes_with_the_next_command(fresh: Project) -> None:
    planned(fresh)
    before = held(fresh)
    process = fresh.start("apply", "--against", "twin")
    until = time.monotonic() + 60
    while not list(fresh.snapshots.glob(".partial-twin-*/plain/database/*")) and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    assert list(fresh.snapshots.glob(".partial-twin-*"))
    while _is_served(fresh) and time.monotonic() < until:  # the twin's server ends by itself, a moment later
        time.sleep(0.05)
    assert rehearsed_names(held(fresh)) == before
    assert fresh.dq("apply", "--against", "twin").code == 0
    assert held(fresh) == before


def _is_served(project: Project) -> bool:
    commands = (path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists())
    return any(str(project.snapshots).encode() in command for command in commands)


def rehearsed_names(files: dict[str, str]) -> dict[str, str]:
    return {name: digest for name, digest in files.items() if "/.partial-twin-" not in name}


@pytest.fixture
def there(untouched: Project, postgres: Server, tmp_path: Path) -> PostgresProject:
    return planned(made_from(untouched, tmp_path / "there", postgres))


def _databases(server: Server) -> list[str]:
    with server.connect() as connection:
        return [row[0] for row in connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'dq_twin%'")]


def test_postgresql_is_copied_to_a_scratch_database(there: PostgresProject) -> None:
    there.sql("CREATE TABLE big AS SELECT generate_series(1, 9) AS n")
    rows = there.rows()
    code, told = rehearsed(there)
    assert (code, told["failed"], told["second_plan"]) == (0, 0, {})
    assert told["written"] == told["verified"] > 100
    assert there.rows() == rows
    assert _databases(there.server) == []
    real = there.dq(*REAL)
    assert (real.code, real.json["details"]["writes"]) == (0, told["states"])


def test_a_scratch_database_that_was_left_goes_with_the_next(there: PostgresProject) -> None:
    from dq.settings.places import place_of

    name = f"dq_twin_{hashlib.sha256(place_of(there.url).encode()).hexdigest()[:8]}_left"
    with there.server.connect() as connection:
        connection.execute(f"CREATE DATABASE {name}")
    assert rehearsed(there)[0] == 0
    assert _databases(there.server) == []


def test_a_server_that_allows_no_scratch_database_is_told_so(there: PostgresProject) -> None:
    with there.server.connect(there.url.rpartition("/")[2]) as connection:
        connection.execute("DROP ROLE IF EXISTS poor")
        connection.execute("CREATE ROLE poor LOGIN PASSWORD 'poor' NOCREATEDB")
        connection.execute("GRANT USAGE ON SCHEMA crm TO poor")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA crm TO poor")
    there.configure(
        {**there.config(), "stores": {**there.config()["stores"], "database": {"url": _as(there.url, "poor")}}}
    )
    ended = there.dq("apply", "--against", "twin")
    with there.server.connect(there.url.rpartition("/")[2]) as connection:
        connection.execute("DROP OWNED BY poor")
        connection.execute("DROP ROLE poor")
    assert ended.code == 2
    assert "make no scratch database" in ended.err
    assert "CREATEDB" in ended.err
    assert _databases(there.server) == []


def test_a_database_that_can_act_outside_of_itself_is_not_copied(there: PostgresProject) -> None:
    with psycopg.connect(there.url, autocommit=True) as connection:
        connection.execute("CREATE FOREIGN DATA WRAPPER elsewhere")
        connection.execute("CREATE SERVER warehouse FOREIGN DATA WRAPPER elsewhere")
    ended = there.dq("apply", "--against", "twin")
    assert ended.code == 2
    assert "foreign server warehouse" in ended.err
    assert _databases(there.server) == []


def _as(url: str, user: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{user}:{user}@{rest.partition('@')[2]}"
