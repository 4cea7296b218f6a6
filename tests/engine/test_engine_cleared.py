"""Duplicates whose cells are empty: what a person cleared is not brought back, and what nobody set is filled."""

import itertools
from dataclasses import replace

import polars as pl
import pytest
from engine_rows import LATE, lead, record
from engine_world import FIELDS, edited, inputs, next_inputs, plan_table, plan_to_rest, with_rules, world
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NOON, EVENING = "2026-02-01T12:00:00Z", "2026-02-01T20:00:00Z"
MANUAL = ("manual",)


def agreed(pairs, **how):
    """Inputs whose base knows linked pairs: (number, cells). Keys are d1, rec1, and so on."""
    database = [lead(f"d{n}", f"rec{n}", **cells) for n, cells in pairs]
    airtable = [record(f"rec{n}", f"d{n}", **cells) for n, cells in pairs]
    given = inputs(database, airtable, rules=with_rules(conflict=MANUAL, **how))
    return next_inputs(given, plan_table(given))


def now(given, database=(), airtable=()):
    """The same base, and these rows in the stores."""
    made = inputs(list(database), list(airtable), rules=given.rules)
    return replace(given, raw=made.raw)


def states(made):
    """The golden state of every lead, and where its cells' values come from."""
    cells = made.reconciled.changes.filter(pl.col("field").str.to_lowercase() == "state")
    golden = made.reconciled.golden["state"].to_list()
    return golden, set(cells.select("row_key", "after", "reason", "source").iter_rows())


ANN = {"name": "Ann Lee", "email": "a@x.com"}


@pytest.mark.parametrize(
    ("mine", "theirs", "golden"),
    [
        (None, "NY", None),
        (None, " NY", None),
        (None, "CA", "CA"),
        ("", "NY", None),
        ("NY", "NY", "NY"),
        ("TX", "NY", "TX"),
    ],
    ids=["cleared", "in standard form", "another value", "blank", "kept", "changed"],
)
def test_edge_06_what_was_cleared_does_not_come_back_from_a_new_duplicate(mine, theirs, golden):
    known = agreed([(1, {**ANN, "state": "NY"})])
    rows = [lead("d1", "rec1", LATE, **ANN, state=mine), lead("d2", None, NOON, **ANN, state=theirs)]
    made, rest = plan_to_rest(now(known, rows, [record("rec1", "d1", **ANN, state="NY")]))
    assert rest.is_empty()
    assert states(made)[0] == [golden]


def test_edge_06_a_cell_that_nobody_ever_filled_takes_the_duplicates_value():
    known = agreed([(1, ANN)])
    rows = [lead("d1", "rec1", LATE, **ANN), lead("d2", None, NOON, **ANN, state="NY")]
    made, rest = plan_to_rest(now(known, rows, [record("rec1", "d1", **ANN)]))
    assert rest.is_empty()
    assert states(made)[0] == ["NY"]


@pytest.mark.parametrize("size", [None, 7], ids=["it stays", "its duplicate stays"])
def test_whichever_row_stays_is_cleared_and_says_from_where(size):
    known = agreed([(1, {**ANN, "state": "NY"})])
    rows = [lead("d1", "rec1", LATE, **ANN), lead("d2", None, NOON, **ANN, state="NY", size=size)]
    made, rest = plan_to_rest(now(known, rows, [record("rec1", "d1", **ANN, state="NY")]))
    assert rest.is_empty()
    golden, cells = states(made)
    assert golden == [None]
    assert ("rec1", None, "sync", "database:d1") in cells
    survivor = made.clusters.filter(store="database", survivor=True)["row_key"].item()
    assert cells - {("rec1", None, "sync", "database:d1")} == (
        {("d2", None, "merge", "database:d1")} if survivor == "d2" else set()
    )


@pytest.mark.parametrize(
    ("mine", "theirs", "golden"),
    [(LATE, NOON, None), (NOON, LATE, "NY"), (NOON, NOON, None), (None, LATE, None), (NOON, None, None)],
    ids=["later", "earlier", "at once", "no time", "no time there"],
)
def test_a_duplicate_that_was_given_the_value_later_may_bring_it_back(mine, theirs, golden):
    known = agreed([(1, {**ANN, "state": "NY"})])
    rows = [lead("d1", "rec1", mine, **ANN), lead("d2", None, theirs, **ANN, state="NY")]
    made, rest = plan_to_rest(now(known, rows, [record("rec1", "d1", **ANN, state="NY")]))
    assert rest.is_empty()
    assert states(made)[0] == [golden]


def two(mine, theirs):
    """Two leads that the base knows apart."""
    other = {"name": "Ann Lee", "email": "b@x.com"}
    return agreed([(1, {**ANN, "state": mine}), (2, {**other, "state": theirs})])


@pytest.mark.parametrize(
    ("agreed_there", "held_there", "golden"),
    [("NY", "NY", None), (None, "NY", "NY"), ("CA", "CA", "CA"), (None, None, None)],
    ids=["held all along", "given since", "another value", "never set"],
)
@pytest.mark.parametrize("size", [None, 7], ids=["first", "second"])
def test_of_two_leads_that_become_one(agreed_there, held_there, golden, size):
    known = two("NY", agreed_there)
    rows = [lead("d1", "rec1", NOON, **ANN), lead("d2", "rec2", LATE, **ANN, state=held_there, size=size)]
    records = [record("rec1", "d1", **ANN, state="NY"), record("rec2", "d2", **ANN, state=agreed_there)]
    made, rest = plan_to_rest(now(known, rows, records))
    assert rest.is_empty()
    assert states(made)[0] == [golden]


def test_what_was_cleared_in_airtable_does_not_come_back_from_a_duplicate_there():
    known = agreed([(1, {**ANN, "state": "NY"})])
    records = [record("rec1", "d1", LATE, **ANN), record("rec2", None, NOON, **ANN, state="NY")]
    made, rest = plan_to_rest(now(known, [lead("d1", "rec1", **ANN, state="NY")], records))
    assert rest.is_empty()
    assert states(made) == ([None], {("d1", None, "sync", "airtable:rec1")})


@pytest.mark.parametrize(("owner", "golden"), [("database", None), ("airtable", "NY")])
def test_only_the_owner_of_a_field_clears_it(owner, golden):
    known = agreed([(1, {**ANN, "state": "NY"})])
    owned = [f.model_copy(update={"owner": owner}) if f.name == "state" else f for f in known.rules.fields]
    known = replace(known, rules=known.rules.model_copy(update={"fields": tuple(owned)}))
    rows = [lead("d1", "rec1", LATE, **ANN), lead("d2", None, NOON, **ANN, state="NY")]
    records = [record("rec1", "d1", **ANN, state="NY"), record("rec2", None, **ANN, state="NY")]
    made, rest = plan_to_rest(now(known, rows, records))
    assert rest.is_empty()
    assert states(made)[0] == [golden]


def test_a_cleared_cell_gets_the_default_and_not_the_duplicates_old_value():
    known = agreed([(1, {**ANN, "status": "responded"})])
    rows = [lead("d1", "rec1", LATE, **ANN), lead("d2", None, NOON, **ANN, status="responded")]
    made, rest = plan_to_rest(now(known, rows, [record("rec1", "d1", **ANN, status="responded")]))
    assert rest.is_empty()
    assert made.reconciled.golden["status"].to_list() == ["auto_send"]


def test_of_a_list_what_others_hold_besides_is_united_without_what_was_cleared():
    known = agreed([(1, {**ANN, "quality": '["a"]'})])
    rows = [
        lead("d1", "rec1", LATE, **ANN, size=7),
        lead("d2", None, NOON, **ANN, quality='["a"]'),
        lead("d3", None, NOON, **ANN, quality='["b"]'),
        lead("d4", None, NOON, **ANN, quality='["c"]'),
    ]
    made, rest = plan_to_rest(now(known, rows, [record("rec1", "d1", **ANN, quality='["a"]')]))
    assert rest.is_empty()
    assert made.reconciled.golden["quality"].to_list() == ['["b","c"]']


def test_duplicates_that_are_not_merged_keep_what_they_hold():
    known = agreed([(1, {**ANN, "state": "NY"})], resolve="none")
    rows = [lead("d1", "rec1", LATE, **ANN), lead("d2", None, NOON, **ANN, state="NY")]
    made, rest = plan_to_rest(now(known, rows, [record("rec1", "d1", **ANN, state="NY")]))
    assert rest.is_empty()
    assert states(made) == ([None], {("rec1", None, "sync", "database:d1")})


STATES, TIMES = st.sampled_from([None, "NY", "CA"]), st.sampled_from([None, NOON, EVENING, LATE])
CELLS = st.tuples(STATES, TIMES, st.sampled_from([None, 7]))
POLICIES = st.sampled_from([("manual",), ("most_recent",), ("merge",), ("highest_quality", "airtable_wins")])
CHAINS = st.sampled_from([("most_recent",), ("longest",), ("most_frequent", "longest"), ("highest_quality",)])


WORLDS = st.fixed_dictionaries(
    {
        "agreed": st.tuples(STATES, STATES),
        "database": st.lists(CELLS, max_size=3),
        "airtable": st.lists(CELLS, max_size=3),
        "resolve": st.sampled_from(["merge", "most_recent"]),
        "conflict": POLICIES,
        "survivorship": CHAINS,
        "owner": st.sampled_from([None, None, "database", "airtable"]),
        "direction": st.sampled_from(["both", "both", "to_airtable", "to_database"]),
    }
)


def one_lead(drawn):
    """Two leads that the base knows, perhaps new duplicates of them, and all of them one by now."""
    update = {name: drawn[name] for name in ("conflict", "survivorship", "owner", "direction")}
    fields = tuple(f.model_copy(update=update) if f.name == "state" else f for f in FIELDS)
    rules = with_rules(resolve=drawn["resolve"]).model_copy(update={"fields": fields})
    sides = {"database": [], "airtable": []}
    for store, make, own, other in (("database", lead, "d", "rec"), ("airtable", record, "rec", "d")):
        for number, (state, at, size) in enumerate(drawn[store], 1):
            link = f"{other}{number}" if number < 3 else None
            sides[store].append(make(f"{own}{number}", link, at, **ANN, state=state, size=size))
    return now(replace(two(*drawn["agreed"]), rules=rules), sides["database"], sides["airtable"])


def standing(world, owner):
    """The states that were cleared and not given again since: a slow oracle."""
    base = {}
    for row in world.base.filter(state="linked").to_dicts():
        base |= {row[f"{store}_key"]: row["state_agreed"] for store in ("database", "airtable")}
    rows = []
    for store in ("database", "airtable"):
        for row in world.raw[store].collect().to_dicts():
            state, at = (
                (row["state"], row["updated_at"]) if store == "database" else (row["State"], row["Last Modified"])
            )
            rows.append((store, state, base.get(row["id"]), at))
    gone = set()
    for value in ("NY", "CA"):
        times = [at for store, now, was, at in rows if now is None and was == value and owner in (None, store)]
        again = [at for _, now, was, at in rows if now == value and was != value]
        if times and not (None not in times and any(at is not None and at > max(times) for at in again)):
            gone.add(value)
    return gone


@given(WORLDS)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_value_that_was_cleared_is_written_anywhere(drawn):
    whole = one_lead(drawn)
    made, rest = plan_to_rest(whole)
    assert rest.is_empty() or drawn["direction"] != "both"
    several = made.clusters.group_by("entity_id", "store").len().filter(pl.col("len") > 1)
    gone = {f'"{value}"' for value in standing(whole, drawn["owner"])} if several.height else set()
    updates = made.reconciled.changes.filter(pl.col("field").str.to_lowercase() == "state", op="update")
    assert not gone & set(updates["after"])
    assert not rest.is_empty() or plan_table(next_inputs(whole, made)).reconciled.changes.is_empty()


def emptied(given, seed):
    """The same stores with every third cell of the database, or of Airtable, cleared."""
    store = ("database", "airtable")[seed % 2]
    named = {"database": [f.name for f in FIELDS], "airtable": [f.airtable for f in FIELDS]}[store]
    raw = given.raw[store].collect()
    cells = [
        pl.when((pl.int_range(pl.len()) + place + seed) % 3 > 0).then(pl.col(name)).alias(name)
        for place, name in enumerate(named)
        if name not in ("email", "E-mail / work")
    ]
    return replace(given, raw={**given.raw, store: raw.with_columns(cells).lazy()})


@pytest.mark.parametrize(("seed", "resolve"), list(itertools.product(range(8), ["merge", "highest_quality"])))
def test_plans_of_stores_that_lost_a_third_of_their_cells_come_to_rest(seed, resolve):
    rules = with_rules(resolve=resolve, conflict=("most_recent", "merge")[seed % 2 :])
    first = inputs(*world(seed + 300), rules=rules)
    whole = emptied(edited(next_inputs(first, plan_to_rest(first)[0]), seed), seed)
    made, rest = plan_to_rest(whole)
    assert rest.is_empty()
    assert plan_table(next_inputs(whole, made)).reconciled.changes.is_empty()
