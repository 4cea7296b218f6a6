"""A pair's weight, taken apart."""

import math

import pytest

from dq.dedupe.evidence import Evidence, Respect
from dq.report.waterfall import SILENT, Step, waterfall

EVIDENCE = Evidence(
    1 / 1025,
    (
        Respect("name", ("different", "close", "equal"), (0.1, 0.1, 0.8), (0.8, 0.1, 0.1)),
        Respect("email", ("different", "equal"), (0.5, 0.5), (0.75, 0.25)),
    ),
)


def test_the_steps_make_the_total():
    found = waterfall(EVIDENCE, (2, 1), -4.5)
    assert found.prior == pytest.approx(-10)
    assert [(step.name, step.level, round(step.bits, 6)) for step in found.steps] == [
        ("name", "equal", 3.0),
        ("email", "equal", 1.0),
    ]
    assert found.rarity == pytest.approx(1.5)
    assert found.total == -4.5
    assert found.probability == pytest.approx(1 / (1 + 2**4.5))


@pytest.mark.parametrize("gamma", [-1, None])
def test_what_is_missing_is_silent(gamma):
    found = waterfall(EVIDENCE, (gamma, 0), 0.0)
    assert found.steps[0] == Step("name", SILENT, 0.0)
    assert found.steps[1].bits == pytest.approx(math.log2(0.5 / 0.75))
    assert found.probability == 0.5


@pytest.mark.parametrize("gammas", [(3, 0), (-2, 0), (0,)])
def test_levels_that_are_none_are_refused(gammas):
    with pytest.raises(ValueError, match=r"levels|shorter"):
        waterfall(EVIDENCE, gammas, 0.0)
