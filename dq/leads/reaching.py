"""How people of a row are reached: addresses, numbers, profiles and sites, of their own and of several people."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from dq.leads import words
from dq.leads.crowd import DIRECT, HOME, MOBILE, MOVED, RENAMED, Crowd
from dq.leads.spellings import kinds_of
from dq.leads.texts import Codes, Flags, hexadecimal, listed, picked, slipped
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
    """Which rows have no address, number or profile; every row keeps one of the three."""

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


def emails(rng: np.random.Generator, world: Crowd, rows: Rows, gap: Flags) -> tuple[pl.Series, pl.DataFrame]:
    """The addresses of rows, and their traits."""
    count = len(rows.person)
    private = _of(world, "prefers_private", rows) ^ (rng.random(count) < SHARE_OTHER_ADDRESS)
    mailbox = world.firms["mailbox"].gather(rows.firm)
    shared = mailbox.is_not_null().to_numpy() & (rng.random(count) < SHARE_AT_MAILBOX)
    boss = _of(world, "boss", rows)
    borrowed = (boss >= 0) & ~rows.later & (rng.random(count) < SHARE_UNDER_BOSS)
    renamed = rows.later & (world.change[rows.person] == RENAMED)
    old = np.where(renamed & (rng.random(count) < SHARE_OLD_ADDRESS), rows.person, rows.stint)
    nobody = rng.integers(len(words.PLACEHOLDER_ADDRESSES), size=count)
    frame = kinds_of(rng, EMAIL_AXES, count).with_columns(
        world.stints["office"].gather(np.where(borrowed, boss, old)).alias("office"),
        world.people["private"].gather(rows.person).alias("own"),
        mailbox.alias("mailbox"),
        listed(words.PLACEHOLDER_ADDRESSES, nobody).alias("nobody"),
        private=pl.Series(private & ~borrowed),
        shared=pl.Series(shared),
        borrowed=pl.Series(borrowed),
        gap=pl.Series(gap),
    )
    return _addressed(frame)


def _addressed(frame: pl.DataFrame) -> tuple[pl.Series, pl.DataFrame]:
    meant = pl.when("shared").then("mailbox").when("private").then("own").otherwise("office")
    whole = pl.col("meant")
    local = whole.str.split_exact("@", 1).struct.field("field_0")
    domain = whole.str.split_exact("@", 1).struct.field("field_1")
    own = ~pl.col("shared")
    slip = (pl.col("email_slip") == 0) & own
    written = pl.when(slip).then(slipped(local, pl.col("email_slip_chance")) + "@" + domain).otherwise(whole)
    form, case = pl.col("email_form"), pl.col("email_case")
    tagged = (
        pl.when((form == 0) & own)
        .then(pl.col("written").str.replace("@", "+leads@", literal=True))
        .when(form == 1)
        .then("mailto:" + pl.col("written"))
        .otherwise("written")
    )
    cased = pl.when(case == 0).then(pl.col("tagged").str.to_uppercase()).when(case == 1)
    email = pl.when(pl.col("placeholder") == 0).then("nobody").otherwise(
        cased.then(pl.col("tagged").str.head(1).str.to_uppercase() + pl.col("tagged").str.slice(1)).otherwise("tagged")
    )  # fmt: skip
    done = (
        frame.with_columns(meant.alias("meant"))
        .with_columns(written.alias("written"))
        .with_columns(tagged.alias("tagged"))
        .with_columns(pl.when(~pl.col("gap")).then(email).alias("email"))
    )
    told = ~pl.col("gap") & (pl.col("placeholder") < 0)
    return done["email"], done.select(
        private_address=told & pl.col("private") & own,
        shared_mailbox=told & pl.col("shared"),
        borrowed_address=told & pl.col("borrowed") & own,
        address_typo=told & (pl.col("written") != pl.col("meant")),
        placeholder_address=~pl.col("gap") & (pl.col("placeholder") == 0),
    )


def phones(rng: np.random.Generator, world: Crowd, rows: Rows, gap: Flags) -> tuple[pl.Series, pl.DataFrame]:
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
    nobody = rng.integers(len(words.PLACEHOLDER_NUMBERS), size=count)
    inner = pl.Series(rng.integers(10, 1000, size=count)).cast(pl.String)
    frame = kinds_of(rng, PHONE_AXES, count).with_columns(
        _digits(index).alias("digits"),
        listed(words.PLACEHOLDER_NUMBERS, nobody).alias("nobody"),
        inner.alias("inner"),
        central=pl.Series(central),
        gap=pl.Series(gap),
    )
    told = ~pl.col("gap") & (pl.col("placeholder") < 0)
    shared_home = pl.Series(~central & (kind == HOME) & _of(world, "at_home", rows))
    written = pl.when(pl.col("placeholder") == 0).then("nobody").otherwise(_dialed())
    done = frame.select(
        pl.when(~pl.col("gap")).then(written).alias("phone"),
        switchboard=told & pl.col("central"),
        household_number=told & shared_home,
        placeholder_number=~pl.col("gap") & (pl.col("placeholder") == 0),
    )
    return done["phone"], done.drop("phone")


def _digits(index: Codes) -> pl.Series:
    """A number of its own for each index: area, exchange and line, ten digits."""
    place = index % _A_BLOCK * _PRIME % _A_BLOCK
    exchange = _EXCHANGES[index // _A_BLOCK % len(_EXCHANGES)]
    area = np.array([int(code) for code in words.AREA_CODES])[place // 10_000]
    return pl.Series(area * 10_000_000 + exchange * 10_000 + place % 10_000).cast(pl.String)


def _dialed() -> pl.Expr:
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
    extended = pl.col("central") & (pl.col("extension") == 0)
    return pl.when(extended).then(number + " x" + pl.col("inner")).otherwise(number)


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
    frame = pl.DataFrame({"slug": first + "-" + last + "-" + ending, "form": form, "gap": gap})
    return frame.select(pl.when(~pl.col("gap")).then(written).alias("linkedin_url")).to_series()


def sites(rng: np.random.Generator, world: Crowd, rows: Rows) -> pl.Series:
    """The employers' sites."""
    frame = kinds_of(rng, SITE_AXES, len(rows.person)).with_columns(
        world.firms["domain"].gather(rows.firm), gap=pl.Series(rng.random(len(rows.person)) < NO_SITE)
    )
    domain, form = pl.col("domain"), pl.col("form")
    written = (
        pl.when(form == 0)
        .then(domain)
        .when(form == 1)
        .then("http://" + domain)
        .when(form == 2)
        .then("https://" + domain + "/")
        .when(form == 3)
        .then("www." + domain)
        .otherwise("https://www." + domain)
    )
    return frame.select(pl.when(~pl.col("gap")).then(written).alias("company_website")).to_series()


def _of(world: Crowd, column: str, rows: Rows) -> np.ndarray:
    return world.people[column].to_numpy()[rows.person]
