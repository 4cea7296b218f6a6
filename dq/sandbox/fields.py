"""What each field type takes on a write, and the form in which it is stored and read back.

`accept` is strict: it converts nothing that Airtable would convert only with `typecast`. A value that leaves the cell
empty gives None. A type that is neither known here nor computed is read-only.
"""

from collections.abc import Mapping
from typing import Any

from dq.sandbox import refusals
from dq.sandbox.schema import COMPUTED, Field
from dq.sandbox.types import choices, files, numbers, people, texts, times
from dq.sandbox.types.terms import Terms
from dq.sandbox.types.times import moment

__all__ = ["Terms", "accept", "accept_given", "is_empty", "is_writable", "moment"]

_TAKES = texts.TAKES | numbers.TAKES | times.TAKES | choices.TAKES | people.TAKES | files.TAKES
_ANY = Terms()


def is_writable(field: Field) -> bool:
    """Whether a value may be sent for this field.

    Args:
        field: The field.
    """
    return field.type in _TAKES


def accept(field: Field, value: Any, terms: Terms = _ANY) -> Any:
    """The value as the cell will hold it, None for an empty cell.

    Args:
        field: The field that is written.
        value: What the request sends, parsed from JSON.
        terms: The circumstances of the write.

    Raises:
        RefusalError: The field is computed or read-only, or its type does not take the value.
    """
    if field.type in COMPUTED:
        raise refusals.field_computed(field.name)
    if field.type not in _TAKES:
        raise refusals.value_refused(field.name)
    if value is None:
        return None
    try:
        return _TAKES[field.type](field, value, terms)
    except (ValueError, TypeError, OverflowError) as error:
        raise refusals.value_refused(field.name) from error


def accept_given(field: Field, value: Any) -> Any:
    """A value of a loaded document as the cell will hold it: users and attachments are taken as they read.

    Args:
        field: A writable field.
        value: A cell's value, not empty.

    Raises:
        RefusalError: The field's type does not take the value.
    """
    required = {"multipleAttachments": {"id", "url"}, "singleCollaborator": {"id"}, "multipleCollaborators": {"id"}}
    if field.type not in required:
        return accept(field, value)
    items = value if isinstance(value, list) else [value]
    shaped = all(isinstance(item, Mapping) and required[field.type] <= set(item) for item in items)
    if not shaped or isinstance(value, list) != (field.type != "singleCollaborator"):
        raise refusals.value_refused(field.name)
    return value


def is_empty(value: Any) -> bool:
    """Whether a value is one that Airtable leaves out of its answers; 0 is not.

    Args:
        value: A cell's value.
    """
    return value is None or value is False or value in ("", [])
