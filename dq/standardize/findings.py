"""Findings of the standardize step: found in the same pass, kept beside the field, then made one row each."""

from collections.abc import Mapping, Sequence

import polars as pl

from dq.schemas.finding import FINDING_TYPES, Finding
from dq.schemas.record import Record, raw
from dq.schemas.values import Store

MESSAGES: Mapping[str, str] = {
    "email.invalid": "Not an email address that mail can be sent to; kept as it is.",
    "email.several": "More than one email address in one cell; kept as it is.",
    "email.lookalike": "The domain mixes Latin with Cyrillic or Greek letters, as imitations of other domains do.",
    "website.invalid": "Not a web address; kept as it is.",
    "website.scheme": "An address of another kind than http or https; kept as it is.",
    "website.credentials": "The web address carries a user name or password; kept as it is.",
    "website.lookalike": "The domain mixes Latin with Cyrillic or Greek letters, as imitations of other domains do.",
    "linkedin.invalid": "Not the address of a LinkedIn profile; kept as it is.",
    "linkedin.company": "A company's LinkedIn page where a person's is expected.",
    "linkedin.school": "A school's LinkedIn page where a person's is expected.",
    "linkedin.sales": "A Sales Navigator or Recruiter link, which only members with a license can open; kept as it is.",
    "company.placeholder": "Nobody's company, such as `n/a` or `freelance`; kept as it is.",
    "company.only_form": "Nothing but a legal form where a company's name is expected; kept as it is.",
    "company.address": "An email or web address where a company's name is expected; kept as it is.",
    "enum.unknown": "Not one of the standard values, and no synonym of one; kept as it is.",
}
"""What each finding means, in plain words."""

INFORMATION = frozenset({"company.placeholder", "company.only_form"})
"""Findings of severity info; all others are warnings."""

SEPARATOR = "+"
_CODE = "code"


def finding(field: str) -> str:
    """Name of the column that holds a field's finding codes, joined by `+`; null when there is none."""
    return f"{field}_finding"


def findings(standardized: pl.DataFrame, *, store: Store, table: str, fields: Sequence[str]) -> pl.DataFrame:
    """The findings of standardized records, one row each, in the order of `fields` and then of the row's key.

    Args:
        standardized: What `standardize_records` gives, collected.
        store: Where the records are from.
        table: The store's own table name.
        fields: The mapped fields.
    """
    found = [name for name in fields if standardized[finding(name)].count()]
    return pl.concat([pl.DataFrame(schema=FINDING_TYPES), *(_of_field(standardized, store, table, f) for f in found)])


def without_findings(standardized: pl.LazyFrame, fields: Sequence[str]) -> pl.LazyFrame:
    """Standardized records without the finding columns: the Record contract."""
    return standardized.drop([finding(field) for field in fields])


def _of_field(standardized: pl.DataFrame, store: Store, table: str, field: str) -> pl.DataFrame:
    found = standardized.filter(pl.col(finding(field)).is_not_null()).sort(Record.row_key)
    codes = found.with_columns(pl.col(finding(field)).str.split(SEPARATOR).alias(_CODE)).explode(_CODE)
    return codes.select(
        pl.lit(store).alias(Finding.store),
        pl.lit(table).alias(Finding.table),
        pl.col(Record.row_key).alias(Finding.row_key),
        pl.lit(field).alias(Finding.field),
        pl.col(raw(field)).alias(Finding.value),
        pl.col(_CODE).alias(Finding.rule),
        pl.when(pl.col(_CODE).is_in(INFORMATION))
        .then(pl.lit("info"))
        .otherwise(pl.lit("warning"))
        .alias(Finding.severity),
        pl.col(_CODE).replace_strict(MESSAGES, return_dtype=pl.String).alias(Finding.message),
    )
