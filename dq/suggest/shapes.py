"""Shapes that text may have, as the regular expressions that a `pattern` rule takes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

PATTERNS: Mapping[str, str] = {
    "uuid": r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
    "email": r"[^@\s]+@[^@\s]+\.[^@\s]+",
    "linkedin": r"https?://([A-Za-z]+\.)?linkedin\.com/\S+",
    "url": r"https?://[^\s/?#]+\.[^\s]+",
    "time": r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-](0[0-9]|1[0-4]):?[0-5][0-9])?)?",
    "date": r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "phone": r"[+(]?[0-9][0-9 ()./-]{5,24}( ?(x|ext\.?) ?[0-9]{1,6})?",
    "number": r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,9})?",
    "code": r"[A-Z]{0,8}[-_./]?[0-9]{1,12}",
}
"""Shape → what every value of it matches whole. A text takes the first that its values have."""
NAMES: Mapping[str, str] = {
    "uuid": "a UUID",
    "email": "an e-mail address",
    "linkedin": "a LinkedIn address",
    "url": "a web address",
    "time": "an ISO date and time",
    "date": "an ISO date",
    "phone": "a telephone number",
    "code": "a code",
}
ENOUGH = 0.9
"""Share of a sample's values that must have a shape for the whole column to be held against it."""
_PHONE = re.compile(r"phone|mobile|\btel\b|fax|whatsapp", re.IGNORECASE)
_CODE = r"^(?<letters>[A-Z]{0,8})(?<sign>[-_./]?)(?<digits>[0-9]{1,12})$"


@dataclass(frozen=True)
class CodeForm:
    """What codes like `ABC-123` have in common: numbers of letters and digits, and the sign between them."""

    letters: tuple[int, int]
    sign: str
    digits: tuple[int, int]

    @property
    def pattern(self) -> str:
        """The form as a regular expression; it names no value."""
        letters = "" if self.letters[1] == 0 else f"[A-Z]{_times(self.letters)}"
        sign = f"[{self.sign}]" if self.sign else ""
        return f"{letters}{sign}[0-9]{_times(self.digits)}"


def fits(value: pl.Expr, shape: str) -> pl.Expr:
    """Whether a text has a shape, whole."""
    return value.str.contains(f"^(?:{PATTERNS[shape]})$")


def may_have(name: str, shape: str) -> bool:
    """Whether a column of this name could have the shape: digits are a telephone number only where the name says so."""
    if shape == "phone":
        return _PHONE.search(name) is not None
    return not (shape == "number" and _PHONE.search(name))


def code_of(value: pl.Expr) -> pl.Expr:
    """A code taken apart: its letters, sign and digits; all null where the text is no code."""
    return value.str.extract_groups(_CODE)


def code_parts(code: pl.Expr) -> list[pl.Expr]:
    """What `code_form` reads: fewest and most letters, the least and the greatest sign, fewest and most digits."""
    sign = code.struct.field("sign")
    letters, digits = (code.struct.field(part).str.len_chars() for part in ("letters", "digits"))
    return [
        letters.min().alias("letters_least"),
        letters.max().alias("letters_most"),
        sign.min().alias("sign_least"),
        sign.max().alias("sign_most"),
        digits.min().alias("digits_least"),
        digits.max().alias("digits_most"),
    ]


def code_form(parts: Mapping[str, object]) -> CodeForm | None:
    """The common form of codes; None where they have too little in common, as a mixture of signs."""
    letters = (int(str(parts["letters_least"])), int(str(parts["letters_most"])))
    digits = (int(str(parts["digits_least"])), int(str(parts["digits_most"])))
    if parts["sign_least"] != parts["sign_most"] or (letters[0] == 0) != (letters[1] == 0):
        return None
    if letters[1] == 0 and digits[0] != digits[1]:  # digits alone, of any length: a number, not a code
        return None
    return CodeForm(letters, str(parts["sign_least"]), digits)


def _times(bounds: tuple[int, int]) -> str:
    return f"{{{bounds[0]}}}" if bounds[0] == bounds[1] else f"{{{bounds[0]},{bounds[1]}}}"
