"""A model world: both stores, two people, faults, crashes, a clock that jumps, two schedulers; all from one number.

What people do is written down as it happens, so that the end can be held against it. Airtable and its clients live on
virtual time; the database is a file of its own. A lead is known by its e-mail address, which nobody edits.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

import requests
from projects import Project
from simulate_world import Line

from dq.sandbox import faults

FIELDS = {"title": "Title", "company": "Company"}
"""What people edit: the database's column and Airtable's field."""
POLICIES = (
    ["most_recent", "database_wins"],
    ["database_wins"],
    ["airtable_wins"],
    ["highest_quality", "airtable_wins"],
)
MEETING = 0.4
"""How likely a deed strikes a lead that somebody just worked on in the other store."""
Place = tuple[str, str, str, str]
"""store, table, row key, column."""


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
        before: What the cell held before an edit.
    """

    tick: int
    store: str
    email: str
    act: str
    field: str | None = None
    value: str | None = None
    before: str | None = None


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
    hand: set[tuple[Place, Any]] = field(default_factory=set)
    """Cells that people wrote, with what they wrote; a row that they deleted has no column and no value."""
    complete: list[tuple[int, int]] = field(default_factory=list)
    """Ticks of the beginning and the end of every run that came through and left nothing out."""
    attempts: list[int] = field(default_factory=list)
    """Ticks at which a run began, whatever became of it."""
    writes: list[int] = field(default_factory=list)
    """Ticks at which dq began to write, or to settle what it had begun to write."""
    schedule: faults.Schedule = field(default_factory=lambda: faults.Schedule(()))
    deaths: list[str] = field(default_factory=list)
    """Moments at which a process was killed."""
    refusals: int = 0

    # what people do ------------------------------------------------------------------------------------------------

    def live(self, acts: int) -> None:
        """Let people do something, now here, now there."""
        for _ in range(acts):
            self.line.clock.sleep(self.dice.choice((1, 7, 400, 90_000)))
            act = self.dice.choices((self.edit, self.delete, self.add, self.twin), (11, 3, 4, 1))[0]
            act(self.dice.choice(("database", "airtable")))

    def edit(self, store: str) -> None:
        store, email, name = self.aim(store)
        if not email:
            return
        self.number += 1
        value = self.dice.choice((f"Chief {self.number}", f"  Chief   {self.number} ", f"Chief {self.number}", None))
        held = {
            row.get("email") or row.get("Email"): row
            for row in (self.rows() if store == "database" else self.records())
        }
        before = held[email].get(name if store == "database" else FIELDS[name])
        if store == "database":
            self.update(email, {name: value})
        else:
            self.patch(email, {FIELDS[name]: value})
        if _plain(before) != _plain(value):  # else nothing was edited
            self.note(store, email, "edit", name, value, before)

    def delete(self, store: str) -> None:
        store, email, _ = self.aim(store)
        if not email or len(self.emails(store)) < 8:
            return
        if store == "database":
            self.update(email, {"deleted_at": self.now()})
        else:
            record = self.record(email)
            self.api("delete", record)
            self.hand.add((("airtable", "Leads", record, ""), None))
        self.note(store, email, "delete")

    def aim(self, store: str) -> tuple[str, str, str]:
        """Store, lead and field of the next deed: often of a lead that somebody just worked on in the other store."""
        name = self.dice.choice(list(FIELDS))
        if self.deeds and self.dice.random() < MEETING:
            last = self.dice.choice(self.deeds[-3:])
            there = "airtable" if last.store == "database" else "database"
            if last.email in self.emails(there):
                return there, last.email, last.field or name
        emails = self.emails(store)
        return store, self.dice.choice(emails) if emails else "", name

    def add(self, store: str) -> None:
        self.number += 1
        word = _word(self.number)
        email = f"ida.added{word}@added{word}works.net"  # nobody's placeholder: a twin must be known by it
        self.made(store, email, f"Ida Added{word}")
        self.note(store, email, "add")

    def twin(self, store: str) -> None:
        """The same lead once more: same name, same address."""
        doubled = {deed.email for deed in self.deeds if deed.act == "twin"}
        emails = [email for email in self.emails(store) if email not in doubled]
        if not emails:
            return
        email = self.dice.choice(emails)
        names = {row["email"]: row["name"] for row in self.rows()}
        self.made(store, email, names.get(email) or "Ida Twin")
        self.note(store, email, "twin")

    def made(self, store: str, email: str, name: str) -> None:
        self.number += 1
        if store == "database":
            cells = {"name": name, "email": email, "created_at": self.now(), "updated_at": self.now()}
            sql = "INSERT INTO leads(id, name, email, created_at, updated_at) VALUES (?, ?, ?, ?, ?)"
            self.project.sql(sql, f"made-{self.number}", *cells.values())
            self.wrote("database", "leads", f"made-{self.number}", {"id": f"made-{self.number}", **cells})
        else:
            cells = {"Full Name": name, "Email": email}
            self.wrote("airtable", "Leads", self.api("post", None, {"fields": cells})["id"], cells)

    def update(self, email: str, cells: dict[str, Any]) -> None:
        """Change cells of a lead in the database."""
        cells = {**cells, "updated_at": self.now()}
        names = ", ".join(f"{name} = ?" for name in cells)
        for row in self.rows():
            if row["email"] == email:
                self.wrote("database", "leads", row["id"], cells)
        self.project.sql(f"UPDATE leads SET {names} WHERE email = ? AND deleted_at IS NULL", *cells.values(), email)

    def patch(self, email: str, cells: dict[str, Any]) -> None:
        """Change cells of a lead's record."""
        record = self.record(email)
        self.api("patch", record, {"fields": cells})
        self.wrote("airtable", "Leads", record, cells)

    def wrote(self, store: str, table: str, key: str, cells: dict[str, Any]) -> None:
        self.hand |= {((store, table, key, name), value) for name, value in cells.items()}

    def note(self, store: str, email: str, act: str, *cell: str | None) -> None:
        """Remember what was done; of an edit the field, what it holds and what it held."""
        self.tick += 1
        self.deeds.append(Deed(self.tick, store, email, act, *cell))

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

    def cells(self) -> dict[Place, Any]:
        """Every cell of both stores that holds something."""
        tables = {("database", name): rows for name, rows in self.project.rows().items()}
        tables["airtable", "Leads"] = self.project.records()
        return {
            (store, table, key, column): value
            for (store, table), rows in tables.items()
            for key, row in rows.items()
            for column, value in row.items()
            if value is not None and value != ""
        }

    def api(self, method: str, record: str | None, body: Any = None) -> Any:
        """One call of a person's, at a quiet moment."""
        self.line.clock.sleep(3)
        url = f"{self.line.url}/v0/{self.project.base_id}/Leads" + (f"/{record}" if record else "")
        answer = requests.request(method, url, json=body, headers={"Authorization": "Bearer patPerson"}, timeout=30)
        assert answer.status_code == 200, answer.text
        self.line.clock.sleep(3)
        return answer.json()

    @property
    def wins(self) -> str | None:
        """The store that a policy prefers whatever the values are; None where it depends on them."""
        [policy, *_] = self.project.config()["sync"]["conflict"]
        return {"database_wins": "database", "airtable_wins": "airtable"}.get(policy)


def _word(number: int) -> str:
    """A number as letters: names have no digits."""
    return "".join(chr(97 + int(digit)) for digit in str(number))


def _plain(value: str | None) -> str:
    """A text as its standard form has it; a cleared one is empty."""
    return " ".join((value or "").split())
