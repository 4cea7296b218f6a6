"""Website addresses: scheme, host in lower case, no default port, no tracking, no slash after a bare host.

Only what RFC 3986 calls equal is made equal; the two exceptions are options: `http` is upgraded to `https`, and tracking
parameters go. Paths, other parameters and `www.` stay as written.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from dq.standardize import text
from dq.standardize.email import ascii_host
from dq.standardize.forms import Options as BaseOptions
from dq.standardize.forms import Standardized, change_where, find_where

_STANDARD = r"^https://(?:[a-z0-9-]+\.)+[a-z]{2,}(?:/[A-Za-z0-9_~-][A-Za-z0-9._~/-]*)?$"
_SURELY_VALID = r"^https?://(?:[a-z0-9-]+\.)+[a-z]{2,}(?:[/?#][!#-;=?-~]*)?$"
_NAME = r"^(?:[\p{L}\p{N}\p{M}_-]+\.)+(?:\p{L}[\p{L}\p{M}]+|xn--[a-z0-9-]+)$"
_NUMBER = r"^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\])$"
_TRACKING = (
    r"(?i)^(?:utm_[^=]*|gclid|gclsrc|dclid|gbraid|wbraid|fbclid|msclkid|twclid|yclid|ttclid|igshid|li_fat_id|mc_cid|"
    r"mc_eid|mkt_tok|_hsenc|_hsmi|__hstc|__hssc|__hsfp|hsctatracking|vero_id|oly_enc_id|oly_anon_id|_openstat|wickedid)"
    r"(?:=|$)"
)
_TRACKING_WITHIN = _TRACKING.replace("^", "[?&]", 1).replace("(?:=|$)", "(?:[=&#]|$)")
_OTHER_SCHEME = r"^(?i)[a-z][a-z0-9+.-]*:(?:[^0-9]|$)"
_MIXED_SCRIPTS = r"//[^/]*(?:[a-z][^./]*[\p{Cyrillic}\p{Greek}]|[\p{Cyrillic}\p{Greek}][^./]*[a-z])"


class Options(BaseOptions):
    """Options of `website`.

    Attributes:
        ensure_protocol: Whether a bare domain gets a scheme.
        preferred_protocol: Scheme of bare domains; `https` also upgrades `http`, nothing ever downgrades. `keep`
            upgrades nothing and gives bare domains https.
        remove_trailing_slash: Whether the slash after a bare host goes; deeper paths keep theirs.
        remove_tracking: Whether parameters that only count clicks go.
    """

    ensure_protocol: bool = True
    preferred_protocol: Literal["https", "http", "keep"] = "https"
    remove_trailing_slash: bool = True
    remove_tracking: bool = True


@dataclass(frozen=True, slots=True)
class _Parts:
    """A URL in parts, as expressions; `scheme` is empty for a bare domain, `port` for none."""

    scheme: pl.Expr
    userinfo: pl.Expr
    host: pl.Expr
    port: pl.Expr
    path: pl.Expr
    query: pl.Expr
    fragment: pl.Expr
    valid: pl.Expr


def standardize(value: pl.Expr, options: Mapping[str, Any]) -> Standardized:
    """Standard form of website addresses, with `website.invalid`, `.scheme`, `.credentials` and `.lookalike`."""
    given = Options.model_validate(options)
    form = standard(value, given)
    return Standardized(form, finding(form, given))


def standard(value: pl.Expr, options: Options) -> pl.Expr:
    """The address in standard form; what is no web address, or carries credentials, is kept as it is."""
    return change_where(value, lambda v: ~v.str.contains(_STANDARD), lambda v: _rebuilt(v, options))


def finding(value: pl.Expr, options: Options) -> pl.Expr:
    """Finding codes for values in standard form."""
    bare_is_fine = not options.ensure_protocol
    return find_where(value, lambda v: ~v.str.contains(_SURELY_VALID), lambda v: _code(v, bare_is_fine))


def match_form(value: pl.Expr) -> pl.Expr:
    """The host without `www.`, as IDNA, for comparing; null where there is none."""
    parts = _parts(value)
    host = pl.when(parts.valid).then(parts.host).str.strip_prefix("www.")
    return change_where(host, lambda v: v.str.len_bytes() != v.str.len_chars(), ascii_host)


def _parts(value: pl.Expr) -> _Parts:
    cleaned = text.standard(value, text.Options()).str.strip_chars('<>"“”„ ')
    scheme = pl.when(cleaned.str.contains("^(?i)https://")).then(pl.lit("https"))
    scheme = scheme.when(cleaned.str.contains("^(?i)http://")).then(pl.lit("http")).otherwise(pl.lit(""))
    rest = cleaned.str.replace("^(?i)(?:https?:)?//", "")
    authority = rest.str.replace(r"[/?#].*$", "")
    tail = rest.str.replace(r"^[^/?#]+", "")
    authority = pl.when(tail == "").then(authority.str.strip_chars_end(".,;")).otherwise(authority)
    host = text.nfc(authority.str.replace(r":\d*$", "").str.to_lowercase()).str.strip_suffix(".")
    before = tail.str.replace("#.*$", "")
    named = host.str.contains(_NAME) | ((scheme != "") & host.str.contains(_NUMBER))
    return _Parts(
        scheme=scheme,
        userinfo=authority.str.contains("@") & (scheme != ""),
        host=host,
        port=authority.str.extract(r":(\d+)$", 1).fill_null(""),
        path=before.str.replace(r"\?.*$", ""),
        query=before.str.replace(r"^[^?]*", ""),
        fragment=tail.str.replace("^[^#]*", ""),
        valid=named & ~cleaned.str.contains(r'[\s<>"]'),
    )


def _rebuilt(value: pl.Expr, options: Options) -> pl.Expr:
    parts = _parts(value)
    scheme = _scheme(parts, options)
    default = pl.when(scheme.is_in(["http", ""])).then(pl.lit("80")).otherwise(pl.lit("443"))
    bare = scheme == ""
    port = pl.when((parts.port == "") | ((parts.port == default) & ~bare)).then(pl.lit("")).otherwise(":" + parts.port)
    upgrade = (scheme == "http") & (port == "") & ~parts.host.str.contains(_NUMBER)
    if options.preferred_protocol == "https":
        scheme = pl.when(upgrade).then(pl.lit("https")).otherwise(scheme)
    query = _without_tracking(parts.query) if options.remove_tracking else parts.query
    path = _path(parts.path, query + parts.fragment) if options.remove_trailing_slash else parts.path
    prefix = pl.when(bare).then(pl.lit("")).otherwise(scheme + "://")
    return pl.when(parts.valid).then(prefix + parts.host + port + path + query + parts.fragment).otherwise(value)


def _scheme(parts: _Parts, options: Options) -> pl.Expr:
    if not options.ensure_protocol:
        return parts.scheme
    preferred = "http" if options.preferred_protocol == "http" else "https"
    # a bare host with a port of its own speaks http unless the port is https's
    guess = pl.when(parts.port == "443").then(pl.lit("https")).when(parts.port != "").then(pl.lit("http"))
    return pl.when(parts.scheme != "").then(parts.scheme).otherwise(guess.otherwise(pl.lit(preferred)))


def _path(path: pl.Expr, after: pl.Expr) -> pl.Expr:
    bare = pl.when(after == "").then(pl.lit("")).otherwise(pl.lit("/"))
    return pl.when(path.is_in(["", "/"])).then(bare).otherwise(path)


def _without_tracking(query: pl.Expr) -> pl.Expr:
    def change(tracked: pl.Expr) -> pl.Expr:
        parameters = tracked.str.strip_prefix("?").str.split("&")
        kept = parameters.list.eval(pl.element().filter(~pl.element().str.contains(_TRACKING))).list.join("&")
        return pl.when(kept == "").then(pl.lit("")).otherwise("?" + kept)

    return change_where(query, lambda v: v.str.contains(_TRACKING_WITHIN), change)


def _code(value: pl.Expr, bare_is_fine: bool) -> pl.Expr:
    parts = _parts(value)
    fine = parts.valid & ((parts.scheme != "") | pl.lit(bare_is_fine))
    return (
        pl.when(parts.userinfo)
        .then(pl.lit("website.credentials"))
        .when(fine & value.str.contains(_MIXED_SCRIPTS))
        .then(pl.lit("website.lookalike"))
        .when(fine)
        .then(None)
        .when((parts.scheme == "") & value.str.contains(_OTHER_SCHEME))
        .then(pl.lit("website.scheme"))
        .otherwise(pl.lit("website.invalid"))
    )
