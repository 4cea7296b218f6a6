"""What nobody has seen or written down about Airtable, as switches; each stands at its strictest unless it is set."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Switches:
    """How the sandbox behaves where the real behavior is inferred or unknown.

    Args:
        upsert_null_key: What an upsert does with an empty merge field: refuse the request, create a record, or take
            the records whose cell is empty as matches.
        upsert_duplicate_keys: What it does with two records of equal key in one request: refuse it, or let the later
            one win.
        upsert_on_contact_fields: Whether email, phone and url fields may be merged on; the documentation does not
            list them.
        upsert_matching: Whether texts match to the letter, or without regard to case and outer spaces.
        number_rounding: Whether a number keeps all its digits, or is rounded to the field's precision.
        text_limit: The most characters that a text cell takes.
        typecast_unreadable: What typecast does with a text that it cannot convert: refuse the request, or empty the
            cell.
        lookup_nulls: Whether a lookup shows null for a linked record whose cell is empty.
        table_names_fold: Whether a table is found by its name without regard to case.
        restored_id: Whether a record that comes back from the trash keeps its id.
        records_full_type: The error's type when a base is full.
        records_full_message: The error's message when a base is full.
    """

    upsert_null_key: Literal["refuse", "create", "match"] = "refuse"
    upsert_duplicate_keys: Literal["refuse", "last"] = "refuse"
    upsert_on_contact_fields: Literal["refuse", "allow"] = "refuse"
    upsert_matching: Literal["exact", "fold"] = "exact"
    number_rounding: Literal["keep", "round"] = "keep"
    text_limit: int = 100_000
    typecast_unreadable: Literal["refuse", "empty"] = "refuse"
    lookup_nulls: bool = True
    table_names_fold: bool = False
    restored_id: Literal["keep", "new"] = "keep"
    records_full_type: str = "ROW_LIMIT_EXCEEDED"
    records_full_message: str = "This base has reached the maximum number of records that its plan allows."


STRICT = Switches()
"""Every switch at its strictest."""
