"""Which computed cells follow from which others, and the order in which to compute them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from typing import Any, TypeAlias

from dq.sandbox import formula
from dq.sandbox.refusals import RefusalError
from dq.sandbox.schema import Field, Table

Place: TypeAlias = tuple[str, str]
"""A table's id and a field's."""


@dataclass(frozen=True, eq=False)
class Through:
    """A field of another table that counts, and the link field that leads there."""

    link: Field
    table_id: str
    field_id: str


@dataclass(frozen=True, eq=False)
class Node:
    """A field that is computed from others.

    Args:
        table_id: Its table.
        field: The field.
        local: The ids of the fields of its own record that it follows from.
        through: The fields of linked records that it follows from.
        on_change: Whether it follows from any change of its record.
    """

    table_id: str
    field: Field
    local: frozenset[str]
    through: tuple[Through, ...] = ()
    on_change: bool = False


@lru_cache(maxsize=32)
def nodes(tables: tuple[Table, ...]) -> tuple[Node, ...]:
    """All fields of a base that can be computed, each after those that it follows from.

    A field without what it takes to compute it, or one that follows from itself, is left as it was given.

    Args:
        tables: The tables of the base.
    """
    by_id = {table.id: table for table in tables}
    found = {
        (node.table_id, node.field.id): node
        for table in tables
        for field in table.fields
        if (node := _node(field, table, by_id)) is not None
    }
    while True:
        edges = {place: [source for source in _sources(node) if source in found] for place, node in found.items()}
        try:
            return tuple(found[place] for place in TopologicalSorter(edges).static_order())
        except CycleError as error:
            for place in error.args[1]:
                found.pop(place, None)


def _sources(node: Node) -> Iterable[Place]:
    yield from ((node.table_id, field_id) for field_id in node.local)
    yield from ((through.table_id, through.field_id) for through in node.through)


def _node(field: Field, table: Table, by_id: Mapping[str, Table]) -> Node | None:
    if field.type == "formula":
        return _formula(field, table, by_id)
    if field.type not in ("rollup", "multipleLookupValues", "count"):
        return None
    link = table.by_id.get(field.options.get("recordLinkFieldId", ""))
    if link is None or link.type != "multipleRecordLinks":
        return None
    if field.type == "count":
        return Node(table.id, field, frozenset({link.id}))
    linked = by_id.get(link.options["linkedTableId"])
    target = linked.by_id.get(field.options.get("fieldIdInLinkedTable", "")) if linked else None
    if linked is None or target is None or (field.type == "rollup" and not _has_text(field.options, "formula")):
        return None
    return Node(table.id, field, frozenset({link.id}), (Through(link, linked.id, target.id),))


def _has_text(options: Mapping[str, Any], key: str) -> bool:
    return isinstance(options.get(key), str) and bool(options[key].strip())


def _formula(field: Field, table: Table, by_id: Mapping[str, Table]) -> Node | None:
    if not _has_text(field.options, "formula"):
        return None
    try:
        tree = formula.parse(field.options["formula"])
    except RefusalError:
        return Node(table.id, field, frozenset())
    named = [found for name in formula.references(tree) if (found := table.field(name)) is not None]
    linked = [(one, by_id.get(one.options["linkedTableId"])) for one in named if one.type == "multipleRecordLinks"]
    through = tuple(Through(link, other.id, other.primary.id) for link, other in linked if other is not None)
    on_change = "LAST_MODIFIED_TIME" in formula.calls(tree)
    return Node(table.id, field, frozenset(one.id for one in named), through, on_change)
