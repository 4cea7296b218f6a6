"""The parts of names, their forms for comparing, and the shipped lists."""

import csv
from pathlib import Path

import polars as pl
import pytest

from dq.standardize.name_parts import match_form, nickname_key, parts
from dq.standardize.name_words import BUILT_IN

LISTS = Path(__file__).resolve().parents[2] / "rules" / "lists"
NICKNAMES = [("Robert", "Bob"), ("William", "Bill"), ("Alexander", "Alex"), ("Alexandra", "Alex"), ("José", "Pepe")]


def listed(name):
    with (LISTS / name).open(encoding="utf-8", newline="") as lines:
        return [tuple(row) for row in csv.reader(lines)][1:]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Jane Doe", {"given": "Jane", "family": "Doe"}),
        ("Jane", {"given": "Jane"}),
        ("Jane Ann Lee", {"given": "Jane", "middle": "Ann", "family": "Lee"}),
        ("Lee, Jane Ann", {"given": "Jane", "middle": "Ann", "family": "Lee"}),
        ("Ludwig van Beethoven", {"given": "Ludwig", "particles": "van", "family": "Beethoven"}),
        ("Jan van der Berg", {"given": "Jan", "particles": "van der", "family": "Berg"}),
        ("van Gogh", {"particles": "van", "family": "Gogh"}),
        ("Van Morrison", {"given": "Van", "family": "Morrison"}),
        ("Maria de la Cruz", {"given": "Maria", "particles": "de la", "family": "Cruz"}),
        ("Dr. John Smith Jr., MBA", {"title": "Dr.", "given": "John", "family": "Smith", "suffix": "Jr., MBA"}),
        ("Herr Prof. Dr. Hans Müller", {"title": "Herr Prof. Dr.", "given": "Hans", "family": "Müller"}),
        ('Robert "Bob" Smith', {"given": "Robert", "family": "Smith", "nickname": "Bob"}),
        ("Robert (Bob) Smith", {"given": "Robert", "family": "Smith", "nickname": "Bob"}),
        ("Sean O'Neil", {"given": "Sean", "family": "O'Neil"}),
        ("山田 太郎", {"given": "太郎", "family": "山田"}),
        ("김 철수", {"given": "철수", "family": "김"}),
        ("(Bob)", {"given": "(Bob)", "nickname": "Bob"}),
    ],
)
def test_a_name_has_its_parts(name, expected):
    answer = pl.select(parts(pl.lit(name, dtype=pl.String))).item()
    assert {part: text for part, text in answer.items() if text is not None} == expected


def test_no_name_has_no_parts():
    frame = pl.DataFrame({"v": [None, ""]}, schema={"v": pl.String}).select(
        parts(pl.col("v")), m=match_form(pl.col("v"))
    )
    assert all(not any(row.values()) for row in frame["v"].to_list())


@pytest.mark.parametrize(
    "written",
    ["Dr. José García", "GARCIA, JOSE", "Jose Garcia Jr.", "josé garcía, MBA", 'José "Pepe" García', "García, José"],
)
def test_one_person_has_one_form(written):
    assert pl.select(match_form(pl.lit(written))).item() == "jose garcia"


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ("Bob", "robert"),
        ("Robert", "robert"),
        ("BILL J.", "william"),
        ("Alex", "alexander"),
        ("Pepe", "jose"),
        ("Zoë", "zoe"),
        (None, None),
    ],
)
def test_a_nickname_is_compared_as_the_name_it_is_short_for(given, key):
    frame = pl.DataFrame({"v": [given]}, schema={"v": pl.String})
    assert frame.select(nickname_key(pl.col("v"), NICKNAMES)).item() == key


def test_the_shipped_nicknames_are_of_many_languages():
    pairs = listed("nicknames.csv")
    assert len(pairs) == len(set(pairs)) >= 600
    known = {"Bob": "robert", "Sepp": "josef", "Paco": "francisco", "Beppe": "giuseppe", "Zé": "jose", "Саша": "александр",
             "Kasia": "katarzyna", "Loulou": "louis"}  # fmt: skip
    keys = pl.DataFrame({"v": list(known)}).select(nickname_key(pl.col("v"), pairs)).to_series().to_list()
    assert keys == list(known.values())


def test_the_shipped_words_hold_the_built_in_ones():
    words = listed("name_words.csv")
    assert {(word, kind) for kind, own in BUILT_IN.items() for word in own} <= set(words)


def test_the_shipped_words_leave_names_alone(run):
    words = {kind: [word for word, own in listed("name_words.csv") if own == kind] for kind in BUILT_IN}
    names = [
        "Jane Doe",
        "Jack Ma",
        "Van Morrison",
        "Don Johnson",
        "Sam Do",
        "Pan Tau",
        "Dean Martin",
        "Earl Grey",
        "Li Ba",
    ]
    assert [value for value, _ in run("name", names, {"words": words, "remove_titles": True})] == names
