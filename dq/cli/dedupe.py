"""`dq dedupe FILE`: duplicates in any file, by the same steps."""

from pathlib import Path
from typing import Annotated

import typer

from dq.cli.options import AsFormat, ConfigFile, Format, Separator


def dedupe(
    file: Annotated[Path, typer.Argument(help="A Parquet, CSV or NDJSON file.")],
    link: Annotated[Path | None, typer.Option("--link", help="A second file to link it with.")] = None,
    key: Annotated[
        str | None, typer.Option("--key", help="The column that names rows; default: id, else the row's number.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write one line a row: row_key, entity_id and more.")
    ] = None,
    separator: Separator = None,
    config: ConfigFile = None,
    form: AsFormat = Format.text,
) -> None:
    """Find rows of a file that are the same lead."""
    import polars as pl

    from dq.cli.render import print_json
    from dq.cli.session import clock
    from dq.engine import files
    from dq.engine.filecolumns import by_field
    from dq.settings import load

    if out is not None:
        _demand_new(out, [file, *([link] if link else [])])
    rules = load(config, secrets=False).tables[0]
    own = by_field(files.read(file, separator), rules)
    other = None if link is None else files.read(link, separator if link.suffix.lower() == ".csv" else None)
    with files.readable(file, *([link] if link else [])):
        found = files.clusters(own, None if other is None else by_field(other, rules), key, rules, clock())
    if out is not None:
        files.write(found, out)
    sizes = found.group_by("entity_id").agg(pl.len().alias("rows"), pl.col("store").n_unique().alias("files"))
    several = sizes.filter(pl.col("rows") > 1)
    facts = {
        "rows": found.height,
        "entities": sizes.height,
        "clusters": several.height,
        "duplicates": found.height - sizes.height,
    }
    if form is Format.json:
        print_json({"format_version": 1, **facts, **({} if out else {"clusters_of_rows": found.to_dicts()})})
        return
    print(
        f"{facts['rows']:,} rows are {facts['entities']:,} leads: {facts['clusters']:,} with duplicates, "
        f"{facts['duplicates']:,} rows too many"
    )
    if out is None:
        members = found.join(several, on="entity_id", how="semi").sort("entity_id", "store", "row_key").head(40)
        for row in members.iter_rows(named=True):
            print(f"{row['entity_id']}\t{row['store']}\t{row['row_key']}\t{row['decided_by']}")


def _demand_new(out: Path, read: list[Path]) -> None:
    from dq.engine import files
    from dq.errors import ConfigurationError

    files.demand_format(out)
    if out.exists() and any(path.exists() and out.samefile(path) for path in read):
        raise ConfigurationError(f"--out {out.name} is a file that is read.", fix="--out another file")
