"""Airtable's formula language: text to tree, tree to a function of a record."""

from dq.sandbox.formula.evaluate import Scope, bind, keeps, plain_value, wanted_ids
from dq.sandbox.formula.grammar import parse
from dq.sandbox.formula.values import FormulaError, Value

__all__ = ["FormulaError", "Scope", "Value", "bind", "keeps", "parse", "plain_value", "wanted_ids"]
