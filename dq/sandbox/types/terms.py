"""What a field type has to know, beside the field and the value, to take a cell."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias

from dq.sandbox.schema import Field
from dq.sandbox.switches import STRICT, Switches


def _no_id() -> str:
    raise ValueError


@dataclass(frozen=True)
class Terms:
    """The circumstances of a write.

    Args:
        switches: What to do where Airtable's behavior is unknown.
        users: The users that a cell may name, by id and by email in lower case.
        old: The record's cells before the write.
        new_id: Gives the id of a new attachment.
    """

    switches: Switches = STRICT
    users: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: MappingProxyType({}))
    old: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    new_id: Callable[[], str] = _no_id


Take: TypeAlias = Callable[[Field, Any, Terms], Any]
"""The stored form of a value, None for an empty cell; ValueError or TypeError where the type does not take it."""
