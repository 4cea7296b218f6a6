"""The quality rules on a snapshot's planned result."""

import polars as pl

from dq.engine.validity import with_findings
from dq.errors import ConfigurationError
from dq.gate import Report, judge, named_golden
from dq.settings import Settings
from dq.snapshot import open_snapshot


def judged(settings: Settings, snapshot_id: str) -> list[Report]:
    """What the rules of each mapping say about the planned result.

    Args:
        settings: Mappings and rules.
        snapshot_id: A snapshot's id, the beginning of one, or `latest`.

    Raises:
        ConfigurationError: There is no such snapshot, or no plan was made of it.
    """
    _, folder = open_snapshot(settings.snapshots, snapshot_id)
    path = folder / "clean" / "golden.parquet"
    if not path.exists():
        raise ConfigurationError("This snapshot has no plan yet.", where=folder.name, fix="dq clean")
    golden = pl.read_parquet(path)
    return [
        judge(with_findings(golden, rules), rules.quality, named_golden(rules), rules.table)
        for rules in settings.tables
    ]
