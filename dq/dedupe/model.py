"""The model: what the matcher learned of a table, small enough to be kept, so that rows to come are judged alike.

Columns' roles, blocking keys, evidence, how common the common values are, and which mailboxes and numbers are offices'.
Values are kept as digests: what is asked of them is only how common they are. As a frame the model is one line a fact.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, cast

import numpy as np
import polars as pl

from dq.dedupe.blocking import Key
from dq.dedupe.comparison import Comparison
from dq.dedupe.evidence import Evidence, Respect, Shared
from dq.dedupe.features import Codes, Feature, Floats, Hashes, mixed
from dq.dedupe.tokens import Worded
from dq.rules import Role

MOST_VALUES = 50_000
"""Values of a feature whose frequency is kept; the others count as equally common."""
TYPES = {
    "kind": pl.String(),
    "name": pl.String(),
    "text": pl.String(),
    "digest": pl.UInt64(),
    "m": pl.Float64(),
    "u": pl.Float64(),
    "bits": pl.Float64(),
    "share": pl.Float64(),
}
"""kind: `rows`, `column`, `key`, `prior`, `relatives`, `shared`, `level`, `rest`, `collision`, `value` or `office`; name: of a column,
comparison or feature; text: a role, a level, or as JSON the parts of a key or the comparisons that are shared; digest: of
a value; m, u: shares of matches and random pairs on a level, m of likely matches that a key and those before it find;
bits: what the level is worth; share: of rows, of
relatives on a level, or how many rows there were, or pairs that share a key."""
_SAID = {
    "rows": ("share",),
    "column": ("name", "text"),
    "key": ("text", "share"),
    "prior": ("share",),
    "relatives": ("share",),
    "shared": ("text", "share"),
    "level": ("name", "text", "m", "u"),
    "rest": ("name", "share"),
    "collision": ("name", "share"),
    "value": ("name", "digest", "share"),
    "office": ("name", "digest"),
}
"""By kind, what each of its lines says."""
_BASE = np.uint64(0x100000001B3)
_AT_ONCE = 10_000
"""Values that are digested at a time: each letter takes forty bytes meanwhile."""


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """How common a feature's values are.

    Attributes:
        digests: Of the common ones, in order.
        shares: Their shares of the rows with a value.
        rest: The share of each value that is not among them.
        collision: How likely two random rows have the same value.
    """

    digests: Hashes
    shares: Floats
    rest: float
    collision: float


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """What was learned of a table.

    Attributes:
        rows: How many rows it had.
        roles: Columns that count, and what they are.
        keys: Blocking keys.
        evidence: What each level of each comparison is worth.
        values: By feature: how common its values are.
        offices: By feature: digests of the values that are nobody's own.
    """

    rows: int
    roles: Mapping[str, Role]
    keys: tuple[Key, ...]
    evidence: Evidence
    values: Mapping[str, Values]
    offices: Mapping[str, Hashes]

    def fits(self, comparisons: tuple[Comparison, ...]) -> bool:
        """Whether these are the comparisons that it was learned with."""
        own = [(one.name, one.levels) for one in self.evidence.respects]
        return own == [(one.name, tuple(one.levels)) for one in comparisons]


def digests(values: pl.Series) -> Hashes:
    """64-bit digests of texts, the same on every machine and in every release (a polynomial over UTF-8, scattered).

    Args:
        values: Texts without nulls.
    """
    parts = [_digests(values.slice(start, _AT_ONCE)) for start in range(0, len(values), _AT_ONCE)]
    return np.concatenate([np.empty(0, np.uint64), *parts])


def _digests(values: pl.Series) -> Hashes:
    size = values.str.len_bytes().to_numpy().astype(np.int64)
    held = np.frombuffer("".join(values.to_list()).encode(), np.uint8).astype(np.uint64) + np.uint64(1)
    begins = np.concatenate(([0], np.cumsum(size)))
    place = np.arange(len(held)) - np.repeat(begins[:-1], size)
    power = np.cumprod(np.full(int(size.max(initial=0)) + 1, _BASE, np.uint64))
    summed = np.append(np.uint64(0), np.cumsum(held * power[place], dtype=np.uint64))
    return mixed(summed[begins[1:]] - summed[begins[:-1]])


def counted(feature: Feature) -> Values:
    """How common a feature's values are, as a model keeps it."""
    order = np.argsort(-feature.frequency, kind="stable")[:MOST_VALUES]
    once = feature.frequency.min(initial=1.0)
    order = order[feature.frequency[order] > once]
    told = digests(feature.values.gather(order))
    left = np.delete(feature.frequency, order)
    rest = left.mean() if len(left) else once
    by_digest = np.argsort(told)
    return Values(told[by_digest], feature.frequency[order][by_digest], float(rest), feature.collision())


def valued(feature: Feature, known: Values) -> Feature:
    """The feature with the frequencies that a model knows."""
    told = digests(feature.values)
    at = np.minimum(np.searchsorted(known.digests, told), max(0, len(known.digests) - 1))
    is_known = known.digests[at] == told if len(known.digests) else np.zeros(len(told), np.bool_)
    shares = np.where(is_known, known.shares[at] if len(known.shares) else 0.0, known.rest)
    return replace(feature, frequency=shares, agreement=known.collision)


def values_of(comparisons: tuple[Comparison, ...]) -> dict[str, Values]:
    """How common the values of all features are that comparisons go by."""
    return {name: counted(feature) for one in comparisons for name, feature in _features(one, one.name)}


def as_known(comparison: Comparison, known: Mapping[str, Values]) -> Comparison:
    """A comparison that takes from a model how common values are."""
    return cast("Comparison", _as_known(comparison, comparison.name, known))


def _as_known(held: Any, name: str, known: Mapping[str, Values]) -> Any:
    if isinstance(held, Feature):
        return valued(held, known[name]) if name in known else held
    inner = {
        one.name: _as_known(getattr(held, one.name), f"{name}.{one.name}", known)
        for one in fields(held)
        if is_dataclass(getattr(held, one.name))
    }
    changed = replace(held, **inner)
    return changed.weighed() if isinstance(changed, Worded) else changed


def _features(held: Any, name: str) -> Iterator[tuple[str, Feature]]:
    for one in fields(held):
        value = getattr(held, one.name)
        if isinstance(value, Feature):
            yield f"{name}.{one.name}", value
        elif is_dataclass(value):
            yield from _features(value, f"{name}.{one.name}")


def known_offices(feature: Feature, offices: Hashes) -> Codes:
    """Codes of the values that a model knows to be nobody's own."""
    return np.flatnonzero(np.isin(digests(feature.values), offices)).astype(np.int32)


def to_frame(model: Model) -> pl.DataFrame:
    """The model as a frame of `TYPES`, for keeping and for reading."""
    levels = [
        {"kind": "level", "name": one.name, "text": level, "m": m, "u": u, "bits": bits, "share": r}
        for one in model.evidence.respects
        for level, m, u, bits, r in zip(one.levels, one.m, one.u, one.bits, one.r or [None] * len(one.u), strict=True)
    ]
    prior = {"kind": "prior", "share": model.evidence.prior}
    facts = [
        {"kind": "rows", "share": float(model.rows)},
        *({"kind": "column", "name": name, "text": role} for name, role in model.roles.items()),
        *({"kind": "key", "text": _named(key.atoms), "m": key.recall, "share": key.pairs} for key in model.keys),
        prior,
        {"kind": "relatives", "share": model.evidence.relatives},
        *({"kind": "shared", "text": _named(one.names), "share": one.share} for one in model.evidence.shared),
        *levels,
        *({"kind": "rest", "name": name, "share": one.rest} for name, one in model.values.items()),
        *({"kind": "collision", "name": name, "share": one.collision} for name, one in model.values.items()),
    ]
    lists = [
        *(_listed("value", name, one.digests, one.shares) for name, one in model.values.items()),
        *(_listed("office", name, one, np.zeros(len(one))) for name, one in model.offices.items()),
    ]
    return pl.concat([pl.DataFrame(facts, schema=TYPES), *lists])


def _named(names: tuple[str, ...]) -> str:
    return json.dumps(names, ensure_ascii=False)


def _names(told: str) -> tuple[str, ...]:
    return tuple(str(name) for name in json.loads(told))


def _listed(kind: str, name: str, told: Hashes, shares: Floats) -> pl.DataFrame:
    listed = pl.DataFrame({"digest": told, "share": shares}, schema={"digest": pl.UInt64, "share": pl.Float64})
    missing = [
        pl.lit(None, dtype).alias(column) for column, dtype in TYPES.items() if column in {"text", "m", "u", "bits"}
    ]
    return listed.with_columns(pl.lit(kind).alias("kind"), pl.lit(name).alias("name"), *missing).select(list(TYPES))


def from_frame(frame: pl.DataFrame) -> Model:
    """The model that a frame of `TYPES` holds.

    Raises:
        ValueError: It holds no model.
    """
    try:
        return _read(frame)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError("no model") from error


def _read(frame: pl.DataFrame) -> Model:
    parts = {str(kind[0]): part for kind, part in frame.group_by("kind", maintain_order=True)}
    for kind, part in parts.items():
        if part.select(_SAID[kind]).null_count().sum_horizontal().item():
            raise ValueError(kind)
    nothing = frame.clear()
    level, value = parts.get("level", nothing), parts.get("value", nothing)
    respects = tuple(
        Respect(name, tuple(one["text"]), tuple(one["m"]), tuple(one["u"]), tuple(one["share"].drop_nulls()))
        for name, one in ((str(key[0]), part) for key, part in level.group_by("name", maintain_order=True))
    )
    both = parts.get("shared", nothing)
    shared = tuple(Shared(_names(told), share) for told, share in zip(both["text"], both["share"], strict=True))
    held = parts.get("key", nothing)
    tables = {str(key[0]): part for key, part in value.group_by("name", maintain_order=True)}
    rest, collision = (_by_name(parts.get(kind, nothing), "share") for kind in ("rest", "collision"))
    offices = parts.get("office", nothing).group_by("name", maintain_order=True)
    return Model(
        rows=int(parts["rows"]["share"][0]),
        roles=_by_name(parts["column"], "text"),
        keys=tuple(
            Key(_names(atoms), int(pairs), recall)
            for atoms, pairs, recall in zip(held["text"], held["share"], held["m"], strict=True)
        ),
        evidence=Evidence(parts["prior"]["share"][0], respects, shared, parts["relatives"]["share"][0]),
        values={
            name: Values(*_listing(tables.get(name, nothing)), share, collision[name]) for name, share in rest.items()
        },
        offices={str(key[0]): part["digest"].to_numpy() for key, part in offices},
    )


def _by_name(part: pl.DataFrame, column: str) -> dict[str, Any]:
    return dict(zip(part["name"].to_list(), part[column].to_list(), strict=True))


def _listing(part: pl.DataFrame) -> tuple[Hashes, Floats]:
    return part["digest"].to_numpy(), part["share"].to_numpy()
