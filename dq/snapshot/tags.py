"""A person's words for a snapshot, beside its files: pruning keeps those that the configuration names."""

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from dq.stores.private import write_file

FILE = "tags.json"


def tag(folder: Path, words: Sequence[str]) -> None:
    """Give a snapshot these tags besides those that it has.

    Args:
        folder: The snapshot's folder.
        words: The tags.
    """
    if words:
        write_file(folder / FILE, json.dumps(list(dict.fromkeys([*tags_of(folder), *words]))).encode())


def tags_of(folder: Path) -> tuple[str, ...]:
    """A snapshot's tags; none where there are none, or nobody can read them."""
    with suppress(OSError, ValueError, TypeError):
        return tuple(str(word) for word in json.loads((folder / FILE).read_text(encoding="utf-8")))
    return ()
