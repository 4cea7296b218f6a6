"""Runs standardizers on plain Python values, lazily, as the pipeline does; company names with the shipped lists."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from dq.settings.chains import standardizer
from dq.settings.rulefiles import read_rules
from dq.standardize import STANDARDIZERS

Run = Callable[..., list[tuple[str | None, str | None]]]
LISTS = read_rules(Path(__file__).resolve().parents[2])[0].lists


def standard_forms(
    name: str, values: Sequence[str | None], options: Mapping[str, Any] | None = None
) -> list[tuple[str | None, str | None]]:
    told = standardizer(name, dict(options or {}), LISTS).options if name == "company" else options or {}
    answer = STANDARDIZERS[name](pl.col("v"), told)
    rows = pl.LazyFrame({"v": values}, schema={"v": pl.String}).select(value=answer.value, finding=answer.finding)
    return rows.collect().rows()


@pytest.fixture(scope="session")
def run() -> Run:
    return standard_forms
