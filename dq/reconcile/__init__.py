"""Reconcile: from two sides and the base to one golden record a lead, and the changes that bring both stores there.

sides + base ─ align ─► rows ─ merge ─► golden cells ─ policies ─► settled ─┬─ changes
                                                                            └─ agreement (the next base)
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import polars as pl

from dq.reconcile.agreement import BASE_ORDER, next_base
from dq.reconcile.align import AIRTABLE, DATABASE, VERDICT, aligned
from dq.reconcile.calm import known, without_calm
from dq.reconcile.changes import TYPES, cell_changes, kept_changes, unfit, with_probability
from dq.reconcile.findings import row_findings
from dq.reconcile.flaps import FLAP_TYPES, digests, frozen
from dq.reconcile.links import link_changes
from dq.reconcile.merge import APART, golden, merged, origin, target, with_defaults
from dq.reconcile.parents import parents_kept
from dq.reconcile.policies import CHOICE_TYPES, CONFLICT_TYPES, settled
from dq.reconcile.referring import Referred, lasting, resolved
from dq.reconcile.relinking import relinked
from dq.reconcile.rows import deletes, inserts, merges
from dq.reconcile.scope import kept_out, left_out, tally
from dq.reconcile.terms import STORES, Terms
from dq.reconcile.world import SETTLED_TYPES, World
from dq.schemas.finding import FINDING_TYPES
from dq.side import ENTITY

__all__ = [
    "BASE_ORDER",
    "CHOICE_TYPES",
    "FLAP_TYPES",
    "SETTLED_TYPES",
    "Reconciled",
    "Referred",
    "Terms",
    "World",
    "asked",
    "calm_apart",
    "digests",
    "lasting",
    "reconcile",
    "resolved",
]


@dataclass(frozen=True)
class Reconciled:
    """What one mapping's stores need: changes, conflicts, golden records, the next base, findings.

    Beside these, `choices` tells what each policy would decide for each conflict, and `tally` counts leads (what, rows).
    """

    changes: pl.DataFrame
    conflicts: pl.DataFrame
    golden: pl.DataFrame
    base: pl.DataFrame
    findings: pl.DataFrame
    choices: pl.DataFrame
    tally: pl.DataFrame


def reconcile(world: World, terms: Terms) -> Reconciled:
    """The golden record of every lead, and what each store needs to become it."""
    busy, calm = calm_apart(world, terms)
    done, told = asked(busy, terms), [piece() for piece in calm]
    if not told:
        return done
    pieces = [done, *told]
    return replace(
        done,
        golden=pl.concat(piece.golden for piece in pieces).sort(ENTITY),
        base=pl.concat(piece.base for piece in pieces).sort(BASE_ORDER),
        tally=pl.concat(piece.tally for piece in pieces).group_by("what").agg(pl.col("rows").sum()).sort("what"),
    )


def calm_apart(world: World, terms: Terms, parts: int = 1) -> tuple[World, Sequence[Callable[[], Reconciled]]]:
    """The world of the leads that must be asked, and what is known of the others, each part made when it is called.

    Args:
        world: What reconcile is handed.
        terms: What the plan may do.
        parts: In how many parts; none come where nothing is known.
    """
    busy, calm = without_calm(world, terms)
    if calm is None:
        return world, ()
    nothing = [pl.DataFrame(schema=types) for types in (TYPES, CONFLICT_TYPES, FINDING_TYPES, CHOICE_TYPES)]
    changes, conflicts, findings, choices = nothing

    def told(part: int) -> Reconciled:
        golden, base, tally = known(calm, part, parts, terms)
        return Reconciled(changes, conflicts, golden, base, findings, choices, tally)

    return busy, [partial(told, part) for part in range(parts)]


def asked(world: World, terms: Terms) -> Reconciled:
    """What `reconcile` gives, every lead asked.

    Args:
        world: What reconcile is handed.
        terms: What the plan may do.
    """
    sides = world.sides
    linked = world.base.filter(pl.col("state") == "linked")
    rows = kept_out(aligned(sides["database"], sides["airtable"], linked, world.cleared, terms), world.scoped, terms)
    rows = merged(parents_kept(rows, sides["database"], world.children, world.freed, terms), terms)
    sources = pl.concat(side.sources.with_columns(pl.lit(store).alias("store")) for store, side in sides.items())
    rows, conflicts, choices = settled(rows, sources, world.settled, terms)
    rows, conflicts = frozen(rows, conflicts, sources, world.flaps, terms)
    rows = left_out(with_defaults(rows, terms), world.scoped, terms)
    return Reconciled(
        changes=with_probability(_changes(rows, conflicts, world, terms), world.clusters),
        conflicts=conflicts,
        golden=_golden(rows, terms),
        base=next_base(rows, sides, world.base, world.held, terms),
        findings=row_findings(rows, unfit(rows, terms), terms),
        choices=choices,
        tally=tally(rows),
    )


def _changes(rows: pl.DataFrame, conflicts: pl.DataFrame, world: World, terms: Terms) -> pl.DataFrame:
    sides, base = world.sides, world.base
    to_database, new_leads = inserts(
        rows, "database", sides["airtable"].sources, base, world.namespace, world.extra["database"], terms
    )
    to_airtable, new_records = inserts(
        rows, "airtable", sides["database"].sources, base, world.namespace, world.extra["airtable"], terms
    )
    changes = pl.concat(
        [
            *(cell_changes(rows, store, sides, conflicts, terms) for store in STORES),
            *(kept_changes(sides[store], store, terms) for store in STORES),
            link_changes(rows, "database", new_records, terms),
            link_changes(rows, "airtable", new_leads, terms),
            to_database,
            to_airtable,
            *(deletes(rows, store, world.stored[store], terms) for store in STORES),
            *(merges(sides[store], store, world.stored[store], world.children, terms) for store in STORES),
        ]
    )
    return pl.concat([changes, relinked(rows, sides["airtable"], changes, terms)])


def _golden(rows: pl.DataFrame, terms: Terms) -> pl.DataFrame:
    """The golden records: one row an entity that stays, a waiting conflict's cells empty.

    Where a plan does not bring the sides together, the database's word stands before Airtable's.
    """
    stays = rows.filter(~pl.col(VERDICT).is_in(["gone", "gone_unseen", "delete_database", "delete_airtable"]))
    cells = [
        pl.when(pl.col(origin(rule.name)) == APART)
        .then(pl.coalesce(*(target(rule, store, terms) for store in STORES)))
        .otherwise(golden(rule.name))
        .alias(rule.name)
        for rule in terms.rules.fields
    ]
    return stays.select(ENTITY, pl.col(DATABASE).alias("database_key"), pl.col(AIRTABLE).alias("airtable_key"), *cells)
