"""How people of a row are reached: addresses, numbers, profiles and sites, of their own and of several people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from dq.leads import words
from dq.leads.crowd import DIRECT, HOME, MOBILE, MOVED, RENAMED, Crowd
from dq.leads.spellings import kinds_of
from dq.leads.texts import Codes, Flags, changed, differs, hexadecimal, kept, listed, misspelled, picked
from dq.leads.vocabulary import given_names, surnames

SHARE_OTHER_ADDRESS, SHARE_OTHER_NUMBER = 0.15, 0.2
"""Rows that have another of somebody's addresses, or numbers, than the usual one."""
SHARE_AT_MAILBOX, SHARE_AT_SWITCHBOARD = 0.5, 0.4
"""Rows at firms with a mailbox, or a switchboard, for several people that have it."""
SHARE_UNDER_BOSS, SHARE_OLD_ADDRESS = 0.5, 0.5
"""Rows of assistants with the other's address; rows under a new surname with the address of the old one."""
SHARE_NEW_NUMBER = 0.6
"""Rows from a new employer with the number there."""
NO_ADDRESS, NO_NUMBER, NO_PROFILE, NO_SITE, NO_PROFILE_AFTER_MOVE = 0.08, 0.15, 0.12, 0.15, 0.3
EMAIL_AXES: Mapping[str, Mapping[str, float]] = {
    "email_case": {"upper": 0.02, "title": 0.015},
    "email_form": {"plus tag": 0.01, "mailto": 0.005},
    "email_slip": {"before the @": 0.015},
    "placeholder": {"address": 0.005},
}
PHONE_AXES: Mapping[str, Mapping[str, float]] = {
    "form": {"spaces": 0.3, "brackets": 0.2, "hyphens": 0.15, "dots": 0.08, "bare": 0.12},
    "extension": {"extension": 0.25},
    "placeholder": {"number": 0.005},
}
"""Extensions are a switchboard's."""
PROFILE_AXES: Mapping[str, Mapping[str, float]] = {
    "form": {"no scheme": 0.08, "http": 0.04, "slash": 0.06, "tracking": 0.04, "country host": 0.04}
}
SITE_AXES: Mapping[str, Mapping[str, float]] = {"form": {"bare": 0.1, "http": 0.08, "slash": 0.08, "plain www": 0.06}}

_PRIME = 982_451_653  # its multiples visit every number of a range once
_A_BLOCK = len(words.AREA_CODES) * 10_000
_EXCHANGES = np.array([555, *(number for number in range(200, 1000) if number != 555 and number % 100 != 11)])
"""555 is nobody's; a table of more than two million rows needs others as well."""


@dataclass(frozen=True)
class Rows:
    """What rows are about: the person, the stint (by row of the crowd's frames), the firm; later = it is the later stint."""

    person: Codes
    stint: Codes
    firm: Codes
    later: Flags


@dataclass(frozen=True)
class Gaps:
    """Which rows have no address, number or profile; every row has one that is true of the person."""

    email: Flags
    phone: Flags
    profile: Flags


def gaps(rng: np.random.Generator, world: Crowd, rows: Rows) -> Gaps:
    """Draw what is missing."""
    count = len(rows.person)
    moved = rows.later & (world.change[rows.person] == MOVED)
    email, phone = rng.random(count) < NO_ADDRESS, rng.random(count) < NO_NUMBER
    profile = ~_of(world, "member", rows) | (rng.random(count) < np.where(moved, NO_PROFILE_AFTER_MOVE, NO_PROFILE))
    return Gaps(email & ~(phone & profile), phone, profile)


def emails(rng: np.random.Generator, world: Crowd, rows: Rows, gap: Gaps) -> tuple[pl.Series, pl.DataFrame]:
    """The addresses of rows, and their traits."""
    count = len(rows.person)
    private = _of(world, "prefers_private", rows) ^ (rng.random(count) < SHARE_OTHER_ADDRESS)
    mailbox = world.firms["mailbox"].gather(rows.firm)
    shared = mailbox.is_not_null().to_numpy() & (rng.random(count) < SHARE_AT_MAILBOX)
    boss = _of(world, "boss", rows)
    borrowed = (boss >= 0) & ~rows.later & (rng.random(count) < SHARE_UNDER_BOSS)
    renamed = rows.later & (world.change[rows.person] == RENAMED)
    old = np.where(renamed & (rng.random(count) < SHARE_OLD_ADDRESS), rows.person, rows.stint)
    kinds = kinds_of(rng, EMAIL_AXES, count)
    own, nobody = ~shared, (kinds["placeholder"] == 0) & ~gap.profile
    frame = pl.DataFrame(
        {
            "office": world.stints["office"].gather(np.where(borrowed, boss, old)),
            "own": world.people["private"].gather(rows.person),
            "mailbox": mailbox,
            "private": private & ~borrowed,
            "shared": shared,
        }
    )
    meant = frame.select(pl.when("shared").then("mailbox").when("private").then("own").otherwise("office")).to_series()
    written = _mistyped(rng, meant, (kinds["email_slip"] == 0) & own)
    told = ~gap.email & ~nobody
    traits = {
        "private_address": told & (private & ~borrowed & own),
        "shared_mailbox": told & shared,
        "borrowed_address": told & (borrowed & own),
        "address_typo": told & differs(written, meant),
        "placeholder_address": ~gap.email & nobody,
    }
    found = _instead(rng, _dressed(written, kinds, own), nobody, words.PLACEHOLDER_ADDRESSES)
    return kept(found, ~gap.email), pl.DataFrame(traits)


def _mistyped(rng: np.random.Generator, addresses: pl.Series, where: Flags) -> pl.Series:
    """The addresses, with a typing error before the @ where it is said."""
    halves = addresses.to_frame("whole").select(pl.col("whole").str.splitn("@", 2)).unnest("whole")
    return misspelled(rng, halves["field_0"], where) + "@" + halves["field_1"]


def _dressed(addresses: pl.Series, kinds: Mapping[str, Codes], own: Flags) -> pl.Series:
    """The addresses with what people and programs put around them."""
    form, case = kinds["email_form"], kinds["email_case"]
    tagged = changed(addresses, (form == 0) & own, lambda text: text.str.replace("@", "+leads@", literal=True))
    linked = changed(tagged, form == 1, lambda text: "mailto:" + text)
    upper = changed(linked, case == 0, lambda text: text.str.to_uppercase())
    return changed(upper, case == 1, lambda text: text.str.head(1).str.to_uppercase() + text.str.slice(1))


def _instead(rng: np.random.Generator, texts: pl.Series, where: Flags, others: Sequence[str]) -> pl.Series:
    """The texts, with something else where it is said."""
    chosen = listed(others, np.where(where, rng.integers(len(others), size=len(texts)), -1))
    return pl.select(pl.coalesce(chosen, texts)).to_series()


def phones(rng: np.random.Generator, world: Crowd, rows: Rows, gap: Gaps) -> tuple[pl.Series, pl.DataFrame]:
    """The telephone numbers of rows, and their traits."""
    count, people, stints = len(rows.person), world.people.height, world.stints.height
    other = rng.random(count) < SHARE_OTHER_NUMBER
    kind = np.where(other, rng.integers(len((MOBILE, DIRECT, HOME)), size=count), _of(world, "number", rows))
    moved = rows.later & (world.change[rows.person] == MOVED)
    kind = np.where(moved & (rng.random(count) < SHARE_NEW_NUMBER), DIRECT, kind)
    central = world.firms["switchboard"].to_numpy()[rows.firm] & (rng.random(count) < SHARE_AT_SWITCHBOARD)
    home = people + stints + _of(world, "household", rows)
    index = np.where(kind == MOBILE, rows.person, np.where(kind == DIRECT, people + rows.stint, home))
    index = np.where(central, 2 * people + stints + rows.firm, index)
    kinds = kinds_of(rng, PHONE_AXES, count)
    nobody, extended = (kinds["placeholder"] == 0) & ~gap.profile, central & (kinds["extension"] == 0)
    inner = pl.Series(rng.integers(10, 1000, size=count)).cast(pl.String)
    number = _dialed(_digits(index), kinds["form"]) + (" x" + kept(inner, extended)).fill_null("")
    told = ~gap.phone & ~nobody
    traits = {
        "switchboard": told & central,
        "household_number": told & (~central & (kind == HOME) & _of(world, "at_home", rows)),
        "placeholder_number": ~gap.phone & nobody,
    }
    return kept(_instead(rng, number, nobody, words.PLACEHOLDER_NUMBERS), ~gap.phone), pl.DataFrame(traits)


def _digits(index: Codes) -> pl.Series:
    """A number of its own for each index: area, exchange and line, ten digits."""
    place = index % _A_BLOCK * _PRIME % _A_BLOCK
    exchange = _EXCHANGES[index // _A_BLOCK % len(_EXCHANGES)]
    area = np.array([int(code) for code in words.AREA_CODES])[place // 10_000]
    return pl.Series(area * 10_000_000 + exchange * 10_000 + place % 10_000).cast(pl.String)


def _dialed(numbers: pl.Series, forms: Codes) -> pl.Series:
    """Numbers as each row writes them."""
    digits, form = pl.col("digits"), pl.col("form")
    area, exchange, line = digits.str.slice(0, 3), digits.str.slice(3, 3), digits.str.slice(6, 4)
    number = (
        pl.when(form == 0)
        .then("+1 " + area + " " + exchange + " " + line)
        .when(form == 1)
        .then("(" + area + ") " + exchange + "-" + line)
        .when(form == 2)
        .then(area + "-" + exchange + "-" + line)
        .when(form == 3)
        .then(area + "." + exchange + "." + line)
        .when(form == 4)
        .then(digits)
        .otherwise("+1" + digits)
    )
    return pl.DataFrame({"digits": numbers, "form": forms}).select(number.alias("phone")).to_series()


def profiles(rng: np.random.Generator, world: Crowd, rows: Rows, gap: Flags) -> pl.Series:
    """The profiles of rows; a person's never changes, whatever else does."""
    first = picked(given_names().plain, _of(world, "first", rows))
    last = picked(surnames().plain, _of(world, "last", rows))
    ending = hexadecimal(rows.person * _PRIME % 16**8, 8)
    form = kinds_of(rng, PROFILE_AXES, len(rows.person))["form"]
    path, kind = "linkedin.com/in/" + pl.col("slug"), pl.col("form")
    written = (
        pl.when(kind == 0)
        .then("www." + path)
        .when(kind == 1)
        .then("http://" + path)
        .when(kind == 2)
        .then("https://www." + path + "/")
        .when(kind == 3)
        .then("https://www." + path + "?trk=public_profile")
        .when(kind == 4)
        .then("https://de." + path)
        .otherwise("https://www." + path)
    )
    frame = pl.DataFrame({"slug": first + "-" + last + "-" + ending, "form": form})
    return kept(frame.select(written.alias("linkedin_url")).to_series(), ~gap)


def sites(rng: np.random.Generator, world: Crowd, rows: Rows) -> pl.Series:
    """The employers' sites."""
    there = rng.random(len(rows.person)) >= NO_SITE
    form = kinds_of(rng, SITE_AXES, len(rows.person))["form"]
    frame = pl.DataFrame({"domain": world.firms["domain"].gather(rows.firm), "form": form})
    domain, kind = pl.col("domain"), pl.col("form")
    written = (
        pl.when(kind == 0)
        .then(domain)
        .when(kind == 1)
        .then("http://" + domain)
        .when(kind == 2)
        .then("https://" + domain + "/")
        .when(kind == 3)
        .then("www." + domain)
        .otherwise("https://www." + domain)
    )
    return kept(frame.select(written.alias("company_website")).to_series(), there)


def _of(world: Crowd, column: str, rows: Rows) -> np.ndarray:
    return world.people[column].to_numpy()[rows.person]
