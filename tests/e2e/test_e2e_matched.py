"""From a plan with a matcher over what people say of its pairs to stores at rest."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from matched_projects import planned_project, ran, waiting
from projects import Project

from dq.dedupe.model import TYPES, from_frame

KEPT = ("base", "matcher.parquet")


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with its first plan; copy it before you work on it."""
    return planned_project(tmp_path_factory.mktemp("matched") / "project")


@pytest.fixture
def planned(once: Project, tmp_path: Path) -> Project:
    return once.copy(tmp_path / "project")


def model_file(project: Project) -> Path:
    return project.snapshots.joinpath(*KEPT)


def leads(project: Project) -> set[frozenset[str]]:
    """The leads of the latest plan that have several rows."""
    clusters = pl.read_parquet(project.latest / "clean" / "clusters.parquet")
    rows = clusters.group_by("entity_id").agg("row_key").filter(pl.col("row_key").list.len() > 1)
    return set(map(frozenset, rows["row_key"].to_list()))


V, W, X = (frozenset({f"{one}1", f"{one}2"}) for one in "vwx")


def test_pairs_wait_and_are_shown_field_by_field(planned: Project) -> None:
    assert leads(planned) & {V, W, X} == {V, W}
    ended = ran(planned, "review", "pairs")
    shown = re.sub(r"[+\d.]+(?=%| bits)", "#", ended.out)
    assert shown == (
        "1. database:x1 ~ database:x2: #% (# bits)\n"
        "   name       Cressida Umbleby  |  -\n"
        "   company  = Farthingdale Looms  |  Farthingdale Looms\n"
        "   phone    = 617 555 3321  |  617 555 3321\n"
        "   status   = responded  |  responded\n"
        "\n"
    )
    assert ended.err == "1 pairs wait; dq review same|different|unsure LEFT RIGHT\n"
    (pair,) = waiting(planned)
    assert (pair["key_l"], pair["key_r"], pair["decision"], pair["alike"]) == ("x1", "x2", "review", 1)
    assert 0.8 <= pair["match_probability"] < 0.99
    assert 0 < pair["telling"] <= 1
    ran(planned, "review", "pairs", "--out", "pairs.csv")
    assert pl.read_csv(planned.root / "pairs.csv")["key_l"].to_list() == ["x1"]


def test_the_next_plan_goes_by_what_people_say_and_then_rests(planned: Project) -> None:
    kept = model_file(planned).read_bytes()
    ran(planned, "review", "same", "x2", "x1", "--why", "her own number")
    ran(planned, "review", "different", "v1", "v2")
    assert waiting(planned) == []
    ran(planned, "clean")
    assert leads(planned) & {V, W, X} == {W, X}
    assert model_file(planned).read_bytes() == kept
    ran(planned, "apply", "--yes")
    rows = planned.rows()["leads"]
    assert {key for key in rows if key in {"v1", "v2"}} == {"v1", "v2"}
    assert len({"x1", "x2"} & set(rows)) == len({"w1", "w2"} & set(rows)) == 1
    ran(planned, "snapshot")
    again = ran(planned, "clean")
    assert "no changes" in again.out
    assert waiting(planned) == [], "nobody is asked of the records of rows that they told apart"
    assert model_file(planned).read_bytes() == kept
    ran(planned, "clean", "--relearn")
    assert model_file(planned).read_bytes() != kept
    assert len(leads(planned) & {V}) == 0


def test_the_audit_log_has_who_decided_and_no_value(planned: Project) -> None:
    ran(planned, "review", "different", "v1", "v2", "--why", "two sisters")
    log = "".join(path.read_text(encoding="utf-8") for path in (planned.snapshots / "audit").glob("*.ndjson"))
    assert "decided" in log
    assert "v1" in log
    assert "Ottoline" not in log
    assert planned.dq("audit", "verify").code == 0


def test_relearning_on_the_same_rows_teaches_the_same(planned: Project) -> None:
    before = pl.read_parquet(model_file(planned))
    plans = [pl.read_parquet(planned.latest / "clean" / name) for name in ("clusters.parquet", "pairs.parquet")]
    ran(planned, "clean", "--relearn")
    assert pl.read_parquet(model_file(planned)).equals(before)
    for name, plan in zip(("clusters.parquet", "pairs.parquet"), plans, strict=True):
        assert pl.read_parquet(planned.latest / "clean" / name).equals(plan)


@pytest.mark.parametrize(
    ("change", "relearned"),
    [
        (("fewest_rows: 50", "fewest_rows: 51"), False),
        (("merge: 0.99", "merge: 0.98"), False),
        (("fewest_rows: 50", "fewest_rows: 50\n  columns: {title: null}"), True),
        (("name_field: name", "name_field: company"), True),
    ],
)
def test_rules_that_change_what_is_compared_teach_anew(
    planned: Project, change: tuple[str, str], *, relearned: bool
) -> None:
    kept = model_file(planned).read_bytes()
    rules = planned.root / "rules" / "dedupe.yaml"
    rules.write_text(rules.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    ran(planned, "clean")
    assert (model_file(planned).read_bytes() != kept) == relearned


def test_a_table_that_grew_is_said_to_have_more_to_teach(planned: Project) -> None:
    planned.sql(
        "INSERT INTO leads(id, name, status, created_at, updated_at) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT"
        " i + 1 FROM n WHERE i < 300) SELECT 'n' || i, 'Name' || i || ' Family' || i, 'responded', created_at, updated_at"
        " FROM n JOIN leads ON leads.id = 'v1'"
    )
    ran(planned, "snapshot")
    ended = planned.dq("clean")
    assert "dq clean --relearn" in ended.err
    assert "dq clean --relearn" not in planned.dq("clean", "--relearn").err


def test_why_takes_the_weight_of_a_pair_apart(planned: Project) -> None:
    shown = ran(planned, "why", "database", "w1").out
    assert "database w1 ~ database w2: link" in shown
    lines = [float(bits) for bits in re.findall(r"([+-][\d.]+) bits", shown)]
    assert len(lines) >= 4
    assert sum(lines[:-1]) == pytest.approx(lines[-1], abs=0.05 * len(lines))
    found = json.loads(ran(planned, "why", "database", "w1", "--format", "json").out)
    (pair,) = [one for one in found["pairs"] if one["match_key"] == "match"]
    told = pair["weights"]
    total = told["prior"] + told["rarity"] + sum(step["bits"] for step in told["steps"])
    assert total == pytest.approx(pair["match_weight"], abs=1e-6)


def test_what_the_plan_went_by_is_beside_it_and_is_a_model(planned: Project) -> None:
    beside = pl.read_parquet(planned.latest / "clean" / "matcher.parquet")
    assert beside.equals(pl.read_parquet(model_file(planned)))
    model = from_frame(beside.select(list(TYPES)))
    assert model.roles["name"] == "name"
    assert "status" not in model.roles
    assert model.rows > 100


def test_a_project_without_a_matcher_keeps_no_model(make_project: Callable[[int, int], Project]) -> None:
    project = make_project(5, 60)
    ran(project, "snapshot")
    ran(project, "clean")
    assert not model_file(project).exists()
    assert waiting(project) == []
    assert "bits" not in ran(project, "why", "database", next(iter(project.rows()["leads"]))).out
