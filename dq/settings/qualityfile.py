"""`rules/quality.yaml` into values: every rule complete, every bound, day, pattern and expression readable."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
from polars.exceptions import PolarsError

from dq.checks import TABLE_KINDS, Check, CheckKind, Known, Level
from dq.expressions import regex_problem
from dq.rulesql import mistake_in
from dq.settings.document import Document, read_text, read_yaml
from dq.settings.mistakes import Key, Mistake, nearest
from dq.settings.qualityshape import CheckShape, KnownShape, LevelShape, QualityFile
from dq.settings.validate import validated

Find = Callable[[str], Path]
"""Where a file of `rules/lists` is."""

_COMMON = {"name", "check", "table", "severity", "owner", "reason", "where"}
_ROWS = {"max_share", "max_rows", "warn", "error"}
_OWN: dict[str, set[str]] = {
    "completeness": {"field"},
    "uniqueness": {"field", "fields"},
    "validity": {"field"},
    "membership": {"field", "values", "list"},
    "range": {"field", "min", "max"},
    "pattern": {"field", "pattern"},
    "length": {"field", "min", "max"},
    "max_length": {"field", "length"},
    "reference": {"field", "references"},
    "agreement": {"field"},
    "duplicates": set(),
    "freshness": {"field", "max_age"},
    "row_count": {"min", "max", "max_change"},
    "null_rate": {"field", "max_change"},
    "distribution": {"field", "max_distance", "distance"},
    "sql": {"sql"},
    "expression": {"expression"},
}
"""The keys of each kind of rule, beside the common ones."""
_NEEDED: dict[str, tuple[tuple[str, ...], ...]] = {
    "uniqueness": (("field", "fields"),),
    "membership": (("field",), ("values", "list")),
    "range": (("field",), ("min", "max")),
    "length": (("field",), ("min", "max")),
    "row_count": (("min", "max", "max_change"),),
    "distribution": (("field",), ("max_distance",)),
}
"""What a kind cannot do without, one of each group; the others need all of their own keys."""
_AGE = re.compile(r"^(\d+(?:\.\d+)?)\s*(s|m|h|d|w)$")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


@dataclass(frozen=True, slots=True)
class Quality:
    """Quality rules and known failures; whether they are the project's own or those that dq ships."""

    checks: tuple[Check, ...] = ()
    known: tuple[Known, ...] = ()
    own: bool = False


def read_quality(path: Path, name: str, find: Find) -> tuple[Quality, list[Mistake]]:
    """The rules of a file, and every mistake in it.

    Args:
        path: The file.
        name: What messages call it.
        find: Where a list is that a rule names.
    """
    document = read_yaml(path, name)
    quality = quality_of(document, find) if not document.mistakes else Quality()
    return quality, document.mistakes


def quality_of(document: Document, find: Find, *, own: bool = True) -> Quality:
    """The rules that a document holds; what is wrong with them is noted in it."""
    file = QualityFile() if document.mistakes else validated(document, QualityFile) or QualityFile()
    checks = [_check(document, ("checks", n), shape, find) for n, shape in enumerate(file.checks)]
    names: set[str] = set()
    for position, check in enumerate(file.checks):
        if check.name in names:
            key = ("checks", position, "name")
            document.mistakes.append(document.mistake(key, f"the name `{check.name}` stands twice"))
        names.add(check.name)
    kinds = {check.name: _kind(check.check) for check in file.checks}
    known = [_known(document, ("known", n), shape, kinds) for n, shape in enumerate(file.known)]
    return Quality(tuple(c for c in checks if c is not None), tuple(k for k in known if k is not None), own)


def _kind(word: str) -> CheckKind:
    return "length" if word == "max_length" else word  # type: ignore[return-value]  # the shape knows the words


def _check(document: Document, key: Key, shape: CheckShape, find: Find) -> Check | None:
    """A rule; None, with the mistakes noted, if it is wrong."""
    before = len(document.mistakes)
    _find_wrong_keys(document, key, shape)
    _find_wrong_expressions(document, key, shape)
    values = tuple(shape.values) or _listed(document, key, shape, find)
    low, high = (_bound(document, (*key, word), shape, getattr(shape, word)) for word in ("min", "max"))
    if low is not None and high is not None and not _in_order(low, high):
        document.mistakes.append(document.mistake((*key, "max"), "must be of the kind of `min`, and not below it"))
    age = None if shape.max_age is None else _age(document, (*key, "max_age"), shape.max_age)
    if len(document.mistakes) > before:
        return None
    said = shape.model_dump(exclude={"list", "length", "max_age", "min", "max", "values", "severity", "max_share"})
    levels: dict[str, Any] = {word: _level(getattr(shape, word)) for word in ("warn", "error")}
    told = {
        **{name: value for name, value in said.items() if value is not None},
        "check": _kind(shape.check),
        "fields": tuple(shape.fields),
        "severity": shape.severity or ("error" if shape.error else "warning"),
        "max_share": shape.max_share or 0.0,
        "values": values,
        "min": low,
        "max": shape.length if shape.check == "max_length" else high,
        "max_age": age,
        "source": document.where(key),
        **levels,
    }
    return Check.model_validate(told)


def _level(shape: LevelShape | None) -> Level | None:
    return None if shape is None else Level(share=shape.share, rows=shape.rows)


def _find_wrong_keys(document: Document, key: Key, shape: CheckShape) -> None:
    kind, given = shape.check, shape.model_fields_set
    may = _OWN[kind] | _COMMON | (set() if kind in TABLE_KINDS else _ROWS)
    for word in sorted(given - may):
        text = f"a {kind} check has no `{word}`{nearest(word, may - _COMMON)}"
        document.mistakes.append(document.mistake((*key, word), text))
    groups = _NEEDED.get(kind, tuple((word,) for word in sorted(_OWN[kind])))
    for group in groups:
        there = [word for word in group if getattr(shape, word) not in (None, [])]
        if not there:
            words = " or ".join(f"`{word}`" for word in group)
            document.mistakes.append(document.mistake(key, f"a {kind} check needs {words}"))
        elif len(there) > 1 and not {"min", "max"} & set(there):
            document.mistakes.append(document.mistake(key, f"`{there[0]}` and `{there[1]}` exclude each other"))
    if len({"max_share", "max_rows"} & given) == 2 or ({"max_share", "max_rows"} & given and {"warn", "error"} & given):
        text = "one threshold only: `max_share`, `max_rows`, or `warn` and `error`"
        document.mistakes.append(document.mistake(key, text))
    if "severity" in given and {"warn", "error"} & given:
        document.mistakes.append(document.mistake(key, "`warn` and `error` say the severity; leave `severity` out"))
    for word in ("warn", "error"):
        level = getattr(shape, word)
        if level is not None and (level.share is None) == (level.rows is None):
            document.mistakes.append(document.mistake((*key, word), "needs `share` or `rows`, one of them"))


def _find_wrong_expressions(document: Document, key: Key, shape: CheckShape) -> None:
    if shape.pattern is not None and (problem := regex_problem(shape.pattern)):
        document.mistakes.append(document.mistake((*key, "pattern"), problem))
    for word in ("where", "expression"):
        _find_wrong_condition(document, (*key, word), getattr(shape, word))
    if shape.sql is not None:
        text = mistake_in(Check(name=shape.name, check="sql", sql=shape.sql))
        if text:
            document.mistakes.append(document.mistake((*key, "sql"), f"not SQL that DuckDB reads: {text}"))


def _find_wrong_condition(document: Document, key: Key, said: str | None) -> None:
    if said is None:
        return
    try:
        pl.sql_expr(said)
    except PolarsError as error:
        first = (str(error).splitlines() or [""])[0][:120]
        document.mistakes.append(document.mistake(key, f"not a condition in Polars SQL: {first}"))


def _listed(document: Document, key: Key, shape: CheckShape, find: Find) -> tuple[str, ...]:
    """The values of a list: a line each; lines that begin with # and empty ones are passed over."""
    if shape.list is None:
        return ()
    path = find(shape.list)
    if not path.is_file():
        near = nearest(
            shape.list, [file.name for file in sorted(path.parent.glob("*"))] if path.parent.is_dir() else []
        )
        document.mistakes.append(document.mistake((*key, "list"), f"there is no list `{shape.list}`{near}"))
        return ()
    text = read_text(path, document) or ""
    lines = (line.strip() for line in text.splitlines())
    values = tuple(dict.fromkeys(line for line in lines if line and not line.startswith("#")))
    if not values:
        document.mistakes.append(document.mistake((*key, "list"), f"the list `{shape.list}` holds no value"))
    return values


def _bound(document: Document, key: Key, shape: CheckShape, said: object) -> float | date | datetime | None:
    if said is None or isinstance(said, int | float):
        if shape.check in ("length", "row_count") and isinstance(said, float):
            document.mistakes.append(document.mistake(key, "expected a whole number, found a number"))
        return said
    time = _time(str(said)) if shape.check == "range" else None
    if time is None:
        expected = "a number, a day (2026-12-31) or a time" if shape.check == "range" else "a whole number"
        document.mistakes.append(document.mistake(key, f"expected {expected}"))
    return time


def _in_order(low: float | date | datetime, high: float | date | datetime) -> bool:
    """Whether two bounds are of one kind, and the lower is not above the higher."""
    if isinstance(low, date) and isinstance(high, date):
        low, high = (bound if isinstance(bound, datetime) else _midnight(bound) for bound in (low, high))
        return low <= high
    return not isinstance(low, date) and not isinstance(high, date) and low <= high


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _time(text: str) -> date | datetime | None:
    try:
        if len(text) == len("2026-12-31"):
            return date.fromisoformat(text)
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def _age(document: Document, key: Key, said: str) -> float | None:
    found = _AGE.match(said.strip())
    if found is None:
        document.mistakes.append(document.mistake(key, "expected an age: `90m`, `36h`, `30d`, `8w`"))
        return None
    return timedelta(seconds=float(found[1]) * _SECONDS[found[2]]).total_seconds()


def _known(document: Document, key: Key, shape: KnownShape, kinds: Mapping[str, CheckKind]) -> Known | None:
    before = len(document.mistakes)
    if shape.rule not in kinds:
        text = f"there is no rule `{shape.rule}`{nearest(shape.rule, kinds)}"
        document.mistakes.append(document.mistake((*key, "rule"), text))
    elif shape.where is not None and kinds[shape.rule] in TABLE_KINDS:
        document.mistakes.append(document.mistake((*key, "where"), "the rule is about the whole table, not about rows"))
    if shape.where is not None and shape.rows is not None:
        document.mistakes.append(document.mistake(key, "`where` and `rows` exclude each other"))
    _find_wrong_condition(document, (*key, "where"), shape.where)
    until = _time(shape.until) if len(shape.until) == len("2026-12-31") else None
    if until is None:
        document.mistakes.append(document.mistake((*key, "until"), "expected a day: 2026-12-31"))
    if len(document.mistakes) > before:
        return None
    return Known.model_validate({**shape.model_dump(), "until": until, "source": document.where(key)})
