"""Reconcile against the slow oracle: the same changes, conflicts and next base on random small worlds."""

import oracle
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reconcile_world import NAMES, digest, field, reconciled, rules, scope, told

VALUES = st.sampled_from([None, "x", "y", "new", "long one"])
AGREED = st.sampled_from([None, "", "x", "y", "new"])
MOVED = st.sampled_from(["", "x", "y", "new"])
TIMES = st.sampled_from([None, 0, 1, 2, 3, 60])
POLICIES = st.sampled_from(["most_recent", "highest_quality", "merge", "database_wins", "airtable_wins", "manual"])
SURVIVORS = st.sampled_from(
    ["most_recent", "highest_quality", "most_complete", "most_frequent", "longest", "source_priority", "union"]
)
ROW = st.fixed_dictionaries({**dict.fromkeys(NAMES, VALUES), "at": TIMES})
DIRECTIONS = st.sampled_from(["both", "both", "to_airtable", "to_database"])

SCOPES = st.sampled_from(
    [None, None, *(scope(f"{n} <> 'x'", leaving) for n in NAMES for leaving in ("keep", "delete"))]
)


@st.composite
def worlds(draw):
    fields = [
        field(
            name,
            conflict=tuple(draw(st.lists(POLICIES, max_size=3))),
            survivorship=tuple(draw(st.lists(SURVIVORS, max_size=3))),
            owner=draw(st.sampled_from([None, None, "database", "airtable"])),
            direction=draw(DIRECTIONS),
        )
        for name in NAMES
    ]
    entities = [str(number) for number in range(draw(st.integers(0, 5)))]
    some = lambda rows: {e: draw(rows) for e in entities if draw(st.booleans())}  # noqa: E731
    mapping = rules(
        fields,
        direction=draw(DIRECTIONS),
        deletes=draw(st.sampled_from(["propagate", "ignore"])),
        scope=draw(SCOPES),
        priority=draw(st.sampled_from([("database", "airtable"), ("airtable", "database")])),
    )
    moved = st.tuples(st.sampled_from(entities or ["0"]), st.sampled_from(NAMES), MOVED, MOVED)
    flaps = draw(st.lists(moved, max_size=4, unique_by=lambda cell: cell[:2]))
    return mapping, some(ROW), some(ROW), some(st.fixed_dictionaries(dict.fromkeys(NAMES, AGREED))), flaps


@given(worlds())
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_reconcile_says_what_the_oracle_says(world):
    mapping, database, airtable, base, flaps = world
    memory = [(f"d{entity}", name, digest(old), digest(now)) for entity, name, old, now in flaps]
    done = told(reconciled(mapping, database, airtable, base, flaps=memory), mapping)
    expected = oracle.reconciled(mapping, database, airtable, base, flaps)
    for mine, theirs, what in zip(done, expected, ("changes", "conflicts", "base"), strict=True):
        assert mine == theirs, what


@given(worlds())
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
def test_calm_leads_told_apart_first_change_nothing(world):
    mapping, database, airtable, base, flaps = world
    memory = [(f"d{entity}", name, digest(old), digest(now)) for entity, name, old, now in flaps]
    copied = {
        entity: {**row, **{n: v or None for n, v in base[entity].items()}}
        for entity, row in database.items()
        if entity in base
    }
    for sides in ((database, airtable), (database | copied, {e: copied.get(e, row) for e, row in airtable.items()})):
        told_apart, asked = (
            reconciled(mapping, *sides, base, flaps=memory, ask_all=ask_all) for ask_all in (False, True)
        )
        for name in ("changes", "conflicts", "golden", "base", "findings", "choices", "tally"):
            mine, plain = getattr(told_apart, name), getattr(asked, name)
            assert mine.sort(mine.columns).equals(plain.sort(mine.columns), null_equal=True), name
