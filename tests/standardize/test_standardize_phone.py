"""Telephone numbers: against libphonenumber itself, and beside a country and a website."""

from itertools import groupby
from operator import itemgetter
from random import Random

import phonenumbers
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat

from dq.engine.validity import with_findings
from dq.errors import ConfigurationError
from dq.manifest import Column, TableSchema
from dq.options import REGIONS, PhoneOptions
from dq.rules import Check, FieldRule, Standardizer, TableRules
from dq.standardize import check_options, phone, prove_idempotent, standardize_records
from dq.standardize.dialing import plans
from dq.standardize.phone_reading import read, write

COUNTRIES = {"Germany": "DE", "Deutschland": "DE", "United Kingdom": "GB", "UK": "GB", ".uk": "GB", ".de": "DE"}
NAMES = ("phone", "country", "website")
SCHEMA = TableSchema("database", "leads", "id", tuple(Column(name, "text", "TEXT") for name in ("id", *NAMES)))
KINDS = {name: frozenset({"text"}) for name in NAMES}


def rules(**options):
    steps = (Standardizer(name="text"), Standardizer(name="phone", options=options))
    website = (Standardizer(name="text"), Standardizer(name="website"))
    return TableRules(
        created_database=None,
        fields=(
            FieldRule(name="phone", airtable="Phone", standardize=steps),
            FieldRule(name="country", airtable="Country"),
            FieldRule(name="website", airtable="Website", standardize=website),
        ),
    )


def records(rows, of):
    frame = pl.LazyFrame(rows, schema=["id", *NAMES], orient="row")
    return standardize_records(frame, SCHEMA, of, KINDS).collect()


def examples():
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in sorted(phonenumbers.supported_types_for_region(region)):
            number = phonenumbers.example_number_for_type(region, kind)
            if number and phonenumbers.is_valid_number(number):
                yield region, number


def test_every_region_is_an_option():
    assert set(phonenumbers.SUPPORTED_REGIONS) == REGIONS


@pytest.mark.parametrize("form", ["E164", "INTERNATIONAL", "RFC3966"])
def test_edge_case_32_what_says_its_calling_code_is_written_as_libphonenumber_writes_it(run, form):
    numbers = [number for _, number in examples()]
    written = [phonenumbers.format_number(number, getattr(PhoneNumberFormat, form)) for number in numbers]
    parsed = [phonenumbers.parse(text) for text in written]
    expected = [phonenumbers.format_number(number, PhoneNumberFormat.E164) for number in parsed]
    assert [answer for answer, _ in run("phone", written)] == expected
    assert {finding for _, finding in run("phone", written)} == {None}


def test_edge_case_32_national_numbers_are_read_as_libphonenumber_reads_them(run):
    wrong = []
    for region, own in groupby(examples(), key=itemgetter(0)):
        numbers = [number for _, number in own]
        written = [phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL) for number in numbers]
        parsed = [phonenumbers.parse(text, region) for text in written]
        expected = [
            phonenumbers.format_number(number, PhoneNumberFormat.E164) if phonenumbers.is_valid_number(number) else text
            for number, text in zip(parsed, written, strict=True)
        ]
        answers = [answer for answer, _ in run("phone", written, {"region": region})]
        wrong += [row for row in zip(written, answers, expected, strict=True) if row[1] != row[2]]
    assert wrong == []


def test_the_pattern_of_valid_numbers_is_never_wrong():
    numbers = []
    for _, number in examples():
        digits = str(number.national_number)
        zeros = "0" * (number.number_of_leading_zeros or 1) if number.italian_leading_zero else ""
        tails = [digits, digits[:-1], digits + "0", "0" + digits, digits[:-3] + "000", digits[:2] + digits[2:][::-1]]
        numbers += [f"+{number.country_code}{zeros}{tail}" for tail in tails]
    frame = pl.DataFrame({"v": sorted(set(numbers))})
    sure = frame.filter(
        pl.col("v").str.contains("|".join(plans().valid.values())) & ~pl.col("v").str.contains(plans().rewritten)
    )["v"]
    assert len(sure) > len(set(numbers)) / 4
    for text in sure.to_list():
        number = phonenumbers.parse(text)
        assert phonenumbers.is_valid_number(number)
        assert phonenumbers.format_number(number, PhoneNumberFormat.E164) == text


def test_the_country_beside_comes_before_the_website_and_both_before_the_rules_own():
    of = rules(region="US", country="country", website="website", countries=COUNTRIES)
    rows = [
        ("1", "030 123456", "deutschland ", "x.co.uk"),
        ("2", "020 7946 0958", "", "www.x.co.uk/about"),
        ("3", "020 7946 0958", "gb", None),
        ("4", "(415) 555-2671", "Atlantis", "x.com"),
        ("5", "030 123456", None, "https://x.de"),
        ("6", "+49 30 123456", "UK", None),
        ("7", "030 123456", "U.K.", None),
    ]
    done = records(rows, of)
    assert done["phone"].to_list() == [
        "+4930123456", "+442079460958", "+442079460958", "+14155552671", "+4930123456", "+4930123456", "030 123456",
    ]  # fmt: skip
    assert done["phone_finding"].to_list() == [None] * 6 + ["phone.invalid"]
    assert prove_idempotent(done, of, KINDS) == []


def test_a_quality_rule_reads_the_country_beside_and_does_without_one():
    of = rules(country="country", countries=COUNTRIES)
    valid = [Check(name="valid", check="validity", field="phone", severity="warning")]
    rows = pl.DataFrame({"phone": ["030 123456", "020 7946 0958"], "country": ["Germany", "DE"]})
    assert with_findings(rows, of, checks=valid)["phone_finding"].to_list() == [None, "phone.invalid"]
    assert with_findings(rows.drop("country"), of, checks=valid)["phone_finding"].to_list() == [None, None]


@given(st.from_regex(r"\A\(?[0-9][0-9 ().-]{5,14}\Z").map(lambda text: " ".join(text.split())))
def test_what_is_told_by_its_form_alone_is_what_the_parser_says(text):
    told = pl.DataFrame({"phone": [text]}).select(
        form=phone.standard(pl.col("phone"), PhoneOptions()),
        code=phone.finding(pl.col("phone"), PhoneOptions(placeholders=[])),
    )
    reading = read(text, None)
    number = write(reading.number, "e164", extension=True) if reading.number else text
    assert told.row(0) == (number, reading.code)


def test_rows_beside_others_are_cut_as_one_likes():
    of = rules(country="country", website="website", countries=COUNTRIES)
    rows = [(str(i), f"030 12345{i}", ["UK", "Germany", None][i % 3], ["x.de", None][i % 2]) for i in range(10)]
    whole = records(rows, of)
    assert pl.concat([records(rows[:3], of), records(rows[3:], of)]).equals(whole)
    assert records(rows[::-1], of).reverse().equals(whole)


@pytest.mark.parametrize(
    ("option", "field", "said"),
    [("country", "contry", "did you mean `country`?"), ("website", "phone", "reads other fields itself")],
)
def test_a_field_beside_that_cannot_be_read_is_refused(option, field, said):
    with pytest.raises(ConfigurationError) as error:
        records([], rules(**{option: field}))
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("region", "said"), [("UK", "did you mean `GB`?"), ("us", "did you mean `US`?"), ("XX", "two letters")]
)
def test_a_region_that_is_none_is_refused(region, said):
    (mistake,) = check_options("phone", {"region": region})
    assert said in mistake


def test_a_cell_is_parsed_once():
    read.cache_clear()
    frame = pl.DataFrame(
        {"id": ["1", "2"], "phone": ["+49 (0) 30 123456"] * 2, "country": [None] * 2, "website": [None] * 2}
    )
    of = rules()
    typed = frame.cast(pl.String).lazy()
    for _ in range(3):
        done = standardize_records(typed, SCHEMA, of, KINDS).collect()
        assert prove_idempotent(done, of, KINDS) == []
    assert read.cache_info().misses == 1


def written():
    """Numbers of every calling code and others, right and wrong, as people write them."""
    dice = Random(7)
    codes = [*phonenumbers.COUNTRY_CODE_TO_REGION_CODE, 0, 21, 999]
    for code in codes * 12:
        digits = "".join(dice.choices("0123456789", k=dice.choice((4, 7, 8, 9, 10, 11))))
        spaced = f"{digits[:3]}{dice.choice((' ', '-', '.', ') '))}{digits[3:]}"
        plus = dice.choice(("+", "+", "+", "(+", "", "00"))
        yield f"{plus}{code} {dice.choice(('', '(0) ', '('))}{spaced}{dice.choice(('', '', ' x12', ' ext. 7', '.0'))}"
    yield from (f"+{number.country_code} {number.national_number}" for _, number in examples())


def test_what_is_told_without_parsing_is_what_parsing_tells():
    cells = sorted(set(written()))
    told = phone._told(pl.LazyFrame({"value": cells}), PhoneOptions()).collect()
    sure = told.filter(pl.col("number").is_not_null() | pl.col("code").is_not_null())
    assert sure["number"].count() > 400
    assert sure.filter(pl.col("code") == "phone.invalid").height > 400
    for cell, number, code in sure.select("value", "number", "code").iter_rows():
        reading = read(cell, None)
        assert reading.code == code, cell
        assert number is None or write(reading.number, "e164", extension=True) == number, cell
