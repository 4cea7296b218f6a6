"""Handing a plan on: from a snapshot's folder to one file, and from the file to the folder on another machine.

    folder ─► checked ─► plan.zip  ··►  plan.zip ─► scratch folder ─► checked ─► snapshot's folder ─► `latest`

What arrives is a snapshot like any other: it is applied, undone and explained as if it had been made here.
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dq.apply import plan as plans
from dq.apply.journal import JOURNAL, state_of
from dq.apply.portable import damaged, pack, unpacked
from dq.errors import ConfigurationError, DamagedError
from dq.manifest import Manifest
from dq.pipeline import approving
from dq.pipeline.applying import latest
from dq.pipeline.auditing import event
from dq.pipeline.permitting import Permission, demand_permitted
from dq.plan import Plan
from dq.settings import Settings
from dq.snapshot import LATEST, last, read_snapshot, verify
from dq.stores.folders import MANIFEST
from dq.stores.private import copy_file, digest_of, disk_errors, make_folder, sync_folder, write_file

_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")


@dataclass(frozen=True)
class Arrived:
    """A plan file, unpacked and checked.

    Attributes:
        plan: The plan.
        folder: A folder with its files.
        manifest: The snapshot that it was made from.
        approvals: Approvals that came with it.
    """

    plan: Plan
    folder: Path
    manifest: Manifest
    approvals: tuple[approving.Approval, ...]


@dataclass(frozen=True)
class Meant:
    """The plan that a person means.

    Attributes:
        plan: The plan.
        folder: Its folder.
        manifest: The snapshot that it was made from.
        state: Whether it was begun here: `none`, `open` or `finished`.
    """

    plan: Plan
    folder: Path
    manifest: Manifest
    state: str


@contextmanager
def meant(settings: Settings, name: str | None) -> Iterator[Meant]:
    """A plan by the name of a plan file, by a snapshot's id, or the latest.

    Args:
        settings: The settings.
        name: What a person wrote; None for the latest.

    Raises:
        ConfigurationError: There is no such plan.
        DamagedError: It is damaged.
    """
    if name is None or not (Path(name).is_file() or Path(name).suffix):
        plan, folder, state = latest(settings, name or LATEST)
        yield Meant(plan, folder, read_snapshot(folder), state)
        return
    with arrived(settings, Path(name)) as found:
        place = settings.snapshots / found.manifest.id
        state = latest(settings, found.manifest.id)[2] if _is_here(found, place) else "none"
        yield Meant(found.plan, found.folder, found.manifest, state)


def hand_out(settings: Settings, plan: Plan, folder: Path, file: Path, now: datetime, *, force: bool) -> str:
    """Write a plan that was not begun as one file.

    Args:
        settings: The settings.
        plan: The plan.
        folder: Its folder.
        file: The file to make.
        now: The time.
        force: Whether a file that is there is replaced.

    Returns:
        SHA-256 of the file.

    Raises:
        ConfigurationError: There is such a file, or the plan was begun.
        DamagedError: A file of the plan is not as it was planned.
    """
    if file.exists() and not force:
        raise ConfigurationError("There is such a file.", where=str(file), fix="name another, or say --force")
    demand_unbegun(folder)
    manifest = read_snapshot(folder)
    _demand_whole(plan, manifest, folder)
    with disk_errors(file.absolute().parent, "--out"):
        digest = pack(folder, _names(manifest, folder), plan.digest, file)
    event(settings, "plan_exported", {"file": file.name, "sha256": digest}, now, plan)
    return digest


def demand_unbegun(folder: Path, state: str | None = None) -> None:
    """Refuse to hand on, approve or carry on what is written already.

    Args:
        folder: The plan's folder.
        state: Whether it was begun; None looks for its journal in the folder.

    Raises:
        ConfigurationError: It was begun.
    """
    if (state or state_of(folder / JOURNAL)) != "none":
        raise ConfigurationError(
            "This plan was applied, or begun.", where=folder.name, fix="dq apply --resume, or: dq snapshot && dq clean"
        )


@contextmanager
def arrived(settings: Settings, file: Path) -> Iterator[Arrived]:
    """A plan file's content in a scratch folder, checked; nothing of it stays when the block ends.

    Raises:
        ConfigurationError: It is no plan file.
        DamagedError: It is damaged.
    """
    with ExitStack() as stack:
        with disk_errors(settings.snapshots, "snapshots"):
            folder = stack.enter_context(unpacked(file.absolute(), settings.snapshots))
        manifest = read_snapshot(folder)
        plan = plans.load(folder)
        if not _ID.fullmatch(manifest.id) or plan.snapshot != manifest.id:
            raise damaged(file, "Plan and snapshot do not belong together")
        if not {table.file for table in manifest.tables} <= set(_held(folder)):
            raise damaged(file, "It lacks files of its snapshot")
        _demand_whole(plan, manifest, folder)
        yield Arrived(plan, folder, manifest, tuple(approving.held(folder, plan)))


def take_in(settings: Settings, file: Path, permission: Permission, now: datetime) -> Plan:
    """Make a plan file the latest plan here, if it may be applied here.

    Args:
        settings: The settings.
        file: The plan file.
        permission: What a person allowed.
        now: The time.

    Raises:
        BrakeError: A brake holds, an approval lacks, or it was made on another base or for other stores.
        ConfigurationError: Rules or configuration are others here, or another plan is not finished.
        DamagedError: The file is damaged.
    """
    with arrived(settings, file) as found:
        place = settings.snapshots / found.manifest.id
        _demand_finished(settings, place)
        if not _is_here(found, place):
            _demand_free(found, place)
            demand_permitted(found.plan, settings, permission)
            approving.demand_any(settings, found.plan, found.approvals)
            event(settings, "plan_received", {"file": file.name, "sha256": digest_of(file)}, now, found.plan)
            approving.save(found.folder, approving.recorded(settings, found.plan, found.approvals, now))
            _settle_in(settings, found, place)
        else:
            _add_approvals(settings, found, place, now)
        write_file(settings.snapshots / LATEST, found.manifest.id.encode())
        return found.plan


def approve_file(settings: Settings, file: Path, by: str | None, note: str, now: datetime) -> approving.Approval:
    """Approve a plan file, which then carries the approval.

    Raises:
        ConfigurationError: There is nothing to approve, or who approves may not.
        DamagedError: The file is damaged.
    """
    with arrived(settings, file) as found:
        approval = approving.approve(settings, found.plan, found.folder, by, note, now)
        with disk_errors(file.absolute().parent, "the plan file"):
            pack(found.folder, _names(found.manifest, found.folder), found.plan.digest, file)
        return approval


def _demand_whole(plan: Plan, manifest: Manifest, folder: Path) -> None:
    verify(manifest, folder)
    plans.demand_whole(plan, folder)
    if digest_of(folder / MANIFEST) != plan.digests["snapshot"]:
        raise DamagedError(
            "The plan was made from another snapshot.", where=folder.name, why="Nothing was written.", fix="dq clean"
        )


def _names(manifest: Manifest, folder: Path) -> list[str]:
    """The files of a plan: the snapshot's, the steps', its own, and who approved it."""
    own = [MANIFEST, plans.NAME, plans.CHANGESET, plans.NEXT_BASE]
    own += [approving.FILE] if (folder / approving.FILE).exists() else []
    steps = [f"clean/{path.name}" for path in (folder / "clean").glob("*.parquet")]
    return sorted([*own, *(table.file for table in manifest.tables), *steps])


def _held(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _is_here(found: Arrived, place: Path) -> bool:
    """Whether the very plan is here: made here, or received before."""
    return (place / plans.NAME).exists() and plans.load(place).digest == found.plan.digest


def _demand_finished(settings: Settings, place: Path) -> None:
    """Refuse to take another plan's place as the latest while it is half written."""
    latest = last(settings.snapshots)
    if latest is not None and latest.folder != place and state_of(latest.folder / JOURNAL) == "open":
        raise ConfigurationError(
            "The latest plan here was begun and not finished.", where=latest.folder.name, fix="dq apply --resume"
        )


def _demand_free(found: Arrived, place: Path) -> None:
    """Refuse to put a plan over one that was begun, or that is of another snapshot."""
    demand_unbegun(place)
    if (place / MANIFEST).exists() and digest_of(place / MANIFEST) != found.plan.digests["snapshot"]:
        raise ConfigurationError(
            "Another snapshot of this id is here.",
            where=place.name,
            fix="move its folder away, then run the command again",
        )


def _settle_in(settings: Settings, found: Arrived, place: Path) -> None:
    """Move the files to their place, the plan last; over an older plan of the same snapshot, which was not begun."""
    with disk_errors(settings.snapshots, "snapshots"):
        if not (place / MANIFEST).exists():
            found.folder.rename(place)
            sync_folder(place.parent)
            return
        (place / plans.NAME).unlink(missing_ok=True)
        snapshot = {MANIFEST, plans.NAME, *(table.file for table in found.manifest.tables)}
        for name in [*(name for name in _held(found.folder) if name not in snapshot), plans.NAME]:
            make_folder((place / name).parent)
            copy_file(found.folder / name, place / name)


def _add_approvals(settings: Settings, found: Arrived, place: Path, now: datetime) -> None:
    """Approvals that the file brings to a plan that is here already."""
    here = approving.held(place, found.plan)
    known = {(one.by, one.at) for one in here}
    new = [one for one in found.approvals if (one.by, one.at) not in known]
    if new:
        approving.save(place, [*here, *approving.recorded(settings, found.plan, new, now)])
