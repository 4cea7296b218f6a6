"""Collaborators: written by id or email, read as the user's id, email and name."""

from collections.abc import Mapping
from typing import Any

from dq.sandbox.schema import Field
from dq.sandbox.types.choices import listed
from dq.sandbox.types.terms import Take, Terms

KINDS = frozenset({"singleCollaborator", "multipleCollaborators", "createdBy", "lastModifiedBy"})


def _collaborator(_field: Field, value: Any, terms: Terms) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not set(value) <= {"id", "email", "name", "permissionLevel", "profilePicUrl"}:
        raise ValueError
    key = value.get("id") or str(value.get("email", "")).lower()
    found = terms.users.get(key) if isinstance(key, str) else None
    if found is None:
        raise ValueError
    return dict(found)


def _collaborators(field: Field, value: Any, terms: Terms) -> list[dict[str, Any]] | None:
    users = [_collaborator(field, item, terms) for item in listed(value)]
    if len({user["id"] for user in users}) < len(users):
        raise ValueError
    return users or None


TAKES: dict[str, Take] = {"singleCollaborator": _collaborator, "multipleCollaborators": _collaborators}
