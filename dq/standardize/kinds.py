"""The standardizers by name, and what options each takes."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

import polars as pl
from pydantic import ValidationError

from dq.errors import ConfigurationError
from dq.options import BESIDE, OPTIONS, Options
from dq.plugins import Kind, plugin, plugin_names
from dq.rules import Standardizer
from dq.standardize import (
    company,
    date,
    email,
    enum,
    expression,
    linkedin,
    mapped,
    name,
    name_parts,
    number,
    phone,
    regex,
    text,
    website,
)
from dq.standardize.forms import Standardized

__all__ = ["KINDS", "STANDARDIZERS", "Kind", "check_options", "kind_of", "step"]

KINDS: Mapping[str, Kind] = {
    "text": Kind(OPTIONS["text"], text.standard, text.finding, invalid=frozenset({"text.placeholder"})),
    "email": Kind(
        OPTIONS["email"],
        email.standard,
        email.finding,
        email.match_form,
        invalid=frozenset({"email.several", "email.placeholder"}),
    ),
    "website": Kind(
        OPTIONS["website"],
        website.standard,
        website.finding,
        website.match_form,
        invalid=frozenset({"website.scheme", "website.several"}),
    ),
    "linkedin": Kind(
        OPTIONS["linkedin"],
        linkedin.standard,
        linkedin.finding,
        linkedin.match_form,
        invalid=frozenset({"linkedin.short", "linkedin.post", "linkedin.number"}),
    ),
    "company": Kind(
        OPTIONS["company"],
        company.standard,
        company.finding,
        company.match_form,
        invalid=frozenset({"company.placeholder", "company.address"}),
    ),
    "enum": Kind(
        OPTIONS["enum"], enum.standard, enum.finding, invalid=frozenset({"enum.unknown"}), guessed=enum.corrected
    ),
    "date": Kind(OPTIONS["date"], date.standard, date.finding),
    "number": Kind(OPTIONS["number"], number.standard, number.finding),
    "map": Kind(OPTIONS["map"], mapped.standard, mapped.finding, invalid=frozenset({"map.emptied"})),
    "regex": Kind(
        OPTIONS["regex"], regex.standard, regex.finding, invalid=frozenset({"regex.emptied", "regex.mismatch"})
    ),
    "expression": Kind(
        OPTIONS["expression"], expression.standard, expression.finding, invalid=frozenset({"expression.emptied"})
    ),
    "name": Kind(
        OPTIONS["name"], name.standard, name.finding, name_parts.match_form, invalid=frozenset({"name.placeholder"})
    ),
    "phone": Kind(
        OPTIONS["phone"],
        phone.standard,
        phone.finding,
        phone.match_form,
        beside=BESIDE["phone"],
        invalid=frozenset({"phone.damaged", "phone.several", "phone.short", "phone.placeholder"}),
    ),
}

STANDARDIZERS: Mapping[str, Callable[[pl.Expr, Mapping[str, Any]], Standardized]] = {
    "text": text.standardize,
    "email": email.standardize,
    "website": website.standardize,
    "linkedin": linkedin.standardize,
    "company": company.standardize,
    "enum": enum.standardize,
    "date": date.standardize,
    "number": number.standardize,
    "map": mapped.standardize,
    "regex": regex.standardize,
    "expression": expression.standardize,
    "name": name.standardize,
    "phone": phone.standardize,
}


def check_options(name: str, options: Mapping[str, Any]) -> list[str]:
    """What is wrong with a standardizer's name or options, one sentence each; empty when nothing is."""
    kind = kind_of(name)
    if kind is None:
        return [f"unknown standardizer `{name}`{_near(name, [*KINDS, *plugin_names()])}"]
    try:
        kind.options.model_validate(dict(options))
    except ValidationError as error:
        return [_sentence(name, kind, mistake) for mistake in error.errors(include_url=False, include_input=False)]
    return []


def kind_of(name: str) -> Kind | None:
    """The standardizer of a name, one of dq's own or a plug-in; None if there is none.

    Raises:
        ConfigurationError: It is a plug-in that cannot be used.
    """
    return KINDS[name] if name in KINDS else plugin(name)


def step(standardizer: Standardizer) -> tuple[Kind, Options]:
    """A rule's standardizer with its options, checked.

    Raises:
        ConfigurationError: No such standardizer or option.
    """
    mistakes = check_options(standardizer.name, standardizer.options)
    kind = kind_of(standardizer.name)
    if kind is None or mistakes:
        raise ConfigurationError("; ".join(mistakes), where="rules/standardize.yaml", fix="dq config check")
    return kind, kind.options.model_validate(standardizer.options)


def _sentence(name: str, kind: Kind, mistake: Any) -> str:
    where = ".".join(str(part) for part in mistake["loc"])
    if mistake["type"] == "extra_forbidden":
        return f"unknown option `{where}` of `{name}`{_near(where, list(kind.options.model_fields))}"
    return f"option `{where}` of `{name}`: {mistake['msg']}" if where else f"options of `{name}`: {mistake['msg']}"


def _near(word: str, known: list[str]) -> str:
    near = get_close_matches(word, known, n=1)
    return f", did you mean `{near[0]}`?" if near else f" (it has {', '.join(known) or 'none'})"
