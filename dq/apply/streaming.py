"""Several batches of one store under way at once: each recorded when its turn comes, and settled when it is answered."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from dq.apply.batches import Batch
from dq.apply.journal import Entry
from dq.manifest import TableSchema
from dq.schemas.values import Store
from dq.stores.protocol import Outcome, RowWrite, Streaming

T = TypeVar("T")


class Line(Generic[T]):
    """An iterator whose next item can be looked at before it is taken.

    Args:
        items: The items; None is none.
    """

    def __init__(self, items: Iterator[T]) -> None:
        self._items = items
        self._next: T | None = None

    def look(self) -> T | None:
        """The next item, left where it is; None at the end."""
        if self._next is None:
            self._next = next(self._items, None)
        return self._next

    def take(self) -> T:
        """The next item; there must be one."""
        item = self.look()
        if item is None:
            raise LookupError("nothing is left")
        self._next = None
        return item


@dataclass
class Stretch:
    """Batches that may be under way together: of one phase and table, no lead in two of them that are not settled.

    Attributes:
        first: The first batch.
        open: Batches that are recorded and not settled, by their number in the stretch, with their intents.
    """

    first: Batch
    open: dict[int, tuple[Batch, list[Entry]]] = field(default_factory=dict)

    def admits(self, batch: Batch) -> bool:
        """Whether a batch may be begun now; the canary, the very first batch, is settled before any other begins."""
        if batch is self.first:
            return True
        if self.first.number == 0 or _place(batch) != _place(self.first):
            return False
        mine = _groups(batch)
        return not any(mine & _groups(other) for other, _ in self.open.values())


def _place(batch: Batch) -> tuple[int, Store, str]:
    return batch.phase, batch.store, batch.writes[0].write.table


def _groups(batch: Batch) -> set[str]:
    return {planned.write.group for planned in batch.writes}


def streamed(
    stretch: Stretch,
    line: Line[Batch],
    sink: Streaming,
    schema: TableSchema,
    begin: Callable[[Batch], list[Entry] | None],
    settle: Callable[[Batch, Mapping[int, Outcome]], None],
) -> Iterator[Batch]:
    """Write a stretch.

    Args:
        stretch: The stretch; what is still open in it when an error is raised may have been carried out.
        line: Where its batches come from; those that it does not admit stay there.
        sink: The store.
        schema: The table.
        begin: Records a batch and gives its intents; None if the batch must wait for a turn of its own.
        settle: Records outcomes, by place in the batch.

    Yields:
        The batches, as they are settled.
    """
    for number, outcomes in sink.write_each(schema, _begun(stretch, line, begin)):
        batch, intents = stretch.open[number]
        settle(batch, {intents[place].place: outcome for place, outcome in outcomes.items()})
        if len(outcomes) == len(intents):
            del stretch.open[number]
            yield batch


def _begun(
    stretch: Stretch, line: Line[Batch], begin: Callable[[Batch], list[Entry] | None]
) -> Iterator[Sequence[RowWrite]]:
    number = 0
    while (batch := line.look()) is not None and stretch.admits(batch):
        intents = begin(batch)
        if intents is None:
            return
        stretch.open[number] = line.take(), intents
        number += 1
        yield [entry.write for entry in intents]
