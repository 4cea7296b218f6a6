"""`dq backup restore`: a backup back into the stores, or one of its files beside them."""

import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dq.cli.options import AsFormat, ConfigFile, Format, Yes, braked
from dq.cli.session import confirm, session, watched

if TYPE_CHECKING:
    from dq.pipeline import Restored, Wanted
    from dq.pipeline.refilling import Refill
    from dq.schemas.values import Store


class OnlyStore(StrEnum):
    """One of the two stores."""

    database = "database"
    airtable = "airtable"


@braked("max_deletes", "max_api_calls")
def restore(
    backup_id: Annotated[str, typer.Argument(metavar="ID", help="A backup's id, the beginning of one, or `latest`.")],
    only: Annotated[OnlyStore | None, typer.Option("--only", help="Leave the other store as it is.")] = None,
    to: Annotated[
        Path | None, typer.Option("--to", help="Write the database's copy (with --only airtable: the export) there.")
    ] = None,
    delete_extra: Annotated[
        bool, typer.Option("--delete-extra", help="Delete Airtable records that the backup does not have.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")] = False,
    yes: Yes = False,
    limit: Annotated[int, typer.Option(help="Changes to list; 0 lists all.", min=0)] = 40,
    config: ConfigFile = None,
    form: AsFormat = Format.text,
    *,
    allowed: Mapping[str, int],
) -> None:
    """Bring both stores, or one, back to what a backup holds.

    A SQLite database is swapped for the checked copy, and the old file is kept beside it; PostgreSQL's rows are put back
    in one transaction. Airtable is changed back cell by cell. What has no old file is backed up before. Nothing is
    deleted by absence afterwards.
    """
    from dq import pipeline

    if to is not None:
        _extracted(backup_id, only, to, config, form)
        return
    with session("backup-restore", config, writes=None if dry_run else f"dq backup restore {backup_id}") as opened:
        shown: list[Refill | None] = []

        def asked(planned: "Refill | None") -> None:
            shown.append(planned)
            if form is Format.text:
                print("\n".join(_told(wanted, planned, limit)))
            if not dry_run:
                confirm(_question(wanted, planned), "--yes", yes=yes, look="dq backup restore ID --dry-run")

        backup, key = pipeline.opened_backup(opened.settings, backup_id)
        permission = pipeline.Permission(allowed)
        stores: tuple[Store, ...] = ("database", "airtable") if only is None else (only.value,)
        wanted = pipeline.Wanted(backup, key, stores, delete_extra, permission, asked, dry_run)
        done = pipeline.restore(opened.settings, opened.stores, wanted, opened.watch)
        code = 0 if dry_run else _exit_code(done, opened.interrupts.exit_code)
        opened.log.event("backup restore", id=backup.id, stores=list(stores), dry=dry_run, exit_code=code)
        opened.log.exit_code = code
    _end(done, shown, form, code, dry=dry_run)


def _extracted(backup_id: str, only: OnlyStore | None, to: Path, config: Path | None, form: Format) -> None:
    from dq import pipeline
    from dq.cli.render import print_json

    store: Store = "database" if only is None else only.value
    with watched("backup-restore", config, alone=False) as opened:
        backup, key = pipeline.opened_backup(opened.settings, backup_id)
        wanted = pipeline.Wanted(backup, key, (store,), False, pipeline.Permission({}), lambda _planned: None)
        rows = pipeline.extract(wanted, store, to.absolute())
        opened.log.event("backup restore", id=backup.id, stores=[store], to=to.name)
    if form is Format.json:
        print_json({"format_version": 1, "backup": backup.id, "to": str(to), "rows": dict(rows)})
    else:
        print(f"{to}: the {store} of {backup.id}, {sum(rows.values()):,} rows in {len(rows)} tables")


def _told(wanted: "Wanted", planned: "Refill | None", limit: int) -> list[str]:
    from dq.report.diff import change_lines

    told = [f"restore {wanted.backup.id}, taken {wanted.backup.taken_at:%Y-%m-%d %H:%M} UTC"]
    if "database" in wanted.stores and (file := wanted.backup.file("database")):
        told.append(
            f"  database  {sum(file.rows.values()):,} rows in {len(file.rows)} tables take the place of all that is there"
        )
    if planned is not None:
        told.append(f"  airtable  {_rows(planned) or 'no changes'}, about {planned.api_calls:,} API calls")
        told += [f"  note: {note}" for note in planned.notes]
        told += change_lines(planned.changes, limit)
    elif "airtable" in wanted.stores:
        told.append("  airtable  goes on where it was interrupted")
    return told


def _rows(planned: "Refill") -> str:
    from dq.changeset import SIGNS, rows

    ops = rows(planned.changes).get_column("op").to_list()
    return "  ".join(f"{sign}{ops.count(op):,}" for op, sign in SIGNS.items() if op in ops)


def _question(wanted: "Wanted", planned: "Refill | None") -> str:
    parts = ["replace the database"] if "database" in wanted.stores else []
    if "airtable" in wanted.stores:
        parts.append(f"change Airtable ({_rows(planned) or 'nothing'})" if planned else "go on with Airtable")
    return f"Restore {wanted.backup.id}: {' and '.join(parts)}?"


def _exit_code(done: "Restored", interrupted: int) -> int:
    filled = done.airtable
    if filled is None:
        return 0
    if not filled.finished:
        return interrupted
    return 6 if filled.mismatches else 3 if filled.failed else 0


def _end(done: "Restored", shown: "list[Refill | None]", form: Format, code: int, *, dry: bool) -> None:
    from dq.cli.render import print_json

    if form is Format.json:
        planned = shown[0].changes.to_dicts() if dry and shown and shown[0] is not None else None
        print_json({"format_version": 1, "exit_code": code, "dry_run": dry, "planned": planned, **_fact(done)})
    elif not dry:
        print("\n".join(_lines(done)))
    if done.airtable is not None:
        for entry in done.airtable.failed[:20]:
            print(f"{entry.write.table} {entry.entity}: {entry.state}: {entry.reason or ''}", file=sys.stderr)
    if code in (130, 143):
        print(f"stopped after a batch; go on with: dq backup restore {done.backup}", file=sys.stderr)
    if code:
        raise typer.Exit(code)


def _lines(done: "Restored") -> list[str]:
    told = []
    if done.database is not None:
        told.append(f"database: {sum(done.database.values()):,} rows in {len(done.database)} tables are back")
        told += [f"  the old file: {done.aside}"] if done.aside else []
        told += [f"  what was there: backup {done.before}"] if done.before and done.airtable is None else []
    if done.airtable is not None:
        written = done.airtable.counts.get("airtable", {})
        ops = ", ".join(f"{n:,} {op}s" for op, n in sorted(written.items())) or "nothing to change"
        told.append(f"airtable: {ops}" + (f"; before it: backup {done.before}" if done.before else ""))
        told += [f"  {len(done.airtable.new_ids):,} records have new ids"] if done.airtable.new_ids else []
    told.append(f"base: serial {done.serial}, {done.known:,} leads known, {done.unknown:,} no more; next: dq snapshot")
    return told + [f"note: {note}" for note in done.notes]


def _fact(done: "Restored") -> dict[str, Any]:
    filled = done.airtable
    return {
        "backup": done.backup,
        "database": None if done.database is None else dict(done.database),
        "aside": str(done.aside) if done.aside else None,
        "airtable": None
        if filled is None
        else {
            "finished": filled.finished,
            "counts": filled.counts,
            "failed": len(filled.failed),
            "mismatches": len(filled.mismatches),
            "new_ids": dict(filled.new_ids),
        },
        "before": done.before,
        "base": {"serial": done.serial, "known": done.known, "unknown": done.unknown},
        "notes": list(done.notes),
    }
