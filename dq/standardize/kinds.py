"""The standardizers by name, and what options each takes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import polars as pl
from pydantic import ValidationError

from dq.errors import ConfigurationError
from dq.options import OPTIONS, Options
from dq.rules import Standardizer
from dq.standardize import company, email, enum, linkedin, text, website
from dq.standardize.forms import Standardized


@dataclass(frozen=True, slots=True)
class Kind:
    """A standardizer.

    Attributes:
        options: Its options.
        standard: The standard form of a column.
        finding: The findings of a column in standard form.
        match: The form of a column in standard form that is compared and never stored; None for the standard form.
    """

    options: type[Options]
    standard: Callable[[pl.Expr, Any], pl.Expr]
    finding: Callable[[pl.Expr, Any], pl.Expr] | None
    match: Callable[[pl.Expr], pl.Expr] | None = None


KINDS: Mapping[str, Kind] = {
    "text": Kind(OPTIONS["text"], text.standard, None),
    "email": Kind(OPTIONS["email"], email.standard, email.finding, email.match_form),
    "website": Kind(OPTIONS["website"], website.standard, website.finding, website.match_form),
    "linkedin": Kind(OPTIONS["linkedin"], linkedin.standard, linkedin.finding, linkedin.match_form),
    "company": Kind(OPTIONS["company"], company.standard, company.finding, company.match_form),
    "enum": Kind(OPTIONS["enum"], enum.standard, enum.finding),
}

STANDARDIZERS: Mapping[str, Callable[[pl.Expr, Mapping[str, Any]], Standardized]] = {
    "text": text.standardize,
    "email": email.standardize,
    "website": website.standardize,
    "linkedin": linkedin.standardize,
    "company": company.standardize,
    "enum": enum.standardize,
}


def check_options(name: str, options: Mapping[str, Any]) -> list[str]:
    """What is wrong with a standardizer's name or options, one sentence each; empty when nothing is."""
    if name not in KINDS:
        return [f"unknown standardizer `{name}`{_near(name, list(KINDS))}"]
    try:
        KINDS[name].options.model_validate(dict(options))
    except ValidationError as error:
        return [_sentence(name, mistake) for mistake in error.errors(include_url=False, include_input=False)]
    return []


def step(standardizer: Standardizer) -> tuple[Kind, Options]:
    """A rule's standardizer with its options, checked.

    Raises:
        ConfigurationError: No such standardizer or option.
    """
    try:
        kind = KINDS[standardizer.name]
        return kind, kind.options.model_validate(standardizer.options)
    except (KeyError, ValidationError):
        mistakes = check_options(standardizer.name, standardizer.options)
        raise ConfigurationError("; ".join(mistakes), where="rules/standardize.yaml", fix="dq config check") from None


def _sentence(name: str, mistake: Any) -> str:
    where = ".".join(str(part) for part in mistake["loc"])
    if mistake["type"] == "extra_forbidden":
        return f"unknown option `{where}` of `{name}`{_near(where, list(KINDS[name].options.model_fields))}"
    return f"option `{where}` of `{name}`: {mistake['msg']}" if where else f"options of `{name}`: {mistake['msg']}"


def _near(word: str, known: list[str]) -> str:
    near = get_close_matches(word, known, n=1)
    return f", did you mean `{near[0]}`?" if near else f" (it has {', '.join(known) or 'none'})"
