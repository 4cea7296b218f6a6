"""A file keeps the rules that it suggests, whatever it holds."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dq.engine import files
from dq.gate import Beside, Report, judge, misfits, named_by
from dq.settings.qualityfile import read_quality
from dq.suggest import MIN_ROWS, as_yaml, profiled, suggested

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def held(path: Path, told: str) -> Report:
    """A file held against the text of a quality.yaml."""
    rules = path.with_suffix(".yaml")
    rules.write_text(told, encoding="utf-8")
    quality, mistakes = read_quality(rules, rules.name, Path)
    assert mistakes == []
    frame = files.read(path)
    assert misfits(quality.checks, quality.known, frame.collect_schema()) == []
    return judge(files.keyed(frame, None), quality.checks, named_by("file", "row_key"), path.name, Beside(now=NOW))


def demand_kept(frame: pl.DataFrame, path: Path) -> list[str]:
    files.write(frame, path)
    profile = profiled(files.read(path))
    found = suggested(profile, NOW.date())
    report = held(path, as_yaml(found, path.name, profile.rows))
    assert [(v.check.name, v.failed, v.measured) for v in report.verdicts if v.status != "passed"] == []
    assert len(report.verdicts) == len(found)
    return [one.name for one in found]


TEXTS = [
    st.text(max_size=12),
    st.sampled_from(["new", "yes", "null", "1", "~", "- a", "a: b", "#", "é", "", "no\nline", "'", '"']),
    st.from_regex(r"[A-Z]{2,3}-[0-9]{3,4}", fullmatch=True),
    st.from_regex(r"[0-9]{5}", fullmatch=True),
    st.from_regex(r"[a-z]{1,9}@[a-z]{1,9}\.(com|org)", fullmatch=True),
    st.from_regex(r"https?://[a-z]{2,6}\.com/[a-z]{0,3}", fullmatch=True),
    st.from_regex(r"\+1 415 [0-9]{7}", fullmatch=True),
    st.from_regex(r"20[0-9]{2}-[01][0-9]-[0-3][0-9]", fullmatch=True),
    st.from_regex(r"20[0-9]{2}-0[1-9]-[0-2][0-9]T[0-2][0-9]:[0-6][0-9](:[0-6][0-9])?(Z|\+02:00)?", fullmatch=True),
    st.uuids().map(str),
    st.floats(-1e6, 1e6).map(str),
    st.integers(-(10**6), 10**6).map(str),
    st.sampled_from(["007", "1e5", "inf", "nan", "12", "-3.5"]),
]
COLUMNS = [
    *[(pl.String, values) for values in TEXTS],
    (pl.Int64, st.integers(-(2**63), 2**63 - 1)),
    (pl.Int64, st.integers(0, 500)),
    (pl.UInt8, st.integers(0, 255)),
    (pl.Float64, st.floats()),
    (pl.Float64, st.floats(0, 1)),
    (pl.Decimal(12, 2), st.decimals(-1000, 1000, places=2, allow_nan=False)),
    (pl.Boolean, st.booleans()),
    (pl.Date, st.dates()),
    (pl.Datetime("us"), st.datetimes(datetime(1950, 1, 1), datetime(2030, 1, 1))),
    (pl.Datetime("ms", "Europe/Berlin"), st.datetimes(datetime(1990, 1, 1), datetime(2026, 11, 20), timezones=st.just(UTC))),
    (pl.List(pl.String), st.lists(st.text(max_size=3), max_size=2)),
    (pl.Categorical(), st.sampled_from(["a", "b", "c"])),
]  # fmt: skip
NAMES = [
    "id",
    "email",
    "Full Name",
    "updated_at",
    "score",
    "code",
    "phone",
    "a:b",
    "#",
    "é",
    "1",
    "yes",
    "last modified",
]


@st.composite
def frames(draw) -> pl.DataFrame:
    rows = draw(st.sampled_from([0, 5, MIN_ROWS, 60, 130]))
    names = draw(st.lists(st.sampled_from(NAMES[1:]), min_size=1, max_size=4, unique=True))
    columns = []
    for name in names:
        dtype, values = draw(st.sampled_from(COLUMNS))
        pool = draw(st.lists(values, min_size=1, max_size=40))
        rare = draw(st.sampled_from([0, 0, 3, 40]))  # of so many values one is empty
        cells = [None if rare and n % rare == 0 else pool[n * 7 % len(pool)] for n in range(rows)]
        columns.append(pl.Series(name, cells, dtype))
    return pl.DataFrame(columns)


@given(frame=frames())
@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_a_parquet_file_keeps_its_own_rules(frame: pl.DataFrame, tmp_path: Path):
    demand_kept(frame, tmp_path / "file.parquet")


@given(frame=frames())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_a_text_file_keeps_its_own_rules(frame: pl.DataFrame, tmp_path: Path):
    texts = frame.select(pl.col(n).cast(pl.String) for n, t in frame.schema.items() if not t.is_nested())
    if texts.width and texts.height:
        for suffix in (".csv", ".ndjson"):
            demand_kept(texts, tmp_path / f"file{suffix}")


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".ndjson"])
def test_a_file_of_leads_keeps_the_rules_of_its_columns(suffix: str, tmp_path: Path):
    count = 400
    frame = pl.DataFrame(
        {
            "id": [f"{n:08x}-aaaa-4aaa-8aaa-{n:012x}" for n in range(count)],
            "email": [f"user{n}@x{n % 9}.example" if n % 100 else None for n in range(count)],
            "status": [("new", "contacted", "won")[n % 3] for n in range(count)],
            "employees": [n * 13 % 5000 for n in range(count)],
            "code": [f"AB-{n:05d}" for n in range(count)],
            "updated_at": [(NOW - timedelta(days=2 + n)).strftime("%Y-%m-%dT%H:%M:%SZ") for n in range(count)],
            "created": [date(2020, 1, 1) + timedelta(days=n) for n in range(count)],
            "notes": ["x" * (n % 37 + 1) if n % 2 else None for n in range(count)],
        }
    )
    assert demand_kept(frame, tmp_path / f"leads{suffix}") == [
        "id_present", "id_unique", "id_form",
        "email_present", "email_unique", "email_form",
        "status_present", "status_known",
        "employees_present", "employees_range",
        "code_present", "code_unique", "code_form",
        "updated_at_present", "updated_at_form", "updated_at_range", "updated_at_fresh",
        "created_present", *(["created_form"] if suffix != ".parquet" else []), "created_range",
        "notes_length",
        "row_count",
    ]  # fmt: skip
