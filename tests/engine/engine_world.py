"""Small worlds for whole plans: two stores in memory, with all kinds of mess, drawn from a seed or by hypothesis."""

import random
from dataclasses import replace
from datetime import UTC, datetime

import polars as pl

from dq.engine.inputs import Inputs
from dq.engine.local import plan_table
from dq.engine.resting import carried_out, plan_to_rest
from dq.manifest import Column, TableSchema
from dq.rules import (
    ALL_STEPS,
    DedupeRules,
    FieldRule,
    MatchKey,
    Placeholder,
    Standardizer,
    SyncRules,
    TableRules,
)
from dq.schemas.base import base_types

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
STATUS = ("auto_send", "manual_review", "responded")
FIELDS = (
    FieldRule(name="name", airtable="Full Name", survivorship=("most_frequent", "longest", "most_recent")),
    FieldRule(
        name="email",
        airtable="E-mail / work",
        standardize=(Standardizer(name="text"), Standardizer(name="email", options={"normalize_case": "lower"})),
        survivorship=("most_frequent", "most_recent"),
    ),
    FieldRule(
        name="linkedin", airtable="LinkedIn URL", standardize=(Standardizer(name="text"), Standardizer(name="linkedin"))
    ),
    FieldRule(name="state", airtable="State"),
    FieldRule(
        name="status",
        airtable="Status",
        default="auto_send",
        standardize=(Standardizer(name="text"), Standardizer(name="enum", options={"values": list(STATUS)})),
    ),
    FieldRule(name="quality", airtable="Tags", survivorship=("union",), conflict=("merge",)),
    FieldRule(name="size", airtable="Size"),
    FieldRule(name="active", airtable="Active"),
)
DATABASE = TableSchema(
    store="database",
    name="leads",
    key="id",
    columns=(
        Column("id", "text", "TEXT"),
        Column("updated_at", "text", "TEXT"),
        Column("airtable_id", "text", "TEXT"),
        *(Column(f.name, "text", "TEXT") for f in FIELDS[:5]),
        Column("quality", "text", "TEXT"),
        Column("size", "integer", "INTEGER"),
        Column("active", "boolean", "BOOLEAN"),
    ),
)
AIRTABLE = TableSchema(
    store="airtable",
    name="Leads",
    id="tblLeads",
    key="id",
    columns=(
        Column("id", "text", "recordId"),
        Column("Last Modified", "datetime", "lastModifiedTime", writable=False),
        Column("Lead ID", "text", "singleLineText"),
        *(Column(f.airtable, "text", "singleLineText") for f in FIELDS[:4]),
        Column("Status", "text", "singleSelect", choices=STATUS),
        Column("Tags", "list", "multipleSelects", choices=("a", "b", "c")),
        Column("Size", "number", "number"),
        Column("Active", "boolean", "checkbox"),
    ),
)
TYPES = {"size": pl.Int64, "active": pl.Int64, "Size": pl.Float64, "Active": pl.Boolean}
RULES = TableRules(
    key="id",
    created_database=None,
    link_database="airtable_id",
    link_airtable="Lead ID",
    fields=FIELDS,
    dedupe=DedupeRules(
        keys=(MatchKey(field="email"), MatchKey(field="linkedin"), MatchKey(field="state", identifying=False)),
        name_field="name",
        placeholders=(Placeholder(kind="email", match="local_part", value="info"),),
    ),
)
POOL = {
    "name": [None, "Ann Lee", " ann  Lee", "Bo Ray", "Cy Young", "Di Fox", ""],
    "email": [None, "a@x.com", "A@X.com ", "b@x.com", "info@x.com", "c@x.com", "not mail", ""],
    "linkedin": [None, "https://www.linkedin.com/in/ann", "linkedin.com/in/ANN/", "linkedin.com/in/bo", "nope"],
    "state": [None, "NY", " NY", "CA", "[draft] x", ""],
    "status": [None, "auto_send", "AUTO SEND", "responded", "weird", "manual_review"],
    "quality": [None, '["a"]', '["b", "a"]', "[]", '["c"]', '["zzz"]'],
    "size": [None, 1, 7, 9007199254740993],
    "active": [None, 0, 1],
}


def database_row(pick, number, link=None, keys="text"):
    row = {"id": f"d{number}" if keys == "text" else number, "updated_at": pick([None, "2026-01-01", "2026-01-03"])}
    return {**row, "airtable_id": link, **{name: pick(values) for name, values in POOL.items()}}


def airtable_row(pick, number, link=None):
    row = {"id": f"rec{number}", "Last Modified": pick([None, "2026-01-02T00:00:00.000Z", "2026-01-03T00:00:00.000Z"])}
    cells = {field.airtable: pick(POOL[field.name]) for field in FIELDS}
    cells["Status"] = cells["Status"] if cells["Status"] in STATUS else None  # a select holds its options only
    cells["Tags"] = None if cells["Tags"] == '["zzz"]' else cells["Tags"]
    cells["Size"] = None if cells["Size"] is None else float(min(cells["Size"], 2**53))
    cells["Active"] = None if cells["Active"] is None else bool(cells["Active"])
    return {**row, "Lead ID": link, **cells}


def frame(schema, rows, keys="text"):
    types = {c.name: TYPES.get(c.name, pl.String) for c in schema.columns}
    if schema.store == "database" and keys == "integer":
        types["id"] = pl.Int64
    return pl.DataFrame(rows, schema=types, orient="row")


def inputs(database, airtable, *, rules=RULES, base=None, steps=ALL_STEPS, keys="text", children=(), parts=1):
    schema = DATABASE
    if keys == "integer":
        schema = replace(DATABASE, columns=(Column("id", "integer", "INTEGER"), *DATABASE.columns[1:]))
    base = pl.DataFrame(schema=base_types(rules.names)) if base is None else base
    return Inputs(
        rules=rules,
        schemas={"database": schema, "airtable": AIRTABLE},
        raw={"database": frame(schema, database, keys).lazy(), "airtable": frame(AIRTABLE, airtable).lazy()},
        children=list(children),
        base=base,
        airtable_base="app1",
        steps=frozenset(steps),
        stamp="2026-07-01T12:00:00",
        now=NOW,
        parts=parts,
    )


def next_inputs(given, made):
    """The inputs of the next plan, when every change of this one is in the stores and they gave new rows keys."""
    after = carried_out(given, made)
    if given.schemas["database"].column("id").kind != "integer":
        return after
    raw, base = numbered(after.raw, after.base)
    return replace(after, raw=raw, base=base)


def numbered(raw, base):
    """Placeholder keys as the numbers that a database would give."""
    taken = raw["database"].collect()["id"]
    new = sorted(key for key in taken.to_list() if key < 0)
    gone = base.filter(pl.col("store") == "database")["row_key"].to_list()
    known = [*gone, *base["database_key"].drop_nulls().to_list()]
    start = max([0, *taken.to_list(), *(int(key) for key in known if key.isdigit())])
    names = {str(key): str(start + n) for n, key in enumerate(new, 1)}
    key = pl.col("id").cast(pl.String).replace(names).cast(pl.Int64)
    return {
        "database": raw["database"].with_columns(key),
        "airtable": raw["airtable"].with_columns(pl.col("Lead ID").replace(names)),
    }, base.with_columns(pl.col("database_key").replace(names))


def world(seed, size=12, keys="text", links=True):
    """Rows of both stores, a number of them linked."""
    chance = random.Random(seed)
    numbers = range(1, chance.randint(0, size) + 1)
    records = range(1, chance.randint(0, size) + 1)

    def link(prefix):
        return chance.choice([None, f"{prefix}{chance.randint(1, size)}"]) if links else None

    own = "d" if keys == "text" else ""
    database = [database_row(chance.choice, n, link("rec"), keys) for n in numbers]
    return database, [airtable_row(chance.choice, n, link(own)) for n in records]


def edited(given, seed):
    """The stores after some weeks of people: edits, deletes, new rows."""
    chance = random.Random(seed)
    raw = {}
    for store, make in (("database", database_row), ("airtable", airtable_row)):
        rows = given.raw[store].collect().to_dicts()
        rows = [row for row in rows if chance.random() > 0.15]
        for row in rows:
            if chance.random() < 0.4:
                field = chance.choice(FIELDS)
                column = field.name if store == "database" else field.airtable
                row[column] = make(chance.choice, 1)[column]
                when = "updated_at" if store == "database" else "Last Modified"
                row[when] = chance.choice(["2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z", None])
        number = 900 + seed % 50
        new = make(chance.choice, number)
        taken = {str(row["id"]) for row in rows}
        key = f"{'d' if store == 'database' else 'rec'}{number}"
        if given.schemas[store].column("id").kind == "integer":
            key = new["id"] = number
        else:
            new["id"] = key
        if chance.random() < 0.6 and str(key) not in taken:
            rows.append(new)
        raw[store] = pl.DataFrame(rows, schema=given.raw[store].collect_schema(), orient="row").lazy()
    return replace(given, raw=raw)


def with_rules(direction="both", resolve="merge", conflict=("most_recent",), deletes="propagate", links=True, **update):
    fields = tuple(f if f.name == "quality" else f.model_copy(update={"conflict": conflict}) for f in FIELDS)
    more = {} if links else {"link_database": None, "link_airtable": None}
    sync, dedupe = SyncRules(direction=direction, deletes=deletes), RULES.dedupe.model_copy(update={"resolve": resolve})
    return RULES.model_copy(update={"fields": fields, "sync": sync, "dedupe": dedupe, **more, **update})


__all__ = ["edited", "inputs", "next_inputs", "plan_table", "plan_to_rest", "with_rules", "world"]
