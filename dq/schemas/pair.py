"""Pairs of rows that were compared, with what the comparison said.

Besides these columns there is one `gamma_<field>` (int8) per comparison of a key: -1 one side empty, 0 different, 1 equal;
and one `gamma_match_<comparison>` per comparison of the matcher: -1 a side says nothing, else a level, from 0 (nothing alike) up.
Null: not compared so.
"""

import pandera.polars as pa

from dq.schemas.values import DECISIONS, STORES

GAMMA = "gamma_match_"
"""How the columns of the matcher's levels begin."""


MATCH = "match"
"""The `match_key` of pairs that the matcher found, and what decided on rows that it joined."""
ALWAYS = "always"
"""The same of pairs that rules make one, whatever the matcher finds."""


class Pair(pa.DataFrameModel):
    store_l: str = pa.Field(isin=STORES)
    key_l: str
    store_r: str = pa.Field(isin=STORES)
    key_r: str
    match_key: str
    match_weight: float
    match_probability: float = pa.Field(ge=0, le=1)
    decision: str = pa.Field(isin=DECISIONS)
    table: str

    class Config:
        strict = False
