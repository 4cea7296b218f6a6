"""`limits.max_memory_usage_mb`: watched in every step, warned of before it is passed, and kept by slices where they can."""

import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from projects import Ended, Project

from dq.memory import Usage, give_back, resident, watching
from dq.pipeline.slicing import FEWEST_ROWS, MOST_ROWS, sliced

MB = 1_000_000


@pytest.mark.parametrize(
    ("rows", "size", "limit", "parts", "fits"),
    [
        (60, 30_000, 512, 1, True),
        (60, 30_000, 64, 1, False),
        (20_000, 10 * MB, 4096, 1, True),
        (20_000, 10 * MB, 1024, 1, True),
        (20_000, 10 * MB, 256, 2, False),
        (100_000, 50 * MB, 8192, 5, True),
        (100_000, 50 * MB, 512, 5, False),
        (0, 0, 512, 1, True),
    ],
)
def test_slices_go_by_rows_bytes_and_limit(rows: int, size: int, limit: int, parts: int, fits: bool) -> None:
    made = sliced(rows, size, limit)
    assert (made.parts, made.fits) == (parts, fits)
    assert (made.expected <= limit) == fits


@given(rows=st.integers(0, 10**7), width=st.integers(1, 5_000), limit=st.integers(64, 65_536))
def test_a_smaller_limit_never_makes_fewer_slices(rows: int, width: int, limit: int) -> None:
    made, tighter = sliced(rows, rows * width, limit), sliced(rows, rows * width, max(64, limit // 2))
    assert made.parts <= tighter.parts
    assert tighter.expected <= made.expected
    assert rows / MOST_ROWS <= made.parts <= max(1, rows / FEWEST_ROWS + 1)


PLANNING = """
import json, sys
from datetime import UTC, datetime
from dq import pipeline
from dq.memory import Usage, give_back, watching
give_back()
from dq.rules import ALL_STEPS
from dq.settings import load
settings = load()
limits = settings.limits.model_copy(update={"max_memory_usage_mb": int(sys.argv[1])})
with watching(Usage(int(sys.argv[1]), lambda text: None), every=0.01) as usage:
    made = pipeline.clean(
        settings.model_copy(update={"limits": limits}), datetime(2031, 1, 1, tzinfo=UTC), frozenset(ALL_STEPS), usage.begin
    )
digests = {name: made.plan.digests[name] for name in ("changeset", "base_next")}
facts = {"counts": dict(made.plan.counts), "digests": digests, "slices": dict(made.slices), "notes": made.notes}
print(json.dumps({**facts, "peak": usage.peak, "warnings": usage.warnings}))
"""


def _planned(project: Project, limit: str) -> Ended:
    """In an interpreter that holds nothing else."""
    told = subprocess.run([sys.executable, "-c", PLANNING, limit], cwd=project.root, capture_output=True, text=True)
    return Ended(told.returncode, told.stdout, told.stderr)


def test_a_small_limit_gives_more_slices_the_same_plan_and_a_lower_peak(
    make_project: Callable[[int, int], Project],
) -> None:
    project = make_project(4, 9_000)
    assert project.run("snapshot").code == 0
    ended = [_planned(project, limit) for limit in ("4096", "64")]
    assert [one.code for one in ended] == [0, 0], ended[0].err + ended[1].err
    whole, cut = (one.json for one in ended)
    assert (whole["slices"], cut["slices"]) == ({"leads": 1}, {"leads": 2})
    assert (cut["counts"], cut["digests"]) == (whole["counts"], whole["digests"])
    assert whole["counts"]["changes"] > 50_000
    assert cut["peak"] < whole["peak"] < 4096
    assert (whole["notes"], whole["warnings"]) == ([], [])
    assert "even in slices, more than limits.max_memory_usage_mb (64)" in cut["notes"][0]
    assert "allows; the work goes on" in cut["warnings"][0]


def test_a_run_tells_its_peak_step_by_step(fresh: Project) -> None:
    ended = fresh.dq("run", "--yes", "--format", "json")
    memory = ended.json["details"]["memory"]
    assert memory["limit_mb"] == 512
    assert memory["peak_mb"] == max(memory["steps"].values())
    steps = set(memory["steps"])
    assert {
        "snapshot database leads",
        "snapshot airtable Leads",
        "planning and proving leads",
        "backup",
        "apply",
    } <= steps


def test_it_warns_once_before_the_limit_and_once_past_it() -> None:
    seen = iter([100, 409, 410, 450, 511, 512, 513, 600, 513, 700])
    told: list[str] = []
    usage = Usage(512, told.append, lambda: next(seen) * MB)
    for _ in range(10):
        usage.sample()
    assert usage.peaks == {"start": 700}
    assert [text.split("(")[0].strip() for text in told] == [
        "memory: 410 of 512 MB",
        "memory: 513 MB in step `start`, more than limits.max_memory_usage_mb",
    ]
    assert "set it to 704 or above" in told[1]


def test_memory_that_a_step_takes_between_two_reports_is_seen() -> None:
    told: list[str] = []
    limit = resident() // MB + 100
    with watching(Usage(limit, told.append), every=0.01) as usage:
        usage.begin("taking")
        held = bytearray(b"x") * (150 * MB)
        usage.begin("given back")
        del held
    assert usage.peaks["taking"] > limit
    assert told == usage.warnings
    assert "in step `taking`" in told[-1]


def test_the_limit_of_the_maintenance_document_is_the_same(fresh: Project) -> None:
    config = fresh.config()
    fresh.configure({**config, "maintenance_config": {"performance": {"max_memory_usage_mb": 100}}})
    ended = fresh.dq("run", "--dry-run", "--format", "json")
    assert ended.json["details"]["memory"]["limit_mb"] == 100
    assert any("limits.max_memory_usage_mb (100)" in text for text in ended.json["warnings"])


def test_progress_shows_every_so_many_rows(fresh: Project) -> None:
    from datetime import UTC, datetime

    from dq.cli.session import _steps
    from dq.pipeline.log import logged
    from dq.settings import load

    fresh.configure({**fresh.config(), "limits": {"progress_update_interval": 250}})
    settings, shown = load(fresh.root / "config" / "dq.yaml"), []
    with logged(fresh.snapshots, "test", lambda: datetime.now(UTC)) as log:
        told = _steps(settings, log, lambda *far: shown.append(far), Usage(512, print))
        for step in ("apply", "undo"):
            for done in range(0, 1_100, 100):
                told(step, done, 1_000)
    assert [done for step, done, _ in shown if step == "apply"] == [0, 300, 600, 900, 1_000]
    assert [done for step, done, _ in shown if step == "undo"] == [0, 300, 600, 900, 1_000]


def test_threads_have_one_arena_where_the_system_has_such(monkeypatch: pytest.MonkeyPatch) -> None:
    import ctypes
    from types import SimpleNamespace

    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace(mallopt=lambda *what: asked.append(what)))
    give_back()
    assert asked == [(-8, 1)]
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace())  # not glibc
    give_back()
