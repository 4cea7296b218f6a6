"""The brakes of a restore: what it may do to Airtable without a person's word that names the number."""

import polars as pl

from dq.errors import BrakeError
from dq.gate import lifted
from dq.pipeline.access import demand_owned
from dq.pipeline.budget import over_budget, spent_calls
from dq.pipeline.permitting import Permission
from dq.pipeline.refilling import Refill
from dq.plan import Brake, Price
from dq.schemas import Change
from dq.settings import Settings


def demand_allowed(settings: Settings, planned: Refill, permission: Permission, backup_id: str) -> None:
    """Refuse to delete more than a plan may, or to go over the month's budget, without a person's word.

    Raises:
        BrakeError: A brake holds; nothing was changed.
    """
    demand_owned(settings, permission.brakes)
    held = [
        brake for table, total in planned.totals.items() if (brake := _deletes(settings, planned.changes, table, total))
    ]
    price = Price(planned.api_calls, 0.0, spent_calls(settings), settings.limits.api_budget)
    held = lifted([*held, *over_budget(price)], permission.brakes)
    if held:
        flags = " ".join(dict.fromkeys(brake.flag for brake in held))
        raise BrakeError(
            " ".join(brake.message for brake in held),
            why="Nothing was changed.",
            fix=f"look at it with --dry-run and these flags, then: dq backup restore {backup_id} --delete-extra {flags}",
        )


def _deletes(settings: Settings, changes: pl.DataFrame, table: str, total: int) -> Brake | None:
    count = changes.filter((pl.col(Change.op) == "delete") & (pl.col(Change.table) == table)).height
    rules = next((one for one in settings.tables if one.airtable == table), settings.tables[0])
    limit = rules.brakes.max_deletes
    allowed = min(int(limit.share * total), total if limit.rows is None else limit.rows)
    if count == 0 or (count <= allowed and count < total):
        return None
    message = f"{count} of {total} records of {table} would be deleted; the limit is {allowed}."
    return Brake("max_deletes", "airtable", count, allowed, total, message)
