"""Columns: a table of which one column at a time is looked at, so that it need not be in memory as a whole."""

from typing import Protocol

import polars as pl


class Columns(Protocol):
    """Rows of texts, a column at a time; a frame is such a table."""

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""

    def __len__(self) -> int:
        """How many rows there are."""

    def __getitem__(self, name: str, /) -> pl.Series:
        """A column."""
