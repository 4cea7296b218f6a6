"""Which rows are the same lead: links and keys make pairs, pairs make clusters, clusters get survivors.

links ─┐
       ├─► pairs ─► division ─► clusters ─► survivors and their chosen values
keys  ─┘
"""

from dq.dedupe.cleared import cleared
from dq.dedupe.clusters import clusters
from dq.dedupe.division import divided
from dq.dedupe.links import Links, links
from dq.dedupe.pairs import Pairs, pairs
from dq.dedupe.survivorship import Standing, choose

__all__ = ["Links", "Pairs", "Standing", "choose", "cleared", "clusters", "divided", "links", "pairs"]
