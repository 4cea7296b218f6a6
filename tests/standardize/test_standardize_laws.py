# ruff: noqa: RUF001 (letters that look like others are what this is about)
"""The laws that hold for every standardizer on any text: idempotent, never empties, row by row."""

import unicodedata
from functools import partial
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dq.options import LinkedinOptions, WebsiteOptions
from dq.settings.rulefiles import read_rules
from dq.standardize import KINDS, STANDARDIZERS, company, linkedin, website

FORMS = {"legal_forms": read_rules(Path(__file__).resolve().parents[2])[0].lists.legal_forms}
STATUS = {"values": ["auto_send", "Manual Review"], "synonyms": {"replied": "auto_send", "ß": "Manual Review"}}
VARIANTS = [
    ("text", {}),
    ("text", {"multiline": True}),
    ("text", {"placeholders": ["n/a", "-", "/^x+$/"]}),
    ("email", {}),
    ("email", {"normalize_case": "lower", "validate_format": False}),
    ("email", {"placeholders": ["a@x.com"], "mark": ["role", "free"], "roles": ["e"], "free_domains": ["x.com"]}),
    ("website", {}),
    ("website", {"preferred_protocol": "keep", "remove_trailing_slash": False, "remove_tracking": False}),
    ("website", {"preferred_protocol": "http", "ensure_protocol": False}),
    ("website", {"www": "remove"}),
    ("website", {"www": "add", "path": "drop"}),
    ("linkedin", {}),
    ("linkedin", {"page": "company"}),
    ("company", FORMS),
    ("company", FORMS | {"add_proper_suffix": False}),
    ("company", FORMS | {"normalize_case": False, "remove_suffixes": ["Inc.", "LLC", "Corp.", "Ltd."]}),
    ("enum", STATUS),
    ("date", {}),
    ("number", {}),
    ("map", {"values": {"IBM": "I.B.M.", "x.com": ""}, "casefold": True}),
    ("regex", {"pattern": "[@/]+$", "must_match": ".*[a-z].*"}),
    ("expression", {"sql": "replace(upper(value), '%', '')"}),
    ("name", {}),
    ("name", {"remove_titles": True}),
    ("name", {"normalize_case": False, "reorder": False}),
    ("phone", {}),
    ("phone", {"region": "DE", "extensions": "drop"}),
    ("phone", {"region": "US"}),
    ("phone", {"region": "IT", "format": "international"}),
    ("phone", {"format": "rfc3966"}),
]
PIECES = st.sampled_from(
    [
        "@",
        ".",
        ",",
        ";",
        ":",
        "/",
        "//",
        "?",
        "#",
        "&",
        "=",
        "+",
        "-",
        "_",
        "%",
        "<",
        ">",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        '"',
        "'",
        "“",
        "”",
        "’",
        "\u200b",
        "\u200c",
        "\u200d",
        "\u200f",
        "\ufeff",
        "\xa0",
        "\x00",
        "\x1f",
        "\x85",
        "\n",
        "\t",
        "\r\n",
        "http://",
        "HTTPS://",
        "mailto:",
        "www.",
        "linkedin.com/in/",
        "/in/",
        "mwlite/",
        "linkedin://",
        "http//",
        "htttp:",
        "mailto:",
        "Website: ",
        "[a](",
        "<a href=",
        "n/a",
        "co.uk",
        "github.io",
        "．",
        "ｘ",
        "company/",
        "pub/",
        "a/1/2/3",
        "ACoAAB1234567890",
        "x.com",
        "X.ORG",
        "/de",
        ":80",
        ":443",
        ":8080",
        "utm_source=a",
        "gclid=1",
        "trk=",
        "%C3%A9",
        "%27",
        "%2E",
        "%25",
        "%2F",
        "é",
        "é",
        "É",
        "ß",
        "İ",
        "ı",
        "ſ",
        "ŉ",
        "Ǆ",
        "ǅ",
        "ﬁ",
        "Σ",
        "σς",
        "Ω",
        "K",
        "＠",
        "。",
        "日本",
        "株式会社",
        "ООО",
        "а́",
        "٣",
        "Inc",
        "INC.",
        "L.L.C.",
        "Ltd",
        "limited",
        "GmbH",
        "&",
        "Co",
        "KG",
        "S.A.",
        "de",
        "C.V.",
        "Pty",
        "(P)",
        "and",
        "und",
        "The",
        "the",
        "mc",
        "MC",
        "o'",
        "'S",
        "ibm",
        "AT&T",
        "b2b",
        "JOHN",
        "smith",
        "van der",
        "O'NEIL",
        "McDONALD",
        "Dr.",
        "PHD",
        "MBA",
        "Jr",
        "III",
        "al-",
        "+1",
        "+49",
        "(0)",
        "0",
        "00",
        "415 555",
        "2671",
        "+14155552671",
        "030",
        "06 698",
        "ext.",
        " x",
        "1.49E+10",
        "٤١٥",
        "４９",
        "auto",
        "send",
        "AUTO-SEND",
        "manual_review",
        "replied",
        "👩\u200d💻",
        "م\u200c",
        "̸",
        "̈",
        ";",
        "Ω",
        "가",
        "가",
    ]
)
TEXTS = st.one_of(
    st.text(max_size=30), st.lists(st.one_of(PIECES, st.just(" "), st.text(max_size=3)), max_size=8).map("".join)
)
COLUMNS = st.lists(TEXTS, min_size=1, max_size=25)
many = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def values_of(name, options, values):
    answer = STANDARDIZERS[name](pl.col("v"), options)
    frame = pl.DataFrame({"v": values}, schema={"v": pl.String})
    return frame.lazy().select(answer.value.alias("value"), answer.finding.alias("finding")).collect()


@pytest.mark.parametrize(("name", "options"), VARIANTS)
@given(values=COLUMNS)
@many
def test_a_second_run_changes_nothing_and_no_value_is_ever_emptied(name, options, values):
    once = values_of(name, options, values)
    for before, after in zip(values, once["value"], strict=True):
        invisible = all(unicodedata.category(c)[0] in "CZ" for c in before)
        assert after or invisible, before
    twice = values_of(name, options, once["value"].to_list())
    assert twice.rows() == once.rows()


@pytest.mark.parametrize(("name", "options"), VARIANTS)
@given(values=st.lists(st.one_of(st.none(), TEXTS), min_size=7, max_size=40), seed=st.integers(0, 99))
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_rows_do_not_know_of_each_other(name, options, values, seed):
    whole = values_of(name, options, values)
    order = pl.int_range(len(values), eager=True).shuffle(seed=seed)
    shuffled = values_of(name, options, pl.Series(values, dtype=pl.String)[order].to_list())
    assert shuffled.rows() == whole[order].rows()
    size = -(-len(values) // 7)
    parts = [values_of(name, options, values[at : at + size]) for at in range(0, len(values), size)]
    assert pl.concat(parts).rows() == whole.rows()


@pytest.mark.parametrize(("name", "options"), VARIANTS)
def test_null_stays_null_and_is_no_finding(name, options):
    assert values_of(name, options, [None, None]).rows() == [(None, None)] * 2
    assert values_of(name, options, []).rows() == []


@pytest.mark.parametrize(
    "match_form",
    [
        website.host_form,
        linkedin.company_form,
        partial(company.match_form, forms=FORMS["legal_forms"]),
        *(kind.match for kind in KINDS.values() if kind.match),
    ],
)
@given(values=COLUMNS)
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_match_forms_take_any_text(match_form, values):
    frame = pl.DataFrame({"v": values}, schema={"v": pl.String}).select(match_form(pl.col("v")))
    assert frame.height == len(values)
    assert frame.to_series().dtype == pl.String


HOSTS = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", "http://", "HTTPS://", "hTTp://"]),
        st.sampled_from(["", "www.", "de.", "m.", "WWW."]),
        st.sampled_from(
            ["LinkedIn.com/in/", "linkedin.com/mwlite/in/", "linkedin.com/IN/", "X.co", "x.com.", "x-y.io"]
        ),
        st.sampled_from(["", "Jane-Doe1", "ACoAAB1234567890xyz", "acoaab1234567890xyz", "ME", "s"]),
        st.sampled_from(["", "/", "//", "/de", "?trk=a", "/?a=/in/b", '?"', "#x"]),
    ),
)


@given(values=st.lists(HOSTS, min_size=1, max_size=20))
@many
def test_the_short_way_says_what_the_long_way_says(values):
    rows = pl.DataFrame({"value": values})
    for standard, rebuilt in (
        (linkedin.standard(pl.col("value"), LinkedinOptions()), linkedin._rebuilt),
        (website.standard(pl.col("value"), WebsiteOptions()), lambda r: website._rebuilt(r, WebsiteOptions())),
    ):
        assert rows.select(standard).to_series().to_list() == rebuilt(rows.lazy()).collect().to_series().to_list()


@given(value=TEXTS)
@example("\u200b")
@many
def test_text_is_nfc_and_visible(value):
    (form,) = values_of("text", {}, [value])["value"]
    assert form is None or form == unicodedata.normalize("NFC", form).strip()
    assert form is None or not any(unicodedata.category(c) in {"Cc", "Zl", "Zp"} for c in form)
    assert form is None or "  " not in form


def test_a_hundred_thousand_characters_pass():
    notes = "né " * 50_000
    assert values_of("text", {}, [notes])["value"][0] == notes.strip()
