# ruff: noqa: RUF001 (letters that look like others are what this is about)
r"""Text: NFC, no invisible or control characters, plain spaces, no space at the edges.

A value of nothing but such characters is an empty cell, so it becomes null.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from dq.options import TextOptions as Options
from dq.standardize import placeholders
from dq.standardize.forms import Standardized, change_where, each, no_finding

_UNTIDY = r"[^ -~]|  |^ | $"
_UNTIDY_LINES = r"[^\n -~]|^[\n ]|[\n ]$"
_INVISIBLE = (
    r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\x{ad}\x{61c}\x{180e}\x{200b}\x{200e}\x{200f}\x{202a}-\x{202e}"
    r"\x{2060}-\x{2064}\x{2066}-\x{206f}\x{feff}\x{fff9}-\x{fffb}]"
)
_JOINED = (  # scripts that spell with joiners, and emoji that are joined from several
    r"\p{Arabic}\x{64b}-\x{65f}\x{670}\p{Syriac}\p{Nko}\p{Mongolian}\p{Devanagari}\p{Bengali}\p{Gurmukhi}\p{Gujarati}"
    r"\p{Oriya}\p{Tamil}\p{Telugu}\p{Kannada}\p{Malayalam}\p{Sinhala}\p{Khmer}\p{Myanmar}\p{Tibetan}"
    r"\p{Extended_Pictographic}\p{Emoji_Modifier}\x{fe0f}"
)
_JOINERS = rf"([{_JOINED}][\x{{200c}}\x{{200d}}])|[\x{{200c}}\x{{200d}}]"
_LINE_END = r"\r\n?|[\x0b\x0c\x{85}\x{2028}\x{2029}]"
_LETTERS = {"ß": "ss", "ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "ς": "σ"}
_EDGES = " \u200c\u200d"


def standardize(value: pl.Expr, options: Mapping[str, Any]) -> Standardized:
    """Standard form of text, with `text.placeholder`."""
    given = Options.model_validate(options)
    form = standard(value, given)
    return Standardized(form, finding(form, given))


def standard(value: pl.Expr, options: Options) -> pl.Expr:
    """Standard form of text; null where only invisible characters and spaces stood."""
    if options.multiline:
        return change_where(value, lambda v: v.str.contains(_UNTIDY_LINES) | (v == ""), each(_tidy_lines))
    return change_where(value, is_untidy, each(tidy))


def finding(value: pl.Expr, options: Options) -> pl.Expr:
    """`text.placeholder` for values in standard form that say nothing."""
    if not options.placeholders:
        return no_finding()
    return placeholders.found(value, options.placeholders, "text.placeholder")


def is_untidy(value: pl.Expr) -> pl.Expr:
    """Whether one-line text may not be in standard form: any non-ASCII character, a control, a space too many."""
    return value.str.contains(_UNTIDY) | (value == "")


def tidy(value: pl.Expr) -> pl.Expr:
    """Standard form of one-line text, worked out for every row: for rows already known to need it."""
    return _filled(_visible(value).str.replace_all(r"\s+", " ").str.strip_chars(_EDGES))


def nfc(value: pl.Expr) -> pl.Expr:
    """The value in Unicode's NFC; plain ASCII rows cost a glance."""
    return change_where(value, not_ascii, each(lambda v: v.str.normalize("NFC")))


def not_ascii(value: pl.Expr) -> pl.Expr:
    """Whether a value holds any character beyond ASCII."""
    return value.str.len_bytes() != value.str.len_chars()


def folded(value: pl.Expr) -> pl.Expr:
    """Text for comparing, never stored: NFKC, accents off, case folded."""
    return change_where(value.str.to_lowercase(), not_ascii, each(_fold))


def _fold(value: pl.Expr) -> pl.Expr:
    plain = value.str.normalize("NFKD").str.replace_all(r"[\x{300}-\x{36f}]", "").str.to_lowercase()
    return plain.str.replace_many(_LETTERS).str.normalize("NFC")


def _tidy_lines(value: pl.Expr) -> pl.Expr:
    lines = _visible(value.str.replace_all(_LINE_END, "\n")).str.replace_all(r"[^\S\n]", " ")
    return _filled(lines.str.strip_chars(_EDGES + "\n"))


def _visible(value: pl.Expr) -> pl.Expr:
    return nfc(value).str.replace_all(_INVISIBLE, "").str.replace_all(_JOINERS, "$1")


def _filled(value: pl.Expr) -> pl.Expr:
    # taking a character away can bring two together that NFC composes
    return nfc(value).replace("", None)
