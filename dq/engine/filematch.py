"""`dq dedupe` on plain files: the matcher on whatever columns they have.

file(s) ─► texts ─► roles ─► respects ─► matched ─► one line a row, one a pair, and what was learned
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from dq.dedupe.clusters import bridges
from dq.dedupe.columns import Columns
from dq.dedupe.evidence import log_odds, probability
from dq.dedupe.features import Ints, first_rows
from dq.dedupe.matcher import CUT, Given, Matched, cut_of, matched, model_of
from dq.dedupe.model import Model
from dq.dedupe.roles import roles
from dq.dedupe.room import MEMORY, Room
from dq.engine.entities import KNOWN, LABEL, entity_ids
from dq.engine.filerows import FULL, STORES, SURE, by_key, read_rows
from dq.engine.respects import respects
from dq.engine.said import given_names, known_of
from dq.errors import ConfigurationError
from dq.memory import trim
from dq.rules import MatcherRules, Role
from dq.schemas import Cluster, Pair
from dq.schemas.pair import ALWAYS, MATCH

_TABLE = "file"
_PLACE = "place#"


@dataclass(frozen=True)
class Asked:
    """What is asked of the matcher.

    Attributes:
        key: The column that names rows; None takes `id`, else their numbers.
        threshold: Match probability at which a pair is a link.
        within: With two files: look for duplicates inside each as well.
        fields: The only columns that count; none for all that say something.
        matcher: Roles and blocking keys that rules state, and lists.
        model: What was learned before; None learns from these rows.
        known: Clusters of an earlier run: store, row_key, entity_id, probability. Their ids stay; with a model only rows
            that are not among them are matched.
        room: Where what is known of pairs is put.
    """

    key: str | None = None
    threshold: float = 0.6
    within: bool = False
    fields: tuple[str, ...] = ()
    matcher: MatcherRules = field(default_factory=MatcherRules)
    model: Model | None = None
    known: pl.DataFrame | None = None
    room: Room = MEMORY


@dataclass(frozen=True)
class FileMatch:
    """What the matcher found in a file, or in two.

    Attributes:
        clusters: Cluster contract, one line a row.
        pairs: Pair contract, one line a pair that is or may be the same; equal rows stand for each other.
        roles: The columns that counted, and what they were taken for.
        matched: What was learned.
        model: The same, to be kept.
    """

    clusters: pl.DataFrame
    pairs: pl.DataFrame
    roles: Mapping[str, Role]
    matched: Matched
    model: Model


def match_files(left: pl.LazyFrame, right: pl.LazyFrame | None, asked: Asked) -> FileMatch:
    """Find the rows of a file, or of two, that are the same.

    Args:
        left: A file.
        right: The file to link it with: each row with at most one of the other, unless `asked.within`.
        asked: What is asked.

    Raises:
        ConfigurationError: No such column, keys that are not unique, no column that says who a row is, or a model of
            another table.
    """
    rows, texts = read_rows(left, right, asked.key, asked.fields)
    rows = _with_known(rows.with_columns(asked.room.kept(rows[Cluster.row_key])), asked.known)
    found = _roles(texts, asked)
    linking = right is not None and not asked.within
    entity = rows[KNOWN].rank("dense").fill_null(0).to_numpy().astype(np.int64)
    within = None if asked.known is None else entity
    seen, number = respects(
        replace(texts, order=None),
        found,
        known_of(asked.matcher),
        once=not linking,
        model=asked.model,
        within=within,
        order=texts.order,
        room=asked.room,
    )
    trim()
    asked.room.rest()
    if not seen.comparisons:
        raise _nothing_said()
    if asked.model is not None and not asked.model.fits(seen.comparisons):
        raise _other_table("its columns are compared otherwise")
    fresh = None
    if asked.known is not None and asked.model is not None:
        fresh = np.zeros(len(seen.counts), np.bool_)
        fresh[number[entity == 0]] = True
    source = (rows[Cluster.store] == STORES[1]).cast(pl.Int64).to_numpy() if linking else None
    link = log_odds(asked.threshold)
    given, blocking = Given(source=source, fresh=fresh), asked.matcher.blocking
    result = matched(seen, given, link=link, cut=cut_of(link), asked=blocking, model=asked.model, room=asked.room)
    model = asked.model or model_of(seen, found, result)
    del seen
    trim()
    asked.room.rest()
    return FileMatch(
        _clusters(rows, result, number, link, asked.room), _pairs(rows, result, number, link), found, result, model
    )


def _roles(texts: Columns, asked: Asked) -> Mapping[str, Role]:
    if asked.model is not None:
        missing = [name for name in asked.model.roles if name not in texts.columns]
        if missing:
            raise _other_table(f"there is no column {missing[0]!r} here")
        return asked.model.roles
    found = roles(texts, given_names(asked.matcher), asked.matcher.columns)
    if not found:
        raise _nothing_said()
    return found


def _nothing_said() -> ConfigurationError:
    return ConfigurationError(
        "No column of the file says who a row is.",
        why="Columns with one value, placeholders, times of the rows themselves and the key do not count.",
        fix="--fields names the columns that do",
    )


def _other_table(why: str) -> ConfigurationError:
    return ConfigurationError(
        "The model was learned from another kind of table.",
        why=f"{why}.",
        fix="leave out --model to learn from this one",
    )


def _with_known(rows: pl.DataFrame, known: pl.DataFrame | None) -> pl.DataFrame:
    """The rows with the entity that an earlier run put each in, and how sure it was."""
    nothing = {KNOWN: pl.lit(None, pl.String), SURE: pl.lit(1.0)}
    if known is None:
        return rows.with_columns(**nothing)
    held = known.select(
        Cluster.store,
        Cluster.row_key,
        pl.col(Cluster.entity_id).alias(KNOWN),
        pl.col(str(Cluster.probability)).alias(SURE),
    )
    joined = rows.join(held, on=[Cluster.store, Cluster.row_key], how="left", maintain_order="left")
    return joined.with_columns(pl.col(SURE).fill_null(1.0))


def _clusters(rows: pl.DataFrame, result: Matched, number: Ints, link: float, room: Room) -> pl.DataFrame:
    """One line a row."""
    label, held = _labels(rows, result, number, link)
    edges = result.weight >= link
    bridge = bridges(result.candidates.left[edges], result.candidates.right[edges], result.grown.label)
    alone = np.bincount(number, minlength=len(result.own)) == 1
    lined = by_key(
        rows.drop(SURE).with_columns(
            pl.Series(LABEL, label),
            pl.Series(str(Cluster.probability), held),
            pl.Series(str(Cluster.bridge), (bridge & alone)[number] if len(number) else np.empty(0, np.bool_)),
        )
    )
    named = entity_ids(lined).with_row_index(_PLACE)
    place = lined.select(LABEL).join(named.drop(Cluster.entity_id), on=LABEL, how="left", maintain_order="left")[_PLACE]
    own = lined.select(
        Cluster.store,
        Cluster.row_key,
        _survivors(lined).alias(str(Cluster.survivor)),
        str(Cluster.probability),
        str(Cluster.bridge),
        place,
    )
    del lined
    room.rest()  # the letters of keys are not looked at any more
    order = (2 * place.cast(pl.Int64) + (own[Cluster.store] == STORES[0])).to_numpy().argsort(kind="stable")
    is_several = pl.len().over(_PLACE) > 1
    return own[order].select(
        Cluster.store,
        Cluster.row_key,
        named[Cluster.entity_id].gather(place.gather(order)),
        str(Cluster.survivor),
        str(Cluster.probability),
        str(Cluster.bridge),
        pl.when(is_several).then(pl.lit(MATCH)).otherwise(pl.lit("single")).alias(Cluster.decided_by),
        pl.lit(_TABLE).alias(Cluster.table),
    )


def _survivors(lined: pl.DataFrame) -> pl.Series:
    """The fullest row of each cluster, of equally full ones the first."""
    label, full = lined[LABEL].to_numpy(), lined[FULL].to_numpy()
    order = np.lexsort((-full, label))
    is_one = np.zeros(len(order), np.bool_)
    is_one[order[np.append(True, np.diff(label[order]) != 0)[: len(order)]]] = True
    return pl.Series(is_one)


def _labels(
    rows: pl.DataFrame, result: Matched, number: Ints, link: float
) -> tuple[Ints, np.typing.NDArray[np.float64]]:
    """The cluster of every row, and the probability that holds it together.

    Equal rows are one only if what they say is enough: two rows of nothing but `Smith` are two. Rows of which nothing was
    asked stay where they were.
    """
    label = result.grown.label[number]
    first = np.zeros(len(number), dtype=np.bool_)
    first[first_rows(number, len(result.own))] = True
    parted = ~first & (result.own[number] < link)
    own = label.copy()
    own[parted] = len(result.own) + np.flatnonzero(parted)
    several = np.bincount(number, minlength=len(result.own))[number] > 1
    bits = np.minimum(result.grown.confidence[label], np.where(several, result.own[number], np.inf))
    held = np.where(parted | np.isinf(bits), 1.0, probability(np.where(np.isinf(bits), 0.0, bits)))
    stays = ~result.reached[number] if len(number) else np.empty(0, np.bool_)
    own = np.where(stays, -1 - rows[KNOWN].rank("dense").fill_null(0).to_numpy().astype(np.int64), own)
    held = np.where(stays, rows[SURE].to_numpy(), held)
    weakest = pl.DataFrame({"label": own, "held": held}).select(pl.col("held").min().over("label")).to_series()
    return own, weakest.to_numpy()


def _pairs(rows: pl.DataFrame, result: Matched, number: Ints, link: float) -> pl.DataFrame:
    """The candidate pairs that are, or may be, the same; the likeliest first."""
    kept = np.flatnonzero(result.always | (result.weight >= CUT))
    order = kept[np.lexsort((-result.weight[kept], ~result.always[kept]))]
    left, right = result.candidates.left[order], result.candidates.right[order]
    weight, always = result.weight[order], result.always[order]
    first = first_rows(number, len(result.own))
    together = result.grown.label[left] == result.grown.label[right]
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
            str(Pair.match_key): pl.Series(np.where(always, ALWAYS, MATCH), dtype=pl.String),
            **gammas,
            str(Pair.match_weight): weight,
            str(Pair.match_probability): pl.Series(probability(weight)).set(pl.Series(always), 1.0),
            str(Pair.decision): decision,
            str(Pair.table): pl.repeat(_TABLE, len(order), eager=True),
        }
    )
