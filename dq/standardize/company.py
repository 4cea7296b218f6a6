# ruff: noqa: RUF001 (letters that look like others are what this is about)
"""Company names: the legal form in one spelling, before or after the name, and case repaired only where it is plainly lost.

name ──► text ──► (form before, stem, form after) ──► stem with case repaired ──► forms as they are written around it
"""

import re
from collections.abc import Mapping
from typing import Any

import polars as pl

from dq.options import CompanyOptions as Options
from dq.options import TextOptions
from dq.standardize import shipped, text
from dq.standardize.casing import lost_case, repaired, repaired_before_a_form
from dq.standardize.forms import VALUE, Standardized, both, change_where, each, find_where
from dq.standardize.legal_forms import LegalForms, legal_forms

_WORDS = r"[\p{L}\p{N}]"
_ARTICLES = "the|der|die|das|le|la|les|el|los|las|il|lo|gli|de|het"
_ARTICLE = rf"^(?:{_ARTICLES})\s"
_ARTICLE_ALONE = rf"^(?i:{_ARTICLES})$"
_AND = r"\s(?:and|und|et|en|y|e|og|och|ja|ve|и|і|та|й|და|και|و)\s|\s*[&+＆]\s*"
_UNSPACED = r"[\x{e00}-\x{eff}\x{3040}-\x{30ff}\x{3200}-\x{32ff}\x{4e00}-\x{9fff}]"
_ADDRESS = r"@[\p{L}\p{N}-]+\.\p{L}|://|^(?i:www)\.\S+$"
_EDGES = " ,([（"


def standardize(value: pl.Expr, options: Mapping[str, Any]) -> Standardized:
    """Standard form of company names, with `company.placeholder`, `company.only_form` and `company.address`."""
    given = Options.model_validate(options)
    form = standard(value, given)
    return Standardized(form, finding(form, given))


def standard(value: pl.Expr, options: Options) -> pl.Expr:
    """The name in standard form; a name that is nothing but a legal form stays."""
    forms = legal_forms(options.legal_forms or {}, options.remove_suffixes)

    def needed(name: pl.Expr) -> pl.Expr:
        return text.is_untidy(name) | (_needs_rewriting(name, forms, options) if forms else False)

    told = change_where(value, lost_case, lambda rows: _rewritten(rows, forms, options, one_case=True))
    return change_where(told, needed, lambda rows: _rewritten(rows, forms, options, one_case=False))


def finding(value: pl.Expr, options: Options) -> pl.Expr:
    """What a name in standard form is instead of a company's name: an address, a placeholder, a mere legal form."""
    words = [word.lower() for word in shipped.company_placeholders()]
    placeholder = rf"^(?i:{'|'.join(map(re.escape, words))})$"
    forms = legal_forms(options.legal_forms or {}, options.remove_suffixes)

    def suspect(name: pl.Expr) -> pl.Expr:
        alone = both(name, forms.may_be_alone, forms.is_alone) if forms else pl.lit(value=False)
        return name.str.contains(placeholder) | alone | name.str.contains(_ADDRESS)

    def code(name: pl.Expr) -> pl.Expr:
        return (
            pl.when(name.str.contains(_ADDRESS))
            .then(pl.lit("company.address"))
            .when(name.str.contains(placeholder))
            .then(pl.lit("company.placeholder"))
            .otherwise(pl.lit("company.only_form"))
        )

    return find_where(value, suspect, each(code))


def match_form(value: pl.Expr, forms: Mapping[str, str] | None = None) -> pl.Expr:
    """The name for comparing, never stored: folded, without legal forms and article, all words for `and` one.

    Args:
        value: Names, in standard form or not.
        forms: Legal forms as the rules have them; None for the list that dq ships.
    """
    known = legal_forms(forms or {})
    bare = text.standard(value, TextOptions())
    if known:
        bare = change_where(bare, lost_case, lambda rows: _bare(rows, known, one_case=True))
        bare = change_where(bare, known.may_have_one, lambda rows: _bare(rows, known, one_case=False))
    folded = text.folded(bare)
    joined = folded.str.replace_all(_AND, " and ").str.replace_all(r"['’`.״׳]", "")
    words = joined.str.replace_all(r"[^\p{L}\p{N}\p{M}]+", " ").str.strip_chars(" ")
    name = words.str.replace(_ARTICLE, "")
    return pl.when(name != "").then(name).otherwise(folded)


def _needs_rewriting(name: pl.Expr, forms: LegalForms, options: Options) -> pl.Expr:
    """Whether a form is not written as it should be, in an ASCII name; some names that are may pass as well."""
    if not options.add_proper_suffix:
        return name.str.contains(forms.fast) | name.str.contains(forms.fast_leads)

    def unsettled(name: pl.Expr) -> pl.Expr:
        long = name.str.contains(forms.long) & ~name.str.contains(forms.settled_long)
        return ~name.str.contains(forms.settled) | long

    return both(name, lambda n: n.str.contains(forms.fast), unsettled) | name.str.contains(forms.fast_lead)


def _rewritten(rows: pl.LazyFrame, forms: LegalForms | None, options: Options, *, one_case: bool) -> pl.LazyFrame:
    names = rows.select("value", tidied=text.tidy(VALUE))
    tidied = pl.col("tidied")
    whole = repaired(tidied) if options.normalize_case else tidied
    if not forms:
        return names.select(whole.fill_null(VALUE))
    names = _parts(names, forms, options, one_case=one_case)
    stem = pl.col("stem")
    fix = repaired_before_a_form if one_case else repaired
    name = pl.when(pl.col("is_cut")).then(fix(stem) if options.normalize_case else stem).otherwise(whole)
    if options.add_proper_suffix:
        name = pl.concat_str(_spaced_before(), name, _spaced_after())
    # a name that is nothing but a legal form keeps its case as well
    nothing = ~stem.str.contains(_WORDS)
    return names.select(
        pl.when(nothing).then(tidied).when(pl.col("is_known")).then(name).otherwise(whole).fill_null(VALUE)
    )


def _parts(names: pl.LazyFrame, forms: LegalForms, options: Options, *, one_case: bool) -> pl.LazyFrame:
    """Beside `tidied`: lead, stem and tail as they stand, how the forms are written, and whether they are understood."""
    patterns = forms.one_case if one_case else forms.cased
    drop = not options.add_proper_suffix
    tidied, rest, stem, lead, tail = (pl.col(name) for name in ("tidied", "rest", "stem", "lead", "tail"))
    parts = (
        names.with_columns(rest=patterns.without_leads(tidied) if drop else patterns.without_lead(tidied))
        .with_columns(stem=patterns.without_any(rest) if drop else patterns.without_one(rest))
        .with_columns(lead=tidied.str.strip_suffix(rest), tail=rest.str.strip_prefix(stem))
        .with_columns(is_cut=(lead != "") | (tail != ""), before=forms.written_before(lead), after=forms.written(tail))
        .with_columns(stem=pl.when(tail != "").then(stem.str.strip_chars_end(_EDGES)).otherwise(stem))
    )
    understood = ((lead == "") | pl.col("before").is_not_null()) & ((tail == "") | pl.col("after").is_not_null())
    known = pl.lit(value=True) if drop else understood
    return parts.with_columns(is_known=known & ~(pl.col("is_cut") & stem.str.contains(_ARTICLE_ALONE)))


def _spaced_before() -> pl.Expr:
    lead, before = pl.col("lead"), pl.col("before")
    joined = before.str.contains(_UNSPACED) & ~lead.str.contains(r"\s$")
    return pl.when(lead == "").then(pl.lit("")).when(joined).then(before).otherwise(before + " ")


def _spaced_after() -> pl.Expr:
    tail, after = pl.col("tail"), pl.col("after")
    joined = after.str.contains(_UNSPACED) & ~tail.str.contains(r"^[\s,]")
    return pl.when(tail == "").then(pl.lit("")).when(joined).then(after).otherwise(" " + after)


def _bare(rows: pl.LazyFrame, forms: LegalForms, *, one_case: bool) -> pl.LazyFrame:
    patterns = forms.one_case if one_case else forms.cased
    stem = pl.col("stem")
    parts = rows.with_columns(rest=patterns.without_leads(VALUE)).with_columns(
        stem=patterns.without_any(pl.col("rest"))
    )
    named = stem.str.contains(_WORDS) & ~stem.str.contains(_ARTICLE_ALONE)
    return parts.select(pl.when(named).then(stem).otherwise(VALUE))
