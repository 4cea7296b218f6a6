"""What goes wrong with a lead's values on their way into two stores: one table of kinds and shares a column."""

from typing import TypeAlias

import numpy as np
import polars as pl

from dq.leads import words
from dq.leads.people import spread

Kinds: TypeAlias = list[tuple[str, float, pl.Expr]]
"""What goes wrong, in what share of the rows, and what the value becomes."""

SHARED_MAILBOX = "frontdesk@alvobarkanalytics.com"
_NOTHING = pl.lit(None, pl.String)


def messy(rows: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """The rows with their values as people and scrapers left them.

    Args:
        rows: People's true values, one row a copy, with `email_known` and `linkedin_url_known`: whether this copy has them.
        rng: The source of chance.

    Returns:
        The rows with `name` and the other mapped columns as found.
    """
    kinds = {column: spread(rng, rows.height, [share for _, share, _ in made]) for column, made in _KINDS.items()}
    drawn = rows.with_columns(_standard_name().alias("name"), _standard_company().alias("company_name")).with_columns(
        series.alias(f"_{column}") for column, series in kinds.items()
    )
    found = drawn.with_columns(_found(column).alias(f"{column}_found") for column in _KINDS)
    kept = found.with_columns(
        pl.when(f"{column}_known").then(f"{column}_found").alias(f"{column}_found")
        for column in ("email", "linkedin_url")
    )
    return kept.with_columns(pl.col(f"{column}_found").alias(column) for column in _KINDS)


def _standard_name() -> pl.Expr:
    return pl.col("first") + " " + pl.col("last")


def _standard_company() -> pl.Expr:
    return pl.col("company") + " " + pl.col("form")


def _found(column: str) -> pl.Expr:
    """The column's value by the kind that was drawn for the row."""
    found = pl.col("company_name" if column == "company" else column)
    for position, (_, _, expression) in enumerate(_KINDS[column]):
        found = pl.when(pl.col(f"_{column}") == position).then(expression).otherwise(found)
    return found


def _names() -> Kinds:
    name, first, last = pl.col("name"), pl.col("first"), pl.col("last")
    swapped = last.str.head(1) + last.str.slice(2, 1) + last.str.slice(1, 1) + last.str.slice(3)
    return [
        ("upper case", 0.05, name.str.to_uppercase()),
        ("lower case", 0.05, name.str.to_lowercase()),
        ("outer spaces", 0.03, "  " + name + " "),
        ("inner spaces", 0.03, first + "   " + last),
        ("no-break space", 0.02, first + "\u00a0" + last),
        ("zero-width space", 0.02, name + "\u200b"),
        ("middle initial", 0.06, first + " " + pl.col("middle") + ". " + last),
        ("honorific", 0.02, "Dr. " + name),
        ("last name first", 0.02, last + ", " + first),
        ("nickname", 0.03, first.replace(words.NICKNAMES) + " " + last),
        ("typing error", 0.03, first + " " + swapped),
    ]


def _emails() -> Kinds:
    email = pl.col("email")
    return [
        ("missing", 0.07, _NOTHING),
        ("upper case", 0.05, email.str.to_uppercase()),
        ("title case", 0.03, email.str.to_titlecase()),
        ("spaces", 0.04, " " + email + " "),
        ("mailto", 0.02, "mailto:" + email),
        ("display name", 0.02, pl.col("name") + " <" + email + ">"),
        ("plus tag", 0.03, email.str.replace("@", "+leads@", literal=True)),
        ("role address", 0.02, "info@" + pl.col("domain")),
        ("shared mailbox", 0.02, pl.lit(SHARED_MAILBOX)),
        ("placeholder", 0.02, pl.lit("test@test.com")),
        ("invalid", 0.01, email.str.replace("@", " at ", literal=True)),
    ]


def _companies() -> Kinds:
    company, full = pl.col("company"), pl.col("company_name")
    respelled = pl.col("form").replace(words.FORM_SPELLINGS)
    return [
        ("missing", 0.04, _NOTHING),
        ("legal form respelled", 0.12, company + " " + respelled),
        ("comma before legal form", 0.05, company + ", " + pl.col("form")),
        ("upper case", 0.05, full.str.to_uppercase()),
        ("lower case", 0.04, full.str.to_lowercase()),
        ("spaces", 0.04, " " + full.str.replace_all(" ", "  ", literal=True)),
    ]


def _titles() -> Kinds:
    title = pl.col("title")
    return [
        ("missing", 0.10, _NOTHING),
        ("spaces", 0.04, title + "  "),
        ("placeholder", 0.02, pl.lit("n/a")),
        ("lower case", 0.04, title.str.to_lowercase()),
    ]


def _profiles() -> Kinds:
    url = pl.col("linkedin_url")
    return [
        ("missing", 0.12, _NOTHING),
        ("http", 0.04, url.str.replace("https://", "http://", literal=True)),
        ("no scheme", 0.05, url.str.strip_prefix("https://")),
        ("no www", 0.03, url.str.replace("www.", "", literal=True)),
        ("trailing slash", 0.05, url + "/"),
        ("tracking", 0.06, url + "?trk=public_profile&utm_source=newsletter"),
        ("country host", 0.03, url.str.replace("www.", "de.", literal=True)),
        ("mobile host", 0.02, url.str.replace("www.", "m.", literal=True)),
        ("language path", 0.02, url + "/en"),
        ("upper case", 0.02, url.str.to_uppercase()),
        ("company page", 0.01, "https://www.linkedin.com/company/" + pl.col("domain").str.split(".").list.first()),
    ]


def _websites() -> Kinds:
    url, domain = pl.col("company_website"), pl.col("domain")
    return [
        ("missing", 0.12, _NOTHING),
        ("http", 0.06, "http://" + domain),
        ("no scheme", 0.08, domain),
        ("www", 0.08, "www." + domain),
        ("trailing slash", 0.08, url + "/"),
        ("tracking", 0.06, url + "/?utm_source=linkedin&utm_medium=social"),
        ("upper case", 0.03, "HTTPS://" + domain.str.to_uppercase()),
        ("placeholder", 0.02, pl.lit("n/a")),
    ]


def _phones() -> Kinds:
    phone = pl.col("phone")
    area, line = phone.str.slice(3, 3), phone.str.slice(11, 4)
    return [
        ("missing", 0.15, _NOTHING),
        ("brackets", 0.10, "(" + area + ") 555-" + line),
        ("dots", 0.06, area + ".555." + line),
        ("hyphens", 0.06, area + "-555-" + line),
        ("digits only", 0.05, area + "555" + line),
        ("extension", 0.03, phone + " x12"),
        ("placeholder", 0.02, pl.lit("000-000-0000")),
        ("spreadsheet damage", 0.01, "1." + area.str.head(1) + "5E+10"),
    ]


def _statuses() -> Kinds:
    status = pl.col("status")
    return [
        ("missing", 0.08, _NOTHING),
        ("empty", 0.03, pl.lit("")),
        ("upper case", 0.05, status.str.to_uppercase()),
        ("words", 0.05, status.str.replace("_", " ", literal=True).str.to_titlecase()),
        ("hyphen", 0.03, status.str.replace("_", "-", literal=True)),
        ("spaces", 0.04, " " + status),
        ("synonym", 0.08, status.replace(words.STATUS_SYNONYMS)),
        ("unknown", 0.01, pl.lit("nurture")),
    ]


_KINDS: dict[str, Kinds] = {
    "name": _names(),
    "email": _emails(),
    "company": _companies(),
    "title": _titles(),
    "linkedin_url": _profiles(),
    "company_website": _websites(),
    "phone": _phones(),
    "status": _statuses(),
}
