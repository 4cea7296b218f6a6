"""Atoms: parts of what is known of rows that blocking keys are made of."""

from dataclasses import dataclass

import polars as pl

from dq.dedupe.features import Feature, mapped


@dataclass(frozen=True, slots=True, eq=False)
class Atom:
    """Part of what is known of rows that a key can be made of.

    Attributes:
        name: For people.
        group: Of what it is a part; a key has one of each group.
        feature: Its values.
        says: What it is evidence of, where it is all that its group says; atoms that say the same count once.
    """

    name: str
    group: str
    feature: Feature
    says: str | None = None


def part(name: str, group: str, feature: Feature, values: pl.Expr) -> Atom:
    """An atom of parts of a feature's values.

    Args:
        name: For people.
        group: Of what it is a part.
        feature: The whole values.
        values: From the column `value` of its values to their parts.
    """
    return Atom(name, group, mapped(feature, values))
