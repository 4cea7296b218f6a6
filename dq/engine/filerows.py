"""The rows of files: who they are, and what they say, a column at a time.

What files hold is never in memory as a whole. A first look takes a hash of each row, which gives the rows an order of their
own; each column is read when it is asked for, and forgotten.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import polars.selectors as cs
from numpy.typing import NDArray

from dq.dedupe.features import Ints
from dq.engine.entities import KNOWN
from dq.engine.files import keyed
from dq.errors import ConfigurationError
from dq.schemas import Cluster

STORES = ("database", "airtable")
SURE, FULL = "sure#", "full#"
OWN = (Cluster.store, Cluster.row_key, KNOWN, SURE)
"""What is told of rows beside the columns of a file."""
_SAID, _PLACE, _ROW = "said#", "place#", "row#"
_SEED = 7


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """What rows say: columns that are read when they are asked for.

    Attributes:
        rows: The columns, as texts.
        columns: Their names.
        size: How many rows there are.
        order: Place of a row → its place in the files; None leaves them in the order of the files.
    """

    rows: pl.LazyFrame
    columns: list[str]
    size: int
    order: Ints | None = None

    def __len__(self) -> int:
        """How many rows there are."""
        return self.size

    def __getitem__(self, name: str, /) -> pl.Series:
        """A column of texts."""
        column = self.rows.select(name).collect().to_series()
        return column if self.order is None else column.rechunk().gather(self.order)  # chunks take four times as long


def columnar(rows: pl.LazyFrame, path: Path, folder: Path) -> pl.LazyFrame:
    """A file from which one column can be read without the others; of CSV and NDJSON a Parquet file is made.

    Args:
        rows: What the file holds.
        path: The file.
        folder: Where another one may be put.
    """
    if path.suffix.lower() == ".parquet":
        return rows
    made = folder / f"{sum(1 for _ in folder.iterdir())}.parquet"
    rows.select(~cs.nested()).sink_parquet(made, compression="lz4", statistics=False)
    return pl.scan_parquet(made)


def read_rows(
    left: pl.LazyFrame, right: pl.LazyFrame | None, key: str | None, fields: Sequence[str] = ()
) -> tuple[pl.DataFrame, Texts]:
    """The rows of a file, or of two.

    They come in an order of what they say: pairs are drawn at random by row, and files have rows in any order.

    Args:
        left: A file.
        right: Another one; only the columns that both have count.
        key: The column that names rows; None takes `id`, else their numbers.
        fields: The only columns that count; none for all.

    Returns:
        store, row_key and `FULL` (how many of the columns have a value), and what the rows say.

    Raises:
        ConfigurationError: No such column, or keys that are not unique.
    """
    frames = [frame for frame in (left, right) if frame is not None]
    common = [name for name in left.collect_schema() if all(name in frame.collect_schema() for frame in frames)]
    missing = [name for name in fields if name not in common]
    if missing:
        raise ConfigurationError(
            f"There is no column {missing[0]!r} in {'both files' if right is not None else 'the file'}.",
            fix=f"--fields some of {', '.join(common[:8])}",
        )
    named = (_named(frame, store, key, fields or common) for frame, store in zip(frames, STORES, strict=False))
    every = pl.concat(named)
    columns = every.collect_schema().names()[2:]
    full = pl.sum_horizontal(pl.lit(0), pl.col(columns).is_not_null()).cast(pl.Int64)
    said = pl.struct(columns).hash(_SEED) if columns else pl.lit(0, pl.UInt64)
    own = every.select(Cluster.store, Cluster.row_key, full.alias(FULL), said.alias(_SAID)).collect(engine="streaming")
    order = _ordered(own[_SAID].to_numpy(), own, pl.col(Cluster.store), pl.col(Cluster.row_key))
    return own.drop(_SAID)[order], Texts(every.select(columns), columns, len(order), order)


def by_key(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows in the order of their keys, those of the first file first.

    Eight letters behind those that all keys begin with tell most keys apart, as a number.

    Args:
        rows: store, row_key and others.
    """
    keys = rows[Cluster.row_key]
    second = (rows[Cluster.store] == STORES[1]).to_numpy()
    least, most = (str(end or "").encode() for end in (keys.min(), keys.max()))
    same = next((at for at, (one, other) in enumerate(zip(least, most, strict=False)) if one != other), len(least))
    head = keys.str.pad_end(same + 8, "\0").cast(pl.Binary).bin.slice(same, 8)
    number = head.bin.reinterpret(dtype=pl.UInt64, endianness="big").to_numpy()
    place = number >> np.uint64(1) | second.astype(np.uint64) << np.uint64(63)
    return rows[_ordered(place, rows, pl.col(Cluster.row_key))]


def _ordered(place: NDArray[np.uint64], rows: pl.DataFrame, *then: pl.Expr) -> Ints:
    """The rows in the order of a number; only at those that have it in common texts are looked."""
    order = np.argsort(place).astype(np.int64)
    same = place[order[1:]] == place[order[:-1]]
    at = np.flatnonzero(np.append(same, False) | np.append(False, same))
    equal = rows[order[at]].with_columns(pl.Series(_PLACE, place[order[at]]), pl.Series(_ROW, order[at]))
    order[at] = equal.sort(_PLACE, *then)[_ROW].to_numpy()
    return order


def _named(frame: pl.LazyFrame, store: str, key: str | None, columns: Sequence[str]) -> pl.LazyFrame:
    types = frame.collect_schema()
    names = key or ("id" if "id" in types else None)
    used = [name for name in columns if name != names and not types[name].is_nested()]
    texts = [pl.col(_beside(name)).cast(pl.String, strict=False) for name in used]
    own = keyed(frame.rename(_beside), None if key is None else _beside(key))
    return own.select(pl.lit(store).alias(Cluster.store), Cluster.row_key, *texts)


def _beside(column: str) -> str:
    """What a column of a file is called beside the matcher's own."""
    return f"{column} (column)" if column in OWN else column
