"""What of a run is to be taken back: all of it, one step's changes, or one lead's."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from dq.apply.journal import Entry
from dq.rules import Step
from dq.schemas import Change

STEP_OF: dict[str, Step] = {
    "merge": "dedupe",
    "standardize": "standardize",
    "default": "standardize",
    "sync": "sync",
    "conflict": "sync",
    "delete": "sync",
    "link": "sync",
}
"""Reason of a change → the step that made it; a link that a merge moved belongs to the merge."""
Place = tuple[str, str, str, str]
"""store, table, row key, field (a delete: the empty string)."""


@dataclass(frozen=True)
class Scope:
    """What of a run is taken back.

    Attributes:
        steps: Only what these steps changed; empty for all of them.
        entity: Only this lead, by its entity id; None for all.
    """

    steps: frozenset[Step] = frozenset()
    entity: str | None = None

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out."""
        return not self.steps and self.entity is None


def step_of() -> pl.Expr:
    """The step that made a change of the Change contract."""
    reason = pl.col(Change.reason)
    merges = (reason == "merge").any().over(Change.table, Change.store, Change.entity_id)
    return (
        pl.when(pl.col(Change.op) == "insert")
        .then(pl.lit("sync"))
        .when((reason == "link") & merges)
        .then(pl.lit("dedupe"))
        .otherwise(reason.replace_strict(STEP_OF, default="sync", return_dtype=pl.String))
    )


def asked_places(changes: pl.DataFrame, scope: Scope) -> frozenset[Place] | None:
    """The cells of existing rows that the scope asks for; None for any.

    Args:
        changes: The run's changeset.
        scope: What is taken back.
    """
    if not scope.steps:
        return None
    asked = changes.filter(step_of().is_in(sorted(scope.steps)))
    places = asked.filter(pl.col(Change.op) != "insert").select(
        Change.store, Change.table, Change.row_key, pl.col(Change.field).fill_null("")
    )
    return frozenset(zip(*(places[name].to_list() for name in places.columns), strict=True))


def asked(entries: Sequence[Entry], scope: Scope, places: frozenset[Place] | None) -> Iterator[Entry]:
    """The entries that the scope asks for, each with only those of its cells."""
    for entry in entries:
        if scope.entity is not None and entry.entity != scope.entity:
            continue
        if places is None:
            yield entry
        elif entry.write.op == "update":
            cells = {name for name in entry.write.after if (*_row(entry), name) in places}
            if cells:
                yield _only(entry, cells)
        elif entry.write.op == "delete":
            if (*_row(entry), "") in places:
                yield entry
        elif "sync" in scope.steps:
            yield entry


def _row(entry: Entry) -> tuple[str, str, str]:
    return entry.store, entry.write.table, str(entry.write.key)


def _only(entry: Entry, cells: set[str]) -> Entry:
    def of(values: Mapping[str, object]) -> dict[str, object]:
        return {name: value for name, value in values.items() if name in cells}

    return replace(entry, write=replace(entry.write, before=of(entry.write.before), after=of(entry.write.after)))
