# ruff: noqa: RUF001 (letters that look like others are what this is about)
"""Company names: the trailing legal form in one spelling, case repaired only where it is plainly lost.

name ──► text ──► (stem, legal form) ──► stem with case repaired ──► stem + form as it is written
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from dq.options import CompanyOptions as Options
from dq.options import TextOptions
from dq.standardize import text
from dq.standardize.casing import lost_case, repaired
from dq.standardize.forms import VALUE, Standardized, change_where, no_finding
from dq.standardize.legal_forms import JOINED, LEADING, LegalForms, legal_forms

_WORDS = r"[\p{L}\p{N}]"
_ARTICLE = r"^(?:the|der|die|das|le|la|les|el|los|il|lo|de|het)\s"
_AND = r"\s(?:and|und|et|en|y|e)\s|\s*[&+]\s*"


def standardize(value: pl.Expr, options: Mapping[str, Any]) -> Standardized:
    """Standard form of company names; nothing is a finding."""
    given = Options.model_validate(options)
    return Standardized(standard(value, given), no_finding())


def standard(value: pl.Expr, options: Options) -> pl.Expr:
    """The name in standard form; a name that is nothing but a legal form stays."""
    forms = legal_forms(options.legal_forms or {}, options.remove_suffixes)

    def needed(name: pl.Expr) -> pl.Expr:
        suffixed = forms.needs_rewriting(name, drop=not options.add_proper_suffix) if forms else False
        return text.is_untidy(name) | suffixed | (lost_case(name) if options.normalize_case else False)

    return change_where(value, needed, lambda rows: _rewritten(rows, forms, options))


def finding(_: pl.Expr, __: Options) -> pl.Expr:
    """Company names have no findings."""
    return no_finding()


def match_form(value: pl.Expr, forms: Mapping[str, str] | None = None) -> pl.Expr:
    """The name for comparing, never stored: folded, without legal form and article, all words for `and` one.

    Args:
        value: Names, in standard form or not.
        forms: Legal forms as the rules have them; None for the built-in list.
    """
    known = legal_forms(forms or {})
    tidied = text.standard(value, TextOptions())
    stem = tidied.str.replace(known.all, "") if known else tidied
    stem = stem.str.replace(JOINED, "").str.replace(LEADING, "")
    folded = text.folded(pl.when(stem.str.contains(_WORDS)).then(stem).otherwise(tidied))
    joined = folded.str.replace_all(_AND, " and ").str.replace_all(r"['’`.]", "")
    words = joined.str.replace_all(r"[^\p{L}\p{N}\p{M}]+", " ").str.strip_chars(" ")
    bare = words.str.replace(_ARTICLE, "")
    return pl.when(bare != "").then(bare).otherwise(folded)


def _rewritten(rows: pl.LazyFrame, forms: LegalForms | None, options: Options) -> pl.LazyFrame:
    tidied, stem, form, known, name = (pl.col(column) for column in ("tidied", "stem", "form", "known", "name"))
    names = rows.with_columns(tidied=text.tidy(VALUE))
    if forms:
        pattern = forms.one if options.add_proper_suffix else forms.all
        names = (
            names.with_columns(stem=tidied.str.replace(pattern, ""))
            .with_columns(form=forms.written(tidied.str.strip_prefix(stem)), is_cut=stem != tidied)
            .with_columns(stem=pl.when(pl.col("is_cut")).then(stem.str.strip_chars_end(" ,([")).otherwise(stem))
            .with_columns(known=stem.str.contains(_WORDS) & (form.is_not_null() | (not options.add_proper_suffix)))
            .with_columns(name=pl.when(known).then(stem).otherwise(tidied))
        )
    else:
        names = names.with_columns(
            name=tidied, stem=tidied, form=pl.lit(None, dtype=pl.String), known=pl.lit(value=False)
        )
    names = names.with_columns(name=repaired(name)) if options.normalize_case else names
    suffixed = pl.when(known).then(name + " " + form).otherwise(name) if options.add_proper_suffix else name
    # a name that is nothing but a legal form keeps its case as well
    named = pl.when(stem.str.contains(_WORDS)).then(suffixed).otherwise(tidied)
    return names.select(named.fill_null(VALUE))
