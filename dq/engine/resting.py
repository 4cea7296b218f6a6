"""A plan that comes to rest: carried out in memory, it leaves a second plan nothing to do.

Bringing rows to agree changes what they match. Two leads may agree on a key only once their duplicates are merged, and
a duplicate that stays may no longer be one once the other row has its golden values; a policy that asks which row is
the fuller one may be able to tell only then. What the second plan learns so is
told to the first one, which is then made again. Leads that still find no rest are left as they are, with a finding.
"""

from dataclasses import replace

import polars as pl

from dq.engine.alone import whole_leads
from dq.engine.begun import PARKED, Begun
from dq.engine.inputs import Hints, Inputs
from dq.engine.local import TablePlan, plan_table
from dq.engine.naming import unlinked
from dq.engine.parking import Park
from dq.gate import moves, planned, with_placeholders
from dq.schemas import Change, Cluster, Conflict
from dq.schemas.conflict import RESOLVED
from dq.schemas.values import Store
from dq.side import ENTITY, KEY

ROUNDS = 8
"""How often a plan is made again before it counts as one that does not come to rest."""
FEW, FEW_SHARE = 10, 0.001
"""Leads, and their share of all, that may be left alone in a plan."""
STORES: tuple[Store, Store] = ("database", "airtable")
_ROW = [Cluster.store, KEY]
_NEEDED = [
    Change.change_id, Change.store, Change.table, Change.op, Change.entity_id, Change.row_key, Change.field, Change.after,
    Change.reason,
]  # fmt: skip
"""What carrying a plan out takes of its changes."""


def plan_to_rest(inputs: Inputs, park: Park | None = None) -> tuple[TablePlan, pl.DataFrame]:
    """One mapping's plan, and the changes that a second plan would still make: none, unless a rule never settles.

    Args:
        inputs: What the plan is made from.
        park: Where the plan's large frames wait while the second one is made; None keeps them in memory.

    Raises:
        ConfigurationError: A standardizer is not idempotent on this data, or an insert lacks a required column.
    """
    made, rest, _ = settled_plan(inputs, park)
    return made, rest


def settled_plan(inputs: Inputs, park: Park | None = None) -> tuple[TablePlan, pl.DataFrame, pl.DataFrame]:
    """As `plan_to_rest`, and store, row_key, why of the rows that the plan leaves alone."""
    start, begun = inputs.hints, None
    while True:
        made, rest, restless = _in_rounds(inputs, start, park, begun)
        inputs, begun = replace(inputs, model=made.model), made.begun
        new = restless.join(start.alone, on=_ROW, how="anti").with_columns(pl.lit("unsettled").alias("why"))
        alone = pl.concat([start.alone, new])
        if rest.is_empty() or new.is_empty() or not _are_few(alone.filter(why="unsettled"), made.leads):
            return made, rest, start.alone
        start = replace(start, alone=alone)
        del made


def _in_rounds(
    inputs: Inputs, hints: Hints, park: Park | None, begun: Begun | None
) -> tuple[TablePlan, pl.DataFrame, pl.DataFrame]:
    """The plan, what a second one would still change, and the rows of the leads that it would change."""
    turn = 0
    while True:
        turn += 1
        if park is not None:
            park.clear(but=() if begun is None else PARKED)
        made = plan_table(replace(inputs, hints=hints), park, begun)
        inputs = replace(inputs, model=made.model)  # what was learned once holds until the plan rests
        after = carried_out(inputs, made, hints.alone)
        again = plan_table(after, None if park is None else park.beside("again"))
        rest, restless = moves(again.frame("changes")), _restless(made, again)
        learned = hints if rest.is_empty() else _learned(hints, made, again)
        del again, after  # two plans never stand in memory at once
        if turn == ROUNDS or learned.size == hints.size:
            return made, rest, restless
        hints, begun = learned, made.begun
        del made  # likewise


def _restless(made: TablePlan, again: TablePlan) -> pl.DataFrame:
    """store, row_key of the first plan's rows whose leads the second would still change."""
    changed = again.frame("changes", [Change.entity_id]).unique()
    rows = whole_leads(again.clusters.join(changed, on=ENTITY, how="semi"), again.leads)
    return whole_leads(rows, made.leads)


def _are_few(unsettled: pl.DataFrame, leads: pl.DataFrame) -> bool:
    """Whether so few leads find no rest that it is they who are odd, and not the rules."""
    count, total = leads.join(unsettled, on=_ROW, how="semi")[ENTITY].n_unique(), leads[ENTITY].n_unique()
    return count <= max(FEW, FEW_SHARE * total) and 2 * count < total


def carried_out(inputs: Inputs, made: TablePlan, alone: pl.DataFrame | None = None) -> Inputs:
    """What the next plan is computed from when every change of this one is in the stores.

    Args:
        inputs: What the plan was made from.
        made: The plan.
        alone: store, row_key, why of rows that the next plan is to leave as they are as well.
    """
    placed = [referred.placed for referred in inputs.references.values()]
    raw: dict[Store, pl.LazyFrame] = {}
    for store in reversed(STORES):  # the database's changes are asked for once more
        changes = made.frame("changes", _NEEDED, (pl.col(Change.store) == store) | (pl.col(Change.op) == "insert"))
        rows = planned(inputs.raw[store].collect(), inputs.schemas[store], changes, placed)
        if store == "airtable":
            rows = unlinked(rows, inputs.rules, inputs.references)
        raw[store] = rows.lazy() if made.park is None else made.park.scanned(f"raw_{store}", rows)
    children = [(child, schema, planned(frame, schema, changes)) for child, schema, frame in inputs.children]
    base = with_placeholders(made.frame("base"), inputs.schemas["database"], changes)
    decided = inputs.hints.of_people()
    hints = decided if alone is None else replace(decided, alone=alone)
    return replace(
        inputs, raw=raw, children=children, base=base, hints=hints, references=inputs.later, model=made.model
    )


def _learned(hints: Hints, made: TablePlan, again: TablePlan) -> Hints:
    """What the second plan knows of the first one's rows: leads that are one, and duplicates that are none."""
    rows = made.leads.join(again.leads.select(*_ROW, pl.col(ENTITY).alias("_then")), on=_ROW).sort(
        "_then", ENTITY, *_ROW
    )
    first = rows.unique(["_then", ENTITY], keep="first", maintain_order=True)
    heads = first.unique("_then", keep="first", maintain_order=True)
    joined = first.join(heads, on="_then", suffix="_head").filter(pl.col(ENTITY) != pl.col(f"{ENTITY}_head"))
    links = joined.select(
        pl.col(f"{Cluster.store}_head").alias("store_l"),
        pl.col(f"{KEY}_head").alias("key_l"),
        pl.col(Cluster.store).alias("store_r"),
        pl.col(KEY).alias("key_r"),
    )
    survives = made.clusters.select(*_ROW, pl.col(str(Cluster.survivor)).alias("_survives"))
    stays = rows.join(survives, on=_ROW)
    homes = stays.filter("_survives").select(ENTITY, "_then").unique()
    beside = stays.filter(~pl.col("_survives"))
    loose = beside.join(homes, on=[ENTITY, "_then"], how="anti").select(_ROW)
    return hints.with_more(links, loose, _settled_since(hints, made, again))


def _settled_since(hints: Hints, made: TablePlan, again: TablePlan) -> pl.DataFrame:
    """Conflicts that wait in the first plan and that a policy settles in the second."""
    waiting = made.reconciled.conflicts.filter(~pl.col(RESOLVED)).select(Conflict.conflict_id)
    then = again.reconciled.conflicts.filter(pl.col(RESOLVED)).join(waiting, on=Conflict.conflict_id, how="semi")
    new = then.join(hints.settled, on=Conflict.conflict_id, how="anti")
    side, by = pl.col(Conflict.suggested).alias("side"), pl.col(Conflict.resolved_by).alias("by")
    return new.select(Conflict.conflict_id, side, by)
