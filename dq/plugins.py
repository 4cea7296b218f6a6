"""Standardizers as values, and those that other distributions bring by the entry point group `dq.standardizers`.

A plug-in is looked for only when a rule names a standardizer that dq does not have itself; nothing is scanned before.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import polars as pl

from dq.errors import ConfigurationError
from dq.options import Options

GROUP = "dq.standardizers"
_INVALID = ".invalid"


@dataclass(frozen=True, slots=True)
class Kind:
    """A standardizer.

    Attributes:
        options: Its options; the model carries the version of the standard form.
        standard: The standard form of a column.
        finding: The findings of a column in standard form.
        match: The form of a column in standard form that is compared and never stored; None for the standard form.
        invalid: Finding codes that say that a cell does not hold what it should, beside those that end in `.invalid`.
        messages: What its finding codes mean, in plain words, where dq does not know them.
        guessed: Findings of a column not yet in standard form, for cells whose standard form is a guess.
        beside: The options that name other fields of the row; `standard` and `finding` take those columns, by option,
            as a third argument.
    """

    options: type[Options]
    standard: Callable[..., pl.Expr]
    finding: Callable[..., pl.Expr] | None
    match: Callable[[pl.Expr], pl.Expr] | None = None
    invalid: frozenset[str] = frozenset()
    messages: Mapping[str, str] = field(default_factory=dict)
    guessed: Callable[[pl.Expr, Any], pl.Expr] | None = None
    beside: tuple[str, ...] = ()

    @property
    def version(self) -> int:
        """Version of the standard form."""
        return self.options.version

    def is_invalid(self, code: str) -> bool:
        """Whether a finding code says that a cell does not hold what it should."""
        return code.endswith(_INVALID) or code in self.invalid


def plugin_names() -> list[str]:
    """The names of all installed plug-ins, for near misses."""
    return sorted({point.name for point in entry_points(group=GROUP)})


@cache
def plugin(name: str) -> Kind | None:
    """An installed plug-in; None if there is none of that name.

    Raises:
        ConfigurationError: It is there and cannot be used.
    """
    points = list(entry_points(group=GROUP, name=name))
    if not points:
        return None
    if len({point.value for point in points}) > 1:
        several = ", ".join(sorted(_origin(point) for point in points))
        raise _broken(name, points[0], f"several distributions bring it: {several}")
    return _loaded(name, points[0])


def _loaded(name: str, point: EntryPoint) -> Kind:
    try:
        kind = point.load()
    except Exception as error:  # another's module may raise anything when it is imported
        raise _broken(name, point, f"{type(error).__name__}: {error}") from error
    if not isinstance(kind, Kind):
        raise _broken(name, point, f"it is no dq.standardize.Kind but a {type(kind).__name__}")
    if not (isinstance(kind.options, type) and issubclass(kind.options, Options)):
        raise _broken(name, point, "its options are no subclass of dq.options.Options")
    return replace(kind, standard=_careful(kind.standard))


def _careful(standard: Callable[..., pl.Expr]) -> Callable[..., pl.Expr]:
    """The standard form; a value of which the plug-in leaves nothing stays as it is."""

    def kept(value: pl.Expr, options: Any, *beside: Mapping[str, pl.Expr]) -> pl.Expr:
        form = standard(value, options, *beside).cast(pl.String)
        return pl.when(form.fill_null("") != "").then(form).otherwise(value)

    return kept


def _broken(name: str, point: EntryPoint, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"the plug-in `{name}` of {_origin(point)} cannot be used: {why}",
        where=f"entry point {GROUP}: {name} = {point.value}",
        fix="install it anew or take it out of rules/standardize.yaml",
    )


def _origin(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else "an unknown distribution"
