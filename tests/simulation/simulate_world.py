"""One plan, carried out again and again on copies of one project, while the line breaks and people work in Airtable."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import polars as pl
from projects import MAPPING, TIMES, Project

from dq import pipeline, settings
from dq.cli.options import BRAKES
from dq.errors import TemporaryError
from dq.pipeline.opening import Stores, location
from dq.sandbox import faults, people, served
from dq.sandbox.clock import VirtualClock
from dq.sandbox.options import Options
from dq.stores.airtable import AirtableStore
from dq.stores.sqlite import SqliteStore

T = TypeVar("T")
START = datetime(2032, 1, 1, tzinfo=UTC)
LATER = "2031-01-01T00:00:00+00:00"
ATTEMPTS = 40
ALL = pipeline.Permission(dict.fromkeys(BRAKES, 1000))
TITLE, NAME, EMAIL = MAPPING["title"], MAPPING["name"], MAPPING["email"]


@dataclass(frozen=True)
class Scene:
    """A project with a plan that was not begun, and what its stores hold when nothing disturbs the apply.

    Attributes:
        project: Copy it before you work on it.
        after: Both stores afterwards, under names that do not depend on ids that Airtable gives.
        visited: Ids of the records that people may edit: their title is not the plan's.
        removable: Ids of the records that people may delete: they are not in the plan at all.
    """

    project: Project
    after: Mapping[str, Any]
    visited: tuple[str, ...]
    removable: tuple[str, ...]


def lived_in(project: Project) -> None:
    """New leads, edits, deletions and duplicates on both sides: every kind of write, some twenty requests."""
    keys = [row[0] for row in project.sql("SELECT id FROM leads ORDER BY id")]
    for key in keys[:14]:
        project.sql("UPDATE leads SET title = 'Chief of ' || ?, updated_at = ? WHERE id = ?", key[:4], LATER, key)
    columns = ", ".join(MAPPING)
    for n, key in enumerate(keys[14:17]):
        project.sql(
            f"INSERT INTO leads(id, {columns}, created_at, updated_at) SELECT 'twin-{n}', {columns}, ?, ? FROM leads WHERE id = ?",
            LATER, LATER, key,
        )  # fmt: skip
    for n in range(13):
        project.sql(
            "INSERT INTO leads(id, name, email, created_at, updated_at) VALUES (?, ?, ?, ?, ?)",
            f"new-{n:02}", f"Noa Newrow{chr(97 + n)}", f"noa@row{n}.example", LATER, LATER,
        )  # fmt: skip
    for key in keys[17:22]:
        for table in ("lead_enrichment", "campaigns", "pipeline_activity"):
            project.sql(f"DELETE FROM {table} WHERE lead_id = ?", key)
        project.sql("DELETE FROM leads WHERE id = ?", key)

    def change(base: dict[str, Any]) -> None:
        table = base["tables"][0]
        for record in table["records"][-4:]:
            record["fields"][TITLE] = "Head of Dishes"
            record["fields"]["Last Modified"] = "2031-01-01T00:00:00.000Z"
        table["records"] += [
            {"id": f"recPerson{n:08}", "createdTime": "2031-01-01T00:00:00.000Z", "fields": {NAME: f"Ida Ownrow{n}", EMAIL: f"ida@own{n}.example"}}
            for n in range(3)
        ]  # fmt: skip

    project.edit_records(change)


def staged(project: Project) -> Scene:
    """A scene from a project in agreement: it is lived in, planned, and a copy of it applied undisturbed."""
    project.configure({**project.config(), "limits": {"requests_per_second": 50, "batch_size": 5}})
    lived_in(project)
    for command in (("snapshot",), ("clean",)):
        assert project.dq(*command).code == 0
    changes = pl.read_parquet(project.latest / "changeset.parquet").filter(store="airtable")
    titled = set(changes.filter(field=TITLE)["row_key"]) | set(changes.filter(op="delete")["row_key"])
    touched = set(changes["row_key"].drop_nulls())
    linked = {row["airtable_id"] for row in project.rows()["leads"].values() if row["airtable_id"]}
    quiet = sorted(linked - titled)
    removable = [record for record in quiet if record not in touched][::3]
    copy = project.copy(project.root.parent / "undisturbed")
    ended = copy.dq("apply", "--yes", "--max-deletes", "100", "--max-merges", "100", "--max-field-changes", "100")
    assert ended.code == 0, ended.err
    visited = tuple(record for record in quiet if record not in removable)
    return Scene(project, held(copy), visited, tuple(removable))


def held(project: Project) -> dict[str, Any]:
    """Both stores: rows and records by names that do not depend on ids that Airtable gives, and without times."""
    records = project.records()
    leads = project.rows()["leads"]
    names = {record: _name(record, cells) for record, cells in records.items()}
    known = set(leads) | {name for name in names.values() if name.startswith("recPerson")}
    database = {
        key: {n: names.get(c, c) if n == "airtable_id" else c for n, c in row.items() if n not in TIMES}
        for key, row in leads.items()
    }
    airtable = {
        names[record]: {n: c for n, c in cells.items() if n not in TIMES and n != "Lead ID"} | {"Lead ID": cells.get("Lead ID") in known}
        for record, cells in records.items()
    }  # fmt: skip
    assert len(airtable) == len(records), "a record was made twice"
    children = {table: rows for table, rows in project.rows().items() if table != "leads"}
    return {"leads": database, "airtable": airtable, **{t: _plain(rows) for t, rows in children.items()}}


def _plain(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    return {key: {n: c for n, c in row.items() if n not in TIMES} for key, row in rows.items()}


def _name(record: str, cells: Mapping[str, Any]) -> str:
    """A record's own id where the test gave it, else its lead's key, else who it is."""
    if record.startswith("recPerson"):
        return record
    return str(cells.get("Lead ID") or cells.get(NAME) or record)


@dataclass
class Line:
    """A sandbox that runs on virtual time, and how to reach it.

    Attributes:
        project: Whose Airtable it is.
        clock: The time of server and client.
        url: Where it answers.
    """

    project: Project
    clock: VirtualClock
    url: str

    @contextmanager
    def session(self) -> Iterator[tuple[settings.Settings, Stores, pipeline.Watch]]:
        """Both stores, opened as a command opens them; each session is a process of its own as far as Airtable sees."""
        path = self.project.root / "config" / "dq.yaml"
        loaded = _loaded(path, path.read_text(encoding="utf-8"))
        database = SqliteStore(self.project.database)
        airtable = AirtableStore(
            self.project.base_id, "patTest", self.url, 4.5, state=self.project.root / "state", timeout=(2, 1),
            clock=self.clock.monotonic, sleep=self.clock.sleep,
        )  # fmt: skip
        try:
            stores = Stores(database, airtable, self.project.base_id, location(loaded))
            yield loaded, stores, pipeline.Watch(self.clock.utc, lambda *_: None, lambda: False)
        finally:
            airtable.close()
            database.close()

    def insisted(self, step: Callable[[settings.Settings, Stores, pipeline.Watch], T]) -> tuple[T, int]:
        """A step, begun again from wherever it stands whenever it ends with exit code 5; its result and the tries."""
        for attempt in range(ATTEMPTS):
            try:
                with self.session() as opened:
                    return step(*opened), attempt + 1
            except TemporaryError:
                self.clock.sleep(60)
        raise AssertionError(f"{ATTEMPTS} tries were not enough")


@lru_cache(maxsize=4)
def _loaded(path: Path, _text: str) -> settings.Settings:
    """The settings of a file with this text: a session is a process of its own, but need not read the rules again."""
    return settings.load(path, {})


@contextmanager
def line(project: Project) -> Iterator[Line]:
    """The project's Airtable on virtual time, at five requests a second and thirty seconds of penalty."""
    clock = VirtualClock(START)
    with served(project.airtable, options=Options(), clock=clock) as url:
        yield Line(project, clock, url)


def trouble(seed: int, *, rate: float, slow: bool) -> faults.Schedule:
    """Faults of all kinds that pass, before and after the commit."""
    kinds = tuple(kind for kind in faults.PASSING if slow or kind != "delay")
    return faults.seeded(seed, rate, kinds=kinds, seconds=1.3 if slow else 0.2)


def crowd(scene: Scene, seed: int) -> people.Script:
    """People who edit, delete and add records between any two requests."""
    base = scene.project.base_id
    edits = people.Crowd(base, "Leads", 0.15, ("edit",), {TITLE: ("Visitor {n}",)}, scene.visited)
    deletes = people.Crowd(base, "Leads", 0.04, ("delete",), {}, scene.removable, times=2)
    adds = people.Crowd(base, "Leads", 0.03, ("add",), {NAME: ("Guest {n}",)}, times=3)
    return people.Script(crowds=(edits, deletes, adds), seed=seed)


def expected(scene: Scene, deeds: list[dict[str, Any]], names: Mapping[str, str]) -> dict[str, Any]:
    """What an undisturbed apply leaves, and on top of it what people did.

    Args:
        scene: The scene.
        deeds: What people did, in order.
        names: Field id → name.
    """
    after = json.loads(json.dumps(scene.after))
    keys = {row["airtable_id"]: row["id"] for row in scene.project.rows()["leads"].values() if row["airtable_id"]}
    records = after["airtable"]
    for deed in deeds:
        assert deed["refused"] is None, deed
        cells = {names[field]: cell for field, cell in deed["new"].items()}
        if deed["act"] == "add":
            records[cells[NAME]] = {NAME: cells[NAME], "Lead ID": False}
        elif deed["act"] == "delete":
            del records[keys[deed["record"]]]
        else:
            records[keys[deed["record"]]][TITLE] = cells[TITLE]
    for row in after["leads"].values():  # the database still names records that people deleted
        gone = row["airtable_id"] is not None and row["airtable_id"] not in records
        row["airtable_id"] = (
            next(r for r, key in keys.items() if key == row["airtable_id"]) if gone else row["airtable_id"]
        )
    return after


__all__ = ["ALL", "Scene", "crowd", "expected", "held", "line", "replace", "staged", "trouble"]
