"""The shape of what `config/dq.yaml` says about who may do what: approvals, owners of brakes, read-only."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from dq.options import Text
from dq.settings.validate import Shape


def as_switch(value: Any) -> Any:
    """1 and 0, as variables of the environment have them, as true and false; nothing is false."""
    if value in ("", None):
        return False
    return bool(value) if isinstance(value, int) and value in (0, 1) else value


def as_names(value: Any) -> Any:
    """A single name as a list of one."""
    return [value] if isinstance(value, str) else value


Switch = Annotated[bool, BeforeValidator(as_switch, json_schema_input_type=bool)]
Names = Annotated[list[Text], BeforeValidator(as_names, json_schema_input_type=str | list[str])]
_ABOVE = "Plans of more {} need an approval; 0 for all that have any, left out for none."
_OWNERS = "Who may use `--{}`; left out, anybody."


def _owners(flag: str) -> Any:
    return Field(None, min_length=1, description=_OWNERS.format(flag))


class RequiredAboveShape(Shape):
    """The size from which on a plan needs an approval. Each limit counts by itself."""

    changes: int | None = Field(None, ge=0, description=_ABOVE.format("changed cells and rows"))
    deletes: int | None = Field(None, ge=0, description=_ABOVE.format("deleted rows, merged ones apart,"))
    merges: int | None = Field(None, ge=0, description=_ABOVE.format("rows that are merged away"))


class BrakeOwnersShape(Shape):
    """Who may open a brake, by the flag that opens it."""

    max_deletes: Names | None = _owners("max-deletes")
    max_merges: Names | None = _owners("max-merges")
    max_missing: Names | None = _owners("max-missing")
    max_unreadable: Names | None = _owners("max-unreadable")
    max_rekeyed: Names | None = _owners("max-rekeyed")
    max_returned: Names | None = _owners("max-returned")
    max_older: Names | None = _owners("max-older")
    max_field_changes: Names | None = _owners("max-field-changes")
    max_rule_changes: Names | None = _owners("max-rule-changes")
    max_api_calls: Names | None = _owners("max-api-calls")


class ApprovalShape(Shape):
    """Which plans somebody must approve before they are written, and who may."""

    required_above: RequiredAboveShape = Field(
        RequiredAboveShape(), description="The size from which on a plan needs an approval."
    )
    approvers: Names = Field([], description="Who may approve; left out, anybody.")
    four_eyes: bool = Field(False, description="Who made a plan may not approve it.")
    brake_owners: BrakeOwnersShape = Field(BrakeOwnersShape(), description="Who may open which brake.")
