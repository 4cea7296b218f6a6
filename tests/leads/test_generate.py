"""The sample: the same every time, of the right shape, with every kind of mess, and true about who is who."""

import json
import sqlite3
import stat
import time
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from dq import sandbox
from dq.errors import ConfigurationError
from dq.leads import document, sample, write
from dq.leads.copies import EDITS, TWIN_KINDS

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "leads_small"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason=f"no data in {SHARED.name}")


def test_equal_seeds_give_equal_samples(made):
    again = sample(seed=1, leads=90)
    assert_frame_equal(again.records, made.records)
    assert_frame_equal(again.truth, made.truth)
    for name, rows in made.tables.items():
        assert_frame_equal(again.tables[name], rows)
    assert document(again) == document(made)


def test_other_seeds_give_other_samples(made):
    other = sample(seed=2)
    assert not set(other.truth["row_key"]) & set(made.truth["row_key"])


def test_default_sample_is_small_enough_for_the_demo(made):
    assert made.tables["leads"].height + made.records.height <= 200
    assert made.truth["entity_id"].n_unique() == 90


@pytest.mark.parametrize("leads", [1, 2, 3, 7])
def test_tiny_samples_work(leads, tmp_path):
    tiny = sample(leads=leads)
    write(tiny, tmp_path / "leads.db", tmp_path / "airtable.db")
    assert tiny.truth["entity_id"].n_unique() == leads


def test_empty_sample_is_refused():
    with pytest.raises(ConfigurationError, match="empty"):
        sample(leads=0)


def test_truth_names_every_row_once(made):
    keys = pl.concat(
        [
            made.tables["leads"].select(pl.lit("database").alias("store"), pl.col("id").alias("row_key")),
            made.records.select(pl.lit("airtable").alias("store"), pl.col("id").alias("row_key")),
        ]
    )
    assert_frame_equal(keys.sort("store", "row_key"), made.truth.select("store", "row_key"))
    assert made.truth["row_key"].is_unique().all()


def test_children_belong_to_leads(made):
    leads = set(made.tables["leads"]["id"])
    for name in ("lead_enrichment", "campaigns", "pipeline_activity"):
        rows = made.tables[name]
        assert rows.height
        assert set(rows["lead_id"]) <= leads
        assert rows["id"].is_unique().all()


LEADS_MESS = {
    "name in capitals": ("name", r"^[^a-z]+$"),
    "name in small letters": ("name", r"^[^A-Z]+$"),
    "outer spaces": ("name", r"^ | $"),
    "inner spaces": ("name", r"\w   \w"),
    "no-break space": ("name", "\u00a0"),
    "zero-width space": ("name", "\u200b"),
    "middle initial": ("name", r" [A-Z]\. "),
    "honorific": ("name", r"^Dr\. "),
    "last name first": ("name", ", "),
    "address in capitals": ("email", r"^[^a-z]+$"),
    "mailto": ("email", "^mailto:"),
    "display name": ("email", "<.+>"),
    "plus tag": ("email", r"\+leads@"),
    "role address": ("email", "^info@"),
    "placeholder address": ("email", "^test@test"),
    "no address": ("email", r"^[^@]+$"),
    "legal form respelled": ("company", r"Incorporated|L\.L\.C\.|Limited|gmbh|Corporation|BV|A\.B\.|SL"),
    "comma before the form": ("company", ", "),
    "company in capitals": ("company", r"^[^a-z]{8,}$"),
    "placeholder title": ("title", "^n/a$"),
    "profile without scheme": ("linkedin_url", "^www"),
    "profile with tracking": ("linkedin_url", r"\?trk="),
    "profile on a country host": ("linkedin_url", "//de\\."),
    "profile with a slash": ("linkedin_url", "/$"),
    "company page": ("linkedin_url", "/company/"),
    "site over http": ("company_website", "^http://"),
    "site without scheme": ("company_website", r"^[a-z]+\.[a-z]+$"),
    "site with tracking": ("company_website", "utm_source"),
    "phone in brackets": ("phone", r"^\(\d{3}\) "),
    "phone with dots": ("phone", r"^\d{3}\."),
    "phone extension": ("phone", " x12$"),
    "placeholder phone": ("phone", "^000-"),
    "spreadsheet damage": ("phone", r"E\+10$"),
    "status in capitals": ("status", "^[A-Z_]+$"),
    "status in words": ("status", "[a-z] [A-Z]"),
    "status synonym": ("status", "^(automatic|needs review|emailed|replied)$"),
    "unknown status": ("status", "^nurture$"),
}


@pytest.fixture(scope="module")
def leads_of_both(made):
    """The mapped columns of both stores, under their database names."""
    from dq.leads.tables import MAPPING

    there = made.records.select(pl.col(field).alias(column) for column, field in MAPPING.items())
    return pl.concat([made.tables["leads"].select(list(MAPPING)), there])


@pytest.mark.parametrize("kind", LEADS_MESS)
def test_every_kind_of_mess_is_there(leads_of_both, kind):
    column, pattern = LEADS_MESS[kind]
    assert leads_of_both[column].str.contains(pattern).any()


def test_values_are_missing_in_every_column_but_the_name(leads_of_both):
    nulls = leads_of_both.null_count().row(0, named=True)
    assert nulls.pop("name") == 0
    assert all(nulls.values())


def test_leads_are_twice_in_a_store_and_in_one_store_only(made):
    rows = made.truth.group_by("entity_id").agg(
        (pl.col("store") == "database").sum().alias("database"), (pl.col("store") == "airtable").sum().alias("airtable")
    )
    assert rows.filter(pl.col("database") > 1).height >= 8
    assert rows.filter(pl.col("airtable") > 1).height >= 6
    assert rows.filter(pl.col("database") == 0).height >= 8
    assert rows.filter(pl.col("airtable") == 0).height >= 8


def test_links_hold_on_either_side_and_some_are_dead(made):
    leads, records = made.tables["leads"], made.records
    entity = dict(made.truth.select("row_key", "entity_id").rows())
    links = [*leads.select("id", "airtable_id").drop_nulls().rows(), *records.select("id", "Lead ID").drop_nulls().rows()]  # fmt: skip
    alive = [(here, there) for here, there in links if there in entity]
    assert len(alive) > 50
    assert 1 <= len(links) - len(alive) <= 6
    assert all(entity[here] == entity[there] for here, there in alive)


def test_a_shared_mailbox_is_carried_by_several_people():
    big = sample(leads=300)
    carried = big.tables["leads"].filter(pl.col("email").str.starts_with("frontdesk@"))
    assert carried["name"].n_unique() >= 3


def test_people_edited_both_sides(made):
    both = (
        made.truth.join(made.tables["leads"].select("id", "title", "updated_at"), left_on="row_key", right_on="id")
        .join(
            made.truth.join(made.records.select("id", "Title", "Last Modified"), left_on="row_key", right_on="id"),
            on="entity_id",
        )
        .filter(pl.col("title") != pl.col("Title"))
    )
    assert both.height >= len(EDITS)
    assert (both["updated_at"] > both["Last Modified"]).any()
    assert (both["updated_at"] < both["Last Modified"]).any()
    assert (both["updated_at"] == both["Last Modified"]).any()
    assert len(TWIN_KINDS) == 4


def test_written_files_hold_the_sample_for_their_owner_only(made, tmp_path):
    database, airtable = tmp_path / "new" / "leads.db", tmp_path / "new" / "airtable.db"
    write(made, database, airtable)
    for file in (database, airtable):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(database.parent.stat().st_mode) == 0o700
    with closing(sqlite3.connect(database)) as connection:
        assert (
            connection.execute("SELECT * FROM leads ORDER BY created_at, id").fetchall() == made.tables["leads"].rows()
        )
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert sandbox.dump(airtable) == document(made)


def test_an_existing_database_is_left_alone(made, tmp_path):
    database = tmp_path / "leads.db"
    database.write_bytes(b"mine")
    with pytest.raises(ConfigurationError, match="exists already"):
        write(made, database, tmp_path / "airtable.db")
    assert database.read_bytes() == b"mine"
    assert not (tmp_path / "airtable.db").exists()


@needs_shared
def test_schema_is_the_one_of_the_shared_leads(made, tmp_path):
    write(made, tmp_path / "leads.db", tmp_path / "airtable.db")
    query = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
    with (
        closing(sqlite3.connect(tmp_path / "leads.db")) as ours,
        closing(sqlite3.connect(SHARED / "leads.db")) as theirs,
    ):
        assert ours.execute(query).fetchall() == theirs.execute(query).fetchall()
    [here], [there] = document(made)["bases"], json.loads((SHARED / "airtable.json").read_text())["bases"]
    names = [[(f["name"], f["type"]) for f in base["tables"][0]["fields"]] for base in (here, there)]
    assert names[0] == names[1]
    assert (here["name"], here["tables"][0]["name"]) == (there["name"], there["tables"][0]["name"])


def test_many_leads_take_seconds():
    began = time.perf_counter()
    big = sample(leads=20_000)
    assert time.perf_counter() - began < 10
    assert big.truth["row_key"].is_unique().all()
    exact = big.truth.filter(pl.col("store") == "database").height
    assert 0.9 < exact / 20_000 < 1.0
