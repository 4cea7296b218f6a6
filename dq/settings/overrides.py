"""Environment variables that set one key each: `DQ_STORES__AIRTABLE__ENDPOINT_URL` and the like."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from dq.settings.document import ABSENT, Document, scalar_of, value_at
from dq.settings.mistakes import Key, Mistake, nearest, path_of
from dq.settings.shape import ConfigShape
from dq.settings.validate import keys_at, part_at

PREFIX = "DQ_"


def apply_overrides(document: Document, env: Mapping[str, str]) -> None:
    """Set the keys that the variables name; they win over the file.

    Variables without `__` that are no top-level key (`DQ_CONFIG`) are not about a key and stay alone.
    """
    for variable in sorted(name for name in env if name.startswith(PREFIX)):
        steps = variable.removeprefix(PREFIX).lower().split("__")
        if len(steps) == 1 and steps[0] not in ConfigShape.model_fields:
            continue
        origin = f"environment variable {variable}"
        key = _key(document, origin, steps)
        if key is not None:
            _set(document, key, env[variable], origin)


def value_for(key: Key, text: str) -> Any:
    """A variable's text as the value that the key takes."""
    return text if part_at(ConfigShape, key).get("type") == "string" else scalar_of(text)


def _key(document: Document, origin: str, steps: Sequence[str]) -> Key | None:
    """The key path that a variable's name spells; None, with the mistake noted, if there is no such key."""
    key: Key = ()
    for step in steps:
        part = part_at(ConfigShape, key)
        if part.get("type") == "array" and step.isdigit():
            key = (*key, int(step))
            continue
        there = value_at(document.data, key)
        known = list(part.get("properties", {})) or (list(there) if isinstance(there, dict) else [])
        name = next(
            (name for name in known if name.lower() == step), step if part.get("additionalProperties") else None
        )
        if name is None:
            inside = f" in {path_of(key)}" if key else ""
            document.mistakes.append(Mistake(origin, "", f"there is no key `{step}`{inside}{nearest(step, known)}"))
            return None
        key = (*key, name)
    if "properties" in part_at(ConfigShape, key):
        text = f"names a whole section; name one of its keys, e.g. {_example(key)}"
        document.mistakes.append(Mistake(origin, path_of(key), text))
        return None
    return key


def _example(key: Key) -> str:
    return PREFIX + "__".join(str(step) for step in (*key, keys_at(ConfigShape, key)[0])).upper()


def _set(document: Document, key: Key, text: str, origin: str) -> None:
    holder: Any = document.data
    for step, following in pairwise(key):
        if isinstance(holder, dict) and not isinstance(holder.get(step), dict | list):
            holder[step] = [] if isinstance(following, int) else {}
        holder = value_at(holder, (step,))
    last = key[-1]
    if holder is ABSENT or (isinstance(holder, list) and value_at(holder, (last,)) is ABSENT):
        document.mistakes.append(Mistake(origin, path_of(key), "the list in the file has no such position"))
        return
    holder[last] = value_for(key, text)
    document.origins[key] = origin
    document.overridden.add(key)
