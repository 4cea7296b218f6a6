"""What each comparison is worth: match weights in bits (log2 of the evidence), one table.

Fixed weights for exact keys, after Fellegi and Sunter: a weight of +8 makes a match 256 times likelier. An address or
profile that differs counts against a match less than one that agrees counts for it, since people have several.
"""

import polars as pl

AGREE = {"email": 8.0, "linkedin": 9.0, "phone": 4.0, "company": 1.0, "name": 2.0}
DIFFER = {"email": -3.0, "linkedin": -6.0, "phone": -1.0, "company": -1.0, "name": -2.0}
OTHER_AGREE, OTHER_DIFFER = 1.0, -1.0
IDENTIFYING_AGREE = 8.0
"""The least that an identifying key counts for, whatever its kind."""
CERTAIN = 20.0
"""Weight of a link that is known: from the base state or a link column."""


def weight(gamma: pl.Expr, kind: str, *, identifying: bool) -> pl.Expr:
    """Bits of one comparison: gamma 1 = agree, 0 = differ, -1 = a side is empty (no evidence)."""
    agree = AGREE.get(kind, OTHER_AGREE)
    agree = max(agree, IDENTIFYING_AGREE) if identifying else agree
    differ = DIFFER.get(kind, OTHER_DIFFER)
    return pl.when(gamma == 1).then(agree).when(gamma == 0).then(differ).otherwise(0.0)


def probability(bits: pl.Expr) -> pl.Expr:
    """Match probability of a match weight."""
    odds = pl.lit(2.0).pow(bits)
    return odds / (1.0 + odds)
