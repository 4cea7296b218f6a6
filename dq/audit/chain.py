"""The chain: every line begins with its number and the SHA-256 of the line before it.

line 7:  {"n":7,"previous":"<SHA-256 of line 6>", … }

Nothing about a line is parsed to prove it: it must begin with exactly what its predecessor demands.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

NOTHING = "0" * 64
"""What the first entry names as its predecessor's digest."""


@dataclass(frozen=True, slots=True)
class Link:
    """A place in the chain: how many entries there are up to it, and the SHA-256 of the last of them."""

    entries: int = 0
    digest: str = NOTHING

    def __str__(self) -> str:
        """The place as people pin it."""
        return f"{self.entries}:{self.digest}"


@dataclass(frozen=True, slots=True)
class Break:
    """The first entry that cannot be trusted, and what is wrong with it."""

    entry: int
    what: str


@dataclass(frozen=True, slots=True)
class Followed:
    """How far a chain holds.

    Attributes:
        link: The last entry that follows from the one before it.
        broken: What comes then; None at the end of the log.
        digests: Those that were asked for, by number of their entry.
    """

    link: Link
    broken: Break | None
    digests: Mapping[int, str]


def chained(bodies: Iterable[str], link: Link) -> tuple[bytes, Link]:
    """Entries as lines that follow a place in the chain.

    Args:
        bodies: JSON objects without number and predecessor.
        link: The end of the chain.

    Returns:
        The lines, and the new end.
    """
    lines: list[bytes] = []
    number, digest = link.entries, link.digest
    for body in bodies:  # each needs the digest of the one before it
        number += 1
        line = f'{{"n":{number},"previous":"{digest}",{body[1:]}'.encode()
        digest = sha256(line).hexdigest()
        lines += (line, b"\n")
    return b"".join(lines), Link(number, digest)


def followed(lines: Iterable[bytes], asked: Collection[int]) -> Followed:
    """Follow a chain from its beginning as far as it holds.

    Args:
        lines: Lines with their line ends.
        asked: Numbers of the entries whose digests are wanted.
    """
    number, digest = 0, NOTHING
    digests = {0: NOTHING}
    broken = None
    for line in lines:
        if not (line.startswith(b'{"n":%d,"previous":"%b",' % (number + 1, digest.encode())) and line[-1:] == b"\n"):
            broken = _broken(line, number)
            break
        number, digest = number + 1, sha256(line[:-1]).hexdigest()
        if number in asked:
            digests[number] = digest
    return Followed(Link(number, digest), broken, digests)


def _broken(line: bytes, before: int) -> Break:
    """What is wrong with a line that does not follow entry `before`."""
    if line[-1:] != b"\n":
        return Break(before + 1, "is cut off")
    if not line.startswith(b'{"n":%d,' % (before + 1)):
        return Break(before + 1, "is missing, or something else stands in its place")
    if before == 0:
        return Break(1, "is not the first of a log")
    return Break(before, "was changed after it was written, or the one after it was")
