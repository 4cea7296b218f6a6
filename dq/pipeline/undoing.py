"""Undo of the last run, with the stores opened as apply opens them."""

from dq.apply.commit import Run
from dq.apply.journal import journal
from dq.apply.undo import JOURNAL, Undone
from dq.apply.undo import undo as undo_run
from dq.pipeline.applying import Watch, latest, targets_of
from dq.pipeline.opening import Stores, claim
from dq.settings import Settings
from dq.snapshot import open_snapshot


def undo(settings: Settings, stores: Stores, watch: Watch) -> Undone:
    """Take the last run back: every cell that nobody changed since gets the value it had.

    Raises:
        ConfigurationError: The run has not ended, was undone already, or is not the last one.
    """
    plan, folder, _ = latest(settings)
    manifest, _ = open_snapshot(settings.snapshots)
    claim(stores)
    with journal(folder / JOURNAL) as opened:
        targets = targets_of(settings, manifest, plan, stores)
        run = Run(targets, opened, watch.clock, lambda done: watch.progress("undo", done, 0), watch.stop)
        return undo_run(plan, folder, run)
