"""Airtable's tables of a snapshot where incremental readings are wanted: each in full, or what changed since the last.

last snapshot's rows ─ less those that are gone ─┐
rows modified since, rows made or touched ───────┴─► merged in the order of their keys ─► the table's file
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import polars as pl
import pyarrow as pa

from dq.manifest import Hook, Lineage, Reading, TableFile, TableSchema
from dq.snapshot.chain import Earlier, Schedule, broken, cursor_after, last, table_of
from dq.snapshot.parquet import file_names, merge_parquet, write_parquet
from dq.stores.private import digest_of, make_folder, sync_folder, write_file
from dq.stores.protocol import Following, Heard, Source

WEBHOOK = "webhook.json"
"""Keeps the id of the webhook that was made last, beside the snapshots: one whose snapshot failed is not forgotten."""
_NOW, _THEN = "_now", "_then"
Seen = Callable[[int], None]


class Followed(Source, Following, Protocol):
    """A source that knows when its rows were changed."""


@dataclass(frozen=True, slots=True)
class Followable:
    """What all tables of one snapshot are read with."""

    source: Followed
    schedule: Schedule
    earlier: Earlier | None
    lineage: Lineage
    heard: Heard
    now: datetime


def read_airtable(
    root: Path,
    folder: Path,
    source: Followed,
    schemas: Sequence[TableSchema],
    schedule: Schedule,
    lineage: Lineage,
    now: datetime,
    progress: Callable[[str, int], None],
) -> tuple[list[TableFile], Hook | None]:
    """Read the tables into `folder/airtable/`.

    Args:
        root: The snapshots folder.
        folder: The new snapshot's folder.
        source: The Airtable base.
        schemas: Its tables.
        schedule: When a table is read in full, and how otherwise.
        lineage: Which stores these are.
        now: The time.
        progress: Told the table and the rows read so far.

    Returns:
        The tables' files, and the webhook that the next snapshot goes on with.
    """
    earlier = last(root)
    heard = _heard(root, source, earlier, lineage) if schedule.deletes == "webhook" else Heard(None, {})
    world = Followable(source, schedule, earlier, lineage, heard, now)
    make_folder(folder / source.store)
    names = file_names(schema.name for schema in schemas)
    files = [
        _read(world, schema, folder / source.store / names[schema.name], partial(progress, schema.name))
        for schema in schemas
    ]
    sync_folder(folder / source.store)
    return files, heard.hook


def _heard(root: Path, source: Following, earlier: Earlier | None, lineage: Lineage) -> Heard:
    """What the webhook tells; the id of a new one is written down at once."""
    path = root / WEBHOOK
    own = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    same = earlier is not None and earlier.manifest.lineage == lineage
    hook = earlier.manifest.hook if earlier is not None and same else None
    heard = source.heard(hook, own.get("id") if own.get("base") == lineage.airtable else None)
    if heard.hook is not None and heard.hook.id != own.get("id"):
        write_file(path, json.dumps({"base": lineage.airtable, "id": heard.hook.id}).encode())
    return heard


def _read(world: Followable, schema: TableSchema, path: Path, told: Seen) -> TableFile:
    """One table's file: in full, unless all is there that an incremental reading takes."""
    source, schedule = world.source, world.schedule
    modified = schedule.modified_of(schema)
    lost = source.unfollowed(schema, modified)
    why = lost or broken(world.earlier, schema, schedule, world.lineage, world.now) or world.heard.why
    began = None if lost else source.watermark(schema)
    if why is None and world.earlier is not None and modified is not None:
        rows, reading = _changes(world, world.earlier, schema, modified, path, told)
    else:
        rows = write_parquet(source.batches(schema), path, schema.key, told)
        reading = Reading(full_at=world.now.astimezone(UTC).isoformat(), why=why)
    cursor = None if lost else cursor_after(_greatest(path, modified), began, schedule.look_back)
    return TableFile(schema, f"{source.store}/{path.name}", rows, digest_of(path), replace(reading, cursor=cursor))


def _greatest(path: Path, modified: str | None) -> str | None:
    if modified is None:
        return None
    found: str | None = pl.scan_parquet(path, glob=False).select(pl.col(modified).max()).collect().item()
    return found


def _changes(
    world: Followable, earlier: Earlier, schema: TableSchema, modified: str, path: Path, told: Seen
) -> tuple[int, Reading]:
    """The earlier snapshot's rows with all changes since: rows of the file, and how it was read."""
    source, schedule, key = world.source, world.schedule, schema.key
    before = table_of(earlier, schema)
    assert before is not None  # noqa: S101 -- else the table is read in full
    old = earlier.folder / before.file
    held = pl.scan_parquet(old, glob=False).select(pl.col(key), pl.col(modified).alias(_THEN))
    with TemporaryDirectory(prefix=".changes-", dir=path.parent) as scratch:
        changed, asked = Path(scratch) / "changed.parquet", Path(scratch) / "asked.parquet"
        swept = _frame(source.stamps(schema, modified)) if schedule.deletes == "sweep" else None
        read = write_parquet(source.changed(schema, modified, before.reading.cursor or ""), changed, key, told)
        fresh = pl.read_parquet(changed, columns=[key])
        doubtful = _doubtful(world, schema, held, swept, modified).join(fresh, on=key, how="anti")
        read += write_parquet(source.some(schema, doubtful[key].sort().to_list()), asked, key, told)
        gone = [_removed(schedule, schema)] if swept is None else [_swept_away(held, swept, key)]
        replaced = pl.concat([fresh, doubtful, *gone])[key]
        rows = merge_parquet(old, replaced, [changed, asked], path, key)
    told(rows)
    visible = schedule.deletes != "none"
    reading = Reading("incremental", visible, earlier.manifest.id, full_at=before.reading.full_at, read=read)
    return rows, reading


def _doubtful(
    world: Followable, schema: TableSchema, held: pl.LazyFrame, swept: pl.DataFrame | None, modified: str
) -> pl.DataFrame:
    """Keys of rows that must be asked for one by one: what they are now is known only when they have been read."""
    key = schema.key
    if swept is None:
        return _keys(world.heard.touched.get(schema.id or "", ()), key)
    both = swept.lazy().select(key, pl.col(modified).alias(_NOW)).join(held, on=key, how="left")
    return both.filter(pl.col(_NOW).ne_missing(pl.col(_THEN))).select(key).collect()


def _swept_away(held: pl.LazyFrame, swept: pl.DataFrame, key: str) -> pl.DataFrame:
    """Keys of the earlier rows that the store no longer has."""
    return held.join(swept.lazy(), on=key, how="anti").select(key).collect()


def _removed(schedule: Schedule, schema: TableSchema) -> pl.DataFrame:
    """Keys of the rows that dq itself deleted: nobody else tells."""
    return _keys(schedule.removed.get(schema.name, ()), schema.key)


def _keys(keys: Iterable[str], name: str) -> pl.DataFrame:
    return pl.DataFrame({name: sorted(keys)}, schema={name: pl.String})


def _frame(batches: Iterable[pa.RecordBatch]) -> pl.DataFrame:
    """Batches of two short columns as a frame."""
    return pl.DataFrame(pa.Table.from_batches(list(batches)))
