"""What every model of options is: strict, frozen, with a version."""

from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


Text = Annotated[str, BeforeValidator(_text, json_schema_input_type=str | int | float | bool)]
"""A text that may be written without quotes."""


class Options(BaseModel):
    """Options of a standardizer; an unknown name is an error.

    Attributes:
        version: Version of the standard form: one more whenever the same cell may get another form than before.
    """

    version: ClassVar[int] = 1

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)
