"""`dq dedupe FILE`: which rows of any file are the same."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dq.cli.options import AsFormat, ConfigFile, Format, Separator

if TYPE_CHECKING:
    import polars as pl

    from dq.engine.filematch import Asked, FileMatch
    from dq.memory import Usage

_SHOWN = 40
_ADVICE = "What is known of rows and pairs is in files by now; what one column takes while it is read is not"
_WRITTEN = ("--pairs", "--report", "--save-model")

File = Annotated[Path, typer.Argument(help="A Parquet, CSV or NDJSON file.")]
Link = Annotated[
    Path | None, typer.Option("--link", help="A second file: each row is linked with at most one of the other's.")
]
Within = Annotated[bool, typer.Option("--within", help="With --link: look for duplicates inside each file as well.")]
KeyColumn = Annotated[
    str | None, typer.Option("--key", help="The column that names rows; default: id, else the row's number.")
]
Fields = Annotated[
    str | None,
    typer.Option("--fields", help="The only columns that count, commas between; default: all that say something."),
]
Threshold = Annotated[
    float | None,
    typer.Option(
        "--threshold", min=0.01, max=0.9999, help="Match probability at which two rows are linked; default: 0.6."
    ),
]
ModelFile = Annotated[
    Path | None, typer.Option("--model", help="Go by what --save-model kept, and learn nothing from these rows.")
]
SaveModel = Annotated[
    Path | None, typer.Option("--save-model", help="Keep what was learned (.parquet), for rows to come.")
]
KnownFile = Annotated[
    Path | None,
    typer.Option("--known", help="What --out wrote before: its ids stay; with --model only new rows are matched."),
]
Exact = Annotated[bool, typer.Option("--exact", help="By the exact keys of rules/dedupe.yaml alone, as dq clean does.")]
OutFile = Annotated[
    Path | None,
    typer.Option("--out", help="Write one line a row: row_key, entity_id and more; - is CSV to stdout."),
]
PairsFile = Annotated[Path | None, typer.Option("--pairs", help="Write the pairs that are or may be the same.")]
ReportFile = Annotated[
    Path | None,
    typer.Option("--report", help="Write a page with charts (.html): weights, clusters, keys, some pairs."),
]
MaxMemory = Annotated[
    int | None,
    typer.Option(
        "--max-memory",
        min=64,
        help="MB to stay within, about: what is known of too many rows and pairs goes into files; default: the configuration's.",
    ),
]
Explain = Annotated[bool, typer.Option("--explain", help="Tell what each comparison is worth, as learned.")]


def dedupe(
    file: File,
    link: Link = None,
    within: Within = False,
    key: KeyColumn = None,
    fields: Fields = None,
    threshold: Threshold = None,
    model: ModelFile = None,
    save_model: SaveModel = None,
    known: KnownFile = None,
    exact: Exact = False,
    out: OutFile = None,
    pairs: PairsFile = None,
    report: ReportFile = None,
    max_memory: MaxMemory = None,
    explain: Explain = False,
    separator: Separator = None,
    config: ConfigFile = None,
    form: AsFormat = Format.text,
) -> None:
    """Find rows of a file that are the same lead."""
    from dq.engine import files
    from dq.engine.outputs import STDOUT, demand_outputs

    beside: dict[str, Any] = {"--fields": fields, "--pairs": pairs, "--report": report, "--explain": explain or None, "--model": model,
              "--save-model": save_model, "--known": known}  # fmt: skip
    _demand_fitting(link, within=within, exact=exact, beside=[option for option, value in beside.items() if value])
    read = [path for path in (file, link, model, known) if path is not None]
    demand_outputs({"--out": out, **{name: beside[name] for name in _WRITTEN}}, read, pages=["--report"])
    left = files.read(file, separator)
    right = None if link is None else files.read(link, separator if link.suffix.lower() == ".csv" else None)
    with files.readable(*read):
        asked = None if exact else _asked(left, key, fields, threshold, model, known, config, within=within)
        tables = [(file, left)] if link is None or right is None else [(file, left), (link, right)]
        match = None if asked is None else _matched(tables, asked, max_memory)
        found = _by_keys(left, right, key, config) if match is None else match.clusters
    if match is not None and asked is not None:
        _write_beside(match, pairs, save_model)
        _write_page(match, report, file.name, asked.threshold, linked=link is not None)
    if out == STDOUT:
        print(found.write_csv(), end="")
        return
    if out is not None:
        files.write(found, out)
    _tell(found, match if explain else None, form, listed=out is None)


def _write_beside(match: "FileMatch", pairs: Path | None, save_model: Path | None) -> None:
    from dq.dedupe.model import to_frame
    from dq.engine import files

    if pairs is not None:
        files.write(match.pairs, pairs)
    if save_model is not None:
        files.write(to_frame(match.model), save_model)


def _demand_fitting(link: Path | None, *, within: bool, exact: bool, beside: list[str]) -> None:
    from dq.errors import ConfigurationError

    if within and link is None:
        raise ConfigurationError("--within is for two files.", fix="leave it out: one file is always searched within")
    if exact and (within or beside):
        others = ", ".join(beside or ["--within"])
        raise ConfigurationError(
            f"--exact goes by the keys of rules/dedupe.yaml: {others} is the matcher's.",
            fix="leave out --exact, or the others",
        )
    if link is not None and "--known" in beside:
        raise ConfigurationError("--known is for one file.", fix="leave out --link, or --known")


def _write_page(match: "FileMatch", path: Path | None, name: str, threshold: float, *, linked: bool) -> None:
    if path is None:
        return
    from dq.dedupe.evidence import log_odds
    from dq.engine.filecharts import matching_of
    from dq.engine.outputs import write_page
    from dq.report.matchpage import as_page

    link = log_odds(threshold)
    write_page(as_page(matching_of(name, match, link, linked=linked)) + "\n", path)
    print(f"{path}: it holds names of columns and keys of rows, and no value of a cell", file=sys.stderr)


def _by_keys(
    left: "pl.LazyFrame", right: "pl.LazyFrame | None", key: str | None, config: Path | None
) -> "pl.DataFrame":
    from dq.cli.session import clock
    from dq.engine.filecolumns import by_field
    from dq.engine.filekeys import clusters
    from dq.settings import load

    rules = load(config, secrets=False).tables[0]
    other = None if right is None else by_field(right, rules)
    return clusters(by_field(left, rules), other, key, rules, clock())


def _asked(
    left: "pl.LazyFrame",
    key: str | None,
    fields: str | None,
    threshold: float | None,
    model: Path | None,
    known: Path | None,
    config: Path | None,
    *,
    within: bool,
) -> "Asked":
    """What is asked on the command line, else by the configuration."""
    from dq.dedupe.room import Room
    from dq.engine.filematch import Asked
    from dq.engine.kept import clusters_in, model_in
    from dq.settings import file_matching

    said = file_matching(config)
    names = tuple(name.strip() for name in fields.split(",") if name.strip()) if fields else ()
    if not names and model is None:
        names = tuple(name for name in said.fields if name in left.collect_schema())
    return Asked(
        key=key,
        threshold=threshold or _within_reason(said.threshold),
        within=within,
        fields=names,
        matcher=said.matcher,
        model=None if model is None else model_in(model),
        known=None if known is None else clusters_in(known),
        room=Room(None, said.megabytes),
    )


def _within_reason(stated: float | None) -> float:
    """The configuration's threshold, or 0.6; no pair is worth nothing, and none is certain."""
    return 0.6 if stated is None else min(max(stated, 0.01), 0.9999)


def _matched(tables: Sequence[tuple[Path, "pl.LazyFrame"]], asked: "Asked", max_memory: int | None) -> "FileMatch":
    from dataclasses import replace
    from tempfile import TemporaryDirectory

    from dq.dedupe.room import Room
    from dq.engine.filematch import match_files
    from dq.engine.filerows import columnar
    from dq.memory import watching
    from dq.stores.private import disk_errors

    # what is mapped into memory can be read after the folder is gone
    with TemporaryDirectory(prefix="dq-dedupe-", ignore_cleanup_errors=True) as folder:
        room = Room(Path(folder), max_memory or asked.room.megabytes)
        with watching(_usage(room.megabytes)), disk_errors(Path(folder), "TMPDIR"):
            left, *right = (columnar(rows, path, Path(folder)) for path, rows in tables)
            return match_files(left, right[0] if right else None, replace(asked, room=room))


def _usage(limit: int) -> "Usage":
    """Who asks for less memory than it takes is told so, once."""
    from dq.memory import Usage, own

    def tell(text: str) -> None:
        print(text, file=sys.stderr)

    return Usage(limit, tell, own, "--max-memory", _ADVICE, near=1, step="matching")


def _tell(found: "pl.DataFrame", explained: "FileMatch | None", form: Format, *, listed: bool) -> None:
    import polars as pl

    from dq.cli.render import print_json
    from dq.report import matched

    number = found.select(number=pl.col("entity_id").rle_id())  # they stand in the order of their names
    size = number.group_by("number").len()["len"]
    facts: dict[str, Any] = {
        "rows": found.height,
        "entities": len(size),
        "clusters": int((size > 1).sum()),
        "duplicates": found.height - len(size),
    }
    learned = () if explained is None else (explained.matched.evidence, explained.matched.candidates, explained.roles)
    if form is Format.json:
        facts |= {"learned": matched.learned_facts(*learned)} if learned else {}
        print_json({"format_version": 1, **facts, **({"clusters_of_rows": found.to_dicts()} if listed else {})})
        return
    if learned:
        print("\n".join([*matched.learned_lines(*learned), ""]))
    print(
        f"{facts['rows']:,} rows are {facts['entities']:,} leads: {facts['clusters']:,} with duplicates, "
        f"{facts['duplicates']:,} rows too many"
    )
    if listed:
        members = found.filter(number.select(pl.len().over("number") > 1).to_series())
        for row in members.head(_SHOWN).iter_rows(named=True):
            print(
                f"{row['entity_id']}\t{row['store']}\t{row['row_key']}\t{row['probability']:.3f}\t{row['decided_by']}"
            )
        if members.height > _SHOWN:
            print(f"… and {members.height - _SHOWN:,} rows more: --out FILE writes them all")
