"""An undo on disk: `undo/<number>/` beside the run's plan, written whole before the first row is touched.

    writes.ndjson    the batches, one a line
    kept.ndjson      what people changed since, one a line
    undo.json        what is undone and why, with the digest of the writes; written last
    journal.sqlite   what was done of it

An undo that was cut off goes on from these files: what it writes was settled when it was planned.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from dq.apply.batches import Batch, PlannedWrite
from dq.apply.files import write_json
from dq.apply.journal import state_of
from dq.apply.undo.inverse import Kept
from dq.apply.undo.scope import Scope
from dq.digests import digest_of_json, sealed, unsealed
from dq.errors import DamagedError
from dq.stores.private import digest_of, make_folder, open_file, sync_file, sync_folder
from dq.stores.protocol import RowWrite

FOLDER, NAME, JOURNAL = "undo", "undo.json", "journal.sqlite"
_WRITES, _KEPT = "writes.ndjson", "kept.ndjson"
Why = Literal["asked", "rollback"]


@dataclass(frozen=True)
class Undoing:
    """A planned undo.

    Attributes:
        folder: Where it stands.
        snapshot: The run's snapshot.
        plan: Digest of the run's plan.
        steps: Only what these steps changed; empty for all.
        entity: Only this lead; None for all.
        why: `asked` by a person, or the `rollback` of a run that went wrong.
        made_at: When, in ISO format.
        base_serial: Serial of the base it was planned on.
        counts: `store op` → rows that it writes.
        kept: How many cells and rows it leaves alone.
        writes: SHA-256 of the batches.
    """

    folder: Path
    snapshot: str
    plan: str
    steps: tuple[str, ...]
    entity: str | None
    why: Why
    made_at: str
    base_serial: int
    counts: dict[str, int] = field(default_factory=dict)
    kept: int = 0
    writes: str = ""

    @property
    def digest(self) -> str:
        """Digest of the whole: the base that it leads to is of this undo."""
        return digest_of_json({**asdict(self), "folder": self.folder.name})

    @property
    def is_whole(self) -> bool:
        """Whether it is of the whole run."""
        return not self.steps and self.entity is None

    @property
    def state(self) -> Literal["none", "open", "finished"]:
        """Whether it was begun, and ended."""
        return state_of(self.folder / JOURNAL)


def save(
    run: Path,
    plan: str,
    scope: Scope,
    why: Why,
    made_at: str,
    serial: int,
    batches: Iterable[Batch],
    kept: Sequence[Kept],
) -> Undoing:
    """Write an undo down; one that was planned and never begun is replaced.

    Args:
        run: The folder of the run's snapshot.
        plan: Digest of its plan.
        scope: What of it.
        why: Who asks.
        made_at: When, in ISO format.
        serial: The base's serial.
        batches: What is to be written; drawn once, `kept` is whole only afterwards.
        kept: What is left alone.
    """
    folder = make_folder(run / FOLDER / f"{_next(run):04d}")
    counts: dict[str, int] = {}
    _lines(folder / _WRITES, (_counted(batch, counts) for batch in batches))
    _lines(folder / _KEPT, (asdict(one) for one in kept))
    undoing = Undoing(
        folder, run.name, plan, tuple(sorted(scope.steps)), scope.entity, why, made_at, serial, counts, len(kept),
        digest_of(folder / _WRITES),
    )  # fmt: skip
    write_json(sealed({"format_version": 1, **asdict(undoing), "folder": folder.name}), folder / NAME)
    return undoing


def _next(run: Path) -> int:
    """The number of the next undo of a run: the last one's, if that was never begun."""
    last = max((int(path.name) for path in (run / FOLDER).glob("[0-9]*")), default=0)
    return last if last and state_of(run / FOLDER / f"{last:04d}" / JOURNAL) == "none" else last + 1


def _lines(path: Path, values: Iterable[dict[str, Any]]) -> None:
    with open_file(path) as number, open(number, "w", encoding="utf-8", closefd=False) as file:
        file.writelines(json.dumps(value, ensure_ascii=False) + "\n" for value in values)
    sync_file(path)
    sync_folder(path.parent)


def _counted(batch: Batch, counts: dict[str, int]) -> dict[str, Any]:
    for planned in batch.writes:
        name = f"{planned.store} {planned.write.op}"
        counts[name] = counts.get(name, 0) + 1
    return asdict(batch)


def undos(run: Path) -> list[Undoing]:
    """The undos of a run, in order; one without its `undo.json` does not exist.

    Raises:
        DamagedError: One cannot be read.
    """
    return [_read(path.parent) for path in sorted((run / FOLDER).glob(f"[0-9]*/{NAME}"))]


def unfinished(root: Path) -> Undoing | None:
    """The undo that was begun and did not end, of whichever run.

    Args:
        root: The snapshots folder.
    """
    folders = sorted(path.parent for path in root.glob(f"*/{FOLDER}/[0-9]*/{JOURNAL}"))
    return next((_read(folder) for folder in folders if state_of(folder / JOURNAL) == "open"), None)


def _read(folder: Path) -> Undoing:
    try:
        data = unsealed(json.loads((folder / NAME).read_text(encoding="utf-8")))
        del data["format_version"]
        return Undoing(**{**data, "folder": folder, "steps": tuple(data["steps"])})
    except (ValueError, TypeError, KeyError, OSError) as error:
        raise _damaged(folder, NAME) from error


def batches(undoing: Undoing) -> Iterator[Batch]:
    """What an undo writes, a batch at a time.

    Raises:
        DamagedError: The file is not the one that was planned.
    """
    path = undoing.folder / _WRITES
    if not path.is_file() or digest_of(path) != undoing.writes:
        raise _damaged(undoing.folder, _WRITES)
    with closing(path.open(encoding="utf-8")) as lines:
        for line in lines:
            yield _batch(json.loads(line))


def kept(undoing: Undoing) -> list[Kept]:
    """What an undo leaves alone."""
    path = undoing.folder / _KEPT
    return [Kept(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def _batch(data: dict[str, Any]) -> Batch:
    writes = tuple(PlannedWrite(**{**one, "write": RowWrite(**one["write"])}) for one in data["writes"])
    return Batch(data["number"], data["phase"], data["store"], writes)


def _damaged(folder: Path, name: str) -> DamagedError:
    return DamagedError(
        f"{name} of an undo is not the one that was planned.",
        where=f"{folder.parent.parent.name}/{FOLDER}/{folder.name}",
        why="It was altered or damaged after the undo began; nothing more was written.",
        fix="compare the stores with the backup that was made before it, then move that folder away",
    )
