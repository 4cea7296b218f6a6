"""Runs standardizers on plain Python values, lazily, as the pipeline does."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl
import pytest

from dq.standardize import STANDARDIZERS

Run = Callable[..., list[tuple[str | None, str | None]]]


def standard_forms(
    name: str, values: Sequence[str | None], options: Mapping[str, Any] | None = None
) -> list[tuple[str | None, str | None]]:
    answer = STANDARDIZERS[name](pl.col("v"), options or {})
    rows = pl.LazyFrame({"v": values}, schema={"v": pl.String}).select(value=answer.value, finding=answer.finding)
    return rows.collect().rows()


@pytest.fixture(scope="session")
def run() -> Run:
    return standard_forms
