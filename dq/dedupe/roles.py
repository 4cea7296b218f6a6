"""Roles: what each column of a table is, by its name and by what stands in it.

A role decides how values are folded, compared and blocked. Columns that say nothing of who a row is have none: constants,
times of the rows themselves, empty columns.
"""

import re
from collections.abc import Collection, Mapping
from unicodedata import combining, normalize

import polars as pl

from dq.dedupe.columns import Columns
from dq.rules import Role

_ENTITY = r"(?:record|entity|party) (?:type|kind)$"
_GENDER = r"gender|sex|sexe|sexo|geschlecht|genere"
_NAMES: tuple[tuple[Role | None, str], ...] = (
    (None, r"(?:name|phone|tel|e ?mail|mail|addr|address|id|passport|document|tax) (?:type|kind|label)$"),
    ("category", rf"{_ENTITY}|{_GENDER}"),
    ("place", r"\w+ (?:country|state)$"),
    ("email", r"e ?mail|mail|correo"),
    ("profile", r"linked ?in|profile"),
    ("url", r"website|url|domain|homepage|web|site"),
    ("phone", r"phone|tel|telephone|telefon[eo]?|mobile|fax|cell|celular|handy"),
    ("given", r"(?:first|given|fore) ?name|fname|name first|vorname|prenom|nombre"),
    ("family", r"(?:last|family|sur) ?name|lname|name last|(?:nach|familien) ?name|nom de famille|cognome|apellidos?"),
    ("middle", r"middle"),
    (None, r"(?:created|updated|modified|inserted|changed|synced|deleted) ?(?:at|time|on|by)?$|timestamp"),
    ("date", r"dob|birth date|date|birthday|born|geburtsdatum|geboren|naissance|nacimiento"),
    ("identifier", r"ssn|soc sec|social security|passport|licen[sc]e|national id|tax id|tax|vat|ein|lei|duns|iban|isbn|doi"),
    (None, r"amount|balance|salary|revenue|turnover|quantity"),
    ("code", r"zip|post ?code|postal|plz|number|id|key|code"),
    ("place", r"city|town|suburb|place|county|state|country|region|stadt|ort|ville|ciudad"),
    ("address", r"addr|address|adresse|direccion|street|strasse|road"),
    ("organization", r"company|organi[sz]ation|org|employer|business|account|firm|firma|unternehmen|empresa|societe"),
    ("name", r"name|(?:contact|person|lead|customer)(?: \d+)?$"),
    ("text", r"title|author|venue|description|note|comment"),
)  # fmt: skip
_OF_ADDRESS = r"(?:^| )(?:zip|post ?code|postal|plz|city|town|suburb|county|state|province|region|country|stadt|ort|ville|ciudad)(?: |$|\d)"
_OF_OTHERS = r"birth|born|passport|licen[sc]e|tax|national|nationality|id(?: |$)"
_BORN = r"dob|birth|born|geburt|geboren|naissance|nacimiento"
_TELLING: frozenset[Role | None] = frozenset({"name", "given", "family", "email", "profile", "phone", "organization"})
"""What counts though all rows say the same."""
_LOOKED_AT = 5_000
_FEW_VALUES, _FEW_SHARE = 60, 0.02
_MOST = 0.7
_WORDS_OF_TEXT = 2.5
_GIVEN_SHARE = 0.25
"""The least share of values that begin with a known given name in a column of people's names."""


def roles(table: Columns, given_names: Collection[str], stated: Mapping[str, Role | None]) -> dict[str, Role]:
    """The role of each column that has one.

    Args:
        table: Rows of texts.
        given_names: Given names in lower case: whether `name` is a person's or a thing's.
        stated: Roles that are known; None leaves a column out.
    """
    found = {name: stated[name] if name in stated else _role(name, table) for name in table.columns}
    has_people = any(role in {"given", "family", "email", "profile"} for role in found.values())
    for name, role in found.items():
        if role == "name" and name not in stated and not has_people and not _are_people(table[name], given_names):
            found[name] = "text"
    return {name: role for name, role in found.items() if role is not None}


def is_called(column: str) -> bool:
    """Whether a column says what things are called, by its name alone."""
    return _heading(column) in {"name", "title", "product", "product name", "company", "company name"}


def is_of_address(column: str) -> bool:
    """Whether a column says a part of where somebody lives, such as the town, by its name alone."""
    words = _heading(column)
    return re.search(_OF_ADDRESS, words) is not None and re.search(_OF_OTHERS, words) is None


def is_entity(column: str) -> bool:
    """Whether a column says what kind of thing a row is, a person or a company, by its name alone."""
    return re.search(_ENTITY, _heading(column)) is not None


def is_gender(column: str) -> bool:
    """Whether a column says who is a man and who a woman, by its name alone."""
    return _is_named(_heading(column), _GENDER)


def is_birth(column: str) -> bool:
    """Whether a column says when people were born, by its name alone."""
    return re.search(_BORN, _heading(column)) is not None


def _role(name: str, table: Columns) -> Role | None:
    known, role = _by_name(name)
    if known and role is None:
        return None
    held = table[name].drop_nulls()
    some = held.gather_every(max(1, len(held) // _LOOKED_AT))
    values = some.n_unique()
    if values <= _FEW_VALUES < len(held):  # only now it matters how many there are
        values = held.n_unique()
    if values == 0 or (values == 1 and role not in _TELLING):
        return None
    if _share(some, r"^[^@\s]+@[^@\s]+$") > _MOST:
        return "email"
    if role in {None, "code", "text", "place", "organization"} and values <= max(
        2, min(_FEW_VALUES, len(held) * _FEW_SHARE)
    ):
        return "category"
    return role if role not in {None, "text", "date"} else _by_values(some, role)


def _heading(column: str) -> str:
    """The words of a column's name, folded."""
    plain = normalize("NFKD", re.sub(r"([a-z])([A-Z])", r"\1 \2", column).casefold())
    return " ".join(re.findall(r"[^\W\d_]+|\d+", "".join(letter for letter in plain if not combining(letter))))


def _by_name(column: str) -> tuple[bool, Role | None]:
    words = _heading(column)
    for role, pattern in _NAMES:
        if _is_named(words, pattern):
            return True, role
    return False, None


def _is_named(words: str, pattern: str) -> bool:
    return re.search(rf"(?:^| )(?:{pattern})(?: |$|\d)", words) is not None


def _by_values(some: pl.Series, role: Role | None) -> Role:
    if _share(some, r"^\d{4}-\d\d-\d\d") > _MOST:
        return "date"
    if role == "date" and _share(some, r"^\d{8}$|\d{4}|\d\d?[/.-]\d\d?[/.-]\d\d") > _MOST:
        return "date"
    if role is None and _share(some, r"^[\d\W]+$") > _MOST:
        return "code"
    words = some.str.strip_chars().str.count_matches(r"\s+").mean()
    return "text" if isinstance(words, float) and words + 1 >= _WORDS_OF_TEXT else "place"


def _are_people(column: pl.Series, given_names: Collection[str]) -> bool:
    first = column.drop_nulls().str.to_lowercase().str.extract(r"^(\p{L}+)", 1).drop_nulls()
    return len(first) > 0 and first.is_in(list(given_names)).sum() / len(first) >= _GIVEN_SHARE


def _share(some: pl.Series, pattern: str) -> float:
    return float(some.str.contains(pattern).sum()) / len(some)
