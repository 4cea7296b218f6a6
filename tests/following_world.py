"""A base on a server in virtual time, a lead database, and dq's own pipeline between them."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import requests
from pyairtable import Api

from dq import pipeline, sandbox, settings
from dq.manifest import Manifest, Reading
from dq.pipeline import Permission, Stores, Watch
from dq.rules import ALL_STEPS
from dq.sandbox.clock import VirtualClock
from dq.sandbox.options import Options
from dq.sandbox.server import served
from dq.stores.airtable import AirtableStore
from dq.stores.sqlite import SqliteStore

BASE, TABLE = "appFollow00000001", "tblFollow00000001"
HOUR, DAY = 3600.0, 86_400.0
OLD = "2026-05-01T00:00:00.000Z"
FIELDS: list[dict[str, Any]] = [
    {"id": "fldName0000000001", "name": "Name", "type": "singleLineText"},
    {"id": "fldMail0000000001", "name": "Email", "type": "email"},
    {
        "id": "fldState000000001",
        "name": "Status",
        "type": "singleSelect",
        "options": {
            "choices": [
                {"id": "selNew00000000001", "name": "auto_send"},
                {"id": "selDone0000000001", "name": "contacted"},
            ]
        },
    },
    {"id": "fldSize0000000001", "name": "Size", "type": "number", "options": {"precision": 0}},
    {"id": "fldVip00000000001", "name": "VIP", "type": "checkbox"},
    {"id": "fldLead0000000001", "name": "Lead ID", "type": "singleLineText"},
    {
        "id": "fldMod00000000001",
        "name": "Last Modified",
        "type": "lastModifiedTime",
        "options": {"result": {"type": "dateTime"}, "referencedFieldIds": []},
    },
    {
        "id": "fldCalc0000000001",
        "name": "Twice",
        "type": "formula",
        "options": {"formula": "{Size} * 2", "result": {"type": "number"}},
    },
    {
        "id": "fldModSize0000001",
        "name": "Size Modified",
        "type": "lastModifiedTime",
        "options": {"result": {"type": "dateTime"}, "referencedFieldIds": ["fldSize0000000001"]},
    },
]
MAPPING = {"name": "Name", "email": "Email", "status": "Status", "size": "Size", "vip": "VIP"}
MADE = """CREATE TABLE leads(id TEXT PRIMARY KEY, name TEXT, email TEXT, status TEXT, size REAL, vip BOOLEAN, twice REAL,
    airtable_id TEXT, created_at TEXT, updated_at TEXT)"""


def record(number: int) -> dict[str, Any]:
    cells = {
        "Name": f"Ann Person{chr(97 + number % 26)}{'x' * (number // 26)}",
        "Email": f"ann{number}@firm{number}-lead.net",
    }
    return {
        "id": f"rec{number:014d}",
        "createdTime": OLD,
        "fields": {**cells, "Status": "auto_send", "Size": number, "Last Modified": OLD},
    }


@dataclass
class FollowWorld:
    """A project folder whose Airtable is a server on a thread, in virtual time."""

    root: Path
    data: Path
    url: str
    clock: VirtualClock
    config: dict[str, Any] = field(default_factory=dict)

    @property
    def snapshots(self) -> Path:
        return self.root / "snapshots"

    @property
    def table(self) -> Any:
        return Api("patOther", endpoint_url=self.url, retry_strategy=None).table(BASE, TABLE)

    @property
    def settings(self) -> settings.Settings:
        path = self.root / "config" / "dq.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(self.config))
        return settings.load(path, {})

    def watch(self) -> Watch:
        return Watch(self.clock.utc, lambda *_: None, lambda: False)

    @contextmanager
    def stores(self) -> Iterator[Stores]:
        airtable = AirtableStore(BASE, "patTest", self.url, 0, clock=self.clock.monotonic, sleep=self.clock.sleep)
        database = SqliteStore(self.root / "leads.db")
        try:
            yield Stores(database, airtable, BASE, "leads.db")
        finally:
            airtable.close()
            database.close()

    def snapshot(self, *, full: bool = False, after: float = HOUR) -> Manifest:
        """A snapshot, some seconds later."""
        self.clock.sleep(after)
        with self.stores() as stores:
            return pipeline.snapshot(self.settings, stores, self.watch(), full=full)

    def clean(self) -> pipeline.Cleaned:
        return pipeline.clean(self.settings, self.clock.utc(), ALL_STEPS, lambda _: None)

    def apply(self, **brakes: int) -> pipeline.Applied:
        with self.stores() as stores:
            return pipeline.apply(self.settings, stores, Permission(brakes), self.watch())

    def run(self, *, full: bool = False, **brakes: int) -> pipeline.Cleaned:
        """Snapshot, clean, apply: the plan."""
        self.snapshot(full=full)
        cleaned = self.clean()
        self.apply(**brakes)
        return cleaned

    def sql(self, statement: str, *values: Any) -> list[Any]:
        with closing(sqlite3.connect(self.root / "leads.db")) as connection, connection:
            return connection.execute(statement, values).fetchall()

    def restore(self, record_id: str) -> None:
        answer = requests.post(f"{self.url}/_sandbox/bases/{BASE}/tables/{TABLE}/trash/{record_id}/restore", timeout=10)
        answer.raise_for_status()

    def asked(self) -> int:
        return sandbox.calls(self.url).get(BASE, 0)

    def held(self, manifest: Manifest) -> pl.DataFrame:
        return pl.read_parquet(self.snapshots / manifest.id / manifest.table("airtable", TABLE).file)

    def truth(self) -> pl.DataFrame:
        """What a full reading gives now, sorted by id."""
        with self.stores() as stores:
            schema = stores.airtable.describe(TABLE, [*MAPPING.values(), "Last Modified", "Lead ID"])
            return pl.concat(pl.DataFrame(batch) for batch in stores.airtable.batches(schema)).sort("id")


def reading(manifest: Manifest) -> Reading:
    return manifest.table("airtable", TABLE).reading


@contextmanager
def follow_world(root: Path, deletes: str = "none", records: int = 30, **incremental: Any) -> Iterator[FollowWorld]:
    """A world of so many records; the database is empty."""
    data, clock = root / "airtable.db", VirtualClock()
    table = {
        "id": TABLE,
        "name": "Leads",
        "primaryFieldId": FIELDS[0]["id"],
        "fields": FIELDS,
        "records": [record(number) for number in range(records)],
    }
    sandbox.load({"bases": [{"id": BASE, "name": "Follow", "tables": [table]}]}, data)
    with closing(sqlite3.connect(root / "leads.db")) as connection, connection:
        connection.execute(MADE)
    with served(data, options=Options(rps=0), clock=clock) as url:
        there = {"base": BASE, "token": "patTest", "endpoint_url": url}
        config = {
            "stores": {
                "database": {"url": "sqlite:///leads.db"},
                "airtable": {**there, "incremental": {"deletes": deletes, **incremental}},
            },
            "tables": [
                {
                    "database": "leads",
                    "airtable": "Leads",
                    "link": {"database": "airtable_id", "airtable": "Lead ID"},
                    "mapping": dict(MAPPING),
                }
            ],
        }
        yield FollowWorld(root, data, url, clock, config)
