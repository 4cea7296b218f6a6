"""Plain files: the differences of two, beside the floor of reading both.

python -m bench.files [--rows 1000000] [--csv]
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from bench.measure import as_the_command, machine, measured, table

COLUMNS = 21
KINDS = 10**7
CHANGED, ROWS_APART, CELLS = 0.01, 1000, 4


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--csv", action="store_true")
    asked, _ = parser.parse_known_args()  # beside other benchmarks, which have options of their own
    with tempfile.TemporaryDirectory() as folder:
        suffix = ".csv" if asked.csv else ".parquet"
        left, right = (Path(folder) / f"{name}{suffix}" for name in ("left", "right"))
        _make(asked.rows, left, right)
        print(_diffed(left, right, asked.rows), flush=True)


def _diffed(left: Path, right: Path, rows: int) -> str:
    from dq.engine.filediff import compared
    from dq.engine.filepairs import pair_of

    measured("warm", lambda: [_read(left).head(1), compared(pair_of((left, right), ["id"]), 40)])
    floor, _ = measured("floor: both files read", lambda: _both(left, right))
    figure, found = measured("dq diff", lambda: compared(pair_of((left, right), ["id"]), 40))
    title = f"{rows:,} rows beside {rows:,}, {COLUMNS + 1} columns, {left.suffix}: {found.changes:,} differences; {machine()}"
    return table(title, [(floor, None), (figure, floor)]) + f"\n\nCPU: {figure.cpu / floor.cpu:.1f} x floor"


def _both(left: Path, right: Path) -> int:
    """Rows of both files, which are in memory together and then gone."""
    frames = (_read(left), _read(right))
    return sum(frame.height for frame in frames)


def _read(path: Path) -> pl.DataFrame:
    return pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema=False)


def _make(rows: int, left: Path, right: Path) -> None:
    """Two files of leads, one in a hundred of them changed in up to four cells, a thousand added and as many removed."""
    rng = np.random.default_rng(1)
    apart = min(ROWS_APART, rows // 10)
    numbers = pl.Series("number", rng.permutation(rows + apart))
    cells = [
        pl.concat_str(pl.lit(f"value of {at} "), pl.Series(rng.integers(0, KINDS, rows + apart))).alias(f"c{at}")
        for at in range(COLUMNS)
    ]
    key = pl.format("lead-{}-5f3a-4c1e", pl.col("number").cast(pl.String).str.zfill(10)).alias("id")
    whole = pl.DataFrame({"number": numbers}).select(key, *cells)
    moved = pl.Series(rng.random(whole.height) < CHANGED)
    edits = [
        pl.when(moved).then(pl.col(f"c{at}") + "!").otherwise(pl.col(f"c{at}")).alias(f"c{at}")
        for at in rng.choice(COLUMNS, CELLS, replace=False)
    ]
    _write(whole.head(rows), left)
    _write(whole.with_columns(edits).tail(rows), right)


def _write(frame: pl.DataFrame, path: Path) -> None:
    if path.suffix == ".parquet":
        frame.write_parquet(path, compression="zstd", compression_level=1, row_group_size=122_880)
    else:
        frame.write_csv(path)


if __name__ == "__main__":
    as_the_command("bench.files")
    main()
