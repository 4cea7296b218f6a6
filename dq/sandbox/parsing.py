"""JSON from outside as the values of this package: checked by their annotations, with every mistake placed."""

from typing import Any, TypeVar

T = TypeVar("T")

STRICT_KEYS = {"extra": "forbid"}
"""For `__pydantic_config__`: a misspelt key must not pass for an absent one."""


def parsed(kind: type[T], data: Any) -> T:
    """A value of a frozen dataclass, out of parsed JSON.

    Args:
        kind: The dataclass.
        data: What was parsed.

    Raises:
        ValueError: The data does not fit; the text says where and why, and holds no value.
    """
    from pydantic import TypeAdapter, ValidationError  # noqa: PLC0415 - slow to load, and rarely needed

    try:
        return TypeAdapter(kind).validate_python(data)
    except ValidationError as error:
        shown = error.errors(include_url=False, include_context=False, include_input=False)
        places = (f"{'.'.join(map(str, one['loc'])) or 'the document'}: {one['msg']}" for one in shown[:5])
        raise ValueError("; ".join(places)) from None
