# ruff: noqa: RUF001 (letters that look like others are what this is about)
import csv
from pathlib import Path

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dq.options import CompanyOptions
from dq.settings.rulefiles import read_rules
from dq.standardize import company

FORMS = read_rules(Path(__file__).resolve().parents[2])[0].lists.legal_forms
CASES = [
    ("Acme", "Acme"),
    ("Acme Inc", "Acme Inc."),
    ("Acme, Inc.", "Acme Inc."),
    ("Acme , INC", "Acme Inc."),
    ("Acme,Inc", "Acme Inc."),
    ("Acme (Inc.)", "Acme Inc."),
    ("Acme [inc]", "Acme Inc."),
    ("Acme Incorporated", "Acme Inc."),
    ("Acme Corporation", "Acme Corp."),
    ("Acme L.L.C.", "Acme LLC"),
    ("Acme L. L. C.", "Acme LLC"),
    ("Acme L L C", "Acme LLC"),
    ("Acme p.l.c.", "Acme PLC"),
    ("Acme limited", "Acme Ltd."),
    ("Acme Foods llc", "Acme Foods LLC"),
    ("Acme Inc.,", "Acme Inc."),
    ("McDonald Inc", "McDonald Inc."),
    ("LeducandRhine llc", "LeducandRhine LLC"),
    ("Inclusive Design", "Inclusive Design"),
    ("Zinc", "Zinc"),
    ("Acme  Foods", "Acme Foods"),
    ("METRO BREWING CORP", "Metro Brewing Corp."),
    ("acme foods", "Acme Foods"),
    ("BANQUE DE PARIS", "Banque de Paris"),
    ("van der berg logistics", "Van der Berg Logistics"),
    ("MCDONALD'S", "McDonald's"),
    ("O'NEIL AND SONS", "O'Neil and Sons"),
    ("COCA-COLA BOTTLING", "Coca-Cola Bottling"),
    ("IBM", "IBM"),
    ("IBM GLOBAL SERVICES", "IBM Global Services"),
    ("BMW BANK", "BMW Bank"),
    ("AT&T INC", "AT&T Inc."),
    ("3M", "3M"),
    ("eBay", "eBay"),
    ("adidas", "Adidas"),
    ("sap", "sap"),
    ("booking.com", "Booking.com"),
    ("STRAßE AG", "STRAßE AG"),
    ("ÉCOLE DE DANSE", "École de Danse"),
    ("МЕТРО ГРУПП", "Метро Групп"),
    ("日本電気", "日本電気"),
    ("", ""),
]


@pytest.mark.parametrize(("value", "form"), CASES)
def test_company_forms(run, value, form):
    assert run("company", [value]) == [(form, None)]


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("Müller GmbH & Co. KG", "Müller GmbH & Co. KG"),
        ("Müller GmbH und Co KG", "Müller GmbH & Co. KG"),
        ("Müller G.m.b.H.", "Müller GmbH"),
        ("Hermanos, SA de CV", "Hermanos S.A. de C.V."),
        ("Novák s. r. o.", "Novák s.r.o."),
        ("Acme Pty Limited", "Acme Pty Ltd"),
        ("Acme Pty., Ltd.", "Acme Pty Ltd"),
        ("Virtanen OY", "Virtanen Oy"),
        ("Tanaka KK", "Tanaka K.K."),
        ("株式会社トヨタ", "株式会社トヨタ"),
        ("ООО Ромашка", "ООО Ромашка"),
        ("Ромашка ООО", "Ромашка ООО"),
        ("Foo Co., Ltd", "Foo Co. Ltd."),
        ("Jansen B.V", "Jansen B.V."),
        ("Rossi SPA", "Rossi S.p.A."),
        ("Kowalski sp z o.o.", "Kowalski sp. z o.o."),
        ("Start UG (haftungsbeschränkt)", "Start UG (haftungsbeschränkt)"),
        ("Hansen A/S", "Hansen A/S"),
        ("Tiffany and Co", "Tiffany & Co."),
        ("AMBA", "AMBA"),
        ("AS", "AS"),
        ("SA", "SA"),
        ("Inc.", "Inc."),
        ("(LLC)", "(LLC)"),
    ],
)
def test_edge_case_31_legal_forms(run, value, form):
    only_form = value in {"AMBA", "AS", "SA", "Inc.", "(LLC)"}
    assert run("company", [value]) == [(form, "company.only_form" if only_form else None)]


@pytest.mark.parametrize(
    ("options", "value", "form"),
    [
        ({"add_proper_suffix": False}, "Acme, Inc.", "Acme"),
        ({"add_proper_suffix": False}, "Acme Co., Ltd.", "Acme"),
        ({"add_proper_suffix": False}, "Acme Inc. LLC", "Acme"),
        ({"add_proper_suffix": False}, "Tiffany & Co.", "Tiffany"),
        ({"add_proper_suffix": False}, "AG SA", "AG"),
        ({"add_proper_suffix": False}, "LLC", "LLC"),
        ({"remove_suffixes": ["Inc.", "LLC", "Corp.", "Ltd."]}, "Acme incorporated", "Acme Inc."),
        ({"remove_suffixes": ["Inc"]}, "Acme, Inc.", "Acme Inc"),
        ({"remove_suffixes": ["Incorporated"]}, "Acme Inc", "Acme Incorporated"),
        ({"remove_suffixes": ["Inc.", "LLC", "Corp.", "Ltd."]}, "Acme gmbh", "Acme gmbh"),
        ({"remove_suffixes": []}, "Acme, Inc", "Acme, Inc"),
        ({"normalize_case": False}, "ACME FOODS INC", "ACME FOODS Inc."),
        ({"legal_forms": {"Werke": "Works"}}, "Acme werke", "Acme Works"),
        ({"legal_forms": {"Werke": "Works"}}, "Acme inc", "Acme inc"),
    ],
)
def test_company_options(run, options, value, form):
    only_form = form in {"AG", "LLC"}
    assert run("company", [value], options) == [(form, "company.only_form" if only_form else None)]


KEYS = [
    ("The Swartz & Olea, LLC", "swartz and olea"),
    ("Swartz and Olea", "swartz and olea"),
    ("Swartz und Olea", "swartz and olea"),
    ("SWARTZ + OLEA INC", "swartz and olea"),
    ("Café Müller GmbH & Co. KG", "cafe muller"),
    ("STRASSE AG", "strasse"),
    ("Straße AG", "strasse"),
    ("株式会社トヨタ", "トヨタ"),
    ("トヨタ株式会社", "トヨタ"),
    ("ООО Ромашка", "ромашка"),
    ("O'Neil Bros.", "oneil bros"),
    ("Coca-Cola", "coca cola"),
    ("AS", "as"),
    ("Inc.", "inc"),
    ("???", "???"),
    (None, None),
]


@pytest.mark.parametrize(("value", "key"), KEYS)
def test_edge_cases_27_and_31_keys_are_equal_for_one_company(value, key):
    frame = pl.DataFrame({"v": [value]}, schema={"v": pl.String})
    assert frame.select(company.match_form(pl.col("v"), FORMS)).item() == key


@given(
    st.lists(st.sampled_from([*FORMS, *FORMS.values(), "Acme", "(", ",", "&", "and", "B"]), max_size=6),
    st.data(),
)
@example(["Inc", "Inc", "("], None)
@settings(max_examples=100, deadline=None)
def test_any_heap_of_forms_settles_at_once(words, data):
    between = st.sampled_from([" ", ", ", ". ", "."])
    name = "".join(word + (data.draw(between) if data else " ") for word in words)
    for options in (CompanyOptions(legal_forms=FORMS), CompanyOptions(legal_forms=FORMS, add_proper_suffix=False)):
        once = pl.DataFrame({"v": [name]}).select(company.standard(pl.col("v"), options))
        assert once.select(company.standard(pl.col("v"), options)).item() == once.item()


def test_the_shipped_forms_are_of_sixty_jurisdictions_and_more():
    path = Path(__file__).resolve().parents[2] / "rules" / "lists" / "legal_forms.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        assert len({code for row in csv.DictReader(lines) for code in row["jurisdictions"].split()}) >= 60
