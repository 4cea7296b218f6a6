"""What a snapshot is made of: tables, their columns and types, files and digests.

Values only; `dq.snapshot` reads and writes them as `manifest.json`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

from dq.cells import Kind
from dq.schemas.values import Store

FORMAT_VERSION = 2
"""Snapshots of format 1 were read in full, and say nothing of how."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a store's table.

    Attributes:
        name: The store's own name; the column's name in the snapshot's Parquet file.
        kind: What the cell's values are, for turning them into text and back.
        type: The store's own type name (`TEXT`, `singleSelect`).
        id: Airtable's field id; None for a database.
        writable: False for computed fields, generated columns and types dq does not know.
        required: NOT NULL without a default: an insert must bring a value.
        choices: Names of the options of a select.
        moved_by: Ids of the fields whose edits move a time of last modification; none means all that people edit.
        linked: Id of the table whose records an Airtable link field names.
    """

    name: str
    kind: Kind
    type: str
    id: str | None = None
    writable: bool = True
    required: bool = False
    choices: tuple[str, ...] = ()
    moved_by: tuple[str, ...] = ()
    linked: str | None = None


@dataclass(frozen=True, slots=True)
class UniqueIndex:
    """Columns of a table that must be unique together."""

    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """A column whose cells are keys of another table's rows: a child's foreign key.

    Attributes:
        table: The table that has the column.
        column: The column.
        parent: The table whose keys it holds.
    """

    table: str
    column: str
    parent: str


@dataclass(frozen=True, slots=True)
class TableSchema:
    """A store's table as it was when the snapshot was taken.

    Attributes:
        store: Which store.
        name: The table's name.
        key: Name of the column that holds the row's key in the snapshot (`id` for Airtable).
        columns: The columns that the snapshot holds, the key among them.
        id: Airtable's table id; None for a database.
        unique: Unique indexes, for knowing which merges a database would refuse.
        unread: Columns that the snapshot does not hold.
        soft_delete: Those of `deleted_at` and `merged_into` that the table has.
        references: Its columns that hold keys of other tables, declared in the store or in the configuration.
    """

    store: Store
    name: str
    key: str
    columns: tuple[Column, ...]
    id: str | None = None
    unique: tuple[UniqueIndex, ...] = ()
    unread: tuple[Column, ...] = ()
    soft_delete: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()

    def column(self, name: str) -> Column:
        """The column called `name`."""
        return next(column for column in self.columns if column.name == name)

    def __contains__(self, name: str) -> bool:
        return any(column.name == name for column in self.columns)


@dataclass(frozen=True, slots=True)
class Reading:
    """How a table of a snapshot was read.

    Attributes:
        kind: `full`: every row. `incremental`: what changed since an earlier snapshot; the rest is taken over from it.
        deletes_visible: Whether a row that the snapshot lacks is gone. Else it may hold rows that are gone, and to lack
            one proves nothing.
        based_on: Id of the earlier snapshot.
        cursor: All changes up to this modified time are in (ISO text); None where none can be told by it.
        full_at: When the full reading was taken that this one goes back to (ISO text); None where nothing can go on
            from it.
        read: Rows that were read for it; None for all.
        why: Why it is full where an incremental one was wanted.
    """

    kind: Literal["full", "incremental"] = "full"
    deletes_visible: bool = True
    based_on: str | None = None
    cursor: str | None = None
    full_at: str | None = None
    read: int | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Hook:
    """A webhook that tells of deletions: its id, and the number of the first payload that was not heard yet."""

    id: str
    cursor: int


@dataclass(frozen=True, slots=True)
class TableFile:
    """One Parquet file of a snapshot: its table's schema, where it is, how long, its SHA-256, how it was read."""

    schema: TableSchema
    file: str
    rows: int
    digest: str
    reading: Reading = Reading()


@dataclass(frozen=True, slots=True)
class Lineage:
    """Which stores a snapshot, a plan and the base state belong to.

    Attributes:
        database: The database's location, relative to the project where it lies in it, without credentials.
        airtable: The Airtable base's id.
        tables: Database table → Airtable table id.
    """

    database: str
    airtable: str
    tables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Manifest:
    """A complete snapshot. It is written last: a directory without one does not exist for readers.

    Attributes:
        id: UTC time and a short digest.
        taken_at: When, by this machine's clock.
        lineage: Which stores.
        tables: Its files.
        api_calls: Requests to Airtable that it took.
        format_version: Of this value as JSON.
        notes: For people.
        hook: The webhook that the next snapshot goes on with.
    """

    id: str
    taken_at: datetime
    lineage: Lineage
    tables: tuple[TableFile, ...]
    api_calls: int = 0
    format_version: int = FORMAT_VERSION
    notes: tuple[str, ...] = field(default=())
    hook: Hook | None = None

    def table(self, store: Store, name: str) -> TableFile:
        """The file of a store's table, by the table's name or (Airtable) id."""
        return next(t for t in self.tables if t.schema.store == store and name in (t.schema.name, t.schema.id))


def to_dict(manifest: Manifest) -> dict[str, Any]:
    """The manifest as JSON-ready values; times as ISO text in UTC."""
    data = asdict(manifest)
    data["taken_at"] = manifest.taken_at.isoformat()
    data["lineage"]["tables"] = dict(manifest.lineage.tables)
    return data


def from_dict(data: Mapping[str, Any]) -> Manifest:
    """The manifest that `to_dict` wrote.

    Raises:
        KeyError, TypeError, ValueError: The text is no manifest of this format.
    """
    return Manifest(
        id=data["id"],
        taken_at=datetime.fromisoformat(data["taken_at"]),
        lineage=Lineage(**data["lineage"]),
        tables=tuple(_table_file(table) for table in data["tables"]),
        api_calls=data["api_calls"],
        format_version=data["format_version"],
        notes=tuple(data["notes"]),
        hook=Hook(**data["hook"]) if data.get("hook") else None,
    )


def _table_file(data: Mapping[str, Any]) -> TableFile:
    schema = dict(data["schema"])
    schema["columns"] = tuple(_column(column) for column in schema["columns"])
    schema["unread"] = tuple(_column(column) for column in schema["unread"])
    schema["unique"] = tuple(UniqueIndex(tuple(index["columns"])) for index in schema["unique"])
    schema["soft_delete"] = tuple(schema["soft_delete"])
    schema["references"] = tuple(Reference(**reference) for reference in schema["references"])
    reading = Reading(**data.get("reading", {}))
    return TableFile(TableSchema(**schema), data["file"], data["rows"], data["digest"], reading)


def _column(data: Mapping[str, Any]) -> Column:
    return Column(**{**data, "choices": tuple(data["choices"]), "moved_by": tuple(data.get("moved_by", ()))})
