"""What the matcher adds to a plan: leads that no key links, by everything that their rows say.

nodes ─► texts ─► respects ─► model (learned, or known) ─► pairs of rows ─► pairs of nodes

Rows that keys, links or people have joined are joined from the start; rows that people told apart, or whose keys
contradict each other, never are. From `merge` on a pair is a link, from `review` on people are asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from dq.dedupe.clusters import components
from dq.dedupe.evidence import log_odds, probability
from dq.dedupe.features import Bools, Ints, first_rows
from dq.dedupe.keys import NODE, is_placeholder
from dq.dedupe.matcher import Given, Matched, cut_of, matched, model_of, weighed
from dq.dedupe.model import Model, as_known, values_of
from dq.dedupe.pairs import LEFT, RIGHT
from dq.dedupe.respects import Respects
from dq.dedupe.roles import roles
from dq.engine.respects import respects
from dq.engine.said import given_names, known_of
from dq.rules import FieldRule, MatcherRules, Role, TableRules
from dq.schemas import Pair
from dq.schemas.pair import ALWAYS, GAMMA, MATCH
from dq.schemas.values import Store
from dq.side import KEY

_ROLES: Mapping[str, Role | None] = {
    "email": "email", "linkedin": "profile", "phone": "phone", "name": "name", "company": "organization",
    "website": "url", "date": "date", "enum": None, "number": None,
}  # fmt: skip
"""Standardizer family → role; a status or a number of employees says where a lead stands, not who it is."""


@dataclass(frozen=True, slots=True)
class Said:
    """What people said of pairs of nodes: node_l, node_r.

    Attributes:
        apart: They are not the same.
        unsure: Nobody can tell.
    """

    apart: pl.DataFrame
    unsure: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Alike:
    """What the matcher says of a mapping's rows.

    Attributes:
        pairs: node_l, node_r, match_key, gammas, match_weight, match_probability, decision; none that keys have joined.
        model: What it went by; None where there was too little to learn from.
    """

    pairs: pl.DataFrame
    model: Model | None


def alike(
    records: Mapping[Store, pl.DataFrame],
    nodes: pl.DataFrame,
    decided: pl.DataFrame,
    said: Said,
    rules: TableRules,
    model: Model | None,
) -> Alike:
    """The pairs of rows that the matcher finds alike.

    Args:
        records: Each store's record frame.
        nodes: node (0…n-1), store, row_key, _loose: true of rows that are linked to no other.
        decided: Pairs of nodes with the decision of keys, links and people.
        said: What people said of them.
        rules: The mapping.
        model: What was learned before; None learns from these rows.
    """
    asked = rules.dedupe.matcher
    if asked is None or (model is None and nodes.height < asked.fewest_rows):
        return Alike(_none(), None)
    texts = _texts(records, nodes, rules)
    label = _joined(decided, nodes.height)
    known = known_of(asked, rules.dedupe.max_surnames)
    found = _roles(texts, rules, asked) if model is None else model.roles
    if not found or not set(found) <= set(texts.columns):
        return Alike(_none(), None)
    seen, number = respects(texts, found, known, within=label, model=model)
    if not seen.comparisons:
        return Alike(_none(), None)
    if model is not None and not model.fits(seen.comparisons):  # it was learned of other columns
        return alike(records, nodes, decided, said, rules, None)
    del texts  # as much as all the rest
    common = values_of(seen.comparisons) if model is None else model.values
    if model is None:  # who learns judges as those to come will
        seen = replace(seen, comparisons=tuple(as_known(one, common) for one in seen.comparisons))
    given = Given(
        apart=_told_apart(decided, said, number),
        joined=_first_of_group(label, number),
        answers=_answers(decided, said.apart, number),
    )
    link, review = log_odds(asked.merge), log_odds(asked.review)
    result = matched(seen, given, link=link, cut=cut_of(link), asked=asked.blocking, model=model)
    pairs = _pairs(seen, result, given, number, review, cut_of(link))
    return Alike(pairs, model or model_of(seen, found, result, common))


def _texts(records: Mapping[Store, pl.DataFrame], nodes: pl.DataFrame, rules: TableRules) -> pl.DataFrame:
    """The mapped fields of every node; defaults, placeholders and rows that are linked to no other say nothing."""
    used = [field for field in rules.fields if field.refers is None and not field.of_company]
    says = [_said(field, rules).alias(f"{field.name}#") for field in used]  # a field may be called `store`, too
    both = pl.concat(records[store].select(pl.lit(store).alias("store"), KEY, *says) for store in records)
    joined = nodes.select(NODE, "store", KEY, "_loose").join(both, on=["store", KEY], how="left", maintain_order="left")
    free = pl.col("_loose").is_null()
    return joined.select(pl.when(free).then(pl.col(f"{field.name}#")).alias(field.name) for field in used)


def _said(field: FieldRule, rules: TableRules) -> pl.Expr:
    value = pl.col(field.name).cast(pl.String)
    is_nothing = is_placeholder(value, rules.dedupe.placeholders, field.kind)
    if field.default is not None:
        is_nothing |= value == field.default
    return pl.when(~is_nothing).then(value)


def _roles(texts: pl.DataFrame, rules: TableRules, asked: MatcherRules) -> dict[str, Role]:
    stated = {field.name: _ROLES[field.kind] for field in rules.fields if field.kind in _ROLES}
    if rules.dedupe.name_field:
        stated[rules.dedupe.name_field] = "name"
    return roles(texts, given_names(asked), {**stated, **asked.columns})


def _joined(decided: pl.DataFrame, size: int) -> Ints:
    linked = decided.filter(pl.col(Pair.decision) == "link")
    return components(linked[LEFT].to_numpy(), linked[RIGHT].to_numpy(), size)


def _answers(decided: pl.DataFrame, apart: pl.DataFrame, number: Ints) -> tuple[Ints, Ints, Bools] | None:
    """The pairs of rows that people decided, and whether they are the same; equal rows teach nothing."""
    words = pl.col(Pair.match_key).str.split("+").list
    same = decided.filter(words.contains("decided")).select(pl.col(LEFT, RIGHT).cast(pl.Int64), said=pl.lit(value=True))
    other = apart.select(pl.col(LEFT, RIGHT).cast(pl.Int64), said=pl.lit(value=False))
    pairs = pl.concat([same, other])
    left, right = number[pairs[LEFT].to_numpy()], number[pairs[RIGHT].to_numpy()]
    taught = left != right
    return (left[taught], right[taught], pairs["said"].to_numpy()[taught]) if taught.any() else None


def _told_apart(decided: pl.DataFrame, said: Said, number: Ints) -> tuple[Ints, Ints]:
    """Rows that people told apart or are unsure of, and those whose keys agree and contradict each other."""
    refused = decided.filter(pl.col(Pair.decision) != "link").select(LEFT, RIGHT)
    pairs = pl.concat(
        [frame.select(pl.col(LEFT, RIGHT).cast(pl.Int64)) for frame in (said.apart, said.unsure, refused)]
    )
    left, right = number[pairs[LEFT].to_numpy()], number[pairs[RIGHT].to_numpy()]
    return left[left != right], right[left != right]


def _first_of_group(label: Ints, number: Ints) -> Ints:
    """Row of the matcher → the first row of its group."""
    row_label = np.zeros(int(number.max(initial=-1)) + 1, np.int64)
    row_label[number] = label
    _, first, group = np.unique(row_label, return_index=True, return_inverse=True)
    joined: Ints = first[group].astype(np.int64)
    return joined


def _pairs(seen: Respects, result: Matched, given: Given, number: Ints, review: float, cut: float) -> pl.DataFrame:
    """Pairs of rows that are in two groups: those of one cluster are links, of the others the likely ones go to people."""
    group, cluster = np.asarray(given.joined), result.grown.label
    left, right = result.candidates.left, result.candidates.right
    one = result.always | ((cluster[left] == cluster[right]) & (result.weight >= cut))
    kept = (group[left] != group[right]) & (one | (result.weight >= review))
    hub, spoke = _stars(group, cluster, left[one], right[one])
    left, right = np.append(left[kept], hub), np.append(right[kept], spoke)
    always = np.append(result.always[kept], np.zeros(len(hub), np.bool_))
    pairs, weight = weighed(seen, result.evidence, left, right)
    node = first_rows(number, len(seen.counts))
    ends = np.stack([node[left], node[right]]) if len(left) else np.empty((2, 0), np.int64)
    levels = {f"{GAMMA}{one.name}": pair.level for one, pair in zip(result.evidence.respects, pairs, strict=True)}
    return pl.DataFrame(
        {
            LEFT: ends.min(axis=0),
            RIGHT: ends.max(axis=0),
            str(Pair.match_key): pl.Series(np.where(always, ALWAYS, MATCH), dtype=pl.String),
            **levels,
            str(Pair.match_weight): weight,
            str(Pair.match_probability): np.where(always, 1.0, probability(weight)),
            str(Pair.decision): pl.Series(np.where(cluster[left] == cluster[right], "link", "review"), dtype=pl.String),
        }
    ).sort(LEFT, RIGHT)


def _stars(group: Ints, cluster: Ints, left: Ints, right: Ints) -> tuple[Ints, Ints]:
    """Pairs that hold a cluster together where the candidates alone do not: they were scored, and no key found them."""
    rows = np.arange(len(group))
    part = components(np.append(left, rows), np.append(right, group), len(group))
    away = np.flatnonzero((group == rows) & (part != part[cluster]))
    first = away[np.unique(part[away], return_index=True)[1]] if len(away) else away
    return cluster[first], first


def _none() -> pl.DataFrame:
    numbers = {LEFT: pl.Int64, RIGHT: pl.Int64, str(Pair.match_key): pl.String}
    return pl.DataFrame(
        schema={
            **numbers,
            str(Pair.match_weight): pl.Float64,
            str(Pair.match_probability): pl.Float64,
            str(Pair.decision): pl.String,
        }
    )
