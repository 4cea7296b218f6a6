"""What dq does in a world: runs that are disturbed, killed and begun again, and undo; with the life around them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from simulate_world import ALL
from simulation_dying import Killed, dying
from simulation_world import World

from dq import pipeline
from dq.apply.journal import state_of
from dq.apply.undo import Scope
from dq.errors import TemporaryError
from dq.pipeline.opening import Stores
from dq.pipeline.planfiles import Cleaned
from dq.rules import ALL_STEPS
from dq.sandbox import faults
from dq.settings import Settings

ROUNDS = 3
TRIES = 30
PATIENCE = 3
"""Tries after which the line and the machine let a run through."""
QUIET = 5
"""Runs after which a world that nobody disturbs must be at rest."""
KINDS = tuple(kind for kind in faults.PASSING if kind != "delay")
LOST = tuple(faults.Fault(kind, "after", 0.2) for kind in KINDS if kind not in faults.REFUSALS)
"""A write is carried out, and its answer is lost."""


@contextmanager
def session(world: World) -> Iterator[tuple[Settings, Stores, pipeline.Watch]]:
    """A scheduler's process: the project's lock, both stores, and a clock that may be wrong."""
    with world.line.session() as (settings, stores, watch), pipeline.locked(settings):
        late = world.offset
        pipeline.healed(settings, world.line.clock.utc() + late)
        yield settings, stores, pipeline.Watch(lambda: world.line.clock.utc() + late, watch.progress, watch.stop)


def run(world: World, *, disturbed: bool) -> int:
    """A run, begun again or resumed until it comes through; the number of changes that it planned last."""
    attempt = Attempt(world)
    try:
        for tried in range(TRIES):
            attempt.disturbed = disturbed and tried < PATIENCE
            _set_line(world, disturbed=attempt.disturbed)
            try:
                return attempt.resumed() if attempt.may_resume() else attempt.whole()
            except TemporaryError:
                world.line.clock.sleep(60)
            except Killed as moment:
                world.deaths.append(str(moment))
        raise AssertionError(f"{TRIES} tries were not enough")
    finally:
        faults.clear(world.line.url)


def _set_line(world: World, *, disturbed: bool) -> None:
    """Answers of creates are lost more often than those of other writes, and these more often than of what only reads."""
    rate = world.dice.choice((0.0, 0.1, 0.3)) if disturbed else 0.0
    rules = (
        faults.Rule(LOST, on="create", rate=rate),
        faults.Rule(LOST, on="update", rate=rate / 2),
        faults.Rule(LOST, on="delete", rate=rate / 2),
        *faults.seeded(0, rate / 2, kinds=KINDS, seconds=0.2).rules,
    )
    world.schedule = faults.Schedule(rules if rate else (), world.dice.randrange(10**6), in_a_row=3)
    faults.put(world.line.url, world.schedule)


class Attempt:
    """A run in its tries: where the last one stood when it ended early."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.disturbed = False
        self.begun = 0
        self.cleaned: Cleaned | None = None

    def may_resume(self) -> bool:
        """Whether the plan is there, and somebody says `dq apply --resume` instead of beginning anew."""
        return self.cleaned is not None and self.world.dice.random() < 0.5

    def whole(self) -> int:
        """Snapshot, clean, apply."""
        world = self.world
        world.line.clock.sleep(120)  # what was typed just now would wait for the next run
        self.begun, self.cleaned = world.tick, None
        world.attempts.append(self.begun)
        world.tick += 1
        if any(state_of(path) == "open" for path in world.project.snapshots.glob("[0-9]*/journal.sqlite")):
            self._begins_to_write()  # a snapshot settles first what was cut off
        with dying(world.dice, 0.5 if self.disturbed else 0), session(world) as (settings, stores, watch):
            pipeline.snapshot(settings, stores, watch)
            self._meanwhile()
            self.cleaned = pipeline.clean(settings, watch.clock(), ALL_STEPS, lambda _: None)
            self._meanwhile()
            if self.disturbed and world.dice.random() < 0.1:
                self._second_scheduler()
            return self._applied(self.cleaned, settings, stores, watch)

    def resumed(self) -> int:
        """Only apply, from wherever the plan stands."""
        assert self.cleaned is not None
        world = self.world
        with dying(world.dice, 0.3 if self.disturbed else 0), session(world) as (settings, stores, watch):
            return self._applied(self.cleaned, settings, stores, watch)

    def _applied(self, cleaned: Cleaned, settings: Settings, stores: Stores, watch: pipeline.Watch) -> int:
        self._begins_to_write()
        applied = pipeline.apply(settings, stores, ALL, watch)
        report = applied.report
        if report is not None and report.failing:
            raise AssertionError(f"the run was taken back: {report.failing}")
        if not applied.already and not cleaned.plan.counts.get("waiting") and (report is None or not report.failed):
            self.world.complete.append((self.begun, self.world.tick))
            self.world.tick += 1
        return cleaned.plan.changes

    def _begins_to_write(self) -> None:
        self.world.writes.append(self.world.tick)
        self.world.tick += 1

    def _meanwhile(self) -> None:
        """People do not wait for dq."""
        world = self.world
        if self.disturbed and world.dice.random() < 0.3:
            faults.clear(world.line.url)
            world.live(1)
            faults.put(world.line.url, world.schedule)

    def _second_scheduler(self) -> None:
        with pytest.raises(TemporaryError, match="Another dq"), session(self.world):
            raise AssertionError("two writers at once")
        self.world.refusals += 1


def lived(world: World, rounds: int) -> None:
    """Rounds of people and runs, disturbed; then it goes quiet, and runs come until there is nothing to do."""
    for _ in range(rounds):
        world.live(world.dice.randrange(2, 7))
        world.offset = world.dice.choice(
            (timedelta(), timedelta(), timedelta(hours=-1), timedelta(hours=1), timedelta(days=-2))
        )
        run(world, disturbed=True)
    world.offset = timedelta()
    for _ in range(QUIET):
        if run(world, disturbed=False) == 0:
            return
    raise AssertionError(f"still changes after {QUIET} quiet runs")


def undone(world: World) -> None:
    """People live on, dq runs, and undo of everything gives back what people left."""
    world.live(4)
    world.delete("database")  # a record is deleted for good, and must be made anew
    world.delete("airtable")
    before = everything(world)
    done = [(world.project.snapshots / "latest").read_text() for _ in range(2) if run(world, disturbed=False)]
    for name in reversed(done):
        with session(world) as (settings, stores, watch):
            wanted = pipeline.Asked(name, Scope(), "tester")
            taken = pipeline.undo(settings, stores, wanted, ALL, watch, lambda _: None)
            assert taken.undone.kept == (), taken.undone.kept
    after = everything(world)
    lost = {name: sorted(set(before[name]) ^ set(after[name])) for name in before}
    assert after == before, f"undo did not give back the beginning: {lost}"


def everything(world: World) -> dict[str, list[str]]:
    """Both stores without ids that Airtable gives and without times, in an order of their own."""
    times = ("created_at", "updated_at", "Last Modified", "Changed", "Score", "Lead ID", "id")
    known = {record["id"]: record.get("Lead ID") for record in world.records()}
    rows = [  # a row that was deleted before may name a record that is another row's by now
        {**row, "airtable_id": known.get(row["airtable_id"]) == row["id"]}
        for row in world.project.rows()["leads"].values()
    ]
    plain = [{n: c for n, c in row.items() if n not in times[:2]} for row in rows]
    records = [
        {n: c for n, c in record.items() if n not in times and c not in ("", None)} for record in world.records()
    ]
    return {
        name: sorted(json.dumps(one, sort_keys=True, default=str) for one in held)
        for name, held in (("database", plain), ("airtable", records))
    }
