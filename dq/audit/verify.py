"""Verify: the whole log, entry by entry, against the chain, its head, and what others noted of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from dq.audit.chain import Break, Followed, Link, followed
from dq.audit.log import Head, files_of, head


@dataclass(frozen=True, slots=True)
class Anchor:
    """A place in the log that somebody noted: the head, a run's journal, a person."""

    name: str
    link: Link


@dataclass(frozen=True, slots=True)
class Verified:
    """What is left of the log.

    Attributes:
        link: The last entry that the chain vouches for.
        broken: The first entry that cannot be trusted; None when all can.
        anchors: How many noted places it was held against.
        unfinished: Whether an append was cut off, or is under way: what it left behind the head does not count.
    """

    link: Link
    broken: Break | None
    anchors: int
    unfinished: bool = False


def verify(root: Path, anchors: Sequence[Anchor] = ()) -> Verified:
    """Read the log whole.

    Args:
        root: The snapshots folder.
        anchors: Places that were noted elsewhere: a log that was written anew as a whole shows only by them.

    Raises:
        DamagedError: The head cannot be read.
    """
    end = head(root)
    known = [Anchor("the log's head", end.at.link), *anchors]
    lines = _lines(root) if end.growing is None else islice(_lines(root), end.at.link.entries)
    found = followed(lines, frozenset(anchor.link.entries for anchor in known))
    broken = min((*_unlike(found, known), *_behind(found, end)), key=lambda one: one.entry, default=None)
    return Verified(found.link, broken, len(known), unfinished=end.growing is not None)


def _lines(root: Path) -> Iterator[bytes]:
    for path in files_of(root):
        with path.open("rb") as file:
            yield from file


def _unlike(found: Followed, known: Sequence[Anchor]) -> Iterator[Break]:
    """Where the log differs from what was noted of it, or ends before."""
    for anchor in known:
        digest = found.digests.get(anchor.link.entries)
        if digest is None and found.broken is None:
            yield Break(found.link.entries + 1, f"is missing: {anchor.name} knows of {anchor.link.entries:,} entries")
        elif digest is not None and digest != anchor.link.digest:
            yield Break(anchor.link.entries, f"or one before it is not what it was: {anchor.name} knows another digest")


def _behind(found: Followed, end: Head) -> Iterator[Break]:
    """What breaks the chain, and what stands behind the head."""
    at = end.at.link.entries
    if found.broken is not None:
        yield found.broken
    if found.link.entries > at:
        yield Break(at + 1, "is behind the log's head: not dq added it")
