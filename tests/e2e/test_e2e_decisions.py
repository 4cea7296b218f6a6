"""What people decide about rows: kept, refused where it contradicts itself, carried from project to project, damaged."""

from pathlib import Path

import polars as pl
import pytest
from matched_projects import planned_project, ran
from projects import Project, everything

from dq import review
from dq.review.decisions import ENDS, PAIR, TYPES, decided, ordered
from dq.stores.vouched import write_vouched


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with its first plan; copy it before you work on it."""
    return planned_project(tmp_path_factory.mktemp("decided") / "project")


@pytest.fixture
def planned(once: Project, tmp_path: Path) -> Project:
    return once.copy(tmp_path / "project")


def held(project: Project) -> list[tuple[str, str, str]]:
    """key_l, key_r, decision of everything that was decided."""
    return review.load(project.snapshots).select("key_l", "key_r", "decision").sort(pl.all()).rows()


def pairs(*lines: tuple[str, str, str, str]) -> pl.DataFrame:
    return pl.DataFrame([("leads", *line) for line in lines], schema=PAIR, orient="row")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("database", "a"), ("airtable", "b")),
        (("database", "b"), ("database", "a")),
        (("airtable", "b"), ("airtable", "a")),
        (("airtable", "a"), ("database", "a")),
    ],
)
def test_the_ends_of_a_pair_are_in_one_order(one: tuple[str, str], other: tuple[str, str]) -> None:
    there, back = ordered(pairs((*one, *other))), ordered(pairs((*other, *one)))
    assert there.equals(back)
    assert there.select(ENDS).row(0) == (*min(one, other), *max(one, other))


def test_the_last_word_holds() -> None:
    told = pl.DataFrame(schema=TYPES)
    for decision in ("same", "unsure", "different"):
        turned = pairs(
            ("airtable", "a", "database", "b") if decision != "unsure" else ("database", "b", "airtable", "a")
        )
        told = decided(told, turned, decision, "ann", "2026-01-01", decision)
    assert told.select("decision", "why").rows() == [("different", "different")]


def test_a_list_of_an_earlier_release_is_read(tmp_path: Path) -> None:
    """Both rows were of one store, which was named once."""
    (tmp_path / "base").mkdir()
    line = {"table": "leads", "store": "airtable", "key_l": "rec1", "key_r": "rec2", "decision": "different"}
    old = pl.DataFrame([{**line, "by": "ann", "at": "2026-01-01T00:00:00+00:00", "why": "undo"}])
    write_vouched(old, tmp_path / "base" / review.decisions.FILE)
    now = review.load(tmp_path)
    assert now.columns == list(TYPES)
    assert now.select(ENDS).row(0) == ("airtable", "rec1", "airtable", "rec2")
    review.save(tmp_path, now)
    assert review.load(tmp_path).equals(now)


def test_contradictions_are_refused_and_leave_all_as_it_was(planned: Project) -> None:
    ran(planned, "review", "same", "v1", "w1")
    ran(planned, "review", "same", "w1", "x1")
    before, stores = held(planned), everything(planned)
    refused = planned.dq("review", "different", "x1", "v1")
    assert refused.code == 2
    assert "contradict" in refused.err
    assert "dq review forget" in refused.err
    assert (held(planned), everything(planned)) == (before, stores)
    ran(planned, "review", "different", "v1", "w1")
    assert ("v1", "w1", "different") in held(planned), "of the pair itself the last word holds"
    ran(planned, "review", "different", "x1", "v1")


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (("v1", "v1"), "one row"),
        (("v1", "database:v1"), "one row"),
        (("v1", "v22"), "did you mean v2?"),
        (("airtable:v1", "v2"), "no row"),
        (("v1", "nobody"), "no row"),
    ],
)
def test_rows_that_are_none_or_one_are_refused(planned: Project, rows: tuple[str, str], words: str) -> None:
    ended = planned.dq("review", "same", *rows)
    assert (ended.code, held(planned)) == (2, [])
    assert words in ended.err


def test_a_row_and_its_record_cannot_be_told_apart(settled: Project) -> None:
    ran(settled, "snapshot")
    ran(settled, "clean")
    ((row, record),) = settled.sql("SELECT id, airtable_id FROM leads WHERE airtable_id <> '' ORDER BY id LIMIT 1")
    for ends in ((row, record), (record, row)):
        ended = settled.dq("review", "different", *ends)
        assert ended.code == 2
        assert "dq undo" in ended.err
    assert held(settled) == []
    ran(settled, "review", "same", row, record)
    ran(settled, "review", "unsure", row, record)


@pytest.mark.parametrize("suffix", ["parquet", "csv", "ndjson"])
def test_decisions_go_from_project_to_project(planned: Project, once: Project, tmp_path: Path, suffix: str) -> None:
    ran(planned, "review", "same", "x1", "x2", "--why", 'she said, "yes"\nit is Ünal')
    ran(planned, "review", "different", "v1", "v2")
    ran(planned, "review", "unsure", "w2", "w1")
    ran(planned, "review", "export", f"told.{suffix}")
    other = once.copy(tmp_path / "other")
    ended = ran(other, "review", "import", str(planned.root / f"told.{suffix}"))
    assert "3 decisions" in ended.err
    ours, theirs = (review.load(one.snapshots).drop("at", "by") for one in (planned, other))
    assert ours.equals(theirs)
    ran(other, "review", "import", str(planned.root / f"told.{suffix}"))
    assert review.load(other.snapshots).drop("at", "by").equals(ours)


LINE = {
    "table": "leads",
    "store_l": "database",
    "key_l": "v1",
    "store_r": "database",
    "key_r": "v2",
    "decision": "same",
}
BAD = {
    "no decision": ([{name: LINE[name] for name in PAIR}], "decision"),
    "no store": ([{name: LINE[name] for name in LINE if name != "store_r"}], "store_r"),
    "another table": ([{**LINE, "table": "companies"}], "table"),
    "another store": ([{**LINE, "store_l": "excel"}], "store_l"),
    "another decision": ([{**LINE, "decision": "maybe"}], "decision"),
    "no key": ([LINE, {**LINE, "key_r": None}], "key"),
    "no word": ([{**LINE, "decision": None}], "decision"),
    "one contradicts": (
        [LINE, {**LINE, "key_r": "w1"}, {**LINE, "key_l": "w1", "decision": "different"}],
        "contradict",
    ),
    "one row": ([{**LINE, "key_r": "v1"}], "one row"),
    "one row is two": ([{**LINE, "key_r": "v1", "decision": "different"}], "one row"),
}


@pytest.mark.parametrize("how", BAD)
def test_files_that_say_something_else_are_refused_whole(planned: Project, how: str) -> None:
    lines, word = BAD[how]
    ran(planned, "review", "unsure", "w1", "w2")
    pl.DataFrame(lines).write_ndjson(planned.root / "told.ndjson")
    ended = planned.dq("review", "import", "told.ndjson")
    assert ended.code == 2, ended.err
    assert word in ended.err
    assert held(planned) == [("w1", "w2", "unsure")]


def test_the_last_line_of_a_file_holds(planned: Project) -> None:
    """It says of one pair three things, in either order of its rows, and the first again at last."""
    turned = {**LINE, "key_l": "v2", "key_r": "v1"}
    lines = [LINE, {**turned, "decision": "different"}, {**turned, "decision": "unsure"}, LINE]
    pl.DataFrame(lines).drop("table").write_csv(planned.root / "told.csv")
    ran(planned, "review", "import", "told.csv")
    assert held(planned) == [("v1", "v2", "same")]


def test_rows_that_this_project_does_not_have_wait_for_them(planned: Project) -> None:
    pl.DataFrame([{**LINE, "key_l": "007", "key_r": "8"}]).write_csv(planned.root / "told.csv")
    ran(planned, "review", "import", "told.csv")
    assert held(planned) == [("007", "8", "same")]
    ran(planned, "clean")
    ran(planned, "review", "forget", "007")
    assert held(planned) == []
    assert planned.dq("review", "forget", "007").code == 2


def flip(path: Path, where: float) -> None:
    data = bytearray(path.read_bytes())
    data[int((len(data) - 3) * where)] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("where", [0.0, 0.4, 1.0])
def test_what_was_learned_is_refused_when_a_bit_of_it_flipped(planned: Project, where: float) -> None:
    flip(planned.snapshots / "base" / "matcher.parquet", where)
    plan = (planned.latest / "plan.json").read_bytes()
    ended = planned.dq("clean")
    assert ended.code == 7, ended.err
    assert "dq clean --relearn" in ended.err
    assert (planned.latest / "plan.json").read_bytes() == plan
    ran(planned, "clean", "--relearn")
    ran(planned, "clean")


@pytest.mark.parametrize("where", [0.0, 0.4, 1.0])
def test_what_a_plan_went_by_is_refused_when_a_bit_of_it_flipped(planned: Project, where: float) -> None:
    flip(planned.latest / "clean" / "matcher.parquet", where)
    ended = planned.dq("why", "database", "w1")
    assert ended.code == 7, ended.err
    assert ("fix:" in ended.err, "Traceback" in ended.err) == (True, False)


@pytest.mark.parametrize(
    "command", [("review", "list"), ("review", "pairs"), ("review", "same", "v1", "w1"), ("clean",)]
)
def test_decisions_are_refused_when_a_bit_of_them_flipped(planned: Project, command: tuple[str, ...]) -> None:
    ran(planned, "review", "different", "v1", "v2")
    flip(planned.snapshots / "base" / "decisions.parquet", 0.4)
    before = (planned.snapshots / "base" / "decisions.parquet").read_bytes()
    ended = planned.dq(*command)
    assert ended.code == 7, ended.err
    assert "restore snapshots/base from a backup" in ended.err
    assert (planned.snapshots / "base" / "decisions.parquet").read_bytes() == before


@pytest.mark.parametrize("command", [("pairs",), ("same", "a", "b"), ("different", "a", "b")])
def test_without_a_plan_there_is_nothing_to_decide(fresh: Project, command: tuple[str, ...]) -> None:
    ended = fresh.dq("review", *command)
    assert ended.code == 2
    assert "dq clean" in ended.err or "dq run" in ended.err or "dq snapshot" in ended.err
    assert ran(fresh, "review", "list").err == "0 decisions\n"
