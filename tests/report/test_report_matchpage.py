"""The page about matching: held against a golden file, and taken apart; DQ_REWRITE_GOLDEN=1 writes it anew."""

import itertools
import math
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dq.dedupe.evidence import Evidence, Respect
from dq.report.charts import Bin, FoundBy, Mark, fall, histogram, keys, levels
from dq.report.charts.drawing import WIDTH, Scale, likely, share, signed, ticks
from dq.report.matchfacts import Example, Matching, bins_of, examples_of, sizes_of
from dq.report.matchpage import as_page
from dq.report.waterfall import waterfall

GOLDEN = Path(__file__).parent / "golden" / "matching.html"
NASTY = 'a<b>&"c"<img src=x onerror=alert(1)>\x07\x1b[31m]]>'
VOID = {"meta", "br"}
EVIDENCE = Evidence(
    1 / 4097,
    (
        Respect("person", ("differs", "family name", "equal"), (0.02, 0.08, 0.9), (0.97, 0.025, 0.005)),
        Respect("email", ("differs", "equal"), (0.4, 0.6), (0.9999, 0.0001)),
    ),
)


def matching(name: str = "leads.csv") -> Matching:
    return Matching(
        headline=f"1,200 rows of {name} are 1,000 leads, 150 of them with duplicates",
        sizes=(("1", 850), ("2", 110), ("3", 39), ("4", 1)),
        compared="5,000 pairs were compared.",
        weights=bins_of(np.array([-20.0, -19.5, -19.2, -4.1, 1.9, 2.0, 12.5, 30.0])),
        link=2.0,
        marks=(Mark("cut", -4.0), Mark("link", 2.0)),
        evidence=EVIDENCE,
        keys=(FoundBy(f"{name} and phone", 12_345, 0.81), FoundBy("email", 678, 0.9765), FoundBy("title", 0, None)),
        examples=(
            Example(f"The surest match: row 1 and row {name}", waterfall(EVIDENCE, (2, 1), 13.0)),
            Example("The likeliest pair that is no match: row 3 and row 4", waterfall(EVIDENCE, (0, None), -18.0)),
        ),
        roles={name: "name", "mail": "email"},
    )


class Tags(HTMLParser):
    """Every tag with its attributes, those that are still open, and what is said."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.said: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.said.append(data)


def drawings(page: str) -> list[ET.Element]:
    return [ET.fromstring(text) for text in re.findall(r"<svg.*?</svg>", page, re.DOTALL)]


def test_the_page_is_as_the_golden_file():
    told = as_page(matching()) + "\n"
    if os.environ.get("DQ_REWRITE_GOLDEN"):
        GOLDEN.write_text(told, encoding="utf-8")
    assert told == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["leads.csv", NASTY])
def test_the_page_is_whole_loads_nothing_and_makes_nothing_of_texts(name):
    page = Tags(as_page(matching(name)))
    tags = [tag for tag, _ in page.seen]
    assert page.open == []
    assert not {"script", "img", "link", "iframe", "object", "image", "use"} & set(tags)
    assert not any({"src", "href", "style", "onload", "onerror"} & set(attrs) for _, attrs in page.seen)
    assert all(text.isprintable() for text in "".join(page.said).splitlines())
    assert next(attrs for tag, attrs in page.seen if attrs.get("http-equiv"))["content"].startswith(
        "default-src 'none'"
    )


def test_every_chart_has_a_title_a_word_on_what_it_shows_and_a_table():
    page = Tags(as_page(matching()))
    ids = [attrs["id"] for _, attrs in page.seen if "id" in attrs]
    assert len(ids) == len(set(ids))
    charts = [attrs for tag, attrs in page.seen if tag == "svg"]
    assert len(charts) == 6
    for attrs in charts:
        assert attrs["role"] == "img"
        assert set((attrs["aria-labelledby"] or "").split()) <= set(ids)
    tags = [tag for tag, _ in page.seen]
    assert tags.count("figure") == tags.count("figcaption") == tags.count("details") == tags.count("summary") == 6
    assert tags.count("table") == tags.count("caption") == 7


def test_nothing_is_drawn_beyond_the_edges_of_a_chart():
    for drawing in drawings(as_page(matching())):
        height = float(drawing.attrib["viewbox" if "viewbox" in drawing.attrib else "viewBox"].split()[3])
        for mark in drawing.iter():
            where = {name: float(value) for name, value in mark.attrib.items() if name in PLACES}
            if "transform" in mark.attrib:
                continue
            assert all(-0.1 <= where[name] <= WIDTH + 0.1 for name in ("x", "x1", "x2", "cx") if name in where), (
                mark.attrib
            )
            assert all(-0.1 <= where[name] <= height + 0.1 for name in ("y", "y1", "y2", "cy") if name in where), (
                mark.attrib
            )
            assert where.get("x", 0) + where.get("width", 0) <= WIDTH + 0.1
            assert where.get("width", 1) > 0
            assert where.get("height", 1) >= 0


PLACES = ("x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "width", "height")


@given(
    st.lists(st.floats(-300, 300), max_size=40),
    st.floats(-30, 30),
    st.integers(0, 10**10),
    st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=60),
)
def test_charts_of_any_numbers_are_well_formed(weights, link, count, recalls):
    found = [FoundBy("key", count // (number + 1), recall) for number, recall in enumerate(recalls)]
    page = [
        *histogram(bins_of(np.array(weights)), [Mark("link", link)]),
        *keys(found),
        *fall("a pair", waterfall(EVIDENCE, (1, None), link), 2.0, "fall"),
        *levels(Evidence(0.5, ())),
    ]
    assert len(drawings("\n".join(page))) == 4
    assert not re.search(r"nan|inf\b", "\n".join(page))


def luminance(color: str) -> float:
    parts = [int(color[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_bars_stand_out_from_the_page_by_day_and_by_night():
    themes = re.findall(r"--for: (#\w{6}); --against: (#\w{6})", as_page(matching()))
    assert len(themes) == 3
    for paper, colors in zip(("#ffffff", "#16181c", "#ffffff"), themes, strict=True):
        for color in colors:
            light, dark = sorted((luminance(color), luminance(paper)), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 3, (color, paper)


# values


@given(st.lists(st.floats(-200, 200), min_size=1, max_size=60))
def test_every_weight_is_in_one_bin(weights):
    bins = bins_of(np.array(weights))
    assert sum(one.count for one in bins) == len(weights)
    assert all(left.high == right.low for left, right in itertools.pairwise(bins))
    assert len(bins) <= 72
    for one in bins:
        assert one.count == sum(one.low <= weight < one.high for weight in weights)


def test_weights_that_are_no_numbers_have_no_bin():
    assert bins_of(np.array([math.inf, -math.inf, math.nan])) == ()
    assert bins_of(np.array([math.inf, 3.0])) == (Bin(3.0, 4.0, 1),)


def test_sizes_are_counted_in_classes():
    ids = ["a"] * 2 + ["b"] + ["c"] * 7 + ["d"] * 2
    clusters = pl.DataFrame({"table": ["leads"] * len(ids), "entity_id": ids})
    assert sizes_of(clusters) == (("1", 1), ("2", 2), ("3", 0), ("4", 0), ("5", 0), ("6 to 10", 1))
    assert sizes_of(clusters.clear()) == ()
    assert sizes_of(pl.DataFrame({"table": "t", "entity_id": ["a"] * 101}))[-1] == ("over 100", 1)


def pairs(*rows: tuple[str, str, float, str]) -> pl.DataFrame:
    left, right, weight, decision = zip(*rows, strict=True)
    return pl.DataFrame(
        {
            "store_l": "database",
            "key_l": left,
            "store_r": "airtable",
            "key_r": right,
            "match_key": "match",
            "match_weight": weight,
            "decision": decision,
            "gamma_person": [2] * len(rows),
            "gamma_email": [None] * len(rows),
        }
    )


STORES = {"database": "row", "airtable": "record"}


def test_examples_are_the_surest_a_usual_and_the_least_sure_and_those_that_are_none():
    found = pairs(
        ("1", "a", 20.0, "link"),
        ("2", "b", 9.0, "link"),
        ("3", "ann@x.example", 3.0, "link"),
        ("4", "d", 1.9, "review"),
        ("5", "e", 1.0, "link"),
        ("6", "f", 5.0, "reject"),
    )
    told = [one.title for one in examples_of(EVIDENCE, found, 2.0, STORES)]
    assert told == [
        "The surest match: row 1 and record a",
        "A usual match: row 2 and record b",
        "The least sure match: row 3 and record a***@***.example",
        "The likeliest pair that is no match: row 4 and record d",
        "Alike, yet kept apart: row 6 and record f",
    ]
    for one, weight in zip(examples_of(EVIDENCE, found, 2.0, STORES), (20.0, 9.0, 3.0, 1.9, 5.0), strict=True):
        fallen = one.fall.prior + sum(step.bits for step in one.fall.steps) + one.fall.rarity
        assert fallen == pytest.approx(weight)


def test_pairs_that_were_not_weighed_by_the_matcher_are_no_examples():
    found = pairs(("1", "a", 20.0, "link"))
    assert examples_of(EVIDENCE, found.drop("gamma_email"), 2.0, STORES) == ()
    assert examples_of(EVIDENCE, found.with_columns(match_key=pl.lit("email")), 2.0, STORES) == ()
    assert examples_of(EVIDENCE, found.clear(), 2.0, STORES) == ()


@pytest.mark.parametrize(
    ("part", "told"),
    [
        (0.0, "0%"),
        (1.0, "100%"),
        (0.5, "50%"),
        (0.0588, "5.9%"),
        (0.9, "90%"),
        (0.99, "99%"),
        (0.9765, "97.7%"),
        (0.0001, "0.01%"),
        (1 - 1e-6, "99.9999%"),
        (1e-9, "under 0.0001%"),
        (1 - 1e-9, "over 99.9999%"),
    ],
)
def test_a_share_is_all_or_none_only_where_it_is(part, told):
    assert share(part) == told


@pytest.mark.parametrize(
    ("bits", "told"),
    [(0.0, "0.0"), (-0.01, "0.0"), (2.34, "+2.3"), (-2.36, "\N{MINUS SIGN}2.4")],
)
def test_bits_have_a_sign(bits, told):
    assert signed(bits) == told


def test_no_weight_is_certain():
    assert (likely(400.0), likely(-400.0), likely(0.0)) == ("over 99.9999%", "under 0.0001%", "50%")


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(2, 12))
def test_ticks_are_round_within_and_few(low, wide, most):
    found = ticks(low, low + wide, most)
    assert len(found) <= most + 1
    assert all(low - wide * 1e-6 <= tick <= low + wide * (1 + 1e-6) for tick in found)


def test_a_scale_keeps_to_its_ends():
    scale = Scale(-2, 2, 100, 300)
    assert [scale.at(value) for value in (-9, -2, 0, 2, 9)] == [100, 100, 200, 300, 300]
    assert Scale(1, 1, 5, 6).at(1) == 5
