"""The lists in `rules/lists/`, read once for every standardizer that needs them."""

from collections.abc import Callable
from pathlib import Path

from dq.options import REGIONS
from dq.settings.filling import Lists
from dq.settings.lists import read_email_domains, read_legal_forms, read_placeholders, rows_of
from dq.settings.mistakes import Mistake, nearest

NAME_WORDS: tuple[str, ...] = ("title", "degree", "suffix", "particle")
Place = Callable[[str], tuple[Path, str]]
"""From a file's name below `rules/` to its path and what messages call it."""


def read_lists(place: Place) -> tuple[Lists, list[Mistake]]:
    """Every list of a project, and the mistakes in them."""
    forms, mistakes = read_legal_forms(*place("lists/legal_forms.csv"))
    placeholders, found = read_placeholders(*place("lists/placeholders.csv"))
    domains, faulty = read_email_domains(*place("lists/email_domains.csv"))
    countries, wrong = _countries(*place("lists/countries.csv"))
    words, amiss = _name_words(*place("lists/name_words.csv"))
    nicknames, bad = _nicknames(*place("lists/nicknames.csv"))
    lists = Lists(forms, placeholders, domains, countries, words, nicknames)
    return lists, [*mistakes, *found, *faulty, *wrong, *amiss, *bad]


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
