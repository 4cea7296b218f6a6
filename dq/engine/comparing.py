"""How a column is compared, by its role."""

from collections.abc import Mapping, Sequence

import polars as pl

from dq.dedupe.comparison import Comparison, Dates, Digits, Equal, Similar
from dq.dedupe.contacts import Addresses, Organizations, Silent
from dq.dedupe.features import Feature, mapped, texts
from dq.dedupe.several import AnyOf, held, repeated
from dq.dedupe.tokens import worded
from dq.engine.people import PERSON
from dq.engine.said import DOMAIN, Known
from dq.rules import Role

OR = " or "
"""Between the names of columns that are compared together."""
WORDED: frozenset[Role] = frozenset({"organization", "address", "text"})
"""Roles of texts of several words."""
_ALIKE = (0.95, 0.88)
_LETTERS = 3
"""Letters of a name that are no chance in a mailbox."""


def any_of(names: Sequence[str], role: Role, several: Feature, own: Mapping[str, Feature], known: Known) -> Comparison:
    """The comparison of several columns of a kind: any value of one row with any of the other.

    Args:
        names: The columns.
        role: What they are.
        several: Their values, one column below the other.
        own: The features of the table.
        known: What the lists say.
    """
    rows = len(own[names[0]].codes)
    beside = {
        name: repeated(one, len(names)) for name, one in own.items() if name.startswith(f"{PERSON} ") or name == DOMAIN
    }
    inner = _comparison(names[0], role, {**beside, names[0]: several}, known)
    return AnyOf(inner, OR.join(names), rows, len(names), held(several, rows))


def judged(name: str, role: Role, whole: Feature | None, own: Mapping[str, Feature], known: Known) -> Comparison:
    """The comparison of one column.

    Args:
        name: The column.
        role: What it is.
        whole: Its values with those of offices; None where there are none.
        own: The features of the table, without these.
        known: What the lists say.
    """
    if f"{PERSON} words" in own or whole is None:  # people have numbers beside their office's
        return _comparison(name, role, own, known)
    inner = _comparison(name, role, {**own, name: whole}, known)
    return Silent(inner, whole, whole.known & ~own[name].known)


def company(features: Mapping[str, Feature], roles: Mapping[str, Role]) -> Organizations | None:
    """The first organization with its domain; None where there are no domains."""
    names = [name for name, role in roles.items() if role == "organization" and name in features]
    if not names or DOMAIN not in features:
        return None
    return Organizations("organization", worded(names[0], features[names[0]]), features[DOMAIN])


def _comparison(name: str, role: Role, features: Mapping[str, Feature], known: Known) -> Comparison:
    feature = features[name]
    if role == "email" and DOMAIN in features:
        return _addresses(name, features, known.public_domains)
    if role == "date":
        return _dates(name, feature)
    if role in WORDED:
        return worded(name, feature)
    if role in {"phone", "code", "identifier", "profile"}:
        return Digits(name, feature)
    if role == "category":
        return Equal(name, feature)
    return Similar(name, feature, _ALIKE if role in {"email", "url"} else (0.92, 0.80))


def _dates(name: str, feature: Feature) -> Dates:
    year, month, day = (feature.values.str.slice(*cut) for cut in ((0, 4), (4, 2), (6, 2)))
    years, days, swapped = (part.cast(pl.Int64).to_numpy() for part in (year, month + day, day + month))
    return Dates(name, feature, years, days, swapped)


def _addresses(name: str, features: Mapping[str, Feature], public: Sequence[str]) -> Addresses:
    feature = features[name]
    mailbox, domain = (mapped(feature, pl.col("value").str.extract(cut, 1)) for cut in ("^(.*)@", "@(.*)$"))
    rows = pl.DataFrame({"mailbox": texts(mailbox)})
    spelled = pl.lit(value=False)
    for word in ("given", "family"):
        if f"{PERSON} {word}" in features:
            rows = rows.with_columns(texts(features[f"{PERSON} {word}"]).alias(word))
            named = pl.col(word).str.len_chars() >= _LETTERS
            spelled |= named & pl.col("mailbox").str.contains(pl.col(word), literal=True)
    own = rows.with_columns(own=spelled.fill_null(value=False))["own"].to_numpy()
    digits = mapped(mailbox, pl.col("value").str.replace_all(r"\D", ""))
    office = mapped(domain, pl.when(~pl.col("value").is_in(list(public))).then("value"))
    return Addresses(name, feature, mailbox, domain, own, digits, office)
