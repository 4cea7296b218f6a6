# ruff: noqa: RUF001 (letters that look like others are what this is about)
"""Legal forms of companies: which there are, and the two patterns that find what may be one at an end of a name.

A name's last words that occur in forms (`Müller`, ` GmbH & Co. KG`) are found by one pattern of words; which form they
are, is for `form_cuts` to say, once for every distinct run of words: in a million names there are a few hundred.
"""

import itertools
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from dq.standardize.spellings import JOINING, MARK, any_turkish_i, longest_first, plain, words_of

_APART = r"[^\p{L}\p{M}\p{N}]"
_NOTHING = r"[^\s\S]"
_ROOM = 16

Forms = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Form:
    """A legal form.

    Attributes:
        spelled: As the list has it, without the mark that stands for the name.
        written: How it is written, without the mark.
        is_quoted: Whether it counts only before a name in quotation marks.
    """

    spelled: str
    written: str
    is_quoted: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class LegalForms:
    """The forms that count.

    Attributes:
        after: Letters → the forms of these letters that stand after a name.
        before: Letters → the forms of these letters that stand before a name.
        longest: Characters of the longest form, with room for dots and spaces.
        run: Pattern of the words of forms that end a name, with what is between them.
        lead: Pattern of the words of forms that a name begins with.
        plain_run: `run` for ASCII names.
        plain_lead: `lead` for ASCII names.
    """

    after: Mapping[str, tuple[Form, ...]]
    before: Mapping[str, tuple[Form, ...]]
    longest: int
    run: str
    lead: str
    plain_run: str
    plain_lead: str

    def may_be_alone(self, name: pl.Expr) -> pl.Expr:
        """Whether a name can be nothing but forms; a cheap guess."""
        whole = (" " + name).str.contains("^" + self.run) | (name + " ").str.contains(self.lead + "$")
        return (name.str.len_chars() <= self.longest) & whole


def legal_forms(forms: Forms | None, only: Sequence[str] | None = None) -> LegalForms | None:
    """The forms to recognize; None for none at all.

    Args:
        forms: Form → how it is written. A form with `…` is written before a name.
        only: Recognize these alone, and their variants among `forms`; each is written as it stands here.
    """
    return _compiled(tuple((forms or {}).items()), None if only is None else tuple(only))


def letters(text: str) -> str:
    """A form's letters: no case, dots, spaces or brackets, and none of the words and signs for `and`."""
    return "".join(word for word in tokens(text) if word not in _AND)


def tokens(text: str) -> list[str]:
    """The words of letters and digits, case folded; a sign such as ㈱ is one as well."""
    folded = text.replace("ı", "i").casefold().replace("i\u0307", "i")
    parted = "".join(letter if _is_letter(letter) else " " for letter in folded)
    return parted.split()


_AND = frozenset({"and", "und", "u", "en", "et", "e", "y"})


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
    leads = {form.split(MARK)[0].rstrip(" «"): form for form in before}
    return LegalForms(
        after=_by_letters(Form(form, target) for form, target in after.items()),
        before=_by_letters(
            Form(bare, before[form].split(MARK)[0].rstrip(" «"), is_quoted=MARK + "»" in form)
            for bare, form in leads.items()
        ),
        longest=max(len(form) for form in (*before, *after)) + _ROOM,
        run=_run(after),
        lead=_lead(leads),
        plain_run=_run(form for form in after if form.isascii()),
        plain_lead=_lead(form for form in leads if form.isascii()),
    )


def _by_letters(forms: Iterable[Form]) -> dict[str, tuple[Form, ...]]:
    table: dict[str, list[Form]] = {}
    for form in forms:
        for key in {letters(form.spelled), "".join(tokens(form.spelled))}:
            table.setdefault(key, []).append(form)
    return {key: tuple(group) for key, group in table.items()}


def _run(forms: Iterable[str]) -> str:
    spaced, joined = _words(forms)
    ways = [rf"{_APART}+(?:{longest_first(spaced)})"] if spaced else []
    ways += [rf"{_APART}*(?:{longest_first(joined)})"] if joined else []
    return rf"(?i:(?:{'|'.join(ways)})+){_APART}*$" if ways else _NOTHING


def _lead(forms: Iterable[str]) -> str:
    spaced, joined = _words(forms)
    ways = [rf"(?:{longest_first(spaced)}){_APART}+"] if spaced else []
    ways += [rf"(?:{longest_first(joined)}){_APART}*"] if joined else []
    return rf"^{_APART}*(?i:(?:{'|'.join(ways)})+)" if ways else _NOTHING


def _words(forms: Iterable[str]) -> tuple[set[str], set[str]]:
    """Patterns of the words that a space sets apart, dotted or not, and of those that it need not."""
    spaced: set[str] = set()
    joined: set[str] = set()
    for form in forms:
        undotted = [token for word in words_of(form) for token in tokens(plain(word))]
        for token in (*tokens(form), *undotted, *_AND):
            kind = joined if JOINING.search(token) else spaced
            kind.add(any_turkish_i(re.escape(token), form))
        # letters may stand apart: `L L C`, `s. r. o.`
        spaced.update(re.escape(letter) for word in undotted if len(word) <= _ROOM // 2 for letter in word)
    return spaced, joined


def _is_letter(letter: str) -> bool:
    return letter.isalnum() or unicodedata.category(letter)[0] == "M" or bool(JOINING.search(letter))


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
    by_letters: dict[str, str] = {}
    for form, target in known.items():
        by_letters.setdefault(_noted(bare[form]), target)
    for form, target in known.items():
        by_letters.setdefault(letters(bare[form]), target)
    leading = any(MARK in form for form in known)
    targets: dict[str, str] = {}
    for form in only:
        meant = by_letters.get(_noted(bare[form])) or by_letters.get(letters(bare[form]))
        if meant is not None:
            targets[meant] = form if not leading or MARK in form else meant
    own = {form: form for form in only if (MARK in form) == leading}
    return {form: targets[target] for form, target in known.items() if target in targets} | own


def _noted(form: str) -> str:
    """Its letters with a note of its dots: `a.s.` and `AS` are two forms."""
    return ("." if is_dotted(form) else "") + letters(form)


def is_dotted(form: str) -> bool:
    """Whether dots stand between its letters."""
    return re.search(r"[^\W\d_]\.\s?[^\W\d_]", form) is not None


def _is_spelled(form: str) -> bool:
    # one letter alone is too little to tell a form from the end of a name
    return len("".join(tokens(form))) > 1 or bool(JOINING.search(form))
