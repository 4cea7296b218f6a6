"""Which lead a key means: a database key, a record id, a Lead ID, an entity id, or the old key of a row that is gone.

clusters of the plan ─► base before and after it ─► audit log
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

import polars as pl

from dq import audit
from dq.apply import base as base_state
from dq.apply import plan as plans
from dq.errors import ConfigurationError, DamagedError
from dq.face import Run, open_run
from dq.rules import FieldRule, TableRules
from dq.schemas import AuditEntry, BaseRow, Cluster
from dq.schemas.values import STORES, Store
from dq.settings import Settings
from dq.side import ENTITY, KEY

_NEAR = 2_000
"""Keys that a mistyped one is compared with: those that begin or end as it does."""


@dataclass(frozen=True)
class Lead:
    """The lead that a key means.

    Attributes:
        rules: Its mapping.
        entity: Its entity id.
        store: The store that was asked about.
        row_key: Its row there; None if there is none.
        note: How the key led here, if it is not that row's.
        run: The latest run that planned it.
    """

    rules: TableRules
    entity: str
    store: Store
    row_key: str | None
    note: str | None
    run: Run


def planned_run(settings: Settings) -> Run:
    """The latest snapshot that has a plan.

    Raises:
        ConfigurationError: There is none.
    """
    found = sorted(path.parent.name for path in settings.snapshots.glob(f"[0-9]*/{plans.NAME}"))
    if not found:
        raise ConfigurationError("There is no plan yet.", where=str(settings.snapshots), fix="dq snapshot && dq clean")
    return open_run(settings.snapshots, found[-1])


def located(settings: Settings, store: Store, key: str, table: str | None) -> Lead:
    """The lead that a key means.

    Args:
        settings: The settings.
        store: The store that is asked about.
        key: Any of the lead's keys.
        table: The mapping, by its database table; None looks in all.

    Raises:
        ConfigurationError: Nothing has this key, or rows of several tables have it.
    """
    run = planned_run(settings)
    mappings = [rules for rules in settings.tables if table in (None, rules.table, rules.airtable)]
    if not mappings:
        known = [rules.table for rules in settings.tables]
        raise ConfigurationError(f"There is no table {table!r}{_near(str(table), known)}.", fix=f"--table {known[0]}")
    found = [(rules, *hit) for rules in mappings if (hit := _entity(settings, run, rules, store, key)) is not None]
    if len(found) > 1:
        names = " and ".join(rules.table for rules, *_ in found)
        raise ConfigurationError(f"{key!r} is a key in {names}.", fix=f"--table {found[0][0].table}")
    if not found:
        raise _unknown(run, mappings, key)
    rules, entity, note = found[0]
    return Lead(rules, entity, store, _row(run, rules, store, key, entity), note, run)


def lasting(lead: Lead) -> Lead:
    """The lead by the row that is left, where its own row was merged away by the run."""
    if lead.row_key is None:
        return lead
    current = _current(lead.run.folder.parent)
    gone = current.filter(
        (pl.col(BaseRow.state) == "loser")
        & (pl.col(BaseRow.store) == lead.store)
        & (pl.col(BaseRow.row_key) == lead.row_key)
    )
    if gone.is_empty():
        return lead
    left = _row(lead.run, lead.rules, lead.store, "", lead.entity)
    return replace(lead, row_key=left, note=f"{lead.row_key} was merged away: it is this lead now")


def field_of(rules: TableRules, name: str) -> FieldRule:
    """A mapped field by its name in either store.

    Raises:
        ConfigurationError: There is no such field.
    """
    for field in rules.fields:
        if name.casefold() in (field.name.casefold(), field.airtable.casefold()):
            return field
    known = [word for field in rules.fields for word in (field.name, field.airtable)]
    raise ConfigurationError(
        f"There is no field {name!r}{_near(name, known)}.",
        where=f"table {rules.table}",
        fix=f"one of: {', '.join(rules.names)}",
    )


def base_of(run: Run) -> pl.DataFrame:
    """The base that the run's plan was made on; no rows when it is no longer kept."""
    try:
        return base_state.at(run.folder.parent, run.plan.base_serial)
    except DamagedError:
        return base_state.at(run.folder.parent, 0)


def _entity(settings: Settings, run: Run, rules: TableRules, store: Store, key: str) -> tuple[str, str | None] | None:
    """The entity, and how the key led there."""
    mine = run.clusters.filter(table=rules.table)
    other: Store = "airtable" if store == "database" else "database"
    for side in (store, other):
        rows = mine.filter((pl.col(Cluster.store) == side) & (pl.col(KEY) == key))
        if rows.height:
            return rows[ENTITY][0], None
    if mine.filter(pl.col(ENTITY) == key).height:
        return key, None
    for base in (base_of(run), _current(settings.snapshots)):
        if (hit := _in_base(base.filter(pl.col(BaseRow.table) == rules.table), key)) is not None:
            return hit
    return _in_log(settings, rules, key)


def _current(root: Path) -> pl.DataFrame:
    try:
        return base_state.load(root)[1]
    except DamagedError:
        return base_state.at(root, 0)


def _in_base(base: pl.DataFrame, key: str) -> tuple[str, str | None] | None:
    is_it = pl.any_horizontal(
        *(
            pl.col(name).eq_missing(pl.lit(key))
            for name in (BaseRow.row_key, BaseRow.database_key, BaseRow.airtable_key, ENTITY)
        )
    )
    rows = base.filter(is_it).sort(BaseRow.state, ENTITY)
    if rows.is_empty():
        return None
    told = {
        "loser": f"{key} was merged away: it is this lead now",
        "tombstone": f"{key} was deleted in both stores",
    }
    return rows[ENTITY][0], told.get(rows[BaseRow.state][0])


def _in_log(settings: Settings, rules: TableRules, key: str) -> tuple[str, str | None] | None:
    tables = {rules.table, rules.airtable}
    mine = (pl.col(AuditEntry.row_key) == key) | (pl.col(AuditEntry.entity_id) == key)
    rows = audit.entries(settings.snapshots, mine, pl.col(AuditEntry.table).is_in(sorted(tables)), naming=[key])
    if rows.is_empty():
        return None
    return rows[ENTITY][-1], f"{key} is known from the audit log only"


def _row(run: Run, rules: TableRules, store: Store, key: str, entity: str) -> str | None:
    """The lead's row in a store: the one with the key, else the one that survives."""
    rows = run.clusters.filter(
        (pl.col(Cluster.table) == rules.table) & (pl.col(Cluster.store) == store) & (pl.col(ENTITY) == entity)
    )
    chosen = rows.sort((pl.col(KEY) != key), ~pl.col(str(Cluster.survivor)), KEY)
    return chosen[KEY][0] if chosen.height else None


def _unknown(run: Run, mappings: Sequence[TableRules], key: str) -> ConfigurationError:
    keys = run.clusters.filter(pl.col(Cluster.table).is_in([rules.table for rules in mappings]))
    near = get_close_matches(key, list(_alike(keys, key)), n=3, cutoff=0.7)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    return ConfigurationError(
        f"No row, lead or log entry has the key {key!r}.{hint}",
        where=f"snapshot {run.manifest.id}",
        fix=f"dq why {'|'.join(STORES)} KEY with a key of the database, a record id, or an entity id",
    )


def _alike(clusters: pl.DataFrame, key: str) -> Iterator[str]:
    for name in (KEY, ENTITY):
        column = pl.col(name)
        alike = column.str.starts_with(key[:4]) | column.str.ends_with(key[-4:])
        yield from clusters.filter(alike)[name].unique().sort().head(_NEAR)


def _near(word: str, known: Sequence[str]) -> str:
    near = get_close_matches(word, known, n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""
