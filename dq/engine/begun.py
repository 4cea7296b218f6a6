"""What a plan that is made again begins with: rows are put into standard form once, and grouped again only for a reason.

A plan is made again with other hints. What its rows look like they do not change, and which rows are one lead only if
they speak of that.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import polars as pl

from dq.engine.grouping import Grouped
from dq.engine.inputs import Hints, Inputs
from dq.engine.parking import Park
from dq.engine.records import standardized
from dq.schemas.finding import FINDING_TYPES
from dq.schemas.values import Store

PARKED = ("records_database", "records_airtable", "found", "pairs")
"""What waits in a park for the plan that is made again."""
_GROUPING = ("linked", "loose", "apart", "same", "unsure")
"""The hints that say which rows are one lead."""
_LEARNED = ("hints", "model")
"""What one plan tells the next of the same rows."""


@dataclass(frozen=True)
class Begun:
    """The steps of a plan that the next one of the same rows need not take.

    Attributes:
        inputs: What the plan was made from.
        records: Each store's standardized rows; none where they are parked.
        found: What standardizing found; likewise.
        groups: The leads, their pairs likewise; None before they are grouped.
        park: Where these frames wait; None keeps them here.
    """

    inputs: Inputs
    records: Mapping[Store, pl.DataFrame]
    found: pl.DataFrame
    groups: Grouped | None = None
    park: Park | None = None

    def read(self) -> tuple[Mapping[Store, pl.DataFrame], pl.DataFrame]:
        """Each store's standardized rows, sorted by key, and what standardizing found."""
        if self.park is None:
            return self.records, self.found
        return {store: self.park.get(f"records_{store}") for store in self.records}, self.park.get(
            "found", list(FINDING_TYPES)
        )

    def grouped_as(self, inputs: Inputs) -> Grouped | None:
        """The leads, where nothing is known that could group their rows otherwise."""
        if self.groups is None or self.groups.model is not inputs.model:
            return None
        return self.groups if _says(self.inputs.hints, inputs.hints) else None

    def parked(self, park: Park | None) -> "Begun":
        """The same, waiting on disk."""
        if park is None or self.park is not None:
            return self
        records = {store: park.put(f"records_{store}", frame) for store, frame in self.records.items()}
        return replace(self, records=records, found=park.put("found", self.found), park=park)

    def kept(self, groups: Grouped) -> Grouped:
        """The leads, their pairs waiting on disk."""
        return groups if self.park is None else replace(groups, pairs=self.park.put("pairs", groups.pairs))


def begun(inputs: Inputs, before: Begun | None) -> Begun:
    """The beginning of a plan: that of the plan before, if it was made of the same rows under the same rules.

    Raises:
        ConfigurationError: A standardizer is not idempotent on this data, or a field's name is dq's own.
    """
    names = [one.name for one in fields(Inputs) if one.name not in _LEARNED]
    if before is not None and all(getattr(before.inputs, name) is getattr(inputs, name) for name in names):
        return before
    records, found = standardized(inputs)
    return Begun(inputs, records, found)


def _says(hints: Hints, others: Hints) -> bool:
    return all(getattr(hints, name).equals(getattr(others, name)) for name in _GROUPING)
