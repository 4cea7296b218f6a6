"""What would bring an Airtable table back to what an export of it holds, as a changeset.

Records that are gone are inserted, cells that differ are updated, records that came since are deleted only if a person
says so. A link to a record that is not there (yet) is left out: once it is made anew, its new id is known, and what is
missing is a difference again.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from dq.cells import QUOTED, json_of, meaning_of, text_of, texts_json, texts_of
from dq.manifest import Column, TableSchema
from dq.schemas import Change
from dq.stores.airtable.exported import ExportedTable
from dq.stores.airtable.fields import KEY

TYPES = pl.Schema(
    {name: pl.Float64() if name == Change.probability else pl.String() for name in Change.to_schema().columns}
)
NO_CHANGES = pl.DataFrame(schema=TYPES)
LINKS = "multipleRecordLinks"
_NOW = "\0now"


@dataclass(frozen=True)
class Present:
    """An Airtable table as it is now.

    Attributes:
        schema: Its schema, all fields in it.
        records: Its records, one column a field, and `id`.
    """

    schema: TableSchema
    records: pl.DataFrame


@dataclass(frozen=True)
class Known:
    """What is known of all tables together.

    Attributes:
        new_ids: Old ids of records that were made anew → their new ones.
        alive: Table id → ids of the records that are there now, for every table that links lead to.
        exported: Ids of all fields of the export.
    """

    new_ids: Mapping[str, str] = field(default_factory=dict)
    alive: Mapping[str, Collection[str]] = field(default_factory=dict)
    exported: Collection[str] = ()


def differences(then: ExportedTable, now: Present, known: Known, *, delete_extra: bool) -> pl.DataFrame:
    """The changes, in the Change contract.

    Args:
        then: The table of the export.
        now: The table as it is.
        known: What is known of all tables.
        delete_extra: Whether records that the export does not have are deleted.
    """
    fields = _restorable(then, now, known)
    old = then.records.select(
        pl.col(KEY.name).alias("old"),
        pl.col(KEY.name).replace(dict(known.new_ids)),
        *(_wanted(was, then, known).alias(here.name) for was, here in fields),
    )
    held = now.records.select(
        KEY.name, *(_text(here, now.records.schema).alias(here.name + _NOW) for _, here in fields)
    )
    columns = [here for _, here in fields]
    gone, both = old.join(held, on=KEY.name, how="anti"), old.join(held, on=KEY.name, how="inner")
    parts = [_updates(both, column, now.schema) for column in columns] + [_inserts(gone, columns, now.schema)]
    if delete_extra:
        parts.append(_deletes(now, old[KEY.name]))
    return pl.concat([NO_CHANGES, *parts]).sort(Change.change_id)


def left_out(then: ExportedTable, now: Present, known: Known) -> list[str]:
    """What of the export cannot be put back into the table as it is now, a sentence each."""
    taken = {was.name for was, _ in _restorable(then, now, known)}
    ours = [was for was in then.schema.columns if was.writable and was.name not in taken]
    names = sorted(was.name for was in ours if not _is_mirrored(was, then, known))
    told = ", ".join(repr(name) for name in names)
    why = "gone, of another type now, or link to a table that cannot be read"
    return [f"{then.schema.name}: not put back: {told} ({why})"] if names else []


def _restorable(then: ExportedTable, now: Present, known: Known) -> list[tuple[Column, Column]]:
    """Fields that can be written, as they were and as they are; a field is known by its id, whatever it is called."""
    here = {column.id: column for column in now.schema.columns if column.writable and column.id}
    pairs = [(was, here[was.id]) for was in then.schema.columns if was.writable and was.id in here]
    return [
        (was, column)
        for was, column in pairs
        if was.type == column.type
        and not _is_mirrored(was, then, known)
        and (was.type != LINKS or column.linked in known.alive)
    ]


def _is_mirrored(was: Column, then: ExportedTable, known: Known) -> bool:
    """Whether Airtable fills the link field itself, from the other side that is put back."""
    inverse = then.inverses.get(str(was.id))
    return inverse is not None and inverse in known.exported and inverse < str(was.id)


def _text(column: Column, schema: pl.Schema) -> pl.Expr:
    return text_of(pl.col(column.name), column.kind, schema[column.name])


def _wanted(was: Column, then: ExportedTable, known: Known) -> pl.Expr:
    """The cell as it was; of links, those whose records are there, by their ids of now."""
    text = _text(was, then.records.schema)
    if was.type != LINKS:
        return text
    items = texts_of(text).list.eval(pl.element().replace(dict(known.new_ids))) if known.new_ids else texts_of(text)
    alive = pl.Series(sorted(known.alive.get(str(was.linked), ())), dtype=pl.String)
    there = items.list.eval(pl.element().filter(pl.element().is_in(alive.implode())))
    return pl.when(there.list.len() > 0).then(texts_json(there))


def _updates(both: pl.DataFrame, column: Column, schema: TableSchema) -> pl.DataFrame:
    kinds = frozenset({column.kind})
    wanted, held = pl.col(column.name), pl.col(column.name + _NOW)
    differing = both.filter(meaning_of(wanted, kinds).ne_missing(meaning_of(held, kinds)))
    return _changes(differing, "update", column, schema, pl.col(KEY.name), before=json_of(held, column.kind))


def _inserts(gone: pl.DataFrame, columns: Sequence[Column], schema: TableSchema) -> pl.DataFrame:
    """Every cell that is not empty; of a record without any, one empty cell, so that it is made at all."""
    nothing = pl.lit(None, pl.String)
    is_empty = pl.all_horizontal(pl.col(column.name).is_null() for column in columns) if columns else pl.lit(value=True)
    parts = [NO_CHANGES]
    for place, column in enumerate(columns):
        taken = pl.col(column.name).is_not_null() | (is_empty if place == 0 else pl.lit(value=False))
        parts.append(_changes(gone.filter(taken), "insert", column, schema, nothing, before=nothing))
    return pl.concat(parts)


def _changes(
    rows: pl.DataFrame, op: str, column: Column, schema: TableSchema, key: pl.Expr, *, before: pl.Expr
) -> pl.DataFrame:
    return _filled(
        rows,
        schema,
        op=pl.lit(op),
        change_id=pl.format("restore/airtable/{}/{}/{}", pl.lit(schema.id), "old", pl.lit(column.id)),
        entity_id=pl.format("airtable:{}", "old"),
        row_key=key,
        field=pl.lit(column.name),
        before=before,
        after=json_of(pl.col(column.name), column.kind),
        reason=pl.lit("restore"),
    )


def _deletes(now: Present, kept: pl.Series) -> pl.DataFrame:
    """Records that came since; what they hold in plain cells guards them."""
    plain = [column.name for column in now.schema.columns if column.writable and column.kind in QUOTED]
    image = pl.struct(plain).struct.json_encode() if plain else pl.lit("{}")
    extra = now.records.filter(~pl.col(KEY.name).is_in(kept.implode())).rename({KEY.name: "old"})
    return _filled(
        extra,
        now.schema,
        op=pl.lit("delete"),
        change_id=pl.format("restore/airtable/{}/{}", pl.lit(now.schema.id), "old"),
        entity_id=pl.format("airtable:{}", "old"),
        row_key=pl.col("old"),
        before=image,
        reason=pl.lit("delete"),
    )


def _filled(rows: pl.DataFrame, schema: TableSchema, **cells: pl.Expr) -> pl.DataFrame:
    given = {"store": pl.lit("airtable"), "table": pl.lit(schema.name), **cells}
    return rows.select(given.get(name, pl.lit(None)).cast(dtype).alias(name) for name, dtype in TYPES.items())


def followed(links: pl.DataFrame, table: str, column: str, new_ids: Mapping[str, str]) -> pl.DataFrame:
    """The changes that make the database's link cells follow records to their new ids.

    Args:
        links: key and link of the database's rows, as text.
        table: The database table.
        column: The link's column.
        new_ids: Old ids → new ones.
    """
    link = pl.col("link")
    to_json: Callable[[pl.Expr], pl.Expr] = lambda cell: json_of(cell, "text")  # noqa: E731
    moved = links.filter(link.is_in(list(new_ids)))
    cells = {
        "change_id": pl.format("restore/database/{}/{}", pl.lit(table), "key"),
        "store": pl.lit("database"),
        "table": pl.lit(table),
        "op": pl.lit("update"),
        "entity_id": pl.format("database:{}", "key"),
        "row_key": pl.col("key"),
        "field": pl.lit(column),
        "before": to_json(link),
        "after": to_json(link.replace(dict(new_ids))),
        "reason": pl.lit("link"),
    }
    return moved.select(cells.get(name, pl.lit(None)).cast(dtype).alias(name) for name, dtype in TYPES.items())
