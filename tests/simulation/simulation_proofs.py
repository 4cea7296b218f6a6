"""What dq itself must be able to prove when a world has gone quiet: its base, its audit log, its journals."""

import json
from typing import Any

import polars as pl
from projects import TIMES
from simulation_world import FIELDS, Place, World

from dq import audit
from dq.apply import base as base_state
from dq.apply.journal import state_of
from dq.pipeline import auditing
from dq.schemas.audit import WRITES

CREATED = "created_at"


def demand_base(world: World) -> None:
    """The base is what the stores hold: every lead linked as it is, every cell agreed on as it stands, nothing else alive."""
    _, base = base_state.load(world.project.snapshots)
    linked = base.filter(pl.col("state") == "linked")
    rows = {row["id"]: row for row in world.rows()}
    known = {row["database_key"]: row for row in linked.to_dicts()}
    assert {key: row["airtable_key"] for key, row in known.items()} == {
        key: row["airtable_id"] for key, row in rows.items()
    }, "the base is not what the stores hold"
    for key, row in rows.items():
        for name in ("name", "email", *FIELDS):
            assert known[key][f"{name}_agreed"] == (row[name] or ""), (
                f"the base is ahead of the stores, or behind: {name}"
            )


def demand_finished(world: World) -> None:
    """No journal is open, and none has an intent that nobody settled."""
    for path in world.project.snapshots.glob("[0-9]*/journal.sqlite"):
        assert state_of(path) != "open", f"the journal of {path.parent.name} is open"


def demand_audit(world: World, beginning: dict[Place, Any]) -> None:
    """The chain of the audit log holds, and every difference to the beginning is a person's work or stands in the log."""
    with world.line.session() as (settings, *_):
        auditing.healed(settings, world.line.clock.utc())
        found = audit.verify(settings.snapshots, auditing.anchors(settings))
    assert found.broken is None, f"the audit log is broken: {found.broken}"
    assert not found.unfinished, "an entry of the audit log is unfinished"
    log = audit.entries(world.project.snapshots, pl.col("action").is_in(WRITES), pl.col("state") == "written")
    logged: dict[Place, set[Any]] = {}
    for entry in log.select("store", "table", "row_key", "field", "after").iter_rows():
        store, table, key, column, after = entry
        logged.setdefault((store, table, key, column or ""), set()).add(_value(after))
    hand: dict[Place, set[Any]] = {}
    for place, value in world.hand:
        hand.setdefault(place, set()).add(_value_of(value))
    _demand_explained(beginning, world.cells(), logged, hand)


def _demand_explained(
    beginning: dict[Place, Any], end: dict[Place, Any], logged: dict[Place, set[Any]], hand: dict[Place, set[Any]]
) -> None:
    left = {place[:3] for place in end}
    for place in sorted(beginning.keys() | end.keys()):
        store, table, key, column = place
        value = end.get(place)
        if value == beginning.get(place) or column in TIMES or (table not in ("leads", "Leads") and column == CREATED):
            continue
        if place[:3] not in left:
            row = (store, table, key, "")
            assert row in logged or row in hand, f"a row is gone from {store}, and nobody says who did it"
            continue
        known = logged.get(place, set()) | hand.get(place, set())
        assert _value_of(value) in known, f"{column} changed in {store}, and nobody says who did it"


def _value(text: str | None) -> Any:
    return None if text is None else _value_of(json.loads(text))


def _value_of(value: Any) -> Any:
    """A value as it can be told from others; an empty cell is none."""
    return None if value in (None, "") else json.dumps(value) if isinstance(value, list | dict | bool) else value
