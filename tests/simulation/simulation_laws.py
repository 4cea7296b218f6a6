"""What must hold when a world has gone quiet: the laws that every seed is held against."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
from projects import Project
from simulate_world import line
from simulation_proofs import demand_audit, demand_base, demand_finished
from simulation_runs import ROUNDS, lived, undone
from simulation_world import FIELDS, POLICIES, Deed, Place, World

from dq.apply.journal import journal


def demand_agreement(world: World) -> None:
    """Every lead is in both stores once, linked both ways, and their cells mean the same."""
    rows = {row["id"]: row for row in world.rows()}
    records = {record["id"]: record for record in world.records()}
    assert {row["airtable_id"] for row in rows.values()} == set(records), "a lead is in one store only"
    for row in rows.values():
        record = records[row["airtable_id"]]
        assert record.get("Lead ID") == row["id"], "the link goes one way"
        for column, name in {**FIELDS, "name": "Full Name", "email": "Email", "phone": "Phone"}.items():
            assert (row[column] or None) == (record.get(name) or None), f"{column} differs"


def demand_nothing_twice(world: World) -> None:
    """No lead is in a store twice."""
    for store, name in (("database", "email"), ("airtable", "Email")):
        held = world.rows() if store == "database" else world.records()
        twice = [email for email, count in Counter(row.get(name) for row in held).items() if email and count > 1]
        assert not twice, f"{len(twice)} leads are in {store} twice"


def demand_no_edit_lost(world: World) -> None:
    """A cell holds the last edit of one of its people; the other's was seen before it, or lost to it by policy."""
    held = {row["email"]: row for row in world.rows()}
    twins = {deed.email for deed in world.deeds if deed.act in ("twin", "delete")}
    overwritten = _overwritten(world)
    for email, column in sorted({(d.email, d.field) for d in world.deeds if d.act == "edit" and d.email not in twins}):
        last = {store: _last(world, store, email, str(column)) for store in ("database", "airtable")}
        edits = [deed for deed in last.values() if deed is not None]
        value = _plain(held[email][str(column)]) if email in held else None
        winners = [deed for deed in edits if _plain(deed.value) == value]
        assert email in held, "a lead is gone that nobody deleted"
        assert winners, f"{column} holds nobody's last word"
        preferred = world.wins
        theirs = [deed for deed in edits if not _put_back(deed, [one for one in world.deeds if one.email == email])]
        if preferred and len(theirs) == 2 and not _saw(world, *sorted(edits, key=lambda deed: deed.tick)):
            assert not _never_met(world, edits) or preferred in {winner.store for winner in winners}, (
                f"a conflict of {column} went against the policy"
            )
        for loser in (deed for deed in edits if deed not in winners):
            assert not any(_saw(world, winner, loser) for winner in winners), (
                f"a later edit of {column} lost to an older one"
            )
            assert loser.value is None or _plain(loser.value) in overwritten, (
                f"a lost edit of {column} is not in a journal"
            )


def demand_merges(world: World) -> None:
    """Nothing was merged that people had not doubled: dq makes no duplicates of its own."""
    doubled = {deed.email for deed in world.deeds if deed.act == "twin"}
    for path in world.project.snapshots.glob("*/changeset.parquet"):
        changes = pl.read_parquet(path).filter((pl.col("reason") == "merge") & (pl.col("op") == "delete"))
        emails = {str(row.get("Email") or row.get("email")) for row in map(json.loads, changes["before"].drop_nulls())}
        assert emails <= doubled, "dq made a duplicate"


def demand_deletions(world: World) -> None:
    """A deleted lead is gone from both stores, unless somebody worked on it since or at the same time."""
    emails = {row["email"] for row in world.rows()}
    twins = {deed.email for deed in world.deeds if deed.act == "twin"}
    for email in sorted({deed.email for deed in world.deeds if deed.act == "delete"} - twins):
        deeds = [deed for deed in world.deeds if deed.email == email]
        deleted = next(deed for deed in reversed(deeds) if deed.act == "delete")
        others = [
            deed
            for deed in deeds
            if deed.act in ("edit", "add") and not _seen(world, deed, deleted.tick) and not _taken_back(deed, deeds)
        ]
        if not others:
            assert email not in emails, (
                f"a deleted lead is there: {deeds}, begun {world.attempts}, complete {world.complete}"
            )
        elif any(
            deed.store != deleted.store and deed.act == "edit" and not _maybe_seen(world, deed, deleted)
            for deed in others
            if not _put_back(deed, deeds)
        ):
            assert email in emails, (
                f"an edited lead is gone: {deeds}, begun {world.attempts}, complete {world.complete}"
            )
    known = {deed.email for deed in world.deeds if deed.act == "delete"}
    added = {deed.email for deed in world.deeds if deed.act == "add"}
    assert added - known <= emails, "a lead is gone that nobody deleted"


def demand_people_first(world: World, beginning: set[str]) -> None:
    """No lead is gone that nobody deleted."""
    deleted = {deed.email for deed in world.deeds if deed.act == "delete"}
    assert beginning - deleted <= {row["email"] for row in world.rows()}, "a lead is gone that nobody deleted"


def _last(world: World, store: str, email: str, column: str) -> Deed | None:
    edits = [d for d in world.deeds if (d.store, d.email, d.act, d.field) == (store, email, "edit", column)]
    return edits[-1] if edits else None


def _cell(deed: Deed) -> tuple[str, str | None]:
    return deed.email, deed.field


def _never_met(world: World, edits: Sequence[Deed]) -> bool:
    """Whether dq wrote nothing between two edits, and found no agreement on the first: they certainly met as a conflict."""
    first, later = sorted(edits, key=lambda deed: deed.tick)
    theirs = [deed for deed in world.deeds if (deed.store, deed.email, deed.field) == (later.store, *_cell(later))]
    if any(deed.tick < later.tick and _plain(deed.value) == _plain(first.value) for deed in theirs):
        return False
    return not any(first.tick <= begun < later.tick for begun in world.writes)


def _saw(world: World, first: Deed, later: Deed) -> bool:
    """Whether a run brought the first deed to the other store before the later one was done."""
    return first.tick < later.tick and _seen(world, first, later.tick)


def _seen(world: World, deed: Deed, until: int) -> bool:
    return any(deed.tick <= begun and ended < until for begun, ended in world.complete)


def _maybe_seen(world: World, deed: Deed, later: Deed) -> bool:
    """Whether any run, one that was cut off too, began between two deeds."""
    return any(deed.tick <= begun < later.tick for begun in world.attempts)


def _taken_back(deed: Deed, deeds: Sequence[Deed]) -> bool:
    """Whether the lead was deleted where the deed was done, after it."""
    return any(one.act == "delete" and one.store == deed.store and one.tick > deed.tick for one in deeds)


def _put_back(edit: Deed, deeds: Sequence[Deed]) -> bool:
    """Whether the cell holds in the end what it once held: then nobody can tell that it was edited."""
    edits = [one for one in deeds if (one.act, one.store, one.field) == ("edit", edit.store, edit.field)]
    return bool(edits) and _plain(edits[-1].value) in {_plain(one.before) for one in edits}


def _plain(value: Any) -> str | None:
    """A text as its standard form has it."""
    return " ".join(str(value).split()) or None if value is not None else None


def _overwritten(world: World) -> set[str]:
    """Every text that dq wrote over or deleted, as its journals have it."""
    found: set[str] = set()
    for path in world.project.snapshots.glob("*/journal.sqlite"):
        with journal(path) as opened:
            for entry in opened.entries():
                images: list[Mapping[str, Any]] = [entry.write.before, entry.pre_image or {}]
                found |= {text for image in images for cell in image.values() if (text := _plain(cell))}
    return found


def demand_all(world: World, beginning: dict[Place, Any], emails: set[str]) -> None:
    """Every law."""
    demand_finished(world)
    demand_agreement(world)
    demand_nothing_twice(world)
    demand_no_edit_lost(world)
    demand_deletions(world)
    demand_merges(world)
    demand_people_first(world, emails)
    demand_base(world)
    demand_audit(world, beginning)


def _settled(peaceful: Project, root: Path, seed: int) -> Project:
    project = peaceful.copy(root)
    config = project.config()
    config["sync"]["conflict"] = POLICIES[seed % len(POLICIES)]
    config["limits"] = {"requests_per_second": 50, "batch_size": 5}
    project.configure(config)
    return project


def live(peaceful: Project, root: Path, seed: int) -> World:
    """One world from its beginning to its end; every fifth is undone again, and must come to rest once more."""
    project = _settled(peaceful, root, seed)
    with line(project) as opened:
        made = World(project, opened, Random(seed))
        beginning, emails = made.cells(), {row["email"] for row in made.rows()}
        lived(made, ROUNDS)
        demand_all(made, beginning, emails)
        if seed % 5 == 0:
            undone(made)
            lived(made, 0)
            demand_finished(made)
            demand_agreement(made)  # duplicates that a merge had joined stay apart: undo remembers that
            demand_base(made)
            demand_audit(made, beginning)
    return made
