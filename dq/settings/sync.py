"""How a table's stores are brought to agree: defaults that depend on other parts of the configuration."""

from typing import Any

from dq.rules import Settle, SyncRules
from dq.settings.document import Document
from dq.settings.mistakes import Key
from dq.settings.shape import ConfigShape
from dq.settings.syncshape import SettleShape

LONGER_BY = 30
"""Days that deleted leads are remembered after the oldest backup is gone, by default."""
MARGIN = 7
"""And at least."""


def sync_of(document: Document, table: Key, config: ConfigShape, said: dict[str, Any]) -> SyncRules:
    """The rules of one table.

    Args:
        document: Where mistakes are noted.
        table: The table's key in it.
        config: For what is said elsewhere: the sandbox, how long backups stay.
        said: The table's `sync`, over the top-level one; policies apart.
    """
    settle = said.pop("settle_seconds", None)
    days = said.pop("tombstone_days", config.backups.retention_days + LONGER_BY)
    if days < config.backups.retention_days + MARGIN:
        own: Key = (*table, "sync", "tombstone_days")
        key = own if own in document.lines or own in document.overridden else ("sync", "tombstone_days")
        text = (
            f"deleted leads must be remembered {MARGIN} days longer than backups stay ({config.backups.retention_days}), "
            f"else one that is restored brings them back: use {config.backups.retention_days + MARGIN} or more"
        )
        document.mistakes.append(document.mistake(key, text))
    return SyncRules.model_validate({**said, "settle": _settle(config, settle), "tombstone_days": days})


def _settle(config: ConfigShape, said: dict[str, float] | None) -> Settle:
    """Nobody types in the embedded Airtable, so there nothing waits unless the file says so."""
    shipped = SettleShape()
    if config.stores.airtable.sandbox is not None:
        shipped = shipped.model_copy(update={"airtable": 0.0})
    return Settle(**{**shipped.model_dump(), **(said or {})})
