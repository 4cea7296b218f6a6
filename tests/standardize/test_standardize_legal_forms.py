# ruff: noqa: RUF001 (letters that look like others are what this is about)
"""Every legal form of the shipped list, in every way that it may be written around names, is that form and no other."""

from pathlib import Path

import polars as pl
import pytest

from dq.options import CompanyOptions
from dq.settings.rulefiles import read_rules
from dq.standardize import company

FORMS = read_rules(Path(__file__).resolve().parents[2])[0].lists.legal_forms
OPTIONS = CompanyOptions(legal_forms=FORMS)
STEMS = ("Nordwind", "Blue Harbor", "McKenzie & Sons", "Łódź Ziemniak")
AFTER = {form: target for form, target in FORMS.items() if "…" not in form}
BEFORE = {form: target for form, target in FORMS.items() if "…" in form}


def told(rows: list[tuple[str, str, str, str]]) -> pl.DataFrame:
    """The rows (form, name, stem, expected form) with what the name and the stem are stored and compared as."""
    frame = pl.DataFrame(rows, schema=["form", "name", "stem", "written"], orient="row")
    return frame.with_columns(
        stored=company.standard(pl.col("name"), OPTIONS),
        match=company.match_form(pl.col("name"), FORMS),
        expected_match=company.match_form(pl.col("stem"), FORMS),
    )


def wrong(frame: pl.DataFrame, *ways: str) -> set[str]:
    """The forms that are not stored in one of the ways, or not compared as the stem alone."""
    stored = pl.any_horizontal(pl.col("stored") == pl.format(way, "stem", "written") for way in ways)
    return set(frame.filter(~(stored & (pl.col("match") == pl.col("expected_match"))))["form"])


@pytest.mark.parametrize("way", ["{} {}", "{}, {}", "{} ({})", "{} {},"])
def test_a_form_after_a_name_is_found_and_written_as_the_list_says(way):
    bare = {form: target for form, target in AFTER.items() if "(" not in form or "({})" not in way}
    rows = [(form, way.format(stem, form), stem, target) for form, target in bare.items() for stem in STEMS]
    assert wrong(told(rows), "{} {}", "{}{}") == set()


def test_a_form_before_a_name_is_found_and_written_as_the_list_says():
    rows = [(form, form.replace("…", stem), stem, target) for form, target in BEFORE.items() for stem in STEMS]
    frame = told(rows)
    way = pl.col("written").str.split("…")
    start, end = way.list.first(), way.list.last()
    expected = pl.concat_str(start, "stem", end), pl.concat_str(start.str.strip_suffix(" "), "stem", end)
    stored = pl.any_horizontal(pl.col("stored") == one for one in expected)
    assert frame.filter(~stored | (pl.col("match") != pl.col("expected_match")))["form"].to_list() == []


KNOWN = [
    # capitals that are abbreviations of much else
    (str.upper, "Ay|Ky|eG|eK|eU|eV"),
    # small letters that are words or may be
    (
        str.lower,
        (
            "(NPC)|AB|AD|AG|ANS|AS|ASA|ASC|Ay|CIC|CRL|Co|DA|DAC|EAD|EI|ENK|EPE|Est.|FIE|HB|IKE|IĮ|KB|KS|Ky|MB|MEI|NPC|OAO|OG|OOD|"
            "OOO|OPC|Osk|PA|PAO|PC|SA|SAC|SAS|SAU|SCA|SCI|SCOP|SCP|SCS|SE|SIA|SKA|SL|SLL|SLP|SpA|TOV|TÜ|UÜ|eG|eK|eU|eV|ΑΕ|ΟΕ|АД|"
            "АО|АТ|ХК"
        ),
    ),
    # forms that only their dots tell from words, initials or other forms
    (
        lambda form: form.replace(".", ""),
        (
            "A.C.|A.E.|B.S.C.|B.V./S.R.L.|Bt.|C.A.|C.B.|C.V.|E.S.P.|G.K.|Inc./Ltée|K.S.C.|O.E.|P.S.A.|Q.S.C.|S.A.E.|S.A.L.|S.C.|"
            "S.H.|S.P.C.|S.s.|Sh.A.|Y.K.|a.d.|a.s.|d.d.|d.n.o.|e.Kfm.|e.Kfr.|j.s.a.|j.t.d.|k.d.|k.s.|o.p.s.|s.e.c.|s.p.|sp.j.|sp.k.|"
            "v.o.s|v.o.s.|z.s.|z.ú.|Î.I.|Ε.Ε.|а.д.|ש.מ.|ש.מ.מ|ذ.م.م|ذ.م.م.|ش.م.ب|ش.م.ع|ش.م.ق|ش.م.ك|ش.م.ل|ش.م.ل.|ش.م.م|ش.م.م."
        ),
    ),
]


@pytest.mark.parametrize(("change", "known"), KNOWN, ids=["upper", "lower", "undotted"])
def test_a_form_is_found_in_other_spellings_but_for_those_that_mean_something_else(change, known):
    rows = [(form, f"{stem} {change(form)}", stem, target) for form, target in AFTER.items() for stem in STEMS]
    assert wrong(told(rows), "{} {}", "{}{}") == set(known.split("|"))
