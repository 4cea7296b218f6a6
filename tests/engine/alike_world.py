"""Two stores of invented leads without links, and a few leads by hand among which the matcher has to decide."""

from dataclasses import replace
from functools import lru_cache

import polars as pl
from engine_world import NOW, STATUS

from dq.engine.inputs import Hints, Inputs
from dq.engine.local import plan_table
from dq.leads import flat
from dq.manifest import Column, TableSchema
from dq.rules import ALL_STEPS, DedupeRules, FieldRule, MatcherRules, MatchKey, Placeholder, Standardizer, TableRules
from dq.schemas.base import base_types

TEXT = Standardizer(name="text")
NAMES = ("name", "email", "company", "linkedin", "phone", "title", "status")
KINDS = {"email": "email", "company": "company", "linkedin": "linkedin", "phone": "phone"}
EARLY = "2026-01-01T00:00:00Z"
ENDS = ("store_l", "key_l", "store_r", "key_r")
LINKS = ("airtable_id", "Lead ID")


def fields(names=NAMES):
    chains = {name: (TEXT, Standardizer(name=kind)) for name, kind in KINDS.items()}
    chains["status"] = (TEXT, Standardizer(name="enum", options={"values": list(STATUS)}))
    default = {"status": "auto_send"}
    return tuple(
        FieldRule(name=name, airtable=name.upper(), standardize=chains.get(name, (TEXT,)), default=default.get(name))
        for name in names
    )


def rules(matcher=MatcherRules(fewest_rows=0), names=NAMES):  # noqa: B008 (frozen)
    return TableRules(
        key="id",
        created_database=None,
        link_database=LINKS[0],
        link_airtable=LINKS[1],
        fields=fields(names),
        dedupe=DedupeRules(
            keys=(MatchKey(field="email"), MatchKey(field="linkedin"), MatchKey(field="company", identifying=False)),
            name_field="name",
            placeholders=(
                Placeholder(kind="email", match="local_part", value="info"),
                Placeholder(kind="text", match="exact", value="Test Lead"),
            ),
            matcher=matcher,
        ),
    )


def schemas(names=NAMES):
    text = [Column(name, "text", "TEXT") for name in ("id", "updated_at", LINKS[0], *names)]
    cells = [Column(name.upper(), "text", "singleLineText") for name in names]
    modified = Column("Last Modified", "datetime", "lastModifiedTime", writable=False)
    record = (Column("id", "text", "recordId"), modified, Column(LINKS[1], "text", "singleLineText"), *cells)
    return {
        "database": TableSchema(store="database", name="leads", key="id", columns=tuple(text)),
        "airtable": TableSchema(store="airtable", name="Leads", id="tblLeads", key="id", columns=record),
    }


def inputs(database, airtable, given=None, model=None, parts=1, names=NAMES, base=None, **hints):
    """What a plan of rows by hand is made from: key → cells by field."""
    given = given or rules(names=names)
    modified, link = (
        {"database": "updated_at", "airtable": "Last Modified"},
        dict(zip(("database", "airtable"), LINKS, strict=True)),
    )
    raw = {}
    for store, rows in (("database", database), ("airtable", airtable)):
        called = {name: name if store == "database" else name.upper() for name in names}
        lines = [
            {"id": key, modified[store]: EARLY, link[store]: cells.get("link")}
            | {column: cells.get(name) for name, column in called.items()}
            for key, cells in rows.items()
        ]
        columns = ["id", modified[store], link[store], *called.values()]
        raw[store] = pl.DataFrame(lines, schema=dict.fromkeys(columns, pl.String), orient="row").lazy()
    told = Hints(**{name: pl.DataFrame(pairs, schema=ENDS, orient="row") for name, pairs in hints.items()})
    return Inputs(
        rules=given,
        schemas=schemas(names),
        raw=raw,
        children=[],
        base=pl.DataFrame(schema=base_types(given.names)) if base is None else base,
        airtable_base="app1",
        steps=frozenset(ALL_STEPS),
        stamp="2026-07-01T12:00:00",
        now=NOW,
        parts=parts,
        hints=told,
        model=model,
    )


@lru_cache(maxsize=4)
def crowd(seed=3, rows=500):
    """Invented leads, every other one a record."""
    leads = flat(seed, rows).leads.rename({"linkedin_url": "linkedin"}).to_dicts()
    held = [{name: lead[name] for name in NAMES} for lead in leads]
    return {f"d{n}": cells for n, cells in enumerate(held) if n % 2}, {
        f"rec{n}": cells for n, cells in enumerate(held) if not n % 2
    }


@lru_cache(maxsize=1)
def model():
    """What a crowd teaches."""
    return plan_table(inputs(*crowd())).model


FILLED = {
    "d0": {
        "name": "Ingeborg Vandersloot",
        "email": "ingeborg@tulpenhof.example",
        "company": "Tulpenhof Growers",
        "linkedin": "https://www.linkedin.com/in/ingeborg-vandersloot",
        "phone": "+31 20 555 0199",
        "title": "Head of Growing",
    }
}
"""A lead that is nobody else."""


def few(database, airtable, **more):
    """The inputs of a few rows, judged by what the crowd taught."""
    return inputs({**FILLED, **database}, airtable, model=model(), **more)


def planned(database, airtable, **more):
    """The plan of a few rows, judged by what the crowd taught."""
    return plan_table(few(database, airtable, **more))


def leads(made):
    """The leads of a plan, as sets of row keys."""
    return set(map(frozenset, made.leads.group_by("entity_id").agg("row_key")["row_key"].to_list()))


def decisions(made):
    """The pairs of the matcher and of its rules, and what became of them."""
    pairs = made.pairs.filter(pl.col("match_key").is_in(["match", "always"]))
    return {
        frozenset((one, other)): said for one, other, said in pairs.select("key_l", "key_r", "decision").iter_rows()
    }


__all__ = ["crowd", "decisions", "inputs", "leads", "model", "planned", "replace", "rules"]
