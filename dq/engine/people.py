"""People's names in any table: from columns of names and of their parts to one comparison and its blocking atoms."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from dq.dedupe.atoms import Atom, part
from dq.dedupe.features import Feature, carried, encoded, mapped
from dq.dedupe.persons import Persons
from dq.engine.folding import words_of
from dq.rules import Role
from dq.standardize import name_parts
from dq.standardize.forms import change_where, each, find_where

PERSON = "person"
"""The comparison's name, and the beginning of its features' names."""
_PARTS = "#parts"
_AT_ONCE = 1_000_000
_NAMING: frozenset[Role] = frozenset({"name", "given", "middle", "family"})
_SUFFIXED: frozenset[Role] = frozenset({"name", "given", "family"})
_NAMES = ("given", "middle", "family", "words", "formal", "generation")
_MAYBE_GENERATION = r"[^ -~]|['`]|(?i)(?:^|[^a-z0-9])(?:jr|sr|junior|senior|ii|iii|iv)(?:$|[^a-z0-9])"
_GENERATION = r"\b(jr|sr|junior|senior|ii|iii|iv)\b"
_LAST_WORD = r"^(.*\S) (?:jr|sr|junior|senior|ii|iii|iv)$"
_WRITTEN_OUT = r"(?i)^(\S+\s.*\S),?\s+(?:junior|senior)\.?$"
_GENERATIONS = {"junior": "jr", "senior": "sr"}


def people(frame: pl.DataFrame, roles: Mapping[str, Role], nicknames: Sequence[tuple[str, str]]) -> dict[str, Feature]:
    """The parts of each row's name, as `_NAMES` has them; none where nobody is named."""
    named = [name for name, role in roles.items() if role in _NAMING]
    if not any(roles[name] in _SUFFIXED for name in named):
        return {}
    if len(named) == 1:  # a name that many have is taken apart once
        whole = encoded(frame[named[0]])
        parts = _parted(whole.values.alias(named[0]).to_frame(), roles)
        made = {name: carried(whole, encoded(parts[name])) for name in parts.columns}
    else:
        parts = _parted(frame.select(named), roles)
        made = {name: encoded(parts[name]) for name in parts.columns}
    made["formal"] = mapped(made["given"], name_parts.nickname_key(pl.col("value"), nicknames))
    return {name: made[name] for name in _NAMES}


def _parted(frame: pl.DataFrame, roles: Mapping[str, Role]) -> pl.DataFrame:
    """The parts of each name, so many names at a time: what that takes meanwhile is many times as much as they are."""
    parts = [_parts_of(some, roles) for some in frame.iter_slices(_AT_ONCE)]
    return pl.concat(parts or [_parts_of(frame, roles)], rechunk=True)


def _parts_of(frame: pl.DataFrame, roles: Mapping[str, Role]) -> pl.DataFrame:
    columns: dict[str, list[pl.Expr]] = {part: [] for part in ("given", "middle", "family")}
    for role in columns:
        columns[role] += [
            words_of(pl.col(name)).str.replace(_LAST_WORD, "${1}") for name, one in roles.items() if one == role
        ]
    whole = [pl.col(name) for name, role in roles.items() if role == "name"]
    suffixed = [_generation(pl.col(name)) for name, role in roles.items() if role in _SUFFIXED]
    if whole:
        name = change_where(
            pl.coalesce(whole),
            lambda v: v.str.contains("(?i)(?:junior|senior)"),
            each(lambda v: v.str.replace(_WRITTEN_OUT, "${1}")),
        )
        frame = frame.with_columns(name_parts.parts(name).alias(_PARTS))
        for role, values in columns.items():
            values.append(words_of(pl.col(_PARTS).struct.field(role)))
    nobody = pl.lit(None, dtype=pl.String)
    named = frame.lazy().select(
        **{role: pl.coalesce(values or [nobody]) for role, values in columns.items()},
        generation=pl.coalesce(suffixed or [nobody]),
    )
    joined = pl.concat_str("given", "family", separator=" ", ignore_nulls=True)
    words = change_where(joined, lambda v: v.str.contains(" ", literal=True), each(_sorted))
    return named.with_columns(words=pl.when(words != "").then(words)).collect(engine="in-memory")


def _generation(name: pl.Expr) -> pl.Expr:
    found = find_where(name, lambda v: v.str.contains(_MAYBE_GENERATION), each(_last_word))
    return found.replace(_GENERATIONS)


def _last_word(name: pl.Expr) -> pl.Expr:
    return words_of(name).str.extract(_GENERATION, 1)


def _sorted(joined: pl.Expr) -> pl.Expr:
    """Words in order; most names are of two."""
    two = joined.str.splitn(" ", 2)
    first, last = two.struct.field("field_0"), two.struct.field("field_1")
    turned = pl.when(first <= last).then(joined).otherwise(last + " " + first)
    return change_where(
        turned,
        lambda v: v.str.count_matches(" ", literal=True) > 1,
        each(lambda v: v.str.split(" ").list.sort().list.join(" ")),
    )


def persons(features: Mapping[str, Feature]) -> Persons:
    """The comparison of people's names."""
    given, middle, family, words, formal, generation = (_part(features, name) for name in _NAMES)
    letter = encoded(given.values.str.slice(0, 1)).codes.astype(np.int64)
    initial = (given.values.str.len_chars() == 1).to_numpy()
    codes = given.codes
    first = np.where(given.known, letter[codes] if len(letter) else -1, -1)
    initials = given.known & (initial[codes] if len(initial) else given.known)
    is_latin = words.values.str.contains(r"\p{Latin}").to_numpy()
    latin = np.append(is_latin, np.True_)[words.codes]
    return Persons(PERSON, given, middle, family, words, formal, generation, initials, first, latin)


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
