"""Leads that belong to companies: a foreign key on one side, a link on the other, planned and proved together."""

import pytest
from linked_world import (
    LATE,
    after,
    at_rest,
    company,
    edited,
    firm,
    held,
    lead,
    links,
    manifest_of,
    random_rows,
    record,
    rules_found,
    schemas,
    tables,
    world,
)

from dq.engine.mappings import in_order
from dq.engine.together import plan_together
from dq.errors import ConfigurationError

TWO = {
    ("companies", "database"): [company("c1", "a.example"), company("c2", "b.example")],
    ("companies", "airtable"): [firm("rec1", "a.example"), firm("rec2", "b.example")],
}


def linked(mine="c1", theirs=("rec1",), mine_at=LATE, theirs_at=LATE, **rows):
    """Two companies in both stores, and one lead with its links."""
    leads = {
        ("leads", "database"): [lead("d1", "p@x.example", mine, mine_at)],
        ("leads", "airtable"): [record("recL", "p@x.example", theirs, theirs_at)],
    }
    return {**TWO, **leads, **rows}


def moved(given, mine=None, theirs=None):
    """The same stores with another link on either side, later."""
    rows = {(one.rules.table, store): frame.collect().to_dicts() for one in given for store, frame in one.raw.items()}
    if mine is not None:
        rows["leads", "database"][0] |= {"company_id": mine or None, "updated_at": "2026-05-01"}
    if theirs is not None:
        rows["leads", "airtable"][0] |= {"Company": theirs or None, "Last Modified": "2026-05-01T00:00:00Z"}
    return world(rows, bases={one.rules.table: one.base for one in given})


def test_a_key_and_a_link_of_one_company_are_equal():
    done, _ = at_rest(world(linked()))
    assert links(done) == set()


@pytest.mark.parametrize(
    ("mine", "theirs", "change"),
    [
        ("c2", (), ("airtable", "update", "recL", '["rec2"]', False)),
        (None, ("rec2",), ("database", "update", "d1", '"c2"', False)),
    ],
)
def test_an_empty_link_is_filled(mine, theirs, change):
    done, _ = at_rest(world(linked(mine, theirs)))
    assert links(done) == {change}


@pytest.mark.parametrize(
    ("mine", "theirs", "change"),
    [
        ("c2", None, ("airtable", "update", "recL", '["rec2"]', False)),
        ("", None, ("airtable", "update", "recL", None, False)),
        (None, '["rec2"]', ("database", "update", "d1", '"c2"', False)),
        (None, "", ("database", "update", "d1", None, False)),
    ],
)
def test_an_edited_link_travels(mine, theirs, change):
    _, then = at_rest(world(linked()))
    done, _ = at_rest(moved(then, mine, theirs))
    assert links(done) == {change}


def test_a_created_company_is_named_by_its_change():
    mine = {**TWO, ("companies", "database"): [*TWO["companies", "database"], company("c9", "z.example")]}
    rows = {**linked("c9", ("rec1",), LATE, None), ("companies", "database"): mine["companies", "database"]}
    rules = tables(conflict=("database_wins",))
    done, then = at_rest(world(rows, rules))
    [(store, op, key, json, _)] = links(done)
    assert (store, op, key) == ("airtable", "update", "recL")
    assert json.startswith('[{"$created": "airtable/Companies/+database:c9/')
    assert len(held(then)["airtable", "recL"]) == 1


@pytest.mark.parametrize("side", ["database", "airtable"])
def test_a_new_company_with_a_new_lead_arrives_linked(side):
    if side == "database":
        rows = {("companies", side): [company("c1", "a.example")], ("leads", side): [lead("d1", "p@x.example", "c1")]}
    else:
        rows = {
            ("companies", side): [firm("rec1", "a.example")],
            ("leads", side): [record("recL", "p@x.example", ("rec1",))],
        }
    done, then = at_rest(world(rows))
    [(_, op, _, json, _)] = links(done)
    assert op == "insert"
    assert '{"$created": ' in json
    assert len([cell for cell in held(then).values() if cell]) == 2


def test_duplicates_of_a_company_take_their_links_along():
    rows = linked("c2", ("rec2",))
    rows["companies", "database"] = [company("c1", "a.example", LATE), company("c2", "a.example")]
    rows["companies", "airtable"] = [firm("rec1", "a.example", LATE), firm("rec2", "a.example")]
    rows["leads", "database"] += [lead("d2", "r@x.example", "c1"), lead("d3", "s@x.example", "c1")]
    rows["leads", "airtable"].append(record("recM", "q@x.example", ("rec1", "rec2")))
    done, then = at_rest(world(rows))
    told = {one for one in links(done) if one[1] == "update"}
    assert told == {
        ("database", "update", "d1", '"c1"', True),
        ("airtable", "update", "recL", '["rec1"]', True),
        ("airtable", "update", "recM", '["rec1"]', True),
    }
    assert set(map(str, held(then).values())) == {"c1", "['rec1']"}


def test_a_link_may_move_away_from_a_company_that_is_merged():
    _, then = at_rest(world(linked("c1", ("rec1",))))
    rows = {(one.rules.table, store): frame.collect().to_dicts() for one in then for store, frame in one.raw.items()}
    rows["companies", "database"].append(company("c0", "a.example"))
    rows["leads", "database"][0]["company_id"] = "c0"
    rows["leads", "airtable"][0] |= {"Company": '["rec2"]', "Last Modified": "2026-05-01T00:00:00Z"}
    done, end = at_rest(world(rows, bases={one.rules.table: one.base for one in then}))
    assert held(end) == {("database", "d1"): "c2", ("airtable", "recL"): ["rec2"]}
    assert {one[:3] for one in links(done)} == {("database", "update", "d1")}


@pytest.mark.parametrize("theirs", [("rec1",), ()])
def test_the_key_of_a_company_that_was_merged_away_names_the_one_that_stayed(theirs):
    rows = linked("c1", theirs)
    rows["companies", "database"] = [company("c1", "a.example", LATE), company("c2", "a.example")]
    rows["companies", "airtable"] = [firm("rec1", "a.example", LATE)]
    _, then = at_rest(world(rows))
    done, end = at_rest(moved(then, mine="c2"))
    assert links(done) == {("database", "update", "d1", '"c1"', False)}
    assert held(end) == {("database", "d1"): "c1", ("airtable", "recL"): ["rec1"]}
    assert "link.dangling" not in rules_found(done)


@pytest.mark.parametrize("theirs", [("rec1",), ()])
def test_a_dangling_key_is_left_as_it_is_and_never_copied(theirs):
    done, _ = at_rest(world(linked("nobody", theirs), tables(conflict=("airtable_wins",))))
    assert links(done) == set()
    assert "link.dangling" in rules_found(done)


@pytest.mark.parametrize("mine", ["c1", "c2", None])
def test_several_links_are_never_cut(mine):
    done, _ = at_rest(world(linked(mine, ("rec1", "rec2")), tables(conflict=("database_wins",))))
    assert links(done) == set()
    assert "link.several" in rules_found(done)


def test_several_links_of_an_inserted_lead_are_left_out():
    rows = {**TWO, ("leads", "airtable"): [record("recL", "p@x.example", ("rec1", "rec2"))]}
    done, then = at_rest(world(rows))
    assert links(done) == set()
    assert [cell for (store, _), cell in held(then).items() if store == "database"] == [None]


@pytest.mark.parametrize("soft", [True, False])
def test_a_company_deleted_in_airtable(soft):
    first = world(linked(), shapes=schemas(soft))
    _, then = at_rest(first)
    rows = {(one.rules.table, store): frame.collect().to_dicts() for one in then for store, frame in one.raw.items()}
    rows["companies", "airtable"] = [row for row in rows["companies", "airtable"] if row["id"] != "rec1"]
    rows["leads", "airtable"][0]["Company"] = None  # as Airtable does
    done, end = at_rest(world(rows, shapes=schemas(soft), bases={one.rules.table: one.base for one in then}))
    assert held(end)["database", "d1"] == (None if soft else "c1"), "rows that others name stay without a soft delete"
    assert ("row.children" in rules_found(done)) != soft


def test_a_company_goes_with_its_last_lead():
    _, then = at_rest(world(linked()))
    rows = {(one.rules.table, store): frame.collect().to_dicts() for one in then for store, frame in one.raw.items()}
    rows["companies", "airtable"] = [row for row in rows["companies", "airtable"] if row["id"] != "rec1"]
    rows["leads", "airtable"] = []
    _, end = at_rest(world(rows, bases={one.rules.table: one.base for one in then}))
    assert held(end) == {}
    assert end[0].raw["database"].collect()["id"].to_list() == ["c2"]


@pytest.mark.parametrize("number", range(24))
def test_random_worlds_come_to_rest(number):
    soft, conflict = number % 2 == 0, [("most_recent",), ("database_wins",), ("airtable_wins",)][number % 3]
    parent = {"resolve": "none"} if number % 8 == 5 else {}
    rules = tables(conflict, parent, {"direction": ["both", "both", "to_airtable", "to_database"][number % 4]})
    given = world(random_rows(number), rules, schemas(soft))
    for round_number in range(2):
        _, then = at_rest(given)
        given = edited(then, number * 11 + round_number)


@pytest.mark.parametrize(
    ("linked_to", "what"), [("tblElsewhere", "is not mapped"), ("tblLeads", "rows of its own table")]
)
def test_links_that_cannot_be_mapped_are_refused(linked_to, what):
    with pytest.raises(ConfigurationError, match=what):
        in_order(tables(), manifest_of(schemas(linked=linked_to)))


def test_the_named_come_first_whatever_the_order():
    order = in_order(tables(), manifest_of(schemas()))
    assert [one.table for one in order] == ["companies", "leads"]
    assert order[1].field("company_id").refers == "companies"


def test_the_base_names_companies_by_keys_that_exist():
    done = plan_together(world(linked()))
    assert done[1].made.reconciled.base["company_id_agreed"].to_list() == ["database:c1"]
    rows = {
        ("companies", "airtable"): [firm("rec1", "a.example")],
        ("leads", "airtable"): [record("recL", "p@x.example", ("rec1",))],
    }
    made = plan_together(world(rows))
    assert made[1].made.reconciled.base["company_id_agreed"].to_list() == ["airtable:rec1"]
    assert after(made)[1].base["company_id_agreed"].to_list() == ["airtable:rec1"]
