"""`dq diff LEFT RIGHT`: what differs between two files."""

import stat
from pathlib import Path

import polars as pl
import pytest
from projects import Project

LEFT = pl.DataFrame(
    {
        "id": [10, 9, 8, 7],
        "email": ["ann@example.com", "bo@example.com", None, "di@example.com"],
        "score": [1.0, 2.0, 3.0, 4.0],
        "old": [1, 1, 1, 1],
    }
)
RIGHT = pl.DataFrame(
    {
        "score": [4.0, 2.5, 1.0, 5.0],
        "id": [7, 9, 10, 11],
        "email": ["di@example.com", "BO@example.com ", "ann@example.com", "eve@example.com"],
    }
)
TOLD = """left.parquet to right.parquet by id: 1 added, 1 removed, 1 changed (2 cells), 2 equal
  only left.parquet has: old
  email: 1 cell
  score: 1 cell
- 8
~ 9
    email: bo@example.com -> "BO@example.com "
    score: 2 -> 2.5
+ 11
"""


@pytest.fixture
def here(tmp_path: Path) -> Project:
    """Two files, and no configuration, store or plan."""
    LEFT.write_parquet(tmp_path / "left.parquet")
    RIGHT.write_parquet(tmp_path / "right.parquet")
    return Project(tmp_path)


def test_the_differences_as_text(here: Project):
    ended = here.dq("diff", "left.parquet", "right.parquet", "--key", "id")
    assert (ended.code, ended.out, ended.err) == (0, TOLD, "")
    assert here.dq("diff", "left.parquet", "right.parquet").out == TOLD  # id is the default
    assert sorted(path.name for path in here.root.iterdir()) == ["left.parquet", "right.parquet"]


def test_the_rest_is_counted(here: Project):
    ended = here.dq("diff", "left.parquet", "right.parquet", "--limit", "2")
    assert ended.out.endswith(
        '~ 9\n    email: bo@example.com -> "BO@example.com "\n… and 2 more differences (--limit 0 shows all)\n'
    )


def test_the_differences_as_json_and_as_markdown(here: Project):
    told = here.dq("diff", "left.parquet", "right.parquet", "--format", "json").json
    assert told["format_version"] == 1
    assert told["rows"] == {"added": 1, "removed": 1, "changed": 1, "equal": 2}
    assert told["cells"] == {"email": 1, "score": 1}
    assert told["columns"]["only_left"] == ["old"]
    assert told["changes"][0] == {
        "key": {"id": 8},
        "op": "delete",
        "column": None,
        "before": '{"email": null, "score": 3}',
        "after": None,
    }
    shown = here.dq("diff", "left.parquet", "right.parquet", "--format", "md").out
    assert "| ~ | 9 | email | ***@e***.com |" in shown
    assert "bo@" not in shown
    assert (
        "| ~ | 9 | email | bo@example.com |"
        in here.dq("diff", "left.parquet", "right.parquet", "--format", "md", "--unmasked").out
    )


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        (("--exit-code",), 1),
        (("--detailed-exitcode",), 2),
        ((), 0),
        (("--exit-code", "--key", "nowhere"), 2),
        (("--detailed-exitcode", "--key", "nowhere"), 1),
    ],
)
def test_exit_codes(here: Project, flags: tuple[str, ...], code: int):
    assert here.dq("diff", "left.parquet", "right.parquet", *flags).code == code
    if "nowhere" not in flags:
        assert here.dq("diff", "left.parquet", "left.parquet", *flags).code == 0


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".ndjson"])
def test_all_differences_in_a_file_sorted_by_key(here: Project, suffix: str):
    out = here.root / f"out{suffix}"
    ended = here.dq("diff", "left.parquet", "right.parquet", "--out", out.name, "--limit", "1")
    assert ended.code == 0, ended.err
    found = {".parquet": pl.read_parquet, ".csv": pl.read_csv, ".ndjson": pl.read_ndjson}[suffix](out)
    assert found.columns == ["id", "op", "column", "before", "after"]
    assert found.drop("before", "after").rows() == [
        (8, "delete", None),
        (9, "update", "email"),
        (9, "update", "score"),
        (11, "insert", None),
    ]
    assert found["after"].to_list()[1:3] == ['"BO@example.com "', "2.5"]
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert here.dq("diff", "left.parquet", "right.parquet", "--out", out.name).code == 2
    assert here.dq("diff", "left.parquet", "left.parquet", "--out", out.name, "--force").code == 0
    empty = {".parquet": pl.read_parquet, ".csv": pl.read_csv}.get(suffix)
    assert empty is None or empty(out).height == 0


def test_standard_forms_are_compared_when_asked(here: Project):
    told = here.dq("diff", "left.parquet", "right.parquet", "--standardize", "--format", "json").json
    assert told["cells"] == {"score": 1}
    only = here.dq(
        "diff", "left.parquet", "right.parquet", "--standardize", "--columns", "email", "--format", "json"
    ).json
    assert only["rows"]["changed"] == 0
    assert only["columns"]["only_left"] == []


def test_files_of_other_formats_and_separators(here: Project):
    (here.root / "left.csv").write_text("id;email;old;score\r\n" + "7;di@example.com;1;4\r\n", newline="")
    ended = here.dq("diff", "left.csv", "right.parquet", "--ignore", "old")
    assert "2 added" not in ended.out
    assert "3 added, 0 removed, 0 changed (0 cells), 1 equal" in ended.out
    assert "types differ, compared as text: id (String, Int64), score (String, Float64)" in ended.out
    assert here.dq("diff", "left.csv", "right.parquet", "--separator", ";", "--ignore", "old").out == ended.out


def test_rows_without_a_key_are_counted_and_said(here: Project):
    RIGHT.with_columns(id=pl.when(pl.col("id") > 9).then("id")).write_parquet(here.root / "holes.parquet")
    ended = here.dq("diff", "holes.parquet", "right.parquet", "--exit-code")
    assert ended.code == 1
    assert "holes.parquet: 2 rows without a key, not compared" in ended.out


def test_keys_that_repeat_are_refused(here: Project):
    ended = here.dq("diff", "left.parquet", "right.parquet", "--key", "old")
    assert (ended.code, "right.parquet: there is no column 'old'" in ended.err) == (2, True), ended.err
    LEFT.with_columns(id=pl.Series([1, 1, 2, 3])).write_parquet(here.root / "twice.parquet")
    ended = here.dq("diff", "twice.parquet", "right.parquet")
    assert (ended.code, "twice.parquet: 2 rows share 1 key, as 1 (2 rows)" in ended.err) == (2, True), ended.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("--key", "id"),
        ("left.parquet", "--key", "id"),
        ("--standardize",),
        ("left.parquet", "right.parquet", "--stale"),
        ("left.parquet", "right.parquet", "--compare-policies"),
        ("left.parquet", "right.parquet", "--out", "right.parquet", "--force"),
        ("left.parquet", "right.parquet", "--out", "out.txt"),
        ("left.parquet", "right.parquet", "--separator", ";"),
        ("left.parquet", "nowhere.parquet"),
        ("", "right.parquet"),
    ],
)
def test_what_does_not_fit_together_is_refused(here: Project, arguments: tuple[str, ...]):
    ended = here.dq("diff", *arguments)
    assert ended.code == 2, (ended.out, ended.err)
    assert RIGHT.equals(pl.read_parquet(here.root / "right.parquet"))


def test_keys_that_are_people_are_masked_where_values_are(tmp_path: Path):
    here = Project(tmp_path)
    rows = {"Email": ["ann@fernwald.org", "axel@fern.org", "bo@ostmark.org"], "name": ["Ann Lee", "Axel Ek", "Bo Chen"]}
    pl.DataFrame(rows).write_csv(tmp_path / "left.csv")
    pl.DataFrame({**rows, "name": ["Ann Li", "Axel Eck", "Bo Chan"]}).write_csv(tmp_path / "right.csv")
    for flags in (("--mask",), ("--format", "md"), ("--format", "json", "--mask")):
        told = here.dq("diff", "left.csv", "right.csv", "--key", "Email", *flags).out
        assert not any(word in told for word in ("fern", "ann@", "axel", "ostmark", "Chen")), told
        assert told.count("a***@f***.org") == 2  # rows whose masked keys look alike stay two
    assert "~ bo@ostmark.org" in here.dq("diff", "left.csv", "right.csv", "--key", "Email").out
    pl.DataFrame({**rows, "Email": ["ann@fernwald.org"] * 3}).write_csv(tmp_path / "twice.csv")
    refused = here.dq("diff", "left.csv", "twice.csv", "--key", "Email")
    assert (refused.code, "as a***@f***.org (3 rows)" in refused.err) == (2, True), refused.err
