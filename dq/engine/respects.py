"""Respects: the columns of a table as comparisons and blocking atoms, by their roles.

columns ─► folded as their role wants it ─► features ─► comparisons, atoms, rare words
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import polars as pl

from dq.dedupe.blocking import Atom, part
from dq.dedupe.comparison import Comparison, Dates, Digits, Equal, Similar
from dq.dedupe.features import Feature, Hashes, Ints, distinct_rows, encoded, mixed, subset
from dq.dedupe.matcher import Respects
from dq.dedupe.persons import Persons
from dq.dedupe.roles import Role
from dq.dedupe.tokens import rare_words, worded
from dq.standardize import company, email, linkedin, name_parts, text, website

PERSON = "person"
_PERSONAL: frozenset[Role] = frozenset({"name", "given", "middle", "family"})
_WORDED: frozenset[Role] = frozenset({"organization", "address", "text"})
_ALIKE = (0.95, 0.88)
_WORDS, _MOST_ROWS = 4, 30
_NAMES = ("given", "family", "words", "formal")


def _words(value: pl.Expr) -> pl.Expr:
    """Folded words, a space between them; null where there is none."""
    folded = text.folded(text.tidy(value)).str.replace_all(r"['’`]", "")
    plain = folded.str.replace_all(r"[^\p{L}\p{N}\p{M}]+", " ").str.strip_chars(" ")
    return pl.when(plain != "").then(plain)


def _code(value: pl.Expr) -> pl.Expr:
    return _words(value).str.replace_all(" ", "", literal=True)


def _number(value: pl.Expr) -> pl.Expr:
    """The last ten digits: a calling code may be there or not."""
    digits = text.tidy(value).str.normalize("NFKC").str.replace_all(r"\D", "")
    return pl.when(digits.str.len_bytes() >= 5).then(digits.str.slice(-10))


def _day(value: pl.Expr) -> pl.Expr:
    digits = value.str.replace_all(r"\D", "").str.slice(0, 8)
    return pl.when(digits.str.len_bytes() == 8).then(digits)


def folded(role: Role, value: pl.Expr, legal_forms: Mapping[str, str] | None) -> pl.Expr:
    """A column's values for comparing, as its role wants them; never stored."""
    forms: Mapping[str, Callable[[pl.Expr], pl.Expr]] = {
        "email": email.match_form,
        "profile": linkedin.match_form,
        "url": website.match_form,
        "phone": _number,
        "date": _day,
        "code": _code,
        "organization": lambda name: company.match_form(name, legal_forms),
    }
    return forms.get(role, _words)(value)


def respects(
    frame: pl.DataFrame,
    roles: Mapping[str, Role],
    nicknames: Sequence[tuple[str, str]],
    legal_forms: Mapping[str, str] | None,
) -> tuple[Respects, Ints]:
    """A table as the matcher sees it, equal rows only once.

    Args:
        frame: Rows of texts.
        roles: The roles of the columns that count.
        nicknames: Pairs of a formal name and one that is short for it.
        legal_forms: Legal forms of companies.

    Returns:
        The respects, and for each row of the frame the number of its row in them.
    """
    features = {
        name: encoded(frame.select(folded(role, pl.col(name), legal_forms)).to_series())
        for name, role in roles.items()
        if role not in _PERSONAL
    }
    people = _people(frame, roles, nicknames)
    features |= {f"{PERSON} {name}": encoded(people[name]) for name in people.columns}
    features = {name: feature for name, feature in features.items() if len(feature.values)}
    rows, number = distinct_rows(features) if features else (np.arange(0), np.zeros(len(frame), np.int64))
    features = {name: subset(feature, rows) for name, feature in features.items()}
    comparisons: list[Comparison] = []
    atoms: list[Atom] = []
    words: list[tuple[Ints, Hashes]] = []
    if f"{PERSON} words" in features:
        comparisons.append(_persons(features))
        atoms += _person_atoms(features)
    for place, (name, role) in enumerate(roles.items()):
        if name in features:
            comparisons.append(_comparison(name, role, features[name]))
            atoms += _atoms(name, role, features[name])
            if role in _WORDED:
                words += _rare(features[name], place)
    return Respects(tuple(comparisons), tuple(atoms), tuple(words), np.bincount(number, minlength=len(rows))), number


def _comparison(name: str, role: Role, feature: Feature) -> Comparison:
    match role:
        case "email" | "profile" | "url":
            return Similar(name, feature, _ALIKE)
        case "phone" | "code":
            return Digits(name, feature)
        case "category":
            return Equal(name, feature)
        case "date":
            years, days = (encoded(feature.values.str.slice(*cut)).codes.astype(np.int64) for cut in ((0, 4), (4, 4)))
            return Dates(name, feature, years, days)
        case "organization" | "address" | "text":
            return worded(name, feature)
        case _:
            return Similar(name, feature)


def _atoms(name: str, role: Role, feature: Feature) -> list[Atom]:
    value = pl.col("value")
    parts: Mapping[str, Mapping[str, pl.Expr]] = {
        "email": {"mailbox": value.str.replace("@.*$", "")},
        "phone": {"last seven": value.str.slice(-7)},
        "code": {"first three": value.str.slice(0, 3)},
        "organization": {"first word": value.str.extract(r"^(\S+)", 1)},
        "date": {"year": value.str.slice(0, 4), "day": value.str.slice(4, 4)},
        "place": {"first four": value.str.slice(0, 4)},
        "address": {
            "number": value.str.extract(r"(\d+)", 1),
            "street": value.str.replace_all(r"\b\d+\b", "").str.strip_chars(" ").str.slice(0, 5),
        },
    }
    return [
        Atom(name, name, feature, is_whole=True),
        *(part(f"{name}: {what}", name, feature, values) for what, values in parts.get(role, {}).items()),
    ]


def _rare(feature: Feature, place: int) -> list[tuple[Ints, Hashes]]:
    """Rare words, and pairs of a text's rarest, as keys."""
    rare = rare_words(feature, _WORDS).filter(pl.col("rows") > 1)
    other = rare.select("code", pl.col("word").alias("other"))
    two = rare.join(other, on="code").filter(pl.col("word") < pl.col("other"))
    keys = pl.concat(
        [
            rare.filter(pl.col("rows") <= _MOST_ROWS).select("code", key="word"),
            two.select("code", key=pl.col("word") + " " + pl.col("other")),
        ]
    )
    rows = pl.DataFrame({"code": feature.codes.astype(np.int64), "row": np.arange(len(feature.codes))})
    spread = keys.join(rows, on="code")
    codes = encoded(spread["key"]).codes.astype(np.int64)
    return [(spread["row"].to_numpy().astype(np.int64), mixed(codes + 1 + ((place + 1) << 48)))]


def _people(frame: pl.DataFrame, roles: Mapping[str, Role], nicknames: Sequence[tuple[str, str]]) -> pl.DataFrame:
    """Given name, family name, all words and the formal given name of each row; no columns where nobody is named."""
    columns: dict[str, list[pl.Expr]] = {part: [] for part in ("given", "family")}
    for role in columns:
        columns[role] += [_words(pl.col(name)) for name, one in roles.items() if one == role]
    whole = [pl.col(name) for name, role in roles.items() if role == "name"]
    if whole:
        parted = name_parts.parts(pl.coalesce(whole))
        for role, values in columns.items():
            values.append(_words(parted.struct.field(role)))
    if not any(columns.values()):
        return pl.DataFrame()
    nobody = pl.lit(None, dtype=pl.String)
    named = frame.select(**{role: pl.coalesce(values or [nobody]) for role, values in columns.items()})
    words = pl.concat_list(pl.col("given").str.split(" "), pl.col("family").str.split(" ")).list.drop_nulls()
    joined = words.list.sort().list.join(" ")
    return named.with_columns(
        words=pl.when(joined != "").then(joined), formal=name_parts.nickname_key(pl.col("given"), nicknames)
    ).select(_NAMES)


def _persons(features: Mapping[str, Feature]) -> Persons:
    given, family, words, formal = (_person(features, name) for name in _NAMES)
    letter = encoded(given.values.str.slice(0, 1)).codes.astype(np.int64)
    initial = (given.values.str.len_chars() == 1).to_numpy()
    codes = given.codes
    first = np.where(given.known, letter[codes] if len(letter) else -1, -1)
    return Persons(
        PERSON, given, family, words, formal, given.known & (initial[codes] if len(initial) else given.known), first
    )


def _person(features: Mapping[str, Feature], name: str) -> Feature:
    """A part of people's names; nobody has it where its column is empty."""
    found = features.get(f"{PERSON} {name}")
    rows = len(features[f"{PERSON} words"].codes)
    return found or Feature(np.full(rows, -1, np.int32), pl.Series(name, [], dtype=pl.String), np.empty(0))


def _person_atoms(features: Mapping[str, Feature]) -> list[Atom]:
    given, family, words, formal = (_person(features, name) for name in _NAMES)
    value = pl.col("value")
    return [
        Atom("given name", "given", given, is_whole=True),
        Atom("family name", "family", family, is_whole=True),
        Atom("name", PERSON, words),
        part("given name: first three", "given", formal, value.str.slice(0, 3)),
        part("family name: first four", "family", family, value.str.slice(0, 4)),
        part("given name: first letter", "given", given, value.str.slice(0, 1)),
    ]
