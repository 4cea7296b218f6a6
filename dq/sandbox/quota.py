"""The month's calls of the workspace, kept in the sandbox's file, so that a restart does not give them back."""

import sqlite3
from datetime import datetime

from dq.sandbox import refusals, storage
from dq.sandbox.plans import Plan


def slowed(connection: sqlite3.Connection, plan: Plan, now: datetime) -> float | None:
    """The rate to which the plan slows each base down because the month's calls are spent; None where it does not.

    Args:
        connection: An open sandbox.
        plan: What the workspace has paid for.
        now: The time of the call: months are those of UTC.
    """
    if plan.calls is None or plan.over != "slow":
        return None
    return plan.slow_rps if used(connection, now) >= plan.calls else None


def spend(connection: sqlite3.Connection, plan: Plan, now: datetime, *, data: bool) -> None:
    """Count one call of the month, where the plan has a limit.

    Args:
        connection: An open sandbox, in no transaction.
        plan: What the workspace has paid for.
        now: The time of the call.
        data: Whether the call goes to records; metadata is answered even when the month is spent.

    Raises:
        RefusalError: The month's calls are spent, and the plan refuses more.
        TemporaryError: Another process holds the file.
    """
    if plan.calls is None:
        return
    if data and plan.over == "refuse" and used(connection, now) >= plan.calls:
        raise refusals.billing_limit()
    # a call need not survive a power cut, and a flush to the disk for each would be what is measured
    connection.execute("PRAGMA synchronous = NORMAL")
    try:
        with storage.writing(connection):
            query = "INSERT INTO quota VALUES (?, 1) ON CONFLICT (month) DO UPDATE SET calls = calls + 1"
            connection.execute(query, (_month(now),))
    finally:
        connection.execute("PRAGMA synchronous = FULL")


def used(connection: sqlite3.Connection, now: datetime) -> int:
    """The calls of a month, all bases together.

    Args:
        connection: An open sandbox.
        now: A time in the month.
    """
    found = connection.execute("SELECT calls FROM quota WHERE month = ?", (_month(now),)).fetchone()
    return found[0] if found else 0


def _month(now: datetime) -> str:
    return f"{now:%Y-%m}"
