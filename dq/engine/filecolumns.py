"""Which columns of a file the rules name, and by which field's rule each is put into standard form."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import polars as pl

from dq.errors import ConfigurationError
from dq.rules import FieldRule, TableRules


@dataclass(frozen=True, slots=True)
class Ruled:
    """A column and its rule.

    Attributes:
        column: The file's own name of it.
        field: The field whose rule it takes, by its database column.
        rule: The rule; its name is unique among the columns of a file, and that of the field where the field is
            there once.
    """

    column: str
    field: str
    rule: FieldRule

    @property
    def chain(self) -> tuple[str, ...]:
        """The standardizers' names, in order."""
        return tuple(step.name for step in self.rule.standardize)


@dataclass(frozen=True, slots=True)
class Columns:
    """What becomes of a file's columns.

    Attributes:
        ruled: Those that are put into standard form, in the file's order.
        left: The others → why they are left as they are.
    """

    ruled: tuple[Ruled, ...]
    left: Mapping[str, str]


def columns_of(schema: pl.Schema, rules: TableRules, asked: Mapping[str, str]) -> Columns:
    """The columns that the rules name: as asked, else by the database's name, else Airtable's, else but for spelling.

    Spelling is case, spaces, underscores and hyphens. Columns that are no text are left as they are.

    Args:
        schema: The file's columns.
        rules: Fields by both their names.
        asked: Column → field, by either of its names.

    Raises:
        ConfigurationError: What was asked is not there, or the rules name no column of the file.
    """
    by_asked = {_known(column, schema, "column"): _asked_field(name, rules) for column, name in asked.items()}
    found = {column: by_asked.get(column) or _field(column, rules) for column in schema}
    left = {column: "no rule names it" for column, field in found.items() if field is None}
    left |= {column: f"{schema[column]}, not text" for column, f in found.items() if f and schema[column] != pl.String}
    named = [(column, field) for column, field in found.items() if field is not None and column not in left]
    if not named:
        raise ConfigurationError(
            "The file has no column of text that the rules name.",
            why=f"They name {', '.join(rules.names)}{_near_misses(schema, rules)}.",
            fix="say which column is which field: --map COLUMN=FIELD",
        )
    return Columns(tuple(_ruled(named)), left)


def by_field(frame: pl.LazyFrame, rules: TableRules) -> pl.LazyFrame:
    """The file's columns under the names of the fields that they are; a field that is a column already stays it."""
    schema = frame.collect_schema()
    known = {column: field.name for column in schema if (field := _field(column, rules)) and field.name not in schema}
    first = {field: column for column, field in reversed(known.items())}
    return frame.rename({column: field for field, column in first.items()})


def pairs_of(texts: Sequence[str]) -> dict[str, str]:
    """`COLUMN=FIELD` texts as column → field.

    Raises:
        ConfigurationError: One has no `=`, or a column stands twice.
    """
    pairs: dict[str, str] = {}
    for text in texts:
        column, sign, field = text.rpartition("=")
        if not (sign and column and field):
            raise ConfigurationError(f"--map takes COLUMN=FIELD, not {text!r}.")
        if column in pairs:
            raise ConfigurationError(f"--map names the column {column!r} twice.")
        pairs[column] = field
    return pairs


def _ruled(named: Sequence[tuple[str, FieldRule]]) -> list[Ruled]:
    """A field may be there more than once: the best spelling keeps its name, as other fields' rules may ask for it."""
    first: dict[str, str] = {}
    for column, field in named:
        first.setdefault(field.name, column)
        if column == field.name:
            first[field.name] = column
    return [
        Ruled(column, field.name, _own(field, column, is_first=first[field.name] == column)) for column, field in named
    ]


def _own(field: FieldRule, column: str, *, is_first: bool) -> FieldRule:
    name = field.name if is_first else f"{field.name} in {column}"
    return field.model_copy(update={"name": name, "airtable": name, "refers": None})


def _field(column: str, rules: TableRules) -> FieldRule | None:
    plain = _plain(column)
    tests = (
        lambda field: field.name == column,
        lambda field: field.airtable == column,
        lambda field: _plain(field.name) == plain,
        lambda field: _plain(field.airtable) == plain,
    )
    return next((field for test in tests for field in rules.fields if test(field)), None)


def _asked_field(name: str, rules: TableRules) -> FieldRule:
    _known(name, [*rules.names, *(field.airtable for field in rules.fields)], "field")
    return next(field for field in rules.fields if name in (field.name, field.airtable))


def _known(name: str, names: Iterable[str], what: str) -> str:
    names = list(names)
    if name not in names:
        near = get_close_matches(name, names, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ConfigurationError(
            f"--map names the {what} {name!r}, which is not there{hint}", fix=f"there are {', '.join(names[:12])}"
        )
    return name


def _near_misses(schema: pl.Schema, rules: TableRules) -> str:
    names = [*rules.names, *(field.airtable for field in rules.fields)]
    near = [(column, get_close_matches(column.lower(), names, n=1)) for column in schema]
    told = [f"{column!r} is near {found[0]!r}" for column, found in near if found]
    return f"; {', '.join(told[:3])}" if told else ""


def _plain(name: str) -> str:
    return "".join(name.split()).replace("_", "").replace("-", "").casefold()
