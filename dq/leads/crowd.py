"""Who there is and what is true of them: names, relations that mislead, employers, and what changed over the years."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from dq.leads import words
from dq.leads.firms import MAIL_PATTERNS, firms
from dq.leads.texts import Codes, drawn, listed, picked
from dq.leads.vocabulary import given_names, nicknames, surnames

PEOPLE_BY_ROWS = {1: 0.82, 2: 0.10, 3: 0.045, 4: 0.02, 5: 0.01, 6: 0.005}
"""How many rows a person has, and the share of people who have so many."""
ROWS_A_PERSON = sum(size * share for size, share in PEOPLE_BY_ROWS.items())

RELATIONS = {
    "namesake": 0.02,
    "namesake_colleague": 0.005,
    "junior": 0.006,
    "relative": 0.02,
    "assistant": 0.01,
}
"""What a person has to do with another one, and the share of people of whom it is so.

namesake: the same full name at another firm; namesake_colleague: at the same firm; junior: the same full name, as Jr. and
Sr., half of them at one firm and half in one household; relative: the same surname, likewise; assistant: reads and writes
under the address of somebody at the same firm. People are also namesakes by chance, as often as names are frequent.
"""
CHANGES = {"moved": 0.12, "renamed": 0.03}
"""What became of people with several rows in between: a new employer, or a new surname."""
SHARE_DOUBLE_BARRELED = 0.3
"""Of those with a new surname: who put it behind the old one."""
SHARE_MIDDLE, SHARE_PRIVATE, SHARE_MEMBERS = 0.7, 0.15, 0.88
"""People with a middle name, people known by their private address, people with a profile."""
NUMBERS = {"mobile": 0.5, "direct": 0.4, "home": 0.1}
"""Whose number people mostly give, and the share of people; those who share a household give its number more often."""
SHARE_HOME = 0.6
SENIOR, JUNIOR = 1, 2
MOBILE, DIRECT, HOME = range(len(NUMBERS))
MOVED, RENAMED = range(len(CHANGES))
_NOBODY = -1


@dataclass(frozen=True)
class Crowd:
    """The truth.

    Attributes:
        people: first, middle, last, nick = numbers of names; firm; generation; household and boss = a person by row;
            relation = number of `RELATIONS`, of the other person as well; fitted = whether this one was fitted to the other;
            at_home = whether the household has several;
            private (address); prefers_private, member, number = habits; rows.
        firms: As `firms` gives them.
        stints: person, last, before = the surname in front of it or -1, firm, office (address), title. Those of people by
            row come first; then the later ones of those for whom something changed.
        later: For each person the later stint by row, or -1.
        change: For each person the number of `CHANGES`, or -1.
    """

    people: pl.DataFrame
    firms: pl.DataFrame
    stints: pl.DataFrame
    later: Codes
    change: Codes


def crowd(rng: np.random.Generator, rows: int) -> Crowd:
    """Invent the people that so many rows are about."""
    sizes = _sizes(rng, rows)
    count = len(sizes)
    employers, firm = firms(rng, count)
    given, family = given_names(), surnames()
    first, last = given.draw(rng, count), family.draw(rng, count)
    middle = np.where(rng.random(count) < SHARE_MIDDLE, given.draw(rng, count), _NOBODY)
    relation, leader = _relations(rng, count)
    first, last, firm, ties = _related(rng, (first, last, firm), relation, leader, employers.height)
    fitted = leader != _NOBODY
    relation[leader[fitted]] = relation[fitted]
    people = pl.DataFrame(
        {
            "first": first,
            "middle": middle,
            "last": last,
            "nick": nicknames().of(first, rng),
            "firm": firm,
            **ties,
            "relation": relation,
            "fitted": fitted,
            "rows": sizes,
        }
    )
    return _lived(rng, people, employers)


def _sizes(rng: np.random.Generator, rows: int) -> Codes:
    """How many rows each person has; they sum to `rows`."""
    several = {size: int(rows * share / ROWS_A_PERSON) for size, share in PEOPLE_BY_ROWS.items() if size > 1}
    single = rows - sum(size * count for size, count in several.items())
    return rng.permutation(np.repeat([1, *several], [single, *several.values()])).astype(np.int64)


def _relations(rng: np.random.Generator, count: int) -> tuple[Codes, Codes]:
    """For each person the relation and the other one it leads to; nobody is in two."""
    order = rng.permutation(count)
    relation, leader = np.full(count, _NOBODY), np.full(count, _NOBODY)
    begin = 0
    for number, share in enumerate(RELATIONS.values()):
        pairs = round(count * share)
        taken = order[begin : begin + 2 * pairs]
        pairs = len(taken) // 2
        relation[taken[:pairs]] = number
        leader[taken[:pairs]] = taken[pairs : 2 * pairs]
        begin += 2 * pairs
    return relation, leader


def _related(
    rng: np.random.Generator, own: tuple[Codes, Codes, Codes], relation: Codes, leader: Codes, firm_count: int
) -> tuple[Codes, Codes, Codes, dict[str, Codes]]:
    """Fit people to the ones they are related to: names, firm, and generation, household, boss."""
    first, last, firm = own
    kind = {name: relation == number for number, name in enumerate(RELATIONS)}
    at_home = rng.random(len(first)) < 0.5
    named = kind["namesake"] | kind["namesake_colleague"] | kind["junior"]
    family = kind["junior"] | kind["relative"]
    together = kind["namesake_colleague"] | kind["assistant"] | (family & ~at_home)
    first, last = np.where(named, first[leader], first), np.where(named | kind["relative"], last[leader], last)
    apart = kind["namesake"] & (firm == firm[leader])
    firm = np.where(together, firm[leader], np.where(apart, (firm + 1) % firm_count, firm))
    numbers = np.arange(len(first))
    generation = np.where(kind["junior"], JUNIOR, 0)
    generation[leader[kind["junior"]]] = SENIOR
    household = np.where(family & at_home, leader, numbers)
    lives_with = np.zeros(len(first), dtype=bool)
    lives_with[family & at_home] = True
    lives_with[leader[family & at_home]] = True
    boss = np.where(kind["assistant"], leader, _NOBODY)
    return first, last, firm, {"generation": generation, "household": household, "at_home": lives_with, "boss": boss}


def _lived(rng: np.random.Generator, people: pl.DataFrame, employers: pl.DataFrame) -> Crowd:
    """The crowd with addresses and with what changed for its members."""
    sizes, last, firm = (people[name].to_numpy() for name in ("rows", "last", "firm"))
    change = np.where(sizes > 1, drawn(rng, list(CHANGES.values()), people.height), _NOBODY)
    changed = np.flatnonzero(change != _NOBODY)
    moved = change[changed] == MOVED
    elsewhere = (firm[changed] + rng.integers(1, max(employers.height, 2), size=len(changed))) % employers.height
    doubled = ~moved & (rng.random(len(changed)) < SHARE_DOUBLE_BARRELED)
    later = np.full(people.height, _NOBODY)
    later[changed] = people.height + np.arange(len(changed))
    stints = pl.DataFrame(
        {
            "person": np.concatenate([np.arange(people.height), changed]),
            "last": np.concatenate([last, np.where(moved, last[changed], surnames().draw(rng, len(changed)))]),
            "before": np.concatenate([np.full(people.height, _NOBODY), np.where(doubled, last[changed], _NOBODY)]),
            "firm": np.concatenate([firm, np.where(moved, elsewhere, firm[changed])]),
            "title": rng.integers(len(words.TITLES), size=people.height + len(changed)),
        }
    )
    addressed = stints.with_columns(_offices(stints, people, employers))
    return Crowd(
        people.with_columns(_privates(rng, people), **_habits(rng, people)), employers, addressed, later, change
    )


def _habits(rng: np.random.Generator, people: pl.DataFrame) -> dict[str, pl.Series]:
    """Whether people are known by their private address, whether they have a profile, which number they give."""
    home = people["at_home"].to_numpy() & (rng.random(people.height) < SHARE_HOME)
    number = drawn(rng, list(NUMBERS.values()), people.height)
    return {
        "prefers_private": pl.Series(rng.random(people.height) < SHARE_PRIVATE),
        "member": pl.Series(rng.random(people.height) < SHARE_MEMBERS),
        "number": pl.Series(np.where(home | (number < 0), HOME, number)),
    }


def _offices(stints: pl.DataFrame, people: pl.DataFrame, employers: pl.DataFrame) -> pl.Series:
    """An address at the firm for each stint, spelled by the firm's pattern and its own."""
    first = picked(given_names().plain, people["first"].to_numpy()[stints["person"].to_numpy()])
    last = picked(surnames().plain, stints["last"].to_numpy())
    firm = stints["firm"].to_numpy()
    frame = pl.DataFrame(
        {
            "f": first,
            "s": last,
            "pattern": employers["pattern"].gather(firm),
            "domain": employers["domain"].gather(firm),
        }
    )
    f, s = pl.col("f"), pl.col("s")
    ways = (f + "." + s, f.str.head(1) + s, f, f + s.str.head(1), f + "_" + s, s + "." + f)
    local = ways[0]
    for number, way in enumerate(ways[: len(MAIL_PATTERNS)]):
        local = pl.when(pl.col("pattern") == number).then(way).otherwise(local)
    return _one_each(frame.select(local.alias("local"), "domain")).alias("office")


def _privates(rng: np.random.Generator, people: pl.DataFrame) -> pl.Series:
    """A private address for each person."""
    count = people.height
    frame = pl.DataFrame(
        {
            "f": picked(given_names().plain, people["first"].to_numpy()),
            "s": picked(surnames().plain, people["last"].to_numpy()),
            "domain": listed(words.MAIL_PROVIDERS, rng.integers(len(words.MAIL_PROVIDERS), size=count)),
            "way": rng.integers(4, size=count),
            "year": listed(
                [f"{year:02}" for year in range(100)],
                np.where(rng.random(count) < 0.6, rng.integers(55, 100, size=count), -1),
            ),
        }
    )
    f, s, way = pl.col("f"), pl.col("s"), pl.col("way")
    local = pl.when(way == 0).then(f + "." + s).when(way == 1).then(f + s).when(way == 2).then(f.str.head(1) + s)
    spelled = local.otherwise(s + "." + f) + pl.col("year").fill_null("")
    return _one_each(frame.select(spelled.alias("local"), "domain")).alias("private")


def _one_each(frame: pl.DataFrame) -> pl.Series:
    """Addresses of `local` and `domain`; who comes later to the same one gets a number."""
    again = pl.int_range(pl.len()).over("local", "domain")
    number = pl.when(again > 0).then("_" + (again + 1).cast(pl.String)).otherwise(pl.lit(""))
    return frame.select(pl.col("local") + number + "@" + pl.col("domain")).to_series()
