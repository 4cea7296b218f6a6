"""What the server says when it refuses: Airtable's statuses, types and messages, in its three envelopes.

Source of the texts: the table of recorded and documented errors in Airtable's own documentation and in public reports.
Clients are meant to classify by `type`, so the types are exact; a message that only this sandbox gives says so.
"""

import json
from typing import Any


class RefusalError(Exception):
    """A request that is answered with an error.

    Args:
        status: HTTP status.
        error: What stands under `error`: an object with `type` and perhaps `message`, or a bare string.
    """

    def __init__(self, status: int, error: dict[str, str] | str) -> None:
        super().__init__(status, error)
        self.status, self.error = status, error

    @property
    def payload(self) -> dict[str, Any]:
        """The body of the answer."""
        return {"error": self.error}

    @property
    def type(self) -> str:
        """The error's type, whatever its envelope."""
        return self.error if isinstance(self.error, str) else self.error["type"]


def _typed(status: int, kind: str, message: str | None = None) -> RefusalError:
    return RefusalError(status, {"type": kind} if message is None else {"type": kind, "message": message})


def unparsable() -> RefusalError:
    """The body is not JSON (the documentation names the status and leaves the body open)."""
    return _typed(400, "INVALID_REQUEST_BODY", "Could not parse request body")


def unauthenticated() -> RefusalError:
    """No token, or not the one that the server wants."""
    return _typed(401, "AUTHENTICATION_REQUIRED", "Authentication required")


def forbidden() -> RefusalError:
    """A base or table that does not exist, or that the token may not see: the two look the same."""
    return _typed(
        403,
        "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND",
        "Invalid permissions, or the requested model was not found. Check that both your user and your token have "
        "the required permissions, and that the model names and/or ids are correct.",
    )


def not_found() -> RefusalError:
    """An unknown route or record: the error is a bare string."""
    return RefusalError(404, "NOT_FOUND")


def record_deleted() -> RefusalError:
    """A record that was here once."""
    return _typed(404, "MODEL_ID_NOT_FOUND", "Record not found")


def url_too_long(length: int) -> RefusalError:
    """A URL of 16,000 characters or more (the documentation says that it is rejected and leaves the form open)."""
    return _typed(414, "REQUEST_URI_TOO_LONG", f"The URL has {length} characters, the limit is 16000.")


def invalid_request(
    message: str = "Invalid request: parameter validation failed. Check your request data.",
) -> RefusalError:
    """A parameter or body of the wrong shape."""
    return _typed(422, "INVALID_REQUEST_UNKNOWN", message)


def page_size_out_of_range() -> RefusalError:
    """A pageSize outside 1 to 100."""
    return _typed(422, "INVALID_PAGE_SIZE_ARGUMENT", "pageSize must be an integer from 1 to 100")


def fields_missing() -> RefusalError:
    """A write without `fields` and without `records`."""
    return _typed(422, "INVALID_REQUEST_MISSING_FIELDS", 'Could not find field "fields" in the request body')


def too_many_records(verb: str, count: int) -> RefusalError:
    """More than ten records in one request; `verb` is created, updated or deleted."""
    message = f"A maximum of 10 records can be {verb} per request but you have provided {count}."
    return _typed(422, "INVALID_RECORDS", message)


def invalid_records(with_id: bool) -> RefusalError:
    """`records` is not a list of one to ten record objects."""
    parts = 'an "id" ID field and a "fields" object' if with_id else 'a "fields" object'
    message = f"You must provide an array of up to 10 record objects, each with {parts} for cell values."
    return _typed(422, "INVALID_RECORDS", message)


def repeated_record() -> RefusalError:
    """One record named twice in one request."""
    return _typed(422, "INVALID_RECORDS", "You cannot change the same record multiple times in a single request.")


def ambiguous_upsert() -> RefusalError:
    """An upsert whose key finds several records (that it fails is documented; type and text are an integration's)."""
    return invalid_request("Cannot update more than one record with the same values in fieldsToMergeOn.")


def unknown_field(name: str) -> RefusalError:
    """A field that the table does not have."""
    return _typed(422, "UNKNOWN_FIELD_NAME", f'Unknown field name: "{name}"')


def duplicate_field() -> RefusalError:
    """A field whose name the table has already, in whatever case."""
    return _typed(422, "DUPLICATE_OR_EMPTY_FIELD_NAME", "Field names must be unique in their table and not empty")


def duplicate_table() -> RefusalError:
    """A table whose name the base has already, in whatever case."""
    return _typed(422, "DUPLICATE_TABLE_NAME", "Table names must be unique in their base")


def unsupported_type(kind: str) -> RefusalError:
    """A computed field, which the API does not make."""
    return _typed(422, "UNSUPPORTED_FIELD_TYPE_FOR_CREATE", f"Creating {kind} fields is not supported at this time")


def invalid_options(kind: str) -> RefusalError:
    """Options that a new field's type does not take."""
    return _typed(422, "INVALID_FIELD_TYPE_OPTIONS_FOR_CREATE", f"Invalid options for a field of type {kind}")


def unknown_view(name: str) -> RefusalError:
    """A view that the table does not have."""
    return _typed(422, "VIEW_NAME_NOT_FOUND", f"View {name} not found")


def field_computed(name: str) -> RefusalError:
    """A value for a field that Airtable computes."""
    message = f'Field "{name}" cannot accept a value because the field is computed'
    return _typed(422, "INVALID_VALUE_FOR_COLUMN", message)


def value_refused(name: str) -> RefusalError:
    """A value that the field's type does not take."""
    return _typed(422, "INVALID_VALUE_FOR_COLUMN", f'Field "{name}" cannot accept the provided value')


def unknown_option(option: str) -> RefusalError:
    """A select option that does not exist; Airtable quotes it twice."""
    quoted = json.dumps(json.dumps(option, ensure_ascii=False), ensure_ascii=False)
    message = f"Insufficient permissions to create new select option {quoted}"
    return _typed(422, "INVALID_MULTIPLE_CHOICE_OPTIONS", message)


def unknown_record(record_id: str) -> RefusalError:
    """A write or a link that names a record which the table does not have."""
    return _typed(422, "ROW_DOES_NOT_EXIST", f"Record ID {record_id} does not exist in this table")


def base_full(kind: str, message: str) -> RefusalError:
    """More records than the base may hold (nobody has written down what Airtable says, so both texts are given)."""
    return _typed(422, kind, message)


def invalid_formula(reason: str) -> RefusalError:
    """A filterByFormula that cannot be evaluated."""
    message = f"The formula for filtering records is invalid: {reason}"
    return _typed(422, "INVALID_FILTER_BY_FORMULA", message)


def iterator_gone() -> RefusalError:
    """An offset that this server does not know, or no longer; there is no message."""
    return _typed(422, "LIST_RECORDS_ITERATOR_NOT_AVAILABLE")


def rate_limited() -> RefusalError:
    """More requests to one base than it takes in a second."""
    return _typed(429, "RATE_LIMIT_REACHED", "Rate limit exceeded. Please try again later")


def billing_limit() -> RefusalError:
    """The month's calls are spent: to try again is useless (public reports quote the text)."""
    message = "API billing plan limit exceeded. You've reached the maximum number of requests allowed for this month."
    return _typed(429, "PUBLIC_API_BILLING_LIMIT_EXCEEDED", message)


def too_large() -> RefusalError:
    """A body that is too large (the documentation names the status and leaves limit and body open)."""
    return _typed(413, "REQUEST_TOO_LARGE", "Request body is too large")


def not_permitted(action: str = "perform this operation") -> RefusalError:
    """What the token's user may not do; `action` goes on the sentence "You are not permitted to"."""
    return _typed(403, "INVALID_PERMISSIONS", f"You are not permitted to {action}")


def retriable() -> RefusalError:
    """A request that was not begun."""
    return _typed(503, "RETRIABLE_ERROR", "The request was not served; it is safe to retry the request")


def server_error() -> RefusalError:
    """A failure of this server."""
    return _typed(500, "SERVER_ERROR", "An unexpected error occurred")
