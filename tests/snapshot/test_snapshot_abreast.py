"""Two reads at the same time: both or the first error, and neither goes on alone."""

import threading

import pytest

from dq.snapshot.abreast import abreast


def test_both_are_under_way_at_once():
    meet = threading.Barrier(2, timeout=30)
    seen = []

    def read(name):
        def reading(told):
            meet.wait()
            told(name, 1)
            return name

        return reading

    assert abreast(read("rows"), read("records"), lambda *what: seen.append(what)) == ("rows", "records")
    assert sorted(seen) == [("records", 1), ("rows", 1)]


@pytest.mark.parametrize("failing", ["first", "second"])
def test_when_one_fails_the_other_ends(failing):
    failed = threading.Event()

    def fails(_told):
        failed.set()
        raise ValueError(failing)

    def goes_on(told):
        failed.wait(30)
        for number in range(10**9):
            told(number)

    reads = (fails, goes_on) if failing == "first" else (goes_on, fails)
    with pytest.raises(ValueError, match=failing):
        abreast(*reads, lambda _number: None)
