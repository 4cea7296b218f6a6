# ruff: noqa: RUF001 (letters that look like others are what this is about)
"""Email addresses: the bare address, domain in lower case; what is no single address is kept and found.

The stored address reaches the same mailbox as what was written: an internationalized domain stays in the form it was
written in, and plus tags and dots stay. `match_form` folds all of these, for comparing only.
"""

from collections.abc import Mapping
from typing import Any

import email_validator
import idna
import polars as pl

from dq.options import EmailOptions as Options
from dq.standardize import text
from dq.standardize.forms import VALUE, Standardized, change_where, each, find_where, no_finding, once_each

_STANDARD = r"^[a-z0-9_%+-][a-z0-9._%+-]*@(?:[a-z0-9-]+\.)+[a-z0-9-]+$"
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_SURELY_VALID = rf"^{_ATOM}(?:\.{_ATOM})*@(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+[a-z]+$"
_SPECIAL_USE = r"[.@](?:arpa|invalid|local|localhost|onion|test)$"  # RFC 6761: mail cannot go there
_LABEL_BYTES = 63

_QUOTES = '"“”„‟‘’‚‛«»‹›'
_LEFT = rf"^(?:[\s{_QUOTES}<(\[,;:]|(?i:mailto:|e-?mail:))+"
_LEFT_APOSTROPHE = rf"^(?:[\s{_QUOTES}'{{<(\[,;:]|(?i:mailto:|e-?mail:))+"
_RIGHT_CLASS = rf"[\s{_QUOTES}'>)\]}}.,;:]"
_BRACKETED = rf"<\s*([^<>@]+@[^<>@]+)>{_RIGHT_CLASS}*$"
_ADDRESS = r'^[^\s@"<>(),;:\[\]\\]+@[^\s@"<>(),;:\[\]\\]+$'
_ADDRESS_WITHIN = r"[^\s@,;<>]+@[^\s@,;<>]+\.[^\s@,;<>]+"
_MAYBE_VALID = r"^[^\s@]+@[^\s@]+\.[^\s@]+$"
_MIXED_SCRIPTS = r"@.*(?:[a-z][^.]*[\p{Cyrillic}\p{Greek}]|[\p{Cyrillic}\p{Greek}][^.]*[a-z])"


def standardize(value: pl.Expr, options: Mapping[str, Any]) -> Standardized:
    """Standard form of email addresses, with `email.invalid`, `email.several` and `email.lookalike`."""
    given = Options.model_validate(options)
    form = standard(value, given)
    return Standardized(form, finding(form, given))


def standard(value: pl.Expr, options: Options) -> pl.Expr:
    """The bare address; any value that is not one address is kept as it is."""
    return change_where(
        value, lambda v: ~v.str.contains(_STANDARD), lambda rows: _unwrapped(rows, options.normalize_case)
    )


def finding(value: pl.Expr, options: Options) -> pl.Expr:
    """Finding codes for values in standard form."""
    if not options.validate_format:
        return no_finding()
    return find_where(value, lambda v: ~_surely_valid(v), _code)


def match_form(value: pl.Expr) -> pl.Expr:
    """The mailbox for comparing, never stored: no case, tag, Gmail dots; domain as IDNA. Null where there is none."""
    address = text.nfc(value.str.to_lowercase())
    address = pl.when(address.str.contains(_ADDRESS)).then(address)
    address = address.str.replace(r"^([^@+]+)\+[^@]*@", "${1}@").str.replace(r"@googlemail\.com$", "@gmail.com")
    gmail = address.str.ends_with("@gmail.com")
    dotless = address.str.strip_suffix("@gmail.com").str.replace_all(".", "", literal=True) + "@gmail.com"
    return _with_ascii_domain(pl.when(gmail).then(dotless).otherwise(address))


def ascii_host(value: pl.Expr) -> pl.Expr:
    """Host names in the form that the network uses (IDNA 2008); what is no valid name stays as it is."""
    return once_each(value, _ascii)


def _unwrapped(rows: pl.LazyFrame, case: str) -> pl.LazyFrame:
    cleaned, name, inner, address = (pl.col(name) for name in ("cleaned", "name", "inner", "address"))
    # a display name may repeat the address; a second address is no display name
    one = ~name.str.contains("@") | (name.str.to_lowercase() == inner.str.strip_chars().str.to_lowercase())
    lowered = address.str.to_lowercase() if case == "lower" else _with_lower_domain(address)
    return (
        rows.with_columns(cleaned=text.tidy(VALUE).str.replace_all("[＠﹫]", "@"))
        .with_columns(inner=cleaned.str.extract(_BRACKETED, 1), name=_stripped(cleaned.str.replace(_BRACKETED, "")))
        .with_columns(inner=pl.when(one).then(inner).otherwise(cleaned))
        .with_columns(inner=pl.when(inner.str.contains("(?i)mailto:")).then(_without_query(inner)).otherwise(inner))
        .with_columns(address=_stripped(inner).str.replace(r"\s*@\s*", "@"))
        .with_columns(address=text.nfc(lowered))
        .select(pl.when(address.str.contains(_ADDRESS)).then(address).otherwise(VALUE))
    )


def _stripped(value: pl.Expr) -> pl.Expr:
    # an apostrophe may begin a mailbox's name, so it goes only with its partner at the end
    paired = value.str.contains(rf"['}}]{_RIGHT_CLASS}*$")
    bare = value.str.replace(rf"{_RIGHT_CLASS}+$", "")
    return pl.when(paired).then(bare.str.replace(_LEFT_APOSTROPHE, "")).otherwise(bare.str.replace(_LEFT, ""))


def _without_query(value: pl.Expr) -> pl.Expr:
    return value.str.replace(r"\?[^@]*$", "")


def _with_lower_domain(value: pl.Expr) -> pl.Expr:
    return value.str.replace("@.*$", "") + value.str.extract("(@.*)$", 1).str.to_lowercase()


def _surely_valid(value: pl.Expr) -> pl.Expr:
    short = value.str.len_bytes() <= _LABEL_BYTES
    return short & value.str.contains(_SURELY_VALID) & ~value.str.contains(_SPECIAL_USE)


def _code(rows: pl.LazyFrame) -> pl.LazyFrame:
    several, doubtful = pl.col("several"), pl.col("doubtful")
    return (
        rows.with_columns(several=VALUE.str.count_matches(_ADDRESS_WITHIN) > 1)
        .with_columns(doubtful=pl.when(VALUE.str.contains(_MAYBE_VALID) & ~several).then(VALUE))
        .with_columns(parsed=once_each(doubtful, _invalid))
        .select(
            pl.when(several)
            .then(pl.lit("email.several"))
            .when(doubtful.is_null() | pl.col("parsed").is_not_null())
            .then(pl.lit("email.invalid"))
            .when(VALUE.str.contains(_MIXED_SCRIPTS))
            .then(pl.lit("email.lookalike"))
        )
    )


def _invalid(address: str) -> str | None:
    try:
        email_validator.validate_email(address, check_deliverability=False)
    except email_validator.EmailNotValidError:
        return "email.invalid"
    return None


def _with_ascii_domain(value: pl.Expr) -> pl.Expr:
    def change(address: pl.Expr) -> pl.Expr:
        local = text.folded(address.str.replace("@.*$", ""))
        return local + "@" + ascii_host(address.str.extract("@(.*)$", 1))

    return change_where(value, text.not_ascii, each(change))


def _ascii(host: str) -> str:
    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return host
