"""Take a snapshot: both stores to Parquet, complete or not at all.

.partial-…/  database/<table>.parquet  airtable/<table>.parquet  ─► manifest.json ─► rename to <id>/ ─► latest
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path

from dq.digests import sealed
from dq.manifest import Hook, Lineage, Manifest, Reference, TableFile, TableSchema, to_dict
from dq.memory import trim
from dq.rules import TableRules
from dq.schemas.values import Store
from dq.snapshot.abreast import abreast
from dq.snapshot.catalog import LATEST, open_snapshot
from dq.snapshot.chain import Schedule
from dq.snapshot.following import read_airtable
from dq.snapshot.parquet import file_names, write_parquet
from dq.stores.folders import MANIFEST
from dq.stores.private import digest_of, disk_errors, make_folder, partial_folder, sync_folder, write_file
from dq.stores.protocol import Following, Source

Progress = Callable[[Store, str, int], None]
"""Told the store, the table and the rows read so far."""


@dataclass(frozen=True, slots=True)
class TableColumns:
    """What a snapshot reads for one mapping.

    Attributes:
        database: The database table.
        columns: Its columns: mapped ones, times, the link.
        airtable: The Airtable table, by name or id.
        fields: Its fields, likewise.
        key: The database table's key; None for its own.
        children: Tables and their columns that hold this table's keys, besides those the database declares.
    """

    database: str
    columns: tuple[str, ...]
    airtable: str
    fields: tuple[str, ...]
    key: str | None = None
    children: tuple[tuple[str, str], ...] = ()


def columns_of(rules: TableRules) -> TableColumns:
    """The columns and fields that a mapping needs: mapped ones, times and links."""
    times = [rules.modified_database, rules.created_database, rules.link_database]
    scope = [] if rules.scope is None else [name for name in rules.scope.columns if name != rules.key]
    fields = [rules.modified_airtable, rules.link_airtable]
    return TableColumns(
        database=rules.table,
        columns=tuple(dict.fromkeys([*rules.names, *(name for name in times if name), *scope])),
        airtable=rules.airtable,
        fields=tuple(dict.fromkeys([*(field.airtable for field in rules.fields), *(name for name in fields if name)])),
        key=rules.key,
        children=tuple((child.table, child.column) for child in rules.children),
    )


def take(
    root: Path,
    database: Source,
    airtable: Source,
    plans: Sequence[TableColumns],
    lineage: Lineage,
    now: datetime,
    progress: Progress = lambda _store, _table, _rows: None,
    schedule: Schedule | None = None,
    calls_before: int | None = None,
    *,
    at_once: bool = False,
) -> Manifest:
    """Read both stores into `root/<id>/` and point `root/latest` at it.

    Args:
        root: The snapshots folder.
        database: The lead database; all its tables are read at one moment.
        airtable: The Airtable base.
        plans: What to read.
        lineage: Which stores these are.
        now: The time, for the id.
        progress: Told how far it is.
        schedule: When Airtable tables need not be read in full; None reads them all so.
        calls_before: Airtable calls that are no part of this snapshot; None counts from here.
        at_once: Whether both stores are read at the same time.

    Raises:
        DqError: A store cannot be read whole, or the folder cannot be written; `latest` stays as it was.
    """
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    before = airtable.calls if calls_before is None else calls_before
    with disk_errors(root, "snapshots"), partial_folder(root, stamp) as folder:
        read_rows = partial(_database_files, folder, database, plans)
        read_records = partial(_airtable_files, root, folder, airtable, plans, lineage, now, schedule)
        if at_once:
            files, (found, hook) = abreast(read_rows, read_records, progress)
        else:
            files, (found, hook) = read_rows(progress), read_records(progress)
        files += found
        trim()  # what reading took is the next step's to use
        content = "".join(file.digest + ("" if file.reading.deletes_visible else "?") for file in files)
        digest = sha256(content.encode()).hexdigest()
        manifest = Manifest(
            f"{stamp}-{digest[:6]}", now.astimezone(UTC), lineage, tuple(files), airtable.calls - before, hook=hook
        )
        return _publish(root, folder, manifest)


def _database_files(
    folder: Path, database: Source, plans: Sequence[TableColumns], progress: Progress
) -> list[TableFile]:
    with database.snapshot() as moment:
        return _write_tables(folder, moment, _database_schemas(moment, plans), progress)


def _airtable_files(
    root: Path,
    folder: Path,
    airtable: Source,
    plans: Sequence[TableColumns],
    lineage: Lineage,
    now: datetime,
    schedule: Schedule | None,
    progress: Progress,
) -> tuple[list[TableFile], Hook | None]:
    """The files, and the webhook that the next snapshot may follow."""
    with airtable.snapshot() as moment:
        schemas = _airtable_schemas(moment, plans)
        if schedule is None or not isinstance(moment, Following):
            return _write_tables(folder, moment, schemas, progress), None
        return read_airtable(root, folder, moment, schemas, schedule, lineage, now, partial(progress, "airtable"))


def _publish(root: Path, folder: Path, manifest: Manifest) -> Manifest:
    """The manifest last, then the rename, then the pointer: each step leaves something whole."""
    write_file(folder / MANIFEST, json.dumps(sealed(to_dict(manifest)), ensure_ascii=False, indent=1).encode())
    place = root / manifest.id
    if (place / MANIFEST).exists():  # the same stores at the same second
        manifest, _ = open_snapshot(root, manifest.id)
    else:
        folder.rename(place)
        sync_folder(root)
    write_file(root / LATEST, manifest.id.encode())
    return manifest


def _write_tables(folder: Path, source: Source, schemas: Sequence[TableSchema], progress: Progress) -> list[TableFile]:
    store = source.store
    make_folder(folder / store)
    names = file_names(schema.name for schema in schemas)
    files = []
    for schema in schemas:
        path = folder / store / names[schema.name]
        told = partial(progress, store, schema.name)
        rows = write_parquet(source.batches(schema), path, schema.key, told)
        files.append(TableFile(schema, f"{store}/{path.name}", rows, digest_of(path)))
    sync_folder(folder / store)
    return files


def _airtable_schemas(source: Source, plans: Sequence[TableColumns]) -> list[TableSchema]:
    fields: dict[str, list[str]] = {}
    for plan in plans:
        fields.setdefault(plan.airtable, []).extend(plan.fields)
    return [source.describe(table, list(dict.fromkeys(names))) for table, names in fields.items()]


def _database_schemas(source: Source, plans: Sequence[TableColumns]) -> list[TableSchema]:
    """The mapped tables, then their children with what a re-pointing must know of them."""
    columns = {plan.database: dict.fromkeys(plan.columns) for plan in plans}
    keys = {plan.database: plan.key for plan in plans}
    declared = [Reference(table, column, plan.database) for plan in plans for table, column in plan.children]
    found = [reference for plan in plans for reference in source.references(plan.database)]
    references = list(dict.fromkeys(declared + found))
    for reference in references:
        if reference.table in columns:  # a lead that points at a lead
            columns[reference.table][reference.column] = None
    schemas = [source.describe(table, list(names), keys[table]) for table, names in columns.items()]
    children = dict.fromkeys(reference.table for reference in references if reference.table not in columns)
    schemas += [_child_schema(source, table, references) for table in children]
    return [
        replace(schema, references=tuple(ref for ref in references if ref.table == schema.name)) for schema in schemas
    ]


def _child_schema(source: Source, table: str, references: Sequence[Reference]) -> TableSchema:
    """Key, foreign keys, and the columns that must stay unique together with them; soft-deleted rows refer as well."""
    foreign = list(dict.fromkeys(reference.column for reference in references if reference.table == table))
    schema = source.describe(table, foreign)
    together = [name for index in schema.unique if set(index.columns) & set(foreign) for name in index.columns]
    if set(together) - {column.name for column in schema.columns}:
        schema = source.describe(table, list(dict.fromkeys([*foreign, *together])))
    return replace(schema, soft_delete=())
