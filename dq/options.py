"""What the standardizers can be told: one model of options each, read by the rule files and by the standardizers.

Values are strict, an unknown name is an error, and every option has a description: `dq.settings` makes its messages of
these models, `dq.standardize` takes their values.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from dq.expressions import (
    date_format_problem,
    expression_problem,
    output_format_problem,
    regex_problem,
    replacement_problem,
)


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


Text = Annotated[str, BeforeValidator(_text, json_schema_input_type=str | int | float | bool)]
"""A text that may be written without quotes."""


class Options(BaseModel):
    """Options of a standardizer; an unknown name is an error.

    Attributes:
        version: Version of the standard form: one more whenever the same cell may get another form than before.
    """

    version: ClassVar[int] = 1

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


class TextOptions(Options):
    """Whitespace and Unicode."""

    multiline: bool = Field(
        False, description="Keep line ends, and the spaces within lines (indentation means something there)."
    )
    placeholders: list[str] | None = Field(
        None,
        description="Values that say nothing, whole cells in any case; /…/ is a regular expression. "
        "Default: the text lines of lists/placeholders.csv.",
    )


class EmailOptions(Options):
    """Email addresses."""

    version: ClassVar[int] = 2

    normalize_case: Literal["lower", "keep"] = Field(
        "keep", description="Case of the part before the @; the domain is always lowered."
    )
    validate_format: bool = Field(True, description="Report addresses to which no mail can go.")
    placeholders: list[str] | None = Field(
        None,
        description="Addresses that are nobody's; /…/ is a regular expression. "
        "Default: the email lines of lists/placeholders.csv.",
    )
    mark: list[Literal["role", "free", "disposable"]] = Field(
        [], description="What to report, as info: role accounts, free-mail addresses, throw-away addresses."
    )
    roles: list[str] | None = Field(
        None, description="Names before the @ that are no person's. Default: lists/placeholders.csv, if marked."
    )
    free_domains: list[str] | None = Field(
        None, description="Free-mail providers. Default: lists/email_domains.csv, if marked."
    )
    disposable_domains: list[str] | None = Field(
        None, description="Providers of throw-away addresses. Default: lists/email_domains.csv, if marked."
    )


class WebsiteOptions(Options):
    """Website addresses."""

    version: ClassVar[int] = 2

    ensure_protocol: bool = Field(True, description="Add a protocol where there is none.")
    preferred_protocol: Literal["https", "http", "keep"] = Field(
        "https",
        description="Protocol of bare domains; https also upgrades http, keep upgrades nothing; nothing ever downgrades.",
    )
    remove_trailing_slash: bool = Field(
        True, description="Remove the slash of an empty path; deeper paths keep theirs."
    )
    remove_tracking: bool = Field(True, description="Remove parameters that only count clicks.")
    www: Literal["keep", "remove", "add"] = Field(
        "keep", description="Whether www. stands before a registered domain; remove and add may reach another server."
    )
    path: Literal["keep", "drop"] = Field(
        "keep", description="drop keeps the site alone: path, parameters and fragment are lost."
    )


class LinkedinOptions(Options):
    """LinkedIn addresses."""

    version: ClassVar[int] = 2

    page: Literal["person", "company"] = Field("person", description="Whose page the field holds; others are found.")


class CompanyOptions(Options):
    """Company names."""

    version: ClassVar[int] = 2

    normalize_case: bool = Field(True, description="Repair names that are all upper or all lower case; no others.")
    remove_suffixes: list[str] | None = Field(
        None, description="Legal forms to recognize, written as they stand here; null = the whole list."
    )
    add_proper_suffix: bool = Field(True, description="Write the recognized form after the name; false drops it.")
    legal_forms: dict[str, str] | None = Field(None, description="Form → canonical; default: lists/legal_forms.csv.")
    placeholders: list[str] | None = Field(
        None,
        description="Names that are nobody's; /…/ is a regular expression. "
        "Default: the company lines of lists/placeholders.csv.",
    )


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


def _plain(word: str) -> str:
    visible = "".join(letter for letter in unicodedata.normalize("NFC", word) if unicodedata.category(letter) != "Cf")
    return re.sub(r"[\s_-]+", "_", visible.lower()).strip("_")


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


def _refuse(*problems: str | None) -> None:
    told = [problem for problem in problems if problem]
    if told:
        raise ValueError("; ".join(told))


OPTIONS: Mapping[str, type[Options]] = {
    "text": TextOptions,
    "email": EmailOptions,
    "website": WebsiteOptions,
    "linkedin": LinkedinOptions,
    "company": CompanyOptions,
    "enum": EnumOptions,
    "date": DateOptions,
    "number": NumberOptions,
    "map": MapOptions,
    "regex": RegexOptions,
    "expression": ExpressionOptions,
}
"""Every built-in standardizer with its options."""
