"""The log in the flow: every write of every run, once, whatever ends the run; and what people let dq do."""

import csv
import io
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from projects import Project

import dq
from dq import audit, pipeline
from dq.apply.journal import journal
from dq.errors import DamagedError
from dq.pipeline import auditing
from dq.settings import load

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)


@contextmanager
def _opened(project: Project) -> Iterator[tuple[Any, Any, Any]]:
    settings = load(project.root / "config" / "dq.yaml")
    watch = pipeline.Watch(lambda: datetime.now(UTC), lambda *_: None, lambda: False)
    with pipeline.locked(settings), pipeline.opened(settings) as stores:
        yield settings, stores, watch


def _log(project: Project, action: str) -> pl.DataFrame:
    return audit.entries(project.snapshots, pl.col("action") == action)


def test_every_change_of_a_run_is_in_the_log_with_its_reasons_and_receipt(finished: Project):
    run = dq.open(finished.snapshots)
    logged = _log(finished, "apply")
    assert logged["run"].unique().to_list() == [run.manifest.id]
    assert logged["plan"].unique().to_list() == [run.plan.digest]
    assert set(logged["state"]) == {"written"}
    on = ["store", "table", "op", "field", "reason", "rule", "source", "policy"]
    planned = run.changes.group_by(on).len().sort(on)
    assert logged.filter(pl.col("reason") != "stamp").group_by(on).len().sort(on).equals(planned)
    both = run.changes.filter(pl.col("op") == "update", ~pl.col("after").str.contains("$created", literal=True)).join(
        logged, on=["store", "table", "row_key", "field"], suffix="_logged"
    )
    assert both.height > 300
    assert both.filter(pl.col("after").ne_missing(pl.col("after_logged"))).is_empty()
    assert both.filter(pl.col("before").ne_missing(pl.col("before_logged"))).is_empty()


def test_an_insert_is_logged_under_the_key_that_it_got_and_links_name_real_rows(finished: Project):
    logged = _log(finished, "apply")
    made = logged.filter(pl.col("op") == "insert", pl.col("store") == "airtable")
    assert set(made["row_key"]) <= set(finished.records())
    assert logged.filter(pl.col("after").str.contains("$created", literal=True)).is_empty()


def test_a_deleted_row_is_logged_whole(finished: Project):
    gone = _log(finished, "apply").filter(pl.col("op") == "delete", pl.col("store") == "database")
    columns = {column[1] for column in finished.sql("PRAGMA table_info(leads)")}
    assert gone.height
    assert all(set(json.loads(row)) == columns for row in gone["before"])


def test_the_run_tells_the_head_of_the_log(finished: Project, settled: Project):
    settled.sql(
        "UPDATE leads SET title = 'Chef', updated_at = '2031-01-01T00:00:00+00:00' WHERE id = (SELECT min(id) FROM leads)"
    )
    ended = settled.dq("run", "--yes", "--format", "json")
    told = ended.json["details"]["audit"]
    pinned = f"{told['entries']}:{told['digest']}"
    assert str(audit.head(settled.snapshots).at.link) == pinned
    proved = settled.dq("audit", "verify", "--head", pinned)
    assert (proved.code, pinned in proved.out) == (0, True), proved.err
    other = finished.dq("audit", "verify", "--head", pinned)
    assert (other.code, "--head knows of" in other.err) == (7, True)


@pytest.mark.parametrize("name", ["", "Ann Lee"])
def test_who_ran_it_is_the_user_or_whom_the_environment_names(
    settled: Project, monkeypatch: pytest.MonkeyPatch, name: str
):
    monkeypatch.setenv("DQ_ACTOR", name)
    settled.sql(
        "UPDATE leads SET title = 'Chef', updated_at = '2031-01-01T00:00:00+00:00' WHERE id = (SELECT min(id) FROM leads)"
    )
    assert settled.dq("run", "--yes").code == 0
    last = audit.entries(settled.snapshots).tail(1)
    assert last["actor"].item() == (name or auditing.actor())


def test_an_approval_is_logged_and_the_brake_that_was_lifted(settled: Project):
    settled.sql("UPDATE leads SET title = 'Boss', updated_at = '2031-01-01T00:00:00+00:00'")
    held = settled.dq("run", "--yes")
    assert held.code == 4
    assert _log(settled, "approved").height == 1
    assert settled.dq("run", "--yes", "--max-field-changes", "1000").code == 0
    lifted = _log(settled, "brake_lifted")
    facts = json.loads(lifted["detail"].item())
    assert (facts["brake"], facts["allowed"], facts["rows"] > 50) == ("max_field_changes", 1000, True)
    assert _log(settled, "approved").height == 2


def test_an_undo_is_logged_as_what_it_wrote(settled: Project):
    assert settled.dq("undo", "--yes").code == 0
    undone = _log(settled, "undo")
    assert set(undone["reason"]) == {"undo"}
    assert undone.filter(pl.col("state") == "written").height > 300
    assert _log(settled, "undone").height == 1
    assert settled.dq("audit", "verify").code == 0


class _DyingError(Exception):
    pass


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_between_journal_and_log_is_healed_by_the_next_command_and_nothing_stands_twice(
    fresh: Project, monkeypatch: pytest.MonkeyPatch, when: str
):
    whole = audit.append

    def dying(root: Path, parts: Any, month: str) -> audit.Link:
        held = list(parts)
        if "apply" in held[0]["action"]:
            if when == "after":
                whole(root, held, month)
            raise _DyingError
        return whole(root, held, month)

    with monkeypatch.context() as patch:
        patch.setattr(audit, "append", dying)
        assert fresh.dq("run", "--yes").code == 70
    assert _log(fresh, "apply").is_empty() is (when == "before")
    assert fresh.dq("snapshot").code == 0
    logged = _log(fresh, "apply")
    with journal(min(fresh.snapshots.glob("2*/journal.sqlite"))) as done:
        assert logged.height == sum(map(len, done.cells()))
        assert "audited" in done.meta()
    assert fresh.dq("audit", "verify").code == 0
    assert _log(fresh, "apply").height == logged.height


def test_a_reading_command_heals_too_unless_another_dq_is_at_work(settled: Project):
    path = settled.latest / "journal.sqlite"
    shutil.rmtree(settled.snapshots / "audit")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM meta WHERE name IN ('audited', 'auditing')")
    with _opened(settled):
        assert settled.dq("audit", "export").json["entries"] == []
    assert len(settled.dq("audit", "export").json["entries"]) > 500


def test_a_damaged_log_stops_apply_before_it_writes(settled: Project):
    settled.sql(
        "UPDATE leads SET title = 'Chef', updated_at = '2031-01-01T00:00:00+00:00' WHERE id = (SELECT min(id) FROM leads)"
    )
    path = next((settled.snapshots / "audit").glob("*.ndjson"))
    with path.open("ab") as file:
        file.write(b"{}\n")
    before = settled.records()
    ended = settled.dq("run", "--yes")
    assert (ended.code, "dq audit verify" in ended.err) == (7, True), ended.err
    assert settled.records() == before


def test_verify_names_the_broken_entry_and_exits_with_7(settled: Project):
    path = next((settled.snapshots / "audit").glob("*.ndjson"))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:99], lines[99].replace(b'"written"', b'"refused"'), *lines[100:]]))
    ended = settled.dq("audit", "verify")
    assert (ended.code, "entry 100 was changed" in ended.err) == (7, True), ended.err
    told = settled.dq("audit", "verify", "--format", "json")
    assert (told.code, told.json["unbroken"], told.json["broken"]["entry"]) == (7, False, 100)


def test_a_log_that_was_written_anew_is_held_against_the_journals(settled: Project):
    rows = audit.entries(settled.snapshots)
    shutil.rmtree(settled.snapshots / "audit")
    forged = rows.with_columns(pl.col("after").replace({'"auto_send"': '"contacted"'}))
    audit.append(settled.snapshots, [forged.drop("n", "previous")], "2026-07")
    ended = settled.dq("audit", "verify")
    assert (ended.code, "the apply of" in ended.err) == (7, True), ended.err


def test_a_retried_quarantine_is_logged(settled: Project):
    bad = settled.sql("SELECT id FROM leads ORDER BY id LIMIT 1")[0][0]
    settled.sql("UPDATE leads SET title = ?, updated_at = '2031-01-01 00:00:00' WHERE id = ?", "x" * 100_001, bad)
    assert settled.dq("run", "--yes").code == 3
    refused = _log(settled, "apply").filter(pl.col("state") == "refused")
    assert refused["detail"].str.starts_with("INVALID_VALUE_FOR_COLUMN").all()
    assert refused.height == 1
    assert settled.dq("quarantine", "retry", "--all").code == 0
    assert json.loads(_log(settled, "quarantine_retried")["detail"].item()) == {"leads": refused["entity_id"].to_list()}


def test_status_tells_where_the_log_ends(finished: Project):
    told = finished.dq("status", "--format", "json").json["audit"]
    assert f"{told['entries']}:{told['digest']}" in finished.dq("audit", "verify").out
    assert told["digest"] in finished.dq("status").out


def test_events_of_other_commands_go_into_the_log(settled: Project):
    settings = load(settled.root / "config" / "dq.yaml")
    pipeline.event(settings, "backup_pruned", {"backup": "20260701T000000Z-abc"}, NOW)
    event = _log(settled, "backup_pruned")
    assert event.select("time", "detail").row(0) == (NOW.isoformat(), '{"backup": "20260701T000000Z-abc"}')
    (settled.snapshots / "audit" / "head.json").write_text("no")
    with pytest.raises(DamagedError):
        pipeline.event(settings, "backup_pruned", {}, NOW)


@pytest.mark.parametrize("command", [("audit", "export"), ("export", "audit")])
def test_export_writes_json_csv_and_parquet_masked_and_chosen(
    finished: Project, tmp_path: Path, command: tuple[str, ...]
):
    whole = audit.entries(finished.snapshots)
    told = finished.dq(*command, "--unmasked").json
    assert (len(told["entries"]), told["masked"], told["format_version"]) == (whole.height, False, 1)
    assert pl.DataFrame(told["entries"], schema=whole.schema).equals(whole)
    table = list(csv.DictReader(io.StringIO(finished.dq(*command, "--format", "csv", "--store", "airtable").out)))
    assert {row["store"] for row in table} == {"airtable"}
    out = tmp_path / "log.parquet"
    entity = whole["entity_id"].drop_nulls()[0]
    ended = finished.dq(*command, "--format", "parquet", "--out", str(out), "--entity", entity)
    assert ended.code == 0, ended.err
    assert out.stat().st_mode & 0o777 == 0o600
    chosen = pl.read_parquet(out)
    assert set(chosen["entity_id"]) == {entity}
    assert chosen.drop("before", "after").equals(whole.filter(entity_id=entity).drop("before", "after"))


@pytest.mark.parametrize(
    ("options", "some"),
    [
        (("--since", "2020-01-01"), True),
        (("--until", "2020-01-01"), False),
        (("--since", "2100-01-01T00:00:00+02:00"), False),
        (("--until", "2100-01-01"), True),
        (("--entity", "nobody"), False),
    ],
)
def test_entries_are_chosen_by_time_and_lead(finished: Project, options: tuple[str, ...], some: bool):
    assert bool(finished.dq("audit", "export", *options).json["entries"]) is some


@pytest.mark.parametrize("options", [("--since", "soon"), ("--store", "airtabel")])
def test_a_mistaken_choice_is_a_usage_error(finished: Project, options: tuple[str, ...]):
    assert finished.dq("audit", "export", *options).code == 2
    assert finished.dq("audit", "verify", "--head", "nonsense").code == 2


def test_no_cell_of_an_exported_csv_is_a_formula_edge_50(settled: Project):
    formulas = ["=HYPERLINK(1)", "+1+1", "-1+1", "@SUM(1)", "\t=1", "\r=1"]
    keys = [row[0] for row in settled.sql("SELECT id FROM leads ORDER BY id LIMIT 6")]
    for key, formula in zip(keys, formulas, strict=True):
        settled.sql("UPDATE leads SET title = ?, updated_at = '2031-01-01T00:00:00+00:00' WHERE id = ?", formula, key)
    assert settled.dq("run", "--yes").code == 0
    told = settled.dq("audit", "export", "--format", "csv", "--unmasked").out
    cells = [cell for row in csv.reader(io.StringIO(told)) for cell in row]
    assert sum(formula.strip() in cell for cell in cells for formula in formulas) >= 6
    numbers = [cell for cell in cells if cell.lstrip("-").replace(".", "").isdigit()]
    assert [cell for cell in cells if cell[:1] in tuple("=+-@\t\r") and cell not in numbers] == []
