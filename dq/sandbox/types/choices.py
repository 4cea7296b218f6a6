"""Cells that choose: select options by exact name, linked records by id."""

import re
from typing import Any

from dq.sandbox import refusals
from dq.sandbox.schema import Field
from dq.sandbox.types.terms import Take, Terms

RECORD_ID = re.compile(r"rec[A-Za-z0-9]+")


def listed(value: Any) -> list[Any]:
    """The value, which is a list.

    Args:
        value: What a request sends.

    Raises:
        TypeError: It is none.
    """
    if not isinstance(value, list):
        raise TypeError
    return value


def distinct(items: list[str]) -> list[str] | None:
    """The items, none of which comes twice; None if there is none.

    Args:
        items: Names or ids.

    Raises:
        ValueError: One comes twice.
    """
    if len(set(items)) < len(items):
        raise ValueError
    return items or None


def _select(field: Field, value: Any, _terms: Terms) -> str:
    if not isinstance(value, str):
        raise TypeError
    if value not in field.choices:
        raise refusals.unknown_option(value)
    return value


def _selects(field: Field, value: Any, terms: Terms) -> list[str] | None:
    return distinct([_select(field, item, terms) for item in listed(value)])


def _links(_field: Field, value: Any, _terms: Terms) -> list[str] | None:
    ids = listed(value)
    if not all(isinstance(item, str) and RECORD_ID.fullmatch(item) for item in ids):
        raise ValueError
    return distinct(ids)


TAKES: dict[str, Take] = {"singleSelect": _select, "multipleSelects": _selects, "multipleRecordLinks": _links}
