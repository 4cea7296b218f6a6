"""What a page tells of a file's matching."""

from dq.dedupe.blocks import LARGEST
from dq.dedupe.matcher import CUT, Matched
from dq.engine.filematch import FileMatch
from dq.report.charts import Mark
from dq.report.charts.drawing import share
from dq.report.matchfacts import Matching, bins_of, examples_of, keys_of, sizes_of
from dq.schemas import Cluster

_ROWS = {"database": "row", "airtable": "row"}
_TWO = {"database": "row", "airtable": "row of the second file"}


def matching_of(name: str, found: FileMatch, link: float, *, linked: bool) -> Matching:
    """The facts of a match.

    Args:
        name: Of the file.
        found: What was found.
        link: Match weight at which a pair is a link, in bits.
        linked: Whether there are two files.
    """
    clusters, learned = found.clusters, found.matched.evidence
    sizes = clusters.group_by(Cluster.entity_id).len()["len"]
    told = f"{clusters.height:,} rows of {name} are {len(sizes):,} leads, {(sizes > 1).sum():,} of them with duplicates"
    return Matching(
        headline=told,
        sizes=sizes_of(clusters),
        compared=_compared(found.matched),
        weights=bins_of(found.matched.weight),
        link=link,
        marks=(Mark("parts of a cluster, on average", CUT), Mark("link", link)),
        evidence=learned,
        keys=keys_of(found.matched.candidates.keys),
        examples=examples_of(learned, found.pairs, link, _TWO if linked else _ROWS),
        roles=found.roles,
    )


def _compared(found: Matched) -> str:
    known = found.candidates
    is_estimated = any(key.recall is not None for key in known.keys)  # keys that are given are taken as they are
    hold = f" They hold an estimated {share(known.recall)} of the likely matches." if is_estimated else ""
    left_out = sum(key.left_out for key in known.keys)
    common = f" Values of keys that more than {LARGEST} rows have bring none: {left_out:,}." if left_out else ""
    return (
        f"{len(found.weight):,} pairs were compared.{hold}{common} Between the hill of pairs that are two, to the left, and that "
        "of pairs that are the same lie those that are hard to tell: the fewer there are, the less depends on the threshold."
    )
