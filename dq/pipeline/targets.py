"""The open stores as apply and undo write them, held against what the plan was made for."""

from dataclasses import replace
from datetime import UTC
from typing import Any

from dq.apply.commit import Target
from dq.engine.mappings import in_order
from dq.errors import ConfigurationError
from dq.manifest import Manifest, TableSchema
from dq.pipeline.opening import Stores
from dq.plan import Plan
from dq.rules import TableRules
from dq.schemas.values import Store
from dq.settings import Settings
from dq.standardize.times import format_time


def targets_of(settings: Settings, manifest: Manifest, plan: Plan, stores: Stores) -> dict[tuple[Store, str], Target]:
    """The open stores as apply writes them, by store and table; Airtable's schema is held against the plan's."""
    targets: dict[tuple[Store, str], Target] = {}
    for rules in in_order(settings.tables, manifest):
        database = manifest.table("database", rules.table).schema
        airtable = manifest.table("airtable", rules.airtable).schema
        _demand_same_schema(stores, airtable)
        stamp = _stamp(rules, plan)
        there = Target(stores.database, database, _whole(database), rules.table, rules.link_database, stamp)
        targets["database", database.name] = there
        targets["airtable", airtable.name] = Target(
            stores.airtable, airtable, _whole(airtable), rules.table, rules.link_airtable, None
        )
        for table in manifest.tables:
            if table.schema.store == "database" and any(r.parent == rules.table for r in table.schema.references):
                targets.setdefault(("database", table.schema.name), there)
    return targets


def _stamp(rules: TableRules, plan: Plan) -> Any:
    if rules.modified_database is None:
        return None
    form = plan.stamps[rules.table]
    return rules.modified_database, lambda now: format_time(now.astimezone(UTC), form)


def _whole(schema: TableSchema) -> TableSchema:
    return replace(schema, columns=(*schema.columns, *schema.unread), unread=())


def _demand_same_schema(stores: Stores, schema: TableSchema) -> None:
    """Airtable fields may be renamed or retyped between plan and apply; then the plan is stale."""
    names = [column.name for column in schema.columns if column.id]
    now = stores.airtable.describe(schema.id or schema.name, names)
    moved = [
        c.name for c in schema.columns if c.id and (now.column(c.name).id, now.column(c.name).type) != (c.id, c.type)
    ]
    if moved:
        raise ConfigurationError(
            f"Airtable changed the fields {', '.join(moved)} since the plan was made.",
            where=f"Airtable table {schema.name}",
            fix="dq snapshot && dq clean",
        )
