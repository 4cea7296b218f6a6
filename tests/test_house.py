"""The house: what the project says about itself is so, and its code keeps to its own rules."""

import ast
import re
import subprocess
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import typer.main

from dq import schemas
from dq.cli import app

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
SOURCES = sorted((ROOT / "dq").rglob("*.py"))
TARGETS = {"setup", "demo", "test", "check", "snapshot", "clean", "diff", "apply", "run", "simulate", "help"}
TARGETS |= {"bench", "bench-match"}
KEPT = (".py", ".md", ".yaml", ".yml", ".toml", ".csv", ".sh", ".lock", "Makefile", "run", ".json", ".gitignore")

ROW_LOOPS = {
    "dq/apply/batches.py": "a batch's rows become the values that a store is handed; a batch has a size",
    "dq/changeset.py": "counts by store, table and sign",
    "dq/cli/dedupe.py": "prints the rows of a file in JSON, or the first 40 duplicates",
    "dq/cli/restore.py": "prints the changes of a dry run in JSON",
    "dq/cli/quarantine.py": "prints the leads in quarantine",
    "dq/cli/review.py": "prints the pairs that wait, and what people decided",
    "dq/gate/frames.py": "broken contracts, a line a check",
    "dq/pipeline/blaming.py": "what was written to one row",
    "dq/pipeline/pricing.py": "counts, a line a batch",
    "dq/pipeline/proving.py": "counts of a plan that is refused",
    "dq/report/filediff.py": "prints the differences it is asked to list",
    "dq/report/planpage.py": "prints counts by kind, and the conflicts that wait, up to a limit",
    "dq/report/standardized.py": "prints a few samples of each rule, and the most repeated changes",
    "dq/report/diff.py": "prints the changes it is asked to list",
    "dq/report/stale.py": "prints counts by field, and the moved cells it is asked to list",
    "dq/report/why.py": "prints what is known of one lead",
    "dq/report/policies.py": "prints counts by policy, and the conflicts it is asked to list",
}
"""Where a loop over rows may stand, and why: its rows are few, or another format wants them one by one."""
ROW_LOOP = re.compile(r"\.(map_elements|iter_rows|rows|to_dicts)\(")


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tracked() -> list[Path]:
    """Files of the project: those git would take, or, without git, those in the project's own folders."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file() and path.name.endswith(KEPT)]


def functions(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_make_has_the_targets_and_lists_them():
    listed = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert set(re.findall(r"^  make ([\w-]+)", listed.stdout, re.MULTILINE)) >= TARGETS


def test_every_target_but_the_list_itself_begins_with_setup():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    needs = dict(re.findall(r"^([a-z-]+): ([^#\n]*?) *(?:##.*)?$", makefile, re.MULTILINE))
    for target in TARGETS - {"help", "setup"}:
        assert needs[target].strip() in {"setup", "data"}, target
    assert needs["data"].strip() == "setup"


def test_readme_names_the_targets_of_a_newcomer():
    for command in ("make demo", "make test", "make setup", "make snapshot clean apply"):
        assert command in README
    assert set(re.findall(r"(?:^|`)make ([\w-]+)", README, re.MULTILINE)) <= TARGETS


def test_ci_runs_the_readmes_test_command_and_the_checks():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
    assert re.search(r"^make test\b", script, re.MULTILINE)
    assert re.search(r"^make check\b", script, re.MULTILINE)


def commands() -> set[tuple[str, ...]]:
    root = typer.main.get_command(app)
    found: set[tuple[str, ...]] = set()
    for name, command in root.commands.items():
        found.add((name,))
        found |= {(name, inner) for inner in getattr(command, "commands", {})}
    return found


def said(text: str) -> set[tuple[str, ...]]:
    """Commands of dq in code: in blocks of shell, and between single backticks."""
    blocks = "\n".join(re.findall(r"^ *```sh\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL))
    lines = [*blocks.splitlines(), *re.findall(r"`(dq [^`]+)`", text)]
    words = [re.sub(r"#.*", "", line).split() for line in lines]
    return {
        tuple(word for word in line[1:3] if word.isalpha() and word.islower()) for line in words if line[:1] == ["dq"]
    }


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "configuration.md"], ids=relative)
def test_commands_in_the_pages_exist(page):
    known = commands()
    for command in said(page.read_text(encoding="utf-8")):
        assert not command or command[:2] in known or command[:1] in known, command


def test_readme_lists_every_command():
    mentioned = said(README)
    assert {command[:1] for command in commands()} == {command[:1] for command in mentioned if command}


@pytest.mark.parametrize("name", ["Change", "Cluster", "Pair", "Conflict", "Finding", "Record"])
def test_readme_lists_every_contract_column(name):
    contract = getattr(schemas, name)
    section = README.split("## Files and columns")[1].split("\n## ")[0]
    told = {
        word
        for line in section.splitlines()
        if line.startswith("| `")
        for word in re.findall(r"`([^`]+)`", line.split("|")[1])
    }
    assert set(contract.to_schema().columns) <= told


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if not target.startswith(("https://", "http://", "mailto:")):
            assert (page.parent / target).exists(), target


def test_every_edge_case_has_a_test_that_bears_its_number_or_a_reason():
    tests = {
        node.name
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in functions(ast.parse(path.read_text(encoding="utf-8")))
    }
    page = (ROOT / "docs" / "edge-cases.md").read_text(encoding="utf-8")
    lines = {int(number): told for number, told in re.findall(r"^\| (\d+) \|.*\| (.+) \|$", page, re.MULTILINE)}
    assert list(lines) == list(range(1, 51))
    for number, told in lines.items():
        names = re.findall(r"`(test_\w+)`", told)
        assert names or told.startswith("none: "), number
        for name in names:
            assert number in map(int, re.findall(r"(?<=_)\d+(?=_|$)", name)), f"{number}: {name}"
    assert set(re.findall(r"`(test_\w+)`", page)) <= tests


def test_every_exit_code_is_explained():
    from dq import errors

    page = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    for name, error in vars(errors).items():
        if isinstance(error, type) and issubclass(error, errors.DqError):
            assert re.search(rf"^\| {error.exit_code} \| .*`{name}`", page, re.MULTILINE), name


def test_no_machine_is_named():
    machine = re.compile(
        r"(?<![\w.])/(?:work|root|home|Users)/\w|file:///|https?://(?:\d+\.\d+\.\d+\.\d+)(?<!127\.0\.0\.1)"
    )
    told = {}
    for path in tracked():
        if path != Path(__file__) and "tests" not in path.parts:
            found = machine.search(path.read_text(encoding="utf-8"))
            if found:
                told[relative(path)] = found.group()
    assert told == {}


def test_locks_are_pinned_and_name_no_host():
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text
        assert "index" not in text
        pinned = re.findall(r"^[a-z0-9][a-z0-9._-]*(?:\[[a-z,]+\])?==\S+", text, re.MULTILINE)
        assert len(pinned) > 30
        assert text.count("--hash=sha256:") >= len(pinned)


def test_the_locks_agree_and_hold_what_the_project_asks_for():
    import tomllib

    def pins(name):
        text = (ROOT / name).read_text(encoding="utf-8")
        return set(re.findall(r"^([a-z0-9._-]+==[^\s;]+)", text, re.MULTILINE))

    run, dev = pins("requirements.lock"), pins("requirements-dev.lock")
    assert run <= dev
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for wanted, held in ((project["dependencies"], run), (project["optional-dependencies"]["dev"], dev)):
        names = {re.split(r"[\[>=<]", one)[0].lower().replace("_", "-").replace(".", "-") for one in wanted}
        assert names <= {pin.split("==")[0].replace(".", "-") for pin in held}


@pytest.mark.parametrize(
    ("folders", "groups"), [(["dq"], ["dependencies"]), (["tests", "bench"], ["dependencies", "dev"])]
)
def test_what_is_imported_is_declared(folders, groups):
    """A library that only came along with another is gone one day, on somebody's clean clone."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = {**project, **project["optional-dependencies"]}
    declared = {re.match(r"[\w.-]+", line)[0].lower().replace("_", "-") for group in groups for line in asked[group]}
    libraries = packages_distributions()
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for module in imported(path) & set(libraries) - {"dq"}:
            names = {name.lower().replace("_", "-") for name in libraries[module]}
            assert names & declared, f"{relative(path)} imports {module}, which pyproject.toml does not ask for"


def imported(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    plain = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    parts = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level}
    return {name.partition(".")[0] for name in plain | parts}


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_code_fits_on_screens(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 300
    for function in functions(ast.parse(text)):
        length = (function.end_lineno or 0) - function.lineno + 1
        assert length <= 50 + _docstring(function), f"{function.name}: {length} lines"


def _docstring(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    text = ast.get_docstring(function, clean=False)
    return 0 if text is None else text.count("\n") + 1


def test_nothing_was_left_for_later():
    left = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedError|for now\b")
    told = [
        f"{relative(path)}:{number}"
        for path in tracked()
        if path != Path(__file__) and path.suffix != ".lock"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if left.search(line)
    ]
    assert told == []


def test_rows_are_looped_over_only_where_it_is_known_why():
    found = {relative(path) for path in SOURCES if ROW_LOOP.search(path.read_text(encoding="utf-8"))}
    assert found == set(ROW_LOOPS)


def test_no_class_is_called_by_what_it_is_not():
    vague = re.compile(r"(Manager|Service|Helper|Handler|Processor)$")
    named = [
        node.name
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    ]
    assert [name for name in named if vague.search(name)] == []
    assert [path for path in SOURCES if path.stem in {"utils", "helpers", "misc"}] == []


def test_test_files_have_names_of_their_own():
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert len(names) == len(set(names))
    assert not list((ROOT / "tests").rglob("__init__.py"))
