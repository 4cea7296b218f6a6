"""Mappings that belong together: which fields name rows of another mapping, and in which order mappings are planned."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter

from dq.errors import ConfigurationError
from dq.manifest import Manifest, Reference, TableSchema
from dq.rules import FieldRule, TableRules
from dq.schemas.values import Store

Schemas = Mapping[Store, TableSchema]
_NUMBERS = frozenset({"integer", "number", "boolean"})
_LINK = "multipleRecordLinks"


def in_order(tables: Sequence[TableRules], manifest: Manifest) -> list[TableRules]:
    """The mappings with `refers` set on the fields that name rows of another one; those that are named come first.

    Args:
        tables: The mappings as configured.
        manifest: The snapshot: Airtable says what its link fields name.

    Raises:
        ConfigurationError: A link field names a table that is not mapped, rows of its own table, or rows of a table that
            names it in turn; or its database column cannot hold the keys.
    """
    schemas = {rules.table: _schemas(rules, manifest) for rules in tables}
    bound = {rules.table: _bound(rules, schemas) for rules in tables}
    linked = {table: {field.refers for field in rules.fields if field.refers} for table, rules in bound.items()}
    declared = {table: own | _declared(table, schemas) for table, own in linked.items()}
    _refuse_cycles(bound, linked)
    order = _sorted(declared) or _sorted(linked) or []
    return [bound[table] for table in order]


def references(rules: TableRules) -> list[Reference]:
    """The database columns of a mapping's fields that name rows of another mapping."""
    return [Reference(rules.table, field.name, field.refers) for field in rules.fields if field.refers]


def _schemas(rules: TableRules, manifest: Manifest) -> Schemas:
    return {
        "database": manifest.table("database", rules.table).schema,
        "airtable": manifest.table("airtable", rules.airtable).schema,
    }


def _declared(table: str, schemas: Mapping[str, Schemas]) -> set[str]:
    references = schemas[table]["database"].references
    return {reference.parent for reference in references if reference.parent in schemas and reference.parent != table}


def _sorted(needs: Mapping[str, set[str]]) -> list[str] | None:
    """Tables after those that they need, in the order given where nothing else says; None for a cycle."""
    places = {table: place for place, table in enumerate(needs)}
    sorter = TopologicalSorter({table: sorted(wanted, key=places.__getitem__) for table, wanted in needs.items()})
    try:
        sorter.prepare()
    except CycleError:
        return None
    order: list[str] = []
    ready: list[str] = []
    while sorter.is_active():
        ready = sorted([*ready, *sorter.get_ready()], key=places.__getitem__)
        order.append(ready.pop(0))
        sorter.done(order[-1])
    return order


def _bound(rules: TableRules, schemas: Mapping[str, Schemas]) -> TableRules:
    mapped = {str(pair["airtable"].id): table for table, pair in schemas.items()}
    fields = [_field(field, rules, schemas, mapped) for field in rules.fields]
    return rules.model_copy(update={"fields": tuple(fields)})


def _field(field: FieldRule, rules: TableRules, schemas: Mapping[str, Schemas], mapped: Mapping[str, str]) -> FieldRule:
    own = schemas[rules.table]
    column = own["airtable"].column(field.airtable)
    if column.type != _LINK or column.linked is None:
        return field
    parent = mapped.get(column.linked)
    where = f"table {rules.table}, field {field.name} ({rules.airtable}.{field.airtable})"
    if parent is None:
        raise ConfigurationError(
            f"The Airtable field {field.airtable} links to the table {column.linked}, which is not mapped.",
            where=where,
            why="A link is a foreign key in the database: dq must know which row each record is.",
            fix=f"map that table under `tables:`, or leave {field.name} out of the mapping",
        )
    if parent == rules.table:
        raise _circular(where, "names rows of its own table")
    _refuse_misfit(field, own["database"], schemas[parent]["database"], where)
    chain = tuple(name for name in field.survivorship if name not in ("union", "longest")) or ("most_recent",)
    return field.model_copy(update={"refers": parent, "standardize": (), "survivorship": chain})


def _refuse_misfit(field: FieldRule, own: TableSchema, parent: TableSchema, where: str) -> None:
    if field.default is not None:
        raise ConfigurationError(f"The link field {field.name} cannot have a default.", where=where, fix="take it away")
    others = {ref.parent for ref in own.references if ref.column == field.name and ref.parent != parent.name}
    if others:
        raise ConfigurationError(
            f"The column {field.name} holds keys of {', '.join(sorted(others))}, but its Airtable field links to {parent.name}.",
            where=where,
            fix=f"map the Airtable field to the column that holds keys of {parent.name}",
        )
    if own.column(field.name).kind in _NUMBERS and parent.column(parent.key).kind not in _NUMBERS:
        near = get_close_matches(field.name, [column.name for column in (*own.columns, *own.unread)], n=3)
        raise ConfigurationError(
            f"The column {field.name} holds numbers, but the keys of {parent.name} are text.",
            where=where,
            fix=f"map the column that holds keys of {parent.name} (there are {', '.join(near)})",
        )


def _refuse_cycles(bound: Mapping[str, TableRules], linked: Mapping[str, set[str]]) -> None:
    if _sorted(linked) is not None:
        return
    try:
        TopologicalSorter(linked).prepare()
    except CycleError as error:
        cycle = " → ".join(reversed(error.args[1]))
        raise _circular(f"tables {', '.join(bound)}", f"is part of a circle: {cycle}") from None


def _circular(where: str, what: str) -> ConfigurationError:
    return ConfigurationError(
        f"A link field {what}.",
        where=where,
        why="dq creates the rows that are named before those that name them, so links must not run in a circle.",
        fix="leave one of the link fields out of the mapping (Airtable keeps a link's two ends in step by itself)",
    )
