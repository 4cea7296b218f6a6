"""`dq dedupe` on plain files: the matcher on whatever columns they have.

file(s) ─► texts ─► roles ─► respects ─► matched ─► one line a row, one a pair, and what was learned
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from dq.dedupe.clusters import bridges
from dq.dedupe.evidence import probability
from dq.dedupe.features import Ints
from dq.dedupe.matcher import CUT, Given, Matched, matched
from dq.dedupe.roles import roles
from dq.engine.files import keyed
from dq.engine.respects import Known, respects
from dq.errors import ConfigurationError
from dq.rules import Role
from dq.schemas import Cluster, Pair

_STORES = ("database", "airtable")
_TABLE = "file"
_SEED = 7


@dataclass(frozen=True)
class Asked:
    """What is asked of the matcher.

    Attributes:
        key: The column that names rows; None takes `id`, else their numbers.
        threshold: Match probability at which a pair is a link.
        within: With two files: look for duplicates inside each as well.
        fields: The only columns that count; none for all that say something.
    """

    key: str | None = None
    threshold: float = 0.8
    within: bool = False
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class FileMatch:
    """What the matcher found in a file, or in two.

    Attributes:
        clusters: Cluster contract, one line a row.
        pairs: Pair contract, one line a pair that is or may be the same; equal rows stand for each other.
        roles: The columns that counted, and what they were taken for.
        matched: What was learned.
    """

    clusters: pl.DataFrame
    pairs: pl.DataFrame
    roles: Mapping[str, Role]
    matched: Matched


def match_files(left: pl.LazyFrame, right: pl.LazyFrame | None, known: Known, asked: Asked) -> FileMatch:
    """Find the rows of a file, or of two, that are the same.

    Args:
        left: A file.
        right: The file to link it with: each row with at most one of the other, unless `asked.within`.
        known: What lists say.
        asked: What is asked.

    Raises:
        ConfigurationError: No such column, keys that are not unique, or no column that says who a row is.
    """
    rows = _rows(left, right, asked)
    columns = rows.drop(Cluster.store, Cluster.row_key)
    given = {name.lower() for pair in known.nicknames for name in pair}
    found = roles(columns, given, {})
    if not found:
        raise ConfigurationError(
            "No column of the file says who a row is.",
            why="Columns with one value, times of the rows themselves and the key do not count.",
            fix="--fields names the columns that do",
        )
    linking = right is not None and not asked.within
    seen, number = respects(columns, found, known, once=not linking)
    link = float(np.log2(asked.threshold / (1 - asked.threshold)))
    source = (rows[Cluster.store] == _STORES[1]).cast(pl.Int64).to_numpy() if linking else None
    result = matched(seen, Given(source=source), link=link)
    return FileMatch(_clusters(rows, result, number, link), _pairs(rows, result, number, link), found, result)


def _rows(left: pl.LazyFrame, right: pl.LazyFrame | None, asked: Asked) -> pl.DataFrame:
    """The rows of both files as texts: store, row_key, and the columns that both have.

    They come in an order of what they say: pairs are drawn at random by row, and files have rows in any order.
    """
    frames = [frame for frame in (left, right) if frame is not None]
    common = [name for name in left.collect_schema() if all(name in frame.collect_schema() for frame in frames)]
    missing = [name for name in asked.fields if name not in common]
    if missing:
        raise ConfigurationError(
            f"There is no column {missing[0]!r} in {'both files' if right is not None else 'the file'}.",
            fix=f"--fields some of {', '.join(common[:8])}",
        )
    rows = pl.concat(_named(frame, store, common, asked) for frame, store in zip(frames, _STORES, strict=False))
    said = pl.struct(pl.exclude(Cluster.store, Cluster.row_key)).hash(_SEED)
    return rows.sort(said, Cluster.store, Cluster.row_key) if rows.width > 2 else rows


def _named(frame: pl.LazyFrame, store: str, common: Sequence[str], asked: Asked) -> pl.DataFrame:
    types = frame.collect_schema()
    key = asked.key or ("id" if "id" in types else None)
    used = [name for name in asked.fields or common if name != key and not types[name].is_nested()]
    texts = [pl.col(name).cast(pl.String, strict=False) for name in used]
    return keyed(frame, asked.key).select(pl.lit(store).alias(Cluster.store), Cluster.row_key, *texts).collect()


def _clusters(rows: pl.DataFrame, result: Matched, number: Ints, link: float) -> pl.DataFrame:
    """One line a row."""
    label, held = _labels(result, number, link)
    edges = result.weight >= link
    bridge = bridges(result.candidates.left[edges], result.candidates.right[edges], result.grown.label)
    alone = np.bincount(number, minlength=len(result.own)) == 1
    full = pl.sum_horizontal(pl.exclude(Cluster.store, Cluster.row_key, "label").is_not_null()).cast(pl.Int64)
    lined = rows.with_columns(pl.Series("label", label), full.alias("full")).with_columns(
        pl.Series(str(Cluster.probability), held),
        pl.Series(str(Cluster.bridge), (bridge & alone)[number] if len(number) else np.empty(0, np.bool_)),
        (pl.col(Cluster.store) + ":" + pl.col(Cluster.row_key)).alias("member"),
        pl.len().over("label").alias("rows"),
    )
    best = (
        pl.struct(-pl.col("full"), pl.col(Cluster.store) == _STORES[1], Cluster.row_key).rank("ordinal").over("label")
    )
    own_name = pl.coalesce(
        pl.col("member").filter(pl.col(Cluster.store) == _STORES[0]).min().over("label"),
        pl.col("member").min().over("label"),
    )
    return lined.select(
        Cluster.store,
        Cluster.row_key,
        own_name.alias(Cluster.entity_id),
        (best == 1).alias(str(Cluster.survivor)),
        str(Cluster.probability),
        str(Cluster.bridge),
        pl.when(pl.col("rows") > 1).then(pl.lit("match")).otherwise(pl.lit("single")).alias(Cluster.decided_by),
        pl.lit(_TABLE).alias(Cluster.table),
    ).sort(Cluster.entity_id, Cluster.store, Cluster.row_key)


def _labels(result: Matched, number: Ints, link: float) -> tuple[Ints, np.typing.NDArray[np.float64]]:
    """The cluster of every row, and the probability that holds it together.

    Equal rows are one only if what they say is enough: two rows of nothing but `Smith` are two.
    """
    label = result.grown.label[number]
    first = np.zeros(len(number), dtype=np.bool_)
    first[np.unique(number, return_index=True)[1]] = True
    parted = ~first & (result.own[number] < link)
    own = label.copy()
    own[parted] = len(result.own) + np.flatnonzero(parted)
    several = np.bincount(number, minlength=len(result.own))[number] > 1
    bits = np.minimum(result.grown.confidence[label], np.where(several, result.own[number], np.inf))
    held = np.where(parted | np.isinf(bits), 1.0, probability(np.where(np.isinf(bits), 0.0, bits)))
    weakest = pl.DataFrame({"label": own, "held": held}).select(pl.col("held").min().over("label")).to_series()
    return own, weakest.to_numpy()


def _pairs(rows: pl.DataFrame, result: Matched, number: Ints, link: float) -> pl.DataFrame:
    """The candidate pairs that are, or may be, the same; the likeliest first."""
    kept = np.flatnonzero(result.weight >= CUT)
    order = kept[np.argsort(-result.weight[kept], kind="stable")]
    left, right = result.candidates.left[order], result.candidates.right[order]
    first = np.unique(number, return_index=True)[1] if len(number) else np.empty(0, np.int64)
    together = result.grown.label[left] == result.grown.label[right]
    weight = result.weight[order]
    decision = np.where(together, "link", np.where(weight >= link, "reject", "review"))
    ends = {
        f"{column}_{side}": rows[name].gather(first[end])
        for side, end in (("l", left), ("r", right))
        for column, name in (("store", Cluster.store), ("key", Cluster.row_key))
    }
    gammas = {
        f"gamma_{respect.name}": one.level[order]
        for respect, one in zip(result.evidence.respects, result.compared, strict=True)
    }
    return pl.DataFrame(
        {
            **ends,
            str(Pair.match_key): pl.repeat("match", len(order), eager=True),
            **gammas,
            str(Pair.match_weight): weight,
            str(Pair.match_probability): probability(weight),
            str(Pair.decision): decision,
            str(Pair.table): pl.repeat(_TABLE, len(order), eager=True),
        }
    )
