# ruff: noqa: RUF001 (letters that look like others are what this is about)
"""One cell read as a telephone number: by libphonenumber, after the damage that people and spreadsheets do.

A reading is taken only where it is the only valid one; what is left has a code that says why.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType

from dq.standardize.dialing import plans

_FORMATS = {
    "e164": PhoneNumberFormat.E164,
    "international": PhoneNumberFormat.INTERNATIONAL,
    "rfc3966": PhoneNumberFormat.RFC3966,
}
_LABEL = re.compile(
    r"^(?:t[eé]l(?:[eé](?:ph|f)on[eo]?|efoon)?|phone|ph|mob(?:ile|il|iel)?|cell(?:ulare|phone)?|celular|"
    r"handy|gsm|telefonnummer|number|nr|no|тел(?:ефон)?|моб|电话|電話|手机|전화|الهاتف|هاتف|[tpmc](?=[.:]))\b[\s.:=#-]*|^[☎✆📞📱]\W*",
    re.IGNORECASE,
)
DAMAGED = r"^\+?[0-9]+(?:[.,][0-9]+)?[eE]\+?[0-9]{1,2}$"
"""Pattern of a number that a spreadsheet has rounded."""
_DECIMALS = re.compile(r"^(\+?\d{7,})[.,]0+$")
_BETWEEN = re.compile(r"[,;|\n]|\s*/\s*|\s(?:or|and|und|oder|ou|et|y|o|e|или|и|&)\s|(?<=\d)\s*(?=\+)", re.IGNORECASE)
_TAIL = re.compile(r"\d/\s?\d{1,3}$")
_EXTENSION_WORD = re.compile(
    r"[\s,;-]*\b(?:durchwahl|dw|klappe|poste|ramal|interno|toestel|wewn?|anknytning|вн)\b[\s.:]*(?=\d{1,7}$)",
    re.IGNORECASE,
)
_EXTENSION = re.compile(
    r"(?:[\s,;(]*(?:ext(?:ensi[oó]n|n)?|e?xtn?|доб|anexo|int)[\s.:=)]*|\s*[x#~]\s*)\d{1,9}#?\)?$", re.IGNORECASE
)
_VANITY = re.compile(r"^\+?[\d\s().-]*\d[\s().-]*[A-Za-z]+(?:[\s.-]?[A-Za-z\d]+)*$")
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−－ー"), "-") | {ord("＋"): "+", ord("\u00a0"): " "}
_LETTERED_TYPES = {PhoneNumberType.TOLL_FREE, PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST}
_FEW, _MOST = 6, 15


@dataclass(frozen=True, slots=True)
class Reading:
    """What a cell says.

    Attributes:
        number: The valid number; None where there is not surely one.
        code: The finding's code; None where there is a number.
    """

    number: PhoneNumber | None
    code: str | None = None


@lru_cache(maxsize=1 << 16)
def read(text: str, region: str | None) -> Reading:
    """The number that a cell holds.

    Args:
        text: The cell, tidied.
        region: The country whose own way of writing numbers counts; None if no one knows.
    """
    cell = _DECIMALS.sub(r"\1", _LABEL.sub("", _plain(text)).strip())
    if re.match(DAMAGED, cell):
        return Reading(None, "phone.damaged")
    if _is_several(cell):
        return Reading(None, "phone.several")
    cell = re.sub(r"^\+[\s(]*00", "+", _EXTENSION_WORD.sub(" ext. ", cell))
    bare = _EXTENSION.sub("", cell)
    if any(letter.isalpha() for letter in bare):
        return _lettered(cell, bare, region)
    number = _international(cell) if "+" in bare else _national(cell, bare, region)
    if region and number and (other := _with_own_code(cell, region)) and other != number:
        return Reading(other) if _is_apart(cell, region) else Reading(None, "phone.ambiguous")
    return Reading(number) if number else Reading(None, _why_not(bare, region))


def write(number: PhoneNumber, form: str, *, extension: bool) -> str:
    """The number as it is stored.

    Args:
        number: A valid number.
        form: `e164`, `international` or `rfc3966`.
        extension: Whether its extension is written.
    """
    if number.extension and not extension:
        kept = PhoneNumber()
        kept.merge_from(number)
        kept.extension = None
        number = kept
    written = phonenumbers.format_number(number, _FORMATS[form])
    return f"{written} ext. {number.extension}" if form == "e164" and number.extension else written


def _plain(text: str) -> str:
    digits = (str(unicodedata.decimal(letter, letter)) for letter in text.translate(_DASHES))
    return "".join(digits).strip()


def _is_several(cell: str) -> bool:
    counts = [sum(map(str.isdecimal, part)) for part in _BETWEEN.split(cell)]
    return sum(count > _FEW for count in counts) > 1 or bool(_TAIL.search(cell))


def _parsed(cell: str, region: str | None) -> PhoneNumber | None:
    try:
        number = phonenumbers.parse(cell, region)
    except NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None


def _international(cell: str) -> PhoneNumber | None:
    return _parsed(cell, None) if cell.lstrip("( ").startswith("+") else None


def _national(cell: str, bare: str, region: str | None) -> PhoneNumber | None:
    digits = re.sub(r"\D", "", bare)
    abroad, outward = "+" + cell.lstrip("( "), "+" + re.sub(r"^[\s(]*0[\s(]*0", "", cell)
    if region and (own := _parsed(cell, region)):
        return own
    if digits.startswith("00"):
        return _parsed(outward, None)
    if region:
        if bare != digits:
            return None
        lost = [number for number in (_parsed(abroad, None), _parsed("0" + cell, region)) if number]
        return lost[0] if len(lost) == 1 else None
    # eleven digits are too many for a national number nearly everywhere; where they are not, nobody can tell
    unclear = digits.startswith("0") or len(digits) <= 10 or re.search(plans().national, digits)
    return None if unclear else _parsed(abroad, None)


def _with_own_code(cell: str, region: str) -> PhoneNumber | None:
    """The reading of `49 30 …` in Germany: its own calling code with the plus lost, where 0 would begin an area."""
    plan = plans()
    own = plan.trunk.get(region) == "0" and cell.lstrip("( ").startswith(plan.calling[region][1:])
    return _parsed("+" + cell.lstrip("( "), None) if own else None


def _is_apart(cell: str, region: str) -> bool:
    return re.match(rf"[\s(]*{plans().calling[region][1:]}[\s()./-]", cell) is not None


def _lettered(cell: str, bare: str, region: str | None) -> Reading:
    number = _parsed(cell, region) if _VANITY.match(bare) else None
    sure = number and (bare.upper() == bare or phonenumbers.number_type(number) in _LETTERED_TYPES)
    return Reading(number) if sure else Reading(None, "phone.invalid")


def _why_not(bare: str, region: str | None) -> str:
    count = sum(map(str.isdecimal, bare))
    if "+" in bare or count < 3 or count > _MOST:
        return "phone.invalid"
    if count <= _FEW:
        return "phone.short"
    return "phone.invalid" if region else "phone.no_region"
