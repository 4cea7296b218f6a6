"""Match keys: values whose equality says that two rows are one lead, less those that are nobody's own.

A value is no key when the lists name it (placeholder, role address, company page) or when several surnames carry it
(a shared mailbox or switchboard).
"""

from collections.abc import Mapping, Sequence

import polars as pl

from dq.rules import DedupeRules, Placeholder

MATCH_KEY, VALUE, NODE, SURNAME = "match_key", "value", "node", "surname"


def form(field: str) -> str:
    """Name of the column with a field's match forms; a field may be called `surname`, too."""
    return f"{field}_form"


def surname(name: pl.Expr) -> pl.Expr:
    """The surname of a person's name, folded: the part before a comma, else the last word; null if there is none."""
    folded = name.str.normalize("NFKD").str.replace_all(r"\p{M}", "").str.to_lowercase()
    last_first = folded.str.split(",").list.first()
    words = folded.str.replace_all(r"[^\p{L}\s'-]", " ").str.strip_chars().str.split(" ")
    chosen = (
        pl.when(folded.str.contains(",", literal=True)).then(last_first.str.strip_chars()).otherwise(words.list.last())
    )
    return pl.when(chosen != "").then(chosen)


def key_values(nodes: pl.DataFrame, rules: DedupeRules, kinds: Mapping[str, str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The usable keys of every row, and the shared values that were dropped.

    Args:
        nodes: node, surname, and `<field>_form` per key field: its match forms.
        rules: Keys, placeholders and the surname limit.
        kinds: Field → its standardizer family, for choosing placeholders.

    Returns:
        (match_key, value, node) sorted, and (match_key, value, surnames) of the values that too many surnames carry.
    """
    parts = [
        nodes.select(pl.lit(key.field).alias(MATCH_KEY), pl.col(form(key.field)).alias(VALUE), NODE, SURNAME).filter(
            pl.col(VALUE).is_not_null()
            & ~is_placeholder(pl.col(VALUE), rules.placeholders, kinds.get(key.field, "text"))
        )
        for key in rules.keys
        if key.identifying
    ]
    if not parts:
        empty = nodes.select(pl.lit("").alias(MATCH_KEY), pl.lit("").alias(VALUE), NODE).clear()
        return empty, empty.select(MATCH_KEY, VALUE, pl.lit(0, pl.UInt32).alias("surnames"))
    values = pl.concat(parts)
    carried = values.group_by(MATCH_KEY, VALUE).agg(pl.col(SURNAME).drop_nulls().n_unique().alias("surnames"))
    shared = carried.filter(pl.col("surnames") >= rules.max_surnames).sort(MATCH_KEY, VALUE)
    usable = values.join(shared, on=[MATCH_KEY, VALUE], how="anti").select(MATCH_KEY, VALUE, NODE)
    return usable.sort(MATCH_KEY, VALUE, NODE), shared


def is_placeholder(value: pl.Expr, placeholders: Sequence[Placeholder], kind: str) -> pl.Expr:
    """Whether a match form is one of the list's values for its kind (`text` lines count for every kind)."""
    lines = [line for line in placeholders if line.kind in (kind, "text")]
    exact, local, patterns = (
        [line.value if match == "regex" else line.value.casefold() for line in lines if line.match == match]
        for match in ("exact", "local_part", "regex")
    )
    folded = value.str.to_lowercase()
    found = folded.is_in(exact)
    if local:
        found |= folded.str.split("@").list.first().is_in(local)
    if patterns:  # one look at each value for all of them
        found |= folded.str.contains("|".join(f"(?:{pattern})" for pattern in patterns))
    return found
