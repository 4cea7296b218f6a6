"""`plan.json`: what apply will write and everything it depends on."""

import json
from datetime import datetime
from pathlib import Path

import polars as pl

from dq.apply.files import write_json
from dq.digests import sealed, unsealed
from dq.errors import ConfigurationError, DamagedError
from dq.gate import at_the_door
from dq.plan import Brake, Plan, Price, to_dict
from dq.schemas import Change
from dq.stores.private import digest_of

NAME, CHANGESET, NEXT_BASE = "plan.json", "changeset.parquet", "base_next.parquet"


def save(plan: Plan, folder: Path) -> None:
    """Write `plan.json` into a snapshot's folder, last of all its files."""
    write_json(sealed(to_dict(plan)), folder / NAME)


def load(folder: Path) -> Plan:
    """The plan of a snapshot.

    Raises:
        ConfigurationError: There is none yet.
        DamagedError: It cannot be read, or is not as it was written.
    """
    path = folder / NAME
    if not path.exists():
        raise ConfigurationError("This snapshot has no plan yet.", where=str(folder.name), fix="dq clean")
    try:
        data = unsealed(json.loads(path.read_text(encoding="utf-8")))
        data["made_at"] = datetime.fromisoformat(data["made_at"])
        data["steps"] = tuple(data["steps"])
        data["brakes"] = tuple(Brake(**brake) for brake in data["brakes"])
        data["children"] = tuple(data["children"])
        data["blind"] = tuple(data.get("blind", ()))
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


def demand_whole(plan: Plan, folder: Path) -> None:
    """Hold the files that a plan is written from against its digests.

    Raises:
        DamagedError: One is not as it was planned.
    """
    for name, key in ((CHANGESET, "changeset"), (NEXT_BASE, "base_next")):
        _demand_whole(plan, folder, name, key)


def _whole(plan: Plan, folder: Path, name: str, key: str) -> pl.DataFrame:
    _demand_whole(plan, folder, name, key)
    return pl.read_parquet(folder / name)


def _demand_whole(plan: Plan, folder: Path, name: str, key: str) -> None:
    path = folder / name
    if not path.exists() or digest_of(path) != plan.digests[key]:
        raise DamagedError(
            f"{name} is not the one that was planned.",
            where=folder.name,
            why="It was altered or damaged after `dq clean`; nothing was written.",
            fix="dq clean",
        )
