"""Options that are lists in `rules/lists/` unless the rules give them themselves."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dq.rules import Placeholder


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists beside the rule files.

    Attributes:
        legal_forms: Legal form → how it is written.
        placeholders: Values that are nobody's own.
        email_domains: `free` and `disposable` → the providers' domains.
        countries: Country's name, or `.domain` → region.
        name_words: Words in names that are no names, by what they are.
        nicknames: Pairs of a formal name and one that is short for it, in the file's order.
    """

    legal_forms: dict[str, str] = field(default_factory=dict)
    placeholders: tuple[Placeholder, ...] = ()
    email_domains: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    countries: dict[str, str] = field(default_factory=dict)
    name_words: dict[str, list[str]] = field(default_factory=dict)
    nicknames: tuple[tuple[str, str], ...] = ()


def filled(name: str, options: dict[str, Any], lists: Lists) -> dict[str, Any]:
    """A standardizer's options with what they leave to the lists."""
    defaults: dict[str, Any] = {}
    if name == "company":
        defaults = {"legal_forms": lists.legal_forms, "placeholders": _values(lists, "company")}
    elif name == "text":
        defaults = {"placeholders": _values(lists, "text")}
    elif name == "email":
        defaults = {"placeholders": _values(lists, "email"), **_marked(options["mark"], lists)}
    elif name == "name":
        defaults = {"words": lists.name_words, "placeholders": _patterns(lists, "name")}
    elif name == "phone":
        located = options["country"] or options["website"]
        defaults = {"placeholders": _patterns(lists, "phone"), **({"countries": lists.countries} if located else {})}
    return {**options, **{key: value for key, value in defaults.items() if options[key] is None}}


def _values(lists: Lists, kind: str) -> list[str]:
    """A kind's lines as the standardizers are told of them: regular expressions stand between slashes.

    A bare number says nothing as a name and much in a column of numbers, which are text here.
    """
    return [
        f"/{line.value}/" if line.match == "regex" else line.value
        for line in lists.placeholders
        if line.kind == kind and line.match != "local_part" and not line.value.isdigit()
    ]


def _patterns(lists: Lists, kind: str) -> list[str]:
    """Patterns of a kind's placeholders, each of which a value must match whole."""
    lines = [line for line in lists.placeholders if line.kind in (kind, "text")]
    return [re.escape(line.value) if line.match == "exact" else f".*(?:{line.value}).*" for line in lines]


def _marked(marks: list[str], lists: Lists) -> dict[str, list[str]]:
    """The lists that the marks need, and no others: rules are kept with every plan."""
    roles = [line.value for line in lists.placeholders if (line.kind, line.match) == ("email", "local_part")]
    known = {
        "role": ("roles", roles),
        "free": ("free_domains", list(lists.email_domains.get("free", ()))),
        "disposable": ("disposable_domains", list(lists.email_domains.get("disposable", ()))),
    }
    return {option: values for mark, (option, values) in known.items() if mark in marks}
