"""`dq diff LEFT RIGHT`: what differs between two files; no store and no plan is needed."""

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dq.cli.options import DiffFormat

if TYPE_CHECKING:
    from dq.report.filediff import FileDiff

Left = Annotated[
    str | None,
    typer.Argument(
        help="A plan file (`--out`) or a snapshot's id; default: the latest plan. With RIGHT: a file.",
        metavar="[PLAN|LEFT]",
    ),
]
Right = Annotated[
    Path | None,
    typer.Argument(help="A Parquet, CSV or NDJSON file: show what differs between two files.", metavar="[RIGHT]"),
]
Keys = Annotated[
    list[str] | None, typer.Option("--key", help="Two files: a column that tells rows apart; may be repeated.")
]
Columns = Annotated[
    list[str] | None, typer.Option("--columns", help="Two files: compare only this column; may be repeated.")
]
Ignored = Annotated[
    list[str] | None, typer.Option("--ignore", help="Two files: do not compare this column; may be repeated.")
]
Standard = Annotated[bool, typer.Option("--standardize", help="Two files: compare the cells' standard forms.")]


@dataclass(frozen=True)
class TwoFiles:
    """What is compared: the files, the columns by which and of which, by standard form or not, the separator.

    Without a right file it is a plan that is shown.
    """

    left: str | None
    right: Path | None
    keys: Sequence[str]
    columns: Sequence[str]
    ignored: Sequence[str]
    standard: bool
    separator: str | None


@dataclass(frozen=True)
class Shown:
    """How it is told: format, differences to list, masked or not; and the file that holds all of them."""

    form: DiffFormat
    limit: int
    mask: bool
    out: Path | None
    force: bool
    config: Path | None


def demand_clear(asked: TwoFiles, *, stale: bool, compare: bool) -> None:
    """Refuse options of a plan with two files, and options of two files without them.

    Raises:
        ConfigurationError: There are such.
    """
    from dq.errors import ConfigurationError

    if asked.right is not None:
        given: dict[str, object] = {"--stale": stale, "--compare-policies": compare}
        why, fix = "Two files are compared, and no plan is shown.", "leave it out, or name one plan"
    else:
        given = {
            "--key": asked.keys,
            "--columns": asked.columns,
            "--ignore": asked.ignored,
            "--standardize": asked.standard,
            "--separator": asked.separator,
        }
        why, fix = "A plan is shown: it takes two files to compare them.", "dq diff LEFT RIGHT --key COLUMN"
    wrong = [option for option, value in given.items() if value]
    if wrong:
        raise ConfigurationError(f"{', '.join(wrong)} does not fit here.", why=why, fix=fix)


def show(asked: TwoFiles, how: Shown) -> bool:
    """Tell the differences of two files; whether there are any."""
    from dq.cli.render import print_json
    from dq.report.filediff import as_dict, as_markdown, as_text, masked_file_diff
    from dq.report.masks import masks_of
    from dq.settings import load

    found = _found(asked, how)
    if how.mask:
        found = masked_file_diff(found, masks_of(load(how.config, secrets=False).tables))
    if how.form is DiffFormat.json:
        print_json(as_dict(found))
    else:
        print("\n".join(as_text(found) if how.form is DiffFormat.text else as_markdown(found)))
    return found.differs


def _found(asked: TwoFiles, how: Shown) -> "FileDiff":
    from dq.engine import files
    from dq.engine.filediff import compared
    from dq.engine.filepairs import demand_out, pair_of, write_changes
    from dq.settings import file_rules

    paths = (Path(asked.left or ""), Path(asked.right or ""))
    rules = file_rules(how.config) if asked.standard else None
    with tempfile.TemporaryDirectory(prefix="dq-") as folder:  # for its owner only
        with files.readable(*paths):
            pair = pair_of(paths, asked.keys, asked.columns, asked.ignored, rules, asked.separator)
            if how.out is None:
                return compared(pair, how.limit)
            demand_out(pair.shape, how.out, paths, force=how.force)
            found = compared(pair, how.limit, Path(folder))
        write_changes(pair, Path(folder), how.out)
    print(f"{how.out}: {found.changes:,} differences; it holds the files' values", file=sys.stderr)
    return found
