"""The audit log in the flow: a run's receipts go into it when the run ends, once; events go in when they happen.

journal ended ─► note where the log stands ─► append ─► note where it ends: what a crash leaves, the next command does
"""

import json
import os
import pwd
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import polars as pl

from dq import audit
from dq.apply import plan as plans
from dq.apply.journal import Journal, journal
from dq.apply.receipts import receipts
from dq.apply.undo.planned import FOLDER as UNDO
from dq.audit import Anchor, Link
from dq.errors import DqError, TemporaryError
from dq.pipeline.opening import locked
from dq.plan import Brake, Plan
from dq.schemas import AuditEntry
from dq.schemas.audit import AUDIT_TYPES, BODY, NUMBER
from dq.settings import Settings
from dq.stores.private import BEGUN, disk_errors

APPLY = "journal.sqlite"
Action = Literal["apply", "undo", "restore"]
ACTIONS: Mapping[str, Action] = {APPLY: "apply", "restore.sqlite": "restore"}
"""Journals in a snapshot's folder: what each is of; those in its `undo` folder are of undos."""
_LOOKED_AT = 6
"""Journals, from the one written last back, that may lack in the log after a crash: every command looks before it does anything."""


def actor() -> str:
    """Who runs dq: `DQ_ACTOR`, else the user of the operating system."""
    named = os.environ.get("DQ_ACTOR", "").strip()
    if named:
        return named
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user has no name
        return f"uid {os.getuid()}"


def event(settings: Settings, action: str, facts: Mapping[str, Any], now: datetime, plan: Plan | None = None) -> Link:
    """Log something that happened beside the writes: `approved`, `brake_lifted`, `backup_pruned` and the like.

    Args:
        settings: The settings.
        action: The event's name.
        facts: What to know of it: numbers, ids, names; never a cell's value.
        now: The time.
        plan: The plan that it is about.

    Raises:
        DamagedError: The log does not end where its head says.
    """
    row = {
        **dict.fromkeys(BODY),
        AuditEntry.time: now.astimezone(UTC).isoformat(),
        AuditEntry.run: plan.snapshot if plan else None,
        AuditEntry.plan: plan.digest if plan else None,
        AuditEntry.actor: actor(),
        AuditEntry.action: action,
        AuditEntry.detail: json.dumps(dict(facts), ensure_ascii=False, default=str),
    }
    rows = pl.DataFrame([row], schema={name: AUDIT_TYPES[name] for name in BODY})
    with disk_errors(settings.snapshots, "snapshots", BEGUN):
        return audit.append(settings.snapshots, [rows], _month(now))


def begun(
    settings: Settings, plan: Plan, held: Sequence[Brake] | None, allowed: Mapping[str, int], now: datetime
) -> None:
    """Log who lets a plan be written, and the brakes lifted for it; a log that is damaged stops it here.

    Args:
        settings: The settings.
        plan: The plan.
        held: Its brakes; None where it was begun before, and is gone on with.
        allowed: Brake → the number that a person allowed.
        now: The time.
    """
    if held is None:
        event(settings, "resumed", {}, now, plan)
        return
    for brake in held:
        facts = {"brake": brake.name, "store": brake.store, "rows": brake.count, "allowed": allowed.get(brake.name)}
        event(settings, "brake_lifted", facts, now, plan)
    event(settings, "approved", {"changes": plan.changes, "rows": plan.counts["rows"]}, now, plan)


def audited(settings: Settings, path: Path, now: datetime) -> Link | None:
    """Bring a journal's receipts into the log, if its run has ended and they are not there yet.

    Args:
        settings: The settings.
        path: The journal.
        now: The time: which month's file they go to.

    Returns:
        The end of the log that has them; None while the run has not ended.

    Raises:
        DamagedError: The log does not end where its head says.
    """
    with disk_errors(settings.snapshots, "snapshots", BEGUN), journal(path) as opened:
        noted = opened.meta()
        if "audited" in noted:
            return link_of(noted["audited"])
        if "ended" not in noted:
            return None
        link = _known(settings.snapshots, path, noted)
        if link is None:
            opened.note(auditing=str(audit.ready(settings.snapshots).at.link))
            link = audit.append(settings.snapshots, _receipts(path, opened, noted), _month(now))
        opened.note(audited=str(link))
        return link


def healed(settings: Settings, now: datetime) -> None:
    """Bring into the log what a crash kept from it."""
    written = sorted(_journals(settings.snapshots), key=lambda path: path.stat().st_mtime)
    for path in written[-_LOOKED_AT:]:
        audited(settings, path, now)


def healed_if_free(settings: Settings, now: datetime) -> None:
    """The same for a command that only reads: while another dq works on the stores, the log is that one's to write."""
    try:
        with locked(settings):
            healed(settings, now)
    except TemporaryError:
        return


def anchors(settings: Settings) -> list[Anchor]:
    """Where the log ended when each run went into it, as the runs' journals noted it."""
    found = []
    for path in _journals(settings.snapshots):
        with journal(path) as opened:
            noted = opened.meta().get("audited")
        if noted:
            found.append(Anchor(f"the {_action(path)} of {_run(path).name}", link_of(noted)))
    return found


def link_of(text: str) -> Link:
    """A place in the log as it was noted: `entries:digest`."""
    entries, _, digest = text.partition(":")
    return Link(int(entries), digest)


def journals_of(folder: Path) -> list[Path]:
    """The journals of one run: its own, then its undos'."""
    return [
        *(path for name in ACTIONS if (path := folder / name).exists()),
        *sorted(folder.glob(f"{UNDO}/[0-9]*/{APPLY}")),
    ]


def _journals(root: Path) -> list[Path]:
    """Every journal, run by run: its apply's, then its undos'."""
    return [path for folder in sorted(root.glob("[0-9]*")) for path in journals_of(folder)]


def _is_undo(path: Path) -> bool:
    return path.parent.parent.name == UNDO


def _run(path: Path) -> Path:
    """The snapshot's folder that a journal belongs to."""
    return path.parent.parent.parent if _is_undo(path) else path.parent


def _action(path: Path) -> Action:
    return "undo" if _is_undo(path) else ACTIONS[path.name]


def _receipts(path: Path, opened: Journal, noted: Mapping[str, str]) -> Iterator[pl.DataFrame]:
    folder, action = _run(path), _action(path)
    facts = {
        AuditEntry.run: folder.name,
        AuditEntry.plan: noted.get("plan"),
        AuditEntry.actor: noted.get("actor") or actor(),
        AuditEntry.action: action,
    }
    changes = _reasons(folder) if action == "apply" else None
    for cells in opened.cells():
        yield receipts(cells, changes, facts)


def _reasons(folder: Path) -> pl.DataFrame | None:
    """The plan's changeset; None if it is damaged by now: what was written is logged without its reasons, then."""
    try:
        return plans.changes(plans.load(folder), folder)
    except DqError:
        return None


def _known(root: Path, path: Path, noted: Mapping[str, str]) -> Link | None:
    """The end of the log, if an append that was begun is in it."""
    if "auditing" not in noted:
        return None
    end = audit.ready(root).at.link
    since = pl.col(NUMBER) > link_of(noted["auditing"]).entries
    mine = (pl.col(AuditEntry.plan) == noted["plan"]) & (pl.col(AuditEntry.action) == _action(path))
    return None if audit.entries(root, since & mine).is_empty() else end


def _month(now: datetime) -> str:
    return now.astimezone(UTC).strftime("%Y-%m")
