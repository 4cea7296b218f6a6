"""`dq backup` on a whole project: what was lost comes back, nothing is deleted for it, and a failure is told."""

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import pyrage
import pytest
from projects import TIMES, Project

from dq.apply import base as base_state

PROGRAM = (Path(__file__).parent / "dying.py").read_text(encoding="utf-8")
LATER = "2031-01-01T00:00:00+00:00"
WIDE = ("--max-deletes", "100", "--max-merges", "100", "--max-field-changes", "100", "--max-missing", "100")


def backed_up(project: Project, *options: str) -> str:
    made = project.dq("backup", "create", *options, "--format", "json")
    assert made.code == 0, made.err
    return str(made.json["id"])


def leads(project: Project) -> dict[str, Any]:
    """Both stores by lead, whatever ids the records have: each row, its record, and that they name each other."""
    rows, records = project.rows(), project.records()
    found: dict[str, Any] = {name: held for name, held in rows.items() if name != "leads"}
    by_lead = {record["Lead ID"]: (key, record) for key, record in records.items()}
    for key, row in rows["leads"].items():
        record_id, record = by_lead.pop(key)
        assert row["airtable_id"] == record_id
        mine = {name: cell for name, cell in row.items() if name not in (*TIMES, "airtable_id")}
        found[key] = (mine, {name: cell for name, cell in record.items() if name not in (*TIMES, "Score")})
    assert by_lead == {}
    return found


def harm(project: Project) -> None:
    """An accident on both sides: rows and records gone, cells overwritten."""
    project.sql("DELETE FROM leads WHERE id IN (SELECT id FROM leads ORDER BY id LIMIT 9)")
    project.sql("UPDATE leads SET company = 'Overwritten Inc.', updated_at = ?", LATER)

    def change(base: dict[str, Any]) -> None:
        records = base["tables"][0]["records"]
        del records[20:27]
        for record in records[:10]:
            record["fields"]["Title"] = "Overwritten"
            record["fields"].pop("Company", None)

    project.edit_records(change)


def changes(project: Project) -> pl.DataFrame:
    """What the next plan would write."""
    assert project.dq("snapshot").code == 0
    cleaned = project.dq("clean")
    assert cleaned.code == 0, cleaned.err
    return pl.read_parquet(project.latest / "changeset.parquet")


def deleted(planned: pl.DataFrame) -> int:
    gone = (pl.col("op") == "delete") | ((pl.col("field") == "deleted_at") & pl.col("after").is_not_null())
    return planned.filter(gone).height


def test_both_stores_come_back_and_the_next_plan_is_empty(settled: Project) -> None:
    before = leads(settled)
    name = backed_up(settled, "--tag", "good")
    changes(settled)  # a plan that was made before
    harm(settled)
    restored = settled.dq("backup", "restore", name, "--yes", "--format", "json")
    assert restored.code == 0, restored.err
    assert leads(settled) == before
    told = json.loads(restored.out)
    assert len(told["airtable"]["new_ids"]) == told["airtable"]["counts"]["airtable"]["insert"] == 7
    assert told["airtable"]["counts"]["database"] == {"update": 7}
    assert (told["base"]["known"], told["base"]["unknown"]) == (len(settled.rows()["leads"]), 0)
    with closing(sqlite3.connect(told["aside"])) as old:
        assert old.execute("SELECT DISTINCT company FROM leads").fetchall() == [("Overwritten Inc.",)]
    refused = settled.dq("apply", "--yes")
    assert (refused.code, "base is at" in refused.err) == (4, True), refused.err
    assert changes(settled).is_empty()
    listed = {one["id"]: one for one in settled.dq("backup", "list", "--format", "json").json["backups"]}
    assert listed[told["before"]]["tags"] == ["before-restore"]
    undone = settled.dq("backup", "restore", told["before"], "--only", "database", "--yes")
    assert undone.code == 0, undone.err
    assert {row["company"] for row in settled.rows()["leads"].values()} == {"Overwritten Inc."}


def test_edge_8_a_database_older_than_the_base_deletes_nothing(settled: Project) -> None:
    """Yesterday's database comes back: what was made and deleted since is no deletion, and nothing is lost."""
    name = backed_up(settled)
    for n in range(15):
        values = (f"late-{n}", f"Lea Late{chr(97 + n)}", f"lea@late{n}.example", LATER, LATER)
        settled.sql("INSERT INTO leads(id, name, email, created_at, updated_at) VALUES (?, ?, ?, ?, ?)", *values)
    gone = [row[0] for row in settled.sql("SELECT id FROM leads WHERE id NOT LIKE 'late%' ORDER BY id LIMIT 4")]
    known = set(settled.records())
    for table in ("lead_enrichment", "campaigns", "pipeline_activity"):
        settled.sql(f"DELETE FROM {table} WHERE lead_id IN (?, ?, ?, ?)", *gone)
    settled.sql("DELETE FROM leads WHERE id IN (?, ?, ?, ?)", *gone)
    ran = settled.dq("run", "--yes", *WIDE)
    assert ran.code == 0, ran.err
    records = settled.records()
    restored = settled.dq("backup", "restore", name, "--only", "database", "--yes", "--format", "json")
    assert restored.code == 0, restored.err
    assert json.loads(restored.out)["base"]["unknown"] == len(known - set(records)) > 0
    planned = changes(settled)
    assert deleted(planned) == 0
    assert settled.dq("apply", "--yes", *WIDE).code == 0
    assert set(records) <= set(settled.records())
    mails = {row["email"] for row in settled.rows()["leads"].values()}
    assert {f"lea@late{n}.example" for n in range(15)} <= mails
    assert set(gone) <= set(settled.rows()["leads"])


def test_edge_8_an_airtable_base_older_than_the_base_state_deletes_nothing(settled: Project) -> None:
    name = backed_up(settled)
    for n in range(8):
        values = (f"late-{n}", f"Lea Late{chr(97 + n)}", f"lea@late{n}.example", LATER, LATER)
        settled.sql("INSERT INTO leads(id, name, email, created_at, updated_at) VALUES (?, ?, ?, ?, ?)", *values)
    assert settled.dq("run", "--yes").code == 0
    rows = settled.rows()["leads"]
    braked = settled.dq("backup", "restore", name, "--only", "airtable", "--delete-extra", "--yes")
    assert (braked.code, "--max-deletes 8" in braked.err) == (4, True), braked.err
    assert len(settled.records()) == len(rows)
    flags = ("--delete-extra", "--max-deletes", "8", "--yes")
    restored = settled.dq("backup", "restore", name, "--only", "airtable", *flags)
    assert restored.code == 0, restored.err
    assert len(settled.records()) == len(rows) - 8
    assert deleted(changes(settled)) == 0
    assert settled.dq("apply", "--yes").code == 0
    assert settled.rows()["leads"].keys() == rows.keys()
    assert len(settled.records()) == len(rows)


def test_a_dry_run_and_a_missing_yes_change_nothing(settled: Project) -> None:
    name = backed_up(settled)
    harm(settled)
    rows, records, base = settled.rows(), settled.records(), base_state.pointer(settled.snapshots)
    shown = settled.dq("backup", "restore", name, "--dry-run", "--limit", "0")
    assert (shown.code, "airtable  +7  ~10" in shown.out) == (0, True), shown.out
    assert settled.dq("backup", "restore", name, "--dry-run", "--format", "json").json["planned"]
    refused = settled.dq("backup", "restore", name)
    assert (refused.code, "--yes" in refused.err) == (2, True)
    assert (settled.rows(), settled.records(), base_state.pointer(settled.snapshots)) == (rows, records, base)


def test_edge_49_a_restore_over_a_running_writer_is_refused_and_the_base_stays(settled: Project) -> None:
    name = backed_up(settled)
    rows = settled.rows()
    code = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT 1 FROM leads'); print(1, flush=True); sys.stdin.read()"
    words = [sys.executable, "-c", code, str(settled.database)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        other.stdout.readline()
        refused = settled.dq("backup", "restore", name, "--yes")
        other.communicate("")
    assert (refused.code, "Another program has the database open" in refused.err) == (5, True)
    assert settled.rows() == rows
    assert base_state.load(settled.snapshots)[1].height > 0
    assert changes(settled).is_empty()


def test_a_file_of_it_beside_the_stores(settled: Project, tmp_path: Path) -> None:
    name = backed_up(settled)
    rows = settled.rows()
    assert settled.dq("backup", "restore", name, "--to", str(tmp_path / "copy.db")).code == 0
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("SELECT count(*) FROM leads").fetchone() == (len(rows["leads"]),)
    assert settled.dq("backup", "restore", name, "--only", "airtable", "--to", str(tmp_path / "a.json")).code == 0
    assert len(json.loads((tmp_path / "a.json").read_text())["bases"]) == 1
    again = settled.dq("backup", "restore", name, "--to", str(tmp_path / "copy.db"))
    assert (again.code, "There is a file already" in again.err) == (2, True)


def test_a_lost_database_comes_back(settled: Project) -> None:
    name = backed_up(settled)
    before = leads(settled)
    settled.database.unlink()
    for end in ("-wal", "-shm"):
        Path(f"{settled.database}{end}").unlink(missing_ok=True)
    restored = settled.dq("backup", "restore", name, "--yes")
    assert restored.code == 0, restored.err
    assert leads(settled) == before
    assert changes(settled).is_empty()


def test_an_apply_that_was_cut_off_is_ended_by_a_restore(settled: Project) -> None:
    before = leads(settled)
    backed_up(settled)
    harm(settled)
    changes(settled)
    killed = settled.run("apply", "--yes", *WIDE, program=PROGRAM, DYING_AT="14")
    assert killed.code == -9, killed.err
    protected = settled.dq("backup", "prune", "--format", "json").json["backups"]
    kept = next(one for one in protected if "not finished" in one["reason"])
    restored = settled.dq("backup", "restore", kept["id"], "--yes")
    assert restored.code == 0, restored.err
    assert "already" in settled.dq("apply", "--resume").out
    assert settled.dq("backup", "restore", protected[-2]["id"], "--yes").code == 0
    assert leads(settled) == before
    assert changes(settled).is_empty()


@pytest.mark.parametrize("moment", [3, 9, 15, 22, 28])
def test_edge_45_killed_at_any_moment_the_same_command_finishes_it(settled: Project, moment: int) -> None:
    before = leads(settled)
    name = backed_up(settled)
    harm(settled)
    command = ("backup", "restore", name, "--yes")
    killed = settled.run(*command, program=PROGRAM, DYING_AT=str(moment))
    assert killed.code in (-9, 0), killed.err
    if killed.code:
        if base_state.pointer(settled.snapshots).plan.startswith("restor"):  # else nothing was changed yet
            assert deleted(changes(settled)) == 0  # whatever a scheduler does in between
        again = settled.dq(*command)
        assert again.code == 0, again.err
    assert leads(settled) == before
    assert changes(settled).is_empty()


def test_an_apply_backs_up_by_the_same_means(settled: Project) -> None:
    settled.sql("UPDATE leads SET title = 'Chief', updated_at = ?", LATER)
    assert settled.dq("run", "--yes", *WIDE).code == 0
    made = settled.dq("backup", "list", "--format", "json").json["backups"][-1]
    assert (made["made_by"], made["kept"]) == ("apply", "made by the last apply")
    assert set(made["files"]) == {"database.db", "airtable.json", "base.parquet"}
    assert made["of"]["database"] == "data/leads.db"


@pytest.mark.parametrize("kind", ["in the way", "full"])
def test_a_backup_that_fails_stops_everything(settled: Project, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settled.sql("UPDATE leads SET title = 'Chief', updated_at = ?", LATER)
    changes(settled)
    records, root = settled.records(), settled.root / "backups"
    if kind == "in the way":
        shutil.rmtree(root)
        root.write_text("a file")
    else:

        def full(*_args: Any, **_options: Any) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(sys.modules["dq.backup.create"], "write_file", full)
    for command in (("apply", "--yes", *WIDE), ("backup", "create")):
        ended = settled.dq(*command)
        assert ended.code == (2 if kind == "in the way" else 5), ended.err
        assert ("cannot be written" if kind == "in the way" else "disk is full") in ended.err
    assert settled.records() == records
    monkeypatch.undo()
    if kind == "in the way":
        root.unlink()
    assert settled.dq("apply", "--resume", "--yes", *WIDE).code == 0


def test_verify_tells_the_damaged_from_the_good(settled: Project) -> None:
    bad, good = backed_up(settled), backed_up(settled, "--tag", "second")
    path = settled.root / "backups" / bad / "airtable.json"
    data = bytearray(path.read_bytes())
    path.unlink()  # it is shared: the other one keeps its own
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    checked = settled.dq("backup", "verify", "--all", "--format", "json")
    assert checked.code == 7
    states = {one["id"]: one["good"] for one in json.loads(checked.out)["backups"]}
    assert (states[bad], states[good]) == (False, True)
    assert settled.dq("backup", "verify", good).code == 0
    listed = {one["id"]: one for one in settled.dq("backup", "list", "--format", "json").json["backups"]}
    assert listed[bad]["verified"]["good"] is False
    for command in (("restore", bad, "--yes"), ("rehearse", bad)):
        refused = settled.dq("backup", *command)
        assert (refused.code, "airtable.json does not match its digest" in refused.err) == (7, True), refused.err


def test_a_rehearsal_leaves_nothing_behind(settled: Project) -> None:
    name = backed_up(settled)
    rows, records = settled.rows(), settled.records()
    held = sorted(path for path in settled.root.rglob("*") if "logs" not in path.parts)
    done = settled.dq("backup", "rehearse", "--format", "json")
    assert done.code == 0, done.err
    assert (done.json["backup"], done.json["passed"], done.json["changes"]) == (name, True, 0)
    assert done.json["rows"]["database leads"] == done.json["rows"]["airtable Leads"] == len(records)
    assert 0 < done.json["seconds"]["restore"] < done.json["seconds"]["total"]
    assert {check["name"] for check in done.json["checks"]} >= {"email_unique"}
    assert sorted(path for path in settled.root.rglob("*") if "logs" not in path.parts) == held
    assert (settled.rows(), settled.records()) == (rows, records)


@pytest.fixture
def sealed(settled: Project, tmp_path: Path) -> Project:
    """The same with encryption: the recipient in the configuration, the identity in a file."""
    identity = pyrage.x25519.Identity.generate()
    (tmp_path / "key.txt").write_text(f"# a note\n{identity}\n")
    (tmp_path / "key.txt").chmod(0o600)
    encryption = {"recipient": str(identity.to_public()), "identity_file": str(tmp_path / "key.txt")}
    settled.configure({**settled.config(), "backups": {"encryption": encryption}})
    return settled


def test_an_encrypted_backup_does_all_that_a_plain_one_does(sealed: Project, tmp_path: Path) -> None:
    before, name = leads(sealed), backed_up(sealed)
    mail = next(iter(sealed.rows()["leads"].values()))["email"].encode()
    folder = sealed.root / "backups" / name
    assert all(mail not in path.read_bytes() for path in folder.iterdir())
    assert sealed.dq("backup", "verify", name).out.endswith("good\n")
    assert sealed.dq("backup", "rehearse", name).code == 0
    harm(sealed)
    restored = sealed.dq("backup", "restore", name, "--yes")
    assert restored.code == 0, restored.err
    assert leads(sealed) == before
    (tmp_path / "key.txt").write_text(str(pyrage.x25519.Identity.generate()))
    for command in (("verify", name), ("restore", name, "--yes"), ("rehearse", name)):
        refused = sealed.dq("backup", *command)
        assert (refused.code, "does not open this backup" in refused.err) == (2, True), refused.err
        assert "AGE-SECRET" not in refused.err
    (tmp_path / "key.txt").unlink()
    assert sealed.dq("backup", "restore", name, "--yes").code == 2
    sealed_ones = [path for path in (sealed.root / "backups").iterdir() if list(path.glob("*.age"))]
    assert len(sealed_ones) == 2  # the second was made before Airtable was changed back
    assert all(mail not in path.read_bytes() for one in sealed_ones for path in one.iterdir())
    assert not list((sealed.root / "backups").glob(".*"))


def test_a_machine_that_only_writes_needs_no_identity(sealed: Project, tmp_path: Path) -> None:
    config = sealed.config()
    del config["backups"]["encryption"]["identity_file"]
    sealed.configure(config)
    name = backed_up(sealed)
    assert "digests only" in sealed.dq("backup", "verify", name).out
    refused = sealed.dq("backup", "restore", name, "--yes")
    assert (refused.code, "no key is configured" in refused.err) == (2, True)


def test_the_secret_stands_in_no_process_list_output_or_log(sealed: Project, tmp_path: Path) -> None:
    secret = (tmp_path / "key.txt").read_text().splitlines()[1]
    backed_up(sealed)
    shown = sealed.dq("config", "show")
    assert secret not in shown.out + shown.err
    for path in (sealed.snapshots / "logs").iterdir():
        assert secret not in path.read_text()


def test_prune_by_the_configuration(settled: Project) -> None:
    settled.configure({**settled.config(), "backups": {"retention_days": 0, "keep_last": 0, "keep_tags": []}})
    backed_up(settled)
    refused = settled.dq("backup", "prune")
    assert (refused.code, "keeps no backup at all" in refused.err) == (2, True)
    settled.configure({**settled.config(), "backups": {"retention_days": 0, "keep_last": 1, "keep_tags": ["keep"]}})
    backed_up(settled, "--tag", "keep")
    newest = backed_up(settled, "--tag", "other")
    dry = settled.dq("backup", "prune", "--dry-run", "--format", "json").json["backups"]
    assert settled.dq("backup", "prune", "--format", "json").json["backups"] == dry
    assert [(one["kept"], one["reason"]) for one in dry][-2:] == [(True, "tagged keep"), (True, "the newest")]
    assert next(one for one in dry if one["reason"] == "made by the last apply")["kept"]
    listed = settled.dq("backup", "list", "--format", "json").json
    assert (listed["backups"][-1]["id"], len(listed["trash"])) == (newest, 1)


def test_no_prune_while_another_command_works(settled: Project) -> None:
    from filelock import FileLock

    backed_up(settled)
    with FileLock(settled.snapshots / ".lock"):
        assert settled.run("backup", "prune").code == 5
