"""Promise 2, proved on random worlds: after a plan is carried out, a second plan has nothing to do."""

import itertools
import random

import networkx as nx
import polars as pl
import pytest
from engine_world import edited, inputs, next_inputs, plan_table, plan_to_rest, with_rules, world

from dq.gate import at_the_door
from dq.reconcile import align
from dq.reconcile.align import at
from dq.rules import ALL_STEPS
from dq.schemas import BaseRow, Change, Cluster, Conflict, Finding, Pair

STEPS = [ALL_STEPS, {"standardize"}, {"dedupe"}, {"sync"}, {"standardize", "sync"}, {"dedupe", "sync"}]
DIRECTIONS = ["both", "to_airtable", "to_database"]
RESOLVE = ["merge", "most_recent", "highest_quality", "none"]
CONFLICT = [("most_recent",), ("manual",), ("database_wins",), ("highest_quality", "airtable_wins"), ("merge",)]
CASES = list(enumerate(itertools.product(STEPS, DIRECTIONS, ["text", "integer"])))


def case(number):
    chance = random.Random(number)
    links = chance.random() < 0.6
    resolve, conflict = RESOLVE[number % 4], CONFLICT[number % 5]
    return chance, links, resolve, conflict, chance.choice(["propagate", "ignore"])


@pytest.mark.parametrize(("number", "how"), CASES, ids=lambda value: str(value) if isinstance(value, int) else "")
def test_a_plan_comes_to_rest_and_people_go_on_editing(number, how):
    steps, direction, keys = how
    _, links, resolve, conflict, deletes = case(number)
    rules = with_rules(direction, resolve, conflict, deletes, links)
    given = inputs(*world(number, keys=keys, links=links), rules=rules, steps=steps, keys=keys)
    for round_number in range(2):
        made, rest = plan_to_rest(given)
        assert rest.rows() == []
        after = next_inputs(given, made)
        assert plan_table(after).reconciled.changes.rows() == []
        given = edited(after, number * 7 + round_number)


@pytest.mark.parametrize("number", range(6))
def test_every_frame_keeps_its_contract(number):
    made, _ = plan_to_rest(inputs(*world(number)))
    frames = {
        Change: made.reconciled.changes,
        Conflict: made.reconciled.conflicts,
        Cluster: made.clusters,
        Pair: made.pairs,
        Finding: made.findings,
        BaseRow: made.reconciled.base,
    }
    for contract, frame in frames.items():
        at_the_door(frame, contract, contract.__name__)


@pytest.mark.parametrize("number", range(12))
def test_a_leads_probability_is_its_weakest_link_on_the_strongest_tree(number):
    made, _ = plan_to_rest(inputs(*world(number, 24), rules=with_rules(resolve=RESOLVE[number % 4])))
    graph = nx.Graph()
    for pair in made.pairs.filter(decision="link").to_dicts():
        ends = (pair["store_l"], pair["key_l"]), (pair["store_r"], pair["key_r"])
        graph.add_edge(*ends, weight=pair["match_probability"])
    expected = dict.fromkeys(made.leads.select("store", "row_key").rows(), 1.0)
    for part in nx.connected_components(graph):
        weights = nx.maximum_spanning_tree(graph.subgraph(part)).edges.data("weight")
        expected |= dict.fromkeys(part, min(weight for _, _, weight in weights))
    found = {(row["store"], row["row_key"]): row["probability"] for row in made.clusters.to_dicts()}
    assert found == pytest.approx(expected)
    likely = {row["entity_id"]: row["probability"] for row in made.clusters.to_dicts()}
    merged = made.reconciled.changes.filter(reason="merge").select("entity_id", "probability").rows()
    assert all(probability == pytest.approx(likely[entity]) for entity, probability in merged)


@pytest.mark.parametrize("number", range(12))
def test_an_entity_stands_once_in_the_base_and_a_row_once_among_the_survivors(number):
    made, _ = plan_to_rest(inputs(*world(number), rules=with_rules(resolve=RESOLVE[number % 4])))
    linked = made.reconciled.base.filter(pl.col("state") == "linked")
    assert not linked["entity_id"].is_duplicated().any()
    assert not linked["database_key"].drop_nulls().is_duplicated().any()
    assert not linked["airtable_key"].drop_nulls().is_duplicated().any()
    survivors = made.clusters.filter(pl.col("survivor"))
    assert not survivors.select("store", "entity_id").is_duplicated().any()


@pytest.mark.parametrize("empty", ["database", "airtable", "both"])
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_empty_stores_are_filled_or_left_empty(empty, direction):
    database, airtable = world(4)
    database = [] if empty in ("database", "both") else database
    airtable = [] if empty in ("airtable", "both") else airtable
    made, rest = plan_to_rest(inputs(database, airtable, rules=with_rules(direction)))
    assert rest.is_empty()
    stores = set(made.reconciled.changes["store"])
    allowed = {"both": {"database", "airtable"}}.get(direction, {direction.removeprefix("to_")})
    assert stores <= (set() if empty == "both" else allowed)


def test_a_mapping_without_fields_plans_nothing_but_links():
    rules = with_rules().model_copy(
        update={"fields": (), "dedupe": with_rules().dedupe.model_copy(update={"keys": (), "name_field": None})}
    )
    made, rest = plan_to_rest(inputs(*world(4), rules=rules))
    assert rest.is_empty()
    assert set(made.reconciled.changes["field"]) <= {"airtable_id", "Lead ID"}


def _any_value_is_an_edit(side, rules):
    """Whether a row differs from the base, with defaults that were never agreed on: a rule under which not every lead rests."""
    cells = [(pl.col(at(name, side)), pl.col(at(name, "base"))) for name in rules.names]
    return pl.any_horizontal(
        pl.when(base.is_null()).then(value.is_not_null()).otherwise(value.fill_null("") != base)
        for value, base in cells
    )


def test_a_lead_that_finds_no_rest_is_left_alone_and_holds_up_nobody(monkeypatch):
    monkeypatch.setattr(align, "is_edited", _any_value_is_an_edit)
    rules = with_rules("both", "none", ("manual",), "ignore", links=False)
    first = inputs(
        *world(10054, keys="integer", links=False), rules=rules, steps={"standardize", "sync"}, keys="integer"
    )
    given = edited(next_inputs(first, plan_to_rest(first)[0]), 10054 * 31)
    made, rest = plan_to_rest(given)
    assert rest.is_empty()
    left = made.findings.filter(rule="plan.unsettled").select("store", "row_key")
    assert not left.is_empty()
    changes = made.reconciled.changes
    assert changes.join(left, on=["store", "row_key"]).is_empty()
    assert not changes.is_empty()
    again, _ = plan_to_rest(next_inputs(given, made))
    assert again.reconciled.changes.is_empty()
