"""Moments at which a process may die: before and after whatever leaves a trace on a disk or in a store.

A process is killed at one kind of moment, each as likely as the other, however often a run passes it: the rare ones
(the base is written, its pointer is not) come as often as the common ones. Between a store's answer and the journal
that hears of it, death is three times as likely.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest

from dq import audit, snapshot
from dq.apply import base as base_state
from dq.apply import execute
from dq.apply import plan as plans
from dq.apply.journal import Journal
from dq.stores.sqlite import SqliteStore

assert snapshot.take  # its module is loaded, and hidden behind the function of the same name
OWNERS: dict[str, tuple[Any, str]] = {
    "manifest": (sys.modules["dq.snapshot.take"], "write_file"),
    "plan": (plans, "write_json"),
    "journal note": (Journal, "note"),
    "journal begin": (Journal, "begin"),
    "database write": (SqliteStore, "write"),
    "journal settle": (Journal, "settle"),
    "verification": (execute, "mismatches"),
    "base": (base_state, "write_parquet"),
    "base pointer": (base_state, "write_json"),
    "audit log": (audit, "append"),
}
MOMENTS = [(when, name) for name in OWNERS for when in ("before", "after")]
ANSWERED = ("before", "journal settle")
"""A store has answered, and the journal has not heard of it."""


class Killed(BaseException):
    """The process is gone: nothing after this line was done."""


@contextmanager
def dying(dice: Random, likely: float) -> Iterator[None]:
    """Let the process be killed, as likely as that, at a moment that the dice choose."""
    if dice.random() >= likely:
        yield
        return
    when, name = dice.choice([*MOMENTS, ANSWERED, ANSWERED])
    left = dice.choice((1, 1, 2, 3))
    owner, attribute = OWNERS[name]
    inner = getattr(owner, attribute)

    def moment() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Killed(f"{when} {name}")

    def outer(*args: Any, **options: Any) -> Any:
        if when == "before":
            moment()
        found = inner(*args, **options)
        if when == "after":
            moment()
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, attribute, outer)
        yield
