"""Who changed each cell of a row last, as a value, as JSON and as text."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from dq.report.diff import shortened

FORMAT_VERSION = 1
Who = Literal["dq", "person", "unknown"]


@dataclass(frozen=True)
class Cell:
    """One cell and who changed it last.

    Attributes:
        field: The store's own name.
        value: What it holds, as text; None if it is empty.
        who: `dq`; `person`: somebody else since dq's last write, or since the stores agreed on another value; `unknown`:
            not dq, as far as its log goes back.
        time: When dq wrote it; of a person: the modified time of the row, at the latest when the snapshot was taken.
        since: Of a person: when dq wrote it last, before that; None where it only was what both stores agreed on.
        action: Of dq: `apply`, `undo` or `restore`.
        run: Of dq: the run.
        actor: Of dq: who ran it.
        reason: Of dq: why, with rule or policy.
        source: Of dq: where the value came from.
        base: What both stores agreed on last; None where they never did.
    """

    field: str
    value: str | None
    who: Who
    time: str | None = None
    since: str | None = None
    action: str | None = None
    run: str | None = None
    actor: str | None = None
    reason: str | None = None
    source: str | None = None
    base: str | None = None


@dataclass(frozen=True)
class Blame:
    """A row's cells.

    Attributes:
        store: Which store.
        table: The store's table.
        row_key: The row.
        entity: The lead.
        notes: How the key led here.
        snapshot: The snapshot that the cells are known from.
        cells: The cells.
    """

    store: str
    table: str
    row_key: str
    entity: str
    notes: tuple[str, ...]
    snapshot: str
    cells: tuple[Cell, ...]


def as_dict(blame: Blame) -> dict[str, Any]:
    """The value as JSON-ready values."""
    return {"format_version": FORMAT_VERSION, **asdict(blame), "cells": [asdict(cell) for cell in blame.cells]}


def as_text(blame: Blame) -> list[str]:
    """A line a cell, for a terminal."""
    lines = [f"{blame.store} {blame.table} {blame.row_key}   (lead {blame.entity}, snapshot {blame.snapshot})"]
    lines += [f"  note: {note}" for note in blame.notes]
    width = max((len(cell.field) for cell in blame.cells), default=0)
    lines += [f"{cell.field:<{width}}  {_value(cell)}   {_TOLD[cell.who](asdict(cell))}" for cell in blame.cells]
    return lines


def _value(cell: Cell) -> str:
    return "(empty)" if not cell.value else shortened(cell.value)


def _by_dq(cell: Mapping[str, Any]) -> str:
    source = f", from {cell['source']}" if cell["source"] else ""
    return f"dq {cell['time']}: {cell['reason']}{source} ({cell['action']} {cell['run']} by {cell['actor']})"


def _by_person(cell: Mapping[str, Any]) -> str:
    when = f" by {cell['time']}" if cell["time"] else ""
    return f"a person{when}, after " + (
        f"dq wrote it {cell['since']}" if cell["since"] else "the stores had agreed on it"
    )


def _unknown(cell: Mapping[str, Any]) -> str:
    return f"not by dq; the row was last modified {cell['time']}" if cell["time"] else "not by dq"


_TOLD = {"dq": _by_dq, "person": _by_person, "unknown": _unknown}
