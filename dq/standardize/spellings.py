# ruff: noqa: RUF001 (letters that look like others are what this is about)
"""How a legal form may be spelled in a name: dots, spaces, brackets, and which letter case still means the form.

`Acme Ag` may be farming and `Day Spa` no `S.p.A.`: a form that is a word as well counts only where its case says so.
"""

import re
from collections.abc import Iterable

MARK = "…"
"""Stands for the name in the spelling of a form: `ООО …` is written before it, `SIA «…»` before a quoted one."""

JOINING = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3200-\u32ff\u4e00-\u9fff\uac00-\ud7a3]")
"""Thai, Lao, Japanese, Chinese and Korean letters: a form in these needs no space between it and the name."""

_SHORT = 3
_ABBREVIATION_LETTERS = 6
_AND = r"(?:&|\+|and|und|u\.?|en|et|e|y)"
_BETWEEN = r"[\s.,()\[\]（）-]+"
_ANY_CASE = frozenset({"bv", "nv", "oy", "kg", "kk", "ug", "hf", "lp", "gk", "oü", "aş"})
_ITS_OWN_CASE = frozenset({"ky", "ay", "ev", "ek", "eg", "eu"})
_LOWER_IS_A_WORD = frozenset({"co", "sa", "ab"})
_CASED = frozenset(
    {
        "ans", "asa", "asc", "cic", "cio", "crl", "dac", "ead", "enk", "epe", "est", "fie", "ike", "mei", "npc",
        "oao", "ood", "ooo", "opc", "osk", "pao", "sac", "sal", "sam", "sas", "sau", "sca",
        "sci", "scop", "scp", "scs", "sia", "ska", "sll", "slp", "spa", "too", "tov",
    }
)  # fmt: skip
_NEVER_IN_ONE_CASE = frozenset(
    {"da", "eg", "ei", "ek", "est", "eu", "ev", "ike", "mei", "pao", "sac", "sal", "sam", "sci", "spa", "too"}
)


def words_of(form: str) -> list[str]:
    """The words of a form; a short one in brackets keeps them, for `Plan P Ltd` is no `Plan (P) Ltd`."""
    kept = re.sub(r"[(（](\w{1,2})[)）]", "\u0001\\1\u0002", form)
    parts = [part for part in re.split(r"[\s,()（）]+|\s-\s", kept) if part.strip(".-")]
    return [part.replace("\u0001", "(").replace("\u0002", ")") for part in parts]


def plain(word: str) -> str:
    """A word without its dots."""
    return word.replace(".", "")


def spellings(form: str, *, one_case: bool) -> list[str]:
    """Patterns that spell the form, to be searched for with attention to case.

    Args:
        form: The form as the list has it.
        one_case: For names whose letters are all of one case, so that case says nothing.
    """
    words = words_of(form)
    if "./" in form:  # `Inc./Ltée`
        return [_any_case(re.escape(form), form)]
    if len(words) != 1 or len(plain(words[0])) > _SHORT + 1 or not plain(words[0]).isalpha():
        return [_any_case(_BETWEEN.join(_word(word) for word in words), form)]
    (word,) = words
    letters = plain(word)
    if re.search(r"\w\.\w{2}|\w{2}\.\w", form):  # `e.Kfm.`, `Sh.p.k.`: not a dot after each letter
        return [_any_case(re.escape(form.rstrip(".")) + r"\.?", form)]
    dotted = _any_case(r"\.\s?".join(map(re.escape, letters)) + r"\.?", form)
    if len(letters) <= _SHORT and "." in word.rstrip("."):
        return [dotted]
    if len(letters) < _SHORT and word.endswith("."):
        return [_any_case(re.escape(letters) + r"\.", form)]
    apart = [_any_case(" ".join(letters), form)] if len(letters) > 2 and letters.isupper() else []
    return [*_cased(letters, one_case=one_case), dotted, *apart]


def longest_first(patterns: Iterable[str]) -> str:
    """One pattern of all, the longest first."""
    return "|".join(sorted(set(patterns), key=lambda text: (-len(text), text)))


def _cased(letters: str, *, one_case: bool) -> list[str]:
    """An undotted short form in every case in which it is no ordinary word."""
    folded, end = letters.lower(), r"\.?"
    if one_case:
        return [] if folded in _NEVER_IN_ONE_CASE else [_any_case(re.escape(letters), letters) + end]
    two = len(letters) < _SHORT
    if not (folded in _CASED or (two and folded not in _ANY_CASE)):
        return [_any_case(re.escape(letters), letters) + end]
    cases = {letters} if folded in _ITS_OWN_CASE else {letters, letters.upper()}
    cases |= {letters.capitalize()} if folded in _LOWER_IS_A_WORD else set()
    return [longest_first(re.escape(case) + end for case in cases)]


def any_turkish_i(pattern: str, form: str) -> str:
    """A pattern of a form; a Turkish or Azeri one has two letters i, each with a capital of its own."""
    return re.sub("[iıİ]", "(?:i\u0307?|ı|İ)", pattern) if re.search("[şıə]", form.lower()) else pattern


def _any_case(pattern: str, form: str) -> str:
    return f"(?i:{any_turkish_i(pattern, form)})"


def _word(word: str) -> str:
    letters = plain(word)
    if letters in {"&", "+"}:
        return _AND
    if letters[0] in "(（":
        return rf"[(（]{re.escape(letters[1:-1])}[)）]"
    if len(letters) > _ABBREVIATION_LETTERS:
        return re.escape(letters) + r"\.?"
    dotted = r"(?:\.\s?)?".join(map(re.escape, letters)) + r"\.?"
    apart = " ".join(map(re.escape, letters))
    return rf"(?:{dotted}|{apart})" if len(letters) > 2 and letters.isalpha() and letters.isupper() else dotted
