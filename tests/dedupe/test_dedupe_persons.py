# ruff: noqa: RUF001 (letters that look like others are what this is about)
"""People's names in levels: swaps, nicknames, initials, generations, and letters of all kinds."""

import numpy as np
import pytest
from matching_tables import comparison, levels, opposite, texts

from dq.engine.people import PERSON

SAME, SAME_WORDS, SWAPPED = "equal", "same words", "swapped"
NEAR_GIVEN, NEAR_FAMILY, BOTH_NEAR = "family name, given near", "given name, family near", "both near"
FAMILY, GIVEN, DIFFERS = "family name alone", "given name alone", "differs"
OTHER_GIVEN, OTHER_FAMILY = "family name, other given", "given name, other family"


def judged(lines, column="name"):
    return levels(comparison(PERSON, texts(**{column: [*opposite(lines), "Eva"]}), {column: column}), len(lines))


@pytest.mark.parametrize(
    ("left", "right", "level"),
    [
        ("Anna Berg", "Anna Berg", SAME),
        ("Anna Berg", "anna  BERG", SAME),
        ("Berg, Anna", "Anna Berg", SAME),
        ("Dr. Anna Berg, MBA", "Anna Berg", SAME),
        ("Anna Maria Berg", "Anna Berg", SAME),
        ("Jürgen Müller", "Jurgen Muller", SAME),
        ("Zoë Øster", "Zoe Øster", SAME),
        ("Siobhán O’Brien", "Siobhan O'Brien", SAME),
        ("Иван Петров", "ИВАН ПЕТРОВ", SAME),
        ("Ιωάννης Παππάς", "Ιωαννης Παππας", SAME),
        ("Berg Anna", "Anna Berg", SAME_WORDS),
        ("Петров Иван", "Иван Петров", SAME_WORDS),
        ("Bergg Anna", "Anna Berg", SWAPPED),
        ("Bob Berg", "Robert Berg", NEAR_GIVEN),
        ("A. Berg", "Anna Berg", NEAR_GIVEN),
        ("Zeb Berg", "Zebulon Berg", NEAR_GIVEN),
        ("Ze Berg", "Zebulon Berg", OTHER_GIVEN),
        ("Katherine Berg", "Catherine Berg", NEAR_GIVEN),
        ("Hanna Berg", "Hannah Berg", NEAR_GIVEN),
        ("Иванна Петрова", "Иванка Петрова", NEAR_GIVEN),
        ("Anna Bergmann", "Anna Bergman", NEAR_FAMILY),
        ("Bob Bergmann", "Robert Bergman", BOTH_NEAR),
        ("Peter Berg", "Anna Berg", OTHER_GIVEN),
        ("P. Berg", "Anna Berg", OTHER_GIVEN),
        ("Anna Berg", "Anna Svensson", OTHER_FAMILY),
        ("Anna Berg", "Peter Svensson", DIFFERS),
        ("Peter Bergman", "Anna Bergmann", OTHER_GIVEN),
        ("李 伟", "王 芳", DIFFERS),
        ("王 伟", "Wei Wang", None),
        ("Петров Иван", "Ivan Petrov", None),
        ("Anna Berg", None, None),
        ("Anna Berg", "?", None),
        (None, None, None),
    ],
)
def test_names(left, right, level):
    assert judged([(left, right)]) == [level]
    assert judged([(right, left)]) == [level]


@pytest.mark.parametrize(
    ("left", "right", "level"),
    [
        ("John Berg Jr.", "John Berg Sr.", DIFFERS),
        ("John Berg, Junior", "John Berg Sr", DIFFERS),
        ("John Berg Junior", "John Berg Senior", DIFFERS),
        ("John Berg junior", "John Berg Jr.", SAME),
        ("John Berg Junior", "John Berg", SAME),
        ("Junior Berg", "Junior Berg", SAME),
        ("John Berg II", "John Berg III", DIFFERS),
        ("John Berg Jr", "John Berg, Jr.", SAME),
        ("John Berg Jr.", "John Berg", SAME),
    ],
)
def test_generations_tell_people_apart_where_both_say_one(left, right, level):
    assert judged([(left, right)]) == [level]


@pytest.mark.parametrize(
    ("left", "right", "level"),
    [
        (("Anna", None), ("Anna", "Berg"), GIVEN),
        (("Hanna", None), ("Hannah", "Berg"), GIVEN),
        (("Anna", None), ("Peter", "Berg"), DIFFERS),
        ((None, "Berg"), ("Anna", "Berg"), FAMILY),
        ((None, "Bergman"), (None, "Bergmann"), FAMILY),
        ((None, "Berg"), (None, "Svensson"), DIFFERS),
        (("Anna", None), (None, "Berg"), None),
        (("Anna", None), (None, "Anna"), None),
        ((None, None), ("Anna", "Berg"), None),
        (("Berg", "Anna"), ("Anna", "Berg"), SAME_WORDS),
        (("Anna", "Berg Jr"), ("Anna", "Berg Sr"), DIFFERS),
        (("Anna", "Berg Jr"), ("Anna", "Berg"), SAME),
        (("Anna II", "Berg"), ("Anna III", "Berg"), DIFFERS),
    ],
)
def test_names_in_two_columns_of_which_one_may_be_empty(left, right, level):
    (one, family), (other, second) = left, right
    table = texts(given=[one, other, "Eva"], family=[family, second, None])
    assert levels(comparison(PERSON, table, {"given": "given", "family": "family"}), 1) == [level]


@pytest.mark.parametrize(
    ("left", "right", "level"),
    [
        ("Anna Maria Berg", "Anna Maria Berg", SAME),
        ("Anna Maria Berg", "Anna M. Berg", SAME),
        ("Anna Maria Berg", "Anna Marie Berg", SAME),
        ("Anna Maria Berg", "Anna Berg", SAME),
        ("Anna Maria Berg", "Anna Sofia Berg", "other middle name"),
        ("Anna M. Berg", "Anna S. Berg", "other middle name"),
        ("Anna M. Berg", "Bob S. Berg", OTHER_GIVEN),
    ],
)
def test_middle_names_that_differ_tell_people_apart(left, right, level):
    assert judged([(left, right)]) == [level]
    (one, two) = (name.split(" ") for name in (left, right))
    columns = {"given": 0, "middle": 1, "family": -1}
    table = texts(
        **{
            part: [name[at] if len(name) > 2 or at != 1 else None for name in (one, two)]
            for part, at in columns.items()
        }
    )
    assert levels(comparison(PERSON, table, {part: part for part in columns}), 1) == [level]


@pytest.mark.parametrize(("column", "top"), [("given", GIVEN), ("family", FAMILY)])
def test_one_half_of_the_name_alone(column, top):
    lines = [("Anna", "ANNA"), ("Anna", "Peter"), ("Anna", None)]
    assert judged(lines, column) == [top, DIFFERS, None]


def test_a_rare_name_says_more_and_a_name_that_differs_nothing():
    crowd = ["Anna Berg"] * 12
    people = comparison(PERSON, texts(name=[*crowd, "Zed Quux", "Zed Quux", "Peter Berg"]), {"name": "name"})
    found = people.compare(np.array([0, 12, 0, 0]), np.array([1, 13, 12, 14]))
    assert [people.levels[level] for level in found.level] == [SAME, SAME, DIFFERS, OTHER_GIVEN]
    assert found.rarity[1] > 4
    assert found.rarity[0] < 0
    assert found.rarity[2] == 0
    assert found.rarity[0] < found.rarity[3] < 0


def test_chance_is_that_of_equal_names():
    people = comparison(PERSON, texts(name=["Anna Berg", "Anna Holm", "Peter Berg", None]), {"name": "name"})
    assert people.chance() == {11: pytest.approx((5 / 9) ** 2 * 3 / 4)}
