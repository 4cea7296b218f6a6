"""Many texts at once: from bytes, by number, with a slip of the keyboard."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

Codes: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]

_HEX = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
_DASHES = (8, 13, 18, 23)
_SLIPS = "aeionrstlm"
_MARKED = ("ø", "ł", "đ", "\N{LATIN SMALL LETTER DOTLESS I}", "ß", "æ")
_BARE = ("o", "l", "d", "i", "ss", "ae")
_UMLAUTS = {"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "ñ": "n", "Ö": "Oe", "Ü": "Ue", "Ø": "Oe", "Å": "Aa"}


def uuids(rng: np.random.Generator, count: int) -> pl.Series:
    """`count` version 4 UUIDs."""
    made = rng.integers(256, size=(count, 16), dtype=np.uint8)
    made[:, 6] = 0x40 | made[:, 6] & 0x0F
    made[:, 8] = 0x80 | made[:, 8] & 0x3F
    digits = _HEX[np.stack([made >> 4, made & 15], axis=2).reshape(count, 32)]
    letters = np.full((count, 36), ord("-"), dtype=np.uint8)
    letters[:, [place for place in range(36) if place not in _DASHES]] = digits
    return fixed(letters)


def hexadecimal(numbers: Codes, width: int) -> pl.Series:
    """Numbers as hexadecimal texts of one width."""
    shifts = 4 * np.arange(width - 1, -1, -1, dtype=np.int64)
    return fixed(_HEX[numbers[:, None] >> shifts & 15])


def fixed(letters: npt.NDArray[np.uint8]) -> pl.Series:
    """Rows of ASCII codes as texts, without a Python object a text."""
    rows, width = letters.shape
    offsets = np.arange(rows + 1, dtype=np.int64) * width
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(letters))]
    return pl.Series(pa.Array.from_buffers(pa.large_string(), rows, buffers))


def picked(texts: pl.Series, codes: Codes) -> pl.Series:
    """The texts at these places; -1 gives null."""
    return texts.gather(pl.Series(codes).replace(-1, None))


def listed(texts: Sequence[str], codes: Codes) -> pl.Series:
    """The texts of a short list at these places; -1 gives null."""
    return picked(pl.Series(texts, dtype=pl.String), codes)


def drawn(rng: np.random.Generator, shares: Sequence[float], count: int) -> Codes:
    """For each of `count` rows one of the kinds with these shares, or -1 for none of them."""
    bounds = np.cumsum(np.asarray(shares, dtype=np.float64))
    kinds = np.searchsorted(bounds, rng.random(count), side="right")
    return np.where(kinds < len(bounds), kinds, -1)


def weighed(rng: np.random.Generator, weights: npt.NDArray[np.float64], count: int) -> Codes:
    """`count` random places of a list by the weights of its members."""
    bounds = np.cumsum(weights)
    places = np.searchsorted(bounds, rng.random(count) * bounds[-1], side="right")
    return np.asarray(np.minimum(places, len(weights) - 1), dtype=np.int64)


def marks_dropped(text: pl.Expr) -> pl.Expr:
    """Letters without their accents."""
    capitals = [letter.upper() for letter in _MARKED if letter != "ß"]
    bare = text.str.replace_many([*_MARKED, *capitals], [*_BARE, *(b.title() for b in _BARE if b != "ss")])
    return bare.str.normalize("NFKD").str.replace_all(r"\p{M}", "")


def marks_spelled(text: pl.Expr) -> pl.Expr:
    """Letters without their accents, umlauts as two letters."""
    return marks_dropped(text.str.replace_many(list(_UMLAUTS), list(_UMLAUTS.values())))


def plain(text: pl.Expr) -> pl.Expr:
    """Lower-case ASCII letters only, as in addresses."""
    return marks_dropped(text.str.to_lowercase()).str.replace_all(r"[^a-z]", "")


def changed(texts: pl.Series, where: Flags, how: Callable[[pl.Expr], pl.Expr]) -> pl.Series:
    """The texts, with an expression applied to those where it is said."""
    places = np.flatnonzero(where)
    return _put(texts, places, texts.gather(places).to_frame("text").select(how(pl.col("text"))).to_series())


def kept(texts: pl.Series, where: Flags) -> pl.Series:
    """The texts where it is said, null elsewhere."""
    return picked(texts, np.where(where, np.arange(len(texts)), -1))


def differs(texts: pl.Series, others: pl.Series) -> Flags:
    """Where texts differ; both have one everywhere."""
    return (texts != others).to_numpy()


def misspelled(rng: np.random.Generator, texts: pl.Series, where: Flags) -> pl.Series:
    """The texts, with one typing error after the first letter in those where it is said; too short ones stay."""
    places = np.flatnonzero(where)
    meant = pl.DataFrame({"text": texts.gather(places), "chance": rng.integers(1 << 32, size=len(places))})
    return _put(texts, places, meant.select(_slipped()).to_series())


def _put(texts: pl.Series, places: Codes, others: pl.Series) -> pl.Series:
    index = np.arange(len(texts))
    index[places] = len(texts) + np.arange(len(places))
    return pl.concat([texts, others.rename(texts.name)]).gather(index)


def _slipped() -> pl.Expr:
    """Two letters swapped, one lost, doubled or wrong; `chance` says which, and where."""
    text, chance = pl.col("text"), pl.col("chance")
    kind, slip = chance % 4, chance // 4 % len(_SLIPS)
    length = text.str.len_chars().cast(pl.Int64)
    at = 1 + chance // 64 % pl.max_horizontal(length - 2, pl.lit(1))
    before, here, after = text.str.slice(0, at), text.str.slice(at, 1), text.str.slice(at + 1)
    wrong = pl.lit(pl.Series(list(_SLIPS))).gather(slip)
    return (
        pl.when(length < 3)
        .then(text)
        .when(kind == 0)
        .then(before + after.str.head(1) + here + after.str.slice(1))
        .when(kind == 1)
        .then(before + after)
        .when(kind == 2)
        .then(before + here + here + after)
        .otherwise(before + wrong + after)
        .alias("text")
    )
