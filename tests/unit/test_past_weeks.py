"""What homes used before the day of a demo: of the same file, or made up with the right weekdays."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np

from offchain.metering.consumption import BUNDLED_DAY, HOURS, bundled_day, read_day
from offchain.ppdl.learning.readings import bundled
from offchain.simulate.past_weeks import WEEKS, made_before, used_before

DAYS = 7 * WEEKS


def test_made_up_weeks_have_the_days_of_the_week() -> None:
    """The last day before a Friday is a Thursday of the made-up weeks, which begin on a Monday."""
    assert BUNDLED_DAY.weekday() == 4
    before = used_before(bundled_day(3), None)
    assert before.shape == (DAYS * HOURS, 3)
    weeks = bundled(3, WEEKS + 1)
    thursday = [place for place, hour in enumerate(weeks.hours) if hour.weekday() == 3][-HOURS:]
    assert np.array_equal(before[-HOURS:], weeks.kwh[thursday])


def test_a_file_gives_its_own_hours_and_gaps(tmp_path: Path) -> None:
    """Each hour of the weeks before stands in its place; what the file lacks is missing, the day itself isn't there."""
    day, first = date(2021, 3, 10), datetime(2021, 1, 1)
    rows = ["reading_datetime,a,b"]
    for hour in range(70 * HOURS):
        moment = first + timedelta(hours=hour)
        gap = moment == datetime(2021, 3, 9, 5)
        rows.append(f"{moment:%Y-%m-%d %H:%M},{moment.hour / 100 + moment.day:.2f},{'' if gap else 1}")
    file = tmp_path / "homes.csv"
    file.write_text("\n".join(rows))
    before = used_before(read_day(file, day, 2), file)
    midnight = datetime(day.year, day.month, day.day) - timedelta(days=DAYS)
    for place in (0, 30, DAYS * HOURS - 1):
        moment = midnight + timedelta(hours=place)
        assert before[place, 0] == round(moment.hour / 100 + moment.day, 2)
    assert np.flatnonzero(np.isnan(before[:, 1])).tolist() == [DAYS * HOURS - HOURS + 5]
    assert before[-1, 0] == 9.23


def test_panels_make_nothing_at_night_and_less_under_clouds() -> None:
    """Whole days in order, each with a sun."""
    made = made_before(date(2026, 5, 15)).reshape(DAYS, HOURS)
    assert (made[:, [0, 1, 2, 23]] == 0).all()
    assert (made[:, 12] > 0.1).all()
    assert np.array_equal(made, made_before(date(2026, 5, 15)).reshape(DAYS, HOURS))
    assert made.sum(axis=1).max() > 2 * made.sum(axis=1).min()
