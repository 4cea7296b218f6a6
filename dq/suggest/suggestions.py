"""The rules that a profile suggests, each with what was seen. Nothing that so few rows could show by chance."""

import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from dq.suggest import rounding
from dq.suggest.profile import ColumnProfile, Profile
from dq.suggest.shapes import NAMES, PATTERNS

MIN_ROWS = 30
"""A column with fewer values says nothing: one in ten that fails would be missed in 30 rows four times in a hundred."""
PER_VALUE = 5
"""A closed list is believed if each of its values stands in so many rows on average."""
LONGEST_VALUE = 60
"""Characters of a value of a closed list."""
_MODIFIED = re.compile(
    r"modif|updat|changed|last[_ ]?(seen|sync|edit|contact|activity)|refreshed|synced", re.IGNORECASE
)


@dataclass(frozen=True)
class Suggestion:
    """One rule of a quality.yaml.

    Attributes:
        name: Unique among them.
        check: The kind of rule.
        field: The column; None for a rule about the whole table.
        options: What else the kind of rule takes.
        severity: `error` where a row that breaks it cannot be worked with, else `warning`.
        max_share: Share of rows that may fail.
        reason: What was seen.
    """

    name: str
    check: str
    field: str | None
    reason: str
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    severity: str = "warning"
    max_share: float = 0.0


def suggested(profile: Profile, today: date) -> list[Suggestion]:
    """The rules that a file suggests; it keeps all of them itself.

    Args:
        profile: What was seen in the file.
        today: For how old its newest row is.
    """
    columns = [column for column in profile.columns if column.name.isprintable() and column.name.strip()]
    found = [suggestion for column in columns for suggestion in _of_column(column, profile.rows, today)]
    if profile.rows >= MIN_ROWS:
        low, high = rounding.row_counts(profile.rows)
        options = {"min": low, "max": high}
        found.append(Suggestion("row_count", "row_count", None, f"{profile.rows:,} rows were there", options))
    return _named_apart(found)


def _of_column(column: ColumnProfile, rows: int, today: date) -> Iterator[Suggestion]:
    if column.filled < MIN_ROWS:
        return
    for found in (
        _present(column, rows),
        _unique(column, rows),
        _values(column, rows),
        _shape(column, rows),
        _range(column, rows, today),
        _length(column),
        _fresh(column, today),
    ):
        if found is not None:
            yield found


def _present(column: ColumnProfile, rows: int) -> Suggestion | None:
    allowed = rounding.tolerance((rows - column.filled) / rows)
    if allowed is None:
        return None
    severity = "error" if allowed == 0 and column.repeated == 0 and _is_key(column) else "warning"
    reason = f"{_share(column.filled, rows)} of {rows:,} rows are filled"
    return Suggestion(f"{column.name}_present", "completeness", column.name, reason, {}, severity, allowed)


def _unique(column: ColumnProfile, rows: int) -> Suggestion | None:
    if column.repeated is None:
        return None
    allowed = rounding.tolerance(column.repeated / rows)
    if allowed is None or ((column.repeated or column.shape == "code") and not _is_key(column)):
        return None
    if column.repeated:
        reason = f"{_share(column.filled - column.repeated, column.filled)} of {column.filled:,} values stand once"
    else:
        reason = f"{column.filled:,} values, none of them twice"
    severity = "error" if column.repeated == 0 and column.filled == rows and _is_key(column) else "warning"
    return Suggestion(f"{column.name}_unique", "uniqueness", column.name, reason, {}, severity, allowed)


def _values(column: ColumnProfile, rows: int) -> Suggestion | None:
    values = column.values
    if values is None or len(values) < 2 or column.shape in ("uuid", "email", "linkedin", "url", "phone"):
        return None
    if column.filled < PER_VALUE * len(values) or not all(map(_is_word, values)):
        return None
    reason = f"{len(values)} values cover all {column.filled:,} filled of {rows:,} rows"
    return Suggestion(f"{column.name}_known", "membership", column.name, reason, {"values": list(values)})


def _shape(column: ColumnProfile, rows: int) -> Suggestion | None:
    if column.shape is None or column.shape == "number" or _values(column, rows) is not None:
        return None
    if column.shape == "code" and column.form is None:
        return None
    allowed = rounding.tolerance((column.filled - column.fitting) / rows)
    if allowed is None:
        return None
    pattern = column.form.pattern if column.form is not None else PATTERNS[column.shape]
    reason = f"{_share(column.fitting, column.filled)} of {column.filled:,} values look like {NAMES[column.shape]}"
    return Suggestion(f"{column.name}_form", "pattern", column.name, reason, {"pattern": pattern}, "warning", allowed)


def _range(column: ColumnProfile, rows: int, today: date) -> Suggestion | None:
    least, greatest = column.least, column.greatest
    if least is None or greatest is None or least == greatest or (column.is_named_as_key and column.kind == "number"):
        return None
    allowed = rounding.tolerance((column.filled - column.read) / rows)
    if allowed is None:
        return None
    options: dict[str, Any] = {}
    if isinstance(least, date) and isinstance(greatest, date):
        first, last = rounding.days(least, greatest, today)
        options = {"min": first.isoformat()} | ({"max": last.isoformat()} if last else {})
        reason = f"from {least.isoformat()} to {greatest.isoformat()} in {column.filled:,} rows"
    else:
        low, high = float(str(least)), float(str(greatest))
        if max(abs(low), abs(high)) > rounding.MOST:
            return None
        options = dict(zip(("min", "max"), rounding.bounds(low, high), strict=True))
        reason = f"from {low:,.6g} to {high:,.6g} in {column.filled:,} rows"
    return Suggestion(f"{column.name}_range", "range", column.name, reason, options, "warning", allowed)


def _length(column: ColumnProfile) -> Suggestion | None:
    if column.kind != "text" or column.shape is not None or column.values is not None or not column.longest:
        return None
    fixed = column.shortest == column.longest
    options = {"min": column.longest, "max": column.longest} if fixed else {"max": rounding.length(column.longest)}
    seen = f"{column.longest:,}" if fixed else f"{column.shortest:,} to {column.longest:,}"
    reason = f"{seen} characters in {column.filled:,} values"
    return Suggestion(f"{column.name}_length", "length", column.name, reason, options)


def _fresh(column: ColumnProfile, today: date) -> Suggestion | None:
    if column.kind != "date" or not isinstance(column.greatest, date) or not _MODIFIED.search(column.name):
        return None
    days = rounding.max_age(column.greatest, today)
    if days is None or column.greatest > today:
        return None
    reason = f"the newest of {column.filled:,} rows is of {column.greatest.isoformat()}"
    return Suggestion(f"{column.name}_fresh", "freshness", column.name, reason, {"max_age": f"{days}d"})


def _is_key(column: ColumnProfile) -> bool:
    """Whether a column that tells rows apart is meant to: by its name, or as nothing else is a UUID in every row."""
    return column.is_named_as_key or column.shape == "uuid"


def _is_word(value: str) -> bool:
    """Whether a value of a closed list is one that a person would write down."""
    return value.isprintable() and value == value.strip() and len(value) <= LONGEST_VALUE


def _share(part: int, whole: int) -> str:
    """A share as a percentage that is 100 only where nothing lacks."""
    percent = 100 * part / whole
    return "100 %" if part == whole else f"{min(percent, 99.99):.4g} %"


def _named_apart(found: list[Suggestion]) -> list[Suggestion]:
    """The suggestions, with names of letters, digits and underscores, none of them twice."""
    taken: set[str] = set()
    told = []
    for one in found:
        plain = re.sub(r"\W+", "_", one.name).strip("_").lower() or "rule"
        name = next(n for n in (plain, *(f"{plain}_{i}" for i in range(2, len(found) + 2))) if n not in taken)
        taken.add(name)
        told.append(dataclasses.replace(one, name=name))
    return told
