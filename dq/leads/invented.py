"""One flat table of invented leads to try matchers on, with the truth: who is who, and what is hard about each row.

    crowd (who there is) ─► rows, in random order ─► blocks of rows: names, employers, how they are reached ─► leads, truth, traits

Equal seeds give equal tables, whatever the number of threads: chance is drawn in one order, and no row's place is left to it.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from dq.errors import ConfigurationError
from dq.leads import words
from dq.leads.crowd import MOVED, RELATIONS, RENAMED, Crowd, crowd
from dq.leads.people import ENTITY
from dq.leads.reaching import Rows, emails, gaps, phones, profiles, sites
from dq.leads.spellings import employers, names, titles
from dq.leads.texts import Codes, listed, uuids

COLUMNS = (
    "id", "name", "email", "company", "title", "linkedin_url", "company_website", "phone", "status", "created_at", "updated_at",
)  # fmt: skip
KEY = "row_key"
NO_STATUS = 0.08
_BLOCK = 250_000
"""Rows whose texts are made at a time: what is in memory besides the tables themselves."""
_START, _DAYS, _GAP_DAYS, _CHANGE_DAYS = "2021-01-04", 900, 200, 120
_MINUTES_A_DAY = 24 * 60


@dataclass(frozen=True)
class Flat:
    """A table of leads.

    Attributes:
        leads: The rows: `COLUMNS`, all text; null = empty.
        truth: row_key (a lead's id), entity_id: which rows are one person.
        traits: row_key, and a column of true and false for everything that makes rows hard to match: docs/generate.md.
    """

    leads: pl.DataFrame
    truth: pl.DataFrame
    traits: pl.DataFrame


def flat(seed: int = 1, rows: int = 100_000) -> Flat:
    """Invent a table of leads.

    Args:
        seed: Equal seeds give equal tables; not negative.
        rows: How many rows; about 0.76 people for each.

    Raises:
        ConfigurationError: Fewer than one row was asked for, or the seed is negative.
    """
    if rows < 1:
        raise ConfigurationError(f"A table of {rows} rows is empty.", fix="ask for at least 1")
    if seed < 0:
        raise ConfigurationError("A seed is not negative.", fix="ask for 0 or more")
    rng = np.random.default_rng(seed)
    world = crowd(rng, rows)
    person, copy = _shuffled(rng, world)
    later = (world.change[person] >= 0) & (copy >= _first_later(rng, world)[person])
    stint = np.where(later, world.later[person], person)
    about = Rows(person, stint, world.stints["firm"].to_numpy()[stint], later)
    blocks = [_block(rng, world, _cut(about, begin), copy[begin : begin + _BLOCK]) for begin in range(0, rows, _BLOCK)]
    leads = pl.concat([block[0] for block in blocks], rechunk=True)
    keys = leads["id"].alias(KEY)
    return Flat(
        leads=leads,
        truth=pl.DataFrame({KEY: keys, ENTITY: person}),
        traits=pl.concat([block[1] for block in blocks], rechunk=True).insert_column(0, keys),
    )


def _shuffled(rng: np.random.Generator, world: Crowd) -> tuple[Codes, Codes]:
    """The person of each row, in random order, and which of the person's rows it is, from 0."""
    sizes = world.people["rows"].to_numpy()
    person = np.repeat(np.arange(len(sizes)), sizes)
    copy = np.arange(len(person)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    order = rng.permutation(len(person))
    return person[order], copy[order]


def _first_later(rng: np.random.Generator, world: Crowd) -> Codes:
    """For each person which of the rows is the first one after the change; never the first of all."""
    sizes = world.people["rows"].to_numpy()
    return np.asarray(1 + rng.random(len(sizes)) * (sizes - 1), dtype=np.int64)


def _cut(rows: Rows, begin: int) -> Rows:
    part = slice(begin, begin + _BLOCK)
    return Rows(rows.person[part], rows.stint[part], rows.firm[part], rows.later[part])


def _block(rng: np.random.Generator, world: Crowd, rows: Rows, copy: Codes) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The cells and the traits of some rows."""
    count = len(rows.person)
    gap = gaps(rng, world, rows)
    name, of_names = names(rng, world, rows.person, rows.stint)
    email, of_emails = emails(rng, world, rows, gap)
    company, of_firms = employers(rng, world, rows.firm)
    phone, of_phones = phones(rng, world, rows, gap)
    status = np.where(rng.random(count) < NO_STATUS, -1, rng.integers(len(words.STATUSES), size=count))
    created, updated = _times(rng, copy)
    cells = {
        "id": uuids(rng, count),
        "name": name,
        "email": email,
        "company": company,
        "title": titles(rng, world, rows.stint),
        "linkedin_url": profiles(rng, world, rows, gap.profile),
        "company_website": sites(rng, world, rows),
        "phone": phone,
        "status": listed(words.STATUSES, status),
        "created_at": created,
        "updated_at": updated,
    }
    traits = pl.concat([_standing(world, rows), of_names, of_emails, of_firms, of_phones], how="horizontal")
    return pl.DataFrame(cells).select(COLUMNS), traits


def _standing(world: Crowd, rows: Rows) -> pl.DataFrame:
    """What is hard about the people, not about how they are written."""
    change = world.change[rows.person]
    relation = world.people["relation"].to_numpy()[rows.person]
    return pl.DataFrame(
        {
            "new_job": rows.later & (change == MOVED),
            "new_surname": rows.later & (change == RENAMED),
            **{name: relation == number for number, name in enumerate(RELATIONS)},
        }
    )


def _times(rng: np.random.Generator, copy: Codes) -> tuple[pl.Series, pl.Series]:
    """When rows were made, a person's one after the other, and when they were changed last."""
    first = rng.integers(_GAP_DAYS * _MINUTES_A_DAY, size=len(copy))
    created = copy * _GAP_DAYS * _MINUTES_A_DAY + first
    updated = created + rng.integers(_CHANGE_DAYS * _MINUTES_A_DAY, size=len(copy))
    start = pl.lit(_START).str.to_datetime("%Y-%m-%d", time_unit="ms")
    frame = pl.DataFrame({"created": created, "updated": updated})
    told = frame.select(
        (start + pl.duration(minutes=pl.col(name), time_unit="ms")).dt.strftime("%Y-%m-%dT%H:%M:%S.000Z").alias(name)
        for name in frame.columns
    )
    return told["created"], told["updated"]
