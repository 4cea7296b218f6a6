"""Files that cannot be read or must not be written: what is said of them, and that nothing is lost."""

import stat
from pathlib import Path

import polars as pl
import pytest
from projects import Project

from dq.engine import files
from dq.errors import TemporaryError

GOOD = b"id,name,email\n1,Ann  Lee,ann@example.com\n2,Bo,bo@example.com\n"
LINE = b"1,Ann,ann@example.com\n"
BROKEN = {
    "latin.csv": (b"id,name\n1,Ann\n2,M\xfcller\n", "Line 3 holds bytes that are no UTF-8"),
    "late.csv": (b"id,name,email\n" + LINE * 60_000 + b"2,M\xc3\xbcller,x\n3,M\xfcller,x\n", "Line 60,003 holds"),
    "cut.csv": (b"id,name\n1,Ann\n2,M\xc3", "The last line holds"),
    "wide.csv": (GOOD + b"3,Cy,cy@example.com,more\n", "Row 3 has more cells than the first line has names"),
    "semicolons.csv": (b"id;name\n1;Ann;more\n", "Row 1 has more cells"),
    "open.csv": (b'id,name\n1,"Ann\n2,Bo\n', "A quoted cell does not end"),
    "empty.csv": (b"", "It is empty"),
    "blank.csv": (b"\n \n", "It is empty"),
    "utf16.csv": ("id,name\n1,Ann\n".encode("utf-16"), "It is UTF-16 text"),
    "sheet.csv": (b"PK\x03\x04 and so on", "It is a ZIP archive"),
    "half.ndjson": (b'{"id": 1, "name": "Secretperson"}\n{"id": 2,\n', "A line is not one whole JSON object"),
    "no.parquet": (b"PAR1 hello", "It is no Parquet file"),
}


@pytest.fixture
def here(tmp_path: Path) -> Project:
    """A folder without a project."""
    (tmp_path / "good.csv").write_bytes(GOOD)
    return Project(tmp_path)


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize(
    "command", [("standardize",), ("check",), ("check", "--suggest"), ("dedupe",), ("diff", "good.csv")]
)
def test_a_broken_file_is_named_with_the_reason(here: Project, command: tuple[str, ...], name: str):
    content, reason = BROKEN[name]
    (here.root / name).write_bytes(content)
    ended = here.dq(*command, name)
    assert (ended.code, ended.out) == (2, ""), ended
    assert ended.err.startswith(f"dq: {name} cannot be read as .{name.rpartition('.')[2]}.")
    assert reason in ended.err
    assert not any(word in ended.err for word in ("Error", "Secretperson", "ller", "good.csv"))


def shorter(path: Path):
    path.write_bytes(GOOD[:-5])


def another(path: Path):
    path.unlink()
    path.write_bytes(GOOD)


@pytest.mark.parametrize("change", [shorter, another, Path.unlink])
@pytest.mark.parametrize("error", [None, pl.exceptions.ShapeError("rows"), IndexError("rows")])
def test_a_file_that_changes_while_it_is_read_is_not_gone_by(here: Project, change, error):
    path = here.root / "good.csv"
    with pytest.raises(TemporaryError, match=r"good\.csv changed while it was read"), files.readable(path):  # noqa: PT012
        change(path)
        if error is not None:
            raise error


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("folder", "folder is a folder"),
        ("sheet.xlsx", "CSV UTF-8"),
        ("tabs.tsv", "call it .csv"),
        ("one.json", ".ndjson"),
        ("nowhere", "There is no file and no snapshot nowhere"),
        ("nowhere.csv", "There is no file nowhere.csv"),
    ],
)
def test_what_is_no_file_of_data_says_what_to_do(here: Project, name: str, word: str):
    (here.root / "folder").mkdir()
    for file in ("sheet.xlsx", "tabs.tsv", "one.json"):
        (here.root / file).write_text("id\n1\n")
    ended = here.dq("check", name)
    assert (ended.code, word in ended.err) == (2, True), ended


@pytest.mark.parametrize(
    "command",
    [
        ("check", "good.csv", "--findings", "good.csv"),
        ("check", "good.csv", "--findings", "./good.csv"),
        ("dedupe", "good.csv", "--out", "good.csv"),
        ("standardize", "good.csv", "--findings", "good.csv"),
        ("standardize", "good.csv", "--out", "new.csv", "--findings", "./new.csv"),
        ("standardize", "good.csv", "--in-place", "--findings", "good.csv"),
    ],
)
def test_a_file_that_is_read_is_not_written_over(here: Project, command: tuple[str, ...]):
    ended = here.dq(*command)
    assert (ended.code, ended.out) == (2, ""), ended
    assert (here.root / "good.csv").read_bytes() == GOOD
    assert [path.name for path in here.root.iterdir()] == ["good.csv"]


@pytest.mark.parametrize(
    "command",
    [
        ("standardize", "good.csv", "--out", "nowhere/a.csv"),
        ("standardize", "good.csv", "--findings", "nowhere/a.csv"),
        ("check", "good.csv", "--findings", "nowhere/a.csv"),
        ("check", "good.csv", "--out", "nowhere/a.md"),
        ("dedupe", "good.csv", "--out", "nowhere/a.csv"),
        ("diff", "good.csv", "good.csv", "--out", "nowhere/a.csv"),
    ],
)
def test_a_folder_that_is_not_there_is_usage(here: Project, command: tuple[str, ...]):
    ended = here.dq(*command)
    assert (ended.code, ended.out) == (2, ""), ended
    assert "There is no such folder.\n  where: nowhere\n  fix:" in ended.err


def test_repeated_ids_are_a_finding_and_no_usage_mistake(here: Project):
    (here.root / "twice.csv").write_bytes(GOOD + b"2,Cy,cy@example.com\n,Di,di@example.com\n")
    (here.root / "rules.yaml").write_text(
        "checks:\n  - {name: id_unique, check: uniqueness, field: id, severity: error}\n"
        "  - {name: no_twins, check: duplicates}\n"
    )
    ended = here.dq("check", "twice.csv", "--rules", "rules.yaml", "--format", "json")
    assert ended.code == 1, ended.err
    assert [one["rows"] for one in ended.json["checks"]] == [["2", "3"], []]
    assert "twice.csv: 3 rows have an empty or repeated id" in ended.err
    asked = here.dq("check", "twice.csv", "--rules", "rules.yaml", "--key", "id")
    assert (asked.code, "Column id is no key: 3 rows" in asked.err) == (2, True)


def test_duplicates_are_found_under_the_names_that_other_commands_know(here: Project):
    pl.DataFrame({"Email": ["ann.lee@fernwald.org", "ANN.lee@fernwald.org", "bo@ostmark.org"]}).write_csv(
        here.root / "names.csv"
    )
    ended = here.dq("dedupe", "names.csv", "--format", "json")
    assert (ended.code, ended.json["duplicates"]) == (0, 1), ended


RULES = """checks:
  - {name: kind, check: completness, field: email}
  - {name: much, check: completeness, field: email, max_share: 12}
"""
BOUND = """checks:
  - {name: column, check: pattern, field: emial, pattern: x}
  - {name: in_sql, check: sql, sql: "emial IS NOT NULL"}
"""


@pytest.mark.parametrize(
    ("command", "rules", "words"),
    [
        (
            "check",
            RULES,
            ("my.yaml:2: checks[0] (kind).check: not one of the known words; did you mean `completeness`?",),
        ),
        ("check", RULES, ("2 mistakes", "my.yaml:3: checks[1] (much).max_share: must be at most 1.0")),
        ("check", BOUND, ("my.yaml:2: column: there is no column `emial`; did you mean `email`?",)),
        ("check", BOUND, ("my.yaml:3: in_sql: ", "Did you mean `email`?")),
        ("standardize", "fields: {email: [text, emial]}\n", ("my.yaml:1", "did you mean `email`?")),
        ("standardize", "", ("my.yaml", "the file is empty")),
        ("standardize", None, ("There is no file my.yaml",)),
        ("check", None, ("There is no file my.yaml",)),
    ],
)
def test_mistakes_in_a_file_of_rules_name_line_rule_and_near_miss(
    here: Project, command: str, rules: str | None, words: tuple[str, ...]
):
    if rules is not None:
        (here.root / "my.yaml").write_text(rules)
    ended = here.dq(command, "good.csv", "--rules", "my.yaml")
    assert (ended.code, ended.out) == (2, ""), ended
    assert all(word in ended.err for word in words), ended.err
    assert "config check" not in ended.err  # it reads the project's own files alone


@pytest.mark.parametrize(
    "flags", [("--format", "json"), ("--rules", "a.yaml"), ("--update-baseline",), ("--key", "id")]
)
def test_options_that_suggesting_cannot_heed_are_refused(here: Project, flags: tuple[str, ...]):
    ended = here.dq("check", "good.csv", "--suggest", *flags)
    assert (ended.code, ended.out) == (2, "")
    assert f"{flags[0]} does not go with --suggest" in ended.err


def test_what_is_hidden_or_nameless_says_so(here: Project):
    (here.root / "odd.csv").write_text("id,,email\n1,x,ANN@Fernwald.org\n")
    told = here.dq("standardize", "odd.csv", "--explain").err
    assert "left, no rule names it: id, (no name)" in told
    assert "values are masked; --unmasked shows them" in told
    assert "masked" not in here.dq("standardize", "odd.csv", "--explain", "--unmasked").err


def test_the_baseline_that_is_written_is_named_as_seen_from_here(here: Project):
    ended = here.dq("check", "good.csv", "--update-baseline")
    assert ended.err.startswith("rules/quality-baseline.json: accepts "), ended.err


def test_findings_are_for_their_owner(here: Project):
    (here.root / "bad.csv").write_text("id,email\n1,nowhere\n")
    assert here.dq("check", "bad.csv", "--findings", "found.csv").code == 0
    assert stat.S_IMODE((here.root / "found.csv").stat().st_mode) == 0o600
    assert "nowhere" in (here.root / "found.csv").read_text()
