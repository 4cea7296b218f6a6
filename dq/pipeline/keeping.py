"""Which snapshots must stay whatever a policy says, and why: something of dq would not work without them."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dq.apply import base as base_state
from dq.apply import plan as plans
from dq.apply.journal import JOURNAL, journal, state_of
from dq.apply.undo import undos
from dq.apply.undo import unfinished as unfinished_undo
from dq.errors import DqError
from dq.manifest import Manifest
from dq.pipeline.auditing import journals_of
from dq.settings import Settings
from dq.snapshot import open_snapshot, verify
from dq.snapshot.tags import tags_of
from dq.stores.folders import ids_in

Why = Iterator[tuple[str, str]]


@dataclass(frozen=True)
class Past:
    """A snapshot, and what became of its plan.

    Attributes:
        folder: Its folder.
        manifest: Its manifest; None if it cannot be read.
        problem: What of it cannot be read; None if all can.
        plan: Digest of its plan; None if it has none.
        state: Whether the plan was begun and ended: `none`, `open`, `finished`.
        is_unlogged: Whether receipts of the run, or of an undo of it, are not in the audit log yet.
        is_undone: Whether the whole run was taken back.
        tags: A person's words for it.
    """

    folder: Path
    manifest: Manifest | None
    problem: str | None = None
    plan: str | None = None
    state: str = "none"
    is_unlogged: bool = False
    is_undone: bool = False
    tags: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Its id."""
        return self.folder.name

    @property
    def taken_at(self) -> datetime:
        """When it was taken; for one that cannot be read, when its folder was last touched."""
        if self.manifest is not None:
            return self.manifest.taken_at
        return datetime.fromtimestamp(self.folder.stat().st_mtime).astimezone()


def pasts(root: Path) -> list[Past]:
    """The snapshots in `root`, oldest first."""
    return sorted((_past(root / name) for name in ids_in(root)), key=lambda past: (past.taken_at, past.id))


def needed(settings: Settings, held: Sequence[Past]) -> dict[str, str]:
    """Ids of the snapshots that must stay, and why.

    Args:
        settings: The settings.
        held: All snapshots, oldest first.
    """
    reasons: dict[str, str] = {}
    for found in (
        _unreadable(held),
        _unfinished(settings, held),
        _latest(settings, held),
        _of_the_base(settings, held),
        _gone_on_from(settings, held),
        _undoable(settings, held),
        _unlogged(held),
    ):
        for name, why in found:
            reasons.setdefault(name, why)
    return reasons


def _past(folder: Path) -> Past:
    manifest: Manifest | None = None
    try:
        manifest, _ = open_snapshot(folder.parent, folder.name)
        state = state_of(folder / JOURNAL)
        is_unlogged = any(_is_unlogged(path) for path in journals_of(folder))
        is_undone = any(one.is_whole and one.state == "finished" for one in undos(folder))
        plan = plans.load(folder).digest if (folder / plans.NAME).exists() else None
    except DqError as error:
        return Past(folder, manifest, error.what, tags=tags_of(folder))
    return Past(folder, manifest, None, plan, state, is_unlogged, is_undone, tags_of(folder))


def _is_unlogged(path: Path) -> bool:
    with journal(path) as opened:
        noted = opened.meta()
    return "ended" in noted and "audited" not in noted


def _unreadable(held: Sequence[Past]) -> Why:
    for past in held:
        if past.problem is not None:
            yield past.id, f"a person must look at it: {past.problem}"


def _unfinished(settings: Settings, held: Sequence[Past]) -> Why:
    for past in held:
        if past.state == "open":
            yield past.id, "its run is not finished: dq apply --resume"
    with suppress(DqError):
        undoing = unfinished_undo(settings.snapshots)
        if undoing is not None:
            yield undoing.snapshot, "its undo is not finished: dq undo"


def _latest(settings: Settings, held: Sequence[Past]) -> Why:
    with suppress(DqError):
        yield open_snapshot(settings.snapshots)[0].id, "the latest snapshot"
    for past in reversed(held):
        if past.manifest is not None and _is_whole(past.manifest, past.folder):
            yield past.id, "the latest whole snapshot"
            break
    for past in reversed(held):
        if past.plan is not None:
            yield past.id, "the latest plan: dq why tells from it"
            break


def _is_whole(manifest: Manifest, folder: Path) -> bool:
    try:
        verify(manifest, folder)
    except DqError:
        return False
    return True


def _of_the_base(settings: Settings, held: Sequence[Past]) -> Why:
    with suppress(DqError):
        current = base_state.pointer(settings.snapshots)
        if current is not None:
            yield from ((past.id, "the base state was made by its plan") for past in held if past.plan == current.plan)


def _gone_on_from(settings: Settings, held: Sequence[Past]) -> Why:
    """The snapshots that the latest one goes back to, one incremental reading after the other."""
    known = {past.id: past.manifest for past in held}
    asked: list[str] = []
    with suppress(DqError):
        asked.append(open_snapshot(settings.snapshots)[0].id)
    seen: set[str] = set()
    while asked:
        name = asked.pop()
        manifest = known.get(name)
        if name in seen or manifest is None:
            continue
        seen.add(name)
        for based_on in {file.reading.based_on for file in manifest.tables} - {None}:
            yield str(based_on), f"{name} was read on from it"
            asked.append(str(based_on))


def _undoable(settings: Settings, held: Sequence[Past]) -> Why:
    runs = [past for past in held if past.state == "finished" and not past.is_undone]
    number = settings.retention.undo_runs
    for past in runs[-number:]:
        yield past.id, "dq undo can take its run back" + (f": one of the last {number}" if number > 1 else "")


def _unlogged(held: Sequence[Past]) -> Why:
    for past in held:
        if past.is_unlogged:
            yield past.id, "its receipts are not in the audit log yet"
