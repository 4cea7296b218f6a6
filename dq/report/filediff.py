"""The differences between two files as a person and a program read them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from dq.changeset import SIGNS
from dq.report.diff import shortened_json
from dq.report.masks import Masks, masked_cells, masked_keys


@dataclass(frozen=True, slots=True)
class Shape:
    """What is compared of two files.

    Attributes:
        files: Their names.
        keys: The columns that tell rows apart.
        columns: The compared columns, in the left file's order.
        only: Columns that one file alone has.
        types: Type in both files of every key and compared column; those that differ are compared as text.
    """

    files: tuple[str, str]
    keys: tuple[str, ...]
    columns: tuple[str, ...]
    only: tuple[tuple[str, ...], tuple[str, ...]]
    types: Mapping[str, tuple[pl.DataType, pl.DataType]]

    @property
    def retyped(self) -> dict[str, tuple[str, str]]:
        """Columns whose types differ → both."""
        return {name: (str(left), str(right)) for name, (left, right) in self.types.items() if left != right}


@dataclass(frozen=True)
class FileDiff:
    """The differences of two files.

    Attributes:
        shape: What was compared.
        rows: Rows with a key.
        unkeyed: Rows without one; they are not compared.
        limit: Differences that are shown, the rest is counted; 0 shows all.
        shown: key columns, op, column, before, after (JSON text); in order of key and column.
        rows_by_op: Rows added (`insert`), removed (`delete`) and changed (`update`).
        cells: Column → cells that differ.
        masked: The keys of `shown` as they may be told; None tells them as they are.
    """

    shape: Shape
    rows: tuple[int, int]
    unkeyed: tuple[int, int]
    limit: int
    shown: pl.DataFrame
    rows_by_op: Mapping[str, int] = field(default_factory=dict)
    cells: Mapping[str, int] = field(default_factory=dict)
    masked: pl.DataFrame | None = None

    @property
    def keys(self) -> list[tuple[Any, ...]]:
        """The key of every shown difference, as it is told."""
        own = self.shown.select(self.shown.columns[: len(self.shape.keys)])
        told = own if self.masked is None else self.masked
        return list(zip(*(column.to_list() for column in told.get_columns()), strict=True))

    def with_changes(self, changes: pl.DataFrame) -> "FileDiff":
        """The same with more differences, whose keys come after all that are there."""
        keys = changes.columns[:-4]
        rows = changes.group_by("op").agg(pl.struct(keys).n_unique().alias("n"))
        cells = changes.filter(pl.col("op") == "update").group_by("column").agg(pl.len().alias("n"))
        more = changes.head(max(self.limit - self.shown.height, 0)) if self.limit else changes
        return replace(
            self,
            shown=pl.concat([self.shown, more]),
            rows_by_op=_added(self.rows_by_op, rows["op"], rows["n"]),
            cells=_added(self.cells, cells["column"], cells["n"]),
        )

    def count(self, op: str) -> int:
        """Rows that were added (`insert`), removed (`delete`) or changed (`update`)."""
        return self.rows_by_op.get(op, 0)

    @property
    def equal(self) -> int:
        """Rows that are equal in both."""
        return self.rows[0] - self.count("delete") - self.count("update")

    @property
    def changes(self) -> int:
        """Rows added and removed, and cells changed."""
        return self.count("insert") + self.count("delete") + sum(self.cells.values())

    @property
    def differs(self) -> bool:
        """Whether the files differ: in a row, a cell, a column, or in how many rows no key tells apart."""
        return bool(self.changes or any(self.shape.only) or self.unkeyed[0] != self.unkeyed[1])


def masked_file_diff(diff: FileDiff, masks: Masks) -> FileDiff:
    """The same with every shown value masked; keys stay, as they name the rows, unless they are people's own."""
    names = dict(zip(diff.shown.columns, diff.shape.keys, strict=False))
    placed = diff.shown.with_columns(pl.lit("database").alias("store"), pl.col("column").alias("field"))
    hidden = masked_cells(placed, ["before", "after"], masks).drop("store", "field")
    return replace(diff, shown=hidden, masked=masked_keys(diff.shown.select(list(names)), masks, names))


def as_text(diff: FileDiff) -> list[str]:
    """The differences for a terminal: counts, then a line a row and a line a cell."""
    told = [headline(diff), *(f"  {note}" for note in notes(diff))]
    told += [f"  {name}: {_count(number, 'cell')}" for name, number in _ranked(diff.cells)]
    last = None
    for row, key in zip(diff.shown.to_dicts(), diff.keys, strict=True):
        own = [row["op"], *(row[name] for name in diff.shown.columns[: len(key)])]  # masked keys may look alike
        if own != last:
            told.append(f"{SIGNS[row['op']]} {_key(key)}")
            last = own
        if row["column"] is not None:
            told.append(f"    {row['column']}: {_change(row)}")
    return told + _rest(diff)


def as_markdown(diff: FileDiff) -> list[str]:
    """The differences as Markdown, for a pull request or a chat."""
    noted = [f"- {note}" for note in notes(diff)]
    told = [f"### {headline(diff)}", *([""] if noted else []), *noted]
    if diff.cells:
        told += ["", "| column | cells |", "|---|---:|"]
        told += [f"| {_cell(name)} | {number:,} |" for name, number in _ranked(diff.cells)]
    if len(diff.shown):
        told += ["", "| | row | column | before | after |", "|---|---|---|---|---|"]
        told += [
            f"| {SIGNS[row['op']]} | {_cell(_key(key))} | {_cell(row['column'])} "
            f"| {_cell(_side(row, 'before'))} | {_cell(_side(row, 'after'))} |"
            for row, key in zip(diff.shown.to_dicts(), diff.keys, strict=True)
        ]
    return told + [f"\n{line}" for line in _rest(diff)]


def as_dict(diff: FileDiff) -> dict[str, Any]:
    """The differences as JSON-ready values; as many changes as were to be shown."""
    shape = diff.shape
    return {
        "format_version": 1,
        "left": {"file": shape.files[0], "rows": diff.rows[0] + diff.unkeyed[0], "without_key": diff.unkeyed[0]},
        "right": {"file": shape.files[1], "rows": diff.rows[1] + diff.unkeyed[1], "without_key": diff.unkeyed[1]},
        "key": list(shape.keys),
        "rows": {
            "added": diff.count("insert"),
            "removed": diff.count("delete"),
            "changed": diff.count("update"),
            "equal": diff.equal,
        },
        "cells": dict(_ranked(diff.cells)),
        "columns": {
            "compared": list(shape.columns),
            "only_left": list(shape.only[0]),
            "only_right": list(shape.only[1]),
            "compared_as_text": {name: list(types) for name, types in shape.retyped.items()},
        },
        "changes": [
            {
                "key": dict(zip(shape.keys, key, strict=True)),
                **{name: row[name] for name in ("op", "column", "before", "after")},
            }
            for row, key in zip(diff.shown.to_dicts(), diff.keys, strict=True)
        ],
        "changes_total": diff.changes,
    }


def headline(diff: FileDiff) -> str:
    """The differences in one line."""
    left, right = diff.shape.files
    if not diff.changes:
        told = "no difference in what both have" if diff.differs else "no difference"
        return f"{left} and {right} by {', '.join(diff.shape.keys)}: {_count(diff.equal, 'row')}, {told}"
    return (
        f"{left} to {right} by {', '.join(diff.shape.keys)}: {diff.count('insert'):,} added, {diff.count('delete'):,} removed, "
        f"{diff.count('update'):,} changed ({_count(sum(diff.cells.values()), 'cell')}), {diff.equal:,} equal"
    )


def notes(diff: FileDiff) -> list[str]:
    """What could not be compared, or not as it stands."""
    told = []
    for file, only, unkeyed in zip(diff.shape.files, diff.shape.only, diff.unkeyed, strict=True):
        told += [f"only {file} has: {', '.join(only)}"] if only else []
        told += [f"{file}: {_count(unkeyed, 'row')} without a key, not compared"] if unkeyed else []
    retyped = [f"{name} ({left}, {right})" for name, (left, right) in diff.shape.retyped.items()]
    return told + ([f"types differ, compared as text: {', '.join(retyped)}"] if retyped else [])


def _added(counts: Mapping[str, int], names: pl.Series, numbers: pl.Series) -> dict[str, int]:
    own = dict(zip(names.to_list(), numbers.to_list(), strict=True))
    return {name: counts.get(name, 0) + own.get(name, 0) for name in [*counts, *(n for n in own if n not in counts)]}


def _ranked(cells: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(cells.items(), key=lambda one: (-one[1], one[0]))


def _key(key: tuple[Any, ...]) -> str:
    return ", ".join(map(str, key))


def _change(row: Mapping[str, Any]) -> str:
    return f"{shortened_json(row['before'])} -> {shortened_json(row['after'])}"


def _side(row: Mapping[str, Any], side: str) -> str:
    """A cell; of a whole row what it held, as JSON."""
    if row["column"] is not None:
        return shortened_json(row[side])
    return "" if row[side] is None else shortened_json(json.dumps(row[side]))


def _rest(diff: FileDiff) -> list[str]:
    rest = diff.changes - len(diff.shown)
    return [f"… and {_count(rest, 'more difference')} (--limit 0 shows all)"] if rest > 0 else []


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _cell(text: str | None) -> str:
    return "" if text is None else text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("`", "'")
