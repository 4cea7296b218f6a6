"""A document against its shape: pydantic's findings as mistakes with lines and near misses."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from dq.settings.document import Document
from dq.settings.mistakes import Key, Mistake, nearest
from dq.settings.words import SAME_POLICY


class Shape(BaseModel):
    """A part of a file: strict types, no unknown keys."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


LIST_TAG, KEYS_TAG = "as a list", "as keys"
"""The two forms of a value; pydantic names them in its paths, a file does not."""
S = TypeVar("S", bound=Shape)
_WORD = re.compile(r"^[\w-]{1,40}")
"""What of an unknown key may be shown: behind it a value may have slipped in."""


def validated(document: Document, model: type[S]) -> S | None:
    """The document as its shape; None, with the mistakes noted in the document, when it does not fit."""
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        document.mistakes += mistakes_of(error, document, model)
        return None


def mistakes_of(error: ValidationError, document: Document, model: type[BaseModel], prefix: Key = ()) -> list[Mistake]:
    """Pydantic's findings as mistakes; `prefix` is where in the document the model begins."""
    return [_mistake(document, model, prefix, finding) for finding in error.errors(include_url=False)]


def part_at(model: type[BaseModel], key: Key) -> Mapping[str, Any]:
    """The JSON Schema of the part of a shape that a key path leads to; empty if it leads nowhere."""
    whole = _schema(model)
    part = _plain(whole, whole)
    for step in key:
        if isinstance(step, int):
            part = part.get("items", {})
        else:
            part = part.get("properties", {}).get(step) or part.get("additionalProperties") or {}
        part = _plain(whole, part if isinstance(part, Mapping) else {})
    return part


def keys_at(model: type[BaseModel], key: Key) -> list[str]:
    """The keys that a shape knows at a key path."""
    return list(part_at(model, key).get("properties", {}))


@cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema(mode="validation")


def _plain(whole: Mapping[str, Any], part: Mapping[str, Any]) -> Mapping[str, Any]:
    """A part without its references and without the null and single-value forms beside its main form."""
    while "$ref" in part or "anyOf" in part or "oneOf" in part:
        if "$ref" in part:
            part = whole["$defs"][part["$ref"].rsplit("/", 1)[1]]
        else:
            part = max(
                part.get("anyOf") or part["oneOf"],
                key=lambda form: ("$ref" in form, form.get("type") in {"array", "object"}),
            )
    return part


def _mistake(document: Document, model: type[BaseModel], prefix: Key, finding: ErrorDetails) -> Mistake:
    inner: Key = tuple(step for step in finding["loc"] if step not in (LIST_TAG, KEYS_TAG))
    if finding["type"] == "extra_forbidden":
        word = str(inner[-1])
        shown = "".join(_WORD.findall(word)[:1])
        hint = nearest(shown, keys_at(model, inner[:-1])) if shown == word else "…; is a space missing after the `:`?"
        where = document.where((*prefix, *inner))
        return Mistake(where, document.path((*prefix, *inner[:-1], shown)), f"unknown key `{shown}`{hint}")
    return document.mistake((*prefix, *inner), _text(finding))


def _text(finding: ErrorDetails) -> str:
    """What is wrong, without the value: it may be a secret, unless it is nearly one of the known words."""
    kind, context, value = finding["type"], finding.get("ctx", {}), finding.get("input")
    if kind == "missing":
        return "is missing"
    if kind == "literal_error":
        known = [word.strip("' ") for word in str(context["expected"]).replace(" or ", ", ").split(",")]
        known += [word for word, same in SAME_POLICY.items() if same in known]
        hint = nearest(value, known) if isinstance(value, str) else f"; known: {', '.join(known)}"
        return f"not one of the known words{hint}"
    if kind in {"value_error", "assertion_error"}:
        return str(context["error"])
    if kind in _LIMITS:
        limit, sign = _LIMITS[kind]
        return f"must be {sign} {context[limit]}"
    expected = _EXPECTED.get(kind)
    return f"expected {expected}, found {_found(value)}" if expected else finding["msg"].lower()


def _found(value: object) -> str:
    names = {bool: "true/false", int: "a whole number", float: "a number", str: "a text", list: "a list", dict: "keys"}
    return names.get(type(value), "nothing")


_LIMITS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
    "too_short": ("min_length", "a list of at least"),
}
_EXPECTED = {
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a number that is finite",
    "string_type": "a text",
    "string_too_short": "a text that is not empty",
    "list_type": "a list",
    "dict_type": "keys with values",
    "model_type": "keys with values",
    "model_attributes_type": "keys with values",
}
