"""Bugs planted on purpose: each is caught by a world that lives with it, by a law, a guard or a proof of dq's own.

They run where `DQ_MUTANTS` is set, as `make simulate` does.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from projects import Project
from simulation_laws import live

from dq import reconcile
from dq.apply import commit, execute
from dq.apply.journal import Journal
from dq.apply.undo import inverse
from dq.dedupe import pairs as compared_pairs
from dq.engine import grouping
from dq.errors import DqError
from dq.pipeline import applying, auditing
from dq.reconcile import align, merge, policies
from dq.stores.airtable import AirtableStore
from dq.stores.protocol import Outcome
from dq.stores.sqlite import SqliteStore, guarding

Patch = pytest.MonkeyPatch


def _journal_after_the_wire(patch: Patch) -> None:
    """The intent reaches the journal with the outcome only."""
    begin, settle = Journal.begin, Journal.settle
    held: dict[int, tuple[Any, str]] = {}
    patch.setattr(Journal, "begin", lambda self, entries, now: held.update({entries[0].batch: (entries, now)}))

    def settled(self: Journal, batch: int, outcomes: Any, now: str) -> None:
        if batch in held:
            begin(self, *held.pop(batch))
        settle(self, batch, outcomes, now)

    patch.setattr(Journal, "settle", settled)


def _intents_count_as_written(patch: Patch) -> None:
    def settled(entries: Sequence[Any], *_: Any) -> dict[int, Outcome]:
        return {entry.place: Outcome("written", entry.write.key or f"lost{entry.place}") for entry in entries}

    patch.setattr(commit, "settled", settled)


def _lost_creates_are_sent_again(patch: Patch) -> None:
    patch.setattr(AirtableStore, "find", lambda _self, _schema, writes, *_: [None] * len(writes))
    patch.setattr(SqliteStore, "find", lambda _self, _schema, writes, *_: [None] * len(writes))


def _guards_are_off(patch: Patch) -> None:
    patch.setattr(guarding, "moved_reason", lambda *_: None)


def _base_never_advances(patch: Patch) -> None:
    patch.setattr(execute, "advance", lambda plan, *_: plan.base_serial)


def _edits_do_not_beat_deletes(patch: Patch) -> None:
    patch.setattr(align, "is_edited", lambda *_: pl.lit(value=False))


def _cleared_cells_are_no_edits(patch: Patch) -> None:
    inner = merge._sides

    def sides(field: Any) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
        base, database, airtable = inner(field)
        held = pl.when(base != "").then(base)
        return base, database.fill_null(held), airtable.fill_null(held)

    patch.setattr(merge, "_sides", sides)


def _policies_are_swapped(patch: Patch) -> None:
    inner = policies._choice
    swapped = {"database_wins": "airtable_wins", "airtable_wins": "database_wins"}
    patch.setattr(policies, "_choice", lambda policy, *rest: inner(swapped.get(policy, policy), *rest))


def _edits_go_the_wrong_way(patch: Patch) -> None:
    patch.setattr(merge, "FROM_DATABASE", merge.FROM_AIRTABLE)


def _duplicates_stay(patch: Patch) -> None:
    inner = compared_pairs

    def pairs(*given: Any) -> Any:
        found = inner(*given)
        known = pl.col("match_key").str.contains("base|link|merged")
        decision = pl.when(known).then("decision").otherwise(pl.lit("review"))
        return type(found)(found.compared.with_columns(decision.alias("decision")), found.shared)

    patch.setattr(grouping, "pairs", pairs)


def _links_are_not_written_back(patch: Patch) -> None:
    inner = reconcile.link_changes
    patch.setattr(reconcile, "link_changes", lambda *given: inner(*given).clear())


def _snapshots_lack_a_row(patch: Patch) -> None:
    inner = AirtableStore.batches

    def batches(self: AirtableStore, schema: Any) -> Iterator[pa.RecordBatch]:
        for batch in inner(self, schema):
            yield batch.slice(0, max(batch.num_rows - 1, 0))

    patch.setattr(AirtableStore, "batches", batches)


def _lost_writes_are_not_verified(patch: Patch) -> None:
    inner = SqliteStore.write

    def write(self: SqliteStore, schema: Any, writes: Sequence[Any]) -> list[Outcome]:
        kept = [one for one in writes[:-1] if one.group != writes[-1].group]
        done = dict(zip(map(id, kept), inner(self, schema, kept), strict=True))
        return [done.get(id(one), Outcome("written", one.key, dict(one.after))) for one in writes]

    patch.setattr(SqliteStore, "write", write)
    patch.setattr(execute, "mismatches", lambda *_: [])


def _undo_forgets_deleted_rows(patch: Patch) -> None:
    patch.setattr(inverse, "_remade", lambda *_: (None, []))


def _base_advances_before_the_wire(patch: Patch) -> None:
    inner = applying.execute

    def early(approved: Any, plan: Any, folder: Path, run: Any, rules: Any, seen: pl.DataFrame) -> Any:
        execute.advance(plan, folder, None, rules)
        return inner(approved, plan, folder, run, rules, seen)

    patch.setattr(applying, "execute", early)


def _marks_are_not_guarded(patch: Patch) -> None:
    inner = applying.seen
    patch.setattr(applying, "seen", lambda *given: inner(*given).clear())


def _receipts_are_not_logged(patch: Patch) -> None:
    inner = auditing.receipts
    patch.setattr(auditing, "receipts", lambda *given: inner(*given).head(3))


MUTANTS: Mapping[Callable[[Patch], None], int] = {
    _journal_after_the_wire: 6,
    _intents_count_as_written: 6,
    _lost_creates_are_sent_again: 6,
    _guards_are_off: 6,
    _marks_are_not_guarded: 6,
    _base_never_advances: 6,
    _base_advances_before_the_wire: 12,
    _edits_do_not_beat_deletes: 6,
    _cleared_cells_are_no_edits: 6,
    _policies_are_swapped: 24,
    _edits_go_the_wrong_way: 6,
    _duplicates_stay: 6,
    _links_are_not_written_back: 6,
    _snapshots_lack_a_row: 6,
    _lost_writes_are_not_verified: 6,
    _undo_forgets_deleted_rows: 6,
    _receipts_are_not_logged: 6,
}
"""Each with the number of worlds, from the first on, of which one must catch it; docs/simulation.md says which does, by what law."""


@pytest.mark.skipif("DQ_MUTANTS" not in os.environ, reason="takes minutes: make simulate")
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__.strip("_"))
def test_a_planted_bug_is_caught(peaceful: Project, tmp_path: Path, mutant: Callable[[Patch], None]) -> None:
    for seed in range(MUTANTS[mutant]):
        with pytest.MonkeyPatch.context() as patch:
            mutant(patch)
            try:
                live(peaceful, tmp_path / str(seed), seed)
            except (AssertionError, DqError, LookupError, ValueError):
                return
    raise AssertionError(f"{MUTANTS[mutant]} worlds lived well with {mutant.__name__}")
