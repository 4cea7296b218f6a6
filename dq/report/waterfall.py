"""The weight of one pair, step by step: the prior, what each comparison adds or takes, and what is left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dq.dedupe.comparison import MISSING
from dq.dedupe.evidence import Evidence, log_odds, probability
from dq.schemas.pair import GAMMA

SILENT = "missing"
"""The level of a pair with no value to compare."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one comparison says of a pair.

    Attributes:
        name: Of the comparison.
        level: The name of the pair's level; `SILENT` where a value is missing.
        bits: What the level weighs; 0 where a value is missing.
    """

    name: str
    level: str
    bits: float


@dataclass(frozen=True, slots=True)
class Waterfall:
    """A pair's match weight as a sum: prior, steps and rarity make the total.

    Attributes:
        prior: Bits of any two rows of the table.
        steps: One a comparison, in the order of the evidence.
        rarity: Bits that are left to the total: how rare the values are, what rows share for another reason,
            and the least and most that rules allow.
        total: The match weight in bits.
        probability: Of a match, of the total.
    """

    prior: float
    steps: tuple[Step, ...]
    rarity: float
    total: float
    probability: float


def waterfall(evidence: Evidence, gammas: Sequence[int | None], weight: float) -> Waterfall:
    """Take a pair's match weight apart.

    Args:
        evidence: What was learned of the table.
        gammas: The pair's level in each comparison, in the order of the evidence; -1 or None where a value is missing.
        weight: The pair's match weight in bits.

    Raises:
        ValueError: Not one level a comparison, or no such level.
    """
    steps = tuple(
        _step(respect.name, respect.levels, respect.bits, MISSING if gamma is None else gamma)
        for respect, gamma in zip(evidence.respects, gammas, strict=True)
    )
    prior = log_odds(evidence.prior)
    rarity = weight - prior - sum(step.bits for step in steps)
    return Waterfall(prior, steps, rarity, weight, float(probability(np.array([weight]))[0]))


def _step(name: str, levels: Sequence[str], bits: Sequence[float], gamma: int) -> Step:
    if gamma == MISSING:
        return Step(name, SILENT, 0.0)
    if not 0 <= gamma < len(levels):
        msg = f"{name} has {len(levels)} levels, and none of number {gamma}"
        raise ValueError(msg)
    return Step(name, levels[gamma], bits[gamma])


def weights_of(pair: Mapping[str, Any], evidence: Evidence | None) -> dict[str, Any] | None:
    """A pair of a plan taken apart, for programs; None where the matcher was not asked.

    Args:
        pair: A line of the Pair contract.
        evidence: What the plan went by.
    """
    gammas = [] if evidence is None else [pair.get(f"{GAMMA}{respect.name}") for respect in evidence.respects]
    if evidence is None or all(gamma is None for gamma in gammas):
        return None
    told = waterfall(evidence, gammas, pair["match_weight"])
    steps = [{"comparison": step.name, "level": step.level, "bits": step.bits} for step in told.steps]
    return {"prior": told.prior, "steps": steps, "rarity": told.rarity, "total": told.total}


def weight_lines(weights: Mapping[str, Any] | None) -> list[str]:
    """The same for a terminal: what begins, what each comparison adds or takes, and the sum."""
    if weights is None:
        return []
    steps = [(step["comparison"], step["level"], step["bits"]) for step in weights["steps"] if step["level"] != SILENT]
    rows = [
        ("any two rows", "", weights["prior"]),
        *steps,
        ("how rare the values are", "", weights["rarity"]),
        ("match weight", "", weights["total"]),
    ]
    broad = max(len(name) for name, *_ in rows)
    wide = max(len(level) for _, level, _ in rows)
    return [f"{name:<{broad}}  {level:<{wide}}  {bits:>+7.1f} bits" for name, level, bits in rows]
