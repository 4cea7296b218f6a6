"""Review: pairs of rows that wait for a person, the most telling first, and what the person says of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import Any

import numpy as np
import polars as pl

from dq import review
from dq.apply import base as base_state
from dq.dedupe.clusters import components
from dq.errors import ConfigurationError
from dq.face import Run
from dq.pipeline.auditing import actor, event
from dq.pipeline.locating import planned_run
from dq.review import DIFFERENT, ENDS, PAIR, SAME, UNSURE
from dq.rules import TableRules
from dq.schemas import BaseRow, Cluster, Pair
from dq.schemas.record import raw
from dq.schemas.values import STORES, Store
from dq.settings import Settings
from dq.side import ENTITY, KEY

DECISIONS = (SAME, DIFFERENT, UNSURE)
_ENTITIES = [f"{ENTITY}_l", f"{ENTITY}_r"]
_LEADS = ["_lead", "_other_lead"]


def waiting(settings: Settings) -> pl.DataFrame:
    """The pairs of the latest plan that wait for a person: the likeliest of every two leads, the most telling first.

    What is learned from a pair is how unsure the model is of it, times (in bits) how many pairs it would settle alike.

    Returns:
        Pair contract, with entity_id_l, entity_id_r, alike (how many pairs are on the same levels) and telling (bits).

    Raises:
        ConfigurationError: There is no plan yet.
    """
    run = planned_run(settings)
    told = _between(review.load(settings.snapshots), run)
    open_ = _between(run.pairs.filter(pl.col(Pair.decision) == "review"), run).filter(pl.col(_LEADS[0]) != _LEADS[1])
    open_ = open_.join(told, on=[Pair.table, *_LEADS], how="anti")
    levels = [name for name in open_.columns if name.startswith("gamma_")]
    sure = pl.col(str(Pair.match_probability)).clip(1e-9, 1 - 1e-9)
    doubt = -(sure * sure.log(2) + (1 - sure) * (1 - sure).log(2))
    ranked = open_.with_columns(pl.len().over(Pair.table, *levels).alias("alike")).with_columns(
        (doubt * (1 + pl.col("alike")).log(2)).alias("telling")
    )
    likeliest = ranked.sort(str(Pair.match_probability), *ENDS, descending=[True, *[False] * 4]).unique(
        [Pair.table, *_LEADS], keep="first", maintain_order=True
    )
    return likeliest.drop(_LEADS).sort("telling", *PAIR, descending=[True, *[False] * len(PAIR)])


def _between(pairs: pl.DataFrame, run: Run) -> pl.DataFrame:
    """Pairs of rows with their leads' entity ids, and the same in order: what is said of two rows is said of their leads."""
    for side in "lr":
        ends = {Cluster.store: f"store_{side}", KEY: f"key_{side}", ENTITY: f"{ENTITY}_{side}"}
        rows = run.clusters.select(Cluster.table, *(pl.col(name).alias(to) for name, to in ends.items()))
        pairs = pairs.join(rows, on=[Pair.table, f"store_{side}", f"key_{side}"], how="left")
    low, high = pl.min_horizontal(_ENTITIES), pl.max_horizontal(_ENTITIES)
    return pairs.with_columns(low.alias(_LEADS[0]), high.alias(_LEADS[1]))


def decide(
    settings: Settings, left: str, right: str, decision: str, why: str, now: datetime, table: str | None = None
) -> tuple[str, str]:
    """Remember what a person says of two rows.

    Args:
        settings: The settings.
        left: A row: its key, or `store:key` where both stores have it.
        right: The other.
        decision: `same`, `different` or `unsure`.
        why: What the person says to it.
        now: The time.
        table: The mapping, where keys stand in several.

    Returns:
        The two rows, as `store:key`.

    Raises:
        ConfigurationError: No such row, one row twice, rows of two tables, or decisions that contradict each other in steps.
    """
    run = planned_run(settings)
    found = [_rows(run, one, table) for one in (left, right)]
    tables = sorted(set.intersection(*(set(rows[Cluster.table]) for rows in found)))
    if not tables:
        raise ConfigurationError("The rows are of two tables.", where=f"{left} and {right}")
    if len(tables) > 1:
        raise ConfigurationError(
            "Both keys stand in several tables.", where=", ".join(tables), fix=f"--table {tables[0]}, or another"
        )
    one, other = (_row(rows.filter(table=tables[0]), named) for rows, named in zip(found, (left, right), strict=True))
    if one == other:
        raise ConfigurationError("Both keys are of one row.", where=":".join(one), fix="dq review pairs")
    pair = pl.DataFrame([[tables[0], *one, *other, decision, why]], schema=[*PAIR, "decision", "why"], orient="row")
    add_decisions(settings, pair, now)
    return ":".join(one), ":".join(other)


def add_decisions(settings: Settings, told: pl.DataFrame, now: datetime) -> None:
    """Remember decisions, all or none.

    Args:
        settings: The settings.
        told: table, store_l, key_l, store_r, key_r, decision, why.
        now: The time.

    Raises:
        ConfigurationError: Taken together they say of two rows that they are and are not the same, or they tell a row
            and the record that it is linked with apart.
    """
    after = review.load(settings.snapshots)
    last = review.ordered(told).unique(PAIR, keep="last", maintain_order=True)  # a file may name a pair twice
    for (decision, why), pairs in last.group_by("decision", "why", maintain_order=True):
        after = review.decided(after, pairs, str(decision), actor(), now.isoformat(), str(why))
    _demand_consistent(after)
    _demand_unlinked(settings, last.filter(decision=DIFFERENT))
    review.save(settings.snapshots, after)
    facts = {decision: last.filter(decision=decision).height for decision in DECISIONS}
    first = last.row(0, named=True) if len(last) == 1 else {}
    event(settings, "decided", {**facts, **{name: first[name] for name in PAIR if first}}, now)


def said(settings: Settings, pairs: Sequence[Mapping[str, Any]]) -> list[list[tuple[str, str | None, str | None]]]:
    """What the two rows of each pair say, in standard form: field, left, right; what neither says is left out."""
    run = planned_run(settings)
    keys = {pair[f"key_{side}"] for pair in pairs for side in "lr"}
    stores: tuple[Store, ...] = ("database", "airtable")
    records = {store: run.standardized(store).filter(pl.col(KEY).is_in(list(keys))) for store in stores}
    told = []
    for pair in pairs:
        rules = next(rules for rules in settings.tables if rules.table == pair["table"])
        left, right = (_cells(records[pair[f"store_{side}"]], pair[f"key_{side}"], rules, settings) for side in "lr")
        told.append([(name, left[name], right[name]) for name in rules.names if left[name] or right[name]])
    return told


def _cells(records: pl.DataFrame, key: str, rules: TableRules, settings: Settings) -> dict[str, str | None]:
    """One row's mapped fields."""
    rows = records.filter(pl.col(KEY) == key)
    if rows.height > 1:  # another mapping's rows may have equal keys, and fields of their own
        foreign = {name for other in settings.tables for name in other.names} - set(rules.names)
        rows = rows.filter(pl.all_horizontal(pl.lit(value=True), *(pl.col(raw(n)).is_null() for n in foreign)))
    return rows.select(pl.col(name).cast(pl.String) for name in rules.names).row(0, named=True)


def _rows(run: Run, named: str, table: str | None) -> pl.DataFrame:
    """table, store, row_key of the rows that a key names: of one store, or both, and of one table, or several."""
    store, _, key = named.partition(":")
    is_named = store in STORES and key != ""
    wanted = (pl.col(Cluster.store) == store) & (pl.col(KEY) == key) if is_named else pl.col(KEY) == named
    mine = run.clusters if table is None else run.clusters.filter(pl.col(Cluster.table) == table)
    found = mine.filter(wanted).select(Cluster.table, Cluster.store, KEY)
    if found.is_empty():
        near = get_close_matches(named, mine[KEY].head(20_000).to_list(), 1)
        raise ConfigurationError(
            f"The latest plan has no row {named!r}" + (f": did you mean {near[0]}?" if near else "."),
            fix="dq review pairs",
        )
    return found


def _row(found: pl.DataFrame, named: str) -> tuple[str, str]:
    """store, key of the one row that a key names in a table."""
    if found.height > 1:
        raise ConfigurationError(f"{named!r} is a key in both stores.", fix=f"database:{named} or airtable:{named}")
    _, store, key = found.row(0)
    return store, key


def _demand_consistent(decisions: pl.DataFrame) -> None:
    """Refuse decisions that say of two rows, in steps, that they are the same, and that they are not."""
    ends = pl.concat(
        decisions.select("table", pl.col(f"store_{side}").alias("store"), pl.col(f"key_{side}").alias("key"))
        for side in "lr"
    )
    rows = ends.unique().sort("table", "store", "key").with_row_index("row")
    numbered = decisions
    for side in "lr":
        at = rows.select(
            "table", *(pl.col(name).alias(f"{name}_{side}") for name in ("store", "key")), pl.col("row").alias(side)
        )
        numbered = numbered.join(at, on=["table", f"store_{side}", f"key_{side}"], how="left", maintain_order="left")
    same, apart = (numbered.filter(decision=decision) for decision in (SAME, DIFFERENT))
    left, right = (same[side].to_numpy().astype(np.int64) for side in "lr")
    label = components(left, right, len(rows))
    clash = label[apart["l"].to_numpy()] == label[apart["r"].to_numpy()]
    if clash.any():
        first = apart.row(int(clash.argmax()), named=True)
        raise ConfigurationError(
            "The decisions contradict each other: two rows are the same, in steps, and not the same.",
            where=f"{first['store_l']}:{first['key_l']} and {first['store_r']}:{first['key_r']}, told apart by {first['by']} at {first['at']}",
            fix=f"dq review forget {first['key_l']}, or leave the new decision",
        )


def _demand_unlinked(settings: Settings, pairs: pl.DataFrame) -> None:
    """Refuse to tell a row and its own record apart: the link is to be taken back, not only forbidden."""
    _, base = base_state.load(settings.snapshots)
    linked = base.filter(pl.col(BaseRow.state) == "linked").select(
        pl.col(BaseRow.table), pl.col("airtable_key").alias("key_l"), pl.col("database_key").alias("key_r")
    )
    across = pairs.filter(store_l="airtable", store_r="database")
    held = across.join(linked, on=["table", "key_l", "key_r"], how="semi")
    if len(held):
        raise ConfigurationError(
            "A row and the record that it is linked with cannot be told apart: they were one lead in every plan since.",
            where=f"{held['key_r'][0]} and {held['key_l'][0]}",
            fix="dq undo the run that linked them, then decide",
        )


def decisions_of(frame: pl.DataFrame, tables: Sequence[str]) -> pl.DataFrame:
    """Decisions of a file: table, store_l, key_l, store_r, key_r, decision, why.

    Args:
        frame: Columns as `dq review export` writes them; table may lack where there is one mapping, why always.
        tables: The mappings.

    Raises:
        ConfigurationError: A column is missing, or says what is no store, table or decision.
    """
    texts = frame.select(pl.all().cast(pl.String))
    if "table" not in texts.columns and len(tables) == 1:
        texts = texts.with_columns(pl.lit(tables[0]).alias("table"))
    missing = [name for name in (*PAIR, "decision") if name not in texts.columns]
    if missing:
        raise ConfigurationError(f"The file has no column {missing[0]!r}.", fix="dq review export writes such a file")
    texts = texts.with_columns(
        [pl.lit("").alias("why")] if "why" not in texts.columns else [pl.col("why").fill_null("")]
    )
    allowed = {"table": tables, "store_l": STORES, "store_r": STORES, "decision": DECISIONS}
    for name, words in allowed.items():
        wrong = texts.filter(~pl.col(name).is_in(list(words)).fill_null(value=False))
        if len(wrong):
            raise ConfigurationError(
                f"{len(wrong):,} lines have another {name} than {', '.join(words)}.", where=f"column {name}"
            )
    if texts.select(pl.any_horizontal(pl.col("key_l", "key_r").is_null()).any()).item():
        raise ConfigurationError("Some lines have no key.", where="columns key_l, key_r")
    if texts.select(((pl.col("store_l") == pl.col("store_r")) & (pl.col("key_l") == pl.col("key_r"))).any()).item():
        raise ConfigurationError("Some lines name one row twice.", where="columns key_l, key_r")
    return texts.select(*PAIR, "decision", "why")
