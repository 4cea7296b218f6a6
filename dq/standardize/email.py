# ruff: noqa: RUF001 (letters that look like others are what this is about)
"""Email addresses: the bare address, domain in lower case; what is no single address is kept and found.

The stored address reaches the same mailbox as what was written: an internationalized domain stays in the form it was
written in, and plus tags and dots stay. `match_form` folds all of these, for comparing only.
"""

from collections.abc import Mapping
from typing import Any

import email_validator
import polars as pl

from dq.options import EmailOptions as Options
from dq.standardize import placeholders, text
from dq.standardize.forms import VALUE, Standardized, change_where, each, find_where, no_finding, once_each
from dq.standardize.hosts import ascii_host
from dq.standardize.mailboxes import marks

_STANDARD = r"^[a-z0-9_%+-][a-z0-9._%+-]*@(?:[a-z0-9-]+\.)+[a-z0-9-]+$"
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_SURELY_VALID = rf"^{_ATOM}(?:\.{_ATOM})*@(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+[a-z]+$"
_SPECIAL_USE = r"[.@](?:arpa|invalid|local|localhost|onion|test)$"  # RFC 6761: mail cannot go there
_FOLDED = r"^[a-z0-9._-]+@[a-z0-9.-]+$"
_GMAIL = r"@g(?:oogle)?mail\.com$"
_LABEL_BYTES = 63

_QUOTES = '"“”„‟‘’‚‛«»‹›`'
_LABEL = (
    r"(?i:mailto:|(?:e-?mail(?: address| id)?|mail|courriel|correo(?: electrónico)?|adres e-mail|posta|"
    r"почта|邮箱|电子邮件|電子郵件|メール(?:アドレス)?|이메일)\s*[:：])"
)
_LEFT = rf"^(?:[\s{_QUOTES}<(\[,;:]|{_LABEL})+"
_LEFT_APOSTROPHE = rf"^(?:[\s{_QUOTES}'{{<(\[,;:]|{_LABEL})+"
_RIGHT_CLASS = rf"[\s{_QUOTES}'>)\]}}.,;:。]"
_BRACKETED = rf"<\s*([^<>@]+@[^<>@]+)>{_RIGHT_CLASS}*$"
_PLAIN = r"[^()@\s]+@[^()@\s]+"
_NAMED = rf"^[^@()]*\(\s*({_PLAIN})\s*\){_RIGHT_CLASS}*$"  # Jane Doe (jane@x.com)
_COMMENTED = rf"^({_PLAIN})\s*\([^()@]*\)$"  # jane@x.com (Jane Doe)
_MARKDOWN = r"^\[([^\]]*)\]\((?i:mailto:)([^()\s]+)\)$"
_HTML = r"^(?i)<a\s[^>]*href\s*=\s*[\"']?mailto:([^\"'\s>]+)[\"']?[^>]*>([^<>]*)</a>$"
_FULL_WIDTH = r"^[ -~！-～。．｡\s]+$"
_ADDRESS = r'^[^\s@"<>(),;:\[\]\\]+@[^\s@"<>(),;:\[\]\\]+$'
_ADDRESS_WITHIN = r"[^\s@,;<>/|()\[\]]+@[^\s@,;<>/|()\[\]]+\.[^\s@,;<>/|()\[\]]+"
_MAYBE_VALID = r"^[^\s@]+@[^\s@]+\.[^\s@]+$"
_MIXED_SCRIPTS = r"@.*(?:[a-z][^.]*[\p{Cyrillic}\p{Greek}]|[\p{Cyrillic}\p{Greek}][^.]*[a-z])"


def standardize(value: pl.Expr, options: Mapping[str, Any]) -> Standardized:
    """Standard form of email addresses, with their findings."""
    given = Options.model_validate(options)
    form = standard(value, given)
    return Standardized(form, finding(form, given))


def standard(value: pl.Expr, options: Options) -> pl.Expr:
    """The bare address; any value that is not one address is kept as it is."""
    return change_where(
        value, lambda v: ~v.str.contains(_STANDARD), lambda rows: _unwrapped(rows, options.normalize_case)
    )


def finding(value: pl.Expr, options: Options) -> pl.Expr:
    """Finding codes for values in standard form; marks, if any are asked for, only where nothing is wrong."""
    listed = placeholders.pattern(options.placeholders)
    if not options.validate_format:
        code = pl.when(VALUE.str.contains(listed)).then(pl.lit("email.placeholder")).otherwise(marks(VALUE, options))
        silent = not options.placeholders and not options.mark
        return no_finding() if silent else find_where(value, lambda v: v.is_not_null(), each(lambda _: code))
    suspect = f"{_SPECIAL_USE}|{listed}" if options.placeholders else _SPECIAL_USE

    def is_suspect(v: pl.Expr) -> pl.Expr:
        return ~_surely_valid(v, suspect) | (marks(v, options).is_not_null() if options.mark else pl.lit(value=False))

    return find_where(value, is_suspect, lambda rows: _code(rows, listed, options))


def match_form(value: pl.Expr) -> pl.Expr:
    """The mailbox for comparing, never stored: no case, tag, Gmail dots; domain as IDNA. Null where there is none."""
    return change_where(value.str.to_lowercase(), _may_need_folding, each(_folded_mailbox))


def _may_need_folding(address: pl.Expr) -> pl.Expr:
    return ~address.str.contains(_FOLDED) | address.str.contains(_GMAIL)


def _folded_mailbox(lowered: pl.Expr) -> pl.Expr:
    address = text.nfc(lowered)
    address = pl.when(address.str.contains(_ADDRESS)).then(address)
    address = address.str.replace(r"^([^@+]+)\+[^@]*@", "${1}@").str.replace(r"@googlemail\.com$", "@gmail.com")
    gmail = address.str.ends_with("@gmail.com")
    dotless = address.str.strip_suffix("@gmail.com").str.replace_all(".", "", literal=True) + "@gmail.com"
    return _with_ascii_domain(pl.when(gmail).then(dotless).otherwise(address))


def _unwrapped(rows: pl.LazyFrame, case: str) -> pl.LazyFrame:
    cleaned, name, inner, address = (pl.col(name) for name in ("cleaned", "name", "inner", "address"))
    # a display name may repeat the address; a second address is no display name
    one = ~name.str.contains("@") | (name.str.to_lowercase() == inner.str.strip_chars().str.to_lowercase())
    lowered = address.str.to_lowercase() if case == "lower" else _with_lower_domain(address)
    return (
        rows.with_columns(cleaned=_readable(text.tidy(VALUE)))
        .with_columns(inner=cleaned.str.extract(_BRACKETED, 1), name=_stripped(cleaned.str.replace(_BRACKETED, "")))
        .with_columns(inner=pl.when(one).then(inner).otherwise(cleaned))
        .with_columns(inner=pl.when(inner.str.contains("(?i)mailto:")).then(_without_query(inner)).otherwise(inner))
        .with_columns(address=_stripped(inner).str.replace(r"\s*@\s*", "@"))
        .with_columns(address=text.nfc(lowered))
        .with_columns(address=change_where(address, lambda v: v.str.contains("[。．｡]"), each(_with_plain_dots)))
        .select(pl.when(address.str.contains(_ADDRESS)).then(address).otherwise(VALUE))
    )


def _readable(cleaned: pl.Expr) -> pl.Expr:
    """One-line text with other ways of writing an address turned into `address` or `name <address>`."""
    half = change_where(cleaned, lambda v: v.str.contains(_FULL_WIDTH) & text.not_ascii(v), each(_half_width))
    signed = half.str.replace_all("[＠﹫]", "@").str.replace("^([^@]*)%40([^@]*)$", "$1@$2")
    linked = signed.str.replace(_MARKDOWN, "$1 <$2>").str.replace(_HTML, "$2 <$1>")
    named = linked.str.replace(_NAMED, "$1").str.replace(_COMMENTED, "$1")
    return change_where(named, lambda v: v.str.count_matches("@", literal=True) > 1, each(_once))


def _half_width(value: pl.Expr) -> pl.Expr:
    return value.str.normalize("NFKC").str.replace_all("。", ".")


def _once(value: pl.Expr) -> pl.Expr:
    """One address instead of the same one several times over."""
    same = value.str.to_lowercase().str.extract_all(_ADDRESS_WITHIN).list.n_unique() == 1
    alone = value.str.replace_all(_ADDRESS_WITHIN, "").str.strip_chars(" ,;/|") == ""
    return pl.when(same & alone).then(value.str.extract(f"({_ADDRESS_WITHIN})", 1)).otherwise(value)


def _stripped(value: pl.Expr) -> pl.Expr:
    # an apostrophe may begin a mailbox's name, so it goes only with its partner at the end
    paired = value.str.contains(rf"['}}]{_RIGHT_CLASS}*$")
    bare = value.str.replace(rf"{_RIGHT_CLASS}+$", "")
    return pl.when(paired).then(bare.str.replace(_LEFT_APOSTROPHE, "")).otherwise(bare.str.replace(_LEFT, ""))


def _without_query(value: pl.Expr) -> pl.Expr:
    return value.str.replace(r"\?[^@]*$", "").str.replace_all("%2[Bb]", "+")


def _with_lower_domain(value: pl.Expr) -> pl.Expr:
    return value.str.replace("@.*$", "") + value.str.extract("(@.*)$", 1).str.to_lowercase()


def _with_plain_dots(value: pl.Expr) -> pl.Expr:
    domain = value.str.extract("(@.*)$", 1).str.replace_all("[。．｡]", ".")
    return value.str.replace("@.*$", "") + domain


def _surely_valid(value: pl.Expr, suspect: str) -> pl.Expr:
    short = value.str.len_bytes() <= _LABEL_BYTES
    return short & value.str.contains(_SURELY_VALID) & ~value.str.contains(suspect)


def _code(rows: pl.LazyFrame, listed: str, options: Options) -> pl.LazyFrame:
    several, doubtful = pl.col("several"), pl.col("doubtful")
    return (
        rows.with_columns(several=VALUE.str.count_matches(_ADDRESS_WITHIN) > 1)
        .with_columns(doubtful=pl.when(VALUE.str.contains(_MAYBE_VALID) & ~several).then(VALUE))
        .with_columns(parsed=once_each(doubtful, _invalid))
        .select(
            pl.when(several)
            .then(pl.lit("email.several"))
            .when(VALUE.str.contains(listed))
            .then(pl.lit("email.placeholder"))
            .when(doubtful.is_null() | pl.col("parsed").is_not_null())
            .then(pl.lit("email.invalid"))
            .when(VALUE.str.contains(_MIXED_SCRIPTS))
            .then(pl.lit("email.lookalike"))
            .otherwise(marks(VALUE, options))
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
