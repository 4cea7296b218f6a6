"""Export of the audit log: chosen entries as JSON, CSV or Parquet; masked unless somebody says otherwise."""

import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import Literal

import polars as pl

from dq import audit
from dq.errors import ConfigurationError
from dq.pipeline.auditing import healed_if_free
from dq.report.masks import masked_changes, masks_of
from dq.report.spreadsheet import as_csv, plain
from dq.schemas import AuditEntry
from dq.schemas.values import STORES, Store
from dq.settings import Settings

FORMAT_VERSION = 1
_STORES: tuple[Store, ...] = ("database", "airtable")
ExportForm = Literal["json", "csv", "parquet"]


@dataclass(frozen=True)
class Wanted:
    """Which entries; None takes all.

    Attributes:
        since: From this time on; a date or an ISO time, UTC where it names no zone.
        until: Up to this time; of a date, the whole day.
        entity: The lead.
        store: `database` or `airtable`.
    """

    since: str | None = None
    until: str | None = None
    entity: str | None = None
    store: str | None = None


def exported(settings: Settings, wanted: Wanted, form: ExportForm, now: datetime, *, unmasked: bool) -> bytes:
    """The chosen entries of the audit log, in order.

    Args:
        settings: The settings.
        wanted: Which entries.
        form: The file format. CSV has values as people write them, the others JSON text.
        now: The time.
        unmasked: Whether values stand in it as they are.

    Raises:
        ConfigurationError: A time or a store is none.
        DamagedError: The log cannot be read.
    """
    conditions = _conditions(wanted)
    healed_if_free(settings, now)
    rows = audit.entries(settings.snapshots, *conditions)
    if not unmasked:
        rows = masked_changes(rows, masks_of(settings.tables))
    if form == "parquet":
        buffer = io.BytesIO()
        rows.write_parquet(buffer, compression="zstd")
        return buffer.getvalue()
    if form == "csv":
        return as_csv(rows.with_columns(plain(pl.col(name)) for name in (AuditEntry.before, AuditEntry.after))).encode()
    facts = {
        "format_version": FORMAT_VERSION,
        "masked": not unmasked,
        "head": str(audit.head(settings.snapshots).at.link),
    }
    return f'{json.dumps(facts)[:-1]}, "entries": {rows.write_json()}}}\n'.encode()


def _conditions(wanted: Wanted) -> list[pl.Expr]:
    found = []
    if wanted.since is not None:
        found.append(pl.col(AuditEntry.time) >= _time(wanted.since, "--since"))
    if wanted.until is not None:
        found.append(pl.col(AuditEntry.time) <= _time(wanted.until, "--until", whole_day=True))
    if wanted.entity is not None:
        found.append(pl.col(AuditEntry.entity_id) == wanted.entity)
    if wanted.store is not None:
        found.append(pl.col(AuditEntry.store) == known_store(wanted.store))
    return found


def known_store(store: str) -> Store:
    """The store that was named.

    Raises:
        ConfigurationError: There is no such store.
    """
    for known in _STORES:
        if store == known:
            return known
    near = get_close_matches(store, STORES, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise ConfigurationError(f"There is no store {store!r}.{hint}", fix=f"name one of {' and '.join(STORES)}")


def _time(text: str, option: str, *, whole_day: bool = False) -> str:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            f"{option} is no time.", fix=f"write a date or a time: {option} 2026-07-01, {option} 2026-07-01T09:30Z"
        ) from None
    if whole_day and "T" not in text and " " not in text:
        time += timedelta(days=1, microseconds=-1)
    zoned = time if time.tzinfo else time.replace(tzinfo=UTC)
    return zoned.astimezone(UTC).isoformat()
