"""What quality rules say in SQL: conditions in Polars SQL, and rules that DuckDB runs.

DuckDB gets the table in memory and nothing else: no files, no network, no settings, one SELECT only.
"""

import re
from typing import TYPE_CHECKING

import polars as pl

from dq.checks import Check
from dq.errors import ConfigurationError

if TYPE_CHECKING:
    import duckdb

ROW_KEY = "row_key"
"""The column of `rows` that names a row; a SELECT that gives it names its failing rows."""
_LOCKED: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "python_enable_replacements": "false",
    "temp_directory": "",
    "memory_limit": "512MB",
    "lock_configuration": "true",
}
_QUERY = re.compile(r"^\s*(?:\(\s*)*(?:select|with|from|values)\b", re.IGNORECASE)


def connection() -> "duckdb.DuckDBPyConnection":
    """A database in memory that can reach nothing else."""
    import duckdb  # noqa: PLC0415 (a library that only such rules need)

    return duckdb.connect(":memory:", config=_LOCKED)


def query_of(check: Check) -> str:
    """The SELECT of a rule's failing rows; a condition fails where it is false."""
    if _is_query(check):
        return _said(check)
    return f'SELECT "{ROW_KEY}" FROM rows WHERE NOT coalesce(({_said(check)}\n), true)'


def mistake_in(check: Check, types: pl.Schema | None = None) -> str | None:
    """What is wrong with a rule's SQL; None if nothing can be seen.

    Args:
        check: The rule.
        types: The columns that `rows` will have; None if they are not known yet: then only the grammar is checked.
    """
    import duckdb  # noqa: PLC0415 (as above)

    query = query_of(check)
    with connection() as database:
        try:
            statements = database.extract_statements(query)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                return "must be one condition, or one SELECT of failing rows"
            if types is not None:
                database.register("rows", pl.DataFrame(schema={ROW_KEY: pl.String(), **types}).to_arrow())
                database.execute(f"EXPLAIN {query}")
                if (
                    not _is_query(check)
                    and str(database.sql(f"SELECT ({_said(check)}\n) FROM rows").types[0]) != "BOOLEAN"
                ):
                    return "must be true or false for a row"
        except duckdb.Error as error:
            return (str(error).splitlines() or [type(error).__name__])[0][:160]
    return None


def failing(check: Check, rows: pl.LazyFrame) -> tuple[int, pl.Series | None]:
    """How many rows a rule finds, and their keys if it gives them.

    Args:
        check: The rule.
        rows: The table, with `row_key`; only columns that the rule can mean are read.

    Raises:
        ConfigurationError: DuckDB cannot carry it out on these rows.
    """
    import duckdb  # noqa: PLC0415 (as above)

    names = [name for name in rows.collect_schema().names() if name == ROW_KEY or _may_mean(check, name)]
    with connection() as database:
        database.register("rows", rows.select(names).collect(engine="streaming").to_arrow())
        try:
            told = pl.DataFrame(database.sql(query_of(check)).to_arrow_table())
        except duckdb.Error as error:  # its message may hold a cell
            what = f"The rule {check.name} fails on these rows: {type(error).__name__} of DuckDB."
            raise ConfigurationError(what, where=check.source, fix="correct its `sql`; try_cast() forgives") from None
    keys = told[ROW_KEY].cast(pl.String) if ROW_KEY in told.columns else None
    return told.height, keys


def digests(texts: pl.Series) -> pl.Series:
    """The first 16 hexadecimal digits of the SHA-256 of each text."""
    with connection() as database:
        database.register("rows", pl.DataFrame({"n": pl.int_range(len(texts), eager=True), "t": texts}).to_arrow())
        told = database.sql("SELECT left(sha256(t), 16) AS d FROM rows ORDER BY n")
        return pl.DataFrame(told.to_arrow_table())["d"].cast(pl.String)


def roots(said: str | None) -> list[str]:
    """The columns that a condition in Polars SQL names."""
    return [] if said is None else pl.sql_expr(said).meta.root_names()


def named_columns(check: Check) -> list[str]:
    """The columns that a rule names, as far as they can be told: those in SQL cannot."""
    names = list(check.columns)
    if check.check == "reference" and "." not in str(check.references):
        names.append(str(check.references))
    for said in (check.where, check.expression):
        names += roots(said)
    return list(dict.fromkeys(names))


def _said(check: Check) -> str:
    return str(check.sql).strip().rstrip(";")


def _is_query(check: Check) -> bool:
    return _QUERY.match(_said(check)) is not None


def _may_mean(check: Check, name: str) -> bool:
    """Whether a rule may read a column; a condition names what it reads."""
    said = _said(check).lower()
    return name.lower() in said or any(word in said for word in ("*", "columns", "select", "from"))
