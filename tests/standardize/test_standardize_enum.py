import pytest

from dq.options import OPTIONS
from dq.standardize import STANDARDIZERS, check_options

STATUS = {
    "values": ["auto_send", "manual_review", "contacted", "responded"],
    "synonyms": {"replied": "responded", "Needs Review": "manual_review"},
}


@pytest.mark.parametrize(
    ("value", "form", "finding"),
    [
        ("auto_send", "auto_send", None),
        ("AUTO_SEND", "auto_send", None),
        ("Auto Send", "auto_send", None),
        ("auto-send", "auto_send", None),
        ("auto - send", "auto_send", None),
        ("  Auto\xa0Send ", "auto_send", None),
        ("Manual review", "manual_review", None),
        (" contacted", "contacted", None),
        ("Responded ", "responded", None),
        ("replied", "responded", None),
        ("REPLIED", "responded", None),
        ("needs-review", "manual_review", None),
        ("autosend", "autosend", "enum.unknown"),
        ("Lost", "Lost", "enum.unknown"),
        ("联系", "联系", "enum.unknown"),
    ],
)
def test_enum_forms(run, value, form, finding):
    assert run("enum", [value], STATUS) == [(form, finding)]


def test_standard_values_are_written_as_they_are_listed(run):
    assert run("enum", ["in progress", "IN_PROGRESS"], {"values": ["In Progress"]}) == [("In Progress", None)] * 2


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("enum", {}, "values"),
        ("enum", {"values": []}, "values"),
        ("enum", {"values": ["a"], "synonyms": {"b": "c"}}, "not among the values"),
        ("enum", {"values": ["a b", "a_b"]}, "differ only in case"),
        ("email", {"normalise_case": "lower"}, "did you mean `normalize_case`?"),
        ("email", {"normalize_case": "upper"}, "normalize_case"),
        ("website", {"preferred_protocol": "ftp"}, "preferred_protocol"),
        ("company", {"legal_forms": ["Inc"]}, "legal_forms"),
        ("linkedin", {"x": 1}, "unknown option `x`"),
        ("emial", {}, "did you mean `email`?"),
    ],
)
def test_wrong_options_are_told(name, options, said):
    assert any(said in sentence for sentence in check_options(name, options))


@pytest.mark.parametrize("name", list(STANDARDIZERS))
def test_every_standardizer_has_options(name):
    assert name in OPTIONS
    needed = {"enum": STATUS, "regex": {"must_match": "x"}, "expression": {"sql": "upper(value)"}}
    assert check_options(name, needed.get(name, {})) == []
