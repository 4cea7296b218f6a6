"""Airtable's formula language: text to tree, tree to a function of a record."""

from dq.sandbox.formula.evaluate import VALUES, Program, Scope, bind, keeps, last_change, plain_value, wanted_ids
from dq.sandbox.formula.grammar import calls, parse, references, with_ids
from dq.sandbox.formula.values import FAILURES, Failure, FormulaError, Moment, Value, number, text

__all__ = [
    "FAILURES",
    "VALUES",
    "Failure",
    "FormulaError",
    "Moment",
    "Program",
    "Scope",
    "Value",
    "bind",
    "calls",
    "keeps",
    "last_change",
    "number",
    "parse",
    "plain_value",
    "references",
    "text",
    "wanted_ids",
    "with_ids",
]
