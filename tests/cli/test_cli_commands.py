"""The command line as a person and a script meet it."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from projects import MAPPING, Project, everything

from dq.cli.main import app

HEAVY = ("polars", "pandera", "duckdb", "pyairtable", "pyarrow", "rich", "numpy", "pydantic", "requests", "starlette")
READING = (
    ("diff",),
    ("status",),
    ("check", "--fail-on", "error"),
    ("config", "show"),
    ("config", "check"),
    ("clean",),
    ("snapshot",),
)


def _commands(command: Any = None, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    command = command or typer.main.get_command(app)
    found = {path: command}
    for name, child in getattr(command, "commands", {}).items():
        found |= _commands(child, (*path, name))
    return found


COMMANDS = _commands()


def test_help_imports_nothing_heavy_and_little_at_all():
    script = (
        "import sys\nfrom dq.cli.main import main\ntry:\n main(['--help'])\nexcept SystemExit: pass\n"
        f"print([name for name in {HEAVY} if name in sys.modules], len(sys.modules), file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    names, count = re.fullmatch(r"(\[.*\]) (\d+)\n", ended.stderr).groups()
    assert names == "[]"
    assert int(count) < 400


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_and_every_option_says_what_it_does(path: tuple[str, ...]):
    command = COMMANDS[path]
    assert command.help or command.short_help
    silent = [parameter.name for parameter in command.params if not getattr(parameter, "help", None)]
    assert silent == []


def test_no_command_prints_help_and_a_mistake_is_a_usage_error(tmp_path: Path):
    project = Project(tmp_path)
    assert project.dq("--version").out.strip()
    assert "Exit codes" in project.dq("--help").out
    for arguments in (
        ("nonsense",),
        ("run", "--nonsense"),
        ("check", "--fail-on", "nothing"),
        ("diff", "--limit", "-1"),
    ):
        ended = project.dq(*arguments)
        assert (ended.code, ended.out) == (2, ""), arguments


@pytest.fixture(scope="module")
def planned(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A plan with a few changes, not applied."""
    project = finished.copy(tmp_path_factory.mktemp("planned") / "project")
    project.sql(
        "UPDATE leads SET title = '[bold]Chef | de  Partie' , updated_at = '2031-01-01T00:00:00+00:00' WHERE id IN (SELECT id FROM leads ORDER BY id LIMIT 3)"
    )
    assert project.dq("snapshot").code == 0
    assert project.dq("clean").code == 0
    return project


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_reading_commands_speak_json(planned: Project, command: tuple[str, ...], tmp_path: Path):
    project = planned.copy(tmp_path / "project")
    ended = project.dq(*command, "--format", "json")
    assert ended.code == 0, ended.err
    assert ended.json["format_version"] == 1


def test_what_is_piped_has_no_escape_codes(planned: Project):
    for command in READING[:5]:
        ended = planned.run(*command)
        assert "\x1b" not in ended.out + ended.err


@pytest.mark.parametrize(
    ("environment", "colored"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_a_terminal_gets_colors_unless_it_says_no(
    planned: Project, environment: dict[str, str], colored: bool, monkeypatch: pytest.MonkeyPatch
):
    import os
    import pty

    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    parent, child = pty.openpty()
    command = [sys.executable, "-c", "from dq.cli import main; main()", "diff"]
    process = subprocess.Popen(command, cwd=planned.root, stdout=child, stderr=subprocess.PIPE)
    os.close(child)
    told = b""
    while True:
        try:
            chunk = os.read(parent, 65536)
        except OSError:  # Linux says so at the end
            break
        told += chunk
    process.communicate()
    os.close(parent)
    assert process.returncode == 0
    assert (b"\x1b[" in told) is colored


def test_a_closed_pipe_is_no_crash(planned: Project):
    script = f"{sys.executable} -c 'from dq.cli import main; main()' diff --format json | head -c 10"
    ended = subprocess.run(
        ["bash", "-c", f"{script}; exit ${{PIPESTATUS[0]}}"], cwd=planned.root, capture_output=True, text=True
    )
    assert "Traceback" not in ended.stderr
    assert "unexpected" not in ended.stderr
    assert ended.returncode in (0, 141)


@pytest.mark.parametrize(("flags", "code"), [((), 0), (("--exit-code",), 1), (("--detailed-exitcode",), 2)])
def test_the_exit_codes_of_diff(planned: Project, finished: Project, flags: tuple[str, ...], code: int):
    assert planned.dq("diff", *flags).code == code
    assert finished.dq("diff", *flags).code == 0


def test_detailed_exit_code_of_an_error_is_one(fresh: Project):
    assert fresh.dq("diff").code == 2
    assert fresh.dq("diff", "--detailed-exitcode").code == 1


def test_diff_lists_as_many_changes_as_asked(planned: Project):
    assert planned.dq("diff", "--limit", "1").out.count("->") == 1
    assert (
        planned.dq("diff", "--limit", "0").out.count("->") == planned.plan()["changes"]
        if "changes" in planned.plan()
        else True
    )
    assert "more changes" in planned.dq("diff", "--limit", "1").out


def test_config_names_a_file_by_option_and_by_environment(
    finished: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    project = finished.copy(tmp_path / "project")
    (project.root / "config" / "dq.yaml").rename(project.root / "config" / "other.yaml")
    other = project.root / "config" / "other.yaml"
    elsewhere = Project(tmp_path)
    assert elsewhere.dq("status", "--config", str(other), "--format", "json").json["base_serial"] == 1
    monkeypatch.setenv("DQ_CONFIG", str(other))
    assert elsewhere.dq("status", "--format", "json").json["base_serial"] == 1
    monkeypatch.setenv("DQ_CONFIG", str(tmp_path / "nowhere.yaml"))
    assert elsewhere.dq("status").code == 2


def test_a_dry_run_writes_to_neither_store(fresh: Project):
    before, database = everything(fresh), fresh.database.read_bytes()
    ended = fresh.dq("run", "--dry-run", "--format", "json")
    assert (ended.code, ended.json["details"]["changes"] > 0) == (0, True)
    assert everything(fresh) == before
    assert fresh.database.read_bytes() == database
    assert not (fresh.snapshots / "base").exists()
    assert fresh.dq("diff", "--exit-code").code == 1


REASONS = {
    "standardize": {"standardize", "default"},
    "dedupe": {"merge", "link"},
    "sync": {"sync", "link", "conflict", "default", "delete"},
}


@pytest.mark.parametrize("part", REASONS)
def test_a_part_does_its_part_only_and_a_whole_run_finds_the_rest(fresh: Project, part: str):
    first = fresh.dq("run", "--yes", "--only", part, "--format", "json")
    assert first.code == 0, first.err
    cells = first.json["details"]["counts"]["cells"]
    assert cells
    assert {reason for reasons in cells.values() for reason in reasons} <= REASONS[part]
    if part != "dedupe":
        assert first.json["duplicates_removed"] == 0
    again = fresh.dq("run", "--yes", "--only", part, "--format", "json")
    assert (again.code, again.json["details"]["changes"]) == (0, 0), again.err
    whole = fresh.dq("run", "--yes", "--format", "json")
    assert whole.code == 0, whole.err
    assert whole.json["details"]["changes"] > 0
    rest = fresh.dq("run", "--yes", "--format", "json")
    assert (rest.code, rest.json["details"]["changes"]) == (0, 0), rest.err


def test_an_applied_plan_is_not_applied_again(finished: Project):
    for arguments in (("apply", "--yes"), ("apply", "--resume"), ("apply",)):
        ended = finished.dq(*arguments)
        assert (ended.code, "applied already" in ended.out) == (0, True), ended


def test_init_makes_a_folder_that_the_whole_flow_runs_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DQ_LIMITS__REQUESTS_PER_SECOND", "50")
    project = Project(tmp_path)
    assert project.dq("init", "--sample").code == 0
    for arguments in (
        ("config", "check"),
        ("run", "--yes"),
        ("run", "--yes"),
        ("diff", "--exit-code"),
        ("status",),
        ("check",),
    ):
        ended = project.dq(*arguments)
        assert ended.code == 0, (arguments, ended.err)


def test_the_log_of_every_command_is_json_with_its_end_and_holds_no_cell(fresh: Project):
    commands = [("run", "--dry-run"), ("apply",), ("snapshot",), ("clean",), ("apply", "--yes"), ("apply", "--yes")]
    ended = [fresh.dq(*arguments) for arguments in commands]
    logs = sorted((fresh.snapshots / "logs").glob("*.jsonl"))
    assert len(logs) == len(commands)
    told = [[json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] for path in logs]
    assert [lines[-1]["exit_code"] for lines in told] == [one.code for one in ended]
    assert all(lines[0]["event"] == "began" and lines[-1]["event"] == "ended" for lines in told)
    assert told[1][-1]["category"] == "configuration"
    texts = "\n".join(path.read_text(encoding="utf-8") for path in logs) + "\n".join(one.err for one in ended)
    assert [cell for cell in _cells(fresh) if cell in texts] == []
    assert {path.stat().st_mode & 0o777 for path in logs} == {0o600}


def _cells(project: Project) -> set[str]:
    """Texts of the sample long enough to be told from dq's own words; statuses are words of the rules."""
    columns = [name for name in MAPPING if name != "status"]
    rows = [row[name] for row in project.rows()["leads"].values() for name in columns]
    records = [cells.get(MAPPING[name]) for cells in project.records().values() for name in columns]
    return {cell for cell in [*rows, *records] if isinstance(cell, str) and len(cell) >= 5}


def test_a_partial_run_tells_no_cell_either(settled: Project):
    settled.sql(
        "UPDATE leads SET title = 'Chief Cook', updated_at = '2031-01-01' WHERE id IN (SELECT id FROM leads ORDER BY id LIMIT 5)"
    )
    assert settled.dq("snapshot").code == 0
    assert settled.dq("clean").code == 0

    def change(base: dict[str, Any]) -> None:
        for record in base["tables"][0]["records"]:
            record["fields"]["Title"] = "Head of Dishes"

    settled.edit_records(change)
    ended = settled.dq("apply", "--yes")
    assert ended.code == 3
    log = max((settled.snapshots / "logs").glob("*.jsonl")).read_text(encoding="utf-8")
    assert json.loads(log.splitlines()[-1])["exit_code"] == 3
    assert '"recoverable": 5' in log
    assert [cell for cell in (*_cells(settled), "Chief Cook", "Head of Dishes") if cell in ended.err + log] == []


def test_incremental_snapshots_say_what_they_are(settled: Project):
    config = settled.config()
    config["stores"]["airtable"]["incremental"] = {"deletes": "none"}
    settled.configure(config)
    first = settled.dq("snapshot")
    assert "airtable Leads was read in full: the last snapshot does not say" in first.err
    second = settled.dq("snapshot", "--format", "json")
    told = second.json["readings"]["Leads"]
    assert (told["kind"], told["deletes_visible"]) == ("incremental", False)
    assert "in full" not in second.err
    assert settled.dq("clean").code == 0
    assert "deletions in Airtable table Leads are not visible" in settled.dq("diff").out
    assert settled.dq("diff", "--format", "json").json["deletes_not_visible"] == ["Leads"]
    assert "deletions not visible" in settled.dq("status").out
    forced = settled.dq("snapshot", "--full")
    assert "was read in full: a full one was asked for" in forced.err
    assert settled.dq("run", "--yes").code == 0
