"""A table's scope, checked as far as it can be without the table."""

import json

import polars as pl
from polars.exceptions import PolarsError

from dq.expressions import first_line, looks_at_others
from dq.rules import Scope
from dq.settings.document import Document
from dq.settings.mistakes import Key
from dq.settings.shape import TableShape


def scope_of(document: Document, key: Key, shape: TableShape) -> Scope | None:
    """The scope of a table; what is wrong with it is noted in the document, at its key."""
    if shape.scope is None:
        return None
    where = shape.scope.where
    at = (*key, "where") if (*key, "where") in document.lines else key
    try:
        told = pl.sql_expr(where)
        columns = tuple(dict.fromkeys(told.meta.root_names()))
    except PolarsError as error:
        document.mistakes.append(document.mistake(at, f"this is not a condition in Polars SQL: {first_line(error)}"))
        return None
    problem = _problem(told, columns, shape)
    if problem:
        document.mistakes.append(document.mistake(at, problem))
    return Scope(where=where, columns=columns, leaving=shape.scope.leaving)


def _problem(told: pl.Expr, columns: tuple[str, ...], shape: TableShape) -> str | None:
    if not columns:
        return "a scope must name columns of the database table"
    if looks_at_others(json.loads(told.meta.serialize(format="json"))):
        return "a scope must be told by a lead's own row: no aggregates, windows or subqueries"
    if shape.link.database in columns:
        return f"a scope must not ask for `{shape.link.database}`: dq writes it for the leads that are in scope"
    return None
