"""One mapping's plan: standardize, dedupe and reconcile two snapshot tables and the base. Frames in, frames out.

raw rows ─► records ─► grouping ─► sides ─► reconcile ─► changes, conflicts, golden records, next base
▲          │           ▲
returning rows     rebase ───────┘
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import NAMESPACE_URL, UUID, uuid5

import polars as pl

from dq.dedupe.model import Model
from dq.engine.alone import findings_of, left_alone
from dq.engine.begun import Begun, begun
from dq.engine.erasing import blocked
from dq.engine.grouping import grouped
from dq.engine.inputs import Inputs
from dq.engine.parking import ALL, Park
from dq.engine.parts import by_entity
from dq.engine.rebase import rebased
from dq.engine.records import human_times, set_aside, without_stale_writes
from dq.engine.required import extra_cells
from dq.engine.returning import as_json, returned, undead
from dq.engine.settling import settling
from dq.engine.sides import Sided, sided
from dq.reconcile import BASE_ORDER, Reconciled, Terms, World, lasting, resolved
from dq.rules import TableRules
from dq.schemas.finding import FINDING_TYPES
from dq.schemas.values import Store
from dq.side import ENTITY, KEY, Side

STORES: tuple[Store, Store] = ("database", "airtable")

__all__ = ["Inputs", "TablePlan", "plan_table"]


@dataclass(frozen=True)
class TablePlan:
    """What the steps made of one mapping.

    Attributes:
        records: Each store's standardized rows.
        pairs: Pair contract.
        clusters: Cluster contract, survivors marked.
        leads: Cluster contract before duplicates that stay were taken apart: all rows of a lead have one entity.
        reconciled: Changes, conflicts, golden records, the next base.
        findings: Finding contract, of all steps.
        park: Where the large frames are; None when they are here. Ask `frame` for them.
        model: What the matcher went by; None where it had too little to learn from.
        begun: What a plan of the same rows that is made again begins with.
    """

    records: Mapping[Store, pl.DataFrame]
    pairs: pl.DataFrame
    clusters: pl.DataFrame
    leads: pl.DataFrame
    reconciled: Reconciled
    findings: pl.DataFrame
    begun: Begun
    park: Park | None = None
    model: Model | None = None

    def frame(self, name: str, columns: Sequence[str] | None = None, where: pl.Expr = ALL) -> pl.DataFrame:
        """A large frame, from memory or from the park: changes, golden, base, pairs, records_database, records_airtable.

        Args:
            name: Which.
            columns: Only these columns, in any order of rows; None gives the whole frame in its order.
            where: Only these rows, of the columns asked for.
        """
        if self.park is not None:
            return self.park.get(name, columns, where)
        held = {"pairs": self.pairs, **{f"records_{store}": self.records[store] for store in STORES}}
        frame = held[name] if name in held else getattr(self.reconciled, name)
        return frame if columns is None else frame.filter(where).select(columns)


def plan_table(inputs: Inputs, park: Park | None = None, before: Begun | None = None) -> TablePlan:
    """Standardize, dedupe and reconcile one mapping.

    Args:
        inputs: What the plan is made from.
        park: Where the plan's large frames go, if not into memory.
        before: What an earlier plan began with; it is used where that was made of the same rows.

    Raises:
        ConfigurationError: A standardizer is not idempotent on this data, or an insert lacks a required column.
    """
    given, start = inputs, begun(inputs, before)
    inputs = replace(inputs, base=resolved(inputs.base, inputs.references))
    rules = inputs.rules
    records, found = start.read()
    timed = {store: human_times(records[store], inputs.base, store) for store in STORES}
    inputs = replace(inputs, base=without_stale_writes(inputs.base, records))
    start = start.parked(park)
    del records
    back = returned(timed, inputs.base, rules)
    groups = start.grouped_as(given)
    if groups is None:
        groups = start.kept(grouped(timed, inputs.base, back, inputs.hints, rules, inputs.model))
    chosen = sided(timed, groups, back, inputs)
    base, aside = rebased(inputs.base, chosen.clusters, chosen.sides)
    world, terms = _world(inputs, timed, chosen, base)
    waiting = pl.concat([blocked(timed, inputs.base, rules), settling(timed, inputs), set_aside(found, rules)])
    dead = undead(timed, inputs.base, rules)
    del timed  # what follows is by entity: large frames go as soon as nothing asks for them
    alone = left_alone(pl.concat([inputs.hints.alone, waiting]), groups, chosen.clusters)
    reconciled = by_entity(world, terms, alone, inputs.parts, park)
    aside = lasting(aside, inputs.references)
    if park is not None:
        aside = park.put("base", aside, inputs.parts)
    left = findings_of(alone, chosen.clusters, rules)
    findings = pl.concat([found, groups.findings, back.findings, dead, chosen.findings, reconciled.findings, left])
    return TablePlan(
        records=start.records,
        pairs=groups.pairs,
        clusters=chosen.clusters,
        leads=groups.clusters,
        reconciled=replace(
            reconciled,
            base=pl.concat([reconciled.base, aside]).sort(BASE_ORDER),
            tally=pl.concat([reconciled.tally, _waiting(alone)]),
        ),
        findings=findings.sort("store", "row_key", "field", "rule", *FINDING_TYPES, nulls_last=False),
        begun=replace(start, inputs=given, groups=groups),
        park=park,
        model=groups.model,
    )


def _waiting(alone: pl.DataFrame) -> pl.DataFrame:
    """what, rows: leads that are left as they are, by why."""
    counts = alone.group_by(pl.col("why").alias("what")).agg(pl.len().cast(pl.Int64).alias("rows"))
    return counts.sort("what")


def _world(
    inputs: Inputs, timed: Mapping[Store, pl.DataFrame], chosen: Sided, base: pl.DataFrame
) -> tuple[World, Terms]:
    """What reconcile is handed."""
    schemas, sides = inputs.schemas, chosen.sides
    both = schemas["database"], schemas["airtable"]
    terms = Terms(inputs.rules, *both, inputs.steps, inputs.stamp, inputs.now, inputs.blind, inputs.references)
    world = World(
        sides=sides,
        base=base,
        clusters=chosen.clusters,
        stored={store: _stored(inputs, sides, store) for store in STORES},
        held={store: _held(timed[store], sides[store], inputs.rules) for store in STORES},
        children=inputs.children,
        cleared=chosen.cleared,
        namespace=_namespace(inputs),
        extra=extra_cells(inputs.rules, schemas, inputs.stamp),
        settled=inputs.hints.settled,
        freed=inputs.freed,
        scoped=_scoped(inputs),
        flaps=inputs.flaps,
    )
    return world, terms


def _scoped(inputs: Inputs) -> pl.DataFrame:
    """row_key and the columns that the scope names, of the database's rows."""
    scope, key = inputs.rules.scope, pl.col(inputs.schemas["database"].key).cast(pl.String).alias(KEY)
    if scope is None:
        return pl.DataFrame(schema={KEY: pl.String})
    return inputs.raw["database"].select(key, *(pl.col(name) for name in scope.columns)).collect()


def _held(records: pl.DataFrame, side: Side, rules: TableRules) -> pl.DataFrame:
    """row_key, held: what the rows that are merged away hold, for knowing them again."""
    return records.join(side.merged, on=KEY, how="semi").select(KEY, as_json(rules).alias("held"))


def _stored(inputs: Inputs, sides: Mapping[Store, Side], store: Store) -> pl.DataFrame:
    """Snapshot rows that a delete may need whole: those merged away, and those whose partner is gone."""
    key = inputs.schemas[store].key
    here, there = sides[store], sides["airtable" if store == "database" else "database"]
    lonely = here.rows.join(there.rows, on=ENTITY, how="anti").select(KEY)
    scope = inputs.rules.scope
    if store == "airtable" and scope is not None and scope.leaving == "delete":  # any record may leave
        return inputs.raw[store].collect()
    keys = pl.concat([here.merged.select(KEY), lonely]).lazy()
    return inputs.raw[store].join(keys, left_on=pl.col(key).cast(pl.String), right_on=KEY, how="semi").collect()


def _namespace(inputs: Inputs) -> UUID:
    table = inputs.schemas["airtable"]
    return uuid5(NAMESPACE_URL, f"airtable:{inputs.airtable_base}/{table.id or table.name}")
