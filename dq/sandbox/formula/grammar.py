"""The grammar of formulas, and how a text becomes a tree."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import LarkError

from dq.sandbox import refusals
from dq.sandbox.formula.nodes import Call, Literal, Negation, Node, Operation, Reference

GRAMMAR = r"""
?start: comparison
?comparison: joined | comparison COMPARES joined -> operation
?joined: sum | joined JOINS sum -> operation
?sum: product | sum ADDS product -> operation
?product: factor | product TIMES factor -> operation
?factor: atom | "-" factor -> negation | "+" factor
?atom: NUMBER -> number
    | TEXT -> text
    | BRACED -> braced
    | WORD -> bare
    | WORD "(" [comparison ("," comparison)*] ")" -> call
    | "(" comparison ")"

COMPARES: "!=" | "<=" | ">=" | "=" | "<" | ">"
JOINS: "&"
ADDS: "+" | "-"
TIMES: "*" | "/"
NUMBER: /\d+(\.\d+)?|\.\d+/
TEXT: /"(\\.|[^"\\])*"|'(\\.|[^'\\])*'/s
BRACED: /\{(\\.|[^}\\])+\}/s
WORD: /[^\W\d]\w*/
%ignore /\s+/
"""
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_CONTROL = {"n": "\n", "t": "\t", "r": "\r"}


@lru_cache(maxsize=1024)
def parse(text: str) -> Node:
    """The tree of a formula.

    Args:
        text: The formula.

    Raises:
        RefusalError: The text is not a formula.
    """
    try:
        return _build(text)
    except (LarkError, RecursionError) as error:
        raise refusals.invalid_formula("Invalid formula. Please check your formula text.") from error


@v_args(inline=True)
class _Tree(Transformer[object, Node]):
    """One method a rule of the grammar."""

    def operation(self, left: Node, operator: str, right: Node) -> Node:
        return Operation(str(operator), left, right)

    def negation(self, operand: Node) -> Node:
        return Negation(operand)

    def number(self, token: str) -> Node:
        return Literal(float(token))

    def text(self, token: str) -> Node:
        return Literal(_unescaped(token[1:-1]))

    def braced(self, token: str) -> Node:
        return Reference(_ESCAPE.sub(r"\1", token[1:-1]))

    def bare(self, token: str) -> Node:
        return Reference(str(token))

    def call(self, name: str, *arguments: Node | None) -> Node:
        return Call(name.upper(), tuple(argument for argument in arguments if argument is not None))


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: _CONTROL.get(found[1], found[1]), text)


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", transformer=_Tree(), maybe_placeholders=False)


def _build(text: str) -> Node:
    tree: Node = _parser().parse(text)  # type: ignore[assignment]  # the transformer leaves a Node
    return tree


def with_ids(text: str, ids: Mapping[str, str]) -> str:
    """A formula in which fields stand by their ids, so that a field may get another name.

    Args:
        text: The formula.
        ids: Field ids by name; a name that is not among them stays.

    Raises:
        RefusalError: The text is not a formula.
    """
    parse(text)
    tokens = list(_parser().lex(text))
    parts, end = [], 0
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        name = _name(token, following)
        if name in ids and token.start_pos is not None:
            parts += [text[end : token.start_pos], f"{{{ids[name]}}}"]
            end = token.end_pos or 0
    return "".join([*parts, text[end:]])


def references(node: Node) -> frozenset[str]:
    """The names and ids of fields in a formula.

    Args:
        node: Its tree.
    """
    return frozenset(inner.name for inner in _walk(node) if isinstance(inner, Reference))


def calls(node: Node) -> frozenset[str]:
    """The functions in a formula, in capitals.

    Args:
        node: Its tree.
    """
    return frozenset(inner.name for inner in _walk(node) if isinstance(inner, Call))


def _walk(node: Node) -> Iterator[Node]:
    waiting = [node]
    while waiting:
        inner = waiting.pop()
        yield inner
        match inner:
            case Negation(operand):
                waiting.append(operand)
            case Operation(_, left, right):
                waiting += [left, right]
            case Call(_, arguments):
                waiting += arguments


def _name(token: Token, following: Token | None) -> str:
    if token.type == "BRACED":
        return _ESCAPE.sub(r"\1", token[1:-1])
    is_function = following is not None and following.type == "LPAR"
    return str(token) if token.type == "WORD" and not is_function else ""
