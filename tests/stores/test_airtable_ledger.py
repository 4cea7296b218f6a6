"""The ledger of calls by month, and the budget that it is held against."""

import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from dq.stores.airtable.ledger import EVERY, Ledger, month_of, spent

JUNE = datetime(2026, 6, 30, 23, 59, tzinfo=UTC)


def test_calls_are_counted_by_month_and_kept_over_processes(tmp_path: Path):
    path, now = tmp_path / "state" / "calls.json", [JUNE]
    for _ in range(2):
        ledger = Ledger(path, lambda: now[0])
        for _ in range(EVERY + 3):
            ledger.note()
        assert spent(path, now[0]) % (EVERY + 3) == EVERY, "the rest is gathered"
        ledger.flush()
    assert spent(path, JUNE) == 2 * (EVERY + 3)
    assert spent(path, JUNE + timedelta(minutes=2)) == 0
    assert path.stat().st_mode & 0o777 == 0o600


def test_threads_count_together(tmp_path: Path):
    ledger = Ledger(tmp_path / "calls.json", lambda: JUNE)
    threads = [threading.Thread(target=lambda: [ledger.note() for _ in range(100)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ledger.flush()
    assert spent(tmp_path / "calls.json", JUNE) == 400


def test_a_month_is_told_in_utc():
    assert month_of(datetime(2026, 7, 1, 1, tzinfo=timezone(timedelta(hours=2)))) == "2026-06"


def test_a_file_that_is_no_ledger_counts_from_nothing(tmp_path: Path):
    path = tmp_path / "calls.json"
    path.write_text("not json")
    ledger = Ledger(path, lambda: JUNE)
    ledger.note()
    ledger.flush()
    assert spent(path, JUNE) == 1
    Ledger(None).note()
    assert spent(tmp_path / "absent", JUNE) == 0
