"""Suggestions as the text of a quality.yaml, with comments for the person who keeps it."""

from collections.abc import Sequence
from io import StringIO
from itertools import groupby

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import SingleQuotedScalarString

from dq.suggest.suggestions import Suggestion

_WIDTH = 120


def as_yaml(suggestions: Sequence[Suggestion], source: str, rows: int) -> str:
    """The text of a quality.yaml.

    Args:
        suggestions: The rules, those of a column together.
        source: The file that they come from, as messages call it.
        rows: Its rows.
    """
    checks = CommentedSeq([_rule(one) for one in suggestions])
    places = groupby(range(len(suggestions)), key=lambda place: suggestions[place].field)
    for name, mine in places:
        checks.yaml_set_comment_before_after_key(next(mine), before=_line(name or "the whole table"), indent=2)
    top = CommentedMap(checks=checks)
    top.yaml_set_start_comment(
        f"Suggested by what {rows:,} rows of {_line(source)} hold. Each `reason` says what was seen:\n"
        "write down why the rule matters in its place, and drop what only happened to be so.\n"
        "`max_share` of the rows may fail; `severity: error` fails the check."
    )
    yaml = YAML()
    yaml.width = _WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2)
    out = StringIO()
    yaml.dump(top, out)
    return out.getvalue()


def _rule(one: Suggestion) -> CommentedMap:
    told = CommentedMap(name=one.name, check=one.check)
    if one.field is not None:
        told["field"] = one.field
    for name, value in one.options.items():
        told[name] = _option(value)
    if one.max_share:
        told["max_share"] = one.max_share
    if one.severity != "warning":
        told["severity"] = one.severity
    told["reason"] = one.reason
    return told


def _option(value: object) -> object:
    if isinstance(value, list):
        flow = CommentedSeq(value)
        flow.fa.set_flow_style()
        return flow
    return SingleQuotedScalarString(value) if isinstance(value, str) else value


def _line(text: str) -> str:
    """A text on one line of a comment."""
    return "".join(c if c.isprintable() else "·" for c in text)
