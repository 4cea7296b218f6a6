# ruff: noqa: RUF001 (letters that look like others are what this is about)
import pytest

CASES = [
    ("  a  b ", "a b"),
    ("Jane Doe", "Jane Doe"),
    ("a\tb\nc", "a b c"),
    ("a\r\nb", "a b"),
    ("a\u2003b\u3000c", "a b c"),
    ("Straße", "Straße"),
    ("STRASSE", "STRASSE"),
    ("m² ™ ﬁ", "m² ™ ﬁ"),
    ("👩\u200d💻 dev", "👩\u200d💻 dev"),
    ("می\u200cخواهم", "می\u200cخواهم"),
    ("क्\u200dष", "क्\u200dष"),
    ("日本　株式会社", "日本 株式会社"),
    ("soft\xadhyphen", "softhyphen"),
    ("a\x00b\x07", "ab"),
    ("nel\x85line", "nel line"),
    ("Ivan\u2028Petrov", "Ivan Petrov"),
    ("\u1100\u1161", "가"),
    ("", None),
    ("   ", None),
    ("\u200b\ufeff\xa0", None),
    ("\x00", None),
]


@pytest.mark.parametrize(("value", "form"), CASES)
def test_text_forms(run, value, form):
    assert run("text", [value]) == [(form, None)]


@pytest.mark.parametrize(
    ("value", "form"),
    [("Cafe\u0301", "Café"), ("\u212b", "Å"), ("\u2126", "Ω"), ("e\u200b\u0301", "é")],
)
def test_edge_case_25_nfc_is_stored(run, value, form):
    assert run("text", [value]) == [(form, None)]


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("a\u200bb", "ab"),
        ("\ufeffJane\xa0Doe", "Jane Doe"),
        ("\u200fJane\u200e", "Jane"),
        ("Jan\u200de", "Jane"),
        ("Ja\u2060ne", "Jane"),
        ("\u202eenaJ\u202c", "enaJ"),
        ("𝒥ane 😀", "𝒥ane 😀"),
    ],
)
def test_edge_case_26_invisible_characters_go(run, value, form):
    assert run("text", [value]) == [(form, None)]


@pytest.mark.parametrize("value", ["İstanbul", "ırmak", "É", "ẞ", "ς"])
def test_edge_case_27_text_leaves_case_alone(run, value):
    assert run("text", [value]) == [(value, None)]


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (" a \n\n  - b  c\r\n\td\n", "a \n\n  - b  c\n d"),
        ("one\u2028two", "one\ntwo"),
        ("\n\n", None),
        ("x\u200by\n", "xy"),
    ],
)
def test_multiline_text_keeps_its_lines(run, value, form):
    assert run("text", [value], {"multiline": True}) == [(form, None)]
