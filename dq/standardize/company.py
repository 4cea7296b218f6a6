# ruff: noqa: RUF001 (letters that look like others are what this is about)
"""Company names: the legal form in one spelling, before or after the name, and case repaired only where it is plainly lost.

name ──► text ──► (form before, stem, form after) ──► stem with case repaired ──► forms as they are written around it
"""

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from dq.options import CompanyOptions as Options
from dq.options import TextOptions
from dq.standardize import placeholders, text
from dq.standardize.casing import lost_case, repaired, repaired_before_a_form
from dq.standardize.form_cuts import Cut, cut_end, cut_start
from dq.standardize.forms import VALUE, Standardized, both, change_where, each, find_where, once, once_each
from dq.standardize.legal_forms import LegalForms, legal_forms

_WORDS = r"[\p{L}\p{N}]"
_ARTICLES = "the|der|die|das|le|la|les|el|los|las|il|lo|gli|de|het"
_ARTICLE = rf"^(?:{_ARTICLES})\s"
_ARTICLE_ALONE = rf"^(?i:{_ARTICLES})$"
_AND = r"\s(?:and|und|et|en|y|e|og|och|ja|ve|и|і|та|й|და|και|و)\s|\s*[&+＆]\s*"
_ADDRESS = r"@[\p{L}\p{N}-]+\.\p{L}|://|^(?i:www)\.\S+$"


def standardize(value: pl.Expr, options: Mapping[str, Any]) -> Standardized:
    """Standard form of company names, with `company.placeholder`, `company.only_form` and `company.address`."""
    given = Options.model_validate(options)
    form = standard(value, given)
    return Standardized(form, finding(form, given))


def standard(value: pl.Expr, options: Options) -> pl.Expr:
    """The name in standard form; a name that is nothing but a legal form stays."""
    forms = legal_forms(options.legal_forms, options.remove_suffixes)

    def needed(name: pl.Expr) -> pl.Expr:
        return text.is_untidy(name) | (_needs_rewriting(name, forms, options) if forms else False)

    told = change_where(value, lost_case, lambda rows: _rewritten(rows, forms, options, one_case=True))
    return change_where(told, needed, lambda rows: _rewritten(rows, forms, options, one_case=False))


def finding(value: pl.Expr, options: Options) -> pl.Expr:
    """What a name in standard form is instead of a company's name: an address, a placeholder, a mere legal form."""
    forms = legal_forms(options.legal_forms, options.remove_suffixes)
    listed = placeholders.pattern(options.placeholders)

    def suspect(name: pl.Expr) -> pl.Expr:
        alone = both(name, forms.may_be_alone, lambda n: _is_alone(n, forms)) if forms else pl.lit(value=False)
        return name.str.contains(_ADDRESS) | name.str.contains(listed) | alone

    def code(name: pl.Expr) -> pl.Expr:
        return (
            pl.when(name.str.contains(_ADDRESS))
            .then(pl.lit("company.address"))
            .when(name.str.contains(listed))
            .then(pl.lit("company.placeholder"))
            .otherwise(pl.lit("company.only_form"))
        )

    return find_where(value, suspect, each(code))


def match_form(value: pl.Expr, forms: Mapping[str, str] | None = None) -> pl.Expr:
    """The name for comparing, never stored: folded, without legal forms and article, all words for `and` one.

    Args:
        value: Names, in standard form or not.
        forms: Legal forms as the rules have them.
    """
    known = legal_forms(forms)
    bare = text.standard(value, TextOptions())
    if known:
        bare = change_where(bare, lost_case, lambda rows: _bare(rows, known, one_case=True))
        bare = change_where(
            bare, lambda name: _may_have_one(name, known), lambda rows: _bare(rows, known, one_case=False)
        )
    return once(text.folded(bare), _spelled)


def _spelled(folded: pl.Expr) -> pl.Expr:
    """A folded name by its words alone, without article; the name itself where that leaves nothing."""
    joined = folded.str.replace_all(_AND, " and ").str.replace_all(r"['’`.״׳]", "")
    words = joined.str.replace_all(r"[^\p{L}\p{N}\p{M}]+", " ").str.strip_chars(" ")
    name = words.str.replace(_ARTICLE, "")
    return pl.when(name != "").then(name).otherwise(folded)


def _may_have_one(name: pl.Expr, forms: LegalForms) -> pl.Expr:
    """Whether a form may stand at an end of a name; a cheap guess."""
    return name.str.contains(forms.plain_run) | name.str.contains(forms.plain_lead) | text.not_ascii(name)


def _needs_rewriting(name: pl.Expr, forms: LegalForms, options: Options) -> pl.Expr:
    """Whether a form is not written as it should be, in an ASCII name of both cases."""
    drop = not options.add_proper_suffix

    def unsettled_end(other: pl.Expr) -> pl.Expr:
        run = other.str.strip_prefix(other.str.replace(forms.run, ""))
        settled = once_each(run, lambda r: _if_settled(r, cut_end(forms, r, one_case=False, every=drop)))
        return settled.is_null()

    def unsettled_start(other: pl.Expr) -> pl.Expr:
        run = other.str.strip_suffix(other.str.replace(forms.lead, ""))
        settled = once_each(run, lambda r: _if_settled(r, cut_start(forms, r, one_case=False, every=drop)))
        return settled.is_null()

    end = both(name, lambda n: n.str.contains(forms.plain_run), unsettled_end)
    return end | both(name, lambda n: n.str.contains(forms.plain_lead), unsettled_start)


def _if_settled(run: str, cut: Cut) -> str | None:
    return run if run in {cut.kept + cut.written, cut.written + cut.kept} else None


def _rewritten(rows: pl.LazyFrame, forms: LegalForms | None, options: Options, *, one_case: bool) -> pl.LazyFrame:
    names = rows.select("value", tidied=text.standard(VALUE, TextOptions()))
    tidied = pl.col("tidied")
    whole = repaired(tidied) if options.normalize_case else tidied
    if not forms:
        return names.select(whole.fill_null(VALUE))
    parts = _parts(names, forms, one_case=one_case, every=not options.add_proper_suffix)
    stem = pl.col("stem")
    fix = repaired_before_a_form if one_case else repaired
    name = pl.col("before") + (fix(stem) if options.normalize_case else stem) + pl.col("after")
    # a name that is nothing but a legal form keeps its case as well
    alone = both(tidied, forms.may_be_alone, lambda other: _is_alone(other, forms))
    nothing = pl.when("is_cut").then(~stem.str.contains(_WORDS)).otherwise(alone)
    # `IBM s.c.i.` stays: as `IBM SCI` it would be a name in capitals, in which SCI is no form
    steady = pl.col("is_known") & ~(pl.col("is_unsure") & lost_case(name))
    return parts.select(pl.when(nothing).then(tidied).when(steady).then(name).otherwise(whole).fill_null(VALUE))


def _parts(names: pl.LazyFrame, forms: LegalForms, *, one_case: bool, every: bool) -> pl.LazyFrame:
    """Beside `tidied`: the stem, the forms as they are written around it, and whether there are any.

    A form is none where it would leave nothing of the name, or its article alone.
    """
    tidied, rest, stem, first, last = (pl.col(name) for name in ("tidied", "rest", "stem", "first", "last"))

    def start(part: Callable[[Cut], str | None]) -> pl.Expr:
        return once_each(first, lambda run: part(cut_start(forms, run, one_case=one_case, every=every)))

    def end(part: Callable[[Cut], str | None]) -> pl.Expr:
        return once_each(last, lambda run: part(cut_end(forms, run, one_case=one_case, every=every)))

    parts = (
        names.with_columns(rest=tidied.str.replace(forms.lead, ""))
        .with_columns(first=tidied.str.strip_suffix(rest))
        .with_columns(before=start(lambda cut: cut.written), rest=start(lambda cut: cut.kept) + rest)
        .with_columns(stem=rest.str.replace(forms.run, ""))
        .with_columns(last=rest.str.strip_prefix(stem))
        .with_columns(after=end(lambda cut: cut.written), stem=stem + end(lambda cut: cut.kept))
        .with_columns(is_cut=stem != tidied)
        .with_columns(is_unsure=end(lambda cut: cut.written if cut.is_unsure else None).is_not_null())
    )
    named = stem.str.contains(_WORDS) & ~stem.str.contains(_ARTICLE_ALONE)
    return parts.with_columns(is_known=pl.col("is_cut") & named)


def _is_alone(name: pl.Expr, forms: LegalForms) -> pl.Expr:
    """Whether a name is nothing but legal forms."""

    def alone(other: str) -> str | None:
        one_case = len(other) > 4 and other in {other.upper(), other.lower()}
        left = cut_start(forms, other + " ", one_case=one_case, every=True).kept.strip()
        left = cut_end(forms, " " + left, one_case=one_case, every=True).kept if left else left
        return None if any(letter.isalnum() for letter in left) else other

    return once_each(name, alone).is_not_null()


def _bare(rows: pl.LazyFrame, forms: LegalForms, *, one_case: bool) -> pl.LazyFrame:
    parts = _parts(rows.select(tidied=VALUE), forms, one_case=one_case, every=True)
    alone = both(pl.col("tidied"), forms.may_be_alone, lambda name: _is_alone(name, forms))
    return parts.select(pl.when(pl.col("is_known") & ~alone).then("stem").otherwise("tidied"))
