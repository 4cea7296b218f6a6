"""The flat table of invented leads: the same every time, true about who is who, and hard in known shares."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from rapidfuzz.distance import OSA

from dq.errors import ConfigurationError
from dq.leads import Flat, flat, words
from dq.leads.crowd import PEOPLE_BY_ROWS, ROWS_A_PERSON
from dq.leads.invented import COLUMNS
from dq.leads.texts import misspelled
from dq.leads.vocabulary import surnames

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "generate.md").read_text(encoding="utf-8")
SHARES = {name: float(share) / 100 for name, share in re.findall(r"^\| `(\w+)` \| ([\d.]+) % \|", PAGE, re.MULTILINE)}
WRITTEN = "from dq.leads import flat; made = flat(7, 3000); print([f.write_ndjson() for f in (made.leads, made.truth, made.traits)])"


@pytest.fixture(scope="module")
def table() -> Flat:
    return flat(seed=1, rows=60_000)


@pytest.fixture(scope="module")
def rows(table: Flat) -> pl.DataFrame:
    """The leads with the truth, the traits, and the parts of cells that do not depend on how they are written."""
    slug = pl.col("linkedin_url").str.extract(r"/in/([^/?]+)")
    site = pl.col("company_website").str.replace(r"^https?://", "").str.replace("^www\\.", "").str.strip_chars("/")
    digits = pl.col("phone").str.replace(r" x\d+$", "").str.replace_all(r"\D", "").str.tail(10)
    address = pl.col("email").str.to_lowercase().str.replace("^mailto:", "").str.replace("+leads@", "@", literal=True)
    return (
        table.leads.with_columns(
            slug.alias("slug"), site.alias("site"), digits.alias("digits"), address.alias("address")
        )
        .join(table.truth, left_on="id", right_on="row_key")
        .join(table.traits, left_on="id", right_on="row_key")
    )


def people_by(rows: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """The values of columns with the number of people who have them."""
    return rows.drop_nulls(list(columns)).group_by(columns).agg(pl.col("entity_id").n_unique().alias("people"))


def test_equal_seeds_give_equal_tables():
    first, again = flat(seed=5, rows=2_000), flat(seed=5, rows=2_000)
    for name in ("leads", "truth", "traits"):
        assert_frame_equal(getattr(first, name), getattr(again, name))


def test_other_seeds_give_other_tables():
    assert not set(flat(seed=5, rows=500).leads["id"]) & set(flat(seed=6, rows=500).leads["id"])


def test_the_number_of_threads_changes_nothing():
    told = {
        subprocess.run(
            [sys.executable, "-c", WRITTEN],
            env={**os.environ, "POLARS_MAX_THREADS": threads, "PYTHONPATH": str(ROOT)},
            capture_output=True, check=True,
        ).stdout
        for threads in ("1", "4")
    }  # fmt: skip
    assert len(told) == 1
    assert len(told.pop()) > 500_000


@pytest.mark.parametrize("count", [1, 2, 3, 7, 40])
def test_tiny_tables_work(count):
    tiny = flat(rows=count)
    assert tiny.leads.height == tiny.truth.height == tiny.traits.height == count


@pytest.mark.parametrize(("seed", "count"), [(1, 0), (1, -5), (-1, 10)])
def test_what_makes_no_table_is_refused(seed, count):
    with pytest.raises(ConfigurationError):
        flat(seed=seed, rows=count)


def test_columns_are_those_of_the_lead_table(table):
    assert table.leads.schema == dict.fromkeys(COLUMNS, pl.String)
    assert list(table.leads["id"]) == list(table.truth["row_key"]) == list(table.traits["row_key"])
    assert table.leads["id"].is_unique().all()
    assert table.leads["id"].str.contains("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$").all()


def test_sizes_of_people_are_those_that_are_told(table):
    sizes = dict(table.truth.group_by("entity_id").len().group_by("len").len("people").rows())
    people = sum(sizes.values())
    assert sum(size * count for size, count in sizes.items()) == 60_000
    assert max(sizes) == 6
    assert 0.6 < sizes[1] / 60_000 < 0.7
    for size, share in PEOPLE_BY_ROWS.items():
        assert sizes[size] / people == pytest.approx(share, abs=0.001)
    assert people / 60_000 == pytest.approx(1 / ROWS_A_PERSON, abs=0.001)


def test_rows_of_one_person_do_not_stand_together(table):
    entity = table.truth["entity_id"]
    assert (entity == entity.shift(1)).sum() < 10


def test_every_trait_is_told_with_its_share(table):
    found = table.traits.drop("row_key").mean().row(0, named=True)
    assert set(found) == set(SHARES)
    for trait, share in SHARES.items():
        assert found[trait] == pytest.approx(share, rel=0.12, abs=0.0015), trait


EMPTY = {"email": 0.08, "phone": 0.15, "linkedin_url": 0.23, "company_website": 0.15, "company": 0.04, "title": 0.1, "status": 0.08, "name": 0.004}  # fmt: skip


def test_cells_are_missing_in_known_shares(table):
    missing = table.leads.null_count().row(0, named=True)
    for column in COLUMNS:
        assert missing[column] / 60_000 == pytest.approx(EMPTY.get(column, 0), abs=0.006), column


def test_every_row_can_be_found(rows):
    nowhere = pl.col("email").is_null() | pl.col("placeholder_address")
    unreached = nowhere & pl.col("linkedin_url").is_null() & (pl.col("phone").is_null() | pl.col("placeholder_number"))
    assert rows.filter(unreached).is_empty()


def test_a_profile_is_one_persons_and_the_only_one(rows):
    known = rows.drop_nulls("slug")
    assert (people_by(rows, "slug")["people"] == 1).all()
    assert (known.group_by("entity_id").agg(pl.col("slug").n_unique())["slug"] == 1).all()


def test_numbers_and_addresses_are_one_persons_but_where_it_is_told(rows):
    own = rows.filter(~pl.any_horizontal("switchboard", "household_number", "placeholder_number"))
    assert (people_by(own, "digits")["people"] == 1).all()
    plain = rows.filter(~pl.any_horizontal("shared_mailbox", "borrowed_address", "placeholder_address", "address_typo"))
    assert (people_by(plain, "address")["people"] == 1).all()


def test_times_are_in_order(rows):
    assert (rows["created_at"] <= rows["updated_at"]).all()
    job = rows.group_by("entity_id").agg(
        pl.col("created_at").filter(pl.col("new_job")).min().alias("after"),
        pl.col("created_at").filter(~pl.col("new_job")).max().alias("before"),
    )
    changed = job.drop_nulls()
    assert changed.height > 500
    assert (changed["before"] < changed["after"]).all()


def test_who_has_one_employer_has_one_site(rows):
    sites = rows.drop_nulls("site").group_by("entity_id").agg(pl.col("site").n_unique(), pl.col("new_job").any())
    assert (sites.filter(~pl.col("new_job"))["site"] == 1).all()
    moved = sites.filter("new_job")["site"]
    assert (moved == 2).mean() > 0.7
    assert moved.max() == 2


def test_a_new_surname_is_another_one_for_the_same_person(rows):
    changed = rows.filter("new_surname").drop_nulls(["slug", "name"])
    plain = changed.filter(~pl.any_horizontal("last_name_first", "name_typo", "accents_lost", "suffix_shown"))
    last = plain["name"].str.to_lowercase().str.split(" ").list.last()
    slugs = plain["slug"].str.split("-").list.get(1)
    assert plain.height > 100
    assert (last == slugs).mean() < 0.02
    assert 0.2 < last.str.contains("-", literal=True).mean() < 0.4


def test_short_forms_are_those_of_the_list(rows):
    pairs = pl.read_csv(ROOT / "rules" / "lists" / "nicknames.csv")
    short = rows.filter(pl.col("nickname") & ~pl.any_horizontal("last_name_first", "name_typo", "accents_lost"))
    given = short["name"].str.to_lowercase().str.strip_prefix("dr. ").str.split(" ").list.first()
    known = pl.concat(
        [pairs["nickname"].str.to_lowercase(), pairs["nickname"].str.to_lowercase().str.split(" ").list.first()]
    )
    assert given.is_in(known.implode()).mean() > 0.99


def test_mailboxes_and_switchboards_are_several_peoples(rows):
    for trait, column in (("shared_mailbox", "address"), ("switchboard", "digits")):
        carried = people_by(rows.filter(trait), column)["people"]
        assert (carried > 1).mean() > 0.8, trait
        assert carried.max() > 20, trait


def test_generations_share_a_name_and_a_place(rows):
    base = pl.col("slug").str.replace("-[0-9a-f]{8}$", "")
    family = rows.filter("junior").with_columns(base.alias("base")).drop_nulls("base")
    pairs = family.join(family, on="base").filter(pl.col("entity_id") < pl.col("entity_id_right"))
    together = pairs.select((pl.col("site") == pl.col("site_right")) | (pl.col("digits") == pl.col("digits_right")))
    assert pairs["entity_id"].n_unique() > 150
    assert together.to_series().mean() > 0.3
    shown = family.filter("suffix_shown")["name"].str.to_lowercase()
    assert shown.str.contains(r"[, ][js]r\.").all()


def test_households_have_one_surname_and_one_number(rows):
    homes = rows.filter("household_number").with_columns(pl.col("slug").str.split("-").list.get(1).alias("last"))
    shared = homes.drop_nulls("last").group_by("digits").agg(pl.col("entity_id", "last").n_unique())
    several = shared.filter(pl.col("entity_id") > 1)
    assert several.height > 30
    assert (several["last"] == 1).all()
    assert several["entity_id"].max() == 2


def test_borrowed_addresses_are_a_colleagues(rows):
    borrowed = rows.filter(pl.col("borrowed_address") & ~pl.col("address_typo"))
    owners = rows.filter(~pl.any_horizontal("borrowed_address", "shared_mailbox"))
    found = borrowed.join(owners, on="address")
    assert found.height > 50
    assert (found["entity_id"] != found["entity_id_right"]).all()
    assert (found["assistant"] & found["assistant_right"]).all()


def test_namesakes_are_at_one_employer_and_at_several(rows):
    base = rows.with_columns(pl.col("slug").str.replace("-[0-9a-f]{8}$", "").alias("base"))
    assert (people_by(base, "base", "site")["people"] > 1).sum() > 100
    elsewhere = people_by(base.filter("namesake"), "base")
    assert (elsewhere["people"] > 1).mean() > 0.5


def test_most_names_are_one_persons(rows):
    base = rows.with_columns(pl.col("slug").str.replace("-[0-9a-f]{8}$", "").alias("base"))
    assert 0.85 < (people_by(base, "base")["people"] == 1).mean() < 0.98


def test_employers_share_names_and_differ_in_size(rows):
    form = "|".join(re.escape(form) for form in [*words.LEGAL_FORMS, *words.FORM_SPELLINGS.values()])
    company = pl.col("company").str.to_lowercase().str.replace(rf"(?i) ({form})$", "")
    named = rows.filter("namesake_company").drop_nulls("site").group_by(company).agg(pl.col("site").n_unique())
    assert (named["site"] > 1).mean() > 0.4
    sizes = people_by(rows, "site")["people"]
    assert sizes.max() > 60 * sizes.median()


def test_surnames_are_many_and_frequent_as_they_are():
    weights = surnames().weights
    assert len(weights) > 300_000
    assert surnames().texts.is_unique().all()
    assert weights.sum() == pytest.approx(1, abs=0.01)
    assert surnames().texts[int(weights.argmax())] == "Smith"
    assert weights.max() < 0.01


def test_a_slip_is_one_typing_error():
    meant = pl.Series(["Al", "Bob", "Katherine", "Østergaard"] * 500)
    where = np.arange(len(meant)) % 8 < 4
    written = misspelled(np.random.default_rng(1), meant, where)
    distances = [OSA.distance(*pair) for pair in zip(meant, written, strict=True)]
    assert set(distances) == {0, 1}
    assert not any(distance for distance, wrong in zip(distances, where, strict=True) if not wrong)
    assert sum(distances) > 600
    assert all(there[0] == here[0] for here, there in zip(meant, written, strict=True))
