"""The settings in effect, masked, and the schema of the file."""

from typing import Any
from urllib.parse import urlsplit, urlunsplit

from dq.rules import TableRules
from dq.settings.shape import ConfigShape
from dq.settings.values import SQLITE, Settings

MASK = "***"
"""Stands for a secret; it says only that one is set."""
FORMAT_VERSION = 1
FEW = 20
"""As many replacements of a map are shown one by one."""


def show(settings: Settings) -> dict[str, Any]:
    """The settings in effect as JSON-ready values; secrets and passwords are masked, long lists are counted."""
    whole = settings.model_dump(mode="json", exclude={"tables", "database", "airtable"})
    airtable = settings.airtable.model_dump(mode="json", exclude={"token"})
    return {
        "format_version": FORMAT_VERSION,
        "database": {"url": masked(settings.database.url)},
        "airtable": {
            **airtable,
            "endpoint_url": masked(settings.airtable.endpoint_url),
            "token": None if settings.airtable.token is None else MASK,
        },
        "tables": [_table(table) for table in settings.tables],
        **whole,
    }


def masked(url: str) -> str:
    """A URL without what could be a secret: password, query and fragment."""
    if url.startswith(SQLITE):
        return url
    try:
        parts = urlsplit(url)
        password = parts.password
    except ValueError:
        return MASK
    place = parts.netloc if password is None else f"{parts.username or ''}:{MASK}@{parts.netloc.rpartition('@')[2]}"
    query = MASK if parts.query else ""
    return urlunsplit((parts.scheme, place, parts.path, query, MASK if parts.fragment else ""))


_LONG = {
    "legal_forms": "forms",
    "placeholders": "values",
    "roles": "names",
    "free_domains": "domains",
    "disposable_domains": "domains",
    "countries": "names",
    "words": "kinds",
}
"""Options that are lists from `rules/lists/`, and what they count."""


_MATCHED = {"nicknames": "pairs", "legal_forms": "forms", "public_domains": "domains", "placeholders": "lines"}


def _table(table: TableRules) -> dict[str, Any]:
    whole = table.model_dump(mode="json")
    whole["dedupe"]["placeholders"] = f"{len(table.dedupe.placeholders)} lines"
    matcher = whole["dedupe"]["matcher"] or {}
    matcher |= {name: f"{len(matcher[name])} {word}" for name, word in _MATCHED.items() if matcher.get(name)}
    for field in whole["fields"]:
        for standardizer in field["standardize"]:
            options = standardizer["options"]
            options |= {name: f"{len(options[name])} {word}" for name, word in _LONG.items() if options.get(name)}
            values = options.get("values")
            if isinstance(values, dict) and len(values) > FEW:
                options["values"] = f"{len(values)} values"
    return dict(whole)


def schema() -> dict[str, Any]:
    """The JSON Schema of the configuration file, with a description of every key."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **ConfigShape.model_json_schema(mode="validation"),
    }
