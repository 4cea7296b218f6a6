"""What matchers learned, kept beside the base, so that a plan judges rows as the one before it did.

It is learned once, and again when it is asked for, when the rules of matching or the mapping change. When there are
twice as many rows as it was learned from, people are told.
"""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from dq.dedupe.model import TYPES, Model, from_frame, to_frame
from dq.digests import digest_of_json
from dq.pipeline.counting import Planned
from dq.rules import TableRules
from dq.settings import Settings
from dq.stores.private import make_folder
from dq.stores.vouched import damaged, read_vouched, write_vouched

FILE = "matcher.parquet"
_KEPT = {"table": pl.String(), "rules": pl.String(), **TYPES}
_NOT_LEARNED = {"merge", "review", "fewest_rows", "never", "always"}
"""What rules say of pairs, whatever was learned."""
_GROWN = 2
"""A table of so many times the rows that were learned from has more to teach."""


def load(settings: Settings) -> dict[str, Model]:
    """By mapping, what was learned under its rules.

    Raises:
        DamagedError: The file cannot be read.
    """
    path = settings.snapshots / "base" / FILE
    if not path.exists():
        return {}
    with damaged(
        "What the matcher learned cannot be read.",
        where=f"snapshots/base/{FILE}",
        fix="dq clean --relearn, and look at the plan",
        why="Without it rows may be judged otherwise than before.",
    ):
        held = read_vouched(path).select(list(_KEPT))
        parts = {rules.table: held.filter(table=rules.table, rules=_under(rules)) for rules in settings.tables}
        return {table: from_frame(part.select(list(TYPES))) for table, part in parts.items() if len(part)}


def of_plan(folder: Path, table: str) -> Model | None:
    """What a mapping's plan went by; None where it went by keys alone.

    Args:
        folder: The snapshot's `clean` folder.
        table: The mapping.

    Raises:
        DamagedError: The file cannot be read.
    """
    path = folder / FILE
    if not path.exists():
        return None
    with damaged(
        "What the plan's matcher went by cannot be read.",
        where=f"snapshots/{folder.parent.name}/{folder.name}/{FILE}",
        fix="dq clean plans again",
    ):
        held = read_vouched(path).filter(table=table)
        return from_frame(held.select(list(TYPES))) if len(held) else None


def frame(made: Sequence[Planned]) -> pl.DataFrame:
    """What the plans went by, one line a fact."""
    parts = [
        to_frame(one.made.model).select(
            pl.lit(one.rules.table).alias("table"), pl.lit(_under(one.rules)).alias("rules"), *TYPES
        )
        for one in made
        if one.made.model is not None
    ]
    return pl.concat([pl.DataFrame(schema=_KEPT), *parts])


def write(made: Sequence[Planned], folder: Path) -> None:
    """Write what the plans went by beside their frames; nothing where they went by keys alone."""
    told = frame(made)
    if len(told):
        write_vouched(told, folder / FILE)
    else:
        (folder / FILE).unlink(missing_ok=True)


def keep(settings: Settings, made: Sequence[Planned]) -> tuple[str, ...]:
    """Keep for the next plan what was learned for this one; tells what a person should know of it."""
    told = frame(made)
    if len(told) and any(one.made.model is not None and one.made.model is not one.inputs.model for one in made):
        write_vouched(told, make_folder(settings.snapshots / "base") / FILE)
    return tuple(
        f"{one.rules.table} has {rows:,} rows, what makes two of them one lead was learned from {model.rows:,}: "
        "dq clean --relearn learns it anew"
        for one in made
        if (model := one.made.model) is not None and (rows := one.made.clusters.height) > _GROWN * model.rows
    )


def _under(rules: TableRules) -> str:
    """Digest of the rules that the matcher goes by."""
    matcher = rules.dedupe.matcher
    fields = [[field.name, field.kind, field.default] for field in rules.fields]
    said = None if matcher is None else matcher.model_dump(mode="json", exclude=_NOT_LEARNED)
    return digest_of_json([said, fields, rules.dedupe.name_field])
