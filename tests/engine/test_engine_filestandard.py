"""Which columns of a file the rules name, and standard forms in batches."""

from pathlib import Path

import polars as pl
import pytest

from dq.engine import files
from dq.engine.filecolumns import columns_of, pairs_of
from dq.engine.filestandard import Tally, findings_of, plan_of, standardized, tallied, told
from dq.errors import ConfigurationError
from dq.rules import FieldRule, Standardizer, TableRules

RULES = TableRules(
    fields=(
        FieldRule(name="email", airtable="E-Mail Address", standardize=(Standardizer(name="email"),)),
        FieldRule(name="full_name", airtable="Person"),
    )
)
ROWS = 150_000
"""More than a batch."""


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("email", "email"),
        ("E-Mail Address", "email"),
        ("EMAIL", "email"),
        ("e_mail", "email"),
        ("email address", "email"),
        ("e-mail_address", "email"),
        ("Full Name", "full_name"),
        ("FULLNAME", "full_name"),
        ("person", "full_name"),
        ("mail", None),
    ],
)
def test_a_column_is_known_by_either_name_but_for_spelling(column: str, field: str | None):
    schema = pl.Schema({column: pl.String(), "Person": pl.String()})
    ruled = {one.column: one.field for one in columns_of(schema, RULES, {}).ruled}
    assert ruled.get(column) == field


def test_one_field_may_stand_in_several_columns():
    schema = pl.Schema({"E-Mail": pl.String(), "email": pl.String(), "other": pl.String(), "number": pl.Int64()})
    found = columns_of(schema, RULES, pairs_of(["other=E-Mail Address", "number=email"]))
    assert [(one.column, one.rule.name) for one in found.ruled] == [
        ("E-Mail", "email in E-Mail"),
        ("email", "email"),
        ("other", "email in other"),
    ]
    assert found.left == {"number": "Int64, not text"}


@pytest.mark.parametrize("texts", [["a"], ["a="], ["=a"], ["a=b", "a=c"]])
def test_what_is_no_pair_is_refused(texts: list[str]):
    with pytest.raises(ConfigurationError):
        pairs_of(texts)


def test_many_batches_give_the_rows_in_order_and_count_them_all(tmp_path: Path):
    number = pl.int_range(ROWS, eager=True)
    raw = pl.DataFrame({"n": number, "email": "A" + (number % 3).cast(pl.String) + "@B.example", "x": number * 2})
    raw = raw.with_columns(email=pl.when(pl.col("n") == ROWS - 1).then(pl.lit("nobody")).otherwise("email"))
    raw.write_parquet(tmp_path / "in.parquet", row_group_size=20_000)
    frame = files.read(tmp_path / "in.parquet")
    plan = plan_of(tmp_path / "in.parquet", frame, columns_of(frame.collect_schema(), RULES, {}), None, RULES)
    tally = Tally(explained=True, listed=True)
    files.sink(standardized(frame, plan, tally), tmp_path / "out.parquet", ".parquet")
    out = pl.read_parquet(tmp_path / "out.parquet")
    assert out.schema == raw.schema
    assert out.select("n", "x").equals(raw.select("n", "x"))
    assert out["email"].to_list()[-2:] == ["A" + str((ROWS - 2) % 3) + "@b.example", "nobody"]
    done = told(plan, tally, 2)
    assert (done.rows, done.changed_rows, done.changed, done.findings) == (ROWS, ROWS - 1, ROWS - 1, 1)
    assert done.top is not None
    assert done.top.select("before", "rows").rows() == [("A0@B.example", ROWS // 3), ("A1@B.example", ROWS // 3)]
    assert findings_of(tally)["row_key"].to_list() == [str(ROWS)]
    only_told = Tally()
    tallied(frame, plan, only_told)
    assert told(plan, only_told, 2).counts.equals(done.counts)


def test_an_empty_file_stays_one(tmp_path: Path):
    (tmp_path / "in.csv").write_text("email,other\n")
    frame = files.read(tmp_path / "in.csv")
    plan = plan_of(tmp_path / "in.csv", frame, columns_of(frame.collect_schema(), RULES, {}), None, RULES)
    tally = Tally(explained=True)
    files.sink(standardized(frame, plan, tally), tmp_path / "out.csv", ".csv")
    assert (tmp_path / "out.csv").read_text() == "email,other\n"
    assert told(plan, tally, 5).rows == 0
