"""A table's records dealt out to several lists that are read side by side, where one alone is held up by latency.

The last character of a record's id decides: it is random and never changes. Every share but the last names its
characters, and the last one takes what no other names, so by their very formulas no record is in two and none is in
none; what a list brings is held against its share all the same.
"""

from dataclasses import dataclass
from math import ceil
from string import ascii_letters, digits

PAYS = 1.2
"""Calls under way at once, when the pace is kept, from which on a second list pays."""
_SPARE = 1.1
_MOST = 6
_CHARACTERS = digits + ascii_letters


@dataclass(frozen=True, slots=True)
class Share:
    """The records whose ids end in one of some characters, or in none of them.

    Attributes:
        characters: The characters.
        is_rest: Whether the share is all the others.
    """

    characters: str = ""
    is_rest: bool = True

    @property
    def formula(self) -> str | None:
        """What `filterByFormula` says; None for all records."""
        if not self.characters:
            return None
        named = f"FIND(RIGHT(RECORD_ID(),1),'{self.characters}')"
        return f"NOT({named})" if self.is_rest else named

    def has(self, record_id: str) -> bool:
        """Whether a record belongs to the share."""
        return (record_id[-1] in self.characters) is not self.is_rest


WHOLE = Share()
"""All records."""


def shares(load: float) -> list[Share]:
    """The lists to read a table by.

    Args:
        load: Calls that are under way at once when the pace is kept: pace times latency.
    """
    if load <= PAYS:
        return [WHOLE]
    number = min(ceil(load * _SPARE), _MOST)
    named = [_CHARACTERS[place::number] for place in range(number - 1)]
    return [*(Share(characters, is_rest=False) for characters in named), Share("".join(named))]


def rest_of(share: Share) -> Share:
    """All records but a share's."""
    return Share(share.characters, is_rest=not share.is_rest)
