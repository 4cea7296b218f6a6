"""A small plan and two stores in memory that it can be applied to."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from dq.apply.batches import Batch, batches, numbered
from dq.apply.commit import Run, Target
from dq.apply.journal import Journal, journal
from dq.errors import TemporaryError
from dq.manifest import Column, TableSchema
from dq.schemas import Change
from dq.stores.memory import MemoryStore
from dq.stores.protocol import Outcome, RowWrite

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
MAPPINGS = {("database", "leads"): "leads", ("airtable", "Leads"): "leads", ("database", "notes"): "leads"}
LEADS = TableSchema(
    "database", "leads", "id", tuple(Column(n, "text", "TEXT") for n in ("id", "name", "record", "changed"))
)
NOTES = TableSchema("database", "notes", "id", tuple(Column(n, "text", "TEXT") for n in ("id", "lead")))
RECORDS = TableSchema(
    "airtable",
    "Leads",
    "id",
    (
        Column("id", "text", "recordId", writable=False),
        Column("Name", "text", "singleLineText"),
        Column("Status", "text", "singleSelect", choices=("new", "old")),
        Column("Row", "text", "singleLineText"),
    ),
    id="tblLeads",
)
COLUMNS = list(Change.to_schema().columns)


def change(
    store: str,
    op: str,
    entity: str,
    key: str | None,
    name: str | None,
    before: str | None,
    after: str | None,
    **more: Any,
) -> dict[str, Any]:
    """One change; `table` may be named."""
    table = more.get("table", "leads" if store == "database" else "Leads")
    return {
        "change_id": f"{store}/{table}/{key or '+' + entity}/{name or ''}", "store": store, "table": table, "op": op, "entity_id": entity,
        "row_key": key, "field": name, "before": before, "after": after, "reason": more.get("reason", "sync"), "rule": None,
        "source": None, "probability": None, "policy": None,
    }  # fmt: skip


def changeset(*changes: dict[str, Any]) -> pl.DataFrame:
    types = {name: pl.Float64() if name == "probability" else pl.String() for name in COLUMNS}
    return pl.DataFrame(list(changes), schema=types).select(COLUMNS)


def cut(changes: pl.DataFrame, size: int = 50) -> list[Batch]:
    return list(batches(numbered(changes, size, MAPPINGS)))


class Breaking(MemoryStore):
    """A store whose connection breaks at a write: before it is carried out, or after, when its answer is lost."""

    breaks: str | None = None
    error: type[TemporaryError] = TemporaryError
    at: int = 0
    writes: int = 0

    def write(self, schema: TableSchema, writes: list[RowWrite]) -> list[Outcome]:
        self.writes += 1
        if self.breaks == "before" and self.writes == self.at:
            raise self.error("The connection broke.")
        outcomes = super().write(schema, writes)
        if self.breaks == "after" and self.writes == self.at:
            raise self.error("The answer was lost.")
        return outcomes


@dataclass
class World:
    """Both stores and what was told about them."""

    database: Breaking
    airtable: Breaking
    path: Path
    link: str | None = "Row"
    done: list[int] = field(default_factory=list)
    stops: Callable[[], bool] = lambda: False

    @contextmanager
    def run(self) -> Iterator[Run]:
        there = Target(self.database, LEADS, LEADS, "leads", "record", ("changed", lambda now: now.isoformat()))
        records = Target(self.airtable, RECORDS, RECORDS, "leads", self.link, None)
        targets = {("database", "leads"): there, ("database", "notes"): there, ("airtable", "Leads"): records}
        with journal(self.path) as opened:
            yield Run(targets, opened, lambda: NOW, self.done.append, self.stops)

    @contextmanager
    def journal(self) -> Iterator[Journal]:
        with journal(self.path) as opened:
            yield opened


def world(folder: Path, leads: int = 3) -> World:
    rows = [{"id": f"L{n}", "name": f"Lead {n}", "record": f"rec{n}", "changed": "before"} for n in range(leads)]
    records = [{"id": f"rec{n}", "Name": f"Lead {n}", "Status": "new", "Row": f"L{n}"} for n in range(leads)]
    notes = [{"id": f"N{n}", "lead": f"L{n}"} for n in range(leads)]
    return World(
        Breaking("database", [LEADS, NOTES], {"leads": rows, "notes": notes}),
        Breaking("airtable", [RECORDS], {"Leads": records}),
        folder / "journal.sqlite",
    )


def everything() -> pl.DataFrame:
    """A plan with every kind of write: a merge with a child, an update, deletes, inserts that wait for each other's keys."""
    whole = '{"id":"rec2","Name":"Lead 2"}'
    return changeset(
        change("database", "update", "E1", "N2", "lead", '"L2"', '"L1"', table="notes", reason="merge"),
        change("database", "delete", "E1", "L2", None, '{"id":"L2","name":"Lead 2"}', None, reason="merge"),
        change("database", "update", "E1", "L1", "name", '"Lead 1"', '"Lead One"', reason="merge"),
        change("airtable", "delete", "E1", "rec2", None, whole, None, reason="merge"),
        change("airtable", "update", "E1", "rec1", "Name", '"Lead 1"', '"Lead One"'),
        change("airtable", "update", "E0", "rec0", "Status", '"new"', '"old"'),
        change("airtable", "insert", "E3", None, "Name", None, '"Newcomer"'),
        change("airtable", "insert", "E3", None, "Row", None, '"L5"', reason="link"),
        change("database", "update", "E3", "L0", "record", '"rec0"', '{"$created": "airtable/Leads/+E3/Name"}', reason="link"),
        change("database", "insert", "E4", None, "id", None, '"L9"'),
        change("database", "insert", "E4", None, "name", None, '"Comer"'),
    )  # fmt: skip
