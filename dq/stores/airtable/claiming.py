"""Whether a token may write, asked before anything is written."""

from dq.errors import ConfigurationError
from dq.stores.airtable.calling import Calls
from dq.stores.airtable.failures import Action, Failure


def demand_write_scope(calls: Calls, path: str, table: str) -> None:
    """Send an update of no records: it can change nothing, and a token that may only read is refused for its scope.

    Airtable shows the scopes of a personal access token nowhere. Whom it lets in, it tells that records are missing.

    Args:
        calls: The calls.
        path: The table's path.
        table: The table, for messages.

    Raises:
        ConfigurationError: The token, or its user, may not write.
        Failure: Airtable cannot be asked.
    """
    try:
        calls.send("read", "PATCH", path, body={"records": []})
    except Failure as failure:
        if failure.action is Action.PERMISSION:
            raise ConfigurationError(
                "The Airtable token may not write.",
                where=f"Airtable table {table}",
                why=f"It answers {failure.status} to an update of no records. Nothing was written to either store.",
                fix="give the token data.records:write and its user the editor role; snapshot, clean and diff work without",
            ) from failure
        if failure.action is not Action.REQUEST:
            raise
