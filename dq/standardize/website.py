# ruff: noqa: RUF001 (letters that look like others are what this is about)
"""Website addresses: scheme, host in lower case, no default port, no tracking, no slash after a bare host.

Only what RFC 3986 calls equal is made equal; the exceptions are options: `http` is upgraded to `https`, tracking
parameters go, and, only if a project says so, `www.` comes or goes and the path goes. Other parameters stay as written.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from dq.options import TextOptions
from dq.options import WebsiteOptions as Options
from dq.standardize import pasted, text
from dq.standardize.forms import VALUE, Standardized, Step, change_where, each, find_where
from dq.standardize.hosts import ascii_host, registrable, takes_www

_STANDARD = r"^https://(?:[a-z0-9-]+\.)+[a-z]{2,}(?:/[A-Za-z0-9_~-][A-Za-z0-9._~/-]*)?$"
_COMMON = r"^(?i)(?:https?://)?(?:[a-z0-9-]+\.)+[a-z]{2,}/?$"
_PLAIN = r"^(?i)(?:https?://)?((?:[a-z0-9-]+\.)+[a-z]{2,})(?:[/?#][!#-;=?-~]*)?$"
_SURELY_VALID = r"^https?://(?:[a-z0-9-]+\.)+[a-z]{2,}(?:[/?#][!#-;=?-~]*)?$"
_NAME = r"^(?:[\p{L}\p{N}\p{M}_-]+\.)+(?:\p{L}[\p{L}\p{M}]+|xn--[a-z0-9-]+)$"
_NUMBER = r"^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\])$"
_TRACKING = (
    r"(?i)^(?:utm_[^=]*|gclid|gclsrc|dclid|gbraid|wbraid|fbclid|msclkid|twclid|yclid|ttclid|igshid|li_fat_id|mc_cid|"
    r"mc_eid|mkt_tok|_hsenc|_hsmi|__hstc|__hssc|__hsfp|hsctatracking|vero_id|oly_enc_id|oly_anon_id|_openstat|wickedid)"
    r"(?:=|$)"
)
_SITE = r"^https://(?:[a-z0-9-]+\.)+[a-z]{2,}$"
_WWW = "https://www."
_SEVERAL = r"(?i)(?:https?://|\bwww\.)\S+\s*[\s,;|]\s*(?:https?://|www\.)\S"
_TRACKING_WITHIN = _TRACKING.replace("^", "[?&]", 1).replace("(?:=|$)", "(?:[=&#]|$)")
_OTHER_SCHEME = r"^(?i)[a-z][a-z0-9+.-]*:(?:[^0-9]|$)"
_MIXED_SCRIPTS = r"//[^/]*(?:[a-z][^./]*[\p{Cyrillic}\p{Greek}]|[\p{Cyrillic}\p{Greek}][^./]*[a-z])"

_SCHEME, _HOST, _PORT, _VALID = (pl.col(name) for name in ("scheme", "host", "port", "valid"))


def standardize(value: pl.Expr, options: Mapping[str, Any]) -> Standardized:
    """Standard form of website addresses, with `website.invalid`, `.several`, `.scheme`, `.credentials`, `.lookalike`."""
    given = Options.model_validate(options)
    form = standard(value, given)
    return Standardized(form, finding(form, given))


def standard(value: pl.Expr, options: Options) -> pl.Expr:
    """The address in standard form; what is no web address, or carries credentials, is kept as it is."""
    usual = options.ensure_protocol and options.remove_trailing_slash and options.preferred_protocol == "https"
    needed = _needed(options)

    def changed(other: pl.Expr) -> pl.Expr:
        brief = usual and options.www == "keep"
        rest = change_where(other, _is_common, each(_from_common)) if brief else other
        return change_where(rest, needed, lambda rows: _rebuilt(rows, options))

    return change_where(value, needed, each(changed))


def finding(value: pl.Expr, options: Options) -> pl.Expr:
    """Finding codes for values in standard form."""
    bare_is_fine = not options.ensure_protocol
    return find_where(value, lambda v: ~v.str.contains(_SURELY_VALID), lambda rows: _code(rows, bare_is_fine))


def host_form(value: pl.Expr) -> pl.Expr:
    """The host without `www.`, as IDNA, for comparing; null where there is none."""
    return _host_of(value).str.strip_prefix("www.")


def match_form(value: pl.Expr) -> pl.Expr:
    """The registrable domain for comparing; null where there is none, and for a public suffix such as `github.io`."""
    return registrable(_host_of(value))


def _host_of(value: pl.Expr) -> pl.Expr:
    hosts = change_where(value, _is_other, each(_hosts))
    named = hosts.str.strip_prefix("https://").str.replace("/.*$", "")
    return change_where(named, text.not_ascii, each(ascii_host))


def _hosts(value: pl.Expr) -> pl.Expr:
    """The hosts of addresses that are not in standard form; most can be read at a glance."""
    host = pl.when(_VALID).then(_HOST)
    plain = value.str.extract(_PLAIN, 1).str.to_lowercase()
    parsed = change_where(value, lambda v: ~v.str.contains(_PLAIN), lambda rows: _parsed(rows).select(host))
    return pl.coalesce(plain, parsed)


def _needed(options: Options) -> Step:
    form = _SITE if options.path == "drop" else _STANDARD
    if options.www == "keep":
        return lambda value: ~value.str.contains(form)
    has = options.www == "add"
    return lambda value: ~value.str.contains(form) | (value.str.starts_with(_WWW) != has)


def _is_other(value: pl.Expr) -> pl.Expr:
    return ~value.str.contains(_STANDARD)


def _is_common(value: pl.Expr) -> pl.Expr:
    return value.str.contains(_COMMON)


def _from_common(value: pl.Expr) -> pl.Expr:
    # what most addresses need, in a fifth of the time that `_rebuilt` takes to say the same
    return "https://" + value.str.to_lowercase().str.replace("^https?://", "").str.strip_suffix("/")


def _parsed(rows: pl.LazyFrame) -> pl.LazyFrame:
    """The rows with their parts; the scheme is empty for a bare domain, the port for none."""
    cleaned, rest, authority, tail, before = (pl.col(n) for n in ("cleaned", "rest", "authority", "tail", "before"))
    return (
        rows.with_columns(cleaned=pasted.unwrapped(text.standard(VALUE, TextOptions())))
        .with_columns(scheme=_written_scheme(cleaned), rest=cleaned.str.replace("^(?i)(?:https?:)?//", ""))
        .with_columns(authority=rest.str.replace(r"[/?#].*$", ""), tail=rest.str.replace(r"^[^/?#]+", ""))
        .with_columns(authority=pl.when(tail == "").then(authority.str.strip_chars_end(".,;")).otherwise(authority))
        .with_columns(authority=authority.str.replace_all("[。．｡]", "."))
        .with_columns(host=text.nfc(authority.str.replace(r":\d*$", "").str.to_lowercase()).str.strip_suffix("."))
        .with_columns(
            userinfo=authority.str.contains("@") & (_SCHEME != ""),
            port=authority.str.extract(r":(\d+)$", 1).fill_null(""),
            before=tail.str.replace("#.*$", ""),
            fragment=tail.str.replace("^[^#]*", ""),
            valid=(_HOST.str.contains(_NAME) | ((_SCHEME != "") & _HOST.str.contains(_NUMBER)))
            & ~cleaned.str.contains(r'[\s<>"]'),
        )
        .with_columns(path=before.str.replace(r"\?.*$", ""), query=before.str.replace(r"^[^?]*", ""))
    )


def _written_scheme(cleaned: pl.Expr) -> pl.Expr:
    secure = pl.when(cleaned.str.contains("^(?i)https://")).then(pl.lit("https"))
    return secure.when(cleaned.str.contains("^(?i)http://")).then(pl.lit("http")).otherwise(pl.lit(""))


def _rebuilt(rows: pl.LazyFrame, options: Options) -> pl.LazyFrame:
    path, query, fragment, after = (pl.col(name) for name in ("path", "query", "fragment", "after"))
    rows = _parsed(rows) if options.path == "keep" else _without_path(_parsed(rows))
    rows = rows if options.www == "keep" else _with_www(rows, options.www)
    own_port = (_PORT != "") & ~((_SCHEME == "http") & (_PORT == "80")) & ~((_SCHEME == "https") & (_PORT == "443"))
    prefix = pl.when(_SCHEME == "").then(pl.lit("")).otherwise(_SCHEME + "://")
    return (
        rows.with_columns(scheme=_scheme(options), query=_without_tracking(query) if options.remove_tracking else query)
        .with_columns(port=pl.when(own_port).then(":" + _PORT).otherwise(pl.lit("")), after=query + fragment)
        .with_columns(
            scheme=_upgraded() if options.preferred_protocol == "https" else _SCHEME,
            path=_path(path, after) if options.remove_trailing_slash else path,
        )
        .select(pl.when(_VALID).then(prefix + _HOST + _PORT + path + after).otherwise(VALUE))
    )


def _without_path(rows: pl.LazyFrame) -> pl.LazyFrame:
    rooted = pl.when(pl.col("tail") == "").then(pl.lit("")).otherwise(pl.lit("/"))
    return rows.with_columns(path=rooted, query=pl.lit(""), fragment=pl.lit(""))


def _with_www(rows: pl.LazyFrame, policy: str) -> pl.LazyFrame:
    """Hosts with or without `www.`; only a registrable domain may have it put before, or stand without it."""
    bare = _HOST.str.strip_prefix("www.")
    chosen = bare if policy == "remove" else "www." + bare
    known = takes_www(change_where(bare, text.not_ascii, each(ascii_host)))
    return rows.with_columns(host=pl.when(known.fill_null(value=False)).then(chosen).otherwise(_HOST))


def _scheme(options: Options) -> pl.Expr:
    if not options.ensure_protocol:
        return _SCHEME
    preferred = "http" if options.preferred_protocol == "http" else "https"
    # a bare host with a port of its own speaks http unless the port is https's
    guess = pl.when(_PORT == "443").then(pl.lit("https")).when(_PORT != "").then(pl.lit("http"))
    return pl.when(_SCHEME != "").then(_SCHEME).otherwise(guess.otherwise(pl.lit(preferred)))


def _upgraded() -> pl.Expr:
    # numbers and ports of their own rarely speak https
    plain = (_SCHEME == "http") & (_PORT == "") & ~_HOST.str.contains(_NUMBER)
    return pl.when(plain).then(pl.lit("https")).otherwise(_SCHEME)


def _path(path: pl.Expr, after: pl.Expr) -> pl.Expr:
    bare = pl.when(after == "").then(pl.lit("")).otherwise(pl.lit("/"))
    return pl.when(path.is_in(["", "/"])).then(bare).otherwise(path)


def _without_tracking(query: pl.Expr) -> pl.Expr:
    def change(tracked: pl.Expr) -> pl.Expr:
        parameters = tracked.str.strip_prefix("?").str.split("&")
        kept = parameters.list.eval(pl.element().filter(~pl.element().str.contains(_TRACKING))).list.join("&")
        return pl.when(kept == "").then(pl.lit("")).otherwise("?" + kept)

    return change_where(query, lambda v: v.str.contains(_TRACKING_WITHIN), each(change))


def _code(rows: pl.LazyFrame, bare_is_fine: bool) -> pl.LazyFrame:
    fine = _VALID & ((_SCHEME != "") | pl.lit(bare_is_fine))
    return _parsed(rows).select(
        pl.when(pl.col("userinfo"))
        .then(pl.lit("website.credentials"))
        .when(fine & VALUE.str.contains(_MIXED_SCRIPTS))
        .then(pl.lit("website.lookalike"))
        .when(fine)
        .then(None)
        .when(VALUE.str.contains(_SEVERAL))
        .then(pl.lit("website.several"))
        .when((_SCHEME == "") & VALUE.str.contains(_OTHER_SCHEME))
        .then(pl.lit("website.scheme"))
        .otherwise(pl.lit("website.invalid"))
    )
