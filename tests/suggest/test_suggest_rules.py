"""Which rules are suggested, which are not, and what is written of the data."""

from datetime import date, timedelta

import polars as pl
import pytest

from dq.suggest import MIN_ROWS, Suggestion, as_yaml, profiled, suggested
from dq.suggest.rounding import above, bounds, days, length, max_age, row_counts, tolerance

TODAY = date(2026, 11, 22)
COUNT = 400


def found(name: str, cells: list) -> dict[str, Suggestion]:
    """The rules of one column, by their kind."""
    frame = pl.DataFrame({name: cells})
    return {one.check: one for one in suggested(profiled(frame.lazy()), TODAY) if one.field == name}


def column(value, count: int = COUNT) -> list:
    return [value(n) for n in range(count)]


@pytest.mark.parametrize(
    ("missing", "max_share"), [(0, 0.0), (1, 0.005), (2, 0.01), (16, 0.05), (40, 0.2), (66, 0.2), (80, None)]
)
def test_a_full_column_shall_stay_full(missing, max_share):
    rules = found("notes", column(lambda n: None if n < missing else f"note {n}"))
    assert ("completeness" in rules) is (max_share is not None)
    if max_share is not None:
        assert rules["completeness"].max_share == max_share
        assert "of 400 rows are filled" in rules["completeness"].reason


@pytest.mark.parametrize(
    ("name", "value", "is_unique"),
    [
        ("id", lambda n: n, True),
        ("lead_id", lambda n: f"L{n}x", True),
        ("email", lambda n: f"a{n}@x.example", True),
        ("contact", lambda n: f"a{n}@x.example", True),
        ("linkedin_url", lambda n: f"https://linkedin.com/in/a{n}", True),
        ("name", lambda n: f"Ann {n} Lee", False),  # unique by chance
        ("amount", lambda n: n * 1.5, False),
        ("zip", lambda n: f"{n:05d}", False),
        ("created", lambda n: TODAY - timedelta(days=n), False),
        ("id", lambda n: n // 2, False),
    ],
)
def test_only_what_is_meant_as_a_key_is_unique(name, value, is_unique):
    assert ("uniqueness" in found(name, column(value))) is is_unique


def test_a_key_with_a_few_duplicates_gets_a_tolerance():
    rule = found("email", column(lambda n: f"a{max(n, 1)}@x.example"))["uniqueness"]
    assert (rule.max_share, rule.severity) == (0.01, "warning")
    assert rule.reason == "99.5 % of 400 values stand once"


def test_a_key_that_holds_is_an_error_to_break():
    rules = found("id", column(lambda n: f"K{n}"))
    assert {rules["uniqueness"].severity, rules["completeness"].severity} == {"error"}


@pytest.mark.parametrize(
    ("count", "distinct", "is_list"),
    [(400, 2, True), (400, 20, True), (400, 21, False), (400, 1, False), (60, 12, True), (60, 13, False), (29, 2, False)],
)  # fmt: skip
def test_few_values_are_a_closed_list(count, distinct, is_list):
    rules = found("status", column(lambda n: f"value {n % distinct}", count))
    assert ("membership" in rules) is is_list
    if is_list:
        assert len(rules["membership"].options["values"]) == distinct


@pytest.mark.parametrize(
    ("name", "value", "bounds_"),
    [
        ("employees", lambda n: n * 13, (0, 10_000)),
        ("balance", lambda n: n - 200.5, (-500, 500)),
        ("share", lambda n: n / 400, (0, 1)),
        ("score", lambda n: n / 4.1, (0, 100)),
        ("text", lambda n: str(n * 13), (0, 10_000)),
        ("founded", lambda n: date(2001, 3, 4) + timedelta(days=n), ("2001-01-01", "2002-12-31")),
        ("created", lambda n: TODAY - timedelta(days=n), ("2025-01-01", None)),
        ("born", lambda n: (date(1980, 1, 2) + timedelta(days=n)).isoformat(), ("1980-01-01", "1981-12-31")),
        ("id", lambda n: n, None),
        ("same", lambda n: 7, None),
        ("huge", lambda n: 1e300 * n, None),
    ],
)
def test_numbers_and_days_have_round_bounds(name, value, bounds_):
    rule = found(name, column(value)).get("range")
    assert (rule and (rule.options["min"], rule.options.get("max"))) == bounds_


@pytest.mark.parametrize(
    ("name", "value", "pattern"),
    [
        ("code", lambda n: f"ABC-{n + 100}", "[A-Z]{3}[-][0-9]{3}"),
        ("code", lambda n: f"{'AB'[n % 2 :]}/{n}", "[A-Z]{1,2}[/][0-9]{1,3}"),
        ("zip", lambda n: f"{n:05d}", "[0-9]{5}"),
        ("code", lambda n: f"AB{'-_'[n % 2]}{n}", None),
        ("uid", lambda n: f"{n:08x}-aaaa-4aaa-8aaa-{n:012x}", "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
        ("day", lambda n: (TODAY - timedelta(days=n)).isoformat(), "[0-9]{4}-[0-9]{2}-[0-9]{2}"),
        ("words", lambda n: f"some words {n}", None),
    ],
)
def test_a_shape_is_a_pattern(name, value, pattern):
    rule = found(name, column(value)).get("pattern")
    assert (rule and rule.options["pattern"]) == pattern


def test_digits_are_a_telephone_number_only_where_the_name_says_so():
    assert "pattern" in found("phone", column(lambda n: str(4_155_550_000 + n)))
    assert found("revenue", column(lambda n: str(4_155_550_000 + n)))["range"]


def test_a_few_values_of_another_shape_get_a_tolerance():
    rule = found("email", column(lambda n: "none" if n in (7, 8) else f"a{n}@x.example"))["pattern"]
    assert (rule.max_share, rule.reason) == (0.01, "99.5 % of 400 values look like an e-mail address")


def test_lengths_are_bounded():
    assert found("notes", column(lambda n: "x" * (n % 90 + 1)))["length"].options == {"max": 150}
    assert found("short", column(lambda n: f"{chr(97 + n % 25)}{chr(97 + n // 25)}"))["length"].options == {
        "min": 2,
        "max": 2,
    }


@pytest.mark.parametrize(
    ("name", "newest", "age"), [("updated_at", 2, "7d"), ("updated_at", 400, None), ("created_at", 2, None)]
)
def test_a_modified_column_shall_stay_fresh(name, newest, age):
    rules = found(name, column(lambda n: TODAY - timedelta(days=newest + n)))
    assert (rules["freshness"].options["max_age"] if age else "freshness" in rules) == (age or False)


def test_few_rows_suggest_nothing():
    frame = pl.DataFrame({"id": range(MIN_ROWS - 1), "email": ["a@x.example"] * (MIN_ROWS - 1)})
    assert suggested(profiled(frame.lazy()), TODAY) == []
    assert suggested(profiled(frame.clear().lazy()), TODAY) == []
    assert suggested(profiled(pl.LazyFrame()), TODAY) == []


def test_names_are_plain_and_stand_once():
    frame = pl.DataFrame({name: column(str) for name in ("Full Name", "full-name", "full_name", "é", "#", "\x1b[31m")})
    names = [one.name for one in suggested(profiled(frame.lazy()), TODAY)]
    assert len(set(names)) == len(names)
    assert {"full_name_present", "full_name_present_2", "full_name_present_3", "é_present", "present"} <= set(names)
    assert "\x1b" not in as_yaml(suggested(profiled(frame.lazy()), TODAY), "a\x1b\n.csv", COUNT)


def test_no_value_of_many_is_written():
    frame = pl.DataFrame(
        {
            "name": column(lambda n: f"Zebedee{n}"),
            "email": column(lambda n: f"zebedee{n}@x.example"),
            "phone": column(lambda n: f"+1 415 {5_550_000 + n}"),
            "site": column(lambda n: f"https://zebedee{n % 3}.example"),
            "owner": column(lambda n: f"zebedee{n % 3}@x.example"),
            "code": column(lambda n: f"ZEB-{n + 5000}"),
        }
    )
    told = as_yaml(suggested(profiled(frame.lazy()), TODAY), "leads.csv", COUNT).lower()
    assert "zeb" not in told
    assert "555" not in told


@pytest.mark.parametrize(
    ("share", "told"), [(0, 0), (1e-9, 0.001), (0.001, 0.002), (0.004, 0.005), (0.16, 0.2), (0.17, None), (1, None)]
)
def test_a_tolerance_is_the_next_round_share(share, told):
    assert tolerance(share) == told


def test_round_figures():
    assert [above(number) for number in (1, 3, 7, 1300, 0.004)] == [2, 5, 20, 2000, pytest.approx(0.01)]
    assert (bounds(0, 5), bounds(-3, -1), bounds(0.0, 0.5)) == ((0, 10), (-5, 0), (0, 1))
    assert (row_counts(30), row_counts(12_400), row_counts(1_000_003)) == (
        (15, 500),
        (6200, 200_000),
        (500_000, 20_000_000),
    )
    assert [length(n) for n in (1, 9, 29, 120, 900)] == [10, 20, 40, 150, 1500]
    assert [max_age(TODAY - timedelta(days=n), TODAY) for n in (0, 1, 5, 100, 300)] == [2, 7, 14, 365, None]
    assert days(date(2020, 5, 5), TODAY, TODAY) == (date(2020, 1, 1), None)
