"""`plan.json`: what apply will write and everything it depends on."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from dq.apply.files import digest_of_json, write_json
from dq.errors import ConfigurationError, DamagedError
from dq.gate import Brake, at_the_door
from dq.schemas import Change
from dq.stores.private import digest_of

FORMAT_VERSION = 1
NAME, CHANGESET, NEXT_BASE = "plan.json", "changeset.parquet", "base_next.parquet"


@dataclass(frozen=True)
class Price:
    """What applying costs.

    Attributes:
        api_calls: Requests to Airtable when nothing disturbs.
        seconds: At the configured pace.
    """

    api_calls: int
    seconds: float


@dataclass(frozen=True)
class Plan:
    """A plan: counts, brakes, price, and digests of all that it was made from.

    Attributes:
        snapshot: The snapshot's id.
        made_at: When.
        steps: What it is for.
        digests: snapshot, changeset, base_next, rules, config, schema.
        base_serial: Serial of the base it was made on.
        lineage: Which stores it belongs to.
        stamps: Table → format of its modified column.
        counts: For people: changes, rows, conflicts, findings.
        brakes: Those that hold.
        price: What applying costs.
        conflicts: Number of conflicts that wait for a person.
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


def save(plan: Plan, folder: Path) -> None:
    """Write `plan.json` into a snapshot's folder, last of all its files."""
    write_json(to_dict(plan), folder / NAME)


def load(folder: Path) -> Plan:
    """The plan of a snapshot.

    Raises:
        ConfigurationError: There is none yet.
        DamagedError: It cannot be read.
    """
    path = folder / NAME
    if not path.exists():
        raise ConfigurationError("This snapshot has no plan yet.", where=str(folder.name), fix="dq clean")
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        data["made_at"] = datetime.fromisoformat(data["made_at"])
        data["steps"] = tuple(data["steps"])
        data["brakes"] = tuple(Brake(**brake) for brake in data["brakes"])
        data["children"] = tuple(data["children"])
        data["price"] = Price(**data["price"])
        return Plan(**data)
    except (ValueError, TypeError, KeyError) as error:
        raise DamagedError(
            "plan.json cannot be read.", where=folder.name, why=type(error).__name__, fix="dq clean"
        ) from None


def changes(plan: Plan, folder: Path) -> pl.DataFrame:
    """The plan's changeset, checked against its digest and its contract.

    Raises:
        DamagedError: It is not the one that was planned.
    """
    return at_the_door(_whole(plan, folder, CHANGESET, "changeset"), Change, "The changeset")


def base_next(plan: Plan, folder: Path) -> pl.DataFrame:
    """The base that the plan leads to, checked against its digest.

    Raises:
        DamagedError: It is not the one that was planned.
    """
    return _whole(plan, folder, NEXT_BASE, "base_next")


def _whole(plan: Plan, folder: Path, name: str, key: str) -> pl.DataFrame:
    path = folder / name
    if not path.exists() or digest_of(path) != plan.digests[key]:
        raise DamagedError(
            f"{name} is not the one that was planned.",
            where=folder.name,
            why="It was altered or damaged after `dq clean`; nothing was written.",
            fix="dq clean",
        )
    return pl.read_parquet(path)
