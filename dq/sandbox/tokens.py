"""Tokens: who may ask, for which scopes, and what their user may do in which base.

Airtable asks three things of a token: that it holds the scope, that the base is in its list, and that its user has the
role in the base.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Literal, TypeAlias

from dq.errors import ConfigurationError
from dq.sandbox import refusals
from dq.sandbox.parsing import STRICT_KEYS, parsed

Role: TypeAlias = Literal["read", "comment", "edit", "create", "owner"]
Scope: TypeAlias = Literal[
    "data.records:read",
    "data.records:write",
    "data.recordComments:read",
    "data.recordComments:write",
    "schema.bases:read",
    "schema.bases:write",
    "webhook:manage",
    "user.email:read",
]

USER_ID = "usrSandboxOwner00"
ROLES: tuple[Role, ...] = ("read", "comment", "edit", "create", "owner")
ALL_BASES = "*"
PAGE = 1000
"""Bases on one page of their list."""


@dataclass(frozen=True)
class Token:
    """One token and what its user may do.

    Args:
        id: What logs call it.
        secret: What a client sends; never shown.
        scopes: What it was made for; None is every scope.
        bases: The role in each base by its id; `*` stands for every base that is not named.
        user: The user's id: tokens of one user share the user's rate.
        email: The user's address, shown to whom holds `user.email:read`.
        oauth: Whether it is an OAuth token, which shows its scopes, and not a personal one.
    """

    __pydantic_config__: ClassVar[Any] = STRICT_KEYS

    id: str
    secret: str = field(repr=False)
    scopes: tuple[Scope, ...] | None = None
    bases: Mapping[str, Role] = field(default_factory=lambda: MappingProxyType({ALL_BASES: "owner"}))
    user: str = USER_ID
    email: str = ""
    oauth: bool = False

    def has(self, scope: str) -> bool:
        """Whether it holds a scope."""
        return self.scopes is None or scope in self.scopes

    def role(self, base_id: str) -> Role | None:
        """The role of its user in a base; None where it does not reach the base."""
        return self.bases.get(base_id, self.bases.get(ALL_BASES))


@dataclass(frozen=True)
class Tokens:
    """The tokens that a server takes; any token at all, where `known` is None."""

    known: tuple[Token, ...] | None = None


@dataclass(frozen=True)
class _File:
    __pydantic_config__: ClassVar[Any] = STRICT_KEYS

    tokens: tuple[Token, ...]


ANYONE = Token("any", "")


def only(secret: str | None) -> Tokens:
    """One all-powerful token, or any token.

    Args:
        secret: What the client must send; None takes any.
    """
    return Tokens(None if secret is None else (Token("only", secret),))


def from_file(path: Path) -> Tokens:
    """The tokens of a YAML file: a list `tokens` of objects with the keys of `Token`.

    Args:
        path: The file.

    Raises:
        ConfigurationError: The file cannot be read or is not such a list.
    """
    from ruamel.yaml import YAML  # noqa: PLC0415 - only where a file is given
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415

    try:
        found = parsed(_File, YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))).tokens
    except OSError as error:
        raise ConfigurationError(f"The file cannot be read: {error.strerror}.", where=str(path)) from error
    except YAMLError as error:
        raise ConfigurationError("The file is not YAML.", where=str(path)) from error
    except ValueError as error:
        raise ConfigurationError("The file is no list of tokens.", where=str(path), why=str(error)) from error
    if len({token.id for token in found}) < len(found) or len({token.secret for token in found}) < len(found):
        raise ConfigurationError("Two tokens of the file share an id or a secret.", where=str(path))
    return Tokens(found)


def identified(tokens: Tokens, authorization: str) -> Token:
    """Whose request it is.

    Args:
        tokens: The tokens that the server takes.
        authorization: The header.

    Raises:
        RefusalError: There is no token, or an unknown one.
    """
    scheme, _, sent = authorization.partition(" ")
    secret = sent.strip()
    if scheme.lower() != "bearer" or not secret:
        raise refusals.unauthenticated()
    if tokens.known is None:
        return ANYONE
    # all are compared, so that the time taken tells nothing
    fitting = [token for token in tokens.known if hmac.compare_digest(token.secret.encode(), secret.encode())]
    if not fitting:
        raise refusals.unauthenticated()
    return fitting[0]


def permit(token: Token, scope: str | None, role: Role, base_id: str | None) -> bool:
    """Whether the token's user may do this in a base that the token reaches.

    Args:
        token: Whose request it is.
        scope: The scope that the request needs; None for none.
        role: The least role that it needs.
        base_id: The base it goes to; None for none.

    Returns:
        False where only the role is too low: the refusal then names what is not permitted.

    Raises:
        RefusalError: The token lacks the scope or the base.
    """
    if scope is not None and not token.has(scope):
        raise refusals.forbidden()
    if base_id is None:
        return True
    own = token.role(base_id)
    if own is None:
        raise refusals.forbidden()
    return ROLES.index(own) >= ROLES.index(role)


def whoami(token: Token) -> dict[str, Any]:
    """What a token is told of its user: the address with the scope for it, the scopes with OAuth only.

    Args:
        token: Whose request it is.
    """
    shown: dict[str, Any] = {"id": token.user}
    if token.email and token.has("user.email:read"):
        shown["email"] = token.email
    if token.oauth:
        shown["scopes"] = sorted(token.scopes or ())
    return shown


def reached(token: Token, bases: Sequence[tuple[str, str]], offset: str) -> dict[str, Any]:
    """A page of the list of bases.

    Args:
        token: Whose request it is.
        bases: Id and name of every base, in order.
        offset: The id of the last base on the page before; empty for the first page.

    Raises:
        RefusalError: The offset is not one that was given out.
    """
    own = [(base_id, name, role) for base_id, name in bases if (role := token.role(base_id)) is not None]
    begin = 0
    if offset:
        places = [place for place, (base_id, _, _) in enumerate(own, 1) if f"itr/{base_id}" == offset]
        if not places:
            raise refusals.invalid_request()
        begin = places[0]
    page = own[begin : begin + PAGE]
    shown = [{"id": base_id, "name": name, "permissionLevel": _LEVELS.get(role, role)} for base_id, name, role in page]
    more = {"offset": f"itr/{page[-1][0]}"} if begin + PAGE < len(own) else {}
    return {"bases": shown, **more}


_LEVELS = {"owner": "create"}
"""Airtable's metadata calls an owner a creator."""
