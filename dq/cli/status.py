"""`dq status`: where things stand. Reads dq's own files only."""

from typing import TYPE_CHECKING, Any

from dq.cli.clean import readings, told_tables
from dq.cli.options import AsFormat, ConfigFile, Format

if TYPE_CHECKING:
    from dq.settings import Settings


def status(config: ConfigFile = None, form: AsFormat = Format.text) -> None:
    """Show the latest snapshot, its plan, the base and the backups."""
    from dq.cli.render import print_json
    from dq.settings import load

    facts = _facts(load(config, secrets=False))
    if form is Format.json:
        print_json({"format_version": 1, **facts})
        return
    print("\n".join(_lines(facts)))


def _facts(settings: "Settings") -> dict[str, Any]:
    from dq import audit
    from dq.apply import base as base_state
    from dq.backup import list_backups
    from dq.errors import ConfigurationError
    from dq.pipeline import approving, latest, lockout
    from dq.snapshot import list_snapshots, open_snapshot

    snapshots = list_snapshots(settings.snapshots)
    current = base_state.pointer(settings.snapshots)
    backups = list_backups(settings.backups.directory)
    logged = audit.head(settings.snapshots).at.link
    facts: dict[str, Any] = {
        "snapshots": len(snapshots),
        "latest": None,
        "plan": None,
        "base_serial": current.serial if current else 0,
        "backups": len(backups),
        "audit": {"entries": logged.entries, "digest": logged.digest},
        "latest_backup": backups[-1].id if backups else None,
        "locked": held.why if (held := lockout(settings.snapshots)) else None,
    }
    if snapshots:
        newest, _ = open_snapshot(settings.snapshots)
        rows = {f"{table.schema.store} {table.schema.name}": table.rows for table in newest.tables}
        facts["latest"] = {
            "id": newest.id,
            "taken_at": newest.taken_at,
            "rows": rows,
            "readings": readings(newest),
        }
        try:
            plan, folder, state = latest(settings)
            facts["plan"] = {
                "state": {"none": "not applied", "open": "unfinished", "finished": "applied"}[state],
                "changes": plan.changes,
                "conflicts_waiting": plan.conflicts,
                "brakes": [brake.message for brake in plan.brakes],
                "approval": approving.status(settings, plan, folder),
            }
        except ConfigurationError:  # a snapshot without a plan
            pass
    return facts


def _approval(plan: dict[str, Any]) -> list[str]:
    from dq.pipeline import approving

    return approving.lines(plan["approval"]) if plan["state"] == "not applied" else []


def _lines(facts: dict[str, Any]) -> list[str]:
    if facts["latest"] is None:
        return ["no snapshot yet: dq snapshot"]
    latest, plan = facts["latest"], facts["plan"]
    told = [
        f"snapshot {latest['id']} ({facts['snapshots']} in all): " + told_tables(latest["rows"], latest["readings"])
    ]
    if plan is None:
        told.append("plan: none yet: dq clean")
    else:
        told.append(
            f"plan: {plan['state']}, {plan['changes']:,} changes, {plan['conflicts_waiting']:,} conflicts waiting"
        )
        told += [f"  brake: {message}" for message in plan["brakes"]]
        told += [f"  {line}" for line in _approval(plan)]
        told += ["  go on with: dq apply --resume"] if plan["state"] == "unfinished" else []
    told.append(f"base: serial {facts['base_serial']}")
    told.append(
        f"backups: {facts['backups']}" + (f", latest {facts['latest_backup']}" if facts["latest_backup"] else "")
    )
    told += [f"locked: {facts['locked']}; after a look: dq unlock"] if facts["locked"] else []
    told.append("audit log: {entries:,} entries, head {entries}:{digest}".format(**facts["audit"]))
    return told
