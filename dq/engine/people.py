"""People's names in any table: from columns of names and of their parts to one comparison and its blocking atoms."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from dq.dedupe.blocking import Atom, part
from dq.dedupe.features import Feature, encoded
from dq.dedupe.persons import Persons
from dq.engine.folding import words_of
from dq.rules import Role
from dq.standardize import name_parts

PERSON = "person"
"""The comparison's name, and the beginning of its features' names."""
_PARTS = "#parts"
_SUFFIXED: frozenset[Role] = frozenset({"name", "given", "family"})
_NAMES = ("given", "middle", "family", "words", "formal", "generation")
_GENERATION = r"\b(jr|sr|junior|senior|ii|iii|iv)\b"
_LAST_WORD = r"^(.*\S) (?:jr|sr|junior|senior|ii|iii|iv)$"
_WRITTEN_OUT = r"(?i)^(\S+\s.*\S),?\s+(?:junior|senior)\.?$"
_GENERATIONS = {"junior": "jr", "senior": "sr"}


def people(frame: pl.DataFrame, roles: Mapping[str, Role], nicknames: Sequence[tuple[str, str]]) -> pl.DataFrame:
    """The parts of each row's name, as `_NAMES` has them; no columns where nobody is named."""
    columns: dict[str, list[pl.Expr]] = {part: [] for part in ("given", "middle", "family")}
    for role in columns:
        columns[role] += [
            words_of(pl.col(name)).str.replace(_LAST_WORD, "${1}") for name, one in roles.items() if one == role
        ]
    whole = [pl.col(name) for name, role in roles.items() if role == "name"]
    suffixed = [words_of(pl.col(name)).str.extract(_GENERATION, 1) for name, role in roles.items() if role in _SUFFIXED]
    if whole:
        frame = frame.with_columns(name_parts.parts(pl.coalesce(whole).str.replace(_WRITTEN_OUT, "${1}")).alias(_PARTS))
        for role, values in columns.items():
            values.append(words_of(pl.col(_PARTS).struct.field(role)))
    if not columns["given"] + columns["family"]:
        return pl.DataFrame()
    nobody = pl.lit(None, dtype=pl.String)
    named = frame.select(
        **{role: pl.coalesce(values or [nobody]) for role, values in columns.items()},
        generation=pl.coalesce(suffixed or [nobody]).replace(_GENERATIONS),
    )
    words = pl.concat_str("given", "family", separator=" ", ignore_nulls=True).str.split(" ")
    joined = words.list.sort().list.join(" ")
    return named.with_columns(
        words=pl.when(joined != "").then(joined), formal=name_parts.nickname_key(pl.col("given"), nicknames)
    ).select(_NAMES)


def persons(features: Mapping[str, Feature]) -> Persons:
    """The comparison of people's names."""
    given, middle, family, words, formal, generation = (_part(features, name) for name in _NAMES)
    letter = encoded(given.values.str.slice(0, 1)).codes.astype(np.int64)
    initial = (given.values.str.len_chars() == 1).to_numpy()
    codes = given.codes
    first = np.where(given.known, letter[codes] if len(letter) else -1, -1)
    initials = given.known & (initial[codes] if len(initial) else given.known)
    return Persons(PERSON, given, middle, family, words, formal, generation, initials, first)


def _part(features: Mapping[str, Feature], name: str) -> Feature:
    """A part of people's names; nobody has it where its column is empty."""
    found = features.get(f"{PERSON} {name}")
    rows = len(features[f"{PERSON} words"].codes)
    return found or Feature(np.full(rows, -1, np.int32), pl.Series(name, [], dtype=pl.String), np.empty(0))


def person_atoms(features: Mapping[str, Feature]) -> list[Atom]:
    """Blocking atoms of people's names."""
    given, _, family, words, formal, _ = (_part(features, name) for name in _NAMES)
    value = pl.col("value")
    return [
        Atom("given name", "given", given, "given"),
        Atom("family name", "family", family, "family"),
        Atom("name", PERSON, words),
        part("given name: first three", "given", formal, value.str.slice(0, 3)),
        part("family name: first four", "family", family, value.str.slice(0, 4)),
        part("given name: first letter", "given", given, value.str.slice(0, 1)),
    ]
