"""One table's Parquet file: written on a second thread while the store is read, sorted by key."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dq.stores.private import open_file, sync_file

ROW_GROUP = 122_880
_GROUP_BYTES = 64 * 2**20
_LEVEL = 1
_SAFE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_ .-]{0,99}")


def file_names(tables: Iterable[str]) -> dict[str, str]:
    """A file name for each table that any file system takes, and that no other table has."""
    names: dict[str, str] = {}
    for table in tables:
        name = table if _SAFE.fullmatch(table) else re.sub(r"[^A-Za-z0-9_-]", "_", table)[:60]
        if name != table or name.casefold() in {taken.casefold() for taken in names.values()}:
            name = f"{name}-{sha256(table.encode()).hexdigest()[:8]}"
        names[table] = name
    return {table: f"{name}.parquet" for table, name in names.items()}


def write_parquet(batches: Iterable[pa.RecordBatch], path: Path, key: str, seen: Callable[[int], None]) -> int:
    """Write batches to a Parquet file sorted by `key`.

    Args:
        batches: At least one, all of one schema.
        path: The file to make.
        key: The column to sort by, as text.
        seen: Called with the number of rows so far.

    Returns:
        The number of rows.
    """
    rows, is_sorted, last = 0, True, None
    with open_file(path), ThreadPoolExecutor(1) as pool:
        writer: pq.ParquetWriter | None = None
        pending: Future[None] | None = None
        try:
            for group in _row_groups(batches):
                keys = group.column(key).cast(pa.string()).combine_chunks()
                is_sorted = is_sorted and _ascends(keys, last)
                last = keys[-1].as_py() if len(keys) else last
                writer = writer or pq.ParquetWriter(path, group.schema, compression="zstd", compression_level=_LEVEL)
                if pending:
                    pending.result()
                pending = pool.submit(writer.write_table, group, row_group_size=ROW_GROUP)
                rows += group.num_rows
                seen(rows)
            if pending:
                pending.result()
        finally:
            if writer:
                pool.submit(writer.close).result()
    if not is_sorted:
        _sort(path, key)
    sync_file(path)
    return rows


def merge_parquet(old: Path, without: pl.Series, new: Sequence[Path], path: Path, key: str) -> int:
    """Write a Parquet file of an older one's rows and newer ones', sorted by `key`; no table is in memory whole.

    Args:
        old: A file that `write_parquet` or this made, of text keys.
        without: Keys of its rows that are left out.
        new: Files of the same columns, made likewise; a key stands in one of them at most, and no longer in `old`.
        path: The file to make.
        key: The key's column.

    Returns:
        The number of rows.
    """
    merged = pl.scan_parquet(old, glob=False).filter(~pl.col(key).is_in(without.implode()))
    for file in new:
        merged = merged.merge_sorted(pl.scan_parquet(file, glob=False), key)
    with open_file(path):
        merged.sink_parquet(path, compression="zstd", compression_level=_LEVEL, row_group_size=ROW_GROUP)
    sync_file(path)
    return int(pq.read_metadata(path).num_rows)


def _row_groups(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Batches gathered until they fill a row group, or until they weigh too much to hold more."""
    held: list[pa.RecordBatch] = []
    schema: pa.Schema | None = None
    for batch in batches:
        schema = batch.schema
        held.append(batch)
        if sum(one.num_rows for one in held) >= ROW_GROUP or sum(one.nbytes for one in held) >= _GROUP_BYTES:
            table = pa.Table.from_batches(held)
            yield table.slice(0, ROW_GROUP)
            held = table.slice(ROW_GROUP).to_batches()
    if held or schema is not None:
        yield pa.Table.from_batches(held, schema)


def _ascends(keys: pa.StringArray, last: str | None) -> bool:
    if not len(keys):
        return True
    if last is not None and keys[0].as_py().encode() < last.encode():
        return False
    return not pc.any(pc.less(keys.slice(1), keys.slice(0, len(keys) - 1))).as_py()


def _sort(path: Path, key: str) -> None:
    beside = path.with_suffix(".sorting")
    with open_file(beside):
        rows = pl.scan_parquet(path, glob=False).sort(pl.col(key).cast(pl.String))
        rows.sink_parquet(beside, compression="zstd", compression_level=_LEVEL, row_group_size=ROW_GROUP)
    beside.replace(path)
