# ruff: noqa: RUF001 (letters that look like others are what this is about)
"""Legal forms of companies: how a name's trailing form is recognized however it is dotted, bracketed or cased."""

import itertools
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from dq.standardize.forms import change_where, each

BUILT_IN: Mapping[str, str] = {
    "Inc": "Inc.", "Incorporated": "Inc.", "Corp": "Corp.", "Corporation": "Corp.", "LLC": "LLC", "Ltd": "Ltd.",
    "Limited": "Ltd.", "LLP": "LLP", "LP": "LP", "PLC": "PLC", "Co": "Co.", "& Co": "& Co.", "Co Ltd": "Co. Ltd.",
    "Company Limited": "Co. Ltd.", "Pty Ltd": "Pty Ltd", "Proprietary Limited": "Pty Ltd", "Pvt Ltd": "Pvt Ltd",
    "Private Limited": "Pvt Ltd", "Pte Ltd": "Pte Ltd", "Sdn Bhd": "Sdn. Bhd.", "GmbH": "GmbH", "gGmbH": "gGmbH",
    "AG": "AG", "KG": "KG", "OHG": "OHG", "KGaA": "KGaA", "SE": "SE", "GmbH & Co KG": "GmbH & Co. KG",
    "UG haftungsbeschränkt": "UG (haftungsbeschränkt)", "UG": "UG", "e.V.": "e.V.", "e.K.": "e.K.", "S.A.": "SA",
    "SAS": "SAS", "SARL": "SARL", "S.p.A.": "S.p.A.", "S.r.l.": "S.r.l.", "S.A. de C.V.": "S.A. de C.V.",
    "S. de R.L. de C.V.": "S. de R.L. de C.V.", "S.L.": "S.L.", "Ltda": "Ltda.", "Lda": "Lda.", "B.V.": "B.V.",
    "N.V.": "N.V.", "AB": "AB", "A/S": "A/S", "ApS": "ApS", "AS": "AS", "ASA": "ASA", "Oy": "Oy", "Oyj": "Oyj",
    "sp. z o.o.": "sp. z o.o.", "s.r.o.": "s.r.o.", "a.s.": "a.s.", "d.o.o.": "d.o.o.", "Kft": "Kft.", "OÜ": "OÜ",
    "UAB": "UAB", "SIA": "SIA", "K.K.": "K.K.", "ООО": "ООО", "ЗАО": "ЗАО", "ПАО": "ПАО", "株式会社": "株式会社",
}  # fmt: skip
"""Form → how it is written, where the rules hand in no list of their own."""

LEADING = r"^(?:株式会社|有限会社|合同会社|\(株\)|㈱|주식회사|\(주\)|(?i:ООО|ОАО|ЗАО|ПАО|АО|ТОВ|PT)\s)\s*"
JOINED = r"\s*(?:株式会社|有限会社|合同会社|股份有限公司|有限责任公司|有限公司|주식회사|\(株\)|㈱)$"
"""Forms that stand before the name, or join it without a space: matching drops them, storing keeps them."""

_AND = r"(?:&|\+|and|und|u\.?|en|et|e|y)"
_SEPARATOR = r"[\s.,()\[\]]+"
_BEFORE = r"\s*[\s,(\[]\s*"
_AFTER = r"[\s.,;)\]]*"
_ABBREVIATION_LETTERS = 5


@dataclass(frozen=True, slots=True)
class LegalForms:
    """The forms that count.

    Attributes:
        one: Pattern of one form at the end of a name, with what separates it.
        all: Pattern of every form that stands at the end, one after the other.
        exact: Form in lower case → how it is written.
        folded: Form by its letters alone → how it is written.
        long: Pattern of the forms of several words, whose last word may be a form as well.
        written_already: Pattern of a form that is written as it should be.
    """

    one: str
    all: str
    exact: Mapping[str, str]
    folded: Mapping[str, str]
    long: str
    written_already: str

    def needs_rewriting(self, name: pl.Expr, *, drop: bool) -> pl.Expr:
        """Whether a name ends in a form that is not written as it should be; some that are may pass as well."""
        ends = name.str.contains(self.one)
        if drop:
            return ends
        return ends & (~name.str.contains(self.written_already) | name.str.contains(self.long))

    def written(self, suffix: pl.Expr) -> pl.Expr:
        """How a recognized suffix is written; null for one that is none of the forms."""
        targets = list(set(self.exact.values()))

        def by_letters(other: pl.Expr) -> pl.Expr:
            return _fold(" " + other).replace_strict(self.folded, default=None, return_dtype=pl.String)

        known = suffix.str.to_lowercase().str.strip_chars(" ,;").replace(self.exact)
        return change_where(known, lambda form: ~form.is_in(targets), each(by_letters))


def legal_forms(forms: Mapping[str, str], only: Sequence[str] | None = None) -> LegalForms | None:
    """The forms to recognize; None for none at all.

    Args:
        forms: Form → how it is written; empty for the built-in list.
        only: Recognize these alone, and their variants among `forms`; each is written as it stands here.
    """
    return _compiled(tuple((forms or BUILT_IN).items()), None if only is None else tuple(only))


@lru_cache(maxsize=64)
def _compiled(forms: tuple[tuple[str, str], ...], only: tuple[str, ...] | None) -> LegalForms | None:
    known = _with_variants({unicodedata.normalize("NFC", form): target for form, target in forms if _is_spelled(form)})
    if only is not None:
        known = _limited(known, only)
    if not known:
        return None
    one = _pattern(known)
    known = {**{target: target for target in known.values()}, **known}
    exact = {form.lower(): target for form, target in known.items()}
    settled = "|".join(sorted(re.escape(target) for target in set(exact.values()) if exact[target.lower()] == target))
    return LegalForms(
        one=rf"(?i){one}$",
        all=rf"(?i)(?:{one})+$",
        exact=exact,
        folded={key: target for key, target in zip(_folds(tuple(known)), known.values(), strict=True) if key},
        long=rf"(?i){_pattern([form for form in known if len(_words(form)) > 1] or list(known))}$",
        written_already=rf"[^\s.,(\[] (?:{settled})$",
    )


def _pattern(forms: Iterable[str]) -> str:
    spelled = "|".join(sorted({_spelled(form) for form in forms}, key=lambda text: (-len(text), text)))
    return rf"{_BEFORE}(?:{spelled}){_AFTER}"


def _with_variants(known: Mapping[str, str]) -> dict[str, str]:
    """Forms of several words also with each word's own variants: `Pty Ltd` means `Pty Limited` too."""
    groups: dict[str, set[str]] = {}
    for form, target in known.items():
        if len(_words(form)) == 1:
            groups.setdefault(target, set()).add(_plain(form))
    alike = {word: sorted(group) for group in groups.values() for word in group}
    variants = {
        " ".join(words): target
        for form, target in known.items()
        if len(_words(form)) > 1
        for words in itertools.product(*(alike.get(_plain(word), [word]) for word in _words(form)))
    }
    return {**variants, **known}


def _limited(known: Mapping[str, str], only: tuple[str, ...]) -> dict[str, str]:
    by_fold = dict(zip(_folds(known), known.values(), strict=True))
    targets = {by_fold.get(key, form): form for key, form in zip(_folds(only), only, strict=True)}
    return {
        **{form: targets[target] for form, target in known.items() if target in targets},
        **{form: form for form in only},
    }


def _spelled(form: str) -> str:
    return _SEPARATOR.join(_word(word) for word in _words(form))


def _word(word: str) -> str:
    letters = _plain(word)
    if letters in {"&", "+"}:
        return _AND
    if len(letters) > _ABBREVIATION_LETTERS or not letters.isalpha():
        return re.escape(letters) + r"\.?"
    dotted = r"\.?".join(letters) + r"\.?"
    spaced = r"\.\s".join(letters) + r"\.?"
    apart = " ".join(letters)
    return rf"(?:{dotted}|{spaced}|{apart})" if len(letters) > 2 and letters.isupper() else rf"(?:{dotted}|{spaced})"


def _words(form: str) -> list[str]:
    return [word for word in re.split(r"[\s,()]+", form) if word.strip(".")]


def _plain(word: str) -> str:
    return word.replace(".", "")


def _fold(value: pl.Expr) -> pl.Expr:
    spaced = (
        value.str.to_lowercase()
        .str.replace_all(r"\s(?:and|und|u\.?|en|et|e|y)\s", "&")
        .str.replace_all("+", "&", literal=True)
    )
    return spaced.str.replace_all(r"[^\p{L}\p{N}&/]", "")


def _folds(forms: Mapping[str, str] | tuple[str, ...]) -> list[str]:
    column = pl.Series("form", [f" {form}" for form in forms], dtype=pl.String)
    return column.to_frame().select(_fold(pl.col("form"))).to_series().to_list()


def _is_spelled(form: str) -> bool:
    # one letter in brackets, as (주), is too little to tell a form from the end of a name
    return len("".join(_words(form)).strip(".")) > 1 or not form.strip("() ").isalpha()
