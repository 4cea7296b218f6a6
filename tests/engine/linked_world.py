"""Two mappings in memory, leads that belong to companies: by hand, or drawn from a seed."""

import json
import random
from dataclasses import replace
from datetime import UTC, datetime

import polars as pl

from dq.engine.inputs import Inputs
from dq.engine.mappings import in_order
from dq.engine.resting import carried_out
from dq.engine.together import plan_together
from dq.manifest import Column, Lineage, Manifest, Reference, TableFile, TableSchema
from dq.rules import ALL_STEPS, Child, DedupeRules, FieldRule, MatchKey, Standardizer, SyncRules, TableRules
from dq.schemas.base import base_types

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
EARLY, LATE = "2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z"
COMPANY_ID = Reference("leads", "company_id", "companies")
TIMES = (Column("updated_at", "text", "TEXT"),)
MODIFIED = (Column("Last Modified", "datetime", "lastModifiedTime", writable=False),)


def _schema(store, name, *columns, **more):
    return TableSchema(store, name, "id", (Column("id", "text", "TEXT"), *columns), **more)


def schemas(soft=False, linked="tblCompanies"):
    mark = ("deleted_at", "merged_into") if soft else ()
    text = [Column(name, "text", "TEXT") for name in ("name", "domain")]
    fields = [Column(name, "text", "singleLineText") for name in ("Name", "Domain")]
    link = Column("Company", "list", "multipleRecordLinks", linked=linked)
    lead = [Column(name, "text", "TEXT") for name in ("name", "email", "company_id")]
    record = [Column(name, "text", "singleLineText") for name in ("Full Name", "Email")]
    return {
        "companies": {
            "database": _schema("database", "companies", *TIMES, *text, soft_delete=mark),
            "airtable": _schema("airtable", "Companies", *MODIFIED, *fields, id="tblCompanies"),
        },
        "leads": {
            "database": _schema("database", "leads", *TIMES, *lead, references=(COMPANY_ID,), soft_delete=mark),
            "airtable": _schema("airtable", "Leads", *MODIFIED, *record, link, id="tblLeads"),
        },
    }


def _rules(table, airtable, fields, key, **more):
    dedupe = DedupeRules(keys=(MatchKey(field=key),), resolve=more.pop("resolve", "merge"))
    sync = SyncRules(direction=more.pop("direction", "both"), deletes=more.pop("deletes", "propagate"))
    return TableRules(
        table=table, airtable=airtable, created_database=None, fields=fields, dedupe=dedupe, sync=sync, **more
    )


def tables(conflict=("most_recent",), companies=None, leads=None):
    email = (Standardizer(name="text"), Standardizer(name="email"))
    policy = {"conflict": conflict}
    return [
        _rules(
            "leads",
            "Leads",
            (
                FieldRule(name="name", airtable="Full Name", **policy),
                FieldRule(name="email", airtable="Email", standardize=email, **policy),
                FieldRule(name="company_id", airtable="Company", survivorship=("union", "most_recent"), **policy),
            ),
            "email",
            **(leads or {}),
        ),
        _rules(
            "companies",
            "Companies",
            (
                FieldRule(name="name", airtable="Name", **policy),
                FieldRule(name="domain", airtable="Domain", **policy),
            ),
            "domain",
            **(companies or {}),
        ),
    ]


def manifest_of(schemas):
    files = [TableFile(schema, "", 0, "") for pair in schemas.values() for schema in pair.values()]
    return Manifest("m", NOW, Lineage("db", "app1", {}), tuple(files))


def world(rows, rules=None, shapes=None, steps=ALL_STEPS, bases=None):
    """`rows`: (table, store) → rows as dicts, absent cells empty."""
    shapes = shapes or schemas()
    given = []
    for one in in_order(rules or tables(), manifest_of(shapes)):
        pair = shapes[one.table]
        raw = {store: _frame(schema, rows.get((one.table, store), ())) for store, schema in pair.items()}
        base = (bases or {}).get(one.table, pl.DataFrame(schema=base_types(one.names)))
        given.append(Inputs(one, pair, raw, [], base, "app1", frozenset(steps), "2026-07-01T12:00:00", NOW))
    return with_children(given)


def _frame(schema, rows):
    names = [column.name for column in schema.columns]
    filled = [{**dict.fromkeys(names), **row} for row in rows]
    return pl.DataFrame(filled, schema=dict.fromkeys(names, pl.String), orient="row").lazy()


def with_children(given):
    companies, leads = given
    child = Child(table="leads", column="company_id")
    rows = leads.raw["database"].collect()
    return [replace(companies, children=[(child, leads.schemas["database"], rows)]), leads]


def after(done):
    """The inputs of the next plans, when every change is in the stores."""
    return with_children([carried_out(one.inputs, one.made, one.alone) for one in done])


def at_rest(given):
    """The plans, which come to rest, and the stores once they are carried out."""
    done = plan_together(given)
    assert [one.rest.rows() for one in done] == [[], []]
    then = after(done)
    assert [one.made.reconciled.changes.rows() for one in plan_together(then)] == [[], []]
    return done, then


def company(key, domain=None, at=EARLY, name=None):
    return {"id": key, "updated_at": at, "domain": domain, "name": name or domain}


def firm(key, domain=None, at=EARLY, name=None):
    return {"id": key, "Last Modified": at, "Domain": domain, "Name": name or domain}


def lead(key, email=None, to=None, at=EARLY):
    return {"id": key, "updated_at": at, "email": email, "name": email, "company_id": to}


def record(key, email=None, to=(), at=EARLY):
    cell = json.dumps(list(to)) if to else None
    return {"id": key, "Last Modified": at, "Email": email, "Full Name": email, "Company": cell}


def links(done):
    """The changes of link cells: (store, op, row, after, whether a merge of companies asks for it)."""
    found = set()
    for one in done:
        cells = one.made.reconciled.changes.filter(pl.col("field").is_in(["company_id", "Company"]))
        for row in cells.iter_rows(named=True):
            follows = (row["rule"] or "").startswith("repoint:")
            found.add((row["store"], row["op"], row["row_key"], row["after"], follows))
    return found


def rules_found(done):
    return {rule for one in done for rule in one.made.findings["rule"]}


def held(given):
    """lead → company as each store has them: (store, row_key) → cell."""
    leads = given[1]
    cells = {("database", row["id"]): row["company_id"] for row in leads.raw["database"].collect().to_dicts()}
    return cells | {
        ("airtable", row["id"]): json.loads(row["Company"] or "[]")
        for row in leads.raw["airtable"].collect().to_dicts()
    }


def random_rows(seed, size=7):
    chance = random.Random(seed)
    domains = [None, *(f"{letter}.example" for letter in "abcde")]
    emails = [None, *(f"{letter}@x.example" for letter in "pqrstuv")]
    times = [EARLY, LATE, None]
    keys, ids = [f"c{n}" for n in range(size)], [f"rec{n}" for n in range(size)]

    def some(numbers):
        return range(chance.randint(0, numbers))

    rows = {
        ("companies", "database"): [company(keys[n], chance.choice(domains), chance.choice(times)) for n in some(size)],
        ("companies", "airtable"): [firm(ids[n], chance.choice(domains), chance.choice(times)) for n in some(size)],
    }
    own = [row["id"] for row in rows["companies", "database"]]
    theirs = [row["id"] for row in rows["companies", "airtable"]]
    rows["leads", "database"] = [
        lead(f"d{n}", chance.choice(emails), chance.choice([None, "nobody", *own, *own]), chance.choice(times))
        for n in some(size)
    ]
    rows["leads", "airtable"] = [
        record(f"recL{n}", chance.choice(emails), _some_links(chance, theirs), chance.choice(times)) for n in some(size)
    ]
    return rows


def _some_links(chance, ids):
    if not ids or chance.random() < 0.3:
        return ()
    return chance.sample(ids, min(len(ids), chance.choice([1, 1, 1, 2])))


def edited(given, seed):
    """The stores after people: links moved, cleared and added to; companies and leads deleted, also behind links."""
    chance = random.Random(seed)
    companies, leads = given
    raw = {key: frame.collect().to_dicts() for key, frame in companies.raw.items()}
    kept = {store: [row for row in rows if chance.random() > 0.2] for store, rows in raw.items()}
    own, theirs = ([row["id"] for row in kept[store]] for store in ("database", "airtable"))
    mine = [row for row in leads.raw["database"].collect().to_dicts() if chance.random() > 0.15]
    cells = [row for row in leads.raw["airtable"].collect().to_dicts() if chance.random() > 0.15]
    for row in mine:
        row["company_id"] = row["company_id"] if row["company_id"] in own else None  # ON DELETE SET NULL
        if chance.random() < 0.4:
            row |= {"company_id": chance.choice([None, *own]), "updated_at": chance.choice([LATE, None])}
    for row in cells:
        row["Company"] = json.dumps([one for one in json.loads(row["Company"] or "[]") if one in theirs])
        if chance.random() < 0.4:
            row |= {"Company": json.dumps(_some_links(chance, theirs)), "Last Modified": chance.choice([LATE, None])}
        row["Company"] = None if row["Company"] == "[]" else row["Company"]
    rows = {"companies": kept, "leads": {"database": mine, "airtable": cells}}
    return with_children(
        [
            replace(
                one, raw={store: _frame(schema, rows[one.rules.table][store]) for store, schema in one.schemas.items()}
            )
            for one in given
        ]
    )
