"""A model world: both stores, two people, faults, crashes, a clock that jumps, two schedulers; all from one number.

What people do is written down as it happens, so that the end can be held against it. Airtable and its clients live on
virtual time; the database is a file of its own. A lead is known by its e-mail address, which nobody edits.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

import pytest
import requests
from projects import Project
from simulate_world import ALL, Line, trouble

from dq import pipeline
from dq.apply import base as base_state
from dq.apply.journal import Journal
from dq.errors import TemporaryError
from dq.pipeline.opening import Stores
from dq.rules import ALL_STEPS
from dq.sandbox import faults
from dq.settings import Settings
from dq.stores.sqlite import SqliteStore

FIELDS = {"title": "Title", "company": "Company"}
"""What people edit: the database's column and Airtable's field."""
POLICIES = (
    ["most_recent", "database_wins"],
    ["database_wins"],
    ["airtable_wins"],
    ["highest_quality", "airtable_wins"],
)
ROUNDS = 4
TRIES = 30
QUIET = 5
"""Runs after which a world that nobody disturbs must be at rest."""


class Killed(BaseException):
    """The process is gone: nothing after this line was done."""


@dataclass(frozen=True)
class Deed:
    """What a person did.

    Attributes:
        tick: When, as the world counts.
        store: Where.
        email: Which lead.
        act: `edit`, `delete`, `add` or `twin`.
        field: Of an edit.
        value: Of an edit; None clears the cell.
    """

    tick: int
    store: str
    email: str
    act: str
    field: str | None = None
    value: str | None = None


@dataclass
class World:
    """A project, what happened in it, and the dice that decide what happens next."""

    project: Project
    line: Line
    dice: Random
    tick: int = 0
    number: int = 0
    offset: timedelta = timedelta()
    deeds: list[Deed] = field(default_factory=list)
    complete: list[tuple[int, int]] = field(default_factory=list)
    """Ticks of the beginning and the end of every run that came through and left nothing out."""
    attempts: list[int] = field(default_factory=list)
    """Ticks at which a run began, whatever became of it."""
    schedule: faults.Schedule = field(default_factory=lambda: faults.Schedule(()))
    crashes: int = 0
    refusals: int = 0

    # what people do ------------------------------------------------------------------------------------------------

    def live(self, acts: int) -> None:
        """Let people do something, now here, now there."""
        for _ in range(acts):
            self.line.clock.sleep(self.dice.choice((1, 7, 400, 90_000)))
            act = self.dice.choices((self.edit, self.delete, self.add, self.twin), (12, 2, 2, 1))[0]
            act(self.dice.choice(("database", "airtable")))

    def edit(self, store: str) -> None:
        emails = self.emails(store)
        if not emails:
            return
        email, name = self.dice.choice(emails), self.dice.choice(list(FIELDS))
        self.number += 1
        value = self.dice.choice((f"Chief {self.number}", f"  Chief   {self.number} ", f"Chief {self.number}", None))
        held = {
            row.get("email") or row.get("Email"): row
            for row in (self.rows() if store == "database" else self.records())
        }
        before = held[email].get(name if store == "database" else FIELDS[name])
        if store == "database":
            sql = f"UPDATE leads SET {name} = ?, updated_at = ? WHERE email = ? AND deleted_at IS NULL"
            self.project.sql(sql, value, self.now(), email)
        else:
            self.api("patch", self.record(email), {"fields": {FIELDS[name]: value}})
        if " ".join((before or "").split()) != " ".join((value or "").split()):  # else nothing was edited
            self.note(store, email, "edit", name, value)

    def delete(self, store: str) -> None:
        emails = self.emails(store)
        if len(emails) < 8:
            return
        email = self.dice.choice(emails)
        if store == "database":
            self.project.sql(
                "UPDATE leads SET deleted_at = ?, updated_at = ? WHERE email = ?", self.now(), self.now(), email
            )
        else:
            self.api("delete", self.record(email))
        self.note(store, email, "delete")

    def add(self, store: str) -> None:
        self.number += 1
        email = f"lead{self.number}@added{self.number}.example"
        self.made(store, email, f"Ida Added{_word(self.number)}")
        self.note(store, email, "add")

    def twin(self, store: str) -> None:
        """The same lead once more: same name, same address."""
        emails = [
            email for email in self.emails(store) if not any(d.email == email and d.act == "twin" for d in self.deeds)
        ]
        if not emails:
            return
        email = self.dice.choice(emails)
        names = {row["email"]: row["name"] for row in self.rows()}
        self.made(store, email, names.get(email) or "Ida Twin")
        self.note(store, email, "twin")

    def made(self, store: str, email: str, name: str) -> None:
        self.number += 1
        if store == "database":
            sql = "INSERT INTO leads(id, name, email, created_at, updated_at) VALUES (?, ?, ?, ?, ?)"
            self.project.sql(sql, f"made-{self.number}", name, email, self.now(), self.now())
        else:
            self.api("post", None, {"fields": {"Full Name": name, "Email": email}})

    def note(self, store: str, email: str, act: str, name: str | None = None, value: str | None = None) -> None:
        self.tick += 1
        self.deeds.append(Deed(self.tick, store, email, act, name, value))

    # what there is -------------------------------------------------------------------------------------------------

    def now(self) -> str:
        return self.line.clock.utc().isoformat()

    def rows(self) -> list[dict[str, Any]]:
        """The leads of the database that are not deleted."""
        return [row for row in self.project.rows()["leads"].values() if row["deleted_at"] is None]

    def records(self) -> list[dict[str, Any]]:
        """Airtable's records, with their ids."""
        return [{"id": key, **cells} for key, cells in self.project.records().items()]

    def emails(self, store: str) -> list[str]:
        rows = self.rows() if store == "database" else self.records()
        return sorted({str(row.get("email") or row.get("Email") or "") for row in rows} - {""})

    def record(self, email: str) -> str:
        return min(record["id"] for record in self.records() if record.get("Email") == email)

    def api(self, method: str, record: str | None, body: Any = None) -> None:
        """One call of a person's, at a quiet moment."""
        self.line.clock.sleep(3)
        url = f"{self.line.url}/v0/{self.project.base_id}/Leads" + (f"/{record}" if record else "")
        answer = requests.request(method, url, json=body, headers={"Authorization": "Bearer patPerson"}, timeout=30)
        assert answer.status_code == 200, answer.text
        self.line.clock.sleep(3)

    # what dq does --------------------------------------------------------------------------------------------------

    @property
    def wins(self) -> str | None:
        """The store that a policy prefers whatever the values are; None where it depends on them."""
        [policy, *_] = self.project.config()["sync"]["conflict"]
        return {"database_wins": "database", "airtable_wins": "airtable"}.get(policy)

    @contextmanager
    def session(self) -> Iterator[tuple[Settings, Stores, pipeline.Watch]]:
        """A scheduler's process: the project's lock, both stores, and a clock that may be wrong."""
        with self.line.session() as (settings, stores, watch), pipeline.locked(settings):
            late = self.offset
            yield settings, stores, pipeline.Watch(lambda: self.line.clock.utc() + late, watch.progress, watch.stop)

    def run(self, *, disturbed: bool) -> int:
        """A run, begun again until it comes through; the number of changes that it planned last."""
        if disturbed:
            faults.put(
                self.line.url, trouble(self.dice.randrange(10**6), rate=self.dice.choice((0.0, 0.1, 0.3)), slow=False)
            )
        try:
            for _ in range(TRIES):
                try:
                    return self._attempt(disturbed=disturbed)
                except TemporaryError:
                    self.line.clock.sleep(60)
                except Killed:
                    self.crashes += 1
            raise AssertionError(f"{TRIES} tries were not enough")
        finally:
            faults.clear(self.line.url)

    def _attempt(self, *, disturbed: bool) -> int:
        self.line.clock.sleep(120)  # what was typed just now would wait for the next run
        begun = self.tick
        self.attempts.append(begun)
        self.tick += 1
        with self.dying(disturbed), self.session() as (settings, stores, watch):
            pipeline.snapshot(settings, stores, watch)
            self._meanwhile(disturbed)
            cleaned = pipeline.clean(settings, watch.clock(), ALL_STEPS, lambda _: None)
            self._meanwhile(disturbed)
            if disturbed and self.dice.random() < 0.1:
                self._second_scheduler()
            applied = pipeline.apply(settings, stores, ALL, watch)
            report = applied.report
            if report is not None and report.failing:
                raise AssertionError(f"the run was taken back: {report.failing}")
            if not cleaned.plan.counts.get("waiting") and (report is None or not report.failed):
                self.complete.append((begun, self.tick))
                self.tick += 1
            return cleaned.plan.changes

    def _meanwhile(self, disturbed: bool) -> None:
        """People do not wait for dq."""
        if disturbed and self.dice.random() < 0.3:
            faults.clear(self.line.url)
            self.live(1)
            faults.put(self.line.url, self.schedule)

    def _second_scheduler(self) -> None:
        with pytest.raises(TemporaryError, match="Another dq"), self.session():
            raise AssertionError("two writers at once")
        self.refusals += 1

    @contextmanager
    def dying(self, disturbed: bool) -> Iterator[None]:
        """Let the process be killed at one of the moments that a journal, a transaction and the base have."""
        at = self.dice.randrange(1, 60) if disturbed and self.dice.random() < 0.4 else 0
        passed = 0

        def around(patch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
            inner = getattr(owner, name)

            def outer(*args: Any, **options: Any) -> Any:
                moment()
                found = inner(*args, **options)
                moment()
                return found

            patch.setattr(owner, name, outer)

        def moment() -> None:
            nonlocal passed
            passed += 1
            if passed == at:
                raise Killed

        with pytest.MonkeyPatch.context() as patch:
            if at:
                for owner, name in (
                    (Journal, "note"),
                    (Journal, "begin"),
                    (Journal, "settle"),
                    (SqliteStore, "write"),
                    (base_state, "write_parquet"),
                    (base_state, "write_json"),
                ):
                    around(patch, owner, name)
            yield


def _word(number: int) -> str:
    """A number as letters: names have no digits."""
    return "".join(chr(97 + int(digit)) for digit in str(number))


def lived(world: World, rounds: int) -> None:
    """Rounds of people and runs, disturbed; then it goes quiet, and runs come until there is nothing to do."""
    for _ in range(rounds):
        world.live(world.dice.randrange(1, 5))
        world.offset = world.dice.choice(
            (timedelta(), timedelta(), timedelta(hours=-1), timedelta(hours=1), timedelta(days=-2))
        )
        world.run(disturbed=True)
    world.offset = timedelta()
    for _ in range(QUIET):
        if world.run(disturbed=False) == 0:
            return
    raise AssertionError(f"still changes after {QUIET} quiet runs")


def undone(world: World) -> None:
    """People live on, dq runs, and undo of everything gives back what people left."""
    world.live(4)
    before = everything(world)
    done = [(world.project.snapshots / "latest").read_text() for _ in range(2) if world.run(disturbed=False)]
    for run in reversed(done):
        with world.session() as (settings, stores, watch):
            from dq.apply.undo import Scope

            wanted = pipeline.Asked(run, Scope(), "tester")
            taken = pipeline.undo(settings, stores, wanted, ALL, watch, lambda _: None)
            assert taken.undone.kept == (), taken.undone.kept
    after = everything(world)
    lost = {name: sorted(set(before[name]) ^ set(after[name])) for name in before}
    assert after == before, f"undo did not give back the beginning: {lost}"


def everything(world: World) -> dict[str, list[str]]:
    """Both stores without ids that Airtable gives and without times, in an order of their own."""
    times = ("created_at", "updated_at", "Last Modified", "Changed", "Score", "Lead ID", "id")
    known = {record["id"] for record in world.records()}
    rows = [{**row, "airtable_id": row["airtable_id"] in known} for row in world.project.rows()["leads"].values()]
    plain = [{n: c for n, c in row.items() if n not in times[:2]} for row in rows]
    records = [
        {n: c for n, c in record.items() if n not in times and c not in ("", None)} for record in world.records()
    ]
    return {
        name: sorted(json.dumps(one, sort_keys=True, default=str) for one in held)
        for name, held in (("database", plain), ("airtable", records))
    }


Check = Callable[[World], None]
