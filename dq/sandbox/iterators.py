"""Lists that are being paged through: membership and order stand from the first page on, values do not.

An offset is `itr…/rec…`; its second half is the last record id of the page just returned. An iterator lives in the
server's memory: it ends when nobody asks for ten minutes, after a number of pages where one is set, or with the server.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from dq.sandbox import refusals
from dq.sandbox.ids import letters
from dq.sandbox.parameters import ListRequest

IDLE_SECONDS = 600.0
MOST = 100
"""Lists that are under way at once; one more ends the one that was asked for longest ago."""


@dataclass
class Frozen:
    """One list: the ids at its first page, and where each offset that was given out goes on."""

    table_id: str
    request: ListRequest
    ids: list[str]
    starts: dict[str, int]
    used: float
    served: int = 1


@dataclass
class Iterators:
    """The lists that are under way in one server.

    Args:
        clock: A monotonic clock, in seconds.
        salt: Makes the offsets of one server unknown to the next.
        idle_seconds: How long a list lives that nobody pages through.
        pages: How many pages a list serves before it expires; None is all.
    """

    clock: Callable[[], float]
    salt: bytes
    idle_seconds: float = IDLE_SECONDS
    pages: int | None = None
    lists: dict[str, Frozen] = field(default_factory=dict)
    count: int = 0


def start(iterators: Iterators, table_id: str, request: ListRequest, ids: list[str]) -> tuple[list[str], str | None]:
    """The ids of a list's first page, and the offset of the next one if there is one.

    Args:
        iterators: The lists under way.
        table_id: The table that is listed.
        request: The parameters.
        ids: All ids of the list, in order.
    """
    _forget(iterators)
    page = ids[: request.page_size]
    if len(page) == len(ids):
        return page, None
    iterators.count += 1
    seed = iterators.salt + iterators.count.to_bytes(8)
    name = "itr" + letters(hashlib.sha256(seed).digest())
    iterators.lists[name] = Frozen(table_id, request, ids, {page[-1]: len(page)}, iterators.clock())
    return page, f"{name}/{page[-1]}"


def resume(iterators: Iterators, table_id: str, request: ListRequest) -> tuple[list[str], str | None]:
    """The ids of a later page, and the offset of the next one if there is one.

    An offset may be asked for again, so a lost answer can be fetched once more.

    Args:
        iterators: The lists under way.
        table_id: The table that is listed.
        request: The parameters, with the offset.

    Raises:
        RefusalError: The offset is unknown, has expired, or belongs to other parameters.
    """
    _forget(iterators)
    name, _, last = request.offset.partition("/")
    frozen = iterators.lists.get(name)
    if frozen is None or last not in frozen.starts:
        raise refusals.iterator_gone()
    if frozen.table_id != table_id or replace(request, offset="") != frozen.request:
        raise refusals.iterator_gone()
    if iterators.pages is not None and frozen.served >= iterators.pages:
        drop(iterators, request.offset)
        raise refusals.iterator_gone()
    frozen.served += 1
    frozen.used = iterators.clock()
    begin = frozen.starts[last]
    end = begin + request.page_size
    page = frozen.ids[begin:end]
    if end >= len(frozen.ids):
        frozen.ids, frozen.starts = page, {last: 0}  # only the last page can be asked for again
        return page, None
    frozen.starts[page[-1]] = end
    return page, f"{name}/{page[-1]}"


def drop(iterators: Iterators, offset: str) -> None:
    """End a list before its time.

    Args:
        iterators: The lists under way.
        offset: An offset of the list.
    """
    iterators.lists.pop(offset.partition("/")[0], None)


def _forget(iterators: Iterators) -> None:
    oldest = iterators.clock() - iterators.idle_seconds
    for name in [name for name, frozen in iterators.lists.items() if frozen.used < oldest]:
        del iterators.lists[name]
    while len(iterators.lists) > MOST:
        del iterators.lists[min(iterators.lists, key=lambda name: iterators.lists[name].used)]
