"""Comments on records: listed newest first, written and changed by their author, deleted by the author or a creator."""

import json
import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dq.sandbox import endpoints, fields, ids, records, refusals, storage, tokens
from dq.sandbox.endpoints import Call, Sandbox
from dq.sandbox.records import Stored
from dq.sandbox.tokens import Token

PAGE = 100
_MENTION = re.compile(r"@\[(usr[A-Za-z0-9]+)\]")
_COLUMNS = "number, id, created, updated, author, text, parent"


@dataclass(frozen=True)
class Comment:
    """One comment, as the file holds it.

    Args:
        number: The file's own key; it grows with time.
        id: `com…`.
        created: When it was written.
        updated: When its text last changed.
        author: Who wrote it, as JSON text.
        text: What it says.
        parent: The comment that it replies to.
    """

    number: int
    id: str
    created: str
    updated: str | None
    author: str
    text: str
    parent: str | None


def listed(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """A page of a record's comments, newest first."""
    query = dict(call.query)
    size = query.get("pageSize", str(PAGE))
    if not size.isascii() or not size.isdigit() or not 1 <= int(size[:9]) <= PAGE:
        raise refusals.page_size_out_of_range()
    with storage.reading(sandbox.connection):
        found = _comments(sandbox.connection, *_place(sandbox, call))[::-1]
    begin = 0
    if query.get("offset"):
        places = [place for place, comment in enumerate(found, 1) if f"itr/{comment.id}" == query["offset"]]
        if not places:
            raise refusals.iterator_gone()
        begin = places[0]
    page = found[begin : begin + int(size)]
    more = f"itr/{page[-1].id}" if begin + len(page) < len(found) and page else None
    return {"comments": [_shown(comment) for comment in page], "offset": more}


def create(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """Write a comment, perhaps in reply to one."""
    text, parent = _text(call.body), call.body.get("parentCommentId")
    with storage.writing(sandbox.connection):
        stored, record_id = _place(sandbox, call)
        known = {comment.id for comment in _comments(sandbox.connection, stored, record_id)}
        if parent is not None and parent not in known:
            raise refusals.invalid_request("Invalid request: the parent comment does not exist.")
        number = sandbox.connection.execute("SELECT coalesce(max(number), 0) + 1 FROM comment").fetchone()[0]
        created = fields.moment(sandbox.now())
        made = Comment(
            number, ids.nth_id("com", record_id + created, number), created, None, _author(call.token), text, parent
        )
        query = f"INSERT INTO comment (table_number, record_id, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        row = (made.number, made.id, made.created, made.updated, made.author, made.text, made.parent)
        sandbox.connection.execute(query, (stored.number, record_id, *row))
    return _shown(made)


def update(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """Change one's own comment."""
    text = _text(call.body)
    with storage.writing(sandbox.connection):
        comment = _comment(sandbox, call)
        if not _is_own(comment, call.token):
            raise refusals.not_permitted()
        updated = fields.moment(sandbox.now())
        query = "UPDATE comment SET text = ?, updated = ? WHERE number = ?"
        sandbox.connection.execute(query, (text, updated, comment.number))
        return _shown(_comment(sandbox, call))


def delete(sandbox: Sandbox, call: Call) -> dict[str, Any]:
    """Delete one's own comment; a creator of the base may delete any."""
    with storage.writing(sandbox.connection):
        comment = _comment(sandbox, call)
        if not _is_own(comment, call.token) and not tokens.permit(call.token, None, "create", call.path["base"]):
            raise refusals.not_permitted()
        sandbox.connection.execute("DELETE FROM comment WHERE number = ?", (comment.number,))
    return {"id": comment.id, "deleted": True}


def _place(sandbox: Sandbox, call: Call) -> tuple[Stored, str]:
    stored = endpoints.found_table(sandbox, call)
    return stored, endpoints.found_record(sandbox, call, stored).id


def _comments(connection: sqlite3.Connection, stored: Stored, record_id: str) -> list[Comment]:
    query = f"SELECT {_COLUMNS} FROM comment WHERE table_number = ? AND record_id = ? ORDER BY number"
    return [Comment(*row) for row in connection.execute(query, (stored.number, record_id))]


def _comment(sandbox: Sandbox, call: Call) -> Comment:
    own = _comments(sandbox.connection, *_place(sandbox, call))
    found = next((comment for comment in own if comment.id == call.path["comment"]), None)
    if found is None:
        raise refusals.not_found()
    return found


def _text(body: Mapping[str, Any]) -> str:
    text = body.get("text")
    if not isinstance(text, str) or not text:
        raise refusals.invalid_request()
    return text


def _author(token: Token) -> str:
    return records.as_json(
        {"id": token.user, "email": token.email or f"{token.user}@sandbox.invalid", "name": token.user}
    )


def _is_own(comment: Comment, token: Token) -> bool:
    return bool(json.loads(comment.author)["id"] == token.user)


def _shown(comment: Comment) -> dict[str, Any]:
    users = list(dict.fromkeys(_MENTION.findall(comment.text)))
    mentioned = {user: {"type": "user", "id": user, "displayName": user} for user in users}
    return {
        "id": comment.id,
        "author": json.loads(comment.author),
        "text": comment.text,
        "createdTime": comment.created,
        "lastUpdatedTime": comment.updated,
        **({"mentioned": mentioned} if mentioned else {}),
        **({"parentCommentId": comment.parent} if comment.parent else {}),
    }
