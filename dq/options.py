"""What the standardizers can be told: one model of options each, read by the rule files and by the standardizers.

Values are strict, an unknown name is an error, and every option has a description: `dq.settings` makes its messages of
these models, `dq.standardize` takes their values.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


Text = Annotated[str, BeforeValidator(_text, json_schema_input_type=str | int | float | bool)]
"""A text that may be written without quotes."""


class Options(BaseModel):
    """Options of a standardizer; an unknown name is an error."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


class TextOptions(Options):
    """Whitespace and Unicode."""

    multiline: bool = Field(
        False, description="Keep line ends, and the spaces within lines (indentation means something there)."
    )


class EmailOptions(Options):
    """Email addresses."""

    normalize_case: Literal["lower", "keep"] = Field(
        "keep", description="Case of the part before the @; the domain is always lowered."
    )
    validate_format: bool = Field(True, description="Report addresses to which no mail can go.")


class WebsiteOptions(Options):
    """Website addresses."""

    ensure_protocol: bool = Field(True, description="Add a protocol where there is none.")
    preferred_protocol: Literal["https", "http", "keep"] = Field(
        "https",
        description="Protocol of bare domains; https also upgrades http, keep upgrades nothing; nothing ever downgrades.",
    )
    remove_trailing_slash: bool = Field(
        True, description="Remove the slash of an empty path; deeper paths keep theirs."
    )
    remove_tracking: bool = Field(True, description="Remove parameters that only count clicks.")


class LinkedinOptions(Options):
    """LinkedIn addresses; no options."""


class CompanyOptions(Options):
    """Company names."""

    normalize_case: bool = Field(True, description="Repair names that are all upper or all lower case; no others.")
    remove_suffixes: list[str] | None = Field(
        None, description="Legal forms to recognize, written as they stand here; null = the whole list."
    )
    add_proper_suffix: bool = Field(True, description="Write the recognized form after the name; false drops it.")
    legal_forms: dict[str, str] | None = Field(None, description="Form → canonical; default: lists/legal_forms.csv.")


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


OPTIONS: Mapping[str, type[Options]] = {
    "text": TextOptions,
    "email": EmailOptions,
    "website": WebsiteOptions,
    "linkedin": LinkedinOptions,
    "company": CompanyOptions,
    "enum": EnumOptions,
}
"""Every built-in standardizer with its options."""
