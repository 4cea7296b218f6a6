"""What a failed call means: a table of (status, type, verb) → action, and the errors that stop dq."""

from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal
from urllib.parse import urlsplit

from dq.errors import ConfigurationError, DqError, LostAnswerError, TemporaryError

Verb = Literal["read", "schema", "update", "create", "delete"]
ITERATOR_GONE = "LIST_RECORDS_ITERATOR_NOT_AVAILABLE"
QUOTA_SPENT = "PUBLIC_API_BILLING_LIMIT_EXCEEDED"
GONE = frozenset({"ROW_DOES_NOT_EXIST", "MODEL_ID_NOT_FOUND", "NOT_FOUND"})


class Action(Enum):
    """What to do about a failed call."""

    WAIT = "wait"
    """Too fast; nothing was applied: wait, then send again."""
    RETRY = "retry"
    """Nothing was applied, or nothing was to be: try again soon."""
    RESTART = "restart"
    """The list must be read again from its first page."""
    REFUSED = "refused"
    """Airtable does not take these records; nothing was applied."""
    UNKNOWN = "unknown"
    """Nobody knows whether the write was applied: the caller reads."""
    QUOTA = "quota"
    TOKEN = "token"  # noqa: S105 -- no secret
    PERMISSION = "permission"
    MISSING = "missing"
    REQUEST = "request"


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table; None stands for any."""

    status: int | None
    type: str | None
    verb: Verb | None
    action: Action


UNSENT = 0
"""Stands for a status when the call never reached the server."""
LOST = -1
"""Stands for a status when the call was sent and no answer came."""

RULES: tuple[Rule, ...] = (
    Rule(UNSENT, None, None, Action.RETRY),
    Rule(LOST, None, "read", Action.RETRY),
    Rule(LOST, None, "schema", Action.RETRY),
    Rule(LOST, None, None, Action.UNKNOWN),
    Rule(401, None, None, Action.TOKEN),
    Rule(402, None, None, Action.QUOTA),
    Rule(403, None, None, Action.PERMISSION),
    Rule(404, "TABLE_NOT_FOUND", None, Action.MISSING),
    Rule(404, None, "read", Action.MISSING),
    Rule(404, None, "schema", Action.MISSING),
    Rule(404, None, None, Action.REFUSED),
    Rule(413, None, "read", Action.REQUEST),
    Rule(413, None, None, Action.REFUSED),
    Rule(422, ITERATOR_GONE, "read", Action.RESTART),
    Rule(422, None, "read", Action.REQUEST),
    Rule(422, None, "schema", Action.REQUEST),
    Rule(422, None, None, Action.REFUSED),
    Rule(429, QUOTA_SPENT, None, Action.QUOTA),
    Rule(429, None, None, Action.WAIT),
    *(Rule(status, None, verb, Action.RETRY) for status in (500, 502, 503, 504) for verb in ("read", "schema")),
    *(Rule(status, None, None, Action.UNKNOWN) for status in (500, 502, 503, 504)),
)
"""The first line that fits holds; a status without one is `REQUEST`."""


class Failure(Exception):  # noqa: N818 -- raised between the parts of one store, never to a caller
    """A call that failed, as far as the answer tells.

    Args:
        status: The HTTP status, `UNSENT` or `LOST`.
        type_: Airtable's name of the error, if the answer has one.
        message: Airtable's sentence; may hold values.
        verb: What the call was to do.
        retry_after: Seconds that the answer asks to wait; 0 if it does not.
    """

    def __init__(self, status: int, type_: str | None, message: str, verb: Verb, retry_after: float = 0.0) -> None:
        super().__init__(status, type_, verb)
        self.status, self.type, self.message, self.verb = status, type_, message, verb
        self.retry_after = retry_after

    @property
    def action(self) -> Action:
        """What to do about it."""
        return action_for(self.status, self.type, self.verb)


def action_for(status: int, type_: str | None, verb: Verb) -> Action:
    """What a failure of this status and type means for a call of this verb."""
    for rule in RULES:
        if rule.status == status and rule.type in (None, type_) and rule.verb in (None, verb):
            return rule.action
    return Action.REQUEST if 400 <= status < 500 else action_for(500, None, verb)


def failure_in(status: int, body: Any, verb: Verb, retry_after: float = 0.0) -> Failure:
    """The failure that an answer tells, in any of Airtable's envelopes (a list of errors counts by its first), or none."""
    if isinstance(body, dict) and isinstance(body.get("errors"), list):
        body = next(iter(body["errors"]), None)
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, str):
        return Failure(status, error, "", verb, retry_after)
    if isinstance(error, dict):
        return Failure(status, str(error.get("type")), str(error.get("message", "")), verb, retry_after)
    return Failure(status, None, "", verb, retry_after)


@dataclass(frozen=True, slots=True)
class Text:
    """The sentences of the error that an action ends with; `{told}`, `{verb}`, `{does}` and `{place}` are filled in."""

    error: type[DqError]
    what: str
    why: str
    fix: str


TEXTS: dict[Action, Text] = {
    Action.TOKEN: Text(
        ConfigurationError,
        "Airtable does not know the token",
        "It answers {told}.",
        "make a personal access token, and set AIRTABLE_API_KEY (`stores.airtable.token`)",
    ),
    Action.PERMISSION: Text(
        ConfigurationError,
        "Airtable does not let this token at the base or table",
        "It answers {told}: there is no such base or table, or the token's scopes or its user's role do not reach it.",
        "check `stores.airtable.base`, and give the token schema.bases:read, data.records:read and data.records:write",
    ),
    Action.MISSING: Text(
        ConfigurationError,
        "Airtable has no such base or table",
        "It answers {told}.",
        "check `stores.airtable.base` and `tables:`",
    ),
    Action.QUOTA: Text(
        TemporaryError,
        "Airtable's monthly quota is spent",
        "It answers {told}: the workspace's calls of this month are spent, and trying again is useless before they are back.",
        "dq apply --resume, once the quota is back",
    ),
    Action.WAIT: Text(
        TemporaryError,
        "Airtable's rate limit holds",
        "It keeps answering {told}; other programs use the same base.",
        "run the command again, or lower `limits.requests_per_second`",
    ),
    Action.RETRY: Text(
        TemporaryError,
        "Airtable {does} at {place}",
        "It was tried several times ({told}).",
        "run the command again",
    ),
    Action.RESTART: Text(
        TemporaryError,
        "Airtable could not be read to the end",
        "It lost its place in the list each time; a part of a table is never taken for the whole.",
        "run the command again",
    ),
    Action.UNKNOWN: Text(
        LostAnswerError,
        "Airtable's answer to a write is lost",
        "The {verb} ({told}) may have been applied.",
        "dq apply --resume, which reads before it writes",
    ),
    Action.REFUSED: Text(
        ConfigurationError,
        "Airtable refuses a {verb} call",
        "It answers {told}.",
        "dq snapshot, for its schema may have changed",
    ),
}
_TOLD = {UNSENT: "no connection", LOST: "no answer"}


def error_of(failure: Failure, base: str, table: str | None, endpoint_url: str) -> DqError:
    """The error that ends a command, without any value of a cell."""
    where = f"Airtable base {base}" + (f", table {table}" if table else "")
    told = _TOLD.get(failure.status, f"{failure.status} {failure.type or ''}".strip())
    text = TEXTS.get(failure.action, TEXTS[Action.REFUSED])
    why = text.why.format(told=told, verb=failure.verb)
    does = "cannot be reached" if failure.status == UNSENT else "does not answer as it should"
    what = text.what.format(verb=failure.verb, place=_place(endpoint_url), does=does)
    return text.error(what, where=where, why=why, fix=text.fix)


def _place(endpoint_url: str) -> str:
    """Host and port; a URL may hold a password."""
    parts = urlsplit(endpoint_url)
    port = parts.port or (80 if parts.scheme == "http" else 443)
    return f"{parts.hostname}:{port}"
