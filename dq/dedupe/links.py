"""Links that are known before anything is compared: from the base state and the stores' link columns.

A lead has one record and a record one lead. Where links disagree the base wins, then the database's column, then
Airtable's field; the rest become findings, and matter again only if the keys agree. A link to a row that was merged away
leads to the one that stayed, if no other link does.
"""

from dataclasses import dataclass

import polars as pl

from dq.schemas import BaseRow, Finding, Record
from dq.schemas.finding import FINDING_TYPES

DATABASE_KEY, AIRTABLE_KEY, ORIGIN = "database_key", "airtable_key", "origin"
ORIGINS = ["base", "database", "airtable"]
"""In order of trust."""
_LINK_TYPES = pl.Schema({DATABASE_KEY: pl.String(), AIRTABLE_KEY: pl.String(), ORIGIN: pl.String()})
_PAIR, _HELD = [DATABASE_KEY, AIRTABLE_KEY], ["held_database", "held_airtable"]
_FINDING_COLUMNS = list(FINDING_TYPES)


@dataclass(frozen=True)
class Links:
    """Accepted links, one to one, and what was wrong with the others.

    Attributes:
        accepted: database_key, airtable_key, origin.
        findings: In the Finding contract.
    """

    accepted: pl.DataFrame
    findings: pl.DataFrame


def links(database: pl.DataFrame, airtable: pl.DataFrame, base: pl.DataFrame, table: str) -> Links:
    """The one-to-one links between alive rows.

    Args:
        database: Record frame of the database side.
        airtable: Record frame of the Airtable side.
        base: The base state.
        table: The mapping's database table, for findings.
    """
    claims = pl.concat([_from_base(base), _from_database(database), _from_airtable(airtable)])
    keys = _keys(database, DATABASE_KEY), _keys(airtable, AIRTABLE_KEY)
    alive = _alive(claims, *keys)
    accepted = _one_to_one(alive, claims.clear())
    dead = claims.filter(pl.col(ORIGIN) != "base").join(alive, on=_PAIR, how="anti")
    lost = alive.filter(pl.col(ORIGIN) != "base").join(accepted, on=_PAIR, how="anti")
    led = _alive(_led_on(dead, base, *keys), *keys)
    late = _one_to_one(led.select(list(_LINK_TYPES)), accepted)
    dead = dead.join(led.join(late, on=_PAIR, how="semi"), left_on=_PAIR, right_on=_HELD, how="anti")
    return Links(
        accepted=late.sort(DATABASE_KEY),
        findings=pl.concat(
            [
                _findings(dead, table, "link.dead", "the link points at a row that does not exist"),
                _findings(lost, table, "link.conflict", "another link of the same row was trusted more"),
            ]
        ),
    )


def _keys(records: pl.DataFrame, name: str) -> pl.DataFrame:
    return records.select(pl.col(Record.row_key).alias(name))


def _from_base(base: pl.DataFrame) -> pl.DataFrame:
    linked = base.filter(pl.col(BaseRow.state) == "linked")
    return linked.select(DATABASE_KEY, AIRTABLE_KEY, pl.lit("base").alias(ORIGIN)).drop_nulls().cast(_LINK_TYPES)


def _from_database(records: pl.DataFrame) -> pl.DataFrame:
    return _claims(records, own=DATABASE_KEY, other=AIRTABLE_KEY, origin="database")


def _from_airtable(records: pl.DataFrame) -> pl.DataFrame:
    return _claims(records, own=AIRTABLE_KEY, other=DATABASE_KEY, origin="airtable")


def _claims(records: pl.DataFrame, own: str, other: str, origin: str) -> pl.DataFrame:
    claimed = records.filter(pl.col(Record.link) != "").select(
        pl.col(Record.row_key).alias(own), pl.col(Record.link).alias(other), pl.lit(origin).alias(ORIGIN)
    )
    return claimed.select(DATABASE_KEY, AIRTABLE_KEY, ORIGIN)


def _alive(claims: pl.DataFrame, database: pl.DataFrame, airtable: pl.DataFrame) -> pl.DataFrame:
    """The claims whose rows are both there."""
    return claims.join(database, on=DATABASE_KEY, how="semi").join(airtable, on=AIRTABLE_KEY, how="semi")


def _led_on(dead: pl.DataFrame, base: pl.DataFrame, database: pl.DataFrame, airtable: pl.DataFrame) -> pl.DataFrame:
    """Links to rows that were merged away, as links to the rows that stayed; what they held stands beside."""
    linked = base.filter(pl.col(BaseRow.state) == "linked")
    led = dead.with_columns(pl.col(name).alias(held) for name, held in zip(_PAIR, _HELD, strict=True))
    for store, alive in (("database", database), ("airtable", airtable)):
        key = f"{store}_key"
        losers = base.filter((pl.col(BaseRow.state) == "loser") & (pl.col(BaseRow.store) == store))
        stayed = losers.join(linked.select(BaseRow.entity_id, pl.col(key).alias("_stays")), on=BaseRow.entity_id)
        moved = stayed.select(pl.col(BaseRow.row_key).alias(key), "_stays").join(alive, on=key, how="anti")
        once = moved.drop_nulls().unique(key, keep="first", maintain_order=True)
        led = led.join(once, on=key, how="left", maintain_order="left")
        led = led.with_columns(pl.coalesce("_stays", key).alias(key)).drop("_stays")
    return led


def _one_to_one(claims: pl.DataFrame, accepted: pl.DataFrame) -> pl.DataFrame:
    """Trust by trust: a link stands when neither of its rows has one yet; equal claims go to the smaller key."""
    for origin in ORIGINS:
        free = (
            claims.filter(pl.col(ORIGIN) == origin)
            .join(accepted, on=DATABASE_KEY, how="anti")
            .join(accepted, on=AIRTABLE_KEY, how="anti")
            .sort(DATABASE_KEY, AIRTABLE_KEY)
        )
        single = free.unique(DATABASE_KEY, keep="first", maintain_order=True).unique(
            AIRTABLE_KEY, keep="first", maintain_order=True
        )
        accepted = pl.concat([accepted, single])
    return accepted


def _findings(claims: pl.DataFrame, table: str, rule: str, message: str) -> pl.DataFrame:
    store = pl.col(ORIGIN)
    return claims.select(
        store.alias(Finding.store),
        pl.lit(table).alias(Finding.table),
        pl.when(store == "database").then(DATABASE_KEY).otherwise(AIRTABLE_KEY).alias(Finding.row_key),
        pl.lit(None, pl.String).alias(Finding.field),
        pl.when(store == "database").then(AIRTABLE_KEY).otherwise(DATABASE_KEY).alias(Finding.value),
        pl.lit(rule).alias(Finding.rule),
        pl.lit("warning").alias(Finding.severity),
        pl.lit(message).alias(Finding.message),
    ).select(_FINDING_COLUMNS)
