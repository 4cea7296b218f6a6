"""dq's matcher beside its peers: the same records, one scorer, each in a process of its own.

python -m bench.match [--peers PYTHON] [--sets NAMES] [--matchers NAMES] [--million] [--limit SECONDS] [--keep FOLDER]
python -m bench.match --grow ROWS,ROWS… [--limit SECONDS] [--keep FOLDER]

`--peers` names a Python that has the pins of bench/match-requirements.txt; `make bench-match` makes one. All matchers begin at a
Parquet file without the truth and end at Parquet files. Settings of the peers are written by hand for each set; dq gets the file
alone. dedupe (dedupeio) is left out: it learns from labelled pairs only, and these runs have no labels. Wall, CPU and the peak of
memory are the whole process's, interpreter and imports and all.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from bench.growth import grow
from bench.match_sets import Labelled, labelled, names
from bench.measure import machine
from bench.scoring import CLUSTER, ENTITY, RECORD, Scores, best, calibration_error, reliability, scores

ROOT = Path(__file__).resolve().parents[1]
PEERS = ("splink", "duckdb", "recordlinkage", "scikit-learn", "pandas")
SMALL = frozenset({"fake_1000", "febrl1", "febrl3", "fodors_zagat", "cora", "dblp_acm"})
MODULES = {
    "Splink": ("bench.matchers.splink5", SMALL | {"historical_50k", "leads"}),
    "recordlinkage ECM": ("bench.matchers.ecm", SMALL),
}
"""Peer → its module here, and the recipes it has; recordlinkage is for small files by its own account."""
HEAD = (
    "| matcher | pairs P | R | F1 | B-cubed P | R | F1 | exact F1 | largest | best F1 (at) | wall s | CPU s | peak MiB |",
    "|---|" + "---:|" * 12,
)


@dataclass(frozen=True)
class Run:
    """One matcher on one set: what it cost, and why it failed if it did."""

    matcher: str
    folder: Path
    wall: float
    cpu: float
    peak: float
    failed: str | None


def main() -> None:
    """Measure and print."""
    asked = _asked()
    print(f"{machine()}{_versions(asked.peers)}\n", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        root = asked.keep or Path(folder)
        if asked.grow:
            root.mkdir(parents=True, exist_ok=True)
            grow(asked.grow, root, asked.limit)
            return
        for one in labelled(asked.sets):
            if isinstance(one, str):
                print(f"### {one}\n\nskipped: it is not in ../shared/er\n", flush=True)
                continue
            _measure(one, root, asked)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    every = ["dq", *MODULES]
    parser.add_argument("--peers", type=Path, help="a Python that has the peers; without it dq runs alone")
    parser.add_argument("--sets", type=lambda text: text.split(","), help=f"some of {','.join(names(million=True))}")
    parser.add_argument(
        "--matchers", type=lambda text: text.split(","), default=every, help=f"some of {','.join(every)}"
    )
    parser.add_argument("--million", action="store_true", help="a million leads too")
    parser.add_argument(
        "--grow", type=lambda text: [int(rows) for rows in text.split(",")], help="dq alone on tables of so many rows"
    )
    parser.add_argument("--limit", type=int, default=3600, help="seconds after which a matcher is stopped")
    parser.add_argument("--keep", type=Path, help="a folder for records, clusters, pairs and logs")
    asked = parser.parse_args()
    strange = {*(asked.sets or []), *asked.matchers} - {*names(million=True), *every}
    if strange:
        parser.error(f"unknown: {', '.join(sorted(strange))}")
    asked.sets = asked.sets or names(million=asked.million)
    if asked.peers is None:
        asked.matchers = [name for name in asked.matchers if name == "dq"]
        print("The peers are left out: name a Python that has them with --peers.")
    return asked


def _versions(peers: Path | None) -> str:
    if peers is None:
        return ""
    code = (
        f"from importlib.metadata import version; print(*(f'{{name}} {{version(name)}}' for name in {PEERS}), sep=', ')"
    )
    told = subprocess.run([peers, "-c", code], capture_output=True, text=True, check=True)
    return f"; peers: {told.stdout.strip()}"


def _measure(one: Labelled, root: Path, asked: argparse.Namespace) -> None:
    records = root / one.name / "records.parquet"
    records.parent.mkdir(parents=True, exist_ok=True)
    one.records.write_parquet(records)
    entities = one.truth[ENTITY].n_unique()
    print(
        f"### {one.name}\n\n{one.records.height:,} records of {entities:,} entities\n\n" + "\n".join(HEAD), flush=True
    )
    bins = {}
    for matcher in asked.matchers:
        run = _run(matcher, one, records, asked)
        if run is None:
            continue
        print(_line(run, one), flush=True)
        if not run.failed and (pairs := _pairs(run)) is not None:
            bins[matcher] = reliability(one.truth, pairs)
    for matcher, rows in bins.items():
        print(_reliability(matcher, rows))
    print(flush=True)


def _run(matcher: str, one: Labelled, records: Path, asked: argparse.Namespace) -> Run | None:
    """Run a matcher in its own process; None where it has no settings for the set."""
    folder = records.parent / matcher.partition(" ")[0].lower()
    folder.mkdir(exist_ok=True)
    if matcher == "dq":
        command = _ours(one, records, folder)
    else:
        module, recipes = MODULES[matcher]
        if one.recipe not in recipes:
            return None
        command = [asked.peers, "-m", module, one.recipe, records, folder]
    alone = [sys.executable, "-I", ROOT / "bench" / "alone.py", str(asked.limit), folder / "log", *command]
    told = subprocess.run(alone, cwd=ROOT, capture_output=True, text=True, check=True)
    cost = json.loads(told.stdout)
    failed = None if cost["code"] == 0 else _why(folder / "log", cost["code"])
    return Run(matcher, folder, cost["wall"], cost["cpu"], cost["peak"], failed)


def _ours(one: Labelled, records: Path, folder: Path) -> list[Path | str]:
    """`dq dedupe` on the file, or on the two files of a set of two sources."""
    files: list[Path | str] = [records]
    if one.pairs is not None:
        parts = one.records.partition_by("source", as_dict=True, include_key=False)
        paths = [folder / f"{source}.parquet" for (source,) in sorted(parts)]
        for path, (_, part) in zip(paths, sorted(parts.items(), key=lambda part: part[0]), strict=True):
            part.write_parquet(path)
        files = [paths[0], "--link", paths[1]]
    command = [Path(sys.executable).parent / "dq", "dedupe", *files, "--key", RECORD]
    return [*command, "--out", folder / "clusters.parquet", "--pairs", folder / "pairs.parquet"]


def _why(log: Path, code: int) -> str:
    if code == -9:
        return "stopped: it took too long, or too much memory"
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    own = [line for line in lines if line.startswith("dq: ")]
    return [f"code {code}", *lines, *own[:1]][-1]


def _clusters(run: Run) -> pl.DataFrame:
    found = pl.read_parquet(run.folder / "clusters.parquet")
    if run.matcher == "dq":
        found = found.select(pl.col("row_key").cast(pl.String).alias(RECORD), pl.col("entity_id").alias(CLUSTER))
    return found.select(RECORD, CLUSTER)


def _pairs(run: Run) -> pl.DataFrame | None:
    path = run.folder / "pairs.parquet"
    if not path.is_file():
        return None
    found = pl.read_parquet(path)
    if run.matcher == "dq":
        found = found.select(left="key_l", right="key_r", probability="match_probability")
    return found.select("left", "right", "probability")


def _line(run: Run, one: Labelled) -> str:
    cost = f"{run.wall:.1f} | {run.cpu:.1f} | {run.peak:,.0f} |"
    if run.failed:
        return f"| {run.matcher}: failed, {run.failed[:90]} |" + " |" * 9 + f" {cost}"
    against = {"pairs": one.pairs, "apart": one.apart}
    told, pairs = scores(one.truth, _clusters(run), **against), _pairs(run)
    tried = ""
    if pairs is not None:
        reached, threshold = best(one.truth, pairs, **against)
        tried = f"{reached:.3f} ({threshold:g})"
    return f"| {run.matcher} | {_figures(told)} | {tried} | {cost}"


def _figures(told: Scores) -> str:
    shares = [f"{part.precision:.3f} | {part.recall:.3f} | {part.f1:.3f}" for part in (told.pairs, told.b_cubed)]
    return " | ".join([*shares, f"{told.exact.f1:.3f}", f"{told.largest} of {told.largest_entity}"])


def _reliability(matcher: str, bins: pl.DataFrame) -> str:
    head = f"\nReliability of {matcher}: mean distance {calibration_error(bins):.3f}\n"
    table = [
        ["probability", *bins["bin"]],
        ["pairs", *(f"{count:,}" for count in bins["pairs"])],
        *([name, *(f"{share:.3f}" for share in bins[name])] for name in ("predicted", "right")),
    ]
    lines = ["| " + " | ".join(cells) + " |" for cells in table]
    return "\n".join([head, lines[0], "|---|" + "---:|" * bins.height, *lines[1:]])


if __name__ == "__main__":
    main()
