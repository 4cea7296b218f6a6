"""How a row's name and employer are written: an axis for each thing that varies, one kind a row and axis."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from dq.leads import words
from dq.leads.crowd import JUNIOR, SENIOR, Crowd
from dq.leads.texts import Codes, drawn, listed, marks_dropped, marks_spelled, picked, slipped
from dq.leads.vocabulary import given_names, nicknames, surnames

NAME_AXES: Mapping[str, Mapping[str, float]] = {
    "given": {"nickname": 0.1, "initial": 0.03},
    "middle": {"middle initial": 0.07, "middle name": 0.035},
    "marks": {"dropped": 0.35, "spelled out": 0.1},
    "slip": {"given name": 0.015, "surname": 0.025},
    "order": {"last, first": 0.025, "swapped": 0.01},
    "case": {"upper": 0.03, "lower": 0.03},
    "honorific": {"doctor": 0.01},
    "suffix": {"shown": 0.3, "shown after a comma": 0.3},
    "name": {"missing": 0.004},
}
"""Axis → kind → share of the rows that could have it: who has a short form, a middle name, letters with accents, a Jr. or Sr."""
FIRM_AXES: Mapping[str, Mapping[str, float]] = {
    "form": {"left out": 0.25, "respelled": 0.15},
    "firm_case": {"upper": 0.04, "lower": 0.03},
    "firm_slip": {"firm": 0.02},
    "company": {"missing": 0.04},
}


def kinds_of(rng: np.random.Generator, axes: Mapping[str, Mapping[str, float]], count: int) -> pl.DataFrame:
    """For each axis the number of the kind that each row has, or -1; and `<axis>_chance` where errors need one."""
    columns: dict[str, np.ndarray] = {}
    for axis, kinds in axes.items():
        columns[axis] = drawn(rng, list(kinds.values()), count)
        if axis.endswith("slip"):
            columns[f"{axis}_chance"] = rng.random(count)
    return pl.DataFrame(columns)


def names(rng: np.random.Generator, world: Crowd, person: Codes, stint: Codes) -> tuple[pl.Series, pl.DataFrame]:
    """The names of rows as they were written, and which traits of a name each has."""
    drawn_kinds = kinds_of(rng, NAME_AXES, len(person))
    facts = world.people.select("first", "middle", "nick", "generation").gather(person)
    before = world.stints["before"].gather(stint).to_numpy()
    family = surnames().texts
    parts = drawn_kinds.with_columns(
        picked(given_names().texts, facts["first"].to_numpy()).alias("first"),
        picked(given_names().texts, facts["middle"].to_numpy()).alias("second"),
        picked(nicknames().texts, facts["nick"].to_numpy()).alias("nick"),
        picked(family, world.stints["last"].gather(stint).to_numpy()).alias("last"),
        picked(family, before).alias("before"),
        facts["generation"],
    )
    spelled = _given_and_last(parts)
    found = spelled.select(_arranged().alias("name"))["name"]
    return found, _name_traits(spelled)


def _given_and_last(parts: pl.DataFrame) -> pl.DataFrame:
    """`first` and `last` as written and as meant, and the middle with a space in front or empty."""
    given, middle, marks, slip = (pl.col(name) for name in ("given", "middle", "marks", "slip"))
    first = (
        pl.when((given == 0) & pl.col("nick").is_not_null())
        .then("nick")
        .when(given == 1)
        .then(pl.col("first").str.head(1) + ".")
        .otherwise("first")
    )
    last = pl.when(pl.col("before").is_not_null()).then(pl.col("before") + "-" + pl.col("last")).otherwise("last")
    second = pl.col("second")
    between = pl.when(middle == 0).then(" " + second.str.head(1) + ".").when(middle == 1).then(" " + second)
    meant = parts.with_columns(
        first.alias("first_meant"), last.alias("last_meant"), between.otherwise(pl.lit("")).fill_null("").alias("between")
    )

    def unmarked(column: str) -> pl.Expr:
        text = pl.col(f"{column}_meant")
        return pl.when(marks == 0).then(marks_dropped(text)).when(marks == 1).then(marks_spelled(text)).otherwise(text)

    bare = meant.with_columns(unmarked(name).alias(f"{name}_bare") for name in ("first", "last"))
    chance = pl.col("slip_chance")
    return bare.with_columns(
        pl.when((slip == number) & (pl.col(f"{name}_bare").str.len_chars() > 2))
        .then(slipped(pl.col(f"{name}_bare"), chance))
        .otherwise(f"{name}_bare")
        .alias(name)
        for number, name in enumerate(("first", "last"))
    )


def _arranged() -> pl.Expr:
    first, last, order, case = pl.col("first") + pl.col("between"), pl.col("last"), pl.col("order"), pl.col("case")
    generation = pl.col("generation")
    suffix = pl.when(generation == JUNIOR).then(pl.lit("Jr.")).when(generation == SENIOR).then(pl.lit("Sr."))
    comma = pl.when(pl.col("suffix") == 0).then(pl.lit(" ")).when(pl.col("suffix") == 1).then(pl.lit(", "))
    behind = (comma + suffix).fill_null("")
    title = pl.when(pl.col("honorific") == 0).then(pl.lit("Dr. ")).otherwise(pl.lit(""))
    name = (
        pl.when(order == 0)
        .then(last + ", " + first + behind)
        .when(order == 1)
        .then(last + " " + first)
        .otherwise(title + first + " " + last + behind)
    )
    cased = pl.when(case == 0).then(name.str.to_uppercase()).when(case == 1).then(name.str.to_lowercase())
    return pl.when(pl.col("name") < 0).then(cased.otherwise(name))


def _name_traits(spelled: pl.DataFrame) -> pl.DataFrame:
    there = pl.col("name") < 0
    return spelled.select(
        nickname=there & (pl.col("given") == 0) & pl.col("nick").is_not_null(),
        initial=there & (pl.col("given") == 1),
        middle_name=there & (pl.col("between") != ""),
        accents_lost=there
        & ((pl.col("first_bare") != pl.col("first_meant")) | (pl.col("last_bare") != pl.col("last_meant"))),
        name_typo=there & ((pl.col("first") != pl.col("first_bare")) | (pl.col("last") != pl.col("last_bare"))),
        last_name_first=there & (pl.col("order") >= 0),
        suffix_shown=there & (pl.col("generation") > 0) & (pl.col("suffix") >= 0) & (pl.col("order") != 1),
    )


def employers(rng: np.random.Generator, world: Crowd, firm: Codes) -> tuple[pl.Series, pl.DataFrame]:
    """The employers' names of rows as they were written, and their traits."""
    kinds = kinds_of(rng, FIRM_AXES, len(firm))
    frame = world.firms.select("company", pl.col("form").alias("legal"), "namesake").gather(firm)
    rows = pl.concat([kinds.rename({"company": "gap"}), frame], how="horizontal")
    form, case, company = pl.col("form"), pl.col("firm_case"), pl.col("company")
    base = pl.when(pl.col("firm_slip") == 0).then(slipped(company, pl.col("firm_slip_chance"))).otherwise(company)
    respelled = pl.col("legal").replace(words.FORM_SPELLINGS)
    full = (
        pl.when(form == 0).then(base).when(form == 1).then(base + " " + respelled).otherwise(base + " " + pl.col("legal"))
    )
    cased = pl.when(case == 0).then(full.str.to_uppercase()).when(case == 1).then(full.str.to_lowercase())
    found = rows.select(pl.when(pl.col("gap") < 0).then(cased.otherwise(full)).alias("company"), namesake_company="namesake")
    return found["company"], found.select(pl.col("namesake_company") & pl.col("company").is_not_null())


def titles(rng: np.random.Generator, world: Crowd, stint: Codes) -> pl.Series:
    """The titles of rows: some are those of other days, some are missing."""
    own = world.stints["title"].gather(stint).to_numpy()
    other = rng.random(len(stint)) < SHARE_OTHER_TITLE
    title = np.where(other, rng.integers(len(words.TITLES), size=len(stint)), own)
    return listed(words.TITLES, np.where(rng.random(len(stint)) < SHARE_NO_TITLE, -1, title))


SHARE_OTHER_TITLE, SHARE_NO_TITLE = 0.15, 0.1
