"""YAML files as plain values that know their lines."""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from dq.settings.mistakes import Key, Mistake, path_of, plain_word

_TAG = "tag:yaml.org,2002:"
ABSENT: Any = object()
"""What `value_at` gives for a key that is not there."""
_QUOTED = re.compile(r"'(?!<)[^']{2,}'")


@dataclass(slots=True)
class Document:
    """A file's values and where each of them stands.

    Attributes:
        name: The file as people know it, for messages.
        data: The values: dicts, lists and scalars; dates stay text.
        lines: Line numbers, from 1, by key path.
        origins: Where keys were set that this file does not set under that name.
        overridden: Keys that an environment variable has set.
        mistakes: What is wrong with the text itself.
    """

    name: str
    data: dict[str, Any] = field(default_factory=dict)
    lines: dict[Key, int] = field(default_factory=dict)
    origins: dict[Key, str] = field(default_factory=dict)
    overridden: set[Key] = field(default_factory=set)
    mistakes: list[Mistake] = field(default_factory=list)

    def where(self, key: Key) -> str:
        """The file and line of a key, or of the nearest thing around it that has one."""
        for length in range(len(key), -1, -1):
            part = key[:length]
            if part in self.origins:
                return self.origins[part]
            if part in self.lines:
                return f"{self.name}:{self.lines[part]}"
        return self.name

    def mistake(self, key: Key, text: str) -> Mistake:
        """A mistake at a key."""
        return Mistake(self.where(key), self.path(key), text)

    def path(self, key: Key) -> str:
        """A key path as people write it, with the name of the quality rule that it leads into: `checks[0] (mine).min`."""
        if key[:1] != ("checks",) or len(key) < 2:
            return path_of(key)
        name = value_at(self.data, (*key[:2], "name"))
        told = f" ({plain_word(name)})" if isinstance(name, str) else ""
        rest = path_of(key[2:])
        return path_of(key[:2]) + told + (f".{rest}" if rest else "")


def value_at(data: Any, key: Key) -> Any:
    """The value at a key path of plain data; `ABSENT` if there is none."""
    for step in key:
        fits = (
            step < len(data)
            if isinstance(data, list) and isinstance(step, int)
            else isinstance(data, dict) and step in data
        )
        if not fits:
            return ABSENT
        data = data[step]
    return data


def read_yaml(path: Path, name: str) -> Document:
    """Read a YAML file; what is wrong with its text stands in the document's mistakes."""
    document = Document(name)
    text = read_text(path, document)
    if text is None:
        return document
    try:
        _fill(document, _compose(text, document))
    except RecursionError:
        document.mistakes.append(Mistake(name, "", "the values are nested too deeply"))
    return document


def _fill(document: Document, node: Node | None) -> None:
    if isinstance(node, MappingNode):
        document.data = _Reader(document).mapping(node, (), ())
    elif node is not None:
        where = f"{document.name}:{node.start_mark.line + 1}"
        document.mistakes.append(Mistake(where, "", "the file must hold `key: value` lines at its top"))
    elif not document.mistakes:
        document.mistakes.append(Mistake(document.name, "", "the file is empty"))


def read_text(path: Path, document: Document) -> str | None:
    """A file's text; None, with the mistake noted, when it cannot be read as UTF-8."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        document.mistakes.append(Mistake(document.name, "", f"the file cannot be read: {error.strerror}"))
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        document.mistakes.append(Mistake(f"{document.name}:{line}", "", "the file is not UTF-8 text; save it as UTF-8"))
        return None


def scalar_of(text: str) -> Any:
    """A text as the YAML value that it spells; the text itself if it spells none."""
    document = Document("")
    try:
        node = _compose(text, document)
        value = text if node is None else _Reader(document).value(node, (), ())
    except RecursionError:
        return text
    return text if document.mistakes else value


def _compose(text: str, document: Document) -> Node | None:
    try:
        node = _nodes(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        # quoted words of the file may be a secret; YAML's own token names stay
        problem = _QUOTED.sub("…", error.problem or error.context or "unreadable")
        document.mistakes.append(Mistake(f"{document.name}:{line}", "", f"this is not YAML: {problem}"))
    except YAMLError:
        document.mistakes.append(Mistake(document.name, "", "this is not YAML: it has control characters"))
    else:
        return node
    return None


@lru_cache(maxsize=16)
def _nodes(text: str) -> Node | None:
    """A text's nodes, which nobody changes: rules that did not change are not read again."""
    node: Node | None = YAML(typ="safe", pure=True).compose(text)
    return node


class _Reader:
    """Turns nodes into values, noting lines and mistakes in the document."""

    def __init__(self, document: Document) -> None:
        self.document = document

    def value(self, node: Node, key: Key, inside: tuple[Node, ...]) -> Any:
        if any(node is outer for outer in inside):
            self.fail(node, key, "the anchor holds itself")
            return None
        if isinstance(node, MappingNode):
            return self.mapping(node, key, inside)
        if isinstance(node, SequenceNode):
            return self.items(node, key, inside)
        return self.scalar(node, key)

    def items(self, node: SequenceNode, key: Key, inside: tuple[Node, ...]) -> list[Any]:
        for position, item in enumerate(node.value):
            self.document.lines.setdefault((*key, position), item.start_mark.line + 1)
        return [self.value(item, (*key, position), (*inside, node)) for position, item in enumerate(node.value)]

    def mapping(self, node: MappingNode, key: Key, inside: tuple[Node, ...]) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for name_node, value_node in node.value:
            if name_node.tag == f"{_TAG}merge":
                value = self.value(value_node, key, (*inside, node))
                for part in value if isinstance(value, list) else [value]:
                    merged = {**part, **merged} if isinstance(part, dict) else merged
                continue
            if not isinstance(name_node, ScalarNode):
                self.fail(name_node, key, "a key must be a plain word")
                continue
            name = str(name_node.value)
            line = name_node.start_mark.line + 1
            if name in own:
                first = self.document.lines[*key, name]
                self.fail(name_node, (*key, name), f"the key stands twice, first on line {first}")
                continue
            self.document.lines[*key, name] = line
            own[name] = self.value(value_node, (*key, name), (*inside, node))
        return {**merged, **own}

    def scalar(self, node: Node, key: Key) -> Any:
        text, tag = str(node.value), str(node.tag).removeprefix(_TAG)
        if tag in {"str", "timestamp"}:
            return text
        try:
            return _SCALARS[tag](text)
        except KeyError:
            self.fail(node, key, "tags (`!word`) are not read here; quote the value if it is a text")
        except ValueError:
            return text
        return None

    def fail(self, node: Node, key: Key, text: str) -> None:
        where = f"{self.document.name}:{node.start_mark.line + 1}"
        self.document.mistakes.append(Mistake(where, path_of(key), text))


def _whole_number(text: str) -> int:
    digits = text.replace("_", "")
    sign, plain = (-1, digits[1:]) if digits.startswith("-") else (1, digits.removeprefix("+"))
    bases = {"0x": 16, "0o": 8, "0b": 2}
    return sign * int(plain, bases.get(plain[:2].lower(), 10))


def _number(text: str) -> float:
    plain = text.replace("_", "").lower()
    special = plain.lstrip("+-")
    if special in {".inf", ".nan"}:
        plain = plain.replace(".", "")
    return float(plain)


_SCALARS = {"null": lambda _: None, "bool": lambda text: text.lower() == "true", "int": _whole_number, "float": _number}
