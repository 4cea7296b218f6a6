"""What rows of one person usually show: known before a table is read, and soon outweighed by what a large one shows.

A table of a hundred rows cannot teach how seldom a person has two dates of birth, and takes whatever a few rows have in
common for the mark of a person. So matches are counted as seen before (Dirichlet's prior): by the kind of column where people's rows
are known, and as if by chance, which says nothing, where a column's kind is not.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from dq.dedupe.features import Floats

_SEEN, _UNKNOWN = 200.0, 20.0
"""Matches that count as seen, of a known kind and of any other."""
_SHARES: Mapping[tuple[str, int], tuple[float, ...]] = {
    ("person", 12): (0.02, 0.02, 0.02, 0.05, 0.05, 0.03, 0.005, 0.02, 0.08, 0.10, 0.04, 0.565),
    ("organization", 5): (0.06, 0.02, 0.07, 0.09, 0.76),
    ("organization", 6): (0.10, 0.03, 0.10, 0.15, 0.05, 0.57),
    ("email", 5): (0.20, 0.03, 0.02, 0.01, 0.74),
    ("email", 4): (0.15, 0.05, 0.10, 0.70),
    ("phone", 3): (0.15, 0.01, 0.84),
    ("profile", 3): (0.02, 0.01, 0.97),
    ("identifier", 3): (0.05, 0.06, 0.89),
    ("birth", 4): (0.07, 0.05, 0.13, 0.75),
    ("address", 6): (0.10, 0.03, 0.07, 0.20, 0.03, 0.57),
    ("entity", 2): (0.03, 0.97),
}
"""By kind and number of levels: the share of matches on each, from 0 up. About what labelled tables show: invented leads
(`dq leads generate`), FEBRL 3 and Splink's fake_1000; that of `entity` is an estimate."""


_RELATIVES = (0.38, 0.01, 0.52, 0.002, 0.03, 0.005, 0.005, 0.001, 0.005, 0.03, 0.002, 0.01)
"""The names of relatives, by level: mostly one family name and two given names. An estimate."""
_OWN = frozenset({"birth", "identifier", "profile"})
"""What relatives have each for themselves; half of them share any of the rest, such as an address or a mailbox."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What matches show on one comparison, as far as it is known before.

    Attributes:
        matches: How many count as seen.
        shares: Of them, by level; None where they are spread as random pairs are.
        kind: What is compared.
    """

    matches: float = 0.0
    shares: tuple[float, ...] | None = None
    kind: str | None = None

    def seen(self, u: Floats) -> Floats:
        """Matches on each level.

        Args:
            u: The share of random pairs on each level.
        """
        shares = u / u.sum() if self.shares is None else u * 0 + self.shares
        counted: Floats = self.matches * shares
        return counted

    def relatives(self, m: Floats, u: Floats) -> Floats:
        """What two people of one household or family show: the share of each level.

        Args:
            m: Of matches.
            u: Of random pairs.
        """
        if self.kind == "person":
            return u * 0 + _RELATIVES
        shares: Floats = u if self.kind in _OWN else (m + u) / 2
        return shares


NOTHING = Usual()


def usual(kind: str | None, levels: int) -> Usual:
    """What matches usually show where people are compared.

    Args:
        kind: What is compared: a role, `person`, `birth` or `entity`; None where nobody knows.
        levels: How many the comparison has.
    """
    shares = _SHARES.get((kind or "", levels))
    return Usual(_UNKNOWN, kind=kind) if shares is None else Usual(_SEEN, shares, kind)
