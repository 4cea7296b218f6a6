"""What `make bench-match` shows to matchers, and how it accounts for them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench import match_sets
from bench.match import SMALL

ROOT = Path(__file__).resolve().parents[2]


def alone(tmp_path, limit, code):
    command = [
        sys.executable,
        "-I",
        ROOT / "bench" / "alone.py",
        str(limit),
        tmp_path / "log",
        sys.executable,
        "-c",
        code,
    ]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(told.stdout)


def test_a_command_is_accounted_for_alone(tmp_path):
    heavy = b"x" * 200_000_000  # its parent's size is not its own
    told = alone(tmp_path, 60, "import subprocess, sys; print(len(b'x' * 50_000_000)); sys.exit(7)")
    assert len(heavy) == 200_000_000
    assert told["code"] == 7
    assert 48 < told["peak"] < 120
    assert 0 < told["cpu"] < 10
    assert (tmp_path / "log").read_text() == "50000000\n"


def test_a_command_that_takes_too_long_is_stopped(tmp_path):
    told = alone(tmp_path, 1, "import time; time.sleep(60)")
    assert told["code"] == -9
    assert 0.9 < told["wall"] < 30


@pytest.mark.parametrize("name", match_sets.PUBLIC)
def test_matchers_are_not_shown_the_truth(name):
    (one,) = match_sets.labelled([name])
    if isinstance(one, str):
        pytest.skip(f"../shared/er/{name} is not here")
    assert "entity_id" not in one.records.columns
    assert one.records["record_id"].n_unique() == one.truth["record_id"].n_unique() == one.records.height
    assert (one.pairs is None) == (one.apart is None) == (name != "dblp_acm")


def test_leads_carry_nothing_that_links_the_stores(monkeypatch):
    monkeypatch.setitem(match_sets.LEADS, "leads_100k", 600)
    (one,) = match_sets.labelled(["leads_100k"])
    fields = ["record_id", "name", "email", "company", "title", "linkedin_url", "company_website", "phone", "status"]
    assert one.records.columns == fields
    assert 500 < one.records.height < 700
    assert set(one.records["record_id"]) == set(one.truth["record_id"])
    assert one.truth["entity_id"].n_unique() < one.records.height
    values = one.records.select(fields[1:]).to_dict(as_series=False).values()
    assert not set(one.records["record_id"]) & {value for column in values for value in column}


def test_sets_that_are_not_here_are_named(monkeypatch, tmp_path):
    monkeypatch.setattr(match_sets, "SHARED", tmp_path)
    assert list(match_sets.labelled(["fake_1000", "cora"])) == ["fake_1000", "cora"]
    assert set(match_sets.PUBLIC) >= SMALL
