"""What the standardizers can be told: one model of options each, read by the rule files and by the standardizers.

Values are strict, an unknown name is an error, and every option has a description: `dq.settings` makes its messages of
these models, `dq.standardize` takes their values.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


REGIONS = frozenset(
    re.findall(
        "[A-Z]{2}",
        """
        AC AD AE AF AG AI AL AM AO AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BW BY BZ CA
        CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR
        GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GT GU GW GY HK HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP
        KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR
        MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PR PS PT PW PY QA RE RO
        RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TA TC TD TG TH TJ TK TL TM TN TO TR TT
        TV TW TZ UA UG US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW
        """,
    )
)
"""The countries and territories that have telephone numbers, by ISO 3166 code."""

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

    @model_validator(mode="after")
    def _closed(self) -> Self:
        outside = sorted({value for value in self.synonyms.values() if value not in self.values})
        if outside:
            raise ValueError(f"synonyms lead to {', '.join(outside)}, which is not among the values")
        keys = [_plain(value) for value in self.values]
        if len(set(keys)) < len(keys) or not all(keys):
            raise ValueError("two values differ only in case, spaces, hyphens or underscores, or one is empty")
        return self


class PhoneOptions(Options):
    """Telephone numbers."""

    region: str | None = Field(None, description="Country of numbers without a calling code, such as US.")
    country: str | None = Field(None, description="Field with each lead's country; it comes before `region`.")
    website: str | None = Field(
        None, description="Field with each lead's website, whose country domain counts where `country` is unknown."
    )
    format: Literal["e164", "international", "rfc3966"] = Field("e164", description="How numbers are written.")
    extensions: Literal["keep", "drop"] = Field("keep", description="Whether extensions are stored.")
    countries: dict[str, str] | None = Field(
        None, description="Country's name, or .domain → region; default: lists/countries.csv."
    )
    placeholders: list[str] | None = Field(
        None, description="Patterns of numbers that are nobody's own; default: lists/placeholders.csv."
    )

    @field_validator("region")
    @classmethod
    def _is_region(cls, region: str | None) -> str | None:
        if region is not None and region not in REGIONS:
            other = {"UK": "GB"}.get(region.upper(), region.upper())
            hint = f", did you mean `{other}`?" if other in REGIONS else "; it has two letters, such as US or DE"
            raise ValueError(f"no country has telephone numbers under `{region}`{hint}")
        return region


class NameOptions(Options):
    """Names of persons."""

    normalize_case: bool = Field(True, description="Repair names that are all upper or all lower case; no others.")
    remove_titles: bool = Field(False, description="Drop titles and degrees, such as Dr. and MBA.")
    reorder: bool = Field(True, description="Write `Last, First` as `First Last` where it surely is that.")
    words: dict[Literal["title", "degree", "suffix", "particle"], list[str]] | None = Field(
        None, description="Words that are no names, by what they are; default: lists/name_words.csv."
    )
    placeholders: list[str] | None = Field(
        None, description="Patterns of names that are nobody's own; default: lists/placeholders.csv."
    )


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
    "name": NameOptions,
    "phone": PhoneOptions,
}
"""Every built-in standardizer with its options."""

BESIDE: Mapping[str, tuple[str, ...]] = {"phone": ("country", "website")}
"""The options that name other fields of the row, by standardizer."""
