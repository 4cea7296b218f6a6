"""Which database column is which Airtable field."""

from dq.settings.document import Document
from dq.settings.mistakes import Key
from dq.settings.shape import ConfigShape, TableShape

LEADS_MAPPING = {
    "name": "Full Name",
    "email": "Email",
    "company": "Company",
    "title": "Title",
    "linkedin_url": "LinkedIn URL",
    "company_website": "Website",
    "phone": "Phone",
    "status": "Engagement Status",
}
"""The mapping when nothing is configured."""
DEFAULT_TABLE = TableShape.model_validate({"link": {"database": "airtable_id", "airtable": "Lead ID"}})
"""The table when none is configured: `leads` with `Leads`."""
_FORWARD: Key = ("field_mapping", "database_to_airtable")
_BACKWARD: Key = ("field_mapping", "airtable_to_database")


def with_mapping(document: Document, config: ConfigShape) -> list[TableShape]:
    """The configured tables, each with its mapping; mistakes are noted in the document."""
    both_ways = _both_ways(document, config)
    if not config.tables:
        return [DEFAULT_TABLE.model_copy(update={"mapping": both_ways or LEADS_MAPPING})]
    if both_ways and len(config.tables) > 1:
        text = f"fits one table only, and {len(config.tables)} are configured; give each its own `mapping`"
        document.mistakes.append(document.mistake(("field_mapping",), text))
    return [_own(document, position, table, both_ways) for position, table in enumerate(config.tables)]


def _own(document: Document, position: int, table: TableShape, both_ways: dict[str, str]) -> TableShape:
    key: Key = ("tables", position, "mapping")
    if not table.mapping and not both_ways:
        document.mistakes.append(document.mistake(key, "no field is mapped; write `mapping: {column: Field}`"))
    if table.mapping and both_ways and table.mapping != both_ways:
        odd = min(set(table.mapping.items()) ^ set(both_ways.items()))[0]
        text = f"says something else about `{odd}` than field_mapping ({document.where(_FORWARD)}); keep one of them"
        document.mistakes.append(document.mistake((*key, odd), text))
    return table.model_copy(update={"mapping": table.mapping or both_ways})


def _both_ways(document: Document, config: ConfigShape) -> dict[str, str]:
    """The maintenance document's mapping; both directions must be inverse."""
    section = config.field_mapping
    if section is None:
        return {}
    forward, backward = section.database_to_airtable, section.airtable_to_database
    if forward is None:
        _find_twice(document, _BACKWARD, backward or {})
        return {column: field for field, column in (backward or {}).items()}
    if backward is not None:
        _find_odd_pairs(document, forward, backward)
    return dict(forward)


def _find_odd_pairs(document: Document, forward: dict[str, str], backward: dict[str, str]) -> None:
    for column, field in forward.items():
        if backward.get(field) != column:
            back = f"`{field}` → `{backward[field]}`" if field in backward else f"nothing for `{field}`"
            text = f"`{column}` → `{field}`, but airtable_to_database has {back}; the two must be inverse"
            document.mistakes.append(document.mistake((*_FORWARD, column), text))
    for field, column in backward.items():
        if field not in forward.values():
            there = f"`{column}` → `{forward[column]}`" if column in forward else f"nothing for `{column}`"
            text = f"`{field}` → `{column}`, but database_to_airtable has {there}; the two must be inverse"
            document.mistakes.append(document.mistake((*_BACKWARD, field), text))


def _find_twice(document: Document, key: Key, mapping: dict[str, str]) -> None:
    seen: dict[str, str] = {}
    for name, target in mapping.items():
        if target in seen:
            text = f"`{target}` is already mapped to `{seen[target]}`; a field is mapped once"
            document.mistakes.append(document.mistake((*key, name), text))
        seen[target] = name


def find_mapping_mistakes(document: Document, tables: list[TableShape]) -> None:
    """Note what a mapping must not hold: a field twice, or a key, link or time as if it were a field."""
    databases: set[str] = set()
    for position, table in enumerate(tables):
        key: Key = ("tables", position)
        mapping = table.mapping or {}
        mapped_at: Key = (*key, "mapping") if position < len(document.data.get("tables") or []) else _FORWARD
        _find_twice(document, mapped_at, mapping)
        _find_reserved(document, mapped_at, table, mapping)
        if table.database in databases:
            document.mistakes.append(document.mistake((*key, "database"), f"the table `{table.database}` stands twice"))
        databases.add(table.database)


def _find_reserved(document: Document, key: Key, table: TableShape, mapping: dict[str, str]) -> None:
    columns = {
        table.key: "key",
        table.link.database: "link.database",
        table.modified.database: "modified.database",
        table.created.database: "created.database",
    }
    fields = {table.link.airtable: "link.airtable", table.modified.airtable: "modified.airtable"}
    for column, field in mapping.items():
        if column in columns:
            document.mistakes.append(
                document.mistake((*key, column), f"`{column}` is the table's `{columns[column]}`; it is no field")
            )
        if field in fields:
            document.mistakes.append(
                document.mistake((*key, column), f"`{field}` is the table's `{fields[field]}`; it is no field")
            )
