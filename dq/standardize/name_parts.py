# ruff: noqa: RUF001 (letters that look like others are what this is about)
"""The parts of a person's name, and its forms for comparing; nothing here is ever stored."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import polars as pl

from dq.standardize import text
from dq.standardize.name import cut, turned
from dq.standardize.name_words import ARTICLES, NameWords, name_words

_NICKNAME = r"\s*(?:[\"“”„«(‘]|\s')([^\"“”«»()‘’]+?)(?:[\"“”»)’]|'(?:\s|$))\s*"
_FAMILY_FIRST = (
    r"^[\p{Han}\p{Hangul}\p{Hiragana}\p{Katakana}ー・]+(?:\s[\p{Han}\p{Hangul}\p{Hiragana}\p{Katakana}ー・]+)*$"
)
_PARTS = ("given", "middle", "family", "particles", "suffix", "title", "nickname")
_TWO_WORDS = r"^[A-Za-z]+ [A-Za-z]+$"
_NOTHING = pl.lit(None, dtype=pl.String)


def parts(value: pl.Expr, words: Mapping[str, Sequence[str]] | None = None) -> pl.Expr:
    """The parts of names as a struct: given, middle, family, particles, suffix, title, nickname; null where there is none.

    Args:
        value: Names, in standard form or not.
        words: Titles, degrees, suffixes and particles as the rules have them; None for the built-in ones.

    Returns:
        A struct of texts as they are written. `family` has no particles, `suffix` also has the degrees. Names in Chinese,
        Japanese and Korean letters have the family first.
    """
    known = name_words(words or {})
    struct = pl.Struct(dict.fromkeys(_PARTS, pl.String))

    def part(batch: pl.Series) -> pl.Series:
        rows = batch.to_frame("value")
        two = rows.select(_two(pl.col("value"), known)).unnest("two")
        others = two["is_other"].arg_true()
        parted = _parted(rows[others].lazy(), known).collect(engine="in-memory")
        nothing = pl.Series([None], dtype=pl.String).new_from_index(0, len(batch))
        whole = {name: two[name].clone() if name in two else nothing.clone() for name in _PARTS}
        return pl.DataFrame({name: made.scatter(others, parted[name]) for name, made in whole.items()}).to_struct(
            batch.name
        )

    return value.map_batches(part, return_dtype=struct, is_elementwise=True)


def match_form(value: pl.Expr, words: Mapping[str, Sequence[str]] | None = None) -> pl.Expr:
    """The name for comparing: folded, given names first, without title, degree, suffix, nickname and punctuation."""
    whole = parts(value, words)

    def form(batch: pl.Series) -> pl.Series:
        names = [pl.col(name) for name in ("given", "middle", "particles", "family")]
        joined = pl.concat_str(names, separator=" ", ignore_nulls=True)
        return batch.struct.unnest().select(_bare(joined)).to_series().rename(batch.name)

    named = whole.map_batches(form, return_dtype=pl.String, is_elementwise=True)
    return pl.when(named != "").then(named).otherwise(text.folded(text.tidy(value)))


def nickname_key(given: pl.Expr, nicknames: Sequence[tuple[str, str]]) -> pl.Expr:
    """A given name as the formal name that it is short for, folded: bob and robert are one.

    Args:
        given: Given names, such as `parts` gives; the first of several counts.
        nicknames: Pairs of a formal name and a nickname; a nickname of several names means the first, and a name that is
            formal itself stays.
    """
    first = _bare(given).str.replace(" .*$", "")
    keys = _keys(tuple(nicknames))
    return first.replace_strict(keys, default=first, return_dtype=pl.String) if keys else first


@lru_cache(maxsize=4)
def _keys(nicknames: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    texts = {"formal": pl.String, "short": pl.String}
    pairs = pl.DataFrame(nicknames, schema=texts, orient="row").select(_bare(pl.all()))
    formal, short = pairs["formal"].to_list(), pairs["short"].to_list()
    known = set(formal)
    return {
        nickname: name for nickname, name in reversed(list(zip(short, formal, strict=True))) if nickname not in known
    }


def _bare(name: pl.Expr) -> pl.Expr:
    plain = text.folded(name).str.replace_all(r"['’`.]", "")
    return plain.str.replace_all(r"[^\p{L}\p{N}\p{M}]+", " ").str.strip_chars(" ")


def _two(value: pl.Expr, words: NameWords) -> tuple[pl.Expr, pl.Expr]:
    """Most names: two plain words, neither with a meaning of its own, are a given and a family name."""
    known = [*words.canonical, *words.particles, *ARTICLES]
    two = value.str.splitn(" ", 2).struct.rename_fields(["given", "family"])
    telling = [two.struct.field(name).str.to_lowercase().is_in(known) for name in ("given", "family")]
    is_other = ~value.str.contains(_TWO_WORDS) | telling[0] | telling[1]
    return two.alias("two"), is_other.fill_null(value=True).alias("is_other")


def _parted(rows: pl.LazyFrame, words: NameWords) -> pl.LazyFrame:
    tidied, core, names, full, family = (pl.col(name) for name in ("tidied", "core", "names", "full", "family"))
    whole = rows.with_columns(written=text.tidy(pl.col("value")))
    called = whole.with_columns(
        nickname=pl.col("written").str.extract(_NICKNAME, 1).str.strip_chars(),
        tidied=pl.col("written").str.replace(_NICKNAME, " ").str.strip_chars(" "),
    ).with_columns(tidied=pl.when(tidied == "").then(pl.col("written")).otherwise(tidied))
    ordered = cut(cut(called, words).with_columns(tidied=pl.col("lead") + turned(core, words) + pl.col("tail")), words)
    pattern = rf"\s((?:{words.particle}\s)*\S+)$"
    small = names.str.contains(r"^\p{Ll}") & names.str.contains(rf"^(?:{words.particle}\s)+\S+$")
    alone = small | names.str.contains(rf"^(?:{words.particle}\s){{2,}}\S+$")  # van Gogh, but Van Morrison
    eastern = core.str.contains(_FAMILY_FIRST) & core.str.contains(" ", literal=True)
    return (
        ordered.with_columns(names=core.str.replace_all(",", "", literal=True).str.strip_chars(" "))
        .with_columns(full=pl.when(alone).then(names).otherwise(names.str.extract(pattern, 1)))
        .with_columns(
            family=full.str.extract(r"(\S+)$", 1),
            before=names.str.strip_suffix(full.fill_null("")).str.strip_chars(" "),
        )
        .select(
            given=_filled(pl.when(eastern).then(names.str.replace(r"^\S+\s", "")).otherwise(_first(pl.col("before")))),
            middle=_filled(pl.when(~eastern).then(pl.col("before").str.replace(r"^\S+\s?", ""))),
            family=_filled(pl.when(eastern).then(_first(names)).otherwise(family)),
            particles=_filled(pl.when(~eastern).then(full.str.strip_suffix(family).str.strip_chars(" "))),
            suffix=_filled(pl.col("tail").str.strip_chars(" ,")),
            title=_filled(pl.col("lead").str.strip_chars(" ")),
            nickname=_filled(pl.col("nickname")),
        )
    )


def _first(names: pl.Expr) -> pl.Expr:
    return names.str.replace(r"\s.*$", "")


def _filled(part: pl.Expr) -> pl.Expr:
    return pl.when(part != "").then(part).otherwise(_NOTHING)
