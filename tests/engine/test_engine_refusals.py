"""Plans that are refused: columns that nothing fills, names that clash, rules that never settle."""

from dataclasses import replace

import polars as pl
import pytest
from engine_rows import changed, lead, record
from engine_world import DATABASE, FIELDS, RULES, inputs, plan_table, with_rules

from dq.engine.parking import Park
from dq.errors import ConfigurationError, DqError
from dq.manifest import Column
from dq.options import TextOptions
from dq.pipeline.proving import proved
from dq.rules import FieldRule, Standardizer
from dq.standardize import kinds
from dq.standardize.kinds import Kind


def test_a_required_column_that_nothing_fills_is_a_configuration_error():
    given = inputs([], [record("rec1", name="Ann Lee")])
    schema = replace(DATABASE, unread=(Column("tenant", "text", "TEXT", required=True),))
    given = replace(given, schemas={**given.schemas, "database": schema})
    with pytest.raises(ConfigurationError, match="need a value in tenant"):
        plan_table(given)
    schema = replace(DATABASE, columns=(*DATABASE.columns, Column("tenant", "text", "TEXT", required=True)))
    rows = {**given.raw, "database": given.raw["database"].with_columns(pl.lit(None, pl.String).alias("tenant"))}
    filled = replace(
        given,
        schemas={**given.schemas, "database": schema},
        raw=rows,
        rules=RULES.model_copy(update={"insert_defaults": {"tenant": "acme"}}),
    )
    assert ("database", "insert", None, "tenant", '"acme"') in changed(plan_table(filled))


def test_fields_may_not_be_called_like_the_golden_records_own_columns():
    fields = (FieldRule(name="entity_id", airtable="Full Name"),)
    with pytest.raises(ConfigurationError, match="entity_id"):
        plan_table(inputs([], [], rules=with_rules(fields=fields)))


def test_a_standardizer_that_never_settles_is_caught(monkeypatch):
    monkeypatch.setitem(kinds.KINDS, "plant", Kind(TextOptions, lambda value, _: value + "x", None))
    fields = (FIELDS[0].model_copy(update={"standardize": (Standardizer(name="plant"),)}), *FIELDS[1:])
    with pytest.raises(ConfigurationError, match=r"field name are not idempotent: 1\. plant of plant") as caught:
        plan_table(inputs([lead("d1", name="Ann Lee")], [], rules=RULES.model_copy(update={"fields": fields})))
    assert "Ann" not in str(caught.value)


def test_a_plan_that_would_not_come_to_rest_is_refused(tmp_path):
    odd = FIELDS[4].model_copy(update={"default": "AUTO SEND"})
    rules = with_rules().model_copy(update={"fields": (*FIELDS[:4], odd, *FIELDS[5:])})
    with pytest.raises(DqError, match="would not come to rest") as caught:
        proved([inputs([lead("d1", name="Ann Lee")], [], rules=rules)], [Park(tmp_path)])
    assert "status" in str(caught.value)
    (kept,) = proved([inputs([lead("d1", name="Ann Lee")], [])], [Park(tmp_path)])
    assert kept.made.frame("changes").height > 0
