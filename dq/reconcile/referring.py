"""Cells that name rows of another mapping: a foreign key in the database, a list of record ids in Airtable.

Between the stores such a cell is the entity that it names. A cell that names a row nobody has, or more than one lead, is
*mute*: it is left as it is and says nothing. The base keeps the key of the row that was named, which stays true whatever
the entity is called later.

cell ──engine──► entity_id ──as_json──► key, list of ids, or {"$created": …}        base ──resolved──► entity_id ──lasting──► base
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from dq.cells import Kind, is_texts, is_writable_as, json_of, texts_json, texts_of
from dq.schemas import Cluster
from dq.schemas.base import agreed
from dq.schemas.values import Store
from dq.side import ENTITY, KEY

CREATED = '{"$created": '
"""Start of the JSON that stands for the key of a row that the plan creates."""


@dataclass(frozen=True)
class Referred:
    """A mapping's rows, as the cells of other mappings name them.

    Attributes:
        mapping: The mapping, by its database table.
        rows: store, row_key, entity_id of every row that the stores hold, merged ones too.
        forms: store, entity_id, and row_key or created (a change id): what names the entity once the plan is carried out.
        merged: store, row_key, entity_id of rows that were merged away by an earlier plan.
        former: text, entity_id: `store:key` of every row that the base may name.
        lasting: entity_id, text: the `store:key` that names it in the next base.
        moved: row_key, survivor of the Airtable records that are merged away.
        removed: row_key of the Airtable records that go away.
        placed: change_id, key of created rows once the plan is carried out in memory.
    """

    mapping: str
    rows: pl.DataFrame
    forms: pl.DataFrame
    merged: pl.DataFrame
    former: pl.DataFrame
    lasting: pl.DataFrame
    moved: pl.DataFrame
    removed: pl.DataFrame
    placed: pl.DataFrame

    def here(self, store: Store) -> pl.Series:
        """The entities that have a row in the store now."""
        return self.rows.filter(pl.col(Cluster.store) == store)[ENTITY].unique()

    def named(self, store: Store, kind: Kind) -> pl.DataFrame:
        """entity_id, json of the entities that a cell of the store can name once the plan is carried out.

        Args:
            store: Whose cell.
            kind: What the cell's column holds.
        """
        made = pl.lit(CREATED) + json_of(pl.col("created"), "text") + "}"
        mine = self.forms.filter(pl.col(Cluster.store) == store)
        if store == "airtable":
            item = pl.coalesce(made, json_of(pl.col(KEY), "text"))
            return mine.select(ENTITY, pl.concat_str(pl.lit("["), item, pl.lit("]")).alias("json"))
        fitting = mine.filter(pl.col("created").is_not_null() | is_writable_as(pl.col(KEY), kind))
        return fitting.select(ENTITY, pl.coalesce(made, json_of(pl.col(KEY), kind)).alias("json"))


def can_name(value: pl.Expr, referred: Referred, store: Store, kind: Kind) -> pl.Expr:
    """Whether a cell of the store can name the entity; none can always."""
    return value.is_null() | value.is_in(referred.named(store, kind)[ENTITY].implode())


def as_json(value: pl.Expr, referred: Referred, store: Store, kind: Kind) -> pl.Expr:
    """The cell that names the entity, as JSON text; null where there is none."""
    forms = referred.named(store, kind)
    return value.replace_strict(forms[ENTITY], forms["json"], default=None, return_dtype=pl.String)


def vanished(base: pl.Expr, there: pl.Expr, here: pl.Expr, referred: Referred, stores: tuple[Store, Store]) -> pl.Expr:
    """Whether a cell is empty only because the row that it named is gone from its store, though the lead stays.

    Args:
        base: The agreed entity.
        there: The other side's.
        here: The cell's own.
        referred: The rows that are named.
        stores: The cell's store, and the other one.
    """
    own, other = stores
    stays = referred.forms.filter(pl.col(Cluster.store) == other)[ENTITY]
    is_gone = there.is_in(stays.implode()) & ~there.is_in(referred.here(own).implode())
    return (here.is_null() & (base == there) & is_gone).fill_null(value=False)


def resolved(base: pl.DataFrame, references: Mapping[str, Referred]) -> pl.DataFrame:
    """A base with entity ids of this plan in the cells of the fields that refer; what names nothing was never agreed."""
    return base.with_columns(
        pl.when(pl.col(agreed(name)) == "")
        .then(pl.lit(""))
        .otherwise(
            pl.col(agreed(name)).replace_strict(
                referred.former["text"], referred.former[ENTITY], default=None, return_dtype=pl.String
            )
        )
        .alias(agreed(name))
        for name, referred in references.items()
    )


def lasting(base: pl.DataFrame, references: Mapping[str, Referred]) -> pl.DataFrame:
    """The reverse of `resolved`: rows are named by a key that they have already, in the next plan's eyes too."""
    return base.with_columns(
        pl.when(pl.col(agreed(name)) == "")
        .then(pl.lit(""))
        .otherwise(
            pl.col(agreed(name)).replace_strict(
                referred.lasting[ENTITY], referred.lasting["text"], default=None, return_dtype=pl.String
            )
        )
        .alias(agreed(name))
        for name, referred in references.items()
    )


def names_any(raw: pl.Expr, keys: pl.Series) -> pl.Expr:
    """Whether a list of record ids names any of these."""
    return texts_of(raw).list.eval(pl.element().is_in(keys.implode())).list.any()


def without_removed(raw: pl.Expr, referred: Referred) -> pl.Expr:
    """A list of record ids as Airtable leaves it when records are deleted; null when nothing is left."""
    gone = referred.removed[KEY].implode()
    left = texts_json(texts_of(raw).list.eval(pl.element().filter(~pl.element().is_in(gone))))
    return pl.when(is_texts(raw)).then(pl.when(left != "[]").then(left)).otherwise(raw)


def with_survivors(raw: pl.Expr, referred: Referred) -> pl.Expr:
    """A list of record ids with survivors in place of the records that are merged away, each once."""
    now = pl.element().replace(referred.moved[KEY], referred.moved["survivor"])
    return texts_json(texts_of(raw).list.eval(now.unique(maintain_order=True)))
