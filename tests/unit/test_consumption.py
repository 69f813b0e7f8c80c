"""Household consumption: bundled, and read from files good and bad."""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from offchain.metering.consumption import bundled_day, read_day
from offchain.metering.readings_file import DataError

DAY = date(2024, 3, 5)


def csv(rows: list[str], header: str = "reading_datetime,a,b") -> str:
    return "\n".join([header, *rows]) + "\n"


def full_day(day: date = DAY, values: str = "1.5,0.25") -> list[str]:
    return [f"{day} {hour:02}:00:00,{values}" for hour in range(24)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "homes.csv"


def test_bundled_profiles_are_plausible_and_the_same_every_time() -> None:
    first, second = bundled_day(24), bundled_day(24)
    assert first.kwh.shape == (24, 24)
    assert np.array_equal(first.kwh, second.kwh)
    assert (first.kwh > 0).all()
    daily = first.kwh.sum(axis=0)
    assert 6 < daily.mean() < 14
    assert first.kwh[18:22].mean() > 2 * first.kwh[1:5].mean()
    assert len(set(first.households)) == 24


def test_a_day_is_read_in_any_order_of_rows(file: Path) -> None:
    rows = [f"{DAY} {hour:02}:00:00,{hour},{hour / 10}" for hour in reversed(range(24))]
    file.write_text(csv(rows))
    read = read_day(file, DAY, 10)
    assert read.day == DAY
    assert read.households == ["a", "b"]
    assert read.kwh[:, 0].tolist() == list(range(24))
    assert read.kwh[7, 1] == pytest.approx(0.7)


def test_a_gzipped_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "homes.csv.gz"
    path.write_bytes(gzip.compress(csv(full_day()).encode()))
    assert read_day(path, None, 10).kwh.sum() == pytest.approx(24 * 1.75)


def test_households_with_gaps_on_the_day_are_left_out(file: Path) -> None:
    rows = full_day()
    rows[5] = f"{DAY} 05:00:00,,0.25"
    file.write_text(csv(rows))
    assert read_day(file, DAY, 10).households == ["b"]


def test_the_day_with_most_complete_households_is_chosen(file: Path) -> None:
    later = date(2024, 3, 6)
    file.write_text(csv([*full_day(values="1,"), *full_day(later)]))
    assert read_day(file, None, 10).day == later


def test_at_most_so_many_households_are_taken(file: Path) -> None:
    file.write_text(csv(full_day()))
    assert read_day(file, DAY, 1).households == ["a"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "can't be read as CSV"),
        ("time,a\n2024-03-05 00:00:00,1\n", "needs a column reading_datetime"),
        ("reading_datetime\n2024-03-05 00:00:00\n", "one column a household"),
        (csv(["yesterday,1,1"]), "row 2, column reading_datetime: 'yesterday' is no time"),
        (
            csv([*full_day(), full_day()[3]]),
            "row 26, column reading_datetime: '2024-03-05 03:00:00' stands there twice",
        ),
        (csv(["2024-03-05 00:15:00,1,1"]), "row 2, column reading_datetime: '2024-03-05 00:15:00' is not on the hour"),
        (csv([*full_day()[:4], "2024-03-05 04:00:00,1,x"]), "row 6, column b: 'x' is no number"),
        (csv(["2024-03-05 00:00:00,-1,1"]), "row 2, column a: '-1' is not between 0 and 1,000 kWh"),
        (csv(["2024-03-05 00:00:00,inf,1"]), "row 2, column a: 'inf' is not between 0 and 1,000 kWh"),
        (csv(full_day()[:23]), "no household has all 24 hours of 2024-03-05"),
        (csv([]), "has no rows"),
        (csv(full_day(date(1850, 1, 1))), "1850-01-01 is before 1970"),
        (csv(["05/06/2013 00:00,1,1"]), "row 2, column reading_datetime: '05/06/2013 00:00' is no time"),
        ("\x00\x01\x02", "needs a column reading_datetime"),
    ],
)
def test_a_file_that_cant_be_used_is_named_with_row_and_column(file: Path, content: str, why: str) -> None:
    """P9: one line, no traceback."""
    file.write_text(content)
    with pytest.raises(DataError) as refused:
        read_day(file, None, 10)
    assert why in str(refused.value)
    assert file.name in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_day_that_is_not_there_is_named(file: Path) -> None:
    """P9: the day is told."""
    file.write_text(csv(full_day()))
    with pytest.raises(DataError, match="no household has all 24 hours of 2020-01-01"):
        read_day(file, date(2020, 1, 1), 10)


def test_a_binary_file_and_a_missing_one_are_refused(file: Path) -> None:
    """P9: also what is no text at all."""
    with pytest.raises(DataError, match="can't be read as CSV"):
        read_day(file, None, 10)
    file.write_bytes(bytes(range(128, 256)))
    with pytest.raises(DataError, match="can't be read as CSV"):
        read_day(file, None, 10)
