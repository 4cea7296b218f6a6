"""Whether rules fit a table: its columns, what they are, and what expressions and SQL say of them. No row is read."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import polars as pl
from polars.exceptions import PolarsError

from dq.checks import Check, Known
from dq.gate.holds import Sets
from dq.rulesql import mistake_in, named_columns, roots
from dq.schemas.finding import AGREES, DUPLICATE, FOUND

_NOT_FOUND = re.compile(r'column "([^"]+)" not found')


@dataclass(frozen=True)
class Misfit:
    """A rule that cannot be judged on a table, for a mistake in its own words.

    Attributes:
        rule: Its name.
        source: File and line.
        text: What is wrong, with the near miss.
    """

    rule: str
    source: str | None
    text: str


def why_not(check: Check, schema: pl.Schema, sets: Sets) -> str | None:
    """Why a table cannot be judged by a rule; None if it can."""
    missing = [name for name in named_columns(check) if name not in schema]
    if missing:
        return f"the table has no column {', '.join(missing)}"
    beside = {"validity": f"{check.field}{FOUND}", "agreement": f"{check.field}{AGREES}", "duplicates": DUPLICATE}
    column = beside.get(check.check)
    if column is not None and column not in schema:
        return _NEEDS[check.check]
    if check.check == "reference" and "." in str(check.references) and check.references not in sets:
        return f"{check.references} is not at hand; it stands in a snapshot"
    return None


_NEEDS = {
    "validity": "the column has no standardizer that could find anything wrong",
    "agreement": "it compares two stores, which a snapshot's plan holds",
    "duplicates": "nobody looked for duplicates in it",
}


def misfits(
    checks: Sequence[Check], known: Sequence[Known], schema: pl.Schema, more: Sequence[str] = ()
) -> list[Misfit]:
    """Rules that name columns that are nowhere, and expressions and SQL that cannot be carried out.

    Args:
        checks: The rules.
        known: The known failures, whose conditions are read as well.
        schema: The table's columns.
        more: Columns that are known elsewhere: rules on them are skipped here, and no mistake.
    """
    found: list[Misfit] = []
    for check in checks:
        there = {*schema, *more}
        unknown = [name for name in named_columns(check) if name not in there]
        if unknown:
            found += [Misfit(check.name, check.source, _unknown(name, there)) for name in unknown]
        elif all(name in schema for name in named_columns(check)):
            found += [Misfit(check.name, check.source, text) for text in _wrong(check, schema)]
    for one in known:
        unknown = [name for name in roots(one.where) if name not in {*schema, *more}]
        found += [Misfit(one.rule, one.source, _unknown(name, {*schema, *more})) for name in unknown]
        if not unknown and one.where and all(name in schema for name in roots(one.where)):
            text = _not_boolean(one.where, schema)
            found += [Misfit(one.rule, one.source, f"`where` {text}")] if text else []
    return found


def _unknown(name: str, known: Mapping[str, object] | set[str]) -> str:
    near = get_close_matches(name, sorted(known), n=1) or get_close_matches(name.lower(), sorted(known), n=1)
    hint = f"; did you mean `{near[0]}`?" if near else f"; there are: {', '.join(sorted(known)[:20])}"
    return f"there is no column `{name}`{hint}"


def _wrong(check: Check, schema: pl.Schema) -> list[str]:
    texts = [
        f"`{word}` {text}"
        for word, said in (("where", check.where), ("expression", check.expression))
        if said and (text := _not_boolean(said, schema))
    ]
    if check.check == "sql" and (text := mistake_in(check, schema)):
        texts.append(f"`sql` {text}{_near(text, schema)}")
    return texts


def _near(text: str, schema: pl.Schema) -> str:
    """The column that may have been meant, where DuckDB does not find one."""
    found = _NOT_FOUND.search(text)
    near = get_close_matches(found[1], schema.names(), n=1) if found else []
    return f" Did you mean `{near[0]}`?" if near else ""


def _not_boolean(said: str, schema: pl.Schema) -> str | None:
    """What is wrong with a condition on these columns."""
    try:
        dtype = pl.LazyFrame(schema=schema).select(pl.sql_expr(said).alias("c")).collect_schema()["c"]
        pl.DataFrame(schema=schema).select(pl.sql_expr(said).alias("c"))
    except PolarsError as error:
        return f"does not work: {(str(error).splitlines() or [''])[0][:120]}"
    return None if dtype == pl.Boolean else f"must be true or false for a row, not {dtype}"
