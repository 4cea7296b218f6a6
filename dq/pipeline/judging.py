"""The quality rules on a snapshot's planned result, or on a file."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from dq.engine import files
from dq.engine.filecolumns import by_field
from dq.engine.filekeys import clusters
from dq.engine.judgeable import judgeable
from dq.engine.validity import with_findings
from dq.errors import ConfigurationError, DamagedError
from dq.gate import Accepted, Beside, Entry, Misfit, Report, judge, misfits, named_by, named_golden
from dq.manifest import Manifest, TableFile
from dq.pipeline.baselines import Baseline
from dq.rules import Check, Known, TableRules
from dq.schemas import Cluster
from dq.schemas.finding import DUPLICATE
from dq.schemas.values import Store
from dq.settings import Settings
from dq.settings.mistakes import AGAIN, Mistake, nearest, raise_all
from dq.settings.qualityfile import Quality
from dq.settings.tables import checks_for
from dq.snapshot import open_snapshot, read_snapshot
from dq.stores.folders import ids_in

GOLDEN = Path("clean") / "golden.parquet"
_DRIFT = ("null_rate", "distribution", "row_count")


@dataclass(frozen=True)
class Gate:
    """What a table is judged by, besides the project's own rules.

    Attributes:
        now: The time.
        baseline: Failures that are accepted.
        quality: Rules instead of the project's; None for its own.
    """

    now: datetime
    baseline: Baseline = field(default_factory=dict)
    quality: Quality | None = None

    def accepted(self, target: str, known: Sequence[Known]) -> Accepted:
        """What is accepted on one target."""
        entries: Mapping[str, Entry] = self.baseline.get(target, {})
        return Accepted(entries, known, self.now.astimezone(UTC).date())


def judged(settings: Settings, snapshot_id: str, gate: Gate | None = None) -> list[Report]:
    """What the rules of each mapping say about the planned result.

    Args:
        settings: Mappings and rules.
        snapshot_id: A snapshot's id, the beginning of one, or `latest`.
        gate: Time, baseline, other rules; None for the time of now and nothing else.

    Raises:
        ConfigurationError: There is no such snapshot, no plan was made of it, or a rule does not fit its tables.
    """
    manifest, folder = open_snapshot(settings.snapshots, snapshot_id)
    if not (folder / GOLDEN).exists():
        raise ConfigurationError("This snapshot has no plan yet.", where=folder.name, fix="dq clean")
    return judged_in(settings, manifest, folder, gate or Gate(datetime.now(UTC)))


def judged_in(settings: Settings, manifest: Manifest, folder: Path, gate: Gate) -> list[Report]:
    """The same for a snapshot that is open, whose frames are written."""
    tables = bound(settings, gate.quality)
    demand_fitting(tables, manifest, folder)
    drifts = any(check.check in _DRIFT for rules in tables for check in rules.quality)
    before = _last(settings.snapshots, manifest, tables) if drifts else None
    return [_judged(rules, len(tables), manifest, folder, before, gate) for rules in tables]


def bound(settings: Settings, quality: Quality | None) -> tuple[TableRules, ...]:
    """The mappings with the rules that they are judged by."""
    if quality is None:
        return settings.tables
    mapped = {rules.table: rules.names for rules in settings.tables}
    made = []
    for rules in settings.tables:
        checks = checks_for(quality, rules.table, mapped)
        known = tuple(one for one in quality.known if one.rule in {check.name for check in checks})
        made.append(rules.model_copy(update={"quality": checks, "known": known}))
    return tuple(made)


def demand_fitting(tables: Sequence[TableRules], manifest: Manifest, folder: Path) -> None:
    """Hold the rules against the columns that a snapshot has; no row is read.

    Raises:
        ConfigurationError: A rule names what is nowhere, or says what cannot be carried out; all of them are named.
    """
    found: list[Misfit] = []
    for rules in tables:
        file = manifest.table("database", rules.table)
        stored = pl.scan_parquet(folder / file.file, glob=False).collect_schema()
        own = {"entity_id": pl.String(), "database_key": pl.String(), "airtable_key": pl.String()}
        schema = pl.Schema({**stored, **own, **dict.fromkeys(rules.names, pl.String())})
        found += misfits(rules.quality, rules.known, schema)
        found += [misfit for check in rules.quality if (misfit := _unreferred(check, manifest)) is not None]
    raise_misfits(found)


def raise_misfits(found: Iterable[Misfit], *, own: bool = True) -> None:
    """Raise what does not fit as mistakes in the rules file.

    Args:
        found: What does not fit.
        own: Whether the file is the project's own, or one that an option named.

    Raises:
        ConfigurationError: There is at least one.
    """
    mistakes = [Mistake(one.source or "rules/quality.yaml", one.rule, one.text) for one in dict.fromkeys(found)]
    if own:
        raise_all(mistakes)
    raise_all(mistakes, AGAIN)


def judged_file(path: Path, key: str | None, settings: Settings, gate: Gate, separator: str | None = None) -> Report:
    """What the rules say about a Parquet, CSV or NDJSON file.

    Args:
        path: The file.
        key: The column that names rows; None uses `id` where it tells all rows apart, else the row's number from 1.
        settings: The first mapping's fields and rules.
        gate: Time, baseline, other rules; with other rules a column that the file lacks is a mistake, without them the
            rules on it are skipped. Columns may have the fields' Airtable names, in any spelling.
        separator: What separates the columns of a CSV file; None finds out.

    Raises:
        ConfigurationError: The file cannot be read, or a rule does not fit it, or no rule does.
    """
    rules = settings.tables[0]
    checks = rules.quality if gate.quality is None else gate.quality.checks
    known = rules.known if gate.quality is None else gate.quality.known
    raw = files.read(path, separator)
    if gate.quality is None:
        raw = by_field(raw, rules)
    found = misfits(checks, known, raw.collect_schema(), rules.names if gate.quality is None else ())
    raise_misfits(found, own=gate.quality is None)
    frame, unnamed = _named(raw, key)
    lists = {name: frozenset({"list"}) for name, dtype in frame.collect_schema().items() if dtype.is_nested()}
    frame = with_findings(frame, rules, lists, checks)
    if any(check.check == "duplicates" for check in checks):
        frame = _with_duplicates(frame, raw.drop("id") if unnamed else raw, key, rules, gate.now)
    lasting = key is not None or ("id" in raw.collect_schema() and not unnamed)
    beside = Beside(now=gate.now, accepted=gate.accepted(path.name, known), lasting=lasting)
    with files.readable(path):
        report = judge(frame, checks, named_by(path.stem, "row_key"), path.name, beside)
    if checks and all(verdict.status == "skipped" for verdict in report.verdicts):
        raise ConfigurationError(
            f"None of the {len(checks)} rules can be judged: {path.name} has no column that they name.",
            where=path.name,
            why=f"They name {', '.join(dict.fromkeys(name for check in checks for name in check.columns))}.",
            fix="--rules with rules for this file; `dq check --suggest` writes first ones",
        )
    return replace(report, unnamed=unnamed)


def _named(raw: pl.LazyFrame, key: str | None) -> tuple[pl.LazyFrame, int]:
    """A file's rows with their names; and how many an `id` that nobody asked for does not name, so that numbers do."""
    if key is None and "id" in raw.collect_schema():
        unnamed = files.nameless(raw, "id")
        key_of_row = pl.col("id").cast(pl.String)
        named = raw.with_columns(key_of_row.alias(Cluster.row_key)) if not unnamed else files.numbered(raw)
        return named, unnamed
    return files.keyed(raw, key), 0


def _with_duplicates(
    frame: pl.LazyFrame, raw: pl.LazyFrame, key: str | None, rules: TableRules, now: datetime
) -> pl.LazyFrame:
    """A file's rows with whether another row is the same lead: by its `entity_id`, else as `dq dedupe` finds them."""
    if Cluster.entity_id in raw.collect_schema():
        entity = pl.col(Cluster.entity_id)
        return frame.with_columns((entity.is_not_null() & entity.is_duplicated()).alias(DUPLICATE))
    found = clusters(raw, None, key, rules, now)
    mark = pl.col(Cluster.entity_id).is_duplicated().alias(DUPLICATE)
    return frame.join(found.lazy().select(Cluster.row_key, mark), on=Cluster.row_key, how="left")


def _judged(
    rules: TableRules, mappings: int, manifest: Manifest, folder: Path, before: tuple[Manifest, Path] | None, gate: Gate
) -> Report:
    frame = with_findings(_frame(rules, mappings, manifest, folder), rules, _kinds(rules, manifest))
    last = None if before is None else _frame(rules, mappings, *before)
    sets = {str(check.references): _keys(check, manifest, folder) for check in rules.quality if _is_foreign(check)}
    beside = Beside(gate.now, last, sets, gate.accepted(rules.table, rules.known))
    return judge(frame, rules.quality, named_golden(rules), rules.table, beside)


def _frame(rules: TableRules, mappings: int, manifest: Manifest, folder: Path) -> pl.LazyFrame:
    """A mapping's golden records with what its rules ask for."""
    clean = folder / "clean"
    golden, clusters = (
        pl.scan_parquet(folder / GOLDEN, glob=False),
        pl.scan_parquet(clean / "clusters.parquet", glob=False),
    )
    if mappings > 1:
        mine = clusters.filter(pl.col(Cluster.table) == rules.table).select(pl.col(Cluster.entity_id)).unique()
        golden = golden.join(mine, on="entity_id", how="semi")
    golden = golden.select(
        "entity_id", "database_key", "airtable_key", *(n for n in rules.names if n in golden.collect_schema())
    )
    table = manifest.table("database", rules.table)
    stores: tuple[Store, Store] = ("database", "airtable")
    return judgeable(
        golden,
        rules,
        rules.quality,
        (pl.scan_parquet(folder / table.file, glob=False), table.schema),
        {store: pl.scan_parquet(clean / f"standardized_{store}.parquet", glob=False) for store in stores},
        clusters,
        pl.scan_parquet(folder / "changeset.parquet", glob=False),
    )


def _kinds(rules: TableRules, manifest: Manifest) -> dict[str, frozenset[str]]:
    """Field → the kinds of its columns in both stores."""
    database = manifest.table("database", rules.table).schema
    airtable = manifest.table("airtable", rules.airtable).schema
    return {
        one.name: frozenset({database.column(one.name).kind, airtable.column(one.airtable).kind})
        for one in rules.fields
        if one.name in database and one.airtable in airtable
    }


def _last(root: Path, manifest: Manifest, tables: Sequence[TableRules]) -> tuple[Manifest, Path] | None:
    """The last snapshot of the same stores before this one that a plan was made of, and that has the same tables."""
    for name in reversed([name for name in ids_in(root) if name < manifest.id]):
        if not (root / name / GOLDEN).exists() or not (root / name / "changeset.parquet").exists():
            continue
        try:
            earlier = read_snapshot(root / name)
        except (ConfigurationError, DamagedError):
            continue
        if earlier.lineage == manifest.lineage and all(_has(earlier, rules) for rules in tables):
            return earlier, root / name
    return None


def _has(manifest: Manifest, rules: TableRules) -> bool:
    return _database_table(manifest, rules.table) is not None


def _database_table(manifest: Manifest, name: str) -> TableFile | None:
    files_of = (file for file in manifest.tables if file.schema.store == "database" and file.schema.name == name)
    return next(files_of, None)


def _is_foreign(check: Check) -> bool:
    return check.check == "reference" and "." in str(check.references)


def _unreferred(check: Check, manifest: Manifest) -> Misfit | None:
    """What is wrong with a rule's reference to another table."""
    if not _is_foreign(check):
        return None
    name, _, column = str(check.references).rpartition(".")
    table = _database_table(manifest, name)
    if table is None:
        names = [file.schema.name for file in manifest.tables if file.schema.store == "database"]
        return Misfit(check.name, check.source, f"the snapshot has no table `{name}`{nearest(name, names)}")
    if column not in table.schema:
        columns = [one.name for one in table.schema.columns]
        return Misfit(check.name, check.source, f"table `{name}` has no column `{column}`{nearest(column, columns)}")
    return None


def _keys(check: Check, manifest: Manifest, folder: Path) -> pl.Series:
    """The texts that the column holds that a rule refers to."""
    name, _, column = str(check.references).rpartition(".")
    file = manifest.table("database", name).file
    values = pl.scan_parquet(folder / file, glob=False).select(pl.col(column).cast(pl.String)).drop_nulls().unique()
    return values.collect(engine="streaming").to_series()
