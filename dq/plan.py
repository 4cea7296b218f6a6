"""A plan as a value: counts, brakes, price, and the digests of everything that it was made from."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from dq.digests import digest_of_json

FORMAT_VERSION = 1


@dataclass(frozen=True)
class Brake:
    """One brake that holds.

    Attributes:
        name: Which: `max_deletes`, `max_merges`, `max_missing`, `max_field_changes`, `max_rekeyed`, `max_returned`, `max_older`,
            `max_unreadable`, `max_rule_changes`, `max_api_calls`.
        store: The side it is about.
        count: How many rows the plan would touch, or miss.
        limit: How many are allowed.
        total: Out of how many.
        message: What a person reads.
    """

    name: str
    store: str
    count: int
    limit: int
    total: int
    message: str

    @property
    def flag(self) -> str:
        """The flag that lifts it."""
        return f"--{self.name.replace('_', '-')} {self.count}"


@dataclass(frozen=True)
class Price:
    """What applying costs.

    Attributes:
        api_calls: Requests to Airtable when nothing disturbs.
        seconds: At the configured pace.
        spent: Requests that this machine made to the base this month before the plan.
        budget: Requests a month that the configuration allows; None for any number.
    """

    api_calls: int
    seconds: float
    spent: int = 0
    budget: int | None = None

    @property
    def share(self) -> float | None:
        """The part of the month's budget that it takes."""
        return self.api_calls / self.budget if self.budget else None


@dataclass(frozen=True)
class Plan:
    """A plan: counts, brakes, price, and digests of all that it was made from.

    Attributes:
        snapshot: The snapshot's id.
        made_at: When.
        steps: What it is for.
        digests: snapshot, changeset, base_next, rules, config, schema, and base: the file of the base it was made on.
        base_serial: Serial of the base it was made on.
        lineage: Which stores it belongs to.
        stamps: Table → format of its modified column.
        counts: For people: changes, rows, conflicts, findings.
        brakes: Those that hold.
        price: What applying costs.
        conflicts: Number of conflicts that wait for a person.
        blind: Airtable tables whose deletions the snapshot does not show: none is carried over to the database.
        made_by: Who made it.
        carries_on: Digest of the plan that it carries on, as far as that one still holds; empty for a plan of its own.
        versions: `rules`: the version that the rules give themselves; `standardizers`: name → version of its standard form.
    """

    snapshot: str
    made_at: datetime
    steps: tuple[str, ...]
    digests: Mapping[str, str]
    base_serial: int
    lineage: Mapping[str, Any]
    stamps: Mapping[str, str]
    counts: Mapping[str, Any]
    brakes: tuple[Brake, ...]
    price: Price
    conflicts: int
    batch_size: int
    format_version: int = FORMAT_VERSION
    children: tuple[str, ...] = field(default=())
    blind: tuple[str, ...] = ()
    made_by: str = ""
    carries_on: str = ""
    versions: Mapping[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Digest of the whole plan: the journal belongs to it alone."""
        return digest_of_json(to_dict(self))

    @property
    def changes(self) -> int:
        """Number of changes."""
        return int(self.counts["changes"])


def to_dict(plan: Plan) -> dict[str, Any]:
    """The plan as JSON-ready values."""
    return {**asdict(plan), "made_at": plan.made_at.isoformat(), "steps": list(plan.steps)}


def emptied(plan: Plan) -> Plan:
    """The plan once it was applied: nothing is left to do."""
    counts = {**plan.counts, "changes": 0, "cells": {}, "rows": {}}
    return replace(plan, counts=counts, brakes=(), price=Price(0, 0.0))
