"""`dq dedupe` and `dq check` on plain files."""

from pathlib import Path

import polars as pl
import pytest
from projects import Project


@pytest.fixture
def leads(fresh: Project) -> pl.DataFrame:
    """The lead table as a frame."""
    return pl.DataFrame(list(fresh.rows()["leads"].values()), infer_schema_length=None)


def _write(frame: pl.DataFrame, path: Path) -> Path:
    match path.suffix:
        case ".parquet":
            frame.write_parquet(path)
        case ".csv":
            frame.write_csv(path)
        case _:
            frame.write_ndjson(path)
    return path


def _entities(frame: pl.DataFrame) -> set[frozenset[tuple[str, str]]]:
    grouped = frame.group_by("entity_id").agg(pl.struct("store", "row_key"))
    return {frozenset((row["store"], row["row_key"]) for row in rows) for rows in grouped["store"].to_list()}


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".ndjson", ".jsonl"])
def test_every_format_has_the_same_duplicates(fresh: Project, leads: pl.DataFrame, suffix: str):
    file = _write(leads, fresh.root / f"leads{suffix}")
    ended = fresh.dq("dedupe", file.name, "--out", "out.parquet", "--format", "json")
    assert ended.code == 0, ended.err
    out = pl.read_parquet(fresh.root / "out.parquet")
    assert {"row_key", "entity_id"} <= set(out.columns)
    assert sorted(out["row_key"]) == sorted(leads["id"])
    assert ended.json["duplicates"] == out.height - out["entity_id"].n_unique() > 0
    truth = fresh.dq("dedupe", _write(leads, fresh.root / "again.parquet").name, "--out", "again.csv")
    assert truth.code == 0
    assert _entities(out) == _entities(pl.read_csv(fresh.root / "again.csv", infer_schema=False))


def test_two_linked_files_have_the_entities_of_the_stores(fresh: Project, leads: pl.DataFrame):
    config = fresh.config()
    del config["tables"][0]["link"]  # files know no links
    fresh.configure(config)
    assert fresh.dq("snapshot").code == 0
    assert fresh.dq("clean").code == 0
    clusters = pl.read_parquet(fresh.latest / "clean" / "clusters.parquet")
    records = pl.DataFrame(
        [
            {"id": key, **{name: cells.get(field) for name, field in _mapping(fresh).items()}}
            for key, cells in fresh.records().items()
        ],
        infer_schema_length=None,
    )
    _write(leads, fresh.root / "left.parquet")
    _write(records, fresh.root / "right.parquet")
    ended = fresh.dq(
        "dedupe", "left.parquet", "--link", "right.parquet", "--key", "id", "--exact", "--out", "out.ndjson"
    )
    assert ended.code == 0, ended.err
    out = pl.read_ndjson(fresh.root / "out.ndjson")
    assert out.height == clusters.height
    linked = {frozenset(key for _, key in group) for group in _entities(out)}
    assert linked == {frozenset(key for _, key in group) for group in _entities(clusters)}


def _mapping(project: Project) -> dict[str, str]:
    return project.config()["tables"][0]["mapping"]


def test_the_key_may_be_another_column_or_the_number_of_the_row(fresh: Project, leads: pl.DataFrame):
    _write(leads.drop("id").with_columns(pl.int_range(pl.len()).alias("number")), fresh.root / "leads.parquet")
    named = fresh.dq("dedupe", "leads.parquet", "--key", "number", "--out", "named.parquet")
    counted = fresh.dq("dedupe", "leads.parquet", "--out", "counted.parquet")
    assert (named.code, counted.code) == (0, 0), named.err + counted.err
    assert pl.read_parquet(fresh.root / "counted.parquet")["row_key"].n_unique() == leads.height
    assert sorted(pl.read_parquet(fresh.root / "named.parquet")["row_key"], key=int)[:2] == ["0", "1"]


@pytest.mark.parametrize(
    ("name", "frame", "flags", "words"),
    [
        ("nowhere.csv", None, (), ("nowhere.csv",)),
        ("leads.xlsx", {"email": ["a@b.example"]}, (), (".parquet",)),
        ("leads.csv", {"email": ["a@b.example"]}, ("--key", "emial"), ("emial", "email")),
        ("leads.csv", {"email": ["a@b.example"] * 2, "id": ["1", "1"]}, (), ("id",)),
        ("leads.csv", {"colour": ["red"]}, (), ("No column",)),
        ("leads.csv", {"colour": ["red"]}, ("--exact",), ("email",)),
        ("leads.csv", {"email": ["a@b.example"]}, ("--out", "out.txt"), (".parquet",)),
    ],
)
def test_a_file_that_cannot_be_deduplicated_says_why(
    fresh: Project, name: str, frame: dict | None, flags: tuple[str, ...], words: tuple[str, ...]
):
    if frame is not None:
        pl.DataFrame(frame).write_csv(fresh.root / name)
    ended = fresh.dq("dedupe", name, *flags)
    assert ended.code == 2, ended.err
    assert all(word in ended.err for word in words), ended.err


def test_a_file_that_is_not_what_its_name_says(fresh: Project):
    (fresh.root / "leads.parquet").write_text("id,email\n1,a@b.example\n")
    ended = fresh.dq("dedupe", "leads.parquet")
    assert (ended.code, "leads.parquet" in ended.err) == (2, True), ended.err


def _strict(project: Project, severity: str) -> None:
    rules = project.root / "rules"
    rules.mkdir(exist_ok=True)
    text = f"checks:\n  - name: has_phone\n    field: phone\n    check: completeness\n    severity: {severity}\n"
    (rules / "quality.yaml").write_text(text)


@pytest.mark.parametrize(
    ("severity", "flags", "code"), [("error", (), 1), ("warning", (), 0), ("warning", ("--fail-on", "warning"), 1)]
)
def test_check_of_the_planned_result_fails_by_severity(
    fresh: Project, severity: str, flags: tuple[str, ...], code: int
):
    _strict(fresh, severity)
    assert fresh.dq("snapshot").code == 0
    assert fresh.dq("clean").code == 0
    ended = fresh.dq("check", *flags, "--format", "json")
    assert ended.code == code, ended.err
    [verdict] = [one for one in ended.json["checks"] if one["name"] == "has_phone"]
    assert (verdict["passed"], 0 < verdict["failed"] < verdict["total"]) == (False, True)
    assert ended.json["passed"] is (code == 0)


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".ndjson"])
def test_check_of_a_file(fresh: Project, leads: pl.DataFrame, suffix: str):
    _strict(fresh, "error")
    _write(leads, fresh.root / f"leads{suffix}")
    ended = fresh.dq("check", f"leads{suffix}")
    assert (ended.code, "has_phone" in ended.out) == (1, True), ended
    _write(leads.filter(pl.col("phone").is_not_null() & (pl.col("phone") != "")), fresh.root / f"good{suffix}")
    assert fresh.dq("check", f"good{suffix}").code == 0


def test_check_without_a_plan_says_what_to_do(fresh: Project):
    assert fresh.dq("check").code == 2
    assert fresh.dq("snapshot").code == 0
    ended = fresh.dq("check")
    assert (ended.code, "dq clean" in ended.err) == (2, True)
    assert fresh.dq("check", "nowhere.parquet").code == 2
