"""What is wrong in the files that people write: one line each, reported together."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from dq.errors import ConfigurationError

Key = tuple[str | int, ...]
"""Where a value stands in a file: keys and list positions from the top, e.g. `("tables", 0, "mapping")`."""


_WORD = re.compile(r"[^:=\n\r]{0,60}")
AGAIN = "run the command again"
"""What shows whether a file is corrected that an option named."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake: the file with its line (or the environment variable), the key path, and what is wrong."""

    where: str
    key: str
    text: str

    def __str__(self) -> str:
        """The mistake as one line."""
        return f"{self.where}: {self.key}: {self.text}" if self.key else f"{self.where}: {self.text}"


def path_of(key: Key) -> str:
    """A key path as people write it: `tables[0].mapping.email`."""
    text = ""
    for part in key:
        text += f"[{part}]" if isinstance(part, int) else f".{plain_word(part)}" if text else plain_word(part)
    return text


def plain_word(word: str) -> str:
    """A key as messages may show it: cut at the first `:`, `=` or line end, where a value may have slipped in."""
    shown = _WORD.match(word)
    end = shown.end() if shown else 0
    return word if end == len(word) else f"{word[:end]}…"


def nearest(word: str, known: Iterable[str]) -> str:
    """The hint that names the near miss of an unknown word, or the words there are."""
    names = sorted(known)
    close = get_close_matches(word, names, n=1, cutoff=0.6) or get_close_matches(word.lower(), names, n=1, cutoff=0.6)
    if close:
        return f"; did you mean `{close[0]}`?"
    return f"; known: {', '.join(names)}" if names else ""


def raise_all(mistakes: Sequence[Mistake], then: str = "`dq config check`") -> None:
    """Raise all mistakes as one error; do nothing when there are none.

    Args:
        mistakes: They may be none.
        then: What shows whether they are corrected; `dq config check` reads a project's own files alone.

    Raises:
        ConfigurationError: There is at least one mistake.
    """
    if not mistakes:
        return
    if len(mistakes) == 1:
        only = mistakes[0]
        what = f"{only.key}: {only.text}" if only.key else only.text
        raise ConfigurationError(what, where=only.where, fix=f"correct it, then {then}")
    lines = "\n".join(f"  - {mistake}" for mistake in mistakes)
    raise ConfigurationError(
        f"{len(mistakes)} mistakes in the configuration:\n{lines}", fix=f"correct them, then {then}"
    )
