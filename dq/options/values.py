"""Options of the standardizers of any values: closed sets, dates, numbers, replacements, expressions."""

import re
import unicodedata
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from dq.expressions import (
    date_format_problem,
    expression_problem,
    output_format_problem,
    regex_problem,
    replacement_problem,
)
from dq.options.shape import Options, Text


class EnumOptions(Options):
    """Closed sets of values."""

    values: list[Text] = Field(min_length=1, description="The values there are, spelled as they are stored.")
    synonyms: dict[str, Text] = Field(
        {}, description="Other spelling → value; case, spaces, hyphens and underscores need no synonym."
    )
    near: Literal[0, 1, 2] = Field(
        0, description="Typing mistakes that are forgiven in words of five letters or more; 0 forgives none."
    )

    @model_validator(mode="after")
    def _closed(self) -> Self:
        outside = sorted({value for value in self.synonyms.values() if value not in self.values})
        if outside:
            raise ValueError(f"synonyms lead to {', '.join(outside)}, which is not among the values")
        keys = [_plain(value) for value in self.values]
        if len(set(keys)) < len(keys) or not all(keys):
            raise ValueError("two values differ only in case, spaces, hyphens or underscores, or one is empty")
        return self


class DateOptions(Options):
    """Dates and times."""

    formats: list[str] | None = Field(
        None, description="The formats that are read, in order, such as `%d.%m.%Y`; null = the common ones."
    )
    output: str | None = Field(None, description="The format that dates are written in; null = ISO 8601.")
    day_first: bool | None = Field(
        None, description="What 03/04/2024 is: true = 3 April, false = March 4, null = a finding."
    )

    @field_validator("formats")
    @classmethod
    def _readable(cls, formats: list[str] | None) -> list[str] | None:
        _refuse(*(date_format_problem(one) for one in formats or []))
        return formats

    @field_validator("output")
    @classmethod
    def _writable(cls, output: str | None) -> str | None:
        _refuse(None if output is None else output_format_problem(output))
        return output


_DECIMALS = (".", ",")
_GROUPS = (",", ".", " ", "'", "_")


class NumberOptions(Options):
    """Numbers, as exact text."""

    decimal: str = Field(".", description="The character before the fraction, `.` or `,`.")
    thousands: list[str] | None = Field(
        None, description="Characters between groups of digits; null = the space, the apostrophe and the other of `.,`."
    )
    currency: list[Text] = Field(
        [], description="Signs and codes that may stand beside the number; they are taken off."
    )
    percent: Literal["keep", "fraction"] = Field("keep", description="What 50% becomes: 50% or 0.5.")
    decimals: int | None = Field(
        None, ge=0, le=12, description="Digits of the fraction, filled with zeros; nothing is ever rounded."
    )

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.decimal not in _DECIMALS:
            raise ValueError("`decimal` must be `.` or `,`")
        if any(sign not in _GROUPS for sign in self.thousands or []):
            raise ValueError("`thousands` may hold a space and the characters , . ' _")
        if self.decimal in (self.thousands or []):
            raise ValueError(f"`{self.decimal}` cannot be the decimal character and stand between thousands")
        return self


class MapOptions(Options):
    """Exact replacements."""

    values: dict[str, Text] = Field({}, description="Value → what is written instead.")
    file: str | None = Field(
        None, description="A list with the columns from,to beside the rules, such as `lists/titles.csv`."
    )
    casefold: bool = Field(False, description="Whether upper and lower case are the same.")


class RegexOptions(Options):
    """A pattern and what is written in its place, or a pattern that must match."""

    pattern: str | None = Field(None, description="What is replaced, everywhere in the value: Rust's regex.")
    replace: str = Field("", description="What is written instead; `${1}` is the first group.")
    must_match: str | None = Field(None, description="What the whole value must match; else it is a finding.")

    @field_validator("pattern", "must_match")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        _refuse(None if pattern is None else regex_problem(pattern))
        return pattern

    @model_validator(mode="after")
    def _useful(self) -> Self:
        if self.pattern is None and self.must_match is None:
            raise ValueError("needs `pattern` or `must_match`")
        if self.pattern is None and self.replace:
            raise ValueError("`replace` needs a `pattern`")
        _refuse(None if self.pattern is None else replacement_problem(self.pattern, self.replace))
        return self


class ExpressionOptions(Options):
    """A Polars SQL expression of the user's own."""

    sql: str = Field(description="An expression over `value` that gives text row by row, such as `upper(value)`.")

    @field_validator("sql")
    @classmethod
    def _plans(cls, sql: str) -> str:
        _refuse(expression_problem(sql))
        return sql


def _plain(word: str) -> str:
    visible = "".join(letter for letter in unicodedata.normalize("NFC", word) if unicodedata.category(letter) != "Cf")
    return re.sub(r"[\s_-]+", "_", visible.lower()).strip("_")


def _refuse(*problems: str | None) -> None:
    told = [problem for problem in problems if problem]
    if told:
        raise ValueError("; ".join(told))
