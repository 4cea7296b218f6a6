"""What CI systems are handed: it is YAML, its commands are real, and its steps do what docs/ci.md says."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import polars as pl
import pytest
import typer.main
from ruamel.yaml import YAML

from dq.cli import app

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^ *```(\w+)\n(.*?)^ *```", PAGE, re.MULTILINE | re.DOTALL)
RULES = """checks:
  - {name: email_present, check: completeness, field: email, severity: error, reason: "50 % | more, or: less"}
  - {name: name_present, check: completeness, field: name, severity: warning}
"""


def read(text: str):
    return YAML(typ="safe", pure=True).load(text)


def action() -> dict:
    return read((ROOT / "action.yml").read_text(encoding="utf-8"))


def step(name: str) -> dict:
    return next(one for one in action()["runs"]["steps"] if one["name"] == name)


# the files


@pytest.mark.parametrize("text", [text for kind, text in BLOCKS if kind == "yaml"])
def test_the_pages_yaml_is_yaml(text):
    assert read(text)


def test_the_action_is_of_pinned_parts_and_hands_no_input_to_a_shell():
    for one in action()["runs"]["steps"]:
        assert re.fullmatch(r"[\w-]+/[\w/-]+@v[0-9]+", one.get("uses", "a/b@v1"))
        assert "run" not in one or one["shell"] == "bash"
        assert "${{" not in one.get("run", "") + one.get("with", {}).get("script", "")
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(action()["inputs"])
    assert all("default" in one and "description" in one for one in action()["inputs"].values())


def test_the_page_lists_every_input_with_its_default():
    rows = dict(re.findall(r"^\| `([\w-]+)` \| (.*?) \|", PAGE.split("| input |")[1], re.MULTILINE))
    told = {name: default.strip("` ") for name, default in rows.items()}
    assert told == {name: one["default"] or "none" for name, one in action()["inputs"].items()}


def test_the_page_uses_inputs_that_there_are():
    for kind, text in BLOCKS:
        for given in re.findall(r"dq-data/dq@main\n(?:\s+id: \w+\n)?(\s+with:.*?)(?=\n\s*- |\Z)", text, re.DOTALL):
            assert kind == "yaml"
            assert set(read(given)["with"]) <= set(action()["inputs"])


# the commands


def flags(words: list[str]) -> set[str]:
    """The flags that a command has; the words must begin with one."""
    command = typer.main.get_command(app)
    for word in words:
        if not hasattr(command, "commands"):
            break
        command = command.commands[word]
    return {flag for parameter in command.params for flag in (*parameter.opts, *parameter.secondary_opts)}


def commands(text: str) -> list[str]:
    return re.findall(r"(?:^|['`])\W*\bdq ((?:check|config|standardize|diff) [^'`\n]*)", text, re.MULTILINE)


@pytest.mark.parametrize("path", ["docs/ci.md", "action.yml", ".pre-commit-hooks.yaml"])
def test_every_command_and_flag_is_real(path):
    text = (ROOT / path).read_text(encoding="utf-8").replace("entry: ", "")
    found = commands(text)
    assert found
    for line in found:
        words = shlex.split(line.split(" # ")[0].split(" || ")[0])
        given = {word for word in words if word.startswith("--") and word != "--"}
        assert given <= flags(words), line


def test_every_flag_that_the_actions_step_may_add_is_real():
    assert set(re.findall(r"(--[a-z][a-z-]+)", step("Check")["run"])) <= flags(["check"])


def test_the_page_names_every_format_and_suffix():
    from dq.report.verdicts import FORMATS, SUFFIXES

    assert re.findall(r"^\| `(\w+)` \|", PAGE.split("| format |")[1].split("\n\n")[0], re.MULTILINE) == list(FORMATS)
    assert set(re.findall(r"\| `(\.\w+)` \|", PAGE)) == set(SUFFIXES)


# the steps


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository with a file and its rules."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "quality.yaml").write_text(RULES)
    frame = pl.DataFrame({"id": ["1", "2"], "email": ["ann@x.example", None], "name": [None, "Bo"]})
    frame.write_csv(tmp_path / "bad.csv")
    frame.filter(pl.col("email").is_not_null()).write_csv(tmp_path / "good.csv")
    return tmp_path


def environment(folder: Path) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PATH": path, "PYTHONPATH": str(ROOT), "RUNNER_TEMP": str(folder / "temp"), "NO_COLOR": "1"}


def run_check(folder: Path, **inputs: str) -> tuple[subprocess.CompletedProcess, dict[str, str], str]:
    """The action's own step, as a runner runs it: what it printed, its outputs, the job summary."""
    given = {name: one["default"] for name, one in action()["inputs"].items()} | inputs
    values = {name: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda m: given[m[1]], v) for name, v in step("Check")["env"].items()}  # fmt: skip
    files = {name: folder / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for path in files.values():
        path.touch()
    script = folder / "step.sh"
    script.write_text(step("Check")["run"])
    ended = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],
        cwd=folder,
        env=environment(folder) | values | {name: str(path) for name, path in files.items()},
        capture_output=True,
        text=True,
    )
    outputs = dict(line.split("=", 1) for line in files["GITHUB_OUTPUT"].read_text().splitlines())
    return ended, outputs, files["GITHUB_STEP_SUMMARY"].read_text()


@pytest.mark.parametrize(
    ("target", "fail_on", "code"), [("bad.csv", "error", 1), ("good.csv", "error", 0), ("good.csv", "warning", 1)]
)
def test_the_step_annotates_summarizes_and_tells_the_exit_code(folder, target, fail_on, code):
    ended, outputs, summary = run_check(folder, target=target, **{"fail-on": fail_on})
    assert ended.returncode == 0, ended.stderr
    assert (outputs["exit-code"], outputs["passed"]) == (str(code), "true" if code == 0 else "false")
    assert all(line.startswith("::") for line in ended.stdout.splitlines())
    assert ("::error file=rules/quality.yaml" in ended.stdout) is (target == "bad.csv")
    assert summary.startswith("<!-- dq check -->")
    report = Path(outputs["report"])
    assert {path.name for path in report.iterdir()} == {f"check.{s}" for s in ("md", "html", "json", "xml", "sarif")}
    assert json.loads((report / "check.json").read_text())["passed"] is (code == 0)
    assert ET.parse(report / "check.xml").getroot().get("failures") == ("0" if code == 0 else "1")
    assert json.loads((report / "check.sarif").read_text())["runs"][0]["results"]
    assert "ann@" not in summary + ended.stdout + "".join(path.read_text() for path in report.iterdir())


@pytest.mark.parametrize("target", ["nowhere.csv", "$(touch broken).csv", "--help.csv"])
def test_the_step_tells_a_mistake_apart(folder, target):
    ended, outputs, summary = run_check(folder, target=target)
    assert (ended.returncode, outputs["exit-code"], outputs["passed"], outputs["report"]) == (0, "2", "false", "")
    assert summary == ""
    assert not (folder / "broken").exists()


@pytest.mark.parametrize("code", ["0", "1", "2"])
def test_the_last_step_ends_with_the_exit_code(code):
    ended = subprocess.run(["bash", "-e", "-c", step("Result")["run"]], env=os.environ | {"DQ_CHECK_CODE": code})
    assert str(ended.returncode) == code


def test_the_hooks_run_as_pre_commit_runs_them(folder):
    hooks = {hook["id"]: hook for hook in read((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}
    assert all(hook["language"] == "python" for hook in hooks.values())
    assert [bool(re.search(hooks["dq-check"]["files"], name)) for name in ("a/b.csv", "a.parquet", "a.csv.gz")] == [True, True, False]  # fmt: skip

    def ended(hook: str, *names: str) -> int:
        command = [*shlex.split(hooks[hook]["entry"]), *names]
        return subprocess.run(command, cwd=folder, env=environment(folder), capture_output=True).returncode

    assert ended("dq-check", "good.csv") == 0
    assert ended("dq-check", "bad.csv") == 1
    assert ended("dq-check", "good.csv", "bad.csv") == 1
    assert re.search(hooks["dq-config-check"]["files"], "rules/quality.yaml")
    assert ended("dq-config-check") == 0
    (folder / "rules" / "quality.yaml").write_text("checks:\n  - {name: x, check: completness, field: email}\n")
    assert ended("dq-config-check") == 2
