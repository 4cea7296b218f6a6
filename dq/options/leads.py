"""Options of the standardizers of what leads have: texts, addresses, companies, people, telephone numbers."""

import re
from typing import ClassVar, Literal

from pydantic import Field, field_validator

from dq.options.shape import Options

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
