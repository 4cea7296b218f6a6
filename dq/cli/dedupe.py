"""`dq dedupe FILE`: which rows of any file are the same."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dq.cli.options import AsFormat, ConfigFile, Format, Separator

if TYPE_CHECKING:
    import polars as pl

    from dq.engine.filematch import FileMatch

_SHOWN = 40


def dedupe(
    file: Annotated[Path, typer.Argument(help="A Parquet, CSV or NDJSON file.")],
    link: Annotated[
        Path | None, typer.Option("--link", help="A second file: each row is linked with at most one of the other's.")
    ] = None,
    within: Annotated[
        bool, typer.Option("--within", help="With --link: look for duplicates inside each file as well.")
    ] = False,
    key: Annotated[
        str | None, typer.Option("--key", help="The column that names rows; default: id, else the row's number.")
    ] = None,
    fields: Annotated[
        str | None,
        typer.Option("--fields", help="The only columns that count, commas between; default: all that say something."),
    ] = None,
    threshold: Annotated[
        float, typer.Option("--threshold", min=0.01, max=0.9999, help="Match probability at which two rows are linked.")
    ] = 0.8,
    exact: Annotated[
        bool, typer.Option("--exact", help="By the exact keys of rules/dedupe.yaml alone, as dq clean does.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write one line a row: row_key, entity_id and more; - is CSV to stdout."),
    ] = None,
    pairs: Annotated[Path | None, typer.Option("--pairs", help="Write the pairs that are or may be the same.")] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", help="Write a page with charts (.html): weights, clusters, keys, some pairs."),
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Tell what each comparison is worth, as learned.")] = False,
    separator: Separator = None,
    config: ConfigFile = None,
    form: AsFormat = Format.text,
) -> None:
    """Find rows of a file that are the same lead."""
    from dq.engine import files
    from dq.engine.outputs import STDOUT, demand_outputs

    _demand_fitting(link, within=within, exact=exact, others=bool(fields or pairs or report or explain))
    wanted = {"--out": out, "--pairs": pairs, "--report": report}
    demand_outputs(wanted, [file, *([link] if link else [])], pages=["--report"])
    left = files.read(file, separator)
    right = None if link is None else files.read(link, separator if link.suffix.lower() == ".csv" else None)
    with files.readable(file, *([link] if link else [])):
        match = None if exact else _matched(left, right, key, fields, threshold, config, within=within)
        found = _by_keys(left, right, key, config) if match is None else match.clusters
    if pairs is not None and match is not None:
        files.write(match.pairs, pairs)
    if report is not None and match is not None:
        _write_page(match, report, file.name, threshold, linked=link is not None)
    if out == STDOUT:
        print(found.write_csv(), end="")
        return
    if out is not None:
        files.write(found, out)
    _tell(found, match if explain else None, form, listed=out is None)


def _demand_fitting(link: Path | None, *, within: bool, exact: bool, others: bool) -> None:
    from dq.errors import ConfigurationError

    if within and link is None:
        raise ConfigurationError("--within is for two files.", fix="leave it out: one file is always searched within")
    if exact and (within or others):
        raise ConfigurationError(
            "--exact goes by rules/dedupe.yaml: --within, --fields, --pairs, --report and --explain are the matcher's.",
            fix="leave out --exact, or the others",
        )


def _write_page(match: "FileMatch", path: Path, name: str, threshold: float, *, linked: bool) -> None:
    from math import log2

    from dq.engine.filecharts import matching_of
    from dq.engine.outputs import write_page
    from dq.report.matchpage import as_page

    link = log2(threshold / (1 - threshold))
    write_page(as_page(matching_of(name, match, link, linked=linked)) + "\n", path)


def _by_keys(
    left: "pl.LazyFrame", right: "pl.LazyFrame | None", key: str | None, config: Path | None
) -> "pl.DataFrame":
    from dq.cli.session import clock
    from dq.engine import files
    from dq.engine.filecolumns import by_field
    from dq.settings import load

    rules = load(config, secrets=False).tables[0]
    other = None if right is None else by_field(right, rules)
    return files.clusters(by_field(left, rules), other, key, rules, clock())


def _matched(
    left: "pl.LazyFrame",
    right: "pl.LazyFrame | None",
    key: str | None,
    fields: str | None,
    threshold: float,
    config: Path | None,
    *,
    within: bool,
) -> "FileMatch":
    from dq.engine.filematch import Asked, match_files
    from dq.engine.respects import Known
    from dq.settings import file_lists

    lists = file_lists(config)
    known = Known(lists.nicknames, lists.legal_forms, lists.email_domains.get("free", ()))
    names = tuple(name.strip() for name in fields.split(",") if name.strip()) if fields else ()
    return match_files(left, right, known, Asked(key, threshold, within, names))


def _tell(found: "pl.DataFrame", explained: "FileMatch | None", form: Format, *, listed: bool) -> None:
    import polars as pl

    from dq.cli.render import print_json
    from dq.report import matched

    sizes = found.group_by("entity_id").agg(pl.len().alias("rows"))
    several = sizes.filter(pl.col("rows") > 1)
    facts: dict[str, Any] = {
        "rows": found.height,
        "entities": sizes.height,
        "clusters": several.height,
        "duplicates": found.height - sizes.height,
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
        members = found.join(several, on="entity_id", how="semi").sort("entity_id", "store", "row_key")
        for row in members.head(_SHOWN).iter_rows(named=True):
            print(
                f"{row['entity_id']}\t{row['store']}\t{row['row_key']}\t{row['probability']:.3f}\t{row['decided_by']}"
            )
        if members.height > _SHOWN:
            print(f"… and {members.height - _SHOWN:,} rows more: --out FILE writes them all")
