"""What a write meets in a database: columns that are gone, and rows that no longer hold what the plan saw."""

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any

from dq.cells import Kind
from dq.errors import ConfigurationError
from dq.stores.meaning import is_same
from dq.stores.protocol import RowWrite

DELETED = "deleted_at"


def demand_columns(write: RowWrite, known: Collection[str]) -> None:
    """Refuse a write that names a column which its table does not have.

    Raises:
        ConfigurationError: There is one; the message names the near miss.
    """
    unknown = sorted((set(write.before) | set(write.after)).difference(known))
    if unknown:
        near = get_close_matches(unknown[0], known, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        what = f"Table {write.table} has no column {unknown[0]!r}{hint}"
        why = "Its schema changed since the plan was made."
        raise ConfigurationError(what, where=f"database table {write.table}", why=why, fix="dq clean")


def moved(row: Mapping[str, Any] | None, kinds: Mapping[str, Kind], write: RowWrite) -> str | None:
    """Why a row is no longer the one that the plan saw; None if it is.

    Args:
        row: The cells of `before` as the database holds them, and `deleted_at` where the table has it.
        kinds: The kinds of the table's columns; text where none is known.
        write: The write.
    """
    if row is None:
        return "the row is gone"
    if row.get(DELETED) and DELETED not in write.before:
        return "the row was soft-deleted"
    changed = [name for name, value in write.before.items() if not is_same(row[name], value, kinds.get(name, "text"))]
    return f"{', '.join(sorted(changed))} changed" if changed else None
