"""What differs between two files, cell by cell: rows are told apart by a hash, and only those that differ are compared.

    left, right ──hash of key, hash of cells──► equal rows (done)
                                          └──► keys that differ ──slices in order of the key──► rows ──► cells

Memory is bounded by two hashes a row and by one slice of rows that differ.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from dq.engine.filecells import cell_json, key_names, row_json
from dq.errors import ConfigurationError
from dq.masking import masked_key
from dq.report.filediff import FileDiff, Shape

SLICE = 250_000
"""Rows that differ and are held at once."""
_KEY_HASH, _CELLS_HASH, _AT = "#key", "#cells", "#at"
_LEFT, _RIGHT = "#left", "#right"
_EXAMPLES = 3


@dataclass(frozen=True)
class Pair:
    """Two files as frames of `Shape.prepared`: the keys, then the compared columns."""

    shape: Shape
    left: pl.LazyFrame
    right: pl.LazyFrame


@dataclass(frozen=True)
class _Hashes:
    """key hash, cells hash of every row that has a key; and how many have none."""

    rows: pl.DataFrame
    unkeyed: int


def compared(pair: Pair, limit: int, parts: Path | None = None, size: int = SLICE) -> FileDiff:
    """The differences of two files.

    Args:
        pair: The files.
        limit: Differences to keep for showing, in order of the key; 0 keeps all.
        parts: A folder for all differences as Parquet files, to be read in order of their names.
        size: Rows that differ and are held at once.

    Raises:
        ConfigurationError: A key stands for more than one row of a file.
    """
    left, right = _hashes(pair.left, pair.shape), _hashes(pair.right, pair.shape)
    collided = _refuse_repeated(pair, left, right)
    keys = pl.concat([_apart(left, right), collided]).unique()
    diff = FileDiff(
        pair.shape, (left.rows.height, right.rows.height), (left.unkeyed, right.unkeyed), limit, _no_changes(pair)
    )
    for number, own in enumerate(_slices(pair, keys, size)):
        changes = _changes(pair, own)
        if parts is not None:
            changes.write_parquet(parts / f"{number:06}.parquet")
        diff = diff.with_changes(changes)
    return diff


def _hash(names: Sequence[str]) -> pl.Expr:
    """A hash of several columns; nulls are equal, and so are NaNs. The sum wraps around."""
    hashes = [pl.col(name).hash(seed) for seed, name in enumerate(names)]
    total = hashes[0] if hashes else pl.lit(0, pl.UInt64)
    for one in hashes[1:]:
        total = total + one
    return total


def _hashes(frame: pl.LazyFrame, shape: Shape) -> _Hashes:
    names = key_names(shape)
    has_key = pl.all_horizontal(pl.col(name).is_not_null() for name in names)
    found = frame.select(_hash(names).alias(_KEY_HASH), _hash(shape.columns).alias(_CELLS_HASH), has_key.alias(_AT))
    rows = found.collect()
    keyed = rows.filter(_AT).drop(_AT)
    return _Hashes(keyed, rows.height - keyed.height)


def _apart(left: _Hashes, right: _Hashes) -> pl.Series:
    """The key hashes of rows that differ, or that one file alone has."""
    joined = left.rows.lazy().join(right.rows.lazy(), on=_KEY_HASH, how="full", coalesce=True, suffix=_RIGHT)
    return joined.filter(pl.col(_CELLS_HASH).ne_missing(pl.col(_CELLS_HASH + _RIGHT))).collect().get_column(_KEY_HASH)


def _refuse_repeated(pair: Pair, left: _Hashes, right: _Hashes) -> pl.Series:
    """Refuse keys of more than one row; the hashes that different keys have by chance."""
    told, collided = [], [pl.Series(_KEY_HASH, [], pl.UInt64)]
    names, shape = key_names(pair.shape), pair.shape
    for file, frame, hashes in ((shape.files[0], pair.left, left), (shape.files[1], pair.right, right)):
        twice = hashes.rows.filter(pl.col(_KEY_HASH).is_duplicated()).get_column(_KEY_HASH).unique()
        if twice.is_empty():
            continue
        own = _of(frame, shape, twice).select(names).collect()
        repeated = own.group_by(names).agg(pl.len()).filter(pl.col("len") > 1).sort(names)
        collided.append(twice)
        if len(repeated):
            hidden = repeated.with_columns(masked_key(pl.col(name).cast(pl.String)) for name in names)
            shown = [", ".join(map(str, key[:-1])) + f" ({key[-1]:,} rows)" for key in _first(hidden)]
            told.append(f"{file}: {repeated['len'].sum():,} rows share {_keys(len(repeated))}, as {'; '.join(shown)}")
    if told:
        raise ConfigurationError(
            f"{', '.join(shape.keys)} is no key: rows are not told apart by it.",
            where="; ".join(told),
            why="A row cannot be compared with several.",
            fix="name more columns with --key, or drop the doubles first (dq dedupe)",
        )
    return pl.concat(collided)


def _keys(number: int) -> str:
    return "1 key" if number == 1 else f"{number:,} keys"


def _first(rows: pl.DataFrame) -> list[tuple[object, ...]]:
    few = rows.head(_EXAMPLES)
    return list(zip(*(column.to_list() for column in few.get_columns()), strict=True))


def _of(frame: pl.LazyFrame, shape: Shape, keys: pl.Series) -> pl.LazyFrame:
    """The rows whose key has one of these hashes; only they are read in full where the format can."""
    has_key = pl.all_horizontal(pl.col(name).is_not_null() for name in key_names(shape))
    return frame.filter(_hash(key_names(shape)).is_in(keys.implode()) & has_key)


def _slices(pair: Pair, keys: pl.Series, size: int) -> Iterator[pl.Series]:
    """The key hashes in slices, the first with the smallest keys: what is made slice by slice is in order."""
    if keys.is_empty():
        return
    if len(keys) <= size:
        yield keys
        return
    names = key_names(pair.shape)
    found = [
        _of(frame, pair.shape, keys).select(*names, _hash(names).alias(_KEY_HASH)) for frame in (pair.left, pair.right)
    ]
    ordered = pl.concat([one.collect() for one in found]).sort(names).get_column(_KEY_HASH).unique(maintain_order=True)
    for at in range(0, len(ordered), size):
        yield ordered[at : at + size]


def _changes(pair: Pair, keys: pl.Series) -> pl.DataFrame:
    """All differences of the rows with these keys: key, op, column, before, after; in order of key and column."""
    shape, names = pair.shape, key_names(pair.shape)
    left = _of(pair.left, shape, keys).with_columns(pl.lit(value=True).alias(_LEFT)).collect()
    right = _of(pair.right, shape, keys).with_columns(pl.lit(value=True).alias(_RIGHT)).collect()
    joined = left.join(right, on=names, how="full", coalesce=True, suffix=_RIGHT)
    added = joined.filter(pl.col(_LEFT).is_null())
    removed = joined.filter(pl.col(_RIGHT).is_null())
    both = joined.filter(pl.col(_LEFT) & pl.col(_RIGHT))
    found = [
        _no_changes(pair).with_columns(pl.lit(0, pl.Int32).alias(_AT)),
        _long(added, names, "insert", None, after=row_json(shape, _RIGHT)),
        _long(removed, names, "delete", None, before=row_json(shape, "")),
        *(_cells(both, shape, at) for at in range(len(shape.columns))),
    ]
    return pl.concat(found).sort(*names, _AT).drop(_AT)


def _cells(both: pl.DataFrame, shape: Shape, at: int) -> pl.DataFrame:
    name = shape.columns[at]
    other = name + _RIGHT
    moved = both.filter(pl.col(name).ne_missing(pl.col(other)))
    return _long(
        moved,
        key_names(shape),
        "update",
        name,
        before=cell_json(shape, name, name),
        after=cell_json(shape, name, other),
        at=at,
    )


def _long(
    rows: pl.DataFrame,
    names: Sequence[str],
    op: str,
    column: str | None,
    *,
    before: pl.Expr | None = None,
    after: pl.Expr | None = None,
    at: int = 0,
) -> pl.DataFrame:
    nothing = pl.lit(None, pl.String)
    return rows.select(
        *names,
        pl.lit(op).alias("op"),
        pl.lit(column, pl.String).alias("column"),
        (nothing if before is None else before).alias("before"),
        (nothing if after is None else after).alias("after"),
        pl.lit(at, pl.Int32).alias(_AT),
    )


def _no_changes(pair: Pair) -> pl.DataFrame:
    types = pair.left.collect_schema()
    texts = dict.fromkeys(("op", "column", "before", "after"), pl.String)
    return pl.DataFrame(schema={**{name: types[name] for name in key_names(pair.shape)}, **texts})
