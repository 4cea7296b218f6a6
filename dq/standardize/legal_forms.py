# ruff: noqa: RUF001 (letters that look like others are what this is about)
"""Legal forms of companies: how a name's form is recognized before or after it, however it is dotted, bracketed or cased.

form list ──► spellings ──► patterns of leading and trailing forms, for names of both cases and of one case alone
"""

import itertools
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from dq.standardize import shipped, text
from dq.standardize.forms import both, change_where, each
from dq.standardize.spellings import JOINING, MARK, longest_first, plain, spellings, words_of

QUOTES = "\"'«»„“”‟‘’‹›「『《"
_AFTER = r"[\s.,;)\]）]*"
_SPACE = r"\s*[\s,(\[（]\s*"
_NO_SPACE = r"[\s,(\[（]*"
_QUOTED = MARK + "»"
_NOTHING = r"[^\s\S]"

_SCRIPTS = (
    JOINING,
    re.compile("[\u0400-\u04ff]"),
    re.compile("[\u0370-\u03ff\u0500-\u0dff\u10a0-\u10ff]"),
    re.compile(r"[^\0-\x7f]"),
)
"""A form belongs to the first that it has a letter of; the letters of all but the last are of no Latin form."""

Forms = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Patterns:
    """Patterns of the forms, for names of one kind of case; several of each, since one of all is too large to be fast.

    Attributes:
        one: One form at the end of a name, with what separates it.
        all: Every form that stands at the end, one after the other.
        lead: One form before a name; what is left in its place is `$1`, the name's own quotation mark.
        leads: Every form before a name.
    """

    one: tuple[str, ...]
    all: tuple[str, ...]
    lead: tuple[str, ...]
    leads: tuple[str, ...]

    def without_one(self, name: pl.Expr) -> pl.Expr:
        """The name without the longest form at its end."""
        return _first_cut(name, self.one, "")

    def without_any(self, name: pl.Expr) -> pl.Expr:
        """The name without all forms at its end; forms of several scripts may stand there in turn."""
        once = _first_cut(name, self.all, "")
        return change_where(once, lambda n: _any(n, self.one), each(lambda n: n.str.replace(_united(self.one), "")))

    def without_lead(self, name: pl.Expr) -> pl.Expr:
        """The name without the longest form before it."""
        return _first_cut(name, self.lead, "$1")

    def without_leads(self, name: pl.Expr) -> pl.Expr:
        """The name without all forms before it."""
        once = _first_cut(name, self.leads, "$1")
        return change_where(
            once, lambda n: _any(n, self.lead), each(lambda n: n.str.replace(_united_leads(self.lead), "$1$2$3$4$5"))
        )


@dataclass(frozen=True, slots=True)
class LegalForms:
    """The forms that count.

    Attributes:
        cased: Patterns for names that have letters of both cases.
        one_case: Patterns for names whose letters are all of one case.
        fast: Pattern of a form at the end of an ASCII name of both cases.
        fast_lead: Pattern of a form before an ASCII name of both cases that may not be written as it should be.
        fast_leads: Pattern of any form before an ASCII name of both cases.
        fast_any: Pattern of a form at the end of an ASCII name, whatever its case.
        longest: Bytes of the longest form, and some room for its dots and spaces.
        settled: Pattern of a form that is written as it should be.
        long: Pattern of the forms of several words, whose last word may be a form as well.
        settled_long: Pattern of a form of several words that is written as it should be and part of no other.
        trailing: Form by its letters → how it is written after a name.
        leading: Form by its letters → how it is written before a name.
    """

    cased: Patterns
    one_case: Patterns
    fast: str
    fast_lead: str
    fast_leads: str
    fast_any: str
    longest: int
    settled: str
    long: str
    settled_long: str
    trailing: Forms
    leading: Forms

    def may_have_one(self, name: pl.Expr) -> pl.Expr:
        """Whether a form may stand at an end of a name of both cases; a cheap guess."""
        return text.not_ascii(name) | name.str.contains(self.fast) | name.str.contains(self.fast_leads)

    def may_be_alone(self, name: pl.Expr) -> pl.Expr:
        """Whether a name can be nothing but a form; a cheap guess."""
        return (name.str.len_bytes() <= self.longest) & (
            (" " + name).str.contains(self.fast_any) | text.not_ascii(name)
        )

    def is_alone(self, name: pl.Expr) -> pl.Expr:
        """Whether a name is nothing but a form."""
        return _key(name).is_in([*self.trailing, *self.leading])

    def written(self, suffix: pl.Expr) -> pl.Expr:
        """How a recognized form after a name is written; null for one that is none of the forms."""
        return _by_letters(suffix, self.trailing)

    def written_before(self, prefix: pl.Expr) -> pl.Expr:
        """How a recognized form before a name is written; null for one that is none of the forms."""
        return _by_letters(prefix, self.leading)


def legal_forms(forms: Forms, only: Sequence[str] | None = None) -> LegalForms | None:
    """The forms to recognize; None for none at all.

    Args:
        forms: Form → how it is written; empty for the list that dq ships. A form with `…` is written before a name.
        only: Recognize these alone, and their variants among `forms`; each is written as it stands here.
    """
    return _compiled(tuple((forms or shipped.legal_forms()).items()), None if only is None else tuple(only))


@lru_cache(maxsize=16)
def _compiled(forms: tuple[tuple[str, str], ...], only: tuple[str, ...] | None) -> LegalForms | None:
    known = {unicodedata.normalize("NFC", form): target for form, target in forms if _is_spelled(form)}
    before = {form: target for form, target in known.items() if MARK in form}
    after = _with_variants({form: target for form, target in known.items() if MARK not in form})
    if only is not None:
        before, after = _limited(before, only), _limited(after, only)
    if not (before or after):
        return None
    before, after = ({target: target for target in part.values()} | part for part in (before, after))
    targets = sorted({target for target in after.values() if target.isascii()})
    plain_forms = [form for form in after if form.isascii()]
    return LegalForms(
        cased=_patterns(before, after, one_case=False),
        one_case=_patterns(before, after, one_case=True),
        fast=_one(plain_forms, one_case=False) + "$",
        fast_lead=_lead(
            [form for form, target in before.items() if _is_ascii(form) and form != target], one_case=False
        ),
        fast_leads=_repeated(_lead([form for form in before if _is_ascii(form)], one_case=False)),
        fast_any=_one(plain_forms, one_case=True) + "$",
        longest=max(len(form.encode()) for form in (*before, *after)) + 8,
        settled=_settled(targets),
        long=_one([form for form in plain_forms if len(words_of(form)) > 1], one_case=True) + "$",
        settled_long=_settled([t for t in targets if len(words_of(t)) > 1 and not _is_tail(t, after)]),
        trailing=_keyed(after, lambda target: target),
        leading=_keyed(before, lambda target: target.split(MARK)[0].rstrip(" «")),
    )


def _patterns(before: Iterable[str], after: Iterable[str], *, one_case: bool) -> Patterns:
    ones = [_one(group, one_case=one_case) for group in _by_script(after)]
    leads = [_lead(group, one_case=one_case) for group in _by_script(before)]
    return Patterns(
        one=tuple(f"{one}$" for one in ones),
        all=tuple(f"(?:{one})+$" for one in ones),
        lead=tuple(leads),
        leads=tuple(_repeated(lead) for lead in leads),
    )


def _by_script(forms: Iterable[str]) -> list[list[str]]:
    groups: dict[int, list[str]] = {}
    for form in forms:
        bare = form.replace(MARK, "").strip(" «»")
        script = next((number for number, letters in enumerate(_SCRIPTS) if letters.search(bare)), len(_SCRIPTS))
        groups.setdefault(script, []).append(form)
    return [groups[script] for script in sorted(groups)]


def _first_cut(name: pl.Expr, patterns: tuple[str, ...], kept: str) -> pl.Expr:
    if not patterns:
        return name
    *others, last = patterns

    def cut(other: pl.Expr) -> pl.Expr:
        cuts = [other.str.replace(pattern, kept) for pattern in others]
        return pl.coalesce(*(pl.when(cut != other).then(cut) for cut in cuts), other)

    first = change_where(name, text.not_ascii, each(cut))
    return pl.when(first != name).then(first).otherwise(name.str.replace(last, kept))


def _any(name: pl.Expr, patterns: tuple[str, ...]) -> pl.Expr:
    if not patterns:
        return pl.lit(value=False)
    *others, last = patterns
    more = both(name, text.not_ascii, lambda n: pl.any_horizontal(pl.lit(value=False), *map(n.str.contains, others)))
    return name.str.contains(last) | more


def _united(ones: Iterable[str]) -> str:
    return f"(?:{'|'.join(one.removesuffix('$') for one in ones)})+$"


def _one(forms: Iterable[str], *, one_case: bool) -> str:
    spaced = [s for form in forms if not JOINING.search(form) for s in spellings(form, one_case=one_case)]
    joined = [s for form in forms if JOINING.search(form) for s in spellings(form, one_case=one_case)]
    ways = [f"{_SPACE}(?:{longest_first(spaced)})"] if spaced else []
    ways += [f"{_NO_SPACE}(?:{longest_first(joined)})"] if joined else []
    return f"(?:{'|'.join(ways)}){_AFTER}" if ways else _NOTHING


def _lead(forms: Iterable[str], *, one_case: bool) -> str:
    spaced: list[str] = []
    joined: list[str] = []
    quoted: list[str] = []
    for form in forms:
        kind = quoted if _QUOTED in form else joined if JOINING.search(form) else spaced
        kind += spellings(form.split(MARK)[0].rstrip(" «"), one_case=one_case)
    ways = [rf"(?:{longest_first(spaced)})\s+"] if spaced else []
    ways += [rf"(?:{longest_first(spaced + quoted)})\s*([{QUOTES}])"] if spaced or quoted else []
    ways += [rf"(?:{longest_first(joined)})\s*"] if joined else []
    return f"^(?:{'|'.join(ways)})" if ways else _NOTHING


def _repeated(lead: str) -> str:
    return f"^(?:{lead.removeprefix('^')})+" if lead != _NOTHING else lead


def _united_leads(leads: Iterable[str]) -> str:
    return f"^(?:{'|'.join(lead.removeprefix('^') for lead in leads)})+"


def _settled(targets: Iterable[str]) -> str:
    return rf"[^\s.,(\[] (?:{longest_first(map(re.escape, targets)) or _NOTHING})$"


def _is_ascii(form: str) -> bool:
    return form.replace(MARK, "").rstrip(" «»").isascii()


def _is_tail(target: str, forms: Iterable[str]) -> bool:
    letters = plain(target).replace(" ", "").lower()
    others = (re.sub(r"[\s.,]", "", form).lower() for form in forms)
    return any(other != letters and other.endswith(letters) for other in others)


def _with_variants(known: Forms) -> dict[str, str]:
    """Forms of several words also with each word's own variants: `Pty Ltd` means `Pty Limited` too."""
    groups: dict[str, set[str]] = {}
    for form, target in known.items():
        if len(words_of(form)) == 1:
            groups.setdefault(target, set()).add(plain(form))
    alike = {word: sorted(group) for group in groups.values() for word in group}
    variants = {
        " ".join(words): target
        for form, target in known.items()
        if len(words_of(form)) > 1
        for words in itertools.product(*(alike.get(plain(word), [word]) for word in words_of(form)))
    }
    return {**variants, **known}


def _limited(known: Forms, only: tuple[str, ...]) -> dict[str, str]:
    bare = {form: form.replace(MARK, "").strip(" «»") for form in (*known, *only)}
    by_fold = {
        key: target
        for (form, target), keys in zip(known.items(), _keys([bare[form] for form in known]), strict=True)
        for key in keys
    }
    leading = any(MARK in form for form in known)
    targets = {}
    for form, keys in zip(only, _keys([bare[form] for form in only]), strict=True):
        target = next((by_fold[key] for key in keys if key in by_fold), None)
        if target is not None:
            targets[target] = form if not leading or MARK in form else target
    own = {form: form for form in only if (MARK in form) == leading}
    return {form: targets[target] for form, target in known.items() if target in targets} | own


def _keyed(forms: Forms, written: Callable[[str], str]) -> dict[str, str]:
    """Form by its letters, and by its letters with a note of its dots: `a.s.` and `AS` are two forms."""
    bare = [form.replace(_QUOTED, "").replace(MARK, "") for form in forms]
    table: dict[str, str] = {}
    second: dict[str, str] = {}
    for (own, letters), target in zip(_keys(bare), forms.values(), strict=True):
        table.setdefault(own, written(target))
        second.setdefault(letters, written(target))
        second.setdefault(f".{letters}", written(target))
    return {**second, **table}


def _by_letters(found: pl.Expr, table: Forms) -> pl.Expr:
    def by_key(other: pl.Expr) -> pl.Expr:
        return _key(other).replace_strict(table, default=None, return_dtype=pl.String)

    return change_where(found, lambda form: form != "", each(by_key))


def _letters(value: pl.Expr) -> pl.Expr:
    lower = (" " + value).str.to_lowercase().str.replace_all("ı", "i", literal=True)
    joined = lower.str.replace_all(r"\s(?:and|und|u\.?|en|et|e|y)\s", "&").str.replace_all("+", "&", literal=True)
    return joined.str.replace_all(r"[^\p{L}\p{M}\p{So}&/]|\x{307}", "")


def _key(value: pl.Expr) -> pl.Expr:
    dotted = value.str.contains(r"\p{L}\.\s?\p{L}")
    return pl.when(dotted).then("." + _letters(value)).otherwise(_letters(value))


def _keys(forms: Iterable[str]) -> list[tuple[str, str]]:
    column = pl.Series("form", list(forms), dtype=pl.String).to_frame()
    return column.select(own=_key(pl.col("form")), letters=_letters(pl.col("form"))).rows()


def _is_spelled(form: str) -> bool:
    letters = re.sub(r"[\W_]", "", form)
    # one letter alone is too little to tell a form from the end of a name
    return len(letters) > 1 or bool(JOINING.search(form))
