from datetime import UTC, date, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dq.standardize import times

T = datetime(2026, 6, 29, 22, 13, 5, tzinfo=UTC)
TEXTS = [
    ("2026-06-29T22:13:05.000Z", T),
    ("2026-06-29T22:13:05Z", T),
    ("2026-06-29T22:13:05", T),
    ("2026-06-29 22:13:05", T),
    ("2026-06-29 22:13:05Z", T),
    ("2026-06-29 22:13:05 UTC", T),
    ("2026-06-29T22:13:05+00:00", T),
    ("2026-06-29T22:13:05+0000", T),
    ("2026-06-29T22:13:05+00", T),
    ("2026-06-30T00:13:05+02:00", T),
    ("2026-06-29T17:43:05-0430", T),
    ("2026-06-29T22:13:05.123456Z", T.replace(microsecond=123456)),
    ("2026-06-29T22:13:05.123456789Z", T.replace(microsecond=123456)),
    ("2026-06-29 22:13:05.123", T.replace(microsecond=123000)),
    ("2026-06-29T22:13", T.replace(second=0)),
    ("2026-06-29", datetime(2026, 6, 29, tzinfo=UTC)),
    (" 2026-06-29 ", datetime(2026, 6, 29, tzinfo=UTC)),
    ("1782771185", T),
    ("1782771185000", T),
    ("1970-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
    ("2026-02-30", None),
    ("2026-06-29T25:00:00Z", None),
    ("29.06.2026", None),
    ("yesterday", None),
    ("", None),
    (None, None),
]


@pytest.mark.parametrize(("text", "time"), TEXTS)
def test_edge_case_34_text_is_read_as_utc(text, time):
    frame = pl.LazyFrame({"v": [text]}, schema={"v": pl.String}).select(times.parse(pl.col("v"), pl.String()))
    assert frame.collect().item() == time


def test_a_column_of_mixed_texts_is_read_row_by_row():
    texts, expected = zip(*TEXTS, strict=True)
    frame = pl.DataFrame({"v": texts}, schema={"v": pl.String})
    assert frame.select(times.parse(pl.col("v"), pl.String())).to_series().to_list() == list(expected)


@pytest.mark.parametrize(
    ("values", "dtype", "time"),
    [
        ([1782771185], pl.Int64(), T),
        ([1782771185000], pl.Int64(), T),
        ([1782771185000000], pl.Int64(), T),
        ([1782771185.25], pl.Float64(), T.replace(microsecond=250000)),
        ([float("nan")], pl.Float64(), None),
        ([date(2026, 6, 29)], pl.Date(), datetime(2026, 6, 29, tzinfo=UTC)),
        ([T.replace(tzinfo=None)], pl.Datetime("ms"), T),
        ([T], pl.Datetime("us", "Europe/Berlin"), T),
        ([True], pl.Boolean(), None),
    ],
)
def test_columns_of_other_types_are_read(values, dtype, time):
    frame = pl.DataFrame({"v": pl.Series(values).cast(dtype)}).select(times.parse(pl.col("v"), dtype))
    assert frame.item() == time
    assert frame.dtypes == [pl.Datetime("us", "UTC")]


FORMATS = [
    (["2026-06-29T22:13:05.000Z"], "YYYY-MM-DDTHH:MM:SS.fffZ"),
    (["2026-06-29T22:13:05Z", "2026-06-29T22:13:06Z", "2026-06-29"], "YYYY-MM-DDTHH:MM:SSZ"),
    (["2026-06-29 22:13:05"], "YYYY-MM-DD HH:MM:SS"),
    (["2026-06-29 22:13:05.123456"], "YYYY-MM-DD HH:MM:SS.ffffff"),
    (["2026-06-29T22:13:05.123456+02:00"], "YYYY-MM-DDTHH:MM:SS.ffffff+00:00"),
    (["2026-06-29T22:13:05-0430"], "YYYY-MM-DDTHH:MM:SS+0000"),
    (["2026-06-29T22:13"], "YYYY-MM-DDTHH:MM"),
    (["2026-06-29"], "YYYY-MM-DD"),
    (["1782771185"], "epoch_s"),
    ([1782771185], "epoch_s"),
    ([1782771185000, None], "epoch_ms"),
    ([1782771185000000], "epoch_us"),
    (["soon", None], times.DEFAULT_FORMAT),
    ([], times.DEFAULT_FORMAT),
]


@pytest.mark.parametrize(("sample", "format_"), FORMATS)
def test_a_column_has_a_format(sample, format_):
    dtype = pl.Int64 if sample and isinstance(sample[0], int) else pl.String
    assert times.format_of(pl.Series(sample, dtype=dtype)) == format_


@pytest.mark.parametrize("format_", sorted({format_ for _, format_ in FORMATS}))
@given(moment=st.datetimes(datetime(1980, 1, 1), datetime(2099, 1, 1)))
def test_what_is_written_in_a_format_is_read_back(format_, moment):
    written = times.format_time(moment, format_)
    column = pl.Series("v", [written])
    read = column.to_frame().select(times.parse(pl.col("v"), column.dtype)).item()
    assert times.format_time(read, format_) == written
    assert times.format_of(column) == format_
    assert abs(read - moment.replace(tzinfo=UTC)) < timedelta(days=1)


def test_a_time_is_written_in_utc():
    berlin = T.astimezone(timezone(timedelta(hours=2)))
    assert times.format_time(berlin, "YYYY-MM-DDTHH:MM:SS+00:00") == "2026-06-29T22:13:05+00:00"
    assert times.format_time(berlin, "epoch_s") == 1782771185
