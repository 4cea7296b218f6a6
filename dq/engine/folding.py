# ruff: noqa: RUF001 (letters that look like others are what this is about)
"""Folding: values of any column as they are compared, by the column's role; never stored."""

from collections.abc import Callable, Mapping

import polars as pl

from dq.options import DateOptions
from dq.rules import Role
from dq.standardize import company, date, email, linkedin, text, website
from dq.standardize.digits import plain_digits
from dq.standardize.forms import change_where, each, once

_MONTHS = 12
_LAST_CENTURY, _THIS_CENTURY = (
    rf"^([0-9]{{1,2}}[-/. ][A-Za-z0-9]{{1,9}}[-/. ])({years}[0-9])$" for years in ("[3-9]", "[0-2]")
)
"""Years of two digits: 30 to 99 are of the last century."""
_NUMBERS = r"^([0-9]{1,2})[-/.][0-9]{1,2}[-/.][0-9]{4}$"

_NAMED = r"^[^<>]*<\s*([^<>@\s]+@[^<>\s]+)\s*>\s*$"
"""A mailbox behind its owner's name: `Anna Berg <anna@berg.de>`."""
_PLAIN_WORDS = r"^[A-Za-z0-9]+(?: [A-Za-z0-9]+)*$"
_PLAIN_NUMBER = r"^[0-9 ()+./-]*$"
_BETWEEN_DIGITS = dict.fromkeys(" ()+./-", "")


def words_of(value: pl.Expr) -> pl.Expr:
    """Folded words, a space between them; null where there is none."""
    return change_where(value, lambda v: ~v.str.contains(_PLAIN_WORDS), each(_words)).str.to_lowercase()


def _words(value: pl.Expr) -> pl.Expr:
    folded = text.folded(text.tidy(value)).str.replace_all(r"['’`]", "")
    plain = folded.str.replace_all(r"[^\p{L}\p{N}\p{M}]+", " ").str.strip_chars(" ")
    return pl.when(plain != "").then(plain)


def _code(value: pl.Expr) -> pl.Expr:
    return words_of(value).str.replace_all(" ", "", literal=True)


def _number(value: pl.Expr) -> pl.Expr:
    """The last ten digits: a calling code may be there or not."""
    plain = change_where(value, lambda v: ~v.str.contains(_PLAIN_NUMBER), each(_digits))
    return once(plain, lambda v: _enough(v.str.replace_many(_BETWEEN_DIGITS)))


def _enough(digits: pl.Expr) -> pl.Expr:
    return pl.when(digits.str.len_bytes() >= 5).then(digits.str.slice(-10))


def _digits(value: pl.Expr) -> pl.Expr:
    return plain_digits(text.tidy(value).str.normalize("NFKC")).str.replace_all(r"[^0-9]", "")


def _day(value: pl.Expr) -> pl.Expr:
    """Days as eight digits; whether days or months come first is what most of the column's days allow."""
    written = text.tidy(plain_digits(value)).str.replace(_LAST_CENTURY, "${1}19${2}")
    written = written.str.replace(_THIS_CENTURY, "${1}20${2}")
    first, second = (written.str.extract(_NUMBERS, group).cast(pl.Int64, strict=False) for group in (1, 2))
    by_days, by_months = (date.standard(written, DateOptions(day_first=is_first)) for is_first in (True, False))
    days = pl.when((first > _MONTHS).sum() > (second > _MONTHS).sum()).then(by_days).otherwise(by_months)
    digits = days.str.replace_all(r"[^0-9]", "").str.slice(0, 8)
    return pl.when(digits.str.len_bytes() == 8).then(digits)


def folded(role: Role, value: pl.Expr, legal_forms: Mapping[str, str] | None) -> pl.Expr:
    """A column's values for comparing, as its role wants them; never stored."""
    forms: Mapping[str, Callable[[pl.Expr], pl.Expr]] = {
        "email": lambda address: email.match_form(address.str.replace(_NAMED, "${1}")),
        "profile": linkedin.match_form,
        "url": website.match_form,
        "phone": _number,
        "date": _day,
        "identifier": _code,
        "code": _code,
        "organization": lambda name: company.match_form(name, legal_forms),
    }
    return forms.get(role, words_of)(value)
