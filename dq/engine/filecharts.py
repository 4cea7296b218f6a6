"""What a page tells of a file's matching."""

from dq.dedupe.blocking import Candidates
from dq.dedupe.matcher import CUT
from dq.engine.filematch import FileMatch
from dq.report.charts import FoundBy, Mark
from dq.report.matchfacts import Matching, bins_of, examples_of, sizes_of
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
    return Matching(
        name=name,
        rows=clusters.height,
        sizes=sizes_of(clusters),
        entities=len(sizes),
        clusters=int((sizes > 1).sum()),
        pairs=len(found.matched.weight),
        weights=bins_of(found.matched.weight),
        link=link,
        marks=(Mark("parts of a cluster, on average", CUT), Mark("link", link)),
        evidence=learned,
        keys=keys_of(found.matched.candidates),
        recall=found.matched.candidates.recall,
        examples=examples_of(learned, found.pairs, link, _TWO if linked else _ROWS),
        roles=found.roles,
    )


def keys_of(candidates: Candidates) -> tuple[FoundBy, ...]:
    """The blocking keys in the order in which they were taken."""
    return tuple(FoundBy(" and ".join(key.atoms), key.pairs, key.recall) for key in candidates.keys)
