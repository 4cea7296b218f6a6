"""A run in Python: frames, and how a notebook shows them."""

import dataclasses
from pathlib import Path

import polars as pl
import pytest
from projects import Project

import dq
from dq.errors import ConfigurationError


def test_a_run_gives_all_its_frames(finished: Project):
    run = dq.open(finished.snapshots)
    assert run.folder == finished.latest
    assert run.plan.changes == run.changes.height
    assert {"store", "row_key", "entity_id", "survivor"} <= set(run.clusters.columns)
    assert run.conflicts.filter(resolved=False).height == run.plan.conflicts
    assert run.golden["entity_id"].is_unique().all()
    assert "match_probability" in run.pairs.columns
    assert "severity" in run.findings.columns
    assert run.standardized("database").height == run.scan("database", "leads").collect().height
    assert run.standardized("airtable").height == run.scan("airtable", "Leads").collect().height


def test_a_run_tells_its_rows_and_its_plan(finished: Project):
    told = repr(dq.open(str(finished.snapshots)))
    assert finished.latest.name in told
    assert "changes" in told
    assert "<pre>" in dq.open(finished.snapshots)._repr_html_()


def test_html_is_escaped(finished: Project):
    run = dq.open(finished.snapshots)
    manifest = dataclasses.replace(run.manifest, id="<b>&</b>")
    assert "&lt;b>&amp;&lt;/b>" in dataclasses.replace(run, manifest=manifest)._repr_html_()


def test_a_run_is_found_by_the_beginning_of_its_id(finished: Project):
    name = finished.latest.name
    assert dq.open(finished.snapshots, name[:18]).folder == finished.latest
    with pytest.raises(ConfigurationError, match="no snapshot"):
        dq.open(finished.snapshots, "19990101")


def test_a_snapshot_without_a_plan_says_so(fresh: Project):
    assert fresh.dq("snapshot").code == 0
    run = dq.open(fresh.snapshots)
    assert "no plan yet" in repr(run)
    with pytest.raises(ConfigurationError, match="no plan"):
        _ = run.changes
    with pytest.raises(ConfigurationError, match="no plan"):
        _ = run.clusters
    assert isinstance(run.scan("database", "leads"), pl.LazyFrame)


def test_no_snapshots_is_a_clear_error(tmp_path: Path):
    with pytest.raises(ConfigurationError, match="no snapshot"):
        dq.open(tmp_path)
