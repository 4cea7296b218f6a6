"""Leads that wait: edited just before the snapshot, or erased and back."""

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest
from engine_rows import changed, lead, record, rules_found
from engine_world import NOW, RULES, inputs, next_inputs, plan_table, plan_to_rest

from dq.engine.erasing import erase
from dq.rules import Settle, SyncRules

SETTLED = RULES.model_copy(update={"sync": SyncRules(settle=Settle(airtable=30))})


def at(seconds):
    return (NOW + timedelta(seconds=seconds)).isoformat()


def pair(airtable_at, database_at="2026-01-01T00:00:00Z", rules=SETTLED):
    rows = [lead("d1", "rec1", at=database_at, name="ann lee"), lead("d2", "rec2", name="Bo  Ray")]
    records = [record("rec1", "d1", at=airtable_at, name="Ann  Lee"), record("rec2", "d2", name="Bo Ray")]
    return replace(inputs(rows, records, rules=rules), taken_at=NOW)


@pytest.mark.parametrize(
    ("seconds", "waits"),
    [(-5, True), (-29.9, True), (-30, False), (-3600, False), (5, True), (29.9, True), (86_400, False)],
)
def test_edge_12_a_lead_that_somebody_is_typing_waits_out_the_settle_time(seconds, waits):
    made, rest = plan_to_rest(pair(at(seconds)))
    assert rest.is_empty()
    assert ("plan.settling" in rules_found(made)) == waits
    assert any(row[2] in ("d1", "rec1") for row in changed(made)) != waits
    assert any(row[2] == "d2" for row in changed(made))
    assert dict(made.reconciled.tally.rows()) == ({"settling": 1} if waits else {})


def test_edge_12_nothing_waits_without_a_settle_time_or_a_modified_time():
    assert "plan.settling" not in rules_found(plan_table(pair(at(-5), rules=RULES)))
    untimed = SETTLED.model_copy(update={"modified_airtable": None})
    assert "plan.settling" not in rules_found(plan_table(pair(at(-5), rules=untimed)))


def test_edge_12_the_two_stores_have_settle_times_of_their_own():
    assert "plan.settling" not in rules_found(plan_table(pair(at(-600), database_at=at(-5))))
    both = RULES.model_copy(update={"sync": SyncRules(settle=Settle(airtable=30, database=30))})
    assert "plan.settling" in rules_found(plan_table(pair(at(-600), database_at=at(-5), rules=both)))


def test_edge_12_a_write_of_dq_is_no_edit():
    given = pair(at(-3600))
    after = next_inputs(given, plan_table(given))
    own = pl.lit(NOW).cast(pl.Datetime("us", "UTC"))
    base = after.base.with_columns(own.alias("airtable_written"))
    raw = after.raw["airtable"].with_columns(pl.lit(at(0)).alias("Last Modified"))
    database = after.raw["database"].with_columns(pl.lit("Anna Lee").alias("name"))
    made = plan_table(replace(after, base=base, raw={"airtable": raw, "database": database}))
    assert "plan.settling" not in rules_found(made)
    assert changed(made, store="airtable", op="update")


def known(given):
    """The inputs of the plan after this one, and the entity of its first lead."""
    after = next_inputs(given, plan_table(given))
    return after, after.base.sort("entity_id")["entity_id"][0]


def people():
    return [
        lead("d1", name="Ann Lee", email="a@x.com", linkedin="https://www.linkedin.com/in/ann"),
        lead("d2", name="Bo Ray", email="b@x.com"),
    ]


def test_an_erased_lead_leaves_keys_and_digests_only():
    after, entity = known(inputs(people(), []))
    base = erase(after.base, entity, after.rules)
    mine = base.filter(entity_id=entity)
    assert set(mine["state"]) == {"erased"}
    assert {(row["store"], row["row_key"]) for row in mine.iter_rows(named=True)} >= {("database", "d1")}
    text = str(mine.to_dicts())
    assert not any(word in text for word in ("Ann", "a@x.com", "linkedin.com"))
    assert base.filter(pl.col("state") == "linked").height == 1


@pytest.mark.parametrize(
    ("database", "airtable"),
    [
        ([lead("d1", name="Ann Lee")], []),  # the same row, from a backup
        ([lead("d9", name="A. Lee", email="A@X.com")], []),  # imported again
        ([], [record("rec9", name="A. Lee", linkedin="linkedin.com/in/ANN/")]),
    ],
    ids=["row", "import", "record"],
)
def test_an_erased_person_is_brought_back_by_neither_store(database, airtable):
    first, entity = known(inputs(people()[:1], []))
    given = inputs(database, airtable, base=erase(first.base, entity, first.rules))
    made, rest = plan_to_rest(given)
    assert (made.reconciled.changes.height, rest.height) == (0, 0)
    assert "plan.erased" in rules_found(made)
    assert set(made.reconciled.base["state"]) == {"erased"}
    later, _ = plan_to_rest(next_inputs(given, made))
    assert later.reconciled.changes.is_empty()


def test_others_are_not_mistaken_for_an_erased_person():
    first, entity = known(inputs(people()[:1], []))
    given = inputs([lead("d3", name="Ann Lee", email="z@x.com")], [], base=erase(first.base, entity, first.rules))
    assert plan_table(given).reconciled.changes.filter(op="insert").height > 0


def test_merged_rows_of_an_erased_lead_stay_erased_too():
    twins = [*people()[:1], lead("d7", name="Ann Lee", email="a@x.com", linkedin="https://www.linkedin.com/in/ann2")]
    first, entity = known(inputs(twins, []))
    assert "loser" in set(first.base["state"])
    base = erase(first.base, entity, first.rules)
    assert {("database", "d1"), ("database", "d7")} <= set(base.select("store", "row_key").iter_rows())
    again = inputs([lead("d8", name="Nobody", linkedin="https://www.linkedin.com/in/ann2")], [], base=base)
    assert plan_table(again).reconciled.changes.is_empty()


@pytest.mark.parametrize("side", ["database", "airtable"])
def test_edge_17_a_row_that_is_back_after_its_tombstone_is_a_new_lead_and_says_so(side):
    given = inputs(people()[1:], [])
    live = next_inputs(given, plan_table(given))
    none = {store: frame.head(0) for store, frame in live.raw.items()}
    gone = replace(live, raw=none)
    dead = next_inputs(gone, plan_table(gone))
    assert dead.base["state"].to_list() == ["tombstone"]
    assert dead.base["since"].to_list() == [NOW]
    back = replace(dead, raw={**none, side: live.raw[side]})
    made, rest = plan_to_rest(back)
    assert rest.is_empty()
    assert "row.returned" in rules_found(made)
    other = "airtable" if side == "database" else "database"
    assert {row[0] for row in changed(made, op="insert")} == {other}
    assert made.reconciled.base["state"].to_list() == ["linked"]


def test_edge_17_both_rows_back_are_one_lead_again():
    given = inputs(people()[1:], [])
    live = next_inputs(given, plan_table(given))
    dead = live.base.with_columns(pl.lit("tombstone").alias("state"))
    made, rest = plan_to_rest(replace(live, base=dead))
    assert (rest.height, made.reconciled.base["state"].to_list()) == (0, ["linked"])
    assert [row for row in made.findings["rule"] if row == "row.returned"] == ["row.returned"] * 2


def test_edge_08_the_time_of_a_write_that_was_not_the_last_word_is_forgotten():
    given = pair("2026-02-01T00:00:00Z")
    after = next_inputs(given, plan_table(given))
    then = pl.lit(NOW).cast(pl.Datetime("us", "UTC"))
    stale = replace(after, base=after.base.with_columns(then.alias("database_written"), then.alias("airtable_written")))
    for store in ("database", "airtable"):  # both stores hold other times: people wrote since, or a backup came back
        assert plan_table(stale).reconciled.base[f"{store}_written"].to_list() == [None, None]


@pytest.mark.parametrize("parts", [1, 3])
def test_a_calm_lead_that_waits_keeps_its_base(parts, tmp_path):
    from dq.engine.parking import Park

    given = pair("2026-02-01T00:00:00Z")
    after = next_inputs(given, plan_table(given))
    times = pl.when(pl.col("id") == "rec1").then(pl.lit(at(-5))).otherwise("Last Modified").alias("Last Modified")
    calm = replace(after, raw={**after.raw, "airtable": after.raw["airtable"].with_columns(times)}, parts=parts)
    made = plan_table(calm, Park(tmp_path))
    base = made.frame("base").filter(database_key="d1")
    assert base["airtable_human"].to_list() == after.base.filter(database_key="d1")["airtable_human"].to_list()
    assert (base.height, made.frame("base").height, made.frame("changes").height) == (1, 2, 0)
