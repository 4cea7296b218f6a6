"""A batch cut into requests: at most ten records of one kind each, in an order that every group can be written in."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from dq.schemas.values import Op
from dq.stores.protocol import RowWrite

PER_REQUEST = 10
Place = tuple[int, int]
"""A write's batch and its place in the batch."""
Placed = tuple[Place, RowWrite]
_ORDER: tuple[Op, ...] = ("update", "delete", "insert")


@dataclass(frozen=True, slots=True)
class Request:
    """What one call carries: writes of one kind, whole groups as far as a request can hold them."""

    op: Op
    writes: tuple[Placed, ...]

    @property
    def groups(self) -> frozenset[str]:
        """The groups that its writes belong to."""
        return frozenset(write.group for _, write in self.writes)


def requests_of(number: int, writes: Sequence[RowWrite]) -> list[Request]:
    """The requests of a batch, in order: a group's later writes stand in later requests than its earlier ones.

    Args:
        number: The batch's number.
        writes: Its writes.
    """
    waiting: dict[str, list[Placed]] = {}
    for place, write in enumerate(writes):
        waiting.setdefault(write.group, []).append(((number, place), write))
    found: list[Request] = []
    while waiting:
        for op in _ORDER:
            found += [Request(op, tuple(chunk)) for chunk in _chunks(_heads(waiting, op))]
        waiting = {group: left for group, left in waiting.items() if left}
    return found


def units(writes: Sequence[Placed]) -> list[list[Placed]]:
    """Neighbors of one group."""
    return [list(unit) for _, unit in groupby(writes, key=lambda one: one[1].group)]


def _heads(waiting: Mapping[str, list[Placed]], op: Op) -> list[Placed]:
    """Take from each group the writes of this kind that nothing else must come before."""
    heads: list[Placed] = []
    for left in waiting.values():
        while left and left[0][1].op == op:
            heads.append(left.pop(0))
    return heads


def _chunks(writes: Sequence[Placed]) -> Iterator[list[Placed]]:
    """At most ten a request, no group in two requests that fits in one, and no record twice in one."""
    chunk: list[Placed] = []
    for unit in units(writes):
        if len(chunk) + min(len(unit), PER_REQUEST) > PER_REQUEST:
            yield chunk
            chunk = []
        for place, write in unit:
            if len(chunk) == PER_REQUEST or (
                write.key is not None and any(write.key == other.key for _, other in chunk)
            ):
                yield chunk
                chunk = []
            chunk.append((place, write))
    if chunk:
        yield chunk
