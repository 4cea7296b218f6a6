"""The month's budget: a plan that would go over it is not applied, and what was spent is what the server counted."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from projects import Project

from dq import sandbox
from dq.stores.airtable.ledger import spent
from dq.stores.airtable.state import state_name


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DQ_STATE_HOME", str(tmp_path / "own"))


def _spent(project: Project, url: str) -> int:
    return spent(Path(os.environ["DQ_STATE_HOME"]) / state_name("calls", url, project.base_id), datetime.now(UTC))


def _budget(project: Project, calls: int) -> None:
    config = project.config()
    config["limits"]["api_budget"] = calls
    project.configure(config)


def test_a_plan_over_the_budget_brakes_and_its_flag_lifts_it(settled: Project) -> None:
    settled.sql(
        "UPDATE leads SET title = 'Chief Cook', updated_at = '2031-01-01T00:00:00+00:00' WHERE id IN (SELECT id FROM leads LIMIT 9)"
    )
    with settled.served() as url:
        _budget(settled, 5)
        assert settled.dq("snapshot").code == 0
        assert _spent(settled, url) == sum(sandbox.calls(url).values())
        cleaned = settled.dq("clean")
        price = settled.plan()["price"]
        assert (cleaned.code, price["budget"], price["spent"]) == (0, 5, _spent(settled, url))
        diff = settled.dq("diff")
        assert "of the month's 5" in diff.out
        braked = settled.dq("apply", "--yes")
        flag = ("--max-api-calls", str(price["api_calls"]))
        assert (braked.code, " ".join(flag) in braked.err) == (4, True), braked.err
        applied = settled.dq("apply", "--yes", "--format", "json", *flag)
        assert applied.code == 0, applied.err
        assert applied.json["details"]["api_calls_repeated"] == 0
        assert _spent(settled, url) == price["spent"] + price["api_calls"]


def test_within_the_budget_nothing_is_asked(settled: Project) -> None:
    settled.sql(
        "UPDATE leads SET title = 'Cook', updated_at = '2031-01-01T00:00:00+00:00' WHERE id IN (SELECT id FROM leads LIMIT 3)"
    )
    with settled.served():
        _budget(settled, 1000)
        assert settled.dq("run", "--yes").code == 0
