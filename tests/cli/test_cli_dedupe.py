"""`dq dedupe FILE`: the matcher on files as people have them."""

import io
import json

import polars as pl
import pytest
from projects import Project

from dq.engine.filematch import Asked, match_files
from dq.leads import flat
from dq.schemas import Cluster, Pair


@pytest.fixture(scope="module")
def invented() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Invented leads, and who they are."""
    made = flat(3, 2_000)
    return made.leads, made.truth.rename({"entity_id": "truth"})


def scores(found: pl.DataFrame, truth: pl.DataFrame) -> tuple[float, float]:
    """Precision and recall over all pairs of rows in one cluster."""
    rows = found.with_columns(pl.col("row_key").cast(pl.String)).join(truth, on="row_key")
    pairs = [
        rows.group_by(by).agg(pl.len() * (pl.len() - 1) // 2).sum()["len"].item()
        for by in (["entity_id", "truth"], ["entity_id"], ["truth"])
    ]
    return pairs[0] / pairs[1], pairs[0] / pairs[2]


def test_people_are_found_without_a_rule(fresh: Project, invented):
    leads, truth = invented
    leads.write_parquet(fresh.root / "leads.parquet")
    ended = fresh.dq("dedupe", "leads.parquet", "--out", "c.parquet", "--pairs", "p.parquet", "--format", "json")
    assert ended.code == 0, ended.err
    found = Cluster.validate(pl.read_parquet(fresh.root / "c.parquet"))
    precision, recall = scores(found, truth)
    assert precision >= 0.97
    assert recall >= 0.95
    assert found["survivor"].sum() == found["entity_id"].n_unique() == ended.json["entities"]
    pairs = Pair.validate(pl.read_parquet(fresh.root / "p.parquet"))
    assert {"gamma_person", "gamma_organization", "gamma_email"} <= set(pairs.columns)
    assert pairs["match_weight"].is_sorted(descending=True)


def test_what_is_learned_is_told(fresh: Project, invented):
    invented[0].write_csv(fresh.root / "leads.csv")
    text = fresh.dq("dedupe", "leads.csv", "--explain").out
    for words in (
        "linkedin_url (profile)",
        "family name, given near",
        " bits",
        "by chance",
        "pairs compared",
        "prior:",
    ):
        assert words in text
    learned = fresh.dq("dedupe", "leads.csv", "--explain", "--out", "c.csv", "--format", "json").json["learned"]
    (person,) = [one for one in learned["comparisons"] if one["name"] == "person"]
    assert [level["level"] for level in person["levels"]][-1] == "equal"
    assert sum(level["matches"] for level in person["levels"]) == pytest.approx(1)
    assert "created_at" not in learned["columns"]
    for shared in learned["shared"]:
        assert len(shared["comparisons"]) == 2
        assert 0 < shared["share"] < learned["prior"]


def test_values_that_are_too_common_for_a_key_are_told(fresh: Project):
    names = [f"{given}{number}" for number in range(60) for given in ("ann", "bo")]
    mail = ["one@firm.de"] * 60 + [f"m{number // 2}@firm.de" for number in range(60)]
    pl.DataFrame({"first_name": names, "email": mail}).write_csv(fresh.root / "common.csv")
    said = ("dedupe", "common.csv", "--fields", "email,first_name", "--explain")
    assert "  email (1 value of more than 50 rows left out)\n" in fresh.dq(*said).out
    learned = fresh.dq(*said, "--out", "c.csv", "--format", "json").json["learned"]
    assert learned["values_left_out"]["email"] == 1
    assert fresh.dq(*said, "--out", "c.csv", "--report", "r.html").code == 0
    assert "Values of keys that more than 50 rows have bring none: " in (fresh.root / "r.html").read_text("utf-8")


def test_the_order_of_rows_does_not_matter(fresh: Project, invented):
    leads = invented[0].head(600)
    leads.write_parquet(fresh.root / "one.parquet")
    leads.sample(fraction=1, shuffle=True, seed=5).write_parquet(fresh.root / "other.parquet")
    first, second = (fresh.dq("dedupe", f"{name}.parquet", "--out", "-") for name in ("one", "other"))
    assert (first.code, second.code) == (0, 0), first.err + second.err
    ids = [pl.read_csv(io.StringIO(ended.out)).select("row_key", "entity_id") for ended in (first, second)]
    assert ids[0].sort("row_key").equals(ids[1].sort("row_key"))


def test_linked_files_have_one_row_for_one(fresh: Project, invented):
    leads, truth = invented
    half = leads.with_row_index("n").with_columns(pl.col("n") % 2 == 0)
    for name, kept in (("left", half.filter("n")), ("right", half.filter(~pl.col("n")))):
        kept.drop("n").write_parquet(fresh.root / f"{name}.parquet")
    ended = fresh.dq("dedupe", "left.parquet", "--link", "right.parquet", "--out", "linked.parquet")
    assert ended.code == 0, ended.err
    linked = pl.read_parquet(fresh.root / "linked.parquet")
    assert linked.group_by("entity_id", "store").len()["len"].max() == 1
    assert scores(linked, truth)[0] >= 0.95
    fresh.dq("dedupe", "left.parquet", "--link", "right.parquet", "--within", "--out", "within.parquet")
    within = pl.read_parquet(fresh.root / "within.parquet")
    assert within.group_by("entity_id", "store").len()["len"].max() > 1
    assert scores(within, truth)[1] > scores(linked, truth)[1]


@pytest.mark.parametrize(
    ("rows", "entities"),
    [
        ({"email": ["a@fernwald.org", "A@fernwald.org", "b@ostmark.org"]}, 2),
        ({"name": ["Ann Lee"] * 3 + ["Bo Chen"]}, None),
        ({"name": ["Ann Lee", None, None], "email": [None, None, "a@x.org"]}, 3),
        ({"name": ["Ann"], "email": ["a@x.org"]}, None),
    ],
)
def test_small_and_hollow_files_end_well(fresh: Project, rows: dict, entities: int | None):
    pl.DataFrame(rows).write_csv(fresh.root / "few.csv")
    ended = fresh.dq("dedupe", "few.csv", "--format", "json")
    if entities is None:
        assert ended.code in {0, 2}, ended
    else:
        assert (ended.code, ended.json["entities"]) == (0, entities), ended.err


def test_a_file_without_rows_has_no_leads(fresh: Project):
    (fresh.root / "empty.csv").write_text("name,email\n")
    ended = fresh.dq("dedupe", "empty.csv")
    assert ended.code == 2
    assert "No column" in ended.err


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--within",), ("--within", "two files")),
        (("--exact", "--explain"), ("--exact", "--explain")),
        (("--fields", "emial"), ("emial", "email")),
        (("--pairs", "leads.csv"), ("leads.csv",)),
        (("--pairs", "pairs.txt"), (".parquet",)),
        (("--threshold", "2"), ("0.9999",)),
    ],
)
def test_what_cannot_be_asked_is_refused(fresh: Project, invented, flags: tuple[str, ...], words: tuple[str, ...]):
    invented[0].head(50).write_csv(fresh.root / "leads.csv")
    before = (fresh.root / "leads.csv").read_bytes()
    ended = fresh.dq("dedupe", "leads.csv", *flags)
    assert ended.code == 2, ended.out
    assert all(word in ended.err for word in words), ended.err
    assert (fresh.root / "leads.csv").read_bytes() == before


def test_only_the_fields_that_are_named_count(fresh: Project, invented):
    invented[0].write_csv(fresh.root / "leads.csv")
    ended = fresh.dq("dedupe", "leads.csv", "--fields", "email,name", "--explain", "--out", "c.csv", "--format", "json")
    assert json.loads(ended.out)["learned"]["columns"] == {"email": "email", "name": "name"}


@pytest.mark.parametrize("seed", range(4))
def test_rows_of_any_order_give_the_same_clusters_probabilities_and_pairs(tmp_path, seed):
    leads = flat(seed, 400).leads
    shuffled = leads.sample(fraction=1, shuffle=True, seed=seed)
    one, other = (match_files(rows.lazy(), None, Asked()) for rows in (leads, shuffled))
    assert one.clusters.equals(other.clusters)
    assert one.pairs.equals(other.pairs)


def test_little_memory_changes_nothing(fresh: Project):
    flat(4, 30_000).leads.write_parquet(fresh.root / "leads.parquet")
    for out, options in (("a.csv", []), ("b.csv", ["--max-memory", "64"])):
        ended = fresh.dq("dedupe", "leads.parquet", "--out", out, *options)
        assert ended.code == 0, ended.err
    assert (fresh.root / "a.csv").read_text() == (fresh.root / "b.csv").read_text()


@pytest.mark.parametrize("cells", [("n/a", "n/a"), ("unknown", "-"), ("", "")])
def test_a_file_in_which_nothing_is_said_is_refused_with_words(fresh, cells):
    (fresh.root / "leads.csv").write_text("id,email\n" + "".join(f"{n},{cell}\n" for n, cell in enumerate(cells)))
    ended = fresh.dq("dedupe", "leads.csv")
    assert ended.code == 2, (ended.out, ended.err)
    assert "No column of the file says who a row is" in ended.err


def test_the_projects_rules_say_where_rows_of_one_lead_never_differ(fresh: Project):
    flat(4, 600).leads.write_parquet(fresh.root / "leads.parquet")
    (fresh.root / "rules").mkdir(exist_ok=True)
    differing = []
    for rules in ("matcher: {}", "matcher: {never: [phone]}"):
        (fresh.root / "rules" / "dedupe.yaml").write_text(rules + "\n")
        ended = fresh.dq("dedupe", "leads.parquet", "--pairs", "p.parquet", "--out", "c.parquet")
        assert ended.code == 0, ended.err
        linked = pl.read_parquet(fresh.root / "p.parquet").filter(pl.col("decision") == "link")
        differing.append(linked.filter(pl.col("gamma_phone") == 0).height)
    assert differing[0] > 0
    assert differing[1] == 0
