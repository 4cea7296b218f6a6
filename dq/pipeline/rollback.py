"""Rollback: a run that went wrong is taken back by itself; what cannot be taken back locks everything until a person looks."""

from dataclasses import replace
from pathlib import Path

from dq.apply.journal import JOURNAL, journal
from dq.apply.plan import changes
from dq.apply.undo import Scope, Undone, prepare, undos, unfinished
from dq.pipeline import auditing
from dq.pipeline.applying import Applied, Watch, apply
from dq.pipeline.lockout import lock_out
from dq.pipeline.opening import Stores
from dq.pipeline.permitting import Permission
from dq.pipeline.targets import targets_of
from dq.pipeline.undoing import carried_on
from dq.settings import Settings
from dq.snapshot import open_snapshot


def apply_safely(settings: Settings, stores: Stores, permission: Permission, watch: Watch) -> Applied:
    """Apply the latest plan; if too many rows are refused or confirmed writes are lost, take its writes back.

    Raises:
        DqError: As `apply`.
    """
    applied = apply(settings, stores, permission, watch)
    if applied.report is None or applied.report.failing is None:
        return applied
    _, folder = open_snapshot(settings.snapshots)
    undone = _rolled_back(settings, stores, applied, folder, permission, watch)
    if undone is None:
        return applied
    with journal(folder / JOURNAL) as opened:
        opened.note(ended=watch.clock().isoformat())
    auditing.audited(settings, folder / JOURNAL, watch.clock())
    if undone.mismatches or undone.states.get("refused"):
        left = len(undone.mismatches) + undone.states.get("refused", 0)
        lock_out(
            settings.snapshots,
            f"{left} rows of a run that went wrong could not be put back",
            folder.name,
            watch.clock(),
        )
    return replace(applied, undone=undone)


def _rolled_back(
    settings: Settings, stores: Stores, applied: Applied, folder: Path, permission: Permission, watch: Watch
) -> Undone | None:
    """The rollback, carried out whole; None if it was before."""
    if any(one.why == "rollback" and one.state == "finished" for one in undos(folder)):
        return None
    undoing, now = unfinished(settings.snapshots), watch.clock().isoformat()
    if undoing is None:
        watch.progress("taking the run back", 0, 0)
        manifest, _ = open_snapshot(settings.snapshots)
        targets = targets_of(settings, manifest, applied.plan, stores)
        undoing = prepare(applied.plan, changes(applied.plan, folder), folder, Scope(), targets, now, "rollback")
    calm = replace(watch, stop=lambda: False)  # half a run taken back is worse than waiting for it
    return carried_on(settings, stores, undoing, "dq", permission, calm).undone
