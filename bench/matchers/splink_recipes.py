"""Settings for Splink 5, one recipe a set: those of its own documentation where it has an example of the set.

fake_1000, historical_50k and febrl are the examples' comparisons, blocking rules and training. The others are written in the same way:
the columns that Splink's guides would take, and blocking rules that find most pairs without finding millions.
"""

from dataclasses import dataclass
from typing import Any

import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import block_on
from splink.internals.blocking_rule_creator import BlockingRuleCreator


@dataclass(frozen=True)
class Recipe:
    """What Splink is told of a set.

    Attributes:
        blocking: Rules that find the pairs to score.
        comparisons: How the columns of a pair are compared.
        certain: Rules that are nearly always right, and how many of the right pairs they are thought to find.
        recall: See `certain`.
        training: Rules whose pairs train the model, a session each.
        columns: Columns to derive first, as SQL.
        max_pairs: Random pairs for u.
        training_pairs: Pairs of a session at most; None takes all.
        without_frequencies: Whether training leaves term frequencies out, which is quicker.
        link_only: Two sources, each without duplicates.
    """

    blocking: list[BlockingRuleCreator]
    comparisons: list[Any]
    certain: list[Any]
    recall: float
    training: list[BlockingRuleCreator]
    columns: str = "*"
    max_pairs: float = 1e6
    training_pairs: float | None = None
    without_frequencies: bool = True
    link_only: bool = False


def fake_1000() -> Recipe:
    """The example "evaluation when you have fully labelled data"."""
    return Recipe(
        blocking=[block_on("first_name"), block_on("surname"), block_on("dob"), block_on("email")],
        comparisons=[
            cl.ForenameSurnameComparison("first_name", "surname"),
            cl.DateOfBirthComparison("dob", input_is_string=True),
            cl.ExactMatch("city").configure(term_frequency_adjustments=True),
            cl.EmailComparison("email"),
        ],
        certain=[
            "l.first_name = r.first_name and levenshtein(r.dob, l.dob) <= 1",
            "l.surname = r.surname and levenshtein(r.dob, l.dob) <= 1",
            "l.first_name = r.first_name and levenshtein(r.surname, l.surname) <= 2",
            "l.email = r.email",
        ],
        recall=0.7,
        training=[block_on("dob"), block_on("email"), block_on("first_name", "surname")],
    )


def historical_50k() -> Recipe:
    """The example "linking a dataset of real historical persons"."""
    return Recipe(
        blocking=[
            block_on("substr(first_name,1,3)", "substr(surname,1,4)"),
            block_on("surname", "dob"),
            block_on("first_name", "dob"),
            block_on("postcode_fake", "first_name"),
            block_on("postcode_fake", "surname"),
            block_on("dob", "birth_place"),
            block_on("substr(postcode_fake,1,3)", "dob"),
            block_on("substr(postcode_fake,1,3)", "first_name"),
            block_on("substr(postcode_fake,1,3)", "surname"),
            block_on("substr(first_name,1,2)", "substr(surname,1,2)", "substr(dob,1,4)"),
        ],
        comparisons=[
            cl.ForenameSurnameComparison(
                "first_name", "surname", forename_surname_concat_col_name="first_name_surname_concat"
            ),
            cl.DateOfBirthComparison("dob", input_is_string=True),
            cl.PostcodeComparison("postcode_fake"),
            cl.ExactMatch("birth_place").configure(term_frequency_adjustments=True),
            cl.ExactMatch("occupation").configure(term_frequency_adjustments=True),
        ],
        certain=[
            block_on("first_name", "surname", "dob"),
            block_on("substr(first_name,1,2)", "surname", "substr(postcode_fake,1,2)"),
            block_on("dob", "postcode_fake"),
        ],
        recall=0.6,
        training=[block_on("first_name", "surname"), block_on("dob")],
        columns="*, first_name || ' ' || surname as first_name_surname_concat",
        max_pairs=1e7,
    )


def febrl() -> Recipe:
    """The example "deduplicating the febrl3 dataset"."""
    return Recipe(
        blocking=[block_on(column) for column in ("soc_sec_id", "given_name", "surname", "date_of_birth", "postcode")],
        comparisons=[
            cl.NameComparison("given_name"),
            cl.NameComparison("surname"),
            cl.DateOfBirthComparison("date_of_birth", input_is_string=True, datetime_format="%Y%m%d"),
            cl.DamerauLevenshteinAtThresholds("soc_sec_id", [2]),
            cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
            cl.ExactMatch("postcode").configure(term_frequency_adjustments=True),
        ],
        certain=[
            block_on("soc_sec_id"),
            block_on("given_name", "surname", "date_of_birth"),
            "l.given_name = r.surname and l.surname = r.given_name and l.date_of_birth = r.date_of_birth",
        ],
        recall=0.9,
        training=[block_on("date_of_birth"), block_on("postcode")],
        without_frequencies=False,
    )


LEADS = r"""
record_id, regexp_extract(person, '^(\S+)', 1) as first_name, regexp_extract(person, '(\S+)$', 1) as surname, person,
if(count(*) over (partition by email) > 20, null, email) as email, slug,
if(count(*) over (partition by phone) > 20, null, phone) as phone,
nullif(domain, 'n/a') as domain, company, title
from (select record_id, lower(trim(title)) as title,
  nullif(regexp_extract(lower(email), '([^\s:<>]+@[^\s:<>]+)', 1), '') as email,
  nullif(regexp_extract(lower(linkedin_url), '/in/([^/?#]+)', 1), '') as slug,
  nullif(right(regexp_replace(regexp_replace(phone, '(?i)(x|ext).*$', ''), '\D', '', 'g'), 10), '') as phone,
  nullif(regexp_extract(lower(company_website), '^\s*(?:https?://)?(?:www\.)?([^/?#\s]+)', 1), '') as domain,
  nullif(regexp_replace(regexp_replace(lower(trim(company)), '[.,]', '', 'g'), '\s+(incorporated|inc|llc|ltd|limited|gmbh|corp|corporation|bv|ab|sl)$', ''), '') as company,
  nullif(trim(regexp_replace(regexp_replace(regexp_replace(
    strip_accents(lower(name)), '^([^,]+), *(.+)$', '\2 \1'), '[^a-z''-]+', ' ', 'g'), '\b(dr|mr|mrs|ms|prof) ', ' ', 'g')), '') as person
  from records)
"""
"""Leads cleaned as Splink's guide to data preparation asks for: lower case, no titles of people, no legal forms, digits, domains, and
no placeholders (what more than 20 rows have)."""


def leads() -> Recipe:
    """Leads: who, whose mailbox, whose profile, whose telephone, which company."""
    return Recipe(
        columns=LEADS,
        blocking=[
            block_on("email"),
            block_on("slug"),
            block_on("phone", "substr(surname,1,3)"),
            block_on("first_name", "surname", "domain"),
            block_on("first_name", "surname", "company"),
            block_on("surname", "domain", "substr(first_name,1,1)"),
            block_on("surname", "company", "substr(first_name,1,1)"),
            block_on("first_name", "domain", "substr(surname,1,2)"),
            block_on("first_name", "company", "substr(surname,1,2)"),
        ],
        comparisons=[
            cl.ForenameSurnameComparison("first_name", "surname", forename_surname_concat_col_name="person"),
            cl.EmailComparison("email"),
            cl.JaroWinklerAtThresholds("slug", [0.95, 0.88]),
            cl.LevenshteinAtThresholds("phone", [1]).configure(term_frequency_adjustments=True),
            cl.JaroWinklerAtThresholds("company", [0.92, 0.8]).configure(term_frequency_adjustments=True),
            cl.JaroWinklerAtThresholds("domain", [0.92]).configure(term_frequency_adjustments=True),
            cl.JaroWinklerAtThresholds("title", [0.9]).configure(term_frequency_adjustments=True),
        ],
        certain=[block_on("slug"), block_on("email", "surname"), block_on("first_name", "surname", "phone")],
        recall=0.7,
        training=[block_on("first_name", "surname"), block_on("email")],
        max_pairs=1e7,
        training_pairs=2e6,
    )


def fodors_zagat() -> Recipe:
    """Restaurants: name, address, digits of the telephone; the city is left out, as it follows from both."""
    return Recipe(
        columns="*, nullif(regexp_replace(phone, '\\D', '', 'g'), '') as digits, split_part(name, ' ', 1) as word, regexp_extract(addr, '^(\\S+)', 1) as house",
        blocking=[
            block_on("digits"),
            block_on("name"),
            block_on("house", "city"),
            block_on("word", "city"),
            block_on("addr"),
        ],
        comparisons=[
            cl.JaroWinklerAtThresholds("name", [0.92, 0.88, 0.7]),
            cl.JaroWinklerAtThresholds("addr", [0.92, 0.8]),
            cl.ExactMatch("digits"),
        ],
        certain=[block_on("digits"), block_on("name", "city")],
        recall=0.8,
        training=[block_on("digits"), block_on("word")],
    )


def _titles(*similar: Any) -> cl.CustomComparison:
    levels = [cll.NullLevel("title"), cll.ExactMatchLevel("title", term_frequency_adjustments=True), *similar]
    return cl.CustomComparison(output_column_name="title", comparison_levels=[*levels, cll.ElseLevel()])


DBLP_ACM = r"""
record_id, source, trim(regexp_replace(strip_accents(lower(title)), '[^a-z0-9]+', ' ', 'g')) as title,
array_to_string(list_sort(regexp_extract_all(strip_accents(lower(authors)), '[a-z]{3,}')), ' ') as people,
year
from records
"""
"""The words of a title, the names of its people in order of letters (the libraries order them differently), the year."""


def dblp_acm() -> Recipe:
    """Papers of two libraries; venues are left out, as each library has names of its own for them."""
    return Recipe(
        columns=DBLP_ACM,
        blocking=[
            block_on("title"),
            block_on("substr(title,1,12)"),
            block_on("right(title,15)"),
            block_on("people", "year"),
        ],
        comparisons=[
            _titles(cll.JaroWinklerLevel("title", 0.95), cll.JaroWinklerLevel("title", 0.88)),
            cl.JaroWinklerAtThresholds("people", [0.95, 0.85, 0.7]),
            cl.ExactMatch("year").configure(term_frequency_adjustments=True),
        ],
        certain=[block_on("title", "people")],
        recall=0.5,
        training=[block_on("title"), block_on("people", "year")],
        max_pairs=1e7,
        link_only=True,
    )


CORA = "record_id, lower(title) as title, lower(author) as author, lower(venue) as venue, regexp_extract(year, '(\\d{4})', 1) as year"


def cora() -> Recipe:
    """Citations, many of one paper: title, authors, year, venue."""
    first = "split_part(author,' ',1)"
    return Recipe(
        columns=CORA,
        blocking=[
            block_on("title"),
            block_on("substr(title,1,12)"),
            block_on(first, "year"),
            block_on("right(title,15)"),
        ],
        comparisons=[
            _titles(
                cll.JaroWinklerLevel("title", 0.95), cll.JaccardLevel("title", 0.85), cll.JaroWinklerLevel("title", 0.8)
            ),
            cl.JaroWinklerAtThresholds("author", [0.95, 0.85, 0.7]),
            cl.ExactMatch("year").configure(term_frequency_adjustments=True),
            cl.JaroWinklerAtThresholds("venue", [0.9, 0.7]),
        ],
        certain=[block_on("title")],
        recall=0.7,
        training=[block_on("title"), block_on("author"), block_on(first, "year")],
    )


RECIPES = {
    "fake_1000": fake_1000,
    "historical_50k": historical_50k,
    "febrl1": febrl,
    "febrl3": febrl,
    "fodors_zagat": fodors_zagat,
    "dblp_acm": dblp_acm,
    "cora": cora,
    "leads": leads,
}
