"""`dq backup`: copies of both stores: made, listed, checked, pruned, rehearsed; restoring is in `dq.cli.restore`."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dq.cli import restore
from dq.cli.options import AsFormat, ConfigFile, Format
from dq.cli.session import clock, session, watched

if TYPE_CHECKING:
    from dq.backup import Backup
    from dq.pipeline import Drill
    from dq.settings import Settings

app = typer.Typer(help="Copies of both stores, and the way back.", no_args_is_help=True, rich_markup_mode=None)
BackupId = Annotated[str, typer.Argument(metavar="[ID]", help="A backup's id, the beginning of one, or `latest`.")]


@app.command()
def create(
    tag: Annotated[list[str] | None, typer.Option("--tag", help="A word for it; may be given several times.")] = None,
    config: ConfigFile = None,
    form: AsFormat = Format.text,
) -> None:
    """Back up both stores, the base state and the quarantine; read the copy back before it counts."""
    from dq import pipeline
    from dq.cli.render import print_json

    with session("backup-create", config) as opened:
        made = pipeline.back_up(opened.settings, opened.stores, clock(), tags=tag or ())
        rows = {file.name: sum(file.rows.values()) for file in made.files}
        opened.log.event("backup", id=made.id, bytes=made.size, rows=rows)
    if form is Format.json:
        print_json({"format_version": 1, **_fact(made, None)})
        return
    print(f"backup {made.id}: {_size(made.size)}, " + ", ".join(f"{name} {n:,} rows" for name, n in rows.items()))


@app.command("list")
def list_(config: ConfigFile = None, form: AsFormat = Format.text) -> None:
    """List backups: when, how large, of what, whether they are good, and why each is kept."""
    from dq import pipeline
    from dq.backup import survey
    from dq.backup.pruning import decisions
    from dq.cli.render import print_json
    from dq.settings import load

    settings = load(config, secrets=False)
    root = settings.backups.directory
    found = survey(root)
    made = decisions(root, pipeline.policy_of(settings), clock(), pipeline.protected(settings))
    why = {one.id: one.reason if one.kept else f"not kept by the policy: {one.reason}" for one in made}
    facts = [_fact(backup, why[backup.id]) for backup in found.backups]
    broken = [{"id": one.id, "problem": one.problem} for one in found.broken]
    if form is Format.json:
        print_json({"format_version": 1, "backups": facts, "damaged": broken, "trash": list(found.trash)})
        return
    print("\n".join([*(_line(fact) for fact in facts), *(f"{one['id']}  DAMAGED: {one['problem']}" for one in broken)]))
    trash = f", {len(found.trash)} in the trash" if found.trash else ""
    print(f"{len(facts)} backups in {root}{trash}", file=sys.stderr)


@app.command()
def verify(
    backup_id: BackupId = "latest",
    every: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    config: ConfigFile = None,
    form: AsFormat = Format.text,
) -> None:
    """Read a backup again: digests, SQLite's integrity check, Parquet and JSON, numbers of rows. Exit 7 if it is damaged."""
    from dq.backup import survey
    from dq.cli.render import print_json
    from dq.errors import DamagedError

    with watched("backup-verify", config, alone=False) as opened:
        root = opened.settings.backups.directory
        found = survey(root)
        if every:
            ids = sorted([*(backup.id for backup in found.backups), *(one.id for one in found.broken)])
        else:
            ids = [_chosen(opened.settings, backup_id)]
        facts = [_verified(opened.settings, one) for one in ids]
        bad = [fact for fact in facts if not fact["good"]]
        opened.log.event("backup verify", good=len(facts) - len(bad), damaged=len(bad))
        opened.log.exit_code = DamagedError.exit_code if bad else 0
    if form is Format.json:
        print_json({"format_version": 1, "backups": facts})
    else:
        for fact in facts:
            sealed = "" if fact["opened"] else " (encrypted, and no key is here: digests only)"
            print(f"{fact['id']}  {'good' + sealed if fact['good'] else 'DAMAGED: ' + fact['problem']}")
    if bad:
        print("a damaged backup brings nothing back; make another one: dq backup create", file=sys.stderr)
        raise typer.Exit(DamagedError.exit_code)


@app.command()
def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would become of each.")] = False,
    config: ConfigFile = None,
    form: AsFormat = Format.text,
) -> None:
    """Move what the policy does not keep to the trash, and remove what has lain there for `backups.trash_days`."""
    from dq import pipeline
    from dq.cli.render import print_json

    with watched("backup-prune", config) as opened:
        done = pipeline.pruned(opened.settings, clock(), dry=dry_run)
        warnings = pipeline.forgotten(opened.settings)
        gone = [one.id for one in done.decisions if not one.kept]
        opened.log.event("backup prune", dry=dry_run, trashed=len(gone), removed=len(done.removed))
    if form is Format.json:
        decided = [{"id": one.id, "kept": one.kept, "reason": one.reason} for one in done.decisions]
        facts = {"dry_run": dry_run, "backups": decided, "removed": list(done.removed), "warnings": warnings}
        print_json({"format_version": 1, **facts})
        return
    for one in done.decisions:
        print(f"{'keep  ' if one.kept else 'trash '} {one.id}  {one.reason}")
    for name in done.removed:
        print(f"remove {name}  has lain in the trash")
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
    verb = "would go" if dry_run else "went"
    print(f"{len(gone)} {verb} to the trash, {len(done.removed)} {verb} for good", file=sys.stderr)


@app.command()
def rehearse(backup_id: BackupId = "latest", config: ConfigFile = None, form: AsFormat = Format.text) -> None:
    """Restore a backup into a scratch folder, hold it against the quality rules, and tell how long it took."""
    import time

    from dq import pipeline
    from dq.cli.clean import steps_of
    from dq.cli.render import print_json

    with watched("backup-rehearse", config, alone=False) as opened:
        backup, key = pipeline.opened_backup(opened.settings, backup_id)
        steps = steps_of(opened.settings, None)
        drill = pipeline.drill(opened.settings, backup, key, steps, opened.watch, time.monotonic)
        opened.log.event("backup rehearse", id=backup.id, passed=drill.passed, **drill.seconds)
        opened.log.exit_code = 0 if drill.passed else 1
    fact = _drill_fact(drill)
    if form is Format.json:
        print_json({"format_version": 1, **fact})
    else:
        rows = ", ".join(f"{name} {n:,} rows" for name, n in drill.rows.items())
        print(
            f"backup {drill.backup} restores: {rows}; {drill.seconds['restore']} s, {drill.seconds['total']} s in all"
        )
        print(f"a plan on it would make {drill.changes:,} changes")
        for check in fact["checks"]:
            if not check["passed"]:
                print(f"{check['severity']}: {check['name']}: {check['failed']:,} of {check['total']:,} rows fail")
    if not drill.passed:
        raise typer.Exit(1)


app.command("restore")(restore.restore)


def _chosen(settings: "Settings", backup_id: str) -> str:
    from dq.backup import open_backup
    from dq.stores.folders import ids_in

    root = settings.backups.directory
    return backup_id if backup_id in ids_in(root) else open_backup(root, backup_id).id


def _verified(settings: "Settings", backup_id: str) -> dict[str, Any]:
    from dq.backup import note_finding, verify
    from dq.backup.catalog import read
    from dq.errors import DamagedError
    from dq.pipeline.backing import key_for

    path = settings.backups.directory / backup_id
    opened, problem = True, None
    try:
        backup = read(path)
        key = key_for(settings, backup.seal)
        opened = backup.seal is None or key is not None
        verify(path, key)
    except DamagedError as error:
        problem = error.what
    found = note_finding(path, clock(), opened=opened, problem=problem)
    return {"id": backup_id, "good": found.good, "opened": opened, "problem": problem, "at": found.at}


def _fact(backup: "Backup", kept: str | None) -> dict[str, Any]:
    from dataclasses import asdict

    from dq.backup import last_finding

    found = last_finding(backup)
    return {
        "id": backup.id,
        "path": str(backup.path),
        "taken_at": backup.taken_at.isoformat(),
        "bytes": backup.size,
        "files": {file.name: {"bytes": file.stored.size, "rows": dict(file.rows)} for file in backup.files},
        "made_by": backup.made_by,
        "tags": list(backup.tags),
        "encrypted": backup.seal is not None,
        "verified": None if found is None else asdict(found),
        "of": dict(backup.origin.lineage),
        "base_serial": (backup.origin.base or {}).get("serial", 0),
        "dq": backup.origin.app or None,
        "kept": kept,
    }


def _line(fact: dict[str, Any]) -> str:
    found = fact["verified"]
    state = "never verified" if found is None else f"verified {found['at'][:10]}" if found["good"] else "DAMAGED"
    words = [_size(fact["bytes"]), fact["made_by"], *(f"#{tag}" for tag in fact["tags"])]
    words += ["encrypted"] if fact["encrypted"] else []
    rows = ", ".join(f"{name} {sum(file['rows'].values()):,}" for name, file in fact["files"].items())
    return f"{fact['id']}  {' '.join(words)}  {rows}  {state}  ({fact['kept']})"


def _drill_fact(drill: "Drill") -> dict[str, Any]:
    from dq.report.verdicts.facts import fact_of

    return {
        "backup": drill.backup,
        "passed": drill.passed,
        "seconds": dict(drill.seconds),
        "rows": dict(drill.rows),
        "changes": drill.changes,
        "brakes": list(drill.brakes),
        "checks": [fact_of(report, verdict) for report in drill.reports for verdict in report.verdicts],
    }


def _size(count: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:,.0f} {unit}"
        count /= 1000
    raise AssertionError(count)
