"""The lists that options of standardizers default to: read once, handed to every standardizer that needs them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dq.options import REGIONS
from dq.rules import Placeholder
from dq.settings.lists import read_legal_forms, read_placeholders, rows_of
from dq.settings.mistakes import Mistake, nearest

NAME_WORDS: tuple[str, ...] = ("title", "degree", "suffix", "particle")
Place = Callable[[str], tuple[Path, str]]
"""From a file's name below `rules/` to its path and what messages call it."""


@dataclass(frozen=True, slots=True)
class Lists:
    """What the CSV lists say.

    Attributes:
        legal_forms: Legal form → how it is written.
        placeholders: Values that are nobody's own.
        countries: Country's name, or `.domain` → region.
        name_words: Words in names that are no names, by what they are.
        nicknames: Pairs of a formal name and one that is short for it, in the file's order.
    """

    legal_forms: dict[str, str] = field(default_factory=dict)
    placeholders: tuple[Placeholder, ...] = ()
    countries: dict[str, str] = field(default_factory=dict)
    name_words: dict[str, list[str]] = field(default_factory=dict)
    nicknames: tuple[tuple[str, str], ...] = ()

    def filled(self, name: str, options: Mapping[str, Any]) -> dict[str, Any]:
        """A standardizer's options, those that the rules leave open taken from the lists."""
        lists: dict[str, Any] = {}
        if name == "company":
            lists = {"legal_forms": self.legal_forms}
        elif name == "name":
            lists = {"words": self.name_words, "placeholders": self._nobodys("name")}
        elif name == "phone":
            lists = {"placeholders": self._nobodys("phone")}
            if options["country"] or options["website"]:
                lists["countries"] = self.countries
        return {**options, **{option: given for option, given in lists.items() if options[option] is None}}

    def _nobodys(self, kind: str) -> list[str]:
        """Patterns of a kind's placeholders, each of which a value must match whole."""
        lines = [line for line in self.placeholders if line.kind in (kind, "text")]
        return [re.escape(line.value) if line.match == "exact" else f".*(?:{line.value}).*" for line in lines]


def read_lists(place: Place) -> tuple[Lists, list[Mistake]]:
    """Every list of a project, and the mistakes in them."""
    forms, mistakes = read_legal_forms(*place("lists/legal_forms.csv"))
    placeholders, found = read_placeholders(*place("lists/placeholders.csv"))
    countries, wrong = _countries(*place("lists/countries.csv"))
    words, amiss = _name_words(*place("lists/name_words.csv"))
    nicknames, bad = _nicknames(*place("lists/nicknames.csv"))
    return Lists(forms, placeholders, countries, words, nicknames), [*mistakes, *found, *wrong, *amiss, *bad]


def _countries(path: Path, name: str) -> tuple[dict[str, str], list[Mistake]]:
    rows, document = rows_of(path, name, ("region", "name"))
    countries: dict[str, str] = {}
    for line, (region, country) in rows:
        where = f"{name}:{line}"
        if region not in REGIONS:
            text = f"no country has telephone numbers under `{region}`{nearest(region, sorted(REGIONS))}"
            document.mistakes.append(Mistake(where, "region", text))
        elif not country:
            document.mistakes.append(Mistake(where, "name", "name must not be empty"))
        elif countries.setdefault(country, region) != region:
            document.mistakes.append(Mistake(where, "name", f"`{country}` stands twice with different regions"))
    return countries, document.mistakes


def _name_words(path: Path, name: str) -> tuple[dict[str, list[str]], list[Mistake]]:
    rows, document = rows_of(path, name, ("word", "kind"))
    words: dict[str, list[str]] = {kind: [] for kind in NAME_WORDS}
    for line, (word, kind) in rows:
        if kind not in words:
            text = f"unknown kind `{kind}`{nearest(kind, NAME_WORDS)}"
            document.mistakes.append(Mistake(f"{name}:{line}", "kind", text))
        elif not word.replace(".", "") or " " in word:
            document.mistakes.append(Mistake(f"{name}:{line}", "word", "word must be one word with a letter in it"))
        elif word not in words[kind]:
            words[kind].append(word)
    return words, document.mistakes


def _nicknames(path: Path, name: str) -> tuple[tuple[tuple[str, str], ...], list[Mistake]]:
    rows, document = rows_of(path, name, ("formal", "nickname"))
    pairs: dict[tuple[str, str], tuple[str, str]] = {}
    for line, (formal, short) in rows:
        key = (formal.casefold(), short.casefold())
        if not formal or not short:
            text = "formal and nickname must not be empty"
        elif key[0] == key[1]:
            text = f"`{short}` is the formal name itself"
        elif key in pairs:
            text = f"`{formal}` with `{short}` stands twice"
        else:
            pairs[key] = (formal, short)
            continue
        document.mistakes.append(Mistake(f"{name}:{line}", "", text))
    return tuple(pairs.values()), document.mistakes
