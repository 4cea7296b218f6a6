"""Many texts at once: from bytes, by number, with a slip of the keyboard."""

from collections.abc import Sequence
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
_MARKED = ("ø", "ł", "đ", "ı", "ß", "æ")
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
    return np.minimum(places, len(weights) - 1).astype(np.int64)


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


def slipped(text: pl.Expr, chance: pl.Expr) -> pl.Expr:
    """A text with one typing error after its first letter: two letters swapped, one lost, doubled or wrong.

    Args:
        text: What was meant.
        chance: A number from 0 to 1 a row, which says which error and where.
    """
    wide = (chance * 1_000_003).cast(pl.Int64)
    kind, slip = wide % 4, wide // 4 % len(_SLIPS)
    at = 1 + wide // 40 % pl.max_horizontal(text.str.len_chars().cast(pl.Int64) - 2, pl.lit(1))
    before, here, after = text.str.slice(0, at), text.str.slice(at, 1), text.str.slice(at + 1)
    wrong = pl.lit(pl.Series(list(_SLIPS))).gather(slip)
    return (
        pl.when(kind == 0)
        .then(before + after.str.head(1) + here + after.str.slice(1))
        .when(kind == 1)
        .then(before + after)
        .when(kind == 2)
        .then(before + here + here + after)
        .otherwise(before + wrong + after)
    )
