"""What each policy would decide for the conflicts of a plan: counts by field, and a few conflicts with masked values."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from dq.schemas import Conflict

SIDES = {"database": "database", "airtable": "airtable", "merge": "mix", "waits": "waits"}
"""What a policy may decide, and how it is told."""
_ORDER = ("most_recent", "highest_quality", "merge", "database_wins", "airtable_wins", "manual")
WIDTH = 24


@dataclass(frozen=True)
class Compared:
    """Policies compared on one plan's conflicts.

    Attributes:
        snapshot: The plan's snapshot.
        conflicts: How many conflicts between two values there are.
        counts: field (null for all fields), policy, and how many cells would take the database's value, Airtable's, a mix
            of both, or wait for a person.
        samples: conflict_id, field, both values masked, and the decision of each policy.
        limit: Samples that are shown; 0 for all.
    """

    snapshot: str
    conflicts: int
    counts: pl.DataFrame
    samples: Sequence[Mapping[str, Any]]
    limit: int


def compared(snapshot: str, choices: pl.DataFrame, conflicts: pl.DataFrame, limit: int) -> Compared:
    """Compare the policies; nothing is decided and nothing written.

    Args:
        snapshot: The plan's snapshot.
        choices: conflict_id, policy, side, as the plan left them.
        conflicts: Conflict contract.
        limit: Samples to show; 0 for all.
    """
    cells = conflicts.filter(pl.col(Conflict.field).is_not_null())
    told = choices.join(cells.select(Conflict.conflict_id, Conflict.table, Conflict.field), on=Conflict.conflict_id)
    told = told.with_columns(pl.col("side").fill_null("waits"))
    named = told.with_columns(pl.concat_str(Conflict.table, Conflict.field, separator=".").alias("field"))
    both = pl.concat([named, named.with_columns(pl.lit(None, pl.String).alias("field"))])
    counts = both.group_by("field", "policy").agg(
        (pl.col("side") == side).sum().alias(name) for side, name in SIDES.items()
    )
    rank = pl.col("policy").replace_strict({name: place for place, name in enumerate(_ORDER)}, return_dtype=pl.Int8)
    ordered = counts.sort(pl.col("field"), rank, nulls_last=True)
    return Compared(snapshot, cells.height, ordered, _samples(told, cells, limit), limit)


def _samples(told: pl.DataFrame, cells: pl.DataFrame, limit: int) -> list[Mapping[str, Any]]:
    chosen = cells.sort(Conflict.conflict_id).head(limit or cells.height)
    wide = told.join(chosen, on=Conflict.conflict_id, how="semi").pivot(
        "policy", index=Conflict.conflict_id, values="side"
    )
    rows = chosen.join(wide, on=Conflict.conflict_id, how="left", maintain_order="left")
    return [
        {
            "conflict_id": row[Conflict.conflict_id],
            "field": row[Conflict.field],
            "database": masked(row[Conflict.database]),
            "airtable": masked(row[Conflict.airtable]),
            "decisions": {policy: SIDES[row[policy] or "waits"] for policy in _ORDER if policy in row},
        }
        for row in rows.to_dicts()
    ]


def masked(text: str | None) -> str:
    """A cell's shape without its content: letters as x, digits as 9."""
    if text is None:
        return "(empty)"
    value = json.loads(text)
    shown = value if isinstance(value, str) else text
    shape = "".join("9" if c.isdigit() else "x" if c.isalpha() else c if c.isprintable() else "·" for c in shown)
    return shape if len(shape) <= WIDTH else shape[: WIDTH - 1] + "…"


def as_dict(shown: Compared) -> dict[str, Any]:
    """The comparison as JSON-ready values."""
    return {
        "format_version": 1,
        "snapshot": shown.snapshot,
        "conflicts": shown.conflicts,
        "counts": shown.counts.to_dicts(),
        "samples": [dict(sample) for sample in shown.samples],
    }


def as_text(shown: Compared) -> list[str]:
    """The comparison for a terminal."""
    told = [f"plan {shown.snapshot}: {_conflicts(shown.conflicts)}"]
    if not shown.conflicts:
        return told
    told[0] += "; what each policy alone would decide"
    rows = shown.counts.to_dicts()
    width = max(len(row["field"] or "all fields") for row in rows)
    told.append(f"  {'field':<{width}}  {'policy':<15}" + "".join(f"{name:>10}" for name in SIDES.values()))
    told += [
        f"  {row['field'] or 'all fields':<{width}}  {row['policy']:<15}"
        + "".join(f"{row[name]:>10,}" for name in SIDES.values())
        for row in rows
    ]
    for sample in shown.samples:
        told.append(f"! {sample['conflict_id']}: database {sample['database']} | airtable {sample['airtable']}")
        told.append("    " + ", ".join(f"{policy}: {side}" for policy, side in sample["decisions"].items()))
    rest = shown.conflicts - len(shown.samples)
    return told + ([f"… and {rest:,} more (--limit 0 shows all)"] if rest > 0 else [])


def as_markdown(shown: Compared) -> list[str]:
    """The comparison as Markdown, without samples."""
    told = [f"### Plan `{shown.snapshot}`: {_conflicts(shown.conflicts)}", ""]
    if not shown.conflicts:
        return told
    told += ["| field | policy | " + " | ".join(SIDES.values()) + " |", "|---|---|" + "---:|" * len(SIDES)]
    return told + [
        f"| {row['field'] or 'all fields'} | {row['policy']} | "
        + " | ".join(f"{row[n]:,}" for n in SIDES.values())
        + " |"
        for row in shown.counts.to_dicts()
    ]


def _conflicts(count: int) -> str:
    return "1 conflict" if count == 1 else f"{count:,} conflicts"
