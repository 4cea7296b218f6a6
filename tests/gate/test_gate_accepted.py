"""Accepted failures: known ones until their day, and the baseline, which only shrinks by itself."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from dq.errors import ConfigurationError
from dq.gate import Accepted, Beside, Entry, judge, named_by
from dq.pipeline.baselines import accepting, read_baseline, shrunk, write_baseline
from dq.rules import Check, Known

KEY = named_by("leads", "key")
RULE = Check(name="there", check="completeness", field="a", severity="error")
FRESH = Check(name="fresh", check="freshness", field="d", max_age=60, severity="error")
NOW = datetime(2026, 7, 31, tzinfo=UTC)


def _judged(values, accepted=None, rule=RULE, lasting=True):
    frame = pl.DataFrame(
        {"key": [str(n) for n in range(len(values))], "a": values, "d": "2020-01-01"}, schema_overrides={"a": pl.String}
    )
    return judge(frame, [rule], KEY, "leads", Beside(now=NOW, accepted=accepted or Accepted(), lasting=lasting))


def _known(today, **said):
    known = Known(**{"rule": "there", "reason": "moved", "until": date(2026, 7, 31), **said})
    return Accepted(known=(known,), today=today)


@pytest.mark.parametrize(
    ("said", "status", "known"),
    [
        ({}, "known", 3),
        ({"rows": 3}, "known", 3),
        ({"rows": 2}, "error", 2),
        ({"where": "key = '0'"}, "error", 1),
        ({"where": "key <> '9'"}, "known", 3),
        ({"where": "a = 'x'"}, "error", 0),
        ({"rule": "other"}, "error", 0),
    ],
)
def test_known_failures(said, status, known):
    report = _judged([None, None, "", "x"], _known(date(2026, 7, 31), **said))
    [verdict] = report.verdicts
    assert (verdict.status, verdict.failed, verdict.known, verdict.new) == (status, 3, known, 3 - known)
    assert (report.baseline.known, report.baseline.new) == (known, 3 - known)
    assert report.scores == {"completeness": 0.25}


def test_known_failures_fail_again_after_their_day_and_say_so():
    [on_the_day] = _judged([None], _known(date(2026, 7, 31))).verdicts
    [day_after] = _judged([None], _known(date(2026, 8, 1), owner="crm")).verdicts
    assert (on_the_day.status, on_the_day.notes) == ("known", ("known until 2026-07-31: moved",))
    assert (day_after.status, day_after.known) == ("error", 0)
    assert day_after.notes == ("was accepted until 2026-07-31, which is over: moved (crm)",)
    assert _judged(["x"], _known(date(2026, 8, 1))).verdicts[0].notes == ()


def test_a_rule_about_the_whole_table_can_be_known_too():
    assert _judged(["x"], rule=FRESH).verdicts[0].status == "error"
    assert _judged(["x"], _known(date(2026, 7, 1), rule="fresh"), FRESH).verdicts[0].status == "known"
    assert _judged(["x"], _known(date(2026, 8, 1), rule="fresh"), FRESH).verdicts[0].status == "error"


def _held(baseline):
    return Accepted(baseline.get("leads", {}))


def test_the_life_of_a_baseline(tmp_path):
    path = tmp_path / "rules" / "baseline.json"
    write_baseline(path, accepting([_judged([None, None, "x", "x"])], {"other": {"rule": Entry(3)}}))
    first = read_baseline(path)
    assert (first["leads"]["there"].failed, first["other"]["rule"].failed) == (2, 3)

    same = _judged([None, None, "x", "x"], _held(first))
    assert ([v.status for v in same.verdicts], same.passed, shrunk([same], first)) == (["known"], True, first)

    fixed = _judged(["x", None, "x", "x"], _held(first))
    assert (fixed.verdicts[0].status, fixed.baseline.fixed) == ("known", 1)
    second = shrunk([fixed], first)
    assert (second["leads"]["there"].failed, second["other"]) == (1, first["other"])

    moved = _judged(["x", None, None, "x"], _held(second))
    assert (moved.verdicts[0].status, moved.verdicts[0].new, moved.verdicts[0].sample) == ("error", 1, ("2",))
    assert shrunk([moved], second) == second

    back = _judged([None, None, "x", "x"], _held(second))
    assert (back.verdicts[0].status, back.verdicts[0].sample) == ("error", ("0",))

    clean = _judged(["x", "x"], _held(second))
    assert (clean.verdicts[0].status, clean.baseline.fixed, shrunk([clean], second)["leads"]) == ("passed", 1, {})


def test_without_lasting_keys_only_the_number_counts():
    baseline = accepting([_judged([None, None, "x"], lasting=False)], {})
    assert baseline["leads"]["there"] == Entry(2)
    assert _judged(["x", None, None], _held(baseline), lasting=False).verdicts[0].status == "known"
    worse = _judged([None, None, None], _held(baseline), lasting=False)
    assert (worse.verdicts[0].status, worse.verdicts[0].new) == ("error", 1)
    better = _judged([None, "x", "x"], _held(baseline), lasting=False)
    assert shrunk([better], baseline)["leads"]["there"] == Entry(1)


def test_a_rule_that_was_not_judged_keeps_what_is_accepted():
    baseline = accepting([_judged([None])], {})
    skipped = judge(pl.DataFrame({"key": ["0"]}), [RULE], KEY, "leads")
    assert shrunk([skipped], baseline) == baseline


def test_a_threshold_is_for_what_is_new():
    rule = RULE.model_copy(update={"max_rows": 1})
    baseline = accepting([_judged([None, None, "x", "x"], rule=rule)], {})
    assert _judged([None, None, None, "x"], _held(baseline), rule).verdicts[0].status == "known"
    assert _judged([None, None, None, None], _held(baseline), rule).verdicts[0].status == "error"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format_version": 1}', '{"format_version": 9, "targets": {}}'])
def test_a_file_that_is_no_baseline_is_named(tmp_path, text):
    path = tmp_path / "b.json"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=r"b\.json"):
        read_baseline(path)
    with pytest.raises(ConfigurationError, match="update-baseline"):
        read_baseline(tmp_path / "none.json")
