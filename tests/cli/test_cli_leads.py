"""`dq leads generate`: files in every format, nothing replaced unasked, and what is refused."""

import stat
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from projects import Project

from dq.leads import flat

READ = {
    ".parquet": pl.read_parquet,
    ".csv": lambda path: pl.read_csv(path, infer_schema=False),
    ".ndjson": pl.read_ndjson,
    ".jsonl": pl.read_ndjson,
}


@pytest.fixture
def here(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.mark.parametrize("suffix", READ)
def test_every_format_holds_the_table(here: Project, suffix: str):
    names = {name: f"{name}{suffix}" for name in ("out", "truth", "traits")}
    options = [word for name, file in names.items() for word in (f"--{name}", file)]
    ended = here.dq("leads", "generate", "--rows", "300", "--seed", "4", *options)
    assert ended.code == 0, ended.err
    made = flat(seed=4, rows=300)
    people = made.truth["entity_id"].n_unique()
    assert ended.out == f"out{suffix}: 300 rows of {people} people, seed 4\n"
    assert ended.err == ""
    for name, frame in (("out", made.leads), ("truth", made.truth), ("traits", made.traits)):
        found = READ[suffix](here.root / names[name])
        assert_frame_equal(found, frame.cast(pl.String) if suffix == ".csv" else frame)
        assert stat.S_IMODE((here.root / names[name]).stat().st_mode) == 0o600


def test_the_table_is_written_here_when_nothing_else_is_said(here: Project):
    ended = here.dq("leads", "generate", "--rows", "50")
    assert ended.code == 0, ended.err
    assert pl.read_parquet(here.root / "leads.parquet").height == 50
    assert "--truth FILE" in ended.err
    assert [path.name for path in here.root.iterdir()] == ["leads.parquet"]


def test_json_tells_what_was_made(here: Project):
    ended = here.dq("leads", "generate", "--rows", "50", "--out", "a.csv", "--truth", "b.csv", "--format", "json")
    facts = ended.json
    assert facts.pop("entities") == flat(rows=50).truth["entity_id"].n_unique()
    assert facts == {"format_version": 1, "rows": 50, "seed": 1, "out": "a.csv", "truth": "b.csv"}


@pytest.mark.parametrize("option", ["--out", "--truth", "--traits"])
def test_a_file_that_is_there_stays_unless_forced(here: Project, option: str):
    mine = here.root / "mine.csv"
    mine.write_text("mine")
    asked = ("leads", "generate", "--rows", "20", option, "mine.csv")
    ended = here.dq(*asked)
    assert ended.code == 2
    assert "mine.csv exists" in ended.err
    assert "--force" in ended.err
    assert mine.read_text() == "mine"
    assert [path.name for path in here.root.iterdir()] == ["mine.csv"]
    assert here.dq(*asked, "--force").code == 0
    assert len(mine.read_text().splitlines()) == 21


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--rows", "0"], "greater than or equal to 1"),
        (["--rows", "many"], "--rows"),
        (["--seed", "-1"], "greater than or equal to 0"),
        (["--out", "leads.xlsx"], "does not write .xlsx"),
        (["--truth", "truth"], "files without a suffix"),
        (["--out", "no/leads.csv"], "There is no such folder"),
        (["--out", "folder.csv"], "is a folder"),
        (["--truth", "a.csv", "--traits", "./a.csv"], "--truth and --traits name one file"),
        (["--colour"], "No such option"),
    ],
)
def test_what_cannot_be_made_is_refused_before_anything_is_written(here: Project, arguments: list[str], told: str):
    (here.root / "folder.csv").mkdir()
    ended = here.dq("leads", "generate", *arguments)
    assert ended.code == 2
    assert told in ended.err
    assert [path.name for path in here.root.iterdir()] == ["folder.csv"]


def test_an_unknown_command_is_a_usage_error(here: Project):
    assert here.dq("leads", "invent").code == 2


def test_the_table_is_one_that_other_commands_take(here: Project):
    assert here.dq("leads", "generate", "--rows", "400", "--out", "leads.csv").code == 0
    ended = here.dq("dedupe", "leads.csv", "--format", "json", "--out", "found.csv")
    assert ended.code == 0, ended.err
    assert ended.json["rows"] == 400
    assert ended.json["duplicates"] > 10
    assert here.dq("standardize", "leads.csv").code == 0
