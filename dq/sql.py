"""SQL text: the one place that quotes identifiers. Values are always bound, never written into the text."""

from collections.abc import Iterable


def quoted(name: str) -> str:
    """An identifier in double quotes, safe for any name a schema can hold."""
    return '"' + name.replace('"', '""') + '"'


def listed(names: Iterable[str]) -> str:
    """Identifiers, quoted, with commas between."""
    return ", ".join(quoted(name) for name in names)


def marks(count: int) -> str:
    """`count` parameter marks with commas between."""
    return ", ".join("?" * count)
