"""The rules of every mapped field: standardizers with their options, default, direction, policies, survivorship."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from dq.options import BESIDE, OPTIONS
from dq.rules import FieldRule, Standardizer
from dq.settings.chains import standardizer
from dq.settings.document import Document
from dq.settings.filling import Lists
from dq.settings.maintenance import StandardizationSection, StatusSection
from dq.settings.mistakes import Mistake, nearest
from dq.settings.rulefiles import Rules
from dq.settings.shape import ConfigShape, FieldShape, TableShape
from dq.settings.validate import Shape, mistakes_of

_STATUS_COLUMNS = frozenset({"status", "engagement_status"})
_STATUS_FIELD = "engagement status"
_STATUS_VALUES = ("maintenance_config", "field_standardization", "engagement_status", "valid_values")
_NO_SECTION = StandardizationSection()


def fields_of(
    document: Document, config: ConfigShape, rules: Rules, table: TableShape, conflict: Sequence[str]
) -> tuple[FieldRule, ...]:
    """The mapped fields of a table, in the mapping's order.

    Args:
        document: The configuration; mistakes are noted in it.
        config: For the maintenance document's field sections.
        rules: What the rule files say.
        table: The table with its mapping.
        conflict: The table's policies, for fields that name none.
    """
    section = (config.maintenance_config and config.maintenance_config.field_standardization) or _NO_SECTION
    mapping = table.mapping or {}
    chains = {name: rules.standardize.get(name) or (standardizer("text", {}, rules.lists),) for name in mapping}
    statuses = _status_fields(mapping, chains)
    document.mistakes += _unread(rules, chains)
    return tuple(
        FieldRule.model_validate(
            {
                "name": name,
                "airtable": airtable,
                "standardize": _with_options(document, chains[name], section, rules.lists, is_status=name in statuses),
                "default": _default(rules, section, name, is_status=name in statuses),
                "on_invalid": rules.on_invalid.get(name, "keep"),
                "conflict": conflict,
                "survivorship": rules.survivorship.fields.get(name, rules.survivorship.default),
            }
            | _own(table.fields.get(name))
        )
        for name, airtable in mapping.items()
    )


def given(shape: Shape | None) -> dict[str, Any]:
    """What a part of the file says itself, without defaults and nulls."""
    said = shape.model_dump(exclude_unset=True) if shape else {}
    return {name: value for name, value in said.items() if value is not None}


def _own(shape: FieldShape | None) -> dict[str, Any]:
    """What the file says for this field alone; `default: null` takes the rule file's default away."""
    default = {"default": shape.default} if shape and "default" in shape.model_fields_set else {}
    return {**given(shape), **default}


def _unread(rules: Rules, chains: Mapping[str, tuple[Standardizer, ...]]) -> list[Mistake]:
    """Options that name a field beside their own which cannot be read: not mapped, or reading others itself."""
    found = []
    for name, chain in chains.items():
        for position, one in enumerate(chain):
            for option, field in _beside(one).items():
                text = f"`{field}` is not a mapped field{nearest(field, list(chains))}" if field not in chains else None
                if field == name or any(_beside(other) for other in chains.get(field, ())):
                    text = f"`{field}` reads other fields itself"
                if text:
                    found.append(rules.standardize_file.mistake(("fields", name, position, one.name, option), text))
    return found


def _beside(standardizer: Standardizer) -> dict[str, str]:
    named = {option: standardizer.options[option] for option in BESIDE.get(standardizer.name, ())}
    return {option: field for option, field in named.items() if field is not None}


def _status_fields(mapping: Mapping[str, str], chains: Mapping[str, tuple[Standardizer, ...]]) -> list[str]:
    """The enum fields that the document's `engagement_status` means: those of that name, else all."""
    enums = [name for name in mapping if chains[name][-1].name == "enum"]
    named = [name for name in enums if name in _STATUS_COLUMNS or mapping[name].lower() == _STATUS_FIELD]
    return named or enums


def _default(rules: Rules, section: StandardizationSection, name: str, *, is_status: bool) -> str | None:
    status = section.engagement_status
    if is_status and status and "default_value" in status.model_fields_set:
        return status.default_value
    return rules.defaults.get(name)


def _with_options(
    document: Document,
    chain: tuple[Standardizer, ...],
    section: StandardizationSection,
    lists: Lists,
    *,
    is_status: bool,
) -> tuple[Standardizer, ...]:
    """The chain, its last standardizer with the options that the document's sections give it."""
    last = chain[-1]
    options = {
        "email": given(section.email),
        "website": given(section.website_url),
        "company": given(section.company_name),
        "enum": _enum_options(section.engagement_status, last) if is_status else {},
    }.get(last.name, {})
    try:
        return (*chain[:-1], standardizer(last.name, {**last.options, **options}, lists)) if options else chain
    except ValidationError as error:  # only an enum's values can be wrong together when each alone is right
        found = mistakes_of(error, document, OPTIONS[last.name], _STATUS_VALUES)
        document.mistakes += [mistake for mistake in found if mistake not in document.mistakes]
        return chain


def _enum_options(status: StatusSection | None, last: Standardizer) -> dict[str, Any]:
    if status is None or "valid_values" not in status.model_fields_set:
        return {}
    synonyms = {word: value for word, value in last.options["synonyms"].items() if value in status.valid_values}
    return {"values": status.valid_values, "synonyms": synonyms}
