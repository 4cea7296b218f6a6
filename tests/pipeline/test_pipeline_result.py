"""Errors by category in the result of a run: critical, recoverable, data quality, configuration; in text and JSON."""

import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from projects import Project

from dq.errors import BrakeError, ConfigurationError, DqError, TemporaryError
from dq.pipeline import by_category, failed
from dq.pipeline.result import CATEGORIES

LATER = "2031-01-01T00:00:00+00:00"
NOTHING = dict.fromkeys(CATEGORIES, 0)


def _edited(project: Project) -> None:
    """Edits of records that are to go to the database."""

    def change(base: dict[str, Any]) -> None:
        for record in base["tables"][0]["records"]:
            record["fields"]["Company"] = "Acme Holding"
            record["fields"]["Last Modified"] = "2031-01-01T00:00:00.000Z"

    project.edit_records(change)


def _refusing(number: int) -> Callable[[Project], None]:
    def change(project: Project) -> None:
        keys = ", ".join(f"'{key}'" for (key,) in project.sql("SELECT id FROM leads ORDER BY id LIMIT ?", number))
        project.sql(
            f"CREATE TRIGGER no BEFORE UPDATE ON leads WHEN old.id IN ({keys}) BEGIN SELECT RAISE(ABORT, 'no'); END"
        )

    return change


def _moved(project: Project) -> None:
    project.sql("UPDATE leads SET company = 'Somebody' WHERE id IN (SELECT id FROM leads ORDER BY id DESC LIMIT 3)")


def _both(project: Project) -> None:
    _refusing(2)(project)
    _moved(project)


@pytest.mark.parametrize(
    ("change", "code", "categories"),
    [
        (lambda _project: None, 0, {}),
        (_refusing(2), 3, {"data quality": 2}),
        (_moved, 3, {"recoverable": 3}),
        (_both, 3, {"data quality": 2, "recoverable": 3}),
        (_refusing(40), 6, {"critical": 1}),
    ],
    ids=["all well", "refused", "moved", "both", "taken back"],
)
def test_what_went_wrong_is_told_by_category(
    settled: Project, change: Callable[[Project], None], code: int, categories: dict[str, int]
) -> None:
    _edited(settled)
    assert (settled.dq("snapshot").code, settled.dq("clean").code) == (0, 0)
    change(settled)
    ended = settled.dq("apply", "--yes", "--max-field-changes", "1000", "--format", "json")
    assert ended.code == code, ended.err
    result = ended.json
    told = result["errors_by_category"]
    assert told == by_category(result["errors"])
    assert list(told) == list(CATEGORIES)
    assert {name: n for name, n in told.items() if n and (code != 6 or name == "critical")} == categories
    events = [json.loads(line) for line in _log(settled, "apply").read_text(encoding="utf-8").splitlines()]
    assert next(one for one in events if one["event"] == "result")["errors"] == told


def test_a_person_reads_the_categories(settled: Project) -> None:
    _edited(settled)
    assert (settled.dq("snapshot").code, settled.dq("clean").code) == (0, 0)
    _both(settled)
    ended = settled.dq("apply", "--yes", "--max-field-changes", "1000")
    assert "errors: 3 recoverable, 2 data quality" in ended.out
    assert "\nrecoverable: database leads" in ended.err
    assert "\ndata quality: database leads" in ended.err


def _locked(project: Project, stack: ExitStack) -> None:
    stack.enter_context(FileLock(project.snapshots / ".lock"))


def _unmapped(project: Project, _stack: ExitStack) -> None:
    config = project.config()
    config["tables"][0]["mapping"]["nickname"] = "Nickname"
    project.configure(config)


def _braked(project: Project, _stack: ExitStack) -> None:
    _edited(project)


@pytest.mark.parametrize(
    ("obstacle", "code", "category"),
    [(_locked, 5, "recoverable"), (_unmapped, 2, "configuration"), (_braked, 4, "critical")],
)
def test_a_run_that_an_error_ends_has_a_result(
    settled: Project, obstacle: Callable[[Project, ExitStack], None], code: int, category: str
) -> None:
    with ExitStack() as stack:
        obstacle(settled, stack)
        before = settled.latest.name
        ended = settled.dq("run", "--yes", "--format", "json")
        plain = settled.dq("run", "--yes")
    assert (ended.code, ended.json["exit_code"], plain.code) == (code, code, code)
    assert ended.json["success"] is False
    assert ended.json["errors_by_category"] == {**NOTHING, category: 1}
    [error] = ended.json["errors"]
    assert error["category"] == category
    assert error["fix"]
    assert error["what"] in ended.err
    assert f"errors: 1 {category}" in plain.err
    assert (ended.json["operation_id"] not in ("", before)) == (code == 4)  # else it failed before it had a snapshot


@pytest.mark.parametrize(
    ("error", "category", "code"),
    [
        (ConfigurationError("x"), "configuration", 2),
        (BrakeError("x"), "critical", 4),
        (TemporaryError("x"), "recoverable", 5),
        (DqError("x"), "critical", 70),
        (ValueError("a cell's value"), "critical", 70),
        (KeyboardInterrupt(), "recoverable", 130),
    ],
)
def test_every_error_has_one_category(error: BaseException, category: str, code: int) -> None:
    from datetime import UTC, datetime

    now = datetime(2026, 1, 1, tzinfo=UTC)
    made = failed(error, "", now, now)
    assert (made.exit_code, made.errors[0]["category"]) == (code, category)
    assert "value" not in json.dumps([dict(one) for one in made.errors])


def _log(project: Project, command: str) -> Path:
    return max((project.snapshots / "logs").glob(f"*-{command}.jsonl"), key=lambda path: path.name)
