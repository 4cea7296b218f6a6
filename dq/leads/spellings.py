"""How a row's name and employer are written: an axis for each thing that varies, one kind a row and axis."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from dq.leads import words
from dq.leads.crowd import SENIOR, Crowd
from dq.leads.texts import (
    Codes,
    Flags,
    changed,
    differs,
    drawn,
    kept,
    listed,
    marks_dropped,
    marks_spelled,
    misspelled,
    picked,
)
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


def kinds_of(rng: np.random.Generator, axes: Mapping[str, Mapping[str, float]], count: int) -> dict[str, Codes]:
    """For each axis the number of the kind that each row has, or -1."""
    return {axis: drawn(rng, list(kinds.values()), count) for axis, kinds in axes.items()}


def names(rng: np.random.Generator, world: Crowd, person: Codes, stint: Codes) -> tuple[pl.Series, pl.DataFrame]:
    """The names of rows as they were written, and which traits of a name each has."""
    kinds = kinds_of(rng, NAME_AXES, len(person))
    facts = world.people.select("first", "middle", "nick", "generation").gather(person)
    first, nicknamed = _given(facts, kinds["given"])
    last = _family(world, stint)
    bare_first, bare_last = _unmarked(first, kinds["marks"]), _unmarked(last, kinds["marks"])
    wrong_first = misspelled(rng, bare_first, kinds["slip"] == 0)
    wrong_last = misspelled(rng, bare_last, kinds["slip"] == 1)
    between, behind = _between(facts, kinds["middle"]), _behind(facts, kinds)
    there = kinds["name"] < 0
    traits = pl.DataFrame(
        {
            "nickname": there & nicknamed,
            "initial": there & (kinds["given"] == 1),
            "middle_name": there & (between != "").to_numpy(),
            "accents_lost": there & (differs(bare_first, first) | differs(bare_last, last)),
            "name_typo": there & (differs(wrong_first, bare_first) | differs(wrong_last, bare_last)),
            "last_name_first": there & (kinds["order"] >= 0),
            "suffix_shown": there & (behind != "").to_numpy(),
        }
    )
    parts = {"first": wrong_first + between, "last": wrong_last, "behind": behind}
    return _arranged(parts, kinds), traits


def _given(facts: pl.DataFrame, kind: Codes) -> tuple[pl.Series, Flags]:
    """The given names, and where they are short forms."""
    whole = picked(given_names().texts, facts["first"].to_numpy())
    short = picked(nicknames().texts, np.where(kind == 0, facts["nick"].to_numpy(), -1))
    texts = whole.to_frame("whole").select(pl.coalesce(short.alias("short"), "whole")).to_series()
    return changed(texts, kind == 1, lambda name: name.str.head(1) + "."), short.is_not_null().to_numpy()


def _family(world: Crowd, stint: Codes) -> pl.Series:
    """The surnames, some behind another one."""
    family = surnames().texts
    last = picked(family, world.stints["last"].to_numpy()[stint])
    before = picked(family, world.stints["before"].to_numpy()[stint])
    return pl.select(pl.coalesce(before + "-" + last, last)).to_series()


def _unmarked(texts: pl.Series, kind: Codes) -> pl.Series:
    return changed(changed(texts, kind == 0, marks_dropped), kind == 1, marks_spelled)


def _between(facts: pl.DataFrame, kind: Codes) -> pl.Series:
    """Middle names with a space in front, or nothing."""
    second = picked(given_names().texts, np.where(kind >= 0, facts["middle"].to_numpy(), -1))
    short = changed(second, kind == 0, lambda name: name.str.head(1) + ".")
    return (" " + short).fill_null("")


def _behind(facts: pl.DataFrame, kinds: Mapping[str, Codes]) -> pl.Series:
    """Jr. and Sr. with what stands in front of them, or nothing."""
    generation = facts["generation"].to_numpy()
    shown = (generation > 0) & (kinds["suffix"] >= 0) & (kinds["order"] != 1)
    texts = [f"{comma}{suffix}" for comma in (" ", ", ") for suffix in ("Sr.", "Jr.")]
    return listed(texts, np.where(shown, 2 * kinds["suffix"] + generation - SENIOR, -1)).fill_null("")


def _arranged(parts: Mapping[str, pl.Series], kinds: Mapping[str, Codes]) -> pl.Series:
    """The parts in the order of each row, in its case, where it has a name."""
    first, last, behind = (pl.col(part) for part in ("first", "last", "behind"))
    order = pl.col("order")
    name = (
        pl.when(order == 0)
        .then(last + ", " + first + behind)
        .when(order == 1)
        .then(last + " " + first)
        .otherwise(first + " " + last + behind)
    )
    texts = pl.DataFrame({**parts, "order": kinds["order"]}).select(name.alias("name")).to_series()
    titled = changed(texts, (kinds["honorific"] == 0) & (kinds["order"] < 0), lambda text: "Dr. " + text)
    return kept(_cased(titled, kinds["case"]), kinds["name"] < 0)


def _cased(texts: pl.Series, kind: Codes) -> pl.Series:
    upper = changed(texts, kind == 0, lambda text: text.str.to_uppercase())
    return changed(upper, kind == 1, lambda text: text.str.to_lowercase())


def employers(rng: np.random.Generator, world: Crowd, firm: Codes) -> tuple[pl.Series, pl.DataFrame]:
    """The employers' names of rows as they were written, and their traits."""
    kinds = kinds_of(rng, FIRM_AXES, len(firm))
    form, there = kinds["form"], kinds["company"] < 0
    company = misspelled(rng, world.firms["company"].gather(firm), kinds["firm_slip"] == 0)
    legal = changed(world.firms["form"].gather(firm), form == 1, lambda text: text.replace(words.FORM_SPELLINGS))
    full = company + (" " + kept(legal, form != 0)).fill_null("")
    namesake = there & world.firms["namesake"].to_numpy()[firm]
    return kept(_cased(full, kinds["firm_case"]), there), pl.DataFrame({"namesake_company": namesake})


def titles(rng: np.random.Generator, world: Crowd, stint: Codes) -> pl.Series:
    """The titles of rows: some are those of other days, some are missing."""
    own = world.stints["title"].gather(stint).to_numpy()
    other = rng.random(len(stint)) < SHARE_OTHER_TITLE
    title = np.where(other, rng.integers(len(words.TITLES), size=len(stint)), own)
    return listed(words.TITLES, np.where(rng.random(len(stint)) < SHARE_NO_TITLE, -1, title))


SHARE_OTHER_TITLE, SHARE_NO_TITLE = 0.15, 0.1
