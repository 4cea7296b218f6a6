"""Files that commands write: refused before anything is worked out, or whole and for their owner only."""

import os
import re
import stat
from pathlib import Path

import pytest
from projects import Project

from dq.engine.outputs import demand_outputs
from dq.errors import ConfigurationError
from dq.leads import flat

GOOD = b"id,name,email\n1,Ann  Lee,ann@fernwald.org\n2,Bo,bo@ostmark.org\n3,Ann Lee,ann@fernwald.org\n"
COMMANDS = {
    "dedupe": ("dedupe", "good.csv", "--out", "{}", "--pairs", "p.csv", "--report", "r.html"),
    "dedupe --pairs": ("dedupe", "good.csv", "--out", "c.csv", "--pairs", "{}"),
    "dedupe --report": ("dedupe", "good.csv", "--out", "c.csv", "--report", "{}"),
    "dedupe --exact": ("dedupe", "good.csv", "--exact", "--out", "{}"),
    "standardize": ("standardize", "good.csv", "--out", "{}"),
    "standardize --findings": ("standardize", "good.csv", "--findings", "{}"),
    "check --findings": ("check", "good.csv", "--findings", "{}"),
    "leads generate": ("leads", "generate", "--rows", "9", "--out", "{}", "--truth", "t.csv"),
}
PAGES = ("dedupe --report",)


@pytest.fixture
def here(tmp_path: Path) -> Project:
    """A folder without a project."""
    (tmp_path / "good.csv").write_bytes(GOOD)
    return Project(tmp_path)


def asked(name: str, target: str) -> list[str]:
    return [word.format(target) for word in COMMANDS[name]]


@pytest.mark.parametrize("name", COMMANDS)
def test_what_is_written_is_whole_and_its_owners_only(here: Project, name: str):
    target = "new.html" if name in PAGES else "new.parquet"
    before = os.umask(0)
    try:
        ended = here.dq(*asked(name, target))
    finally:
        os.umask(before)
    assert ended.code in (0, 1), ended
    written = [path for path in here.root.iterdir() if path.name != "good.csv"]
    assert here.root / target in written
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}
    assert not any("partial" in path.name for path in written)


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "leads generate"])
@pytest.mark.parametrize("alias", ["good.csv", "./good.csv", "link.csv", "hard.csv", "../{}/good.csv"])
def test_a_file_that_is_read_is_left_alone_by_whatever_name(here: Project, name: str, alias: str):
    (here.root / "link.csv").symlink_to("good.csv")
    (here.root / "hard.csv").hardlink_to(here.root / "good.csv")
    before = sorted(here.root.iterdir())
    ended = here.dq(*asked(name, alias.format(here.root.name)))
    assert (ended.code, ended.out) == (2, ""), ended
    assert (here.root / "good.csv").read_bytes() == GOOD
    assert sorted(here.root.iterdir()) == before


@pytest.mark.parametrize(
    ("command", "options"),
    [
        (("dedupe", "good.csv", "--out", "a.csv", "--pairs", "./a.csv"), ("--out", "--pairs")),
        (("dedupe", "good.csv", "--out", "a.parquet", "--pairs", "link.parquet"), ("--out", "--pairs")),
        (("standardize", "good.csv", "--out", "a.csv", "--findings", "a.csv"), ("--out", "--findings")),
        (("leads", "generate", "--out", "a.csv", "--traits", "a.csv"), ("--out", "--traits")),
    ],
)
def test_two_outputs_are_two_files(here: Project, command: tuple[str, ...], options: tuple[str, str]):
    (here.root / "link.parquet").symlink_to("a.parquet")
    before = sorted(here.root.iterdir())
    ended = here.dq(*command)
    assert (ended.code, ended.out) == (2, ""), ended
    assert f"{options[0]} and {options[1]} name one file" in ended.err
    assert sorted(here.root.iterdir()) == before


@pytest.mark.parametrize(
    ("target", "word"),
    [("nowhere/a.html", "no such folder"), ("a.csv", ".html"), ("a", "without a suffix"), ("sub.html", "folder")],
)
def test_a_page_has_a_name_and_a_place_of_its_own(here: Project, target: str, word: str):
    (here.root / "sub.html").mkdir()
    ended = here.dq("dedupe", "good.csv", "--report", target)
    assert (ended.code, word in ended.err) == (2, True), ended
    assert "--exact" in here.dq("dedupe", "good.csv", "--exact", "--report", "a.html").err


def test_the_guard_goes_by_files_and_not_by_names(tmp_path: Path):
    here, there = tmp_path / "a.csv", tmp_path / "b.csv"
    demand_outputs({"--out": here, "--pairs": there, "--findings": None, "--more": Path("-"), "--most": Path("-")})
    demand_outputs({"--out": here}, [tmp_path / "not there.csv"], force=False)
    here.touch()
    with pytest.raises(ConfigurationError, match="exists"):
        demand_outputs({"--out": here}, force=False)
    with pytest.raises(ConfigurationError, match="is read"):
        demand_outputs({"--out": here}, [here])
    (tmp_path / "x").mkdir()
    with pytest.raises(ConfigurationError, match="one file"):
        demand_outputs({"--out": there, "--pairs": tmp_path / "x" / ".." / "b.csv"}, pages=())


def test_the_page_of_a_match_shows_charts_and_no_values(here: Project):
    made = flat(4, 1_500).leads
    made.write_parquet(here.root / "leads.parquet")
    ended = here.dq("dedupe", "leads.parquet", "--report", "page.html", "--out", "c.parquet")
    assert ended.code == 0, ended.err
    page = (here.root / "page.html").read_text()
    for word in (
        "What was found",
        "Match weights",
        "What was learned",
        "What was compared",
        "Some pairs",
        "link: +0.6",
    ):
        assert word in page, word
    assert page.count("<svg") >= 7
    for column in ("email", "linkedin_url", "phone", "company", "name"):
        values = [value for value in made[column].drop_nulls().unique() if len(value) > 5]
        assert not [value for value in values if value in page], column


def test_keys_that_are_addresses_are_masked_in_the_page(here: Project):
    made = flat(4, 1_500).leads
    made.filter(made["email"].is_unique(), made["email"].is_not_null()).write_csv(here.root / "leads.csv")
    assert here.dq("dedupe", "leads.csv", "--key", "email", "--report", "page.html").code == 0
    page = (here.root / "page.html").read_text()
    assert "row " in page
    assert re.search(r"row \w?\*\*\*@", page)
    assert not set(made["email"].drop_nulls()) & set(page.replace("<", " ").replace(">", " ").split())


def test_the_page_of_two_files_tells_them_apart(here: Project):
    made = flat(4, 1_500).leads
    made[::2].write_parquet(here.root / "one.parquet")
    made[1::2].write_parquet(here.root / "two.parquet")
    ended = here.dq("dedupe", "one.parquet", "--link", "two.parquet", "--report", "page.html", "--threshold", "0.95")
    assert ended.code == 0, ended.err
    page = (here.root / "page.html").read_text()
    assert "row of the second file" in page
    assert "95%" in page


def test_the_page_of_a_model_estimates_nothing(here: Project):
    flat(4, 1_500).leads.write_parquet(here.root / "leads.parquet")
    assert here.dq("dedupe", "leads.parquet", "--save-model", "m.parquet", "--report", "one.html").code == 0
    ended = here.dq("dedupe", "leads.parquet", "--model", "m.parquet", "--out", "c.csv", "--report", "two.html")
    assert ended.code == 0, ended.err
    first, second = ((here.root / name).read_text() for name in ("one.html", "two.html"))
    assert "They hold an estimated" in first
    assert "They hold an estimated" not in second
    assert "pairs were compared" in second
    taken = here.dq("dedupe", "leads.parquet", "--model", "m.parquet", "--report", "m.parquet")
    assert (taken.code, ".html" in taken.err) == (2, True), taken
