"""Masks: values that say what they are without saying whose. Polars expressions, text in, text out; null stays null.

    email   ann.lee@example.com      a***@e***.com
    name    Ann Marie Lee            A. M. L.
    phone   +1 415 555 0142          ***42
    url     https://example.com/ann  e***.com
    text    Head of Sales            H***

A value that is not of its kind gets the mask of what it looks like. Values of one or two characters show none of them.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Literal, get_args

import polars as pl

Mask = Literal["email", "name", "phone", "url", "text", "choice", "none"]
"""`choice` leaves the values of a closed list alone and masks all others as text; `none` leaves all alone."""
MASKS: tuple[Mask, ...] = get_args(Mask)
HIDDEN = "***"
_EMAIL = r"^\s*<?(?:mailto:)?([^@\s]+)@([^@\s]+?)>?\s*$"
_HOST = r"^\s*(?:[A-Za-z][A-Za-z+.-]*://)?(?:[^/@\s]*@)?(?:www\.)?([\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*\.\p{L}{2,})(?:[:/?#].*)?$"
_KEY = r'"(?:[^"\\]|\\.)*"\s*:'
_PHONE_DIGITS = 7
"""A text with so many digits is taken for a number that reaches somebody."""


def masked(value: pl.Expr, mask: Mask, choices: Collection[str] = ()) -> pl.Expr:
    """A column of plain text, masked.

    Args:
        value: The text.
        mask: How.
        choices: For `choice`: the values that stay.
    """
    if mask == "none":
        return value
    if mask == "choice":
        return pl.when(value.is_in(list(choices))).then(value).otherwise(_text(value))
    return _BY_KIND.get(mask, _sniffed)(value)


def masked_key(value: pl.Expr) -> pl.Expr:
    """A column of keys: they name rows, so that they stay, but for addresses of people."""
    return pl.when(value.str.contains("@")).then(masked(value, "email")).otherwise(value)


def masked_json(value: pl.Expr, mask: Mask, choices: Collection[str] = ()) -> pl.Expr:
    """A column of JSON text, masked and JSON text again; of an object only the names are left, yes and no stay."""
    if mask == "none":
        return value
    is_text, is_object = value.str.starts_with('"'), value.str.starts_with("{")
    plain = pl.when(is_text).then(value).str.json_decode(pl.String)
    hidden = masked(pl.when(is_text).then(plain).otherwise(value), mask, choices)
    quoted = pl.when(is_text & (plain == hidden)).then(value).otherwise(pl.concat_str(pl.lit('"'), hidden, pl.lit('"')))
    names = value.str.extract_all(_KEY).list.eval(pl.element() + f'"{HIDDEN}"').list.join(",")
    return (
        pl.when(value.is_in(["true", "false"]))
        .then(value)
        .when(is_object)
        .then(pl.concat_str(pl.lit("{"), names, pl.lit("}")))
        .otherwise(quoted)
    )


def _email(value: pl.Expr) -> pl.Expr:
    local, host = value.str.extract(_EMAIL, 1), value.str.extract(_EMAIL, 2)
    shown = pl.concat_str(_first(local), pl.lit("@"), _host(host))
    return pl.coalesce(shown, _text(value))


def _host(host: pl.Expr) -> pl.Expr:
    """The first letter of a host's name and its last label."""
    last = host.str.extract(r"\.(\p{L}{2,})$", 1)
    return pl.concat_str(
        _first(host.str.split(".").list.first()), pl.when(last.is_not_null()).then("." + last).otherwise(pl.lit(""))
    )


def _url(value: pl.Expr) -> pl.Expr:
    return pl.coalesce(_host(value.str.extract(_HOST, 1)), _text(value))


def _initials(value: pl.Expr) -> pl.Expr:
    words = value.str.extract_all(r"[\p{L}\p{N}][\p{L}\p{M}\p{N}'\x{2019}-]+")
    initials = words.list.eval(pl.element().str.slice(0, 1) + ".").list.join(" ")
    return pl.when(initials != "").then(initials)


def _phone(value: pl.Expr) -> pl.Expr:
    digits = value.str.replace_all(r"[^\p{N}]", "")
    is_number = digits.str.len_chars() >= _PHONE_DIGITS
    return pl.when(is_number).then(HIDDEN + digits.str.slice(-2)).when(value.is_not_null()).then(pl.lit(HIDDEN))


def _sniffed(value: pl.Expr) -> pl.Expr:
    digits = value.str.count_matches(r"\p{N}")
    return (
        pl.when(value.str.contains(_EMAIL))
        .then(_email(value))
        .when(digits >= _PHONE_DIGITS)
        .then(_phone(value))
        .otherwise(_text(value))
    )


def _text(value: pl.Expr) -> pl.Expr:
    return pl.when(value != "").then(_first(value)).otherwise(value)


def _first(value: pl.Expr) -> pl.Expr:
    """The first letter, if there are more than two characters, and that there is more; numbers show nothing."""
    letter = value.str.extract(r"^\W*(\p{L}).*", 1)
    is_long = value.str.len_chars() > 2
    return pl.when(is_long & letter.is_not_null()).then(letter + HIDDEN).when(value.is_not_null()).then(pl.lit(HIDDEN))


_BY_KIND: Mapping[str, Callable[[pl.Expr], pl.Expr]] = {
    "email": _email,
    "name": lambda value: pl.coalesce(_initials(value), _text(value)),
    "phone": _phone,
    "url": _url,
}
