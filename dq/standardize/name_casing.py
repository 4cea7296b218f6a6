# ruff: noqa: RUF001 (letters that look like others are what this is about)
"""Letter case of persons' names, repaired only where it is plainly lost: all capitals, or all small letters."""

import polars as pl

from dq.standardize import text
from dq.standardize.forms import change_where, each
from dq.standardize.name_words import NameWords

_LOST = r"^(?:\P{Ll}*\p{Lu}\P{Ll}*|\P{Lu}*\p{Ll}\P{Lu}*)$"
_INITIALS = r"^(?:\P{Ll}{1,3}|(?:\p{L}\.){1,4}|\P{L}*\p{L}\P{L}*|[B-DF-HJ-NP-TV-XZ]{4})$"
_TURKISH = "[İıŞşĞğ]"
_VOWELLESS_PAIR = r"^[BCDFGHJKLMNPQRSTVWXZ][bcdfghjklmnpqrstvwxz] "
_NO_PAIRS = ["Ng", "Md", "St", "Ss", "Jr", "Sr", "Dr", "Mr", "Ms"]
_INNER = r"['’]|\bMa?c"
_APOSTROPHE = r"['’]"
_ELIDED = r"^(?:\p{L}|dell|dall|nell|sant)['’]"
_ARABIC = ["al", "el", "as", "ad", "an", "ar", "ash", "az", "at", "ul"]
_MAC = (
    r"^mac(?:alister|allister|arthur|askill|aulay|bride|callum|cormack|donald|donnell|dougall?|dowell|duff|ewan|ewen|"
    r"farlane|gillivray|gowan|gregor|innes|intosh|intyre|kinnon|lachlan|laren|lean|lennan|leod|millan|nab|namara|naught|"
    r"neil|neill|nicol|phail|pherson|quarrie|rae|tavish|vicar)$"
)
_VIETNAMESE = [
    "Nguyen", "Nguyễn", "Tran", "Trần", "Le", "Lê", "Pham", "Phạm", "Hoang", "Hoàng", "Huynh", "Huỳnh", "Phan", "Vu", "Vũ",
    "Vo", "Võ", "Dang", "Đặng", "Bui", "Bùi", "Do", "Đỗ", "Ho", "Hồ", "Ngo", "Ngô", "Duong", "Dương", "Ly", "Lý",
]  # fmt: skip
_SCOTTISH = r"\bMc(\p{Lu}{3})"
_ARTICLES = ["la", "las", "los", "le", "les"]


def is_lost(name: pl.Expr) -> pl.Expr:
    """Whether a name's case says nothing: letters of one case alone, and more of them than initials have."""
    guessable = ~(name.str.contains(_TURKISH) & name.str.contains("I")) & ~name.str.contains(r"\p{Georgian}")
    capitals = name.str.replace_all(_SCOTTISH, "MC${1}")  # as in JOHN McDONALD
    return capitals.str.contains(_LOST) & ~name.str.contains(_INITIALS) & guessable


def repaired(name: pl.Expr, words: NameWords) -> pl.Expr:
    """Names whose case is lost, written as persons write them; for rows already known to need it."""
    titled = name.str.to_lowercase().str.to_titlecase()
    cased = change_where(titled, lambda v: v.str.contains(_INNER), each(_by_word))
    whole = text.nfc(_with_small_words(cased, words))
    # some letters change in number when their case does: such a name is left alone
    return pl.when(whole.str.to_lowercase() == name.str.to_lowercase()).then(whole).otherwise(name)


def _with_small_words(titled: pl.Expr, words: NameWords) -> pl.Expr:
    # twice, because two words that follow each other share a space
    small = {f" {word.title()} ": f" {word} " for word in words.particles if word[0].isalpha()}
    small |= {f" {word.capitalize()} ": f" {word} " for word in words.particles}
    small |= {f" {article.title()}-": f" {article}-" for article in _ARABIC}
    articles = {f" {before} {word.title()} ": f" {before} {word} " for before in ("de", "di") for word in _ARTICLES}
    lowered = titled.str.replace_many(small).str.replace_many(small).str.replace_many(articles)
    pair = titled.str.contains(_VOWELLESS_PAIR) & ~titled.str.slice(0, 2).is_in(_NO_PAIRS)
    vietnamese = titled.str.replace(" .*$", "").is_in(_VIETNAMESE)  # where Van and Thi are names
    return (
        pl.when(vietnamese)
        .then(titled)
        .when(pair)
        .then(lowered.str.slice(0, 2).str.to_uppercase() + lowered.str.slice(2))
        .otherwise(lowered)
    )


def _by_word(titled: pl.Expr) -> pl.Expr:
    return titled.str.to_lowercase().str.split(" ").list.eval(_titled(pl.element())).list.join(" ")


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
