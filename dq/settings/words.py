"""Types of values that several files share."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from dq.rules import Policy

SAME_POLICY = {"local_wins": "database_wins"}
"""The maintenance document's words for policies, and the word used here."""


PolicyWord = Policy | Literal["local_wins"]


def one_or_more(value: Any) -> Any:
    """A single word as a list of one."""
    return [value] if isinstance(value, str) else value


def policies(value: Any) -> Any:
    """Policies as a list, in this project's own words."""
    words = one_or_more(value)
    return (
        [SAME_POLICY.get(word, word) if isinstance(word, str) else word for word in words]
        if isinstance(words, list)
        else words
    )


Chain = Annotated[
    list[Policy], BeforeValidator(policies, json_schema_input_type=PolicyWord | list[PolicyWord]), Field(min_length=1)
]
"""One policy or several in order."""
