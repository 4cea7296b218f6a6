"""What is known of matches before a table is read: it holds in small tables, and large ones outweigh it."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
from matching_tables import clustered, known_lists, people, texts, together

from dq.dedupe.comparison import Compared
from dq.dedupe.evidence import Evidence, Respect, learned, probability, weights
from dq.dedupe.roles import roles
from dq.dedupe.usual import _SHARES, NOTHING, Usual, usual
from dq.engine.respects import respects

M, U, KNOWN = [0.3, 0.7], [0.99, 0.01], (0.05, 0.95)


@dataclass(frozen=True)
class Plain:
    """A comparison of two levels."""

    name: str
    levels: tuple[str, ...] = ("no", "yes")

    def chance(self):
        return {}


def taught(matches, known):
    """What so many matches teach of the first of four respects."""
    rng = np.random.default_rng(3)
    drawn = [np.append(rng.choice(2, matches, p=M), rng.choice(2, 4 * matches, p=U)) for _ in range(4)]
    chance = [rng.choice(2, 20_000, p=U) for _ in range(4)]
    pairs, random = ([Compared(one.astype(np.int8), np.zeros(len(one))) for one in side] for side in (drawn, chance))
    found = learned([Plain(str(at)) for at in range(4)], pairs, random, np.ones(5 * matches), 4 * matches, usual=known)
    return found.respects[0].m


def test_what_is_known_holds_in_a_small_table_and_a_large_one_outweighs_it():
    known = [Usual(200.0, KNOWN)] * 4
    assert taught(10, known) == pytest.approx(KNOWN, abs=0.04)
    assert taught(20_000, known) == pytest.approx(taught(20_000, [NOTHING] * 4), abs=0.02)


def test_kinds_that_nobody_knows_weigh_nothing_until_they_show_something():
    (low, high) = taught(3, [Usual(1e9)] * 4)
    assert math.log2(high / U[1]) == pytest.approx(0, abs=0.5)
    assert low + high == pytest.approx(1)


def test_known_shares_are_those_of_all_levels():
    frame = texts(
        name=["Anna Berg", "Eva Holm", "Ida Frank"], company=["A b", "C d", "E f"], email=["a@x.de", "b@y.de", "c@z.de"],
        phone=["1234567", "2345678", "3456789"], linkedin=["in/a", "in/b", "in/c"], ssn=["12345", "23456", "34567"],
        dob=["1980-01-02", "1981-03-04", "1982-05-06"], address=["1 Elm Road", "2 Oak Road", "3 Ash Road"],
        record_type=["p", "p", "o"], city=["Ely", "Ayr", "Rye"],
    )  # fmt: skip
    seen, _ = respects(frame, roles(frame, people(), {}), known_lists())
    known = dict(zip((one.name for one in seen.comparisons), seen.usual, strict=True))
    assert {name for name, one in known.items() if one.shares is None} == {"city"}
    assert all(len(one.levels) == len(known[one.name].shares or one.levels) for one in seen.comparisons)
    assert {round(sum(shares), 9) for shares in _SHARES.values()} == {1.0}


def test_of_things_nothing_is_known():
    frame = texts(name=["Spago", "Citrus", "Campanile"], addr=["1 Elm Road", "2 Oak Road", "3 Ash Road"])
    assert respects(frame, roles(frame, people(), {}), known_lists())[0].usual == ()


def test_that_two_are_relatives_weighs_against_a_match():
    one = Respect("a", ("no", "yes"), (0.1, 0.9), (0.99, 0.01), (0.4, 0.6))
    two = Respect("b", ("no", "yes"), (0.2, 0.8), (0.95, 0.05), (0.95, 0.05))
    evidence = Evidence(0.001, (one, two), (), 0.004)
    for line in ((1, 1), (1, 0), (0, 1), (-1, 1), (1, -1)):
        pairs = [Compared(np.array([level], np.int8), np.zeros(1)) for level in line]
        said = [(level, respect) for level, respect in zip(line, (one, two), strict=True) if level >= 0]
        match, chance, kin = (
            share * math.prod(side(respect)[level] for level, respect in said)
            for share, side in ((0.001, lambda r: r.m), (0.999, lambda r: r.u), (0.999 * 0.004, lambda r: r.r))
        )
        assert probability(weights(evidence, pairs))[0] == pytest.approx(match / (match + chance + kin), rel=1e-6)


@pytest.mark.parametrize("kind", ["birth", "identifier", "profile"])
def test_relatives_have_their_own(kind):
    m, u = np.array(M), np.array(U)
    assert Usual(kind=kind).relatives(m, u).tolist() == U
    assert Usual(kind="address").relatives(m, u).tolist() == pytest.approx([0.645, 0.355])
    assert usual("person", 12).relatives(np.ones(12), np.ones(12)).sum() == pytest.approx(1, abs=0.01)


GIVEN = ("Anna", "Boris", "Clara", "David", "Emil", "Frida", "Gustav", "Helga", "Igor", "Julia", "Karl", "Laura")
BEGINNINGS, ENDS = ("Ber", "Hol", "Kra", "Lin", "Mor", "Pet", "Sta", "Wei"), ("feld", "gard", "mann", "now", "sten")


def households(seed, families=30):
    """People who live together, most of them twice, with a fifth of the cells missing and columns that say nothing of them."""
    rng = np.random.default_rng(seed)
    rows = []
    for home in range(families):
        family = BEGINNINGS[home % 8] + ENDS[home % 5]
        house = {
            "last_name": family,
            "address": f"{rng.integers(1, 99)} {family[::-1]} Road",
            "email": f"home{home}@mail.de",
        }
        for member in rng.choice(12, 3, replace=False):
            born = f"{rng.integers(1940, 2005)}-{rng.integers(1, 13):02d}-{rng.integers(1, 29):02d}"
            own = {"first_name": GIVEN[member], "date_of_birth": born, "ssn": str(rng.integers(10**8, 10**9))}
            rows += [{**house, **own, "who": f"{home} {member}"}] * int(rng.integers(1, 3))
    columns = ("first_name", "last_name", "date_of_birth", "ssn", "email", "address")
    cells = {name: [row[name] if rng.random() > 0.2 else None for row in rows] for name in columns}
    noise = {
        "status": ["new", "open", "won"],
        "amount": ["100", "200", "300"],
        "segment": [f"s{at}" for at in range(9)],
    }
    cells |= {name: rng.choice(values, len(rows)).tolist() for name, values in noise.items()}
    return texts(**cells), [row["who"] for row in rows]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_people_of_one_household_are_told_apart_in_a_small_table_of_many_gaps(seed):
    table, who = households(seed)
    ours, true = together(clustered(table)[0]), together(who)
    assert len(ours & true) / len(ours) >= 0.55  # without what is known before, a household is one: 0.2
    assert len(ours & true) / len(true) >= 0.85
