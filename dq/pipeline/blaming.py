"""Blame: who changed each cell of a row last, from the audit log, the latest snapshot and the base."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from dq.cells import value_of
from dq.errors import ConfigurationError
from dq.manifest import TableSchema
from dq.masking import masked
from dq.pipeline.explaining import CELL, base_cells, history, values
from dq.pipeline.locating import Lead, lasting, located
from dq.report.blame import Blame, Cell
from dq.report.masks import Masks, masks_of
from dq.rules import FieldRule
from dq.schemas import AuditEntry, Cluster
from dq.schemas.values import Store
from dq.settings import Settings
from dq.side import ENTITY, KEY, MODIFIED
from dq.stores.meaning import exact, is_same


def blame(settings: Settings, store: Store, key: str, table: str | None = None, *, mask: bool = False) -> Blame:
    """Who changed each cell of a row last.

    Args:
        settings: The settings.
        store: The store.
        key: Any key of the lead; of a row that was merged away, the row that stayed is meant.
        table: The mapping, where a key stands in several.
        mask: Whether values are masked.

    Raises:
        ConfigurationError: There is no such lead, or it has no row in this store.
    """
    lead = lasting(located(settings, store, key, table))
    if lead.row_key is None:
        raise ConfigurationError(
            f"This lead has no row in the {store}.", where=f"lead {lead.entity}", fix=f"dq why {store} {key}"
        )
    cluster = lead.run.clusters.filter((pl.col(Cluster.table) == lead.rules.table) & (pl.col(ENTITY) == lead.entity))
    written = history(settings, lead, cluster).filter(
        (pl.col(AuditEntry.store) == store)
        & (pl.col(AuditEntry.row_key) == lead.row_key)
        & (pl.col(AuditEntry.state) == "written")
    )
    held = values(lead, cluster, lead.rules.fields).filter((pl.col("store") == store) & (pl.col(KEY) == lead.row_key))
    last = {entry[CELL]: entry for entry in written.to_dicts()}
    texts = dict(zip(held["field"], zip(held["raw"], held["standard"], strict=True), strict=True))
    agreements, modified = base_cells(lead, lead.rules.fields) or {}, _modified(lead)
    cells = [
        _cell(
            lead, field, texts.get(field.name, (None, None)), modified, agreements.get(field.name), last.get(field.name)
        )
        for field in lead.rules.fields
    ]
    schema = _schema(lead)
    return Blame(
        store=store,
        table=schema.name,
        row_key=lead.row_key,
        entity=lead.entity,
        notes=(lead.note,) if lead.note else (),
        snapshot=lead.run.manifest.id,
        cells=tuple(_masked(cell, masks_of(settings.tables), store) if mask else cell for cell in cells),
    )


def _schema(lead: Lead) -> TableSchema:
    name = lead.rules.table if lead.store == "database" else lead.rules.airtable
    return lead.run.manifest.table(lead.store, name).schema


def _cell(
    lead: Lead,
    field: FieldRule,
    held: tuple[str | None, str | None],
    modified: str | None,
    base: str | None,
    entry: Mapping[str, Any] | None,
) -> Cell:
    """The cell as the snapshot has it, or as dq wrote it since; dq's own value in it was not changed since."""
    (raw, standard), name = held, field.name if lead.store == "database" else field.airtable
    if entry is None:
        is_moved = base is not None and base != (standard or "")
        return Cell(name, raw, "person" if is_moved else "unknown", time=modified, base=base)
    schema = _schema(lead)
    kind = schema.column(name).kind if name in schema else "text"
    wrote = value_of(entry[AuditEntry.after])
    is_later = entry[AuditEntry.time] > lead.run.manifest.taken_at.isoformat()
    if not is_later and not is_same(raw, wrote, kind):
        return Cell(name, raw, "person", time=modified, since=entry[AuditEntry.time], base=base)
    rule = entry[AuditEntry.policy] or entry[AuditEntry.rule]
    return Cell(
        name,
        exact(wrote, kind) if is_later else raw,
        "dq",
        time=entry[AuditEntry.time],
        action=entry[AuditEntry.action],
        run=entry[AuditEntry.run],
        actor=entry[AuditEntry.actor],
        reason=f"{entry[AuditEntry.reason]}: {rule}" if rule else entry[AuditEntry.reason],
        source=entry[AuditEntry.source],
        base=base,
    )


def _modified(lead: Lead) -> str | None:
    """The row's modified time in the snapshot."""
    rows = lead.run.standardized(lead.store).filter(pl.col(KEY) == lead.row_key)
    time = rows[MODIFIED][0] if rows.height else None
    return time.isoformat() if time is not None else None


def _masked(cell: Cell, masks: Masks, store: Store) -> Cell:
    texts = pl.DataFrame({"value": [cell.value], "base": [cell.base]}, schema={"value": pl.String, "base": pl.String})
    hidden = texts.select(
        masked(pl.col(name), masks.of(store, cell.field), masks.choices).alias(name) for name in texts.columns
    ).row(0)
    return replace(cell, value=hidden[0], base=hidden[1])
