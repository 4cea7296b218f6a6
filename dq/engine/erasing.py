"""People who were erased and must not come back: the base keeps keys and digests of match forms, no values.

base ──erase──► base with `erased` rows ──blocked──► rows of either store that belong to someone who was erased
"""

import json
from collections.abc import Mapping
from hashlib import sha256

import polars as pl

from dq.engine.inputs import ALONE_TYPES
from dq.engine.matching import match_forms
from dq.errors import ConfigurationError
from dq.rules import TableRules
from dq.schemas import BaseRow
from dq.schemas.base import agreed, base_types
from dq.schemas.values import Store
from dq.side import ENTITY, KEY

STORES: tuple[Store, Store] = ("database", "airtable")
_FORM, _FIELD = "form@erased", "field@erased"


def erase(base: pl.DataFrame, entity: str, rules: TableRules, records: pl.DataFrame | None = None) -> pl.DataFrame:
    """The base without anything of a lead but the keys of its rows and digests of its identifying match forms.

    Earlier bases, snapshots, backups and journals hold the lead's values still: they are the caller's to remove.

    Args:
        base: The base of the mapping, all states.
        entity: The lead's entity id.
        rules: The mapping, for its identifying match keys.
        records: Further rows of the lead in standard form, whose match forms are to be known as well.

    Raises:
        ConfigurationError: The base does not know the lead.
    """
    mine = base.filter(pl.col(ENTITY) == entity)
    if mine.is_empty():
        raise ConfigurationError(
            "The base state does not know this lead.",
            where=f"table {rules.table}",
            fix="name an entity id of `dq.open().clusters`",
        )
    keys = (
        pl.concat(
            [
                *(mine.select(pl.lit(store).alias("store"), pl.col(f"{store}_key").alias(KEY)) for store in STORES),
                mine.select(pl.col(BaseRow.store).alias("store"), pl.col(BaseRow.row_key).alias(KEY)),
            ]
        )
        .drop_nulls()
        .unique()
        .sort("store", KEY)
    )
    known = [_values(mine, rules), _held(mine, rules), *([] if records is None else [records.select(rules.names)])]
    told = sorted(set(_digested(_forms(pl.concat(known, how="diagonal"), rules))["digest"]))
    erased = keys.select(
        pl.lit(rules.table).alias(BaseRow.table),
        pl.lit(entity).alias(ENTITY),
        pl.lit("erased").alias(BaseRow.state),
        pl.col("store").alias(BaseRow.store),
        pl.col(KEY).alias(BaseRow.row_key),
        pl.lit(json.dumps(told)).alias(BaseRow.held),
    )
    types = base_types(rules.names)
    rows = erased.with_columns(pl.lit(None, types[n]).alias(n) for n in types if n not in erased.columns)
    return pl.concat([base.filter(pl.col(ENTITY) != entity), rows.select(base.columns)])


def blocked(records: Mapping[Store, pl.DataFrame], base: pl.DataFrame, rules: TableRules) -> pl.DataFrame:
    """store, row_key, why of the rows that belong to someone who was erased, by their key or by a match form.

    Args:
        records: Each store's rows in standard form.
        base: The base state, all states.
        rules: The mapping.
    """
    erased = base.filter(pl.col(BaseRow.state) == "erased")
    if erased.is_empty():
        return pl.DataFrame(schema=ALONE_TYPES)
    digests = sorted({digest for text in set(erased[BaseRow.held].drop_nulls()) for digest in json.loads(text)})
    lengths = sorted({int(digest.split(":")[1]) for digest in digests})
    parts = []
    for store in STORES:
        keys = erased.filter(pl.col(BaseRow.store) == store).select(KEY)
        forms = _forms(records[store], rules).filter(pl.col(_FORM).str.len_chars().is_in(lengths))
        found = _digested(forms).filter(pl.col("digest").is_in(digests))
        again = forms.join(found, on=[_FIELD, _FORM], how="semi").select(KEY)
        there = records[store].join(pl.concat([keys, again]).unique(), on=KEY, how="semi")
        parts.append(there.select(pl.lit(store).alias("store"), KEY, pl.lit("erased").alias("why")))
    return pl.concat(parts).sort("store", KEY)


def _forms(records: pl.DataFrame, rules: TableRules) -> pl.DataFrame:
    """row_key (where there is one), field, form of every identifying match form of these rows."""
    fields = [key.field for key in rules.dedupe.keys if key.identifying]
    own = [KEY] if KEY in records.columns else []
    parts = [
        records.select(*own, pl.lit(field).alias(_FIELD), form.alias(_FORM))
        for field, form in zip(fields, match_forms(rules, fields), strict=True)
    ]
    none = pl.DataFrame(schema={**dict.fromkeys(own, pl.String), _FIELD: pl.String, _FORM: pl.String})
    return pl.concat([none, *parts]).drop_nulls(_FORM)


def _digested(forms: pl.DataFrame) -> pl.DataFrame:
    """The distinct forms with `field:length:digest`; the length spares digests of what cannot be one of them."""
    distinct = forms.select(_FIELD, _FORM).unique().sort(_FIELD, _FORM)
    told = [
        f"{field}:{len(form)}:{sha256(f'{field}/{form}'.encode()).hexdigest()}"
        for field, form in zip(distinct[_FIELD], distinct[_FORM], strict=True)
    ]
    return distinct.with_columns(pl.Series("digest", told, dtype=pl.String))


def _values(mine: pl.DataFrame, rules: TableRules) -> pl.DataFrame:
    return mine.select(pl.col(agreed(name)).alias(name) for name in rules.names)


def _held(mine: pl.DataFrame, rules: TableRules) -> pl.DataFrame:
    """What merged rows of the lead held when they were merged."""
    texts = mine.filter(pl.col(BaseRow.state) == "loser")[BaseRow.held].drop_nulls()
    names = [field.name for field in rules.fields if not field.refers]
    rows = [{name: value for name, value in json.loads(text).items() if name in names} for text in texts]
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String))
