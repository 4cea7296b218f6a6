"""Words that stand in a person's name and are no name: titles, degrees, generational suffixes, particles."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_KINDS = {
    "title": "Mr. Mrs. Ms. Miss Mx. Dr. Prof. Rev. Hon. Capt. Sir Herr Frau Mme Mlle Sra. Srta. Ing. Dipl.-Ing. Dott. Avv.",
    "degree": "PhD MBA MD CPA Esq. DDS JD MSc BSc LLM LLB CFA PMP RN PE MA BA DO",
    "suffix": "Jr. Sr. II III IV",
    "particle": "van von der den de da das dos do di del della des du de' zu zur vom ten ter 't af av bin ibn bint binti y op",
}
BUILT_IN: Mapping[str, Sequence[str]] = {kind: tuple(words.split()) for kind, words in _KINDS.items()}
"""The words by what they are, spelled as they are written, where the rules hand in no list of their own."""

ARTICLES = ("la", "las", "los", "le", "les")
"""Words that may stand behind a particle."""
_SURE = 3
_VOWELS = set("aeiouy")


@dataclass(frozen=True, slots=True)
class NameWords:
    """The words as patterns.

    Attributes:
        lead: Pattern of the titles before a name, with the space behind them.
        tail: Pattern of the degrees and suffixes behind a name that has both cases.
        any_tail: The same behind a name whose case is lost, where capitals tell nothing.
        canonical: Word in lower case without dots → how it is written; titles, degrees and suffixes.
        suffixes: Suffix → pattern of its spellings in a tail, with what separates them.
        particles: Particles in lower case.
        particle: Pattern of one particle, or of an article that may stand behind one.
    """

    lead: str
    tail: str
    any_tail: str
    canonical: Mapping[str, str]
    suffixes: Mapping[str, str]
    particles: tuple[str, ...]
    particle: str


def name_words(words: Mapping[Any, Sequence[str]]) -> NameWords:
    """The patterns of the words; of the built-in ones if there are none."""
    return _compiled(tuple(tuple((words or BUILT_IN).get(kind, ())) for kind in _KINDS))


@lru_cache(maxsize=16)
def _compiled(words: tuple[tuple[str, ...], ...]) -> NameWords:
    of = dict(zip(_KINDS, words, strict=True))
    # J.R. are initials, Jr. is none
    suffixes = "(?i:" + ("|".join(map(_undotted, of["suffix"])) or r"[^\s\S]") + ")"
    # two letters with a vowel, as in Jack Ma, are a degree only behind a comma or with their dots
    sure = [word for word in of["degree"] if _is_sure(word)]
    other = [word for word in of["degree"] if not _is_sure(word)]
    dotted = [r"\.".join(map(re.escape, _plain(word))) + r"\." for word in other]
    behind = [rf",?\s(?:{suffixes}|{_any(sure)})", rf",\s{_any(other)}" if other else None]
    behind += [rf",?\s(?:{'|'.join(dotted)})" if dotted else None]
    return NameWords(
        lead=rf"^(?:(?i:{_any(of['title'])})\s)+",
        tail=rf"(?:{'|'.join(filter(None, behind))})+,?$",
        any_tail=rf"(?i)(?:,?\s(?:{suffixes}|{_any(sure)})|,\s{_any(of['degree'])})+,?$",
        canonical={_plain(word).lower(): word for kind in _KINDS if kind != "particle" for word in of[kind]},
        suffixes={word: rf"(?i),?\s{_undotted(word)}(?:$|(,|\s))" for word in of["suffix"]},
        particles=tuple(sorted(word.lower() for word in of["particle"])),
        particle=f"(?i:{_any([*of['particle'], *ARTICLES])})",
    )


def _any(words: Iterable[str]) -> str:
    spelled = "|".join(sorted((_spelled(word) for word in words), key=lambda text: (-len(text), text)))
    return f"(?:{spelled})" if spelled else r"[^\s\S]"


def _spelled(word: str) -> str:
    letters = [re.escape(letter) for letter in word if letter != "."]
    short = len(letters) <= _SURE and _plain(word).isalpha()
    return (r"\.?" if short else "").join(letters) + r"\.?"


def _undotted(word: str) -> str:
    return re.escape(_plain(word)) + r"\.?"


def _is_sure(word: str) -> bool:
    letters = _plain(word).lower()
    return len(letters) >= _SURE or not _VOWELS & set(letters)


def _plain(word: str) -> str:
    return word.replace(".", "")
