"""A store in memory: either side of a mapping, for tests and notebooks; keeps no file."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pyarrow as pa

from dq.cells import Kind
from dq.errors import ConfigurationError
from dq.manifest import Reference, TableSchema
from dq.schemas.values import Store
from dq.stores.meaning import exact, is_same
from dq.stores.private import write_file
from dq.stores.protocol import Outcome, Row, RowWrite

Rows = dict[str, dict[str, Any]]
_DELETED = "deleted_at"


class MemoryStore:
    """Tables of dicts as `Source` and `Sink`; batches of groups are written whole or not at all.

    Args:
        store: Which side this is.
        schemas: The tables with all their columns.
        rows: Rows by table, each with its key among its cells.
    """

    calls = repeated = 0

    def __init__(self, store: Store, schemas: Sequence[TableSchema], rows: Mapping[str, Sequence[Row]]) -> None:
        self.store: Store = store
        self._schemas = {schema.name: schema for schema in schemas}
        self.tables: dict[str, Rows] = {
            name: {str(row[schema.key]): dict(row) for row in rows.get(name, ())}
            for name, schema in self._schemas.items()
        }

    @contextmanager
    def snapshot(self) -> Iterator["MemoryStore"]:
        """A copy of the store as it is now."""
        moment = MemoryStore(self.store, list(self._schemas.values()), {})
        moment.tables = deepcopy(self.tables)
        yield moment

    def describe(self, table: str, columns: Sequence[str], key: str | None = None) -> TableSchema:
        """The table's schema, limited to `columns` and its key.

        Raises:
            ConfigurationError: No such table or column.
        """
        by_id = {schema.id: name for name, schema in self._schemas.items() if schema.id}
        whole = self._schemas.get(by_id.get(table, table))
        if whole is None:
            raise _missing(f"The {self.store} has no table", table, self._schemas)
        key = key or whole.key
        every = {column.name: column for column in whole.columns}
        for name in (key, *columns):
            if name not in every:
                raise _missing(f"Table {whole.name} has no column", name, every)
        names = list(dict.fromkeys([key, *(["createdTime"] if "createdTime" in every else []), *columns]))
        unread = tuple(column for name, column in every.items() if name not in names)
        return replace(whole, key=key, columns=tuple(every[name] for name in names), unread=unread)

    def references(self, table: str) -> list[Reference]:
        """The columns that the schemas say refer to `table`."""
        return [ref for schema in self._schemas.values() for ref in schema.references if ref.parent == table]

    def batches(self, schema: TableSchema) -> Iterator[pa.RecordBatch]:
        """All living rows as one batch, in order of their keys."""
        rows = [
            row for _, row in sorted(self.tables[schema.name].items()) if not (schema.soft_delete and row.get(_DELETED))
        ]
        fields = [pa.field(column.name, arrow_type(self.store, column.kind)) for column in schema.columns]
        columns = [[_cell(row.get(field.name), field.type) for row in rows] for field in fields]
        yield pa.RecordBatch.from_arrays(
            [pa.array(c, f.type) for c, f in zip(columns, fields, strict=True)], schema=pa.schema(fields)
        )

    def fetch(self, schema: TableSchema, keys: Sequence[str]) -> dict[str, Row]:
        """The rows with these keys."""
        names = [column.name for column in schema.columns] + list(schema.soft_delete)
        rows = self.tables[schema.name]
        return {key: {name: rows[key].get(name) for name in names} for key in keys if key in rows}

    def write(self, schema: TableSchema, writes: Sequence[RowWrite]) -> list[Outcome]:
        """Write the batch, group by group."""
        groups: dict[str, list[int]] = {}
        for number, write in enumerate(writes):
            groups.setdefault(write.group, []).append(number)
        outcomes: dict[int, Outcome] = {}
        for numbers in groups.values():
            group = [writes[number] for number in numbers]
            outcomes |= dict(zip(numbers, self._write_group(schema, group), strict=True))
        return [outcomes[number] for number in range(len(writes))]

    def find(
        self,
        schema: TableSchema,
        writes: Sequence[RowWrite],
        since: str | None,
        link: str | None = None,
        taken: Collection[str] = (),
    ) -> list[str | None]:
        """The keys of the rows that the inserts made."""
        known = set(taken)
        return [self._find(schema, write, int(since or 0), link, known) for write in writes]

    def watermark(self, schema: TableSchema) -> str | None:
        """The number of rows: later ones stand behind it."""
        return str(len(self.tables[schema.name]))

    def backup(self, folder: Path) -> list[Path]:
        """All tables as one JSON file."""
        path = folder / ("database.json" if self.store == "database" else "airtable.json")
        write_file(path, json.dumps(self.tables, ensure_ascii=False).encode())
        return [path]

    def close(self) -> None:
        """Nothing to give back."""

    def _write_group(self, schema: TableSchema, group: Sequence[RowWrite]) -> list[Outcome]:
        moved = next((reason for write in group if (reason := self._moved(write))), None)
        if moved:
            return [Outcome("moved", write.key, reason=moved) for write in group]
        before = {write.table: deepcopy(self.tables[write.table]) for write in group}
        keys = []
        for write in group:
            refusal = self._refusal(write)
            if refusal:
                self.tables |= before
                return [Outcome("refused", one.key, reason=refusal) for one in group]
            keys.append(self._apply(write))
        return [Outcome("written", key, self._echo(schema, write, key)) for key, write in zip(keys, group, strict=True)]

    def _moved(self, write: RowWrite) -> str | None:
        if write.op == "insert":
            return None
        row = self.tables[write.table].get(str(write.key))
        if row is None:
            return f"{write.table} {write.key}: the row is gone"
        if row.get(_DELETED) and _DELETED not in write.before:
            return f"{write.table} {write.key}: the row was soft-deleted"
        kinds: dict[str, Kind] = {column.name: column.kind for column in self._schemas[write.table].columns}
        changed = [
            name for name, value in write.before.items() if not is_same(row.get(name), value, kinds.get(name, "text"))
        ]
        return f"{write.table} {write.key}: {', '.join(sorted(changed))} changed" if changed else None

    def _refusal(self, write: RowWrite) -> str | None:
        schema, rows = self._schemas[write.table], self.tables[write.table]
        if write.op == "delete":
            return None
        row = {**rows.get(str(write.key), {}), **write.after}
        row |= {schema.key: write.key} if write.key is not None else {}
        for column in schema.columns:
            if column.required and row.get(column.name) is None:
                return f"NOT NULL constraint failed: {schema.name}.{column.name}"
            if column.choices and write.after.get(column.name) not in (None, *column.choices):
                return f"INVALID_MULTIPLE_CHOICE_OPTIONS: {column.name}"
        for index in schema.unique:
            cells = [row.get(name) for name in index.columns]
            others = (other for key, other in rows.items() if key != write.key or write.op == "insert")
            if None not in cells and any([other.get(name) for name in index.columns] == cells for other in others):
                return f"UNIQUE constraint failed: {', '.join(f'{schema.name}.{name}' for name in index.columns)}"
        return None

    def _apply(self, write: RowWrite) -> str:
        schema, rows = self._schemas[write.table], self.tables[write.table]
        if write.op == "delete":
            del rows[str(write.key)]
            return str(write.key)
        if write.op == "insert":
            given = write.key or write.after.get(schema.key)
            key: Any = given if given is not None else self._new_key(schema)
            rows[str(key)] = {schema.key: key, **write.after}
            return str(key)
        rows[str(write.key)] |= write.after
        return str(write.key)

    def _new_key(self, schema: TableSchema) -> Any:
        rows = self.tables[schema.name]
        if self.store == "database":
            return max((int(key) for key in rows if key.isdigit()), default=0) + 1
        return next(key for number in range(len(rows), 2 * len(rows) + 1) if (key := f"rec{number:014d}") not in rows)

    def _echo(self, schema: TableSchema, write: RowWrite, key: str) -> Row:
        row = self.tables[write.table].get(key, {})
        names = [column.name for column in schema.columns] if write.table == schema.name else []
        return {name: row.get(name) for name in dict.fromkeys([*names, *write.after])} if row else {}

    def _find(self, schema: TableSchema, write: RowWrite, since: int, link: str | None, taken: set[str]) -> str | None:
        rows = self.tables[schema.name]
        own = write.key or write.after.get(schema.key)
        if own is not None:
            return str(own) if str(own) in rows else None
        by_link = link is not None and write.after.get(link) is not None
        names = [str(link)] if by_link else list(write.after)
        for key, row in list(rows.items())[0 if by_link else since :]:
            if key not in taken and all(row.get(name) == write.after[name] for name in names):
                taken.add(key)
                return key
        return None


def arrow_type(store: Store, kind: Kind) -> pa.DataType:
    """The type of a snapshot's column: numbers as numbers, a database's booleans as 0 and 1, all else as text."""
    if kind == "boolean":
        return pa.bool_() if store == "airtable" else pa.int64()
    return {"integer": pa.int64(), "number": pa.float64()}.get(kind, pa.string())


def _cell(value: Any, dtype: pa.DataType) -> Any:
    if pa.types.is_string(dtype):
        return exact(value)
    return int(value) if pa.types.is_integer(dtype) and value is not None else value


def _missing(what: str, name: str, known: Mapping[str, Any]) -> ConfigurationError:
    near = get_close_matches(name, known, n=1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    return ConfigurationError(f"{what} {name!r}{hint}", where="tables:", fix="correct `tables:` in config/dq.yaml")
