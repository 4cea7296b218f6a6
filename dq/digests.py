"""JSON that tells by itself whether it is as it was written: its own digest stands in it."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

OWN = "sha256"
"""The key of a value's own digest."""


def digest_of_json(data: Any) -> str:
    """SHA-256 of a JSON value, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(data, sort_keys=True, ensure_ascii=False, default=str).encode()).hexdigest()


def sealed(data: Mapping[str, Any]) -> dict[str, Any]:
    """The value with its own digest."""
    return {**data, OWN: digest_of_json(data)}


def unsealed(data: Any) -> dict[str, Any]:
    """The value without its digest; one that an older dq wrote has none.

    Raises:
        TypeError: It is no object.
        ValueError: It is not as it was written.
    """
    if not isinstance(data, dict):
        raise TypeError(type(data).__name__)
    held = {name: value for name, value in data.items() if name != OWN}
    if OWN in data and data[OWN] != digest_of_json(held):
        raise ValueError("it does not match its own digest")
    return held
