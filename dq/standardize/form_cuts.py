# ruff: noqa: RUF001 (letters that look like others are what this is about)
"""Which legal form the first or last words of a name are, if any: asked once for every distinct run of such words.

` Handels GmbH & Co KG` ──► what stays with the name: ` Handels`, and how the form is written: ` GmbH & Co. KG`
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from dq.standardize.legal_forms import Form, LegalForms, is_dotted, letters, tokens
from dq.standardize.spellings import JOINING, spellings

QUOTES = "\"'«»„“”‟‘’‹›「『《"
_AFTER = r"[\s.,;)\]）]*"
_SPACE = r"\s*[\s,(\[（]\s*"
_NO_SPACE = r"[\s,(\[（]*"
_SEPARATORS = " ,([（"
_UNSPACED = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3200-\u32ff\u4e00-\u9fff]")
_SETTLES = 4


@dataclass(frozen=True, slots=True)
class Cut:
    """A run of words in two.

    Attributes:
        kept: What belongs to the name.
        written: The form as it is written, with the space between it and the name; empty for none.
        is_cut: Whether there was a form.
        is_unsure: Whether the form as it is written is none in a name whose letters are all of one case.
    """

    kept: str
    written: str = ""
    is_cut: bool = False
    is_unsure: bool = False


@lru_cache(maxsize=16384)
def cut_end(forms: LegalForms, run: str, *, one_case: bool, every: bool) -> Cut:
    """The last words of a name without the form at their end.

    Args:
        forms: The forms that count.
        run: The words, with what separates them from the name.
        one_case: The name's letters are all of one case, so that case says nothing.
        every: Cut all forms off and write none.
    """
    if every:
        kept = run
        while (found := _last(forms, kept, one_case=one_case)) is not None:
            kept = kept[: found[0]].rstrip(_SEPARATORS)
        return Cut(kept, is_cut=kept != run)
    cut, text = Cut(run), run
    for _ in range(_SETTLES):  # what is written may be the end of a longer form
        found = _last(forms, text, one_case=one_case)
        if found is None:
            break
        start, form = found
        joined = _UNSPACED.search(form.written) and not re.match(r"[\s,]", text[start:])
        cut = Cut(text[:start].rstrip(_SEPARATORS), ("" if joined else " ") + form.written, is_cut=True)
        if text == (text := cut.kept + cut.written):
            break
    return replace(cut, is_unsure=cut.is_cut and _last(forms, cut.written, one_case=True) is None)


@lru_cache(maxsize=16384)
def cut_start(forms: LegalForms, run: str, *, one_case: bool, every: bool) -> Cut:
    """The first words of a name without the form before them; see `cut_end`."""
    cut = Cut(run)
    while (found := _first(forms, cut.kept, one_case=one_case)) is not None:
        end, form = found
        joined = _UNSPACED.search(form.written) and not cut.kept[:end].endswith(" ")
        cut = Cut(cut.kept[end:], "" if every else form.written + ("" if joined else " "), is_cut=True)
        if not every:
            break
    return cut


def _last(forms: LegalForms, run: str, *, one_case: bool) -> tuple[int, Form] | None:
    """The longest form at the end, and where it begins."""
    for start in range(max(0, len(run) - forms.longest), len(run)):
        if run[start] in _SEPARATORS or JOINING.match(run[start]):
            for form in _candidates(forms.after, run[start:]):
                if _trailing(form.spelled, one_case=one_case).fullmatch(run, start):
                    return start, form
    return None


def _first(forms: LegalForms, run: str, *, one_case: bool) -> tuple[int, Form] | None:
    """The longest form at the beginning, and where it ends."""
    for end in range(min(len(run), forms.longest), 0, -1):
        before_quote = run[end : end + 1] and run[end] in QUOTES
        for form in _candidates(forms.before, run[:end]):
            if not before_quote and (form.is_quoted or not (run[end - 1].isspace() or JOINING.search(form.spelled))):
                continue
            if _leading(form.spelled, one_case=one_case).fullmatch(run, 0, end):
                return end, form
    return None


def _candidates(table: Mapping[str, tuple[Form, ...]], text: str) -> Iterable[Form]:
    """The forms of the text's letters, the likest first: `a.s.` and `AS` are two forms."""
    found = {*table.get(letters(text), ()), *table.get("".join(tokens(text)), ())}
    if len(found) <= 1:
        return found
    bare = text.strip(" ,;()[]（）")
    dotted = is_dotted(text)

    def likeness(form: Form) -> tuple[bool, bool, bool, str]:
        spelled = form.spelled
        return spelled != bare, spelled.casefold() != bare.casefold(), is_dotted(spelled) != dotted, spelled

    return sorted(found, key=likeness)


@lru_cache(maxsize=8192)
def _trailing(form: str, *, one_case: bool) -> re.Pattern[str]:
    space = _NO_SPACE if JOINING.search(form) else _SPACE
    return re.compile(f"{space}(?:{'|'.join(spellings(form, one_case=one_case)) or '(?!)'}){_AFTER}")


@lru_cache(maxsize=1024)
def _leading(form: str, *, one_case: bool) -> re.Pattern[str]:
    return re.compile(rf"(?:{'|'.join(spellings(form, one_case=one_case)) or '(?!)'})\s*")
