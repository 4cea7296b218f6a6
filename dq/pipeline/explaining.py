"""Why: everything that dq knows of one lead's cells, gathered from a run's files, its journal and the audit log."""

from collections.abc import Sequence

import polars as pl

from dq import audit
from dq.apply.journal import journal, state_of
from dq.apply.receipts import receipts
from dq.pipeline import learning
from dq.pipeline.auditing import APPLY
from dq.pipeline.locating import Lead, base_of, field_of, located
from dq.report.why import Why
from dq.rules import FieldRule
from dq.schemas import AuditEntry, BaseRow, Change, Cluster, Conflict, Finding, Pair
from dq.schemas.audit import WRITES
from dq.schemas.base import agreed
from dq.schemas.record import raw, rule
from dq.schemas.values import Store
from dq.settings import Settings
from dq.side import ENTITY, KEY

CELL = "cell"
"""A change's field by its name in the mapping."""
_VALUES = {
    "store": pl.String,
    KEY: pl.String,
    "field": pl.String,
    "raw": pl.String,
    "standard": pl.String,
    "rule": pl.String,
}
_ID = "id#"


def why(settings: Settings, store: Store, key: str, field: str | None, table: str | None = None) -> Why:
    """The chain behind a lead's cells.

    Args:
        settings: The settings.
        store: The store that is asked about.
        key: Any of the lead's keys, also one of a row that was merged away.
        field: A field's name in either store; None takes all.
        table: The mapping, where a key stands in several.

    Raises:
        ConfigurationError: There is no such lead or field, or no plan yet.
    """
    lead = located(settings, store, key, table)
    run, rules = lead.run, lead.rules
    changes = _changes(lead)
    unmapped = {name: name for name in changes[CELL].drop_nulls().unique().sort() if name not in rules.names}
    besides = {name: name for name in unmapped if field in (None, name)}
    fields = list(rules.fields) if field is None else [] if field in besides else [field_of(rules, field)]
    cluster = run.clusters.filter((pl.col(Cluster.table) == rules.table) & (pl.col(ENTITY) == lead.entity))
    model = learning.of_plan(run.folder / "clean", rules.table)
    return Why(
        asked=key,
        store=store,
        table=rules.table,
        entity=lead.entity,
        row_key=lead.row_key,
        notes=tuple(_notes(lead, cluster)),
        snapshot=run.manifest.id,
        state=state_of(run.folder / APPLY),
        fields={one.name: one.airtable for one in fields} | besides,
        cluster=cluster.sort(Cluster.store, KEY, descending=[True, False]),
        pairs=_pairs(lead, cluster),
        values=values(lead, cluster, fields),
        findings=run.findings.join(
            cluster, left_on=[Finding.store, Finding.row_key], right_on=[Cluster.store, KEY], how="semi"
        ),
        base=base_cells(lead, fields),
        conflicts=run.conflicts.filter((pl.col(Conflict.table) == rules.table) & (pl.col(ENTITY) == lead.entity)),
        changes=changes,
        history=history(settings, lead, cluster).filter(~_is_receipt(run.manifest.id)),
        evidence=None if model is None else model.evidence,
    )


def history(settings: Settings, lead: Lead, cluster: pl.DataFrame) -> pl.DataFrame:
    """What the audit log says was written to the lead's rows, oldest first; with the mapping's field names."""
    keys = sorted({*cluster[KEY], *([lead.row_key] if lead.row_key else [])})
    tables = [lead.rules.table, *_airtable_names(lead)]
    mine = (pl.col(ENTITY) == lead.entity) | pl.col(AuditEntry.row_key).is_in(keys)
    is_write = pl.col(AuditEntry.action).is_in(list(WRITES)) & pl.col(AuditEntry.table).is_in(tables)
    rows = audit.entries(settings.snapshots, mine, is_write, naming=[lead.entity, *keys])
    return rows.with_columns(_cell(lead.rules.fields))


def _is_receipt(snapshot: str) -> pl.Expr:
    """Whether an entry is what the run's own journal says."""
    return (pl.col(AuditEntry.run) == snapshot) & (pl.col(AuditEntry.action) == "apply")


def _airtable_names(lead: Lead) -> list[str]:
    schema = lead.run.manifest.table("airtable", lead.rules.airtable).schema
    return [schema.name, lead.rules.airtable]


def _notes(lead: Lead, cluster: pl.DataFrame) -> list[str]:
    told = [lead.note] if lead.note else []
    lost = cluster.filter(~pl.col(str(Cluster.survivor)) & pl.col(KEY).eq_missing(pl.lit(lead.row_key, pl.String)))
    if lost.height:
        done = state_of(lead.run.folder / APPLY) == "finished"
        told.append(f"{lead.row_key} is a duplicate: this plan {'merged' if done else 'merges'} it away")
    if lead.row_key is None:
        told.append(f"the snapshot has no row of this lead in the {lead.store}")
    return told


def _pairs(lead: Lead, cluster: pl.DataFrame) -> pl.DataFrame:
    """The compared pairs of the lead's rows, those that were not linked too."""
    pairs = lead.run.pairs.filter(pl.col(Pair.table) == lead.rules.table)
    own = cluster.select(pl.concat_str(Cluster.store, pl.lit(":"), KEY))
    ends = [
        pl.concat_str(f"store_{side}", pl.lit(":"), f"key_{side}").is_in(own.to_series().to_list()) for side in "lr"
    ]
    return pairs.filter(pl.any_horizontal(ends)).sort(
        str(Pair.match_weight), Pair.key_l, Pair.key_r, descending=[True, False, False]
    )


def values(lead: Lead, cluster: pl.DataFrame, fields: Sequence[FieldRule]) -> pl.DataFrame:
    """store, row_key, field, raw, standard, rule: what each row of the lead held."""
    parts = [pl.DataFrame(schema=_VALUES)]
    stores: tuple[Store, ...] = ("database", "airtable")
    for store in stores:
        keys = cluster.filter(pl.col(Cluster.store) == store)[KEY].to_list()
        records = lead.run.standardized(store).filter(pl.col(KEY).is_in(keys))
        if records.height > len(keys):  # another mapping's rows may have equal keys
            records = records.filter(pl.any_horizontal(pl.col(raw(n)).is_not_null() for n in lead.rules.names))
        parts += [
            records.select(
                pl.lit(store).alias("store"),
                KEY,
                pl.lit(field.name).alias("field"),
                pl.col(raw(field.name)).cast(pl.String).alias("raw"),
                pl.col(field.name).cast(pl.String).alias("standard"),
                pl.col(rule(field.name)).alias("rule"),
            )
            for field in fields
            if field.name in records.columns
        ]
    return pl.concat(parts).sort("store", KEY, descending=[True, False], maintain_order=True)


def base_cells(lead: Lead, fields: Sequence[FieldRule]) -> dict[str, str | None] | None:
    """Field → what the stores agreed on before the plan; None where they never knew the lead."""
    base = base_of(lead.run)
    rows = base.filter(
        (pl.col(BaseRow.table) == lead.rules.table)
        & (pl.col(ENTITY) == lead.entity)
        & (pl.col(BaseRow.state) == "linked")
    )
    if rows.is_empty():
        return None
    return {field.name: rows[agreed(field.name)][0] if agreed(field.name) in rows.columns else None for field in fields}


def _changes(lead: Lead) -> pl.DataFrame:
    """The lead's changes in the plan, each with its receipt: state, when, and why it was not carried out."""
    changes = lead.run.changes.filter(pl.col(ENTITY) == lead.entity)
    path = lead.run.folder / APPLY
    cells = []
    if path.exists():
        with journal(path) as opened:
            cells = [cell for part in opened.cells(lead.entity) for cell in part]
    facts = dict.fromkeys((AuditEntry.run, AuditEntry.plan, AuditEntry.actor, AuditEntry.action))
    done = receipts(cells, changes, facts)
    on = [Change.store, Change.table, Change.op, _ID, Change.field]
    is_new = pl.col(Change.op) == "insert"
    found = done.select(
        Change.store,
        Change.table,
        Change.op,
        pl.when(is_new).then(ENTITY).otherwise(AuditEntry.row_key).alias(_ID),
        Change.field,
        AuditEntry.state,
        AuditEntry.time,
        AuditEntry.detail,
        pl.col(AuditEntry.row_key).alias("written_key"),
    ).unique(on, keep="last", maintain_order=True)
    planned = changes.with_columns(pl.coalesce(Change.row_key, ENTITY).alias(_ID))
    return (
        planned.join(found, on=on, how="left", nulls_equal=True, maintain_order="left")
        .with_columns(_cell(lead.rules.fields))
        .drop(_ID)
    )


def _cell(fields: Sequence[FieldRule]) -> pl.Expr:
    """The mapping's name of a store's field; other columns keep theirs."""
    names = {field.airtable: field.name for field in fields}
    here = pl.col(Change.field)
    return pl.when(pl.col(Change.store) == "airtable").then(here.replace(names)).otherwise(here).alias(CELL)
