"""recordlinkage with its unsupervised classifier (ECM): blocks, agreements of yes and no, pairs at probability 0.5, components.

python -m bench.matchers.ecm SET records.parquet OUT

The toolkit is for small and medium-sized files: blocks and pairs are pandas frames. It has no clusters; links are joined to components.
"""

import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import recordlinkage
from recordlinkage.index import Block
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

THRESHOLD = 0.5
"""The classifier's own: it takes the likelier of two classes."""
KEPT = 0.01
"""Less probable pairs are not kept."""


@dataclass(frozen=True)
class Recipe:
    """Columns that find pairs; columns that are compared exactly, and those compared as texts (Jaro-Winkler from 0.85)."""

    blocks: tuple[str | tuple[str, ...], ...]
    exact: tuple[str, ...]
    texts: tuple[str, ...]
    columns: str = "*"
    linked: bool = False


FEBRL = Recipe(
    ("given_name", "surname", "date_of_birth", "soc_sec_id", "postcode"),
    ("date_of_birth", "suburb", "state", "soc_sec_id", "postcode"),
    ("given_name", "surname", "address_1"),
)
RECIPES = {
    "fake_1000": Recipe(("first_name", "surname", "dob", "email"), ("dob", "city"), ("first_name", "surname", "email")),
    "febrl1": FEBRL,
    "febrl3": FEBRL,
    "fodors_zagat": Recipe(
        ("digits", "name", ("house", "city"), "addr"),
        ("digits",),
        ("name", "addr"),
        "*, regexp_replace(phone, '\\D', '', 'g') as digits, regexp_extract(addr, '^(\\S+)', 1) as house",
    ),
    "cora": Recipe(
        ("title", "beginning"), ("year",), ("title", "author", "venue"), "*, substr(title, 1, 12) as beginning"
    ),
    "dblp_acm": Recipe(
        ("title", "beginning", ("first", "year")),
        ("year",),
        ("title", "authors", "venue"),
        "*, substr(title, 1, 12) as beginning, split_part(authors, ',', 1) as first",
        linked=True,
    ),
}


def main(name: str, records: str, out: str) -> None:
    """Match and write."""
    recipe = RECIPES[name]
    frame = duckdb.sql(f"select {recipe.columns} from read_parquet('{records}')").df().set_index("record_id")
    sides = [rows for _, rows in frame.groupby("source", sort=True)] if recipe.linked else [frame]
    vectors = _compared(sides, recipe)
    probable = _probabilities(vectors)
    ends = [vectors.index.get_level_values(side) for side in (0, 1)]
    nodes = [frame.index.get_indexer(end) for end in ends]
    match = probable >= THRESHOLD
    links = coo_array((np.ones(match.sum()), (nodes[0][match], nodes[1][match])), shape=(len(frame), len(frame)))
    _, labels = connected_components(links, directed=False)
    kept = probable >= KEPT
    pairs = {"left": ends[0][kept], "right": ends[1][kept], "probability": probable[kept]}
    _write({"record_id": frame.index, "cluster": labels}, Path(out) / "clusters.parquet")
    _write(pairs, Path(out) / "pairs.parquet")


def _compared(sides, recipe):
    index = recordlinkage.Index()
    for block in recipe.blocks:
        index.add(Block(list(block) if isinstance(block, tuple) else block))
    compare = recordlinkage.Compare()
    for column in recipe.exact:
        compare.exact(column, column, label=column)
    for column in recipe.texts:
        compare.string(column, column, method="jarowinkler", threshold=0.85, label=column)
    return compare.compute(index.index(*sides), *sides)


def _probabilities(vectors):
    classifier = recordlinkage.ECMClassifier()
    classifier.fit(vectors)
    return classifier.prob(vectors).to_numpy()


def _write(columns, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({name: pa.array(np.asarray(values)) for name, values in columns.items()}), path)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(*sys.argv[1:])
