"""`dq dedupe` from run to run: what was learned is kept, ids stay, and the configuration says what it says of files too."""

import math
from pathlib import Path

import polars as pl
import pytest
from matched_projects import ran
from projects import Project, configuration

from dq.leads import flat

COLUMNS = ("id", "name", "email", "company", "phone", "linkedin_url", "title")


@pytest.fixture(scope="module")
def leads() -> pl.DataFrame:
    return flat(3, 500).leads.select(COLUMNS)


@pytest.fixture(scope="module")
def once(leads: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A file, and what a run over it kept and wrote; copy it before you work on it."""
    project = Project(tmp_path_factory.mktemp("kept") / "project")
    project.configure(configuration())
    leads.write_csv(project.root / "leads.csv")
    ran(project, "dedupe", "leads.csv", "--save-model", "model.parquet", "--out", "before.parquet")
    return project


@pytest.fixture
def here(once: Project, tmp_path: Path) -> Project:
    return once.copy(tmp_path / "project")


def clusters(project: Project, *arguments: str) -> pl.DataFrame:
    """What a run writes, by row."""
    ran(project, "dedupe", *arguments, "--out", "out.parquet")
    return pl.read_parquet(project.root / "out.parquet").sort("store", "row_key")


def test_with_what_was_kept_the_same_rows_give_the_same_leads(here: Project) -> None:
    before = pl.read_parquet(here.root / "before.parquet").sort("store", "row_key")
    again = clusters(here, "leads.csv", "--model", "model.parquet")
    numbers = "probability"
    assert again.drop(numbers).equals(before.drop(numbers))
    assert (again[numbers] - before[numbers]).abs().max() < 1e-9
    assert again.group_by("entity_id").len().filter(pl.col("len") > 1).height > 30


@pytest.mark.parametrize("suffix", ["csv", "ndjson", "parquet"])
def test_a_model_and_known_leads_can_be_kept_in_any_format(here: Project, suffix: str) -> None:
    model, known = f"other.{suffix}", f"known.{suffix}"
    ran(here, "dedupe", "leads.csv", "--save-model", model, "--out", known)
    there = clusters(here, "leads.csv", "--model", model, "--known", known)
    assert there.equals(clusters(here, "leads.csv", "--model", "model.parquet", "--known", "before.parquet"))


def test_known_leads_keep_their_ids_when_rows_come_go_and_change_places(here: Project, leads: pl.DataFrame) -> None:
    before = pl.read_parquet(here.root / "before.parquet")
    stays = leads.sample(fraction=0.9, shuffle=True, seed=1)
    twin = stays.head(5).with_columns(pl.concat_str(pl.lit("twin "), "id").alias("id"), title=pl.lit(None, pl.String))
    pl.concat([twin, stays]).write_csv(here.root / "now.csv")
    now = clusters(here, "now.csv", "--model", "model.parquet", "--known", "before.parquet")
    known = dict(before.select("row_key", "entity_id").iter_rows())
    ids = dict(now.select("row_key", "entity_id").iter_rows())
    for key in twin["id"]:
        assert ids[key] == ids[key.removeprefix("twin ")], "a new row joins the lead that was there"
    moved = {key for key, entity in ids.items() if key in known and entity != known[key]}
    assert moved == set()
    learned = clusters(here, "now.csv", "--known", "before.parquet")
    assert learned["entity_id"].is_in(before["entity_id"].implode()).mean() > 0.95


def test_a_day_without_a_phone_is_still_of_that_table(here: Project, leads: pl.DataFrame) -> None:
    """A few new rows leave columns empty; they are judged by the others."""
    both = pl.concat([leads.head(3), leads.head(3).with_columns(pl.concat_str(pl.lit("new "), "id").alias("id"))])
    for empty in ("phone", "linkedin_url", "title"):
        both = both.with_columns(pl.lit(None, pl.String).alias(empty))
        both.write_csv(here.root / "few.csv")
        found = clusters(here, "few.csv", "--model", "model.parquet")
        assert found["entity_id"].n_unique() == leads.head(3).height


BAD = {
    "model: none": ("--model", "nothing.parquet", "no file"),
    "model: leads": ("--model", "leads.csv", "--save-model"),
    "model: clusters": ("--model", "before.parquet", "--save-model"),
    "known: leads": ("--known", "leads.csv", "--out"),
    "known: a model": ("--known", "model.parquet", "--out"),
    "known: a row twice": ("--known", "twice.parquet", "twice"),
    "model: lines are missing": ("--model", "half.parquet", "--save-model"),
    "model: of text": ("--model", "text.csv", "text.csv"),
    "model: of other columns": ("--model", "narrow.parquet", "another kind of table"),
}


@pytest.mark.parametrize("how", BAD)
def test_files_that_are_something_else_are_refused(here: Project, how: str) -> None:
    option, name, word = BAD[how]
    held, model = (pl.read_parquet(here.root / f"{one}.parquet") for one in ("before", "model"))
    pl.concat([held, held.head(1)]).write_parquet(here.root / "twice.parquet")
    model.filter(pl.col("kind") != "collision").write_parquet(here.root / "half.parquet")
    model.with_columns(share=pl.lit("much")).write_csv(here.root / "text.csv")
    other = pl.when(pl.col("text") == "email").then(pl.lit("mail")).otherwise("name").alias("name")
    model.with_columns(other).write_parquet(here.root / "narrow.parquet")
    ended = here.dq("dedupe", "leads.csv", option, name, "--out", "out.parquet")
    assert ended.code == 2, (ended.out, ended.err)
    assert word in ended.err
    assert "fix:" in ended.err
    assert not (here.root / "out.parquet").exists()


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--exact", "--model", "model.parquet"), ("--exact", "--model")),
        (("--exact", "--save-model", "new.parquet"), ("--exact", "--save-model")),
        (("--exact", "--known", "before.parquet"), ("--exact", "--known")),
        (("--link", "leads.csv", "--known", "before.parquet"), ("--known", "one file")),
        (("--save-model", "leads.csv"), ("leads.csv",)),
        (("--model", "model.parquet", "--save-model", "model.parquet"), ("model.parquet",)),
        (("--known", "before.parquet", "--out", "before.parquet"), ("before.parquet",)),
        (("--save-model", "new.parquet", "--out", "new.parquet"), ("new.parquet",)),
        (("--save-model", "new.txt"), (".txt",)),
    ],
)
def test_what_does_not_go_together_is_refused_and_writes_nothing(
    here: Project, flags: tuple[str, ...], words: tuple[str, ...]
) -> None:
    before = {path.name: path.read_bytes() for path in here.root.iterdir() if path.is_file()}
    ended = here.dq("dedupe", "leads.csv", *flags)
    assert ended.code == 2, (ended.out, ended.err)
    assert all(word in ended.err for word in words), ended.err
    assert {path.name: path.read_bytes() for path in here.root.iterdir() if path.is_file()} == before


OWN = ("store", "row_key", "label", "known", "entity_id", "label#", "known#", "sure#", "full#", "node", "value")


@pytest.mark.parametrize("word", OWN)
def test_columns_may_be_called_as_the_matchers_own(here: Project, leads: pl.DataFrame, word: str) -> None:
    leads.rename({"company": word}).write_parquet(here.root / "named.parquet")
    first = clusters(here, "named.parquet", "--save-model", "named model.parquet")
    (here.root / "out.parquet").rename(here.root / "first.parquet")
    again = clusters(here, "named.parquet", "--model", "named model.parquet")
    assert again.drop("probability").equals(first.drop("probability"))
    known = clusters(
        here, "named.parquet", "--model", "named model.parquet", "--known", "first.parquet", "--pairs", "p.csv"
    )
    assert known["entity_id"].equals(first["entity_id"])


def with_duplicates(here: Project, **said: object) -> None:
    config = here.config()
    here.configure({**config, "duplicates": {**config["duplicates"], **said}})


def test_the_fields_and_the_threshold_of_the_configuration_are_taken(here: Project, leads: pl.DataFrame) -> None:
    with_duplicates(here, matching_fields=["email", "name"], matching_threshold=0.9999)
    found = ran(here, "dedupe", "leads.csv", "--explain", "--out", "c.csv", "--format", "json").json
    assert found["learned"]["columns"] == {"email": "email", "name": "name"}
    strict = found["entities"]
    loose = ran(here, "dedupe", "leads.csv", "--threshold", "0.6", "--out", "c.csv", "--format", "json").json
    assert loose["entities"] < strict < leads.height
    other = ran(
        here, "dedupe", "leads.csv", "--fields", "phone,name", "--explain", "--out", "c.csv", "--format", "json"
    )
    assert set(other.json["learned"]["columns"]) == {"phone", "name"}
    leads.drop("email").write_csv(here.root / "without.csv")
    named = ran(here, "dedupe", "without.csv", "--explain", "--out", "c.csv", "--format", "json").json
    assert set(named["learned"]["columns"]) == {"name"}


@pytest.mark.parametrize("threshold", [0, 0.5, 1])
def test_every_threshold_that_a_configuration_may_say_is_one(here: Project, threshold: float) -> None:
    with_duplicates(here, matching_threshold=threshold)
    ended = ran(here, "dedupe", "leads.csv", "--pairs", "p.parquet", "--format", "json", "--out", "c.parquet")
    held = pl.read_parquet(here.root / "p.parquet").filter(decision="link")["match_probability"]
    assert math.isfinite(held.min() or 0.0)
    assert ended.json["rows"] == 500
