# ruff: noqa: RUF001 (letters that look like others are what this is about)
"""LinkedIn addresses: one form for a person's page, `https://www.linkedin.com/in/<slug>`.

Country and mobile hosts, language and sub-pages, tracking, case and percent-encoding all lead to the same page. Company
and school pages get a form of their own and are found in a person's field (`page: company`: a person's in a company's);
Sales Navigator ids, short links, posts and old member numbers cannot be converted and are kept.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import polars as pl

from dq.options import LinkedinOptions as Options
from dq.standardize import pasted, text
from dq.standardize.forms import VALUE, Standardized, change_where, each, find_where, once, once_each

_HOME = "https://www.linkedin.com/"
_STANDARD = r"^https://www\.linkedin\.com/in/[a-z0-9-]{3,}$"
_STANDARD_COMPANY = r"^https://www\.linkedin\.com/company/[a-z0-9-]+$"
_COMMON = r"^(?i)(?:https?://)?(?:(?:[a-z]{2}|www|m)\.)?linkedin\.com/(?:mwlite/)?in/[a-z0-9-]+/?(?:\?[!-~]*)?$"
_HOST = r"^(?i)(?:https?:)?(?://)?(?:(?:[a-z]{2}|www|m|mobile|touch)\.)*linkedin\.com\.?(?::(?:80|443))?/+"
_TWICE = r"^(?i)(?:https?://)?(?:[a-z]+\.)*linkedin\.com/+(?:in/+)?((?:https?://)?(?:[a-z]+\.)*linkedin\.com/)"
_APP = r"^(?i)linkedin://+(?:#/?)?(in|company|school|showcase)/+"
_APP_PROFILE = (
    r"^(?i)linkedin://+(?:#/?)?profile/+([^/?#]*[^/?#0-9][^/?#]*)"  # a bare number is a member's, and no page
)
_APP_PATH = r"^(?i)(?:mwlite|comm|organization-guest)/+"
_LABEL = r"^(?i)linked ?in(?: ?(?:profile|page|url|link|id))*\s*[:：=]\s*"
_PAGE = r"^(?i)(in|company|school|showcase)/+([^/]+)"
_PUBLIC = r"^(?i)pub/[^/\s%]+/[0-9a-z]+/[0-9a-z]+/[0-9a-z]+$"
_MEMBER_ID = r"^AC[ow]AA[A-Za-z0-9_-]{10,}$"  # base64: its case means something
_SLUG = r"^[\p{L}\p{M}\p{N}\p{So}\p{Sk}\x{200c}\x{200d}\x{fe0f}_.~-]+$"
_ENCODED_SLUG = r"^(?:[A-Za-z0-9_.~-]|%[0-9A-Fa-f]{2})+$"
_PERSON_FORM = r"^https://www\.linkedin\.com/(?:in/[^/?#\s]+|pub(?:/[^/?#\s]+){4})$"
_NOBODY_FORM = r"^https://www\.linkedin\.com/(?:in/me$|(?i:pub/dir/))"
_COMPANY_FORM = r"^https://www\.linkedin\.com/(?:company|showcase)/[^/?#\s]+$"
_SCHOOL_FORM = r"^https://www\.linkedin\.com/school/[^/?#\s]+$"
_ON_SITE = r"^(?i)(?:https?://)?(?:[a-z]+\.)*linkedin\.com/"
_SHORT = r"^(?i)(?:https?://)?(?:www\.)?lnkd\.in(?:/|$)"
_POST = _ON_SITE + "(?:posts|feed/update|pulse|embed/feed/update)/"
_NUMBER = rf"{_ON_SITE}(?:profile/view|people/profile)|^(?i)linkedin://"
_OLD_SCHOOL = _ON_SITE + "edu/"
_EDGES = " <>\"'“”‘’,;()[]"
_LICENSED = r"^(?i)(?:https?://)?[a-z.]*linkedin\.com/(?:sales|talent|recruiter)/"


def standardize(value: pl.Expr, options: Mapping[str, Any]) -> Standardized:
    """Standard form of LinkedIn addresses, with findings for whatever is not the kind of page that is expected."""
    given = Options.model_validate(options)
    form = standard(value, given)
    return Standardized(form, finding(form, given))


def standard(value: pl.Expr, options: Options) -> pl.Expr:
    """The page's address in standard form; anything else is kept as it is."""
    if options.page == "company":
        return change_where(value, _is_no_company, lambda rows: _rebuilt(rows, "company"))
    return change_where(value, _is_other, each(_changed))


def finding(value: pl.Expr, options: Options) -> pl.Expr:
    """Finding codes for values in standard form: whatever is not the kind of page that is expected."""
    test = _is_no_company if options.page == "company" else _is_other
    return find_where(value, test, each(lambda v: _code(v, options.page)))


def match_form(value: pl.Expr) -> pl.Expr:
    """A person's page for comparing; null for anything else."""
    return once(standard(value, Options()), lambda form: pl.when(_is_person(form) & _is_in(form)).then(form))


def company_form(value: pl.Expr) -> pl.Expr:
    """A company's or school's page for comparing; null for anything else. It tells companies apart, never people."""
    form = standard(value, Options(page="company"))
    return once(
        form, lambda form: pl.when(form.str.contains(_COMPANY_FORM) | form.str.contains(_SCHOOL_FORM)).then(form)
    )


def _is_in(form: pl.Expr) -> pl.Expr:
    return form.str.starts_with(_HOME + "in/")


def _is_no_company(value: pl.Expr) -> pl.Expr:
    return ~value.str.contains(_STANDARD_COMPANY)


def _is_other(value: pl.Expr) -> pl.Expr:
    return ~value.str.contains(_STANDARD)


def _changed(value: pl.Expr) -> pl.Expr:
    return change_where(change_where(value, _is_common, each(_from_common)), _is_other, _rebuilt)


def _is_common(value: pl.Expr) -> pl.Expr:
    return value.str.contains(_COMMON) & ~value.str.contains("(?i)/in/AC[ow]AA")


def _from_common(value: pl.Expr) -> pl.Expr:
    # what most addresses need, in a third of the time that `_rebuilt` takes to say the same
    slug = value.str.to_lowercase().str.replace(r"^.*?/in/", "").str.replace(r"[/?].*$", "")
    return _HOME + "in/" + slug


def _rebuilt(rows: pl.LazyFrame, bare: str = "in") -> pl.LazyFrame:
    hosted, page, slug, public = (pl.col(name) for name in ("hosted", "page", "slug", "public"))
    cut = hosted.str.strip_prefix("/").str.replace(_APP_PATH, "").str.replace(r"[?#].*$", "")
    cut = cut.str.replace("^(?i)company-beta/", "company/")  # what company pages were called in 2017
    kind = page.str.extract(_PAGE, 1).str.to_lowercase()
    return (
        rows.with_columns(cleaned=_addressed(text.tidy(VALUE)))
        .with_columns(hosted=_behind_host(pl.col("cleaned"), bare))
        .with_columns(page=cut)
        .with_columns(written=page.str.extract(_PAGE, 2).str.strip_chars_end("."), public=page.str.strip_chars_end("/"))
        .with_columns(decoded=_decoded(pl.col("written")))
        .with_columns(lowered=_lowered(pl.col("decoded")))
        .with_columns(slug=_slug(pl.col("lowered"), pl.col("written")))
        .select(
            pl.when(slug.is_not_null())
            .then(_HOME + kind + "/" + slug)
            .when(public.str.contains(_PUBLIC) & ~public.str.contains("^(?i)pub/dir/"))
            .then(_HOME + "pub/" + public.str.replace("^(?i)pub/", ""))
            .otherwise(VALUE)
        )
    )


def _addressed(tidy: pl.Expr) -> pl.Expr:
    """The address without what stands around it, links of the app as the site's."""
    site = tidy.str.strip_chars(_EDGES).str.replace(_APP, _HOME + "$1/").str.replace(_APP_PROFILE, _HOME + "in/$1")
    bare = site.str.replace(_LABEL, "").str.strip_chars(_EDGES)
    return pasted.schemed(bare).str.replace(_TWICE, "$1")


def _behind_host(cleaned: pl.Expr, bare: str) -> pl.Expr:
    hosted = pl.when(cleaned.str.contains(_HOST)).then(cleaned.str.replace(_HOST, ""))
    return hosted.when(cleaned.str.contains(f"^(?i)/?{bare}/")).then(cleaned)


def _decoded(written: pl.Expr) -> pl.Expr:
    def unquoted(slugs: pl.Expr) -> pl.Expr:
        return text.tidy(once_each(slugs, _unquoted))

    encoded = change_where(written, lambda v: v.str.contains("%", literal=True), each(unquoted))
    return encoded.str.strip_chars_end(".")


def _lowered(decoded: pl.Expr) -> pl.Expr:
    return pl.when(decoded.str.contains(_MEMBER_ID)).then(decoded).otherwise(text.nfc(decoded.str.to_lowercase()))


def _slug(lowered: pl.Expr, written: pl.Expr) -> pl.Expr:
    return pl.when(lowered.str.contains(_SLUG)).then(lowered).when(written.str.contains(_ENCODED_SLUG)).then(written)


def _unquoted(slug: str) -> str | None:
    try:
        return unquote(slug, errors="strict")
    except UnicodeDecodeError:
        return None


def _is_person(form: pl.Expr) -> pl.Expr:
    return form.str.contains(_PERSON_FORM) & ~form.str.contains(_NOBODY_FORM)


def _code(value: pl.Expr, page: str) -> pl.Expr:
    person, company = _is_person(value), value.str.contains(_COMPANY_FORM)
    school = value.str.contains(_SCHOOL_FORM)
    ours = company | school if page == "company" else person
    return (
        pl.when(ours)
        .then(None)
        .when(person)
        .then(pl.lit("linkedin.person"))
        .when(company)
        .then(pl.lit("linkedin.company"))
        .when(school | value.str.contains(_OLD_SCHOOL))
        .then(pl.lit("linkedin.school"))
        .when(value.str.contains(_LICENSED))
        .then(pl.lit("linkedin.sales"))
        .when(value.str.contains(_SHORT))
        .then(pl.lit("linkedin.short"))
        .when(value.str.contains(_POST))
        .then(pl.lit("linkedin.post"))
        .when(value.str.contains(_NUMBER))
        .then(pl.lit("linkedin.number"))
        .otherwise(pl.lit("linkedin.invalid"))
    )
