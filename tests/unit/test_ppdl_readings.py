"""Hourly readings: made up, from files good and bad, from the database."""

from __future__ import annotations

import sqlite3
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from offchain.metering.readings_file import DataError
from offchain.ppdl.learning.database import add_readings, read_database
from offchain.ppdl.learning.readings import Readings, bundled, read_csv

HEADER = "reading_datetime,a\n"
BERLIN = "Europe/Berlin"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "homes.csv"


def rows(*times: str) -> str:
    return HEADER + "".join(f"{time},{place}\n" for place, time in enumerate(times, 1))


def values(readings: Readings) -> list[float | None]:
    return [None if np.isnan(value) else value for value in readings.kwh[:, 0].tolist()]


def test_bundled_homes_are_plausible_and_the_same_every_time() -> None:
    first, second = bundled(24, 6), bundled(24, 6)
    assert first.kwh.shape == (6 * 168, 24)
    assert np.array_equal(first.kwh, second.kwh)
    assert (first.kwh > 0).all()
    daily = first.kwh.reshape(-1, 24, 24)
    assert 6 < daily.sum(axis=1).mean() < 16
    assert daily[:, 18:22].mean() > 2 * daily[:, 1:5].mean()
    midday = daily[:, 11:14].mean(axis=1)
    free = np.asarray(first.hours[::24].dayofweek >= 5)
    assert abs(midday[free].mean() / midday[~free].mean() - 1) > 0.02
    assert not np.array_equal(daily[0], daily[7])


def test_quarters_are_summed_to_hours_and_an_hour_without_a_part_is_missing(file: Path) -> None:
    file.write_text(rows(*(f"2024-03-05 00:{minute:02}" for minute in (0, 15, 30, 45)), "2024-03-05 01:00"))
    read = read_csv(file)
    assert values(read) == [10, None]
    assert read.hours.tolist() == [pd.Timestamp("2024-03-05 00:00"), pd.Timestamp("2024-03-05 01:00")]


@pytest.mark.parametrize("minutes", [20, 30])
def test_other_steps_are_summed(file: Path, minutes: int) -> None:
    file.write_text(rows(*(f"2024-03-05 00:{minute:02}" for minute in range(0, 60, minutes))))
    assert values(read_csv(file)) == [sum(range(1, 60 // minutes + 1))]


def test_gaps_stay_gaps_and_rows_may_stand_in_any_order(file: Path) -> None:
    file.write_text(HEADER + "2024-03-05 03:00,4\n2024-03-05 00:00,1\n2024-03-05 01:00,\n")
    assert values(read_csv(file)) == [1, None, None, 4]


def test_times_with_an_offset_are_exact(file: Path) -> None:
    file.write_text(rows("2024-10-27T02:00+02:00", "2024-10-27 02:00 +01", "2024-10-27T02:00Z"))
    read = read_csv(file, BERLIN)
    assert values(read) == [1, 2, 3]
    assert [hour.hour for hour in read.hours] == [2, 2, 3]
    assert [hour.hour for hour in read_csv(file).hours] == [2, 3, 4]


def test_hours_of_a_zone_at_half_past_are_its_own(file: Path) -> None:
    file.write_text(rows("2024-03-05 00:00+05:30", "2024-03-05 00:30+05:30", "2024-03-05 01:00+05:30"))
    read = read_csv(file)
    assert values(read) == [3, None]
    assert read.hours[0].isoformat() == "2024-03-05T00:00:00+05:30"


def test_when_clocks_go_back_the_hour_shown_twice_is_two_hours(file: Path) -> None:
    file.write_text(rows("2024-10-27 01:00", "2024-10-27 02:00", "2024-10-27 02:00", "2024-10-27 03:00"))
    read = read_csv(file, BERLIN)
    assert values(read) == [1, 2, 3, 4]
    assert len(set(read.hours)) == 4


def test_when_clocks_go_forward_no_hour_is_missing(file: Path) -> None:
    file.write_text(rows("2024-03-31 01:00", "2024-03-31 03:00"))
    assert values(read_csv(file, BERLIN)) == [1, 2]
    assert values(read_csv(file)) == [1, None, 2]


@pytest.mark.parametrize(
    ("content", "zone", "why"),
    [
        (
            rows("2024-03-31 02:30"),
            BERLIN,
            "row 2, column reading_datetime: '2024-03-31 02:30' is no time that clocks in",
        ),
        (
            rows(*["2024-10-27 02:00"] * 3),
            BERLIN,
            "row 4, column reading_datetime: '2024-10-27 02:00' stands there twice",
        ),
        (
            rows(*["2024-10-28 02:00"] * 2),
            None,
            "row 3, column reading_datetime: '2024-10-28 02:00' stands there twice",
        ),
        (
            rows("2024-03-05 00:00", "2024-03-05 00:05"),
            None,
            "row 3, column reading_datetime: '2024-03-05 00:05' is not on",
        ),
        (
            rows("2024-03-05 00:00", "2024-03-05 01:10"),
            None,
            "row 3, column reading_datetime: '2024-03-05 01:10' is not on",
        ),
        (
            rows("2024-03-05 00:00", "2024-03-05 01:00Z"),
            None,
            "row 2, column reading_datetime: '2024-03-05 00:00' has no",
        ),
        (rows("2024-03-05 00:00+16:00"), None, "row 2, column reading_datetime: '2024-03-05 00:00+16:00' is no time"),
        (rows("2024-03-05 00:00"), "Mars/Olympus", "'Mars/Olympus' is no time zone"),
        (rows("2024-03-05 00:00"), "../etc/passwd", "'../etc/passwd' is no time zone"),
        (rows("1970-03-05 00:00", "2024-03-05 00:00"), None, "are more than 30 years"),
        (HEADER + "2024-03-05 00:00,1\n2024-03-05 01:00,x\n", None, "row 3, column a: 'x' is no number"),
        (HEADER + "2024-03-05 00:00,-1\n", None, "row 2, column a: '-1' is not between 0 and 1,000 kWh"),
    ],
)
def test_a_file_that_cant_be_used_is_named_with_row_and_column(
    file: Path, content: str, zone: str | None, why: str
) -> None:
    """P9: one line, no traceback."""
    file.write_text(content)
    with pytest.raises(DataError) as refused:
        read_csv(file, zone)
    assert why in str(refused.value)
    assert "\n" not in str(refused.value)


def test_households_with_gaps_or_zeros_are_left_out() -> None:
    kwh = np.ones((100, 4))
    kwh[:8, 0] = np.nan
    kwh[:7, 1] = np.nan
    kwh[:40, 2] = 0
    kwh[:39, 3] = 0
    readings = Readings(list("abcd"), pd.date_range("2024-03-05", periods=100, freq="h"), kwh)
    assert readings.usable().households == ["b", "d"]
    with pytest.raises(DataError, match="no household has enough readings"):
        readings.usable(present=1.1)


def test_a_period_is_from_midnight_until_before_midnight() -> None:
    read = bundled(1, 2).between(date(2026, 1, 6), date(2026, 1, 8))
    assert [str(read.hours[0]), str(read.hours[-1])] == ["2026-01-06 00:00:00", "2026-01-07 23:00:00"]
    assert len(read.kwh) == 48
    with pytest.raises(DataError, match="no readings from 2030-01-01"):
        read.between(date(2030, 1, 1), None)


def test_the_database_gives_what_was_put_in(tmp_path: Path) -> None:
    path, start = tmp_path / "readings.db", 1_700_002_800
    add_readings(path, [("b", start, 1.0), ("b", start + 1800, 2.0), ("a", start + 3600, 4.0)])
    add_readings(path, [("b", start, 0.5), ("a", start + 5400, 0.25)])
    read = read_database(path, "Asia/Seoul")
    assert read.households == ["a", "b"]
    assert read.hours[0].isoformat() == "2023-11-15T08:00:00+09:00"
    assert np.array_equal(read.kwh, [[np.nan, 2.5], [4.25, np.nan]], equal_nan=True)


def test_a_database_that_cant_be_used_is_told(tmp_path: Path) -> None:
    """P9: neither a wrong row nor a wrong file changes anything."""
    path = tmp_path / "readings.db"
    add_readings(path, [("a", 0, 1.0)])
    for wrong in (-1.0, 1001.0, float("nan")):
        with pytest.raises(DataError, match="can't be written"):
            add_readings(path, [("b", 0, 1.0), ("a", 3600, wrong)])
    assert read_database(path).households == ["a"]
    add_readings(path, [("a", 3601, 1.0)])
    with pytest.raises(DataError, match=r"1970-01-01 01:00:01.* is not on a step"):
        read_database(path)
    for content, why in ((b"not a database at all, for sure", "can't be read"), (b"", "can't be read")):
        path.write_bytes(content)
        with pytest.raises(DataError, match=why):
            read_database(path)
    with pytest.raises(DataError, match="no such file"):
        read_database(tmp_path / "nowhere.db")
    sqlite3.connect(tmp_path / "empty.db").execute("CREATE TABLE readings (household, start_utc, kwh)").close()
    with pytest.raises(DataError, match="has no readings"):
        read_database(tmp_path / "empty.db")
