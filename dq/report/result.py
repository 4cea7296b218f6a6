"""The last lines of a run, from its result."""

from collections.abc import Mapping
from typing import Any


def lines(result: Mapping[str, Any]) -> list[str]:
    """What a run did, a line a fact."""
    details = result["details"]
    calls = sum(details["api_calls"].values())
    written = details["writes"].get("written", 0)
    left = {state: n for state, n in details["writes"].items() if state != "written"}
    told = [
        f"plan {result['operation_id']}: {details['changes']:,} changes",
        (
            "merged {duplicates_removed:,}, standardized {records_standardized:,}, "
            "synchronized {records_synchronized:,} rows"
        ).format(**result),
        f"conflicts settled {result['conflicts_resolved']:,}, waiting {result['conflicts_waiting']:,}",
    ]
    verified = ", all read back and verified" if result["exit_code"] in (0, 3) else ""
    told += [
        f"wrote {written:,} rows in {calls:,} API calls{verified}"
        if written
        else "wrote nothing"
        if details["changes"]
        else "nothing to write"
    ]
    told += [f"left out: {', '.join(f'{n:,} {state}' for state, n in left.items())}"] if left else []
    wrong = {category: n for category, n in result["errors_by_category"].items() if n}
    told += [f"errors: {', '.join(f'{n:,} {category}' for category, n in wrong.items())}"] if wrong else []
    back = details.get("rolled_back", 0)
    told += [f"taken back: {back:,} rows"] if back else []
    if details.get("memory"):
        told.append("memory {peak_mb:,} MB at the most, of {limit_mb:,}".format(**details["memory"]))
    if details.get("audit"):
        told.append("audit log: {entries:,} entries, head {entries}:{digest}".format(**details["audit"]))
    told += [f"backup {path}" for path in result["backup_paths"]]
    return told
