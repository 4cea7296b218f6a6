"""Numbering plans as patterns: which numbers are valid in their standard form, told without parsing a single one.

libphonenumber knows every country's numbers as regular expressions; put together they are one pattern that a whole
column is held against at once. What no pattern is sure of is parsed.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, SUPPORTED_REGIONS, PhoneMetadata

_TYPES = (
    "fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "personal_number", "voip", "pager", "uan",
    "voicemail",
)  # fmt: skip
_OPEN_PLAN = 4


@dataclass(frozen=True, slots=True)
class Plans:
    """All countries' numbering plans.

    Attributes:
        valid: First digit of a calling code → pattern of a valid number in E.164; all of them make one vast pattern.
        rewritten: Pattern of the beginnings of E.164 numbers from which libphonenumber may take digits away.
        national: Pattern of digits that people of some country may write as a number of their own, without trunk prefix.
        calling: Region → calling code with its plus.
        trunk: Region → the digits before national numbers, where they are nothing more than digits.
        outward: Pattern of a region's code and digits that begin with its prefix for calls to other countries.
        coded: Pattern of the beginnings of numbers that have some country's calling code.
    """

    valid: Mapping[str, str]
    rewritten: str
    national: str
    calling: Mapping[str, str]
    trunk: Mapping[str, str]
    outward: str
    coded: str


@lru_cache(maxsize=1)
def plans() -> Plans:
    """The plans, read once from the library's data."""
    known = ((region, PhoneMetadata.metadata_for_region(region)) for region in sorted(SUPPORTED_REGIONS))
    regions = {region: plan for region, plan in known if plan}
    numbers: dict[int, set[str]] = {}
    for plan in regions.values():
        numbers.setdefault(int(plan.country_code or 0), set()).update(_numbers(plan))
    prefixes = {region: plan.national_prefix_for_parsing or "" for region, plan in regions.items()}
    simple = {region: prefix for region, prefix in prefixes.items() if prefix == "" or prefix.isdecimal()}
    mains = {code: of_code[0] for code, of_code in COUNTRY_CODE_TO_REGION_CODE.items() if of_code[0] in regions}
    taken = [f"{code}(?:{_beginning(prefixes[region])})" for code, region in sorted(mains.items()) if prefixes[region]]
    zones = sorted({str(code)[0] for code in numbers})
    return Plans(
        valid={zone: _valid({code: own for code, own in numbers.items() if str(code)[0] == zone}) for zone in zones},
        rewritten=_one_of(taken, r"^\+"),
        national=_one_of(sorted({number for plan in regions.values() for number in _as_dialed(plan)}), "^", "$"),
        calling={region: f"+{plan.country_code}" for region, plan in regions.items()},
        trunk=simple,
        outward=_one_of((f"{region}(?:{plan.international_prefix})" for region, plan in regions.items()), "^"),
        coded=_one_of(map(str, sorted(numbers)), r"^\+"),
    )


def _valid(numbers: Mapping[int, set[str]]) -> str:
    return _one_of((f"{code}(?:{'|'.join(sorted(own))})" for code, own in sorted(numbers.items())), r"^\+", "$")


def _numbers(plan: PhoneMetadata) -> list[str]:
    kinds = [getattr(plan, name) for name in _TYPES]
    return [kind.national_number_pattern for kind in kinds if kind is not None and kind.national_number_pattern]


def _as_dialed(plan: PhoneMetadata) -> list[str]:
    # where 0 stands before an area it is written; plans that allow any length would claim every number there is
    own = [plan.mobile]
    if plan.national_prefix != "0" and plan.fixed_line and len(plan.fixed_line.possible_length) <= _OPEN_PLAN:
        own.append(plan.fixed_line)
    return [kind.national_number_pattern for kind in own if kind is not None and kind.national_number_pattern]


def _beginning(prefix: str) -> str:
    # a prefix that may be nothing at all tells no number from another
    return "" if re.fullmatch(prefix, "") else prefix


def _one_of(patterns: Iterable[str], before: str, after: str = "") -> str:
    joined = "|".join(patterns)
    return f"{before}(?:{joined}){after}".replace(r"\d", "[0-9]")
