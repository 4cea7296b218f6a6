"""A snapshot's Airtable tables as a sandbox's base, so that a run can be rehearsed on a copy.

A snapshot holds what a plan needs: the mapped fields. The base made of it lacks all others, and where the snapshot does
not say what a field's definition needs (the target of a link, the steps of a rating), the closest that fits stands in.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl

from dq import sandbox
from dq.errors import ConfigurationError
from dq.manifest import Column, Manifest, TableFile
from dq.snapshot import open_snapshot, verify

_AS_JSON = frozenset({"list", "json"})
_MAX_RATING = 10
_PAGE = 10_000


@dataclass(frozen=True)
class Rehearsal:
    """What was loaded.

    Attributes:
        snapshot: Id of the snapshot.
        base: Id of the base.
        notes: What the base lacks and what stands in, one sentence each.
    """

    snapshot: str
    base: str
    notes: tuple[str, ...]


def rehearse(snapshots: Path, snapshot_id: str, data: Path) -> Rehearsal:
    """Build a snapshot's base in a sandbox's file, in place of one of equal id.

    Args:
        snapshots: The snapshots folder.
        snapshot_id: The snapshot's id, the beginning of one, or `latest`.
        data: The sandbox's file; it is made if it is absent.

    Raises:
        ConfigurationError: There is no such snapshot, or it holds no Airtable table.
        DamagedError: A file of the snapshot is gone or differs from its digest.
    """
    manifest, folder = open_snapshot(snapshots, snapshot_id)
    verify(manifest, folder)
    files = [file for file in manifest.tables if file.schema.store == "airtable"]
    if not files:
        raise ConfigurationError("The snapshot holds no Airtable table.", where=str(folder), fix="dq snapshot")
    frames = {file.file: pl.read_parquet(folder / file.file) for file in files}
    document, stand_ins = _document(manifest, files, frames)
    sandbox.load(document, data)
    lacking = [note for file in files if (note := _unread(file))]
    return Rehearsal(manifest.id, manifest.lineage.airtable, (*lacking, *stand_ins))


def _unread(file: TableFile) -> str | None:
    names = ", ".join(repr(column.name) for column in file.schema.unread)
    return f"{file.schema.name}: the snapshot does not hold {names}, so the copy lacks them." if names else None


def _document(
    manifest: Manifest, files: Sequence[TableFile], frames: dict[str, pl.DataFrame]
) -> tuple[dict[str, Any], list[str]]:
    ids = {str(file.schema.id): frames[file.file]["id"] for file in files}
    tables, targets, notes = [], [], []
    for file in files:
        definitions = []
        for column in _columns(file):
            target = None
            if column.type == "multipleRecordLinks":
                linked = _linked(frames[file.file][column.name])
                target = column.linked if column.linked in ids else _target(linked, ids)
                if target is None:
                    made = _made_target(file, column, linked)
                    target = made["id"]
                    targets.append(made)
                    notes.append(f"{file.schema.name}: {made['name']!r} stands in for what {column.name!r} links to.")
            definitions.append(_field(column, target))
        tables.append(_table(file, frames[file.file], definitions))
    base = manifest.lineage.airtable
    return {"bases": [{"id": base, "name": f"Copy of {base}", "tables": [*tables, *targets]}]}, notes


def _columns(file: TableFile) -> list[Column]:
    """The fields; the record's own id and time of creation have no field id."""
    return [column for column in file.schema.columns if column.id is not None]


def _table(file: TableFile, frame: pl.DataFrame, definitions: list[dict[str, Any]]) -> dict[str, Any]:
    texts = [column.id for column in _columns(file) if column.writable and column.kind == "text"]
    primary = texts[0] if texts else definitions[0]["id"]
    return {
        "id": file.schema.id,
        "name": file.schema.name,
        "primaryFieldId": primary,
        "fields": definitions,
        "records": [record for page in frame.iter_slices(_PAGE) for record in _records(page, _columns(file))],
    }


def _records(page: pl.DataFrame, columns: Sequence[Column]) -> Iterable[dict[str, Any]]:
    cells = [page[column.name].to_list() for column in columns]
    for column, values in zip(columns, cells, strict=True):
        if column.kind in _AS_JSON:
            values[:] = [json.loads(value) if isinstance(value, str) else value for value in values]
    names = [column.name for column in columns]
    rows = zip(page["id"].to_list(), page["createdTime"].to_list(), zip(*cells, strict=True), strict=True)
    for record_id, created, row in rows:
        fields = {name: value for name, value in zip(names, row, strict=True) if value is not None}
        yield {"id": record_id, "createdTime": created, "fields": fields}


def _field(column: Column, target: str | None) -> dict[str, Any]:
    field: dict[str, Any] = {"id": column.id, "name": column.name, "type": column.type}
    if column.choices:
        choices = [{"id": _id("sel", str(column.id), name), "name": name} for name in column.choices]
        return {**field, "options": {"choices": choices}}
    if column.type in ("singleSelect", "multipleSelects"):
        return {**field, "options": {"choices": []}}
    if column.type == "rating":
        return {**field, "options": {"max": _MAX_RATING}}
    return field if target is None else {**field, "options": {"linkedTableId": target}}


def _linked(cells: pl.Series) -> list[str]:
    """The distinct record ids in a column of links, in order."""
    ids = cells.drop_nulls().str.json_decode(pl.List(pl.String)).explode().drop_nulls().unique().sort()
    return ids.to_list()


def _target(linked: Sequence[str], ids: dict[str, pl.Series]) -> str | None:
    """The table of the snapshot that has all linked records; None where there is none, or nothing is linked."""
    wanted = pl.Series(linked, dtype=pl.String)
    return next((table for table, own in ids.items() if linked and wanted.is_in(own.implode()).all()), None)


def _made_target(file: TableFile, column: Column, linked: Sequence[str]) -> dict[str, Any]:
    """A table of nothing but the records that are linked."""
    table = _id("tbl", str(file.schema.id), str(column.id))
    name = _id("fld", table, "Name")
    created = datetime(2000, 1, 1, tzinfo=UTC).isoformat()
    return {
        "id": table,
        "name": f"{column.name} of {file.schema.name}",
        "primaryFieldId": name,
        "fields": [{"id": name, "name": "Name", "type": "singleLineText"}],
        "records": [{"id": record, "createdTime": created, "fields": {"Name": record}} for record in linked],
    }


def _id(prefix: str, owner: str, name: str) -> str:
    return prefix + sha256(f"{owner}/{name}".encode()).hexdigest()[:14]
