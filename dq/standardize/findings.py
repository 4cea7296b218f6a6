"""Findings of the standardize step: found in the same pass, kept beside the field, then made one row each."""

import re
from collections.abc import Mapping, Sequence

import polars as pl

from dq.rules import FieldRule
from dq.schemas.finding import FINDING_TYPES, Finding
from dq.schemas.record import Record, raw
from dq.schemas.values import Store
from dq.standardize.kinds import kind_of

MESSAGES: Mapping[str, str] = {
    "text.placeholder": "A word that stands where a value should; kept as it is.",
    "email.placeholder": "An address that is nobody's; kept as it is.",
    "email.role": "An address of an office, not of a person.",
    "email.free": "An address at a free-mail provider, which tells nothing of a company.",
    "email.disposable": "An address at a provider of throw-away addresses.",
    "email.invalid": "Not an email address that mail can be sent to; kept as it is.",
    "email.several": "More than one email address in one cell; kept as it is.",
    "email.lookalike": "The domain mixes Latin with Cyrillic or Greek letters, as imitations of other domains do.",
    "website.invalid": "Not a web address; kept as it is.",
    "website.several": "More than one web address in one cell; kept as it is.",
    "website.scheme": "An address of another kind than http or https; kept as it is.",
    "website.credentials": "The web address carries a user name or password; kept as it is.",
    "website.lookalike": "The domain mixes Latin with Cyrillic or Greek letters, as imitations of other domains do.",
    "linkedin.invalid": "Not the address of a LinkedIn profile; kept as it is.",
    "linkedin.company": "A company's LinkedIn page where a person's is expected.",
    "linkedin.school": "A school's LinkedIn page where a person's is expected.",
    "linkedin.person": "A person's LinkedIn page where a company's is expected.",
    "linkedin.short": "A short link, which does not say whose page it leads to; kept as it is.",
    "linkedin.post": "A post, not a profile; kept as it is.",
    "linkedin.number": "An old link by member number, which leads to no public page; kept as it is.",
    "linkedin.sales": "A Sales Navigator or Recruiter link, which only members with a license can open; kept as it is.",
    "company.placeholder": "Nobody's company, such as `n/a` or `freelance`; kept as it is.",
    "company.only_form": "Nothing but a legal form where a company's name is expected; kept as it is.",
    "company.address": "An email or web address where a company's name is expected; kept as it is.",
    "enum.corrected": "A typing mistake of one of the standard values, which was put in its place.",
    "enum.unknown": "Not one of the standard values, and no synonym of one; kept as it is.",
    "date.invalid": "Not a date; kept as it is.",
    "date.ambiguous": "May be two dates: which number is the day, or which century it is, is not known; kept as it is.",
    "number.invalid": "Not a number; kept as it is.",
    "number.precision": "More digits after the decimal character than the rule allows; kept as it is.",
    "map.emptied": "The rule's map leaves nothing of the value; kept as it is.",
    "regex.emptied": "The rule's pattern leaves nothing of the value; kept as it is.",
    "regex.mismatch": "Does not match the pattern that the rule demands; kept as it is.",
    "expression.emptied": "The rule's expression leaves nothing of the value; kept as it is.",
    "name.not_a_name": "An email address, a web address or a company where a person's name is expected; kept as it is.",
    "name.placeholder": "A word that stands where nobody knew the name; kept as it is.",
    "phone.invalid": "Not a telephone number that can be called; kept as it is.",
    "phone.no_region": "A telephone number without its country's calling code, and nothing says which country; kept.",
    "phone.ambiguous": "Two telephone numbers could be meant: its country's calling code, or an area; kept as it is.",
    "phone.damaged": "A spreadsheet has rounded the number (as 1.49E+10), so digits are lost; kept as it is.",
    "phone.several": "More than one telephone number in one cell; kept as it is.",
    "phone.short": "Too short to be called from elsewhere: a short code or an extension; kept as it is.",
    "phone.placeholder": "A number that stands where nobody knew the number, such as 000-000-0000; kept as it is.",
}
"""What each finding means, in plain words."""

SEVERITY: Mapping[str, str] = dict.fromkeys(
    ("email.role", "email.free", "email.disposable", "company.only_form", "enum.corrected", "phone.no_region"), "info"
)
"""The codes that are no warnings: they mark what may well be right as it is, or was put right."""

SEPARATOR = "+"
_CODE = "code"
_KEPT = "; kept as it is."
_DONE: Mapping[str, str] = {
    "null": "; the cell is emptied.",
    "quarantine": "; nothing of this lead is written before the cell is mended.",
}
"""What becomes of an invalid cell that is not kept, by the field's `on_invalid`."""


def finding(field: str) -> str:
    """Name of the column that holds a field's finding codes, joined by `+`; null when there is none."""
    return f"{field}_finding"


def invalid_codes(field: FieldRule) -> str:
    """A regular expression that finding codes of a field match when they say that its cell is invalid."""
    kinds = [kind for standardizer in field.standardize if (kind := kind_of(standardizer.name)) is not None]
    more = sorted({re.escape(code) for kind in kinds for code in kind.invalid})
    return "|".join([rf"[^{SEPARATOR}]*\.invalid", *more])


def is_invalid(codes: pl.Expr, field: FieldRule) -> pl.Expr:
    """Whether any of a cell's joined finding codes says that it is invalid; false where there are none."""
    sign = re.escape(SEPARATOR)
    return codes.str.contains(rf"(?:^|{sign})(?:{invalid_codes(field)})(?:{sign}|$)").fill_null(value=False)


def faults(codes: pl.Expr) -> pl.Expr:
    """Joined finding codes without those that only mark; null where nothing is left."""
    marks = "|".join(re.escape(code) for code in SEVERITY)
    left = codes.str.replace_all(rf"(?:{marks})(?:{re.escape(SEPARATOR)}|$)", "").str.strip_suffix(SEPARATOR)
    return pl.when(left != "").then(left)


def findings(
    standardized: pl.DataFrame, *, store: Store, table: str, fields: Sequence[str], rules: Sequence[FieldRule] = ()
) -> pl.DataFrame:
    """The findings of standardized records, one row each, in the order of `fields` and then of the row's key.

    Args:
        standardized: What `standardize_records` gives, collected.
        store: Where the records are from.
        table: The store's own table name.
        fields: The mapped fields.
        rules: Their rules, which say how severe an invalid cell is and what plug-ins' codes mean; without them every
            finding is a warning.
    """
    by_name = {rule.name: rule for rule in rules}
    found = [name for name in fields if standardized[finding(name)].count()]
    told = (_of_field(standardized, store, table, name, by_name.get(name)) for name in found)
    return pl.concat([pl.DataFrame(schema=FINDING_TYPES), *told])


def without_findings(standardized: pl.LazyFrame, fields: Sequence[str]) -> pl.LazyFrame:
    """Standardized records without the finding columns: the Record contract."""
    return standardized.drop([finding(field) for field in fields])


def _of_field(standardized: pl.DataFrame, store: Store, table: str, field: str, rule: FieldRule | None) -> pl.DataFrame:
    found = standardized.filter(pl.col(finding(field)).is_not_null()).sort(Record.row_key)
    codes = found.with_columns(pl.col(finding(field)).str.split(SEPARATOR).alias(_CODE)).explode(_CODE)
    return codes.select(
        pl.lit(store).alias(Finding.store),
        pl.lit(table).alias(Finding.table),
        pl.col(Record.row_key).alias(Finding.row_key),
        pl.lit(field).alias(Finding.field),
        pl.col(raw(field)).alias(Finding.value),
        pl.col(_CODE).alias(Finding.rule),
        _severity(rule).alias(Finding.severity),
        _message(rule).alias(Finding.message),
    )


def _severity(rule: FieldRule | None) -> pl.Expr:
    usual = pl.col(_CODE).replace_strict(SEVERITY, default="warning", return_dtype=pl.String)
    if rule is None or rule.on_invalid != "quarantine":
        return usual
    return pl.when(is_invalid(pl.col(_CODE), rule)).then(pl.lit("error")).otherwise(usual)


def _message(rule: FieldRule | None) -> pl.Expr:
    messages = dict(MESSAGES)
    for standardizer in () if rule is None else rule.standardize:
        kind = kind_of(standardizer.name)
        messages |= {} if kind is None else kind.messages
    told = pl.col(_CODE).replace_strict(messages, default=pl.format("The standardizer says {}.", _CODE))
    if rule is None or rule.on_invalid == "keep":
        return told
    done = told.str.replace(rf"(?:{re.escape(_KEPT)}|\.)$", _DONE[rule.on_invalid])
    return pl.when(is_invalid(pl.col(_CODE), rule)).then(done).otherwise(told)
