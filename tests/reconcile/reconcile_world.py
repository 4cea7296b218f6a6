"""One mapping of three fields for reconcile alone: sides and base as plain dicts, one row an entity."""

import json
from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_URL

import polars as pl

from dq.manifest import Column, TableSchema
from dq.reconcile import FLAP_TYPES, Terms, World, asked, digests, reconcile
from dq.rules import ALL_STEPS, DedupeRules, FieldRule, Scope, SyncRules, TableRules
from dq.schemas import Change, Cluster, Conflict
from dq.schemas.base import BASE_TYPES, agreed, base_types
from dq.side import ENTITY, KEY, QUALITY, Side

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
TIME = pl.Datetime("us", "UTC")
NAMES = ("name", "title", "status")


def field(name, **more):
    return FieldRule(
        name=name, airtable=name.title(), **{"default": "new" if name == "status" else None, "standardize": (), **more}
    )


def rules(fields=None, *, direction="both", deletes="propagate", priority=("database", "airtable"), scope=None):
    return TableRules(
        fields=tuple(fields or (field(name) for name in NAMES)),
        sync=SyncRules(direction=direction, deletes=deletes),
        dedupe=DedupeRules(survivorship_priority=priority),
        scope=scope,
    )


def terms(given, steps=ALL_STEPS, blind=()):
    columns = [Column("id", "text", "TEXT"), *(Column(f.name, "text", "TEXT") for f in given.fields)]
    fields = [Column("id", "text", "id"), *(Column(f.airtable, "text", "singleLineText") for f in given.fields)]
    database = TableSchema("database", "leads", "id", tuple(columns))
    airtable = TableSchema("airtable", "Leads", "id", tuple(fields))
    return Terms(given, database, airtable, frozenset(steps), "2026-07-01", NOW, frozenset(blind))


def side(given, rows, letter):
    """`rows`: entity → {field: value, "at": seconds or None}; an absent entity has no row on this side."""
    names = given.names
    flat = []
    for entity, row in rows.items():
        when = None if row.get("at") is None else NOW + timedelta(seconds=row["at"])
        full = sum(row.get(f.name) not in (None, f.default) for f in given.fields) / len(names)
        cells = {c: row.get(n) for n in names for c in (n, f"{n}_held", f"{n}_raw")}
        rule = {f"{n}_rule": None for n in names}
        fixed = {ENTITY: entity, KEY: f"{letter}{entity}", "created": None, "modified": when, "link": None}
        flat.append({**fixed, QUALITY: row.get("quality", full), **cells, **rule})
    cells = dict.fromkeys([c for n in names for c in (n, f"{n}_held", f"{n}_raw", f"{n}_rule")], pl.String)
    fixed = {
        ENTITY: pl.String,
        KEY: pl.String,
        "created": TIME,
        "modified": TIME,
        "link": pl.String,
        QUALITY: pl.Float64,
    }
    kept = {
        ENTITY: pl.String,
        KEY: pl.String,
        **dict.fromkeys([c for n in names for c in (n, f"{n}_raw", f"{n}_rule")], pl.String),
    }
    return Side(
        rows=pl.DataFrame(flat, schema={**fixed, **cells}).sort(ENTITY),
        sources=pl.DataFrame(schema={ENTITY: pl.String, "field": pl.String, "source": pl.String, "time": TIME}),
        merged=pl.DataFrame(schema={ENTITY: pl.String, KEY: pl.String, "survivor": pl.String}),
        kept=pl.DataFrame(schema=kept),
    )


def digest(text):
    return digests(pl.Series([text]))[0]


def base_of(given, rows):
    """`rows`: entity → {field: agreed value, "" for empty, None for never}."""
    empty = dict.fromkeys(BASE_TYPES)
    flat = [
        {**empty, "table": "leads", ENTITY: e, "database_key": f"d{e}", "airtable_key": f"a{e}", "state": "linked"}
        | {agreed(n): row.get(n) for n in given.names}
        for e, row in rows.items()
    ]
    return pl.DataFrame(flat, schema=base_types(given.names))


def scope(where, leaving="keep"):
    return Scope(where=where, columns=tuple(pl.sql_expr(where).meta.root_names()), leaving=leaving)


def scoped_of(given, side):
    names = given.scope.columns if given.scope else ()
    return side.rows.select(KEY, *(pl.col(f"{name}_held").alias(name) for name in names))


def reconciled(given, database, airtable, base, steps=ALL_STEPS, blind=(), flaps=None, ask_all=False):
    sides = {"database": side(given, database, "d"), "airtable": side(given, airtable, "a")}
    held = pl.DataFrame(schema={KEY: pl.String, "held": pl.String})
    clusters = pl.DataFrame(schema={ENTITY: pl.String, Cluster.probability: pl.Float64})
    stored = {store: pl.DataFrame({"id": one.rows[KEY]}, schema={"id": pl.String}) for store, one in sides.items()}
    world = World(
        sides=sides,
        base=base_of(given, base),
        clusters=clusters,
        stored=stored,
        held={"database": held, "airtable": held},
        children=[],
        namespace=NAMESPACE_URL,
        extra={"database": {}, "airtable": {}},
        scoped=scoped_of(given, sides["database"]),
        flaps=pl.DataFrame(flaps or [], schema=FLAP_TYPES, orient="row"),
    )
    return (asked if ask_all else reconcile)(world, terms(given, steps, blind))


def told(done, given):
    """Changes, conflicts and base as plain sets of tuples, in the words of the oracle."""
    names = {f.airtable: f.name for f in given.fields}
    changes = set()
    for row in done.changes.iter_rows(named=True):
        if row[Change.field] == "id":
            continue
        after = row[Change.after]
        after = json.loads(after) if after and after.startswith('"') else after
        name = names.get(row[Change.field], row[Change.field])
        changes.add((row[Change.store], row[Change.op], row[Change.entity_id], name, after))
    conflicts = {
        (row[Conflict.entity_id], row[Conflict.field], row["suggested"], row["resolved_by"])
        for row in done.conflicts.iter_rows(named=True)
    }
    base = {
        (row[ENTITY], row["state"], *(row[agreed(n)] for n in given.names)) for row in done.base.iter_rows(named=True)
    }
    return changes, conflicts, base
