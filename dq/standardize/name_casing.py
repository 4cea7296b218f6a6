# ruff: noqa: RUF001 (letters that look like others are what this is about)
"""Letter case of persons' names, repaired only where it is plainly lost: all capitals, or all small letters."""

import polars as pl

from dq.standardize import text
from dq.standardize.name_words import NameWords

_LOST = r"^(?:\P{Ll}*\p{Lu}\P{Ll}*|\P{Lu}*\p{Ll}\P{Lu}*)$"
_INITIALS = r"^(?:\P{Ll}{1,3}|(?:\p{L}\.){1,4}|\P{L}*\p{L}\P{L}*|[B-DF-HJ-NP-TV-XZ]{4})$"
_TURKISH = "[İıŞşĞğ]"
_VOWELLESS_PAIR = r"^[bcdfghjklmnpqrstvwxz]{2}$"
_NO_PAIRS = ["ng", "md", "st", "ss", "jr", "sr", "dr", "mr", "ms"]
_APOSTROPHE = r"['’]"
_ELIDED = r"^(?:\p{L}|dell|dall|nell|sant)['’]"
_ARABIC = r"^(?:al|el|as|ad|an|ar|ash|az|at|ul)-"
_MAC = (
    r"^mac(?:alister|allister|arthur|askill|aulay|bride|callum|cormack|donald|donnell|dougall?|dowell|duff|ewan|ewen|"
    r"farlane|gillivray|gowan|gregor|innes|intosh|intyre|kinnon|lachlan|laren|lean|lennan|leod|millan|nab|namara|naught|"
    r"neil|neill|nicol|phail|pherson|quarrie|rae|tavish|vicar)$"
)
_VIETNAMESE = [
    "nguyen", "nguyễn", "tran", "trần", "le", "lê", "pham", "phạm", "hoang", "hoàng", "huynh", "huỳnh", "phan", "vu", "vũ",
    "vo", "võ", "dang", "đặng", "bui", "bùi", "do", "đỗ", "ho", "hồ", "ngo", "ngô", "duong", "dương", "ly", "lý",
]  # fmt: skip
_SCOTTISH = r"\bMc(\p{Lu}{3})"
_ARTICLES = ["la", "las", "los", "le", "les", "l'"]


def is_lost(name: pl.Expr) -> pl.Expr:
    """Whether a name's case says nothing: letters of one case alone, and more of them than initials have."""
    guessable = ~(name.str.contains(_TURKISH) & name.str.contains("I"))
    capitals = name.str.replace_all(_SCOTTISH, "MC${1}")  # as in JOHN McDONALD
    return capitals.str.contains(_LOST) & ~name.str.contains(_INITIALS) & guessable


def repaired(name: pl.Expr, words: NameWords) -> pl.Expr:
    """Names whose case is lost, written as persons write them; for rows already known to need it."""
    lowered = name.str.to_lowercase()
    split = lowered.str.split(" ")
    cased = split.list.eval(_word(pl.element(), words)).list.join(" ")
    whole = text.nfc(_capitalized(cased))
    # some letters change in number when their case does: such a name is left alone
    return pl.when(whole.str.to_lowercase() == lowered).then(whole).otherwise(name)


def _word(word: pl.Expr, words: NameWords) -> pl.Expr:
    place, last = pl.int_range(pl.len()), pl.len() - 1
    within = (place > 0) & (place < last)
    before = word.shift(1)
    article = word.is_in(_ARTICLES) & before.is_in(["de", "di"])
    vietnamese = word.first().is_in(_VIETNAMESE)  # where van and thi are names
    small = within & (word.is_in(words.particles) | article) & ~vietnamese
    pair = (place == 0) & word.str.contains(_VOWELLESS_PAIR) & ~word.is_in(_NO_PAIRS)
    return (
        pl.when(small)
        .then(word)
        .when(pair)
        .then(word.str.to_uppercase())
        .when((place > 0) & word.str.contains(_ARABIC))
        .then(word.str.replace("-.*$", "-") + _titled(word.str.replace("^[^-]*-", "")))
        .otherwise(_titled(word))
    )


def _titled(word: pl.Expr) -> pl.Expr:
    titled = word.str.to_titlecase()
    first, rest = titled.str.replace(rf"{_APOSTROPHE}.*$", ""), word.str.replace(rf"^[^'’]*({_APOSTROPHE})", "${1}")
    # an apostrophe begins a new word behind O and d, not within Sa'id
    joined = pl.when(word.str.contains(_APOSTROPHE) & ~word.str.contains(_ELIDED)).then(first + rest).otherwise(titled)
    scottish = pl.when(word.str.contains(r"^mc\p{Ll}{3,}")).then(2).when(word.str.contains(_MAC)).then(3)
    cut = (
        joined.str.slice(0, scottish)
        + joined.str.slice(scottish, 1).str.to_uppercase()
        + joined.str.slice(scottish + 1)
    )
    return pl.when(scottish.is_not_null()).then(cut).otherwise(joined)


def _capitalized(value: pl.Expr) -> pl.Expr:
    return value.str.slice(0, 1).str.to_uppercase() + value.str.slice(1)
