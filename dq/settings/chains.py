"""The chains of standardizers that `rules/standardize.yaml` gives the fields, every option spelled out."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dq.errors import ConfigurationError
from dq.options import OPTIONS, Options
from dq.plugins import plugin, plugin_names
from dq.rules import OnInvalid, Standardizer
from dq.settings.document import Document
from dq.settings.filling import Lists, filled
from dq.settings.lists import read_map
from dq.settings.mistakes import Key, nearest
from dq.settings.ruleshapes import FieldEntry, StandardizeFile
from dq.settings.validate import mistakes_of

CLOSED = frozenset({"enum", "map", "number", "date"})
"""Standardizers that know which values there are: before them `unknown` and `0` are no placeholders."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What standardizers are told beside their rules.

    Attributes:
        lists: The lists that all projects have.
        file: From a list's name to its path, and what messages call it.
    """

    lists: Lists
    file: Callable[[str], tuple[Path, str]]


def options_of(name: str) -> type[Options] | None:
    """The options of a standardizer, one of dq's own or a plug-in; None if there is none of that name.

    Raises:
        ConfigurationError: It is a plug-in that cannot be used.
    """
    if name in OPTIONS:
        return OPTIONS[name]
    found = plugin(name)
    return None if found is None else found.options


def standardizer(name: str, options: dict[str, Any], lists: Lists) -> Standardizer:
    """A standardizer with every option spelled out, defaults included, so that equal rules are equal values."""
    shape = options_of(name)
    if shape is None:
        raise KeyError(name)
    full = shape.model_validate(options).model_dump()
    return Standardizer(name=name, options=filled(name, full, lists), version=shape.version)


def chains_of(document: Document, file: StandardizeFile, sources: Sources) -> dict[str, tuple[Standardizer, ...]]:
    """Field → its standardizers; mistakes are noted in the document."""
    chains: dict[str, tuple[Standardizer, ...]] = {}
    for name, entry in file.fields.items():
        chain: list[Standardizer] = []
        key, steps = (
            (("fields", name), entry)
            if isinstance(entry, list)
            else (("fields", name, "standardize"), entry.standardize)
        )
        closed = not CLOSED.isdisjoint(word for step in steps for word in step)
        for position, step in enumerate(steps):
            chain += _steps(document, (*key, position), _opened(step) if closed else step, sources)
        chains[name] = tuple(chain) or (standardizer("text", {}, sources.lists),)
    return chains


def _opened(step: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """A step before a closed set of values: no value is a placeholder unless the rule itself says so."""
    return {word: {"placeholders": [], **options} if word == "text" else options for word, options in step.items()}


def on_invalid_of(file: StandardizeFile) -> dict[str, OnInvalid]:
    """Field → what becomes of an invalid cell, where it is not kept."""
    entries = {name: entry for name, entry in file.fields.items() if isinstance(entry, FieldEntry)}
    return {name: entry.on_invalid for name, entry in entries.items() if entry.on_invalid != "keep"}


def named_in(document: Document, file: StandardizeFile) -> dict[Key, str]:
    """Where the file names fields: key path → file and line."""
    keys: list[Key] = [*(("fields", name) for name in file.fields), *(("defaults", name) for name in file.defaults)]
    return {key: document.where(key) for key in keys}


def _steps(document: Document, key: Key, step: dict[str, dict[str, Any]], sources: Sources) -> list[Standardizer]:
    if len(step) != 1:
        document.mistakes.append(document.mistake(key, "expected one standardizer: `name` or `name: {options}`"))
    found = (_step(document, (*key, word), word, options, sources) for word, options in step.items())
    return [one for one in found if one is not None]


def _step(document: Document, key: Key, word: str, options: dict[str, Any], sources: Sources) -> Standardizer | None:
    try:
        shape = options_of(word)
    except ConfigurationError as error:
        document.mistakes.append(document.mistake(key, error.what))
        return None
    if shape is None:
        known = sorted({*OPTIONS, *plugin_names()})
        document.mistakes.append(document.mistake(key, f"unknown standardizer `{word}`{nearest(word, known)}"))
        return None
    try:
        return standardizer(word, _with_list(document, key, word, options, sources), sources.lists)
    except ValidationError as error:
        document.mistakes += mistakes_of(error, document, shape, key)
        return None


def _with_list(document: Document, key: Key, word: str, options: dict[str, Any], sources: Sources) -> dict[str, Any]:
    """A map's options with the lines of its list file; what the rule itself says goes before them."""
    name = options.get("file") if word == "map" else None
    if not isinstance(name, str) or not isinstance(options.get("values", {}), dict):
        return options
    if Path(name).is_absolute() or ".." in Path(name).parts:
        document.mistakes.append(
            document.mistake((*key, "file"), "must be a file below `rules/`, such as lists/titles.csv")
        )
        return options
    path, called = sources.file(name)
    if not path.is_file():
        rules = sources.file("standardize.yaml")[0].parent
        there = [one.relative_to(rules).as_posix() for one in rules.rglob("*.csv")]
        text = f"there is no rules/{name}{nearest(name, there)}"
        document.mistakes.append(document.mistake((*key, "file"), text))
        return {**options, "file": None}
    listed, mistakes = read_map(path, called)
    document.mistakes += mistakes
    return {**options, "file": None, "values": {**listed, **options.get("values", {})}}
