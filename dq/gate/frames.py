"""Schemas at the doors: pandera on collected frames (on a LazyFrame it would check names and types only)."""

import pandera.errors
import pandera.polars as pa
import polars as pl

from dq.errors import DamagedError


def at_the_door(frame: pl.DataFrame, contract: type[pa.DataFrameModel], what: str) -> pl.DataFrame:
    """The frame, if it keeps its contract.

    Raises:
        DamagedError: It does not; the message names columns and checks, never a value.
    """
    try:
        return contract.validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as error:
        cases = error.failure_cases.select(pl.col("column").cast(pl.String), pl.col("check").cast(pl.String))
        broken = cases.group_by("column", "check").len().sort("column", "check").head(5)
        told = "; ".join(f"{column}: {check} ({n} cells)" for column, check, n in broken.iter_rows())
        raise DamagedError(
            f"{what} does not keep its contract {contract.__name__}: {told}.",
            why="A frame that breaks its contract must not reach a store.",
            fix="Run `dq snapshot` and `dq clean` again; if it stays, report it as a bug.",
        ) from None
