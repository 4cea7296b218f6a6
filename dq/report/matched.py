"""What the matcher learned, and what it found, for people and programs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dq.dedupe.blocking import Candidates, Key
from dq.dedupe.blocks import LARGEST
from dq.dedupe.evidence import Evidence, log_odds


def learned_lines(evidence: Evidence, candidates: Candidates, roles: Mapping[str, str]) -> list[str]:
    """The evidence as a table: what each level of each comparison is worth, in bits.

    Args:
        evidence: What was learned.
        candidates: The pairs that were compared, and by which keys they were found.
        roles: Columns and what they were taken for.
    """
    broad = max([5, *(len(level) for respect in evidence.respects for level in respect.levels)])
    told = ["columns: " + ", ".join(f"{name} ({role})" for name, role in roles.items()), ""]
    for respect in evidence.respects:
        told.append(respect.name)
        lines = zip(respect.levels, respect.bits, respect.m, respect.u, strict=True)
        told += [
            f"  {level:<{broad}}  {bits:>+7.1f} bits  {m:>6.1%} of matches  {u:>10.5%} by chance"
            for level, bits, m, u in reversed(list(lines))
        ]
    told += [
        "",
        f"prior: {log_odds(evidence.prior):+.1f} bits; all weights and the prior sum up to the match weight",
        *(
            f"shared by rows that are not the same, which counts against a match: {' and '.join(one.names)} "
            f"({np.log2(one.share):+.1f} bits)"
            for one in evidence.shared
        ),
    ]
    keys = sorted(key.name + _left_out(key) for key in candidates.keys)
    return [
        *told,
        f"{len(candidates.left):,} pairs compared, found by {len(keys)} keys that bring an estimated {candidates.recall:.1%} of likely matches:",
        *(f"  {key}" for key in keys),
    ]


def _left_out(key: Key) -> str:
    """What a key does not bring: nothing is passed over in silence."""
    values = "value" if key.left_out == 1 else "values"
    return f" ({key.left_out:,} {values} of more than {LARGEST} rows left out)" if key.left_out else ""


def learned_facts(evidence: Evidence, candidates: Candidates, roles: Mapping[str, str]) -> dict[str, Any]:
    """The same as `learned_lines`, for programs."""
    respects: Sequence[Mapping[str, Any]] = [
        {
            "name": respect.name,
            "levels": [
                {"level": level, "bits": bits, "matches": m, "chance": u}
                for level, bits, m, u in zip(respect.levels, respect.bits, respect.m, respect.u, strict=True)
            ],
        }
        for respect in evidence.respects
    ]
    return {
        "columns": dict(roles),
        "prior": evidence.prior,
        "comparisons": respects,
        "shared": [{"comparisons": list(one.names), "share": one.share} for one in evidence.shared],
        "pairs_compared": len(candidates.left),
        "estimated_recall": candidates.recall,
        "keys": [list(key.atoms) for key in candidates.keys],
        "values_left_out": {key.name: key.left_out for key in candidates.keys if key.left_out},
    }
