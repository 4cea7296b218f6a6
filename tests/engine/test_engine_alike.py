"""The matcher in plans: leads that no key links, what people and keys say against it, and plans that come to rest."""

import itertools
from dataclasses import replace

import polars as pl
import pytest
from alike_world import crowd, decisions, inputs, leads, model, planned, rules

from dq.dedupe import model as known
from dq.dedupe.model import from_frame, to_frame
from dq.engine.local import plan_table
from dq.engine.resting import carried_out, plan_to_rest
from dq.gate import at_the_door
from dq.rules import MatcherRules
from dq.schemas import Pair

ZEB = {
    "name": "Zebulon Quartermain",
    "company": "Quillfeather Optics",
    "phone": "+1 415 555 7788",
    "title": "Chief Optician",
}
SHORT = {**ZEB, "name": "Zeb Quartermain", "title": None}
PAIR, BOTH = frozenset({"d1", "rec1"}), {"d1": ZEB}


def ends(*keys):
    """The two ends of a pair, as hints name them."""
    return tuple(part for key in keys for part in ("database" if key.startswith("d") else "airtable", key))


def test_a_lead_without_a_common_key_is_found_in_the_other_store():
    made = planned(BOTH, {"rec1": SHORT, "rec2": {"name": "Ann Lee", "company": "Quillfeather Optics"}})
    assert decisions(made) == {PAIR: "link"}
    assert leads(made) == {PAIR, frozenset({"d0"}), frozenset({"rec2"})}
    (line,) = at_the_door(made.pairs, Pair, "pairs").to_dicts()
    assert line["match_key"] == "match"
    assert line["gamma_match_organization"] > 0
    changes = made.reconciled.changes
    assert changes.filter(op="insert", store="airtable")["entity_id"].n_unique() == 1, "d0 alone has no record yet"
    without = planned(BOTH, {"rec1": SHORT}, given=rules(None))
    assert leads(without) == {frozenset({key}) for key in ("d0", "d1", "rec1")}


def test_duplicates_of_one_store_are_merged():
    made = planned({"d1": ZEB, "d2": SHORT}, {})
    assert decisions(made) == {frozenset({"d1", "d2"}): "link"}
    gone = made.reconciled.changes.filter(op="delete", store="database")["row_key"].to_list()
    assert len(gone) == 1
    assert gone[0] in {"d1", "d2"}


def around(merge, review):
    """Rules whose probabilities are some steps above or below that of d1 and rec1, in bits."""
    weight = planned(BOTH, {"rec1": SHORT}).pairs["match_weight"].item()
    merged, waiting = (1 / (1 + 2 ** -(weight + step)) for step in (merge, review))
    return rules(MatcherRules(fewest_rows=0, merge=merged, review=waiting))


@pytest.mark.parametrize(("merge", "review", "said"), [(-1, -2, "link"), (1, -1, "review"), (2, 1, None)])
def test_the_rules_say_from_where_on_pairs_are_merged_or_waited_for(merge, review, said):
    made = planned(BOTH, {"rec1": SHORT}, given=around(merge, review))
    assert decisions(made) == ({} if said is None else {PAIR: said})
    assert (PAIR in leads(made)) == (said == "link")


@pytest.mark.parametrize("turned", [False, True])
def test_different_beats_the_matcher_and_same_beats_everything(turned):
    pair = ends("rec1", "d1") if turned else ends("d1", "rec1")
    apart = planned(BOTH, {"rec1": SHORT}, apart=[pair])
    assert PAIR not in leads(apart)
    assert "link" not in decisions(apart).values()
    strangers = {"rec1": {"name": "Ann Lee", "email": "ann@lee.example", "phone": "+1 212 555 0101"}}
    assert PAIR not in leads(planned(BOTH, strangers))
    assert PAIR in leads(planned(BOTH, strangers, same=[pair]))


ALWAYS = MatcherRules(fewest_rows=0, always=(("phone",),))


@pytest.mark.parametrize(
    ("matcher", "said", "decided"),
    [
        (MatcherRules(fewest_rows=0), {}, {}),
        (ALWAYS, {}, {PAIR: "link"}),
        (ALWAYS, {"apart": [ends("d1", "rec1")]}, {}),
        (ALWAYS.model_copy(update={"never": ("company",)}), {}, {}),
        (ALWAYS.model_copy(update={"always": (("phone", "company"),)}), {}, {}),
    ],
)
def test_rules_make_leads_one_that_nobody_told_apart(matcher, said, decided):
    stranger = {"name": "Ann Lee", "company": "Tulip Bank", "phone": "(415) 555-7788"}
    made = planned(BOTH, {"rec1": stranger}, given=rules(matcher), **said)
    assert decisions(made) == decided
    assert (PAIR in leads(made)) == bool(decided)
    if decided:
        (line,) = at_the_door(made.pairs, Pair, "pairs").to_dicts()
        assert (line["match_key"], line["match_probability"]) == ("always", 1.0)
        assert made.clusters.filter(pl.col("row_key").is_in(["d1", "rec1"]))["decided_by"].to_list() == ["always"] * 2


def test_what_people_are_unsure_of_the_matcher_leaves_two():
    made = planned(BOTH, {"rec1": SHORT}, unsure=[ends("d1", "rec1")])
    assert PAIR in leads(planned(BOTH, {"rec1": SHORT}))
    assert PAIR not in leads(made)
    assert "link" not in decisions(made).values()


def test_what_people_say_holds_in_steps():
    ann, bo = {"name": "Ann Lee", "email": "ann@lee.example"}, {"name": "Bo Ray", "phone": "+1 212 555 0101"}
    steps = [ends("d1", "rec2"), ends("rec2", "rec3")]
    made = planned(BOTH, {"rec2": ann, "rec3": bo}, same=steps)
    assert leads(made) == {frozenset({"d0"}), frozenset({"d1", "rec2", "rec3"})}
    beside = planned(BOTH, {"rec1": SHORT, "rec2": ann, "rec3": bo}, same=steps)
    assert frozenset({"d1", "rec2", "rec3"}) in leads(beside), "what people joined is joined, whoever comes"
    assert decisions(beside) == {PAIR: "review"}, "like one of them, and not like the others"


def test_rows_whose_keys_contradict_each_other_are_for_people():
    page = "https://www.linkedin.com/in/zebulon-q"
    one = {**ZEB, "email": "zeb@quillfeather.example", "linkedin": page}
    other = {**one, "linkedin": f"{page}-2", "name": "Bartholomew Ashdown"}
    made = planned({"d1": one}, {"rec1": other})
    assert PAIR not in leads(made)
    (line,) = made.pairs.to_dicts()
    assert (line["match_key"], line["decision"]) == ("email", "review")
    assert PAIR in leads(planned({"d1": one}, {"rec1": {**one, "phone": None}}))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"status": "auto_send"}, {"status": "auto_send"}),
        ({"status": "responded"}, {"status": "responded"}),
        ({"email": "info@quillfeather.example"}, {"email": "info@quillfeather.example"}),
    ],
)
def test_defaults_statuses_and_placeholders_are_no_evidence(one, other):
    plain = planned(BOTH, {"rec1": SHORT}).pairs["match_weight"].item()
    made = planned({"d1": {**ZEB, **one}}, {"rec1": {**SHORT, **other}})
    assert made.pairs["match_weight"].item() == pytest.approx(plain)


def test_people_of_a_placeholder_name_are_nobody():
    nobody = {"name": "Test Lead", "title": "Chief Optician"}
    assert decisions(planned({"d1": nobody}, {"rec1": nobody})) == {}


@pytest.mark.parametrize("word", ["store", "node", "decision", "match_key"])
def test_a_field_may_be_called_as_the_plans_own_columns(word):
    names = ("name", "email", "company", "linkedin", "phone", word, "status")
    made, records = crowd(4, 120)
    rows = [{key: {**cells, word: cells["title"]} for key, cells in side.items()} for side in (made, records)]
    given = inputs(*rows, names=names)
    found = plan_table(given)
    other = plan_table(inputs(*rows, names=("name", "email", "company", "linkedin", "phone", "title", "status")))
    assert leads(found) == leads(other) or word != "title"
    assert set(found.model.roles) >= {"name", "email"}


def rows_of(made):
    """A plan but for its model."""
    reconciled = made.reconciled
    return [made.pairs, made.clusters, reconciled.changes, reconciled.conflicts, reconciled.base, made.findings]


def test_plans_rest_and_their_slices_do_not_matter():
    given = inputs(*crowd(3, 300))
    made, rest = plan_to_rest(given)
    assert rest.rows() == []
    linked = made.pairs.filter(match_key="match", decision="link")
    assert linked.height > 3
    assert any(len({key[0] for key in lead}) == 2 for lead in leads(made))
    again = plan_table(replace(carried_out(given, made), model=made.model))
    assert again.reconciled.changes.rows() == []
    assert again.model is made.model
    sliced, _ = plan_to_rest(replace(given, parts=7))
    for one, other in zip(rows_of(made), rows_of(sliced), strict=True):
        assert one.equals(other)


@pytest.mark.parametrize("most", [3, 50_000])
def test_the_plan_that_learns_judges_as_those_to_come(most, monkeypatch):
    """Also where a model keeps the frequencies of few values."""
    monkeypatch.setattr(known, "MOST_VALUES", most)
    given = inputs(*crowd(3, 300))
    made = plan_table(given)
    ours = plan_table(replace(given, model=from_frame(to_frame(made.model))))
    assert decisions(made)
    assert ours.pairs.equals(made.pairs)


def test_no_lead_holds_rows_that_people_told_apart():
    """Of a crowd's own leads every second pair is told apart."""
    database, airtable = crowd(3, 300)
    before = leads(plan_table(inputs(database, airtable)))
    told = [pair for lead in sorted(map(sorted, before)) for pair in itertools.combinations(lead, 2)][::2]
    assert len(told) > 20
    after = leads(plan_table(inputs(database, airtable, apart=[ends(*pair) for pair in told])))
    assert [pair for pair in told for lead in after if set(pair) <= lead] == []


def test_below_the_fewest_rows_keys_decide_alone():
    database, airtable = crowd(3, 300)
    asked = rules(MatcherRules(fewest_rows=301))
    few_, none = (plan_table(inputs(database, airtable, given)) for given in (asked, rules(None)))
    assert few_.model is None
    for one, other in zip(rows_of(few_), rows_of(none), strict=True):
        assert one.equals(other)
    known = plan_table(inputs(database, airtable, asked, model=model()))
    assert decisions(known), "what was learned from more rows still holds"
    assert known.model is model()


def without(name, *sides):
    return ({key: {**cells, name: None} for key, cells in side.items()} for side in sides)


def test_a_column_in_which_nobody_says_anything_any_more_leaves_the_model_as_it_is():
    made = plan_table(inputs(*without("phone", *crowd(3, 300)), model=model()))
    assert made.model is model()
    assert decisions(made)


def test_a_model_of_other_columns_is_learned_anew():
    """Nobody had a phone in the table that was learned from, and now some have."""
    before = plan_table(inputs(*without("phone", *crowd(3, 300)))).model
    made = plan_table(inputs(*crowd(3, 300), model=before))
    assert made.model is not before
    names = [{one.name for one in held.evidence.respects} for held in (before, made.model)]
    assert names[1] - names[0] == {"phone"}
    asked = rules(MatcherRules(fewest_rows=301))
    assert plan_table(inputs(*crowd(3, 300), asked, model=before)).model is None
