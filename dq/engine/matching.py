"""Match forms: the folded values that dedupe compares, by each field's standardizer family. Never stored."""

from collections.abc import Callable, Mapping, Sequence

import polars as pl

from dq.rules import FieldRule, TableRules
from dq.standardize import company, email, linkedin, name_parts, phone, text, website
from dq.standardize.remembered import remembered, text_of

FORMS: Mapping[str, Callable[[pl.Expr], pl.Expr]] = {
    "email": email.match_form,
    "linkedin": linkedin.match_form,
    "website": website.match_form,
    "name": name_parts.match_form,
    "phone": phone.match_form,
}


def match_forms(rules: TableRules, fields: Sequence[str]) -> list[pl.Expr]:
    """One column of match forms per field, under the field's name."""
    return [_form_of(rules.field(name))(pl.col(name)).alias(name) for name in fields]


def _form_of(field: FieldRule) -> Callable[[pl.Expr], pl.Expr]:
    if field.of_company:
        return _kept(linkedin.company_form)
    if field.kind == "company":
        forms = field.standardize[-1].options.get("legal_forms")
        return remembered(
            (company.match_form, text_of(field.standardize[-1])), lambda v, _: company.match_form(v, forms)
        )
    return _kept(FORMS.get(field.kind, text.folded))


def _kept(form: Callable[[pl.Expr], pl.Expr]) -> Callable[[pl.Expr], pl.Expr]:
    return remembered(form, lambda value, _: form(value))
