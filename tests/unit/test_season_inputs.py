"""A season from bundled profiles or a file: the same for the same choices, whole, and refused in one line."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from offchain.errors import UserError
from offchain.simulate.season.founding import Meters
from offchain.simulate.season.inputs import MOST_LINE_KW, Choices, InputError, filled_up, season_of

WEEK = 168
SMALL = Choices(homes=8, days=7)


def written(folder: Path, days: int, gap: tuple[int, int] | None = None) -> Path:
    """Two homes from a Wednesday on: the first uses its hour's number, the second half a kWh."""
    rows = ["reading_datetime,a,b"]
    for hour in range(days * 24):
        missing = gap is not None and gap[0] <= hour < gap[1]
        rows.append(
            f"{datetime(2020, 1, 1) + timedelta(hours=hour):%Y-%m-%d %H:%M},{hour / 1000},{'' if missing else 0.5}"
        )
    file = folder / "homes.csv"
    file.write_text("\n".join(rows))
    return file


def test_the_same_choices_make_the_same_season_and_another_seed_another() -> None:
    one, again, other = season_of(SMALL), season_of(SMALL), season_of(replace(SMALL, seed=2))
    assert one.digest == again.digest != other.digest
    assert one.season.homes[0].capacity == again.season.homes[0].capacity
    for home, same in zip(one.season.homes, again.season.homes, strict=True):
        assert (home.car is None) == (same.car is None)
        if home.car and same.car:
            assert np.array_equal(home.car.driven, same.car.driven)


def test_how_homes_behave_changes_nothing_else() -> None:
    """A counterfactual differs in nothing but the behaviour: the property that every distortion rests on."""
    honest, other = season_of(SMALL), season_of(replace(SMALL, kinds={"hoarder": 2, "responsive": 3}))
    assert honest.digest == other.digest
    assert [home.behaviour for home in other.season.homes].count("hoarder") == 2
    assert [home.behaviour for home in other.season.homes].count("responsive") == 3
    for home, same in zip(honest.season.homes, other.season.homes, strict=True):
        assert (home.pv_kw, home.capacity, home.battery) == (same.pv_kw, same.capacity, same.battery)


def test_a_season_has_suns_and_prices_of_its_own_days_and_no_home_uses_more_than_its_connection() -> None:
    season = season_of(replace(SMALL, homes=30, cars=1, roofs=1)).season
    assert season.hours == WEEK
    made = season.made.reshape(7, 24, 30)
    assert (made[:, :4] == 0).all()
    assert (made[:, 12].sum(axis=1) > 0).all()
    assert season.tariff[12] == pytest.approx((184.7 + 9 + 5) * 1.127)
    for number, home in enumerate(season.homes):
        assert home.car is not None
        assert home.capacity == max(3_000, -(-season.used[:, number].max() // 1000) * 1000) + home.car.power
        assert (home.car.driven[home.car.parked] == 0).all()
        assert 0 < home.car.driven.sum() < home.car.capacity * 7
    assert {home.microgrid for home in season.homes} == {0, 1}


def test_a_file_gives_its_own_hours_with_the_weekdays_of_the_season(tmp_path: Path) -> None:
    """From the first Monday on; what is missing is as a week before, and told."""
    file = written(tmp_path, 28, gap=(15 * 24 + 3, 15 * 24 + 7))
    found = season_of(Choices(data=file, days=14, start=date(2026, 6, 1)))
    monday = 5 * 24
    assert found.season.used[:, 0].tolist() == list(range(monday, monday + 14 * 24))
    assert (found.season.used[:, 1] == 500).all()
    assert found.filled == pytest.approx(4 / (2 * 14 * 24))
    assert "2020-01-06" in found.source
    later = season_of(Choices(data=file, days=14, since=date(2020, 1, 9)))
    assert later.season.used[0, 0] == 8 * 24


def test_a_gap_is_filled_by_a_week_before_or_else_after() -> None:
    kwh = np.arange(3.0 * WEEK)[:, None].copy()
    kwh[[5, WEEK + 5, 2 * WEEK + 7]] = np.nan
    whole = filled_up(kwh)[:, 0]
    assert whole[5] == whole[WEEK + 5] == 2 * WEEK + 5
    assert whole[2 * WEEK + 7] == WEEK + 7
    assert filled_up(np.full((WEEK, 1), np.nan)).tolist() == [[0.0]] * WEEK


@pytest.mark.parametrize(
    ("choices", "says"),
    [
        (Choices(homes=1), "homes: 1 is not from 2"),
        (Choices(days=0), "days: 0"),
        (Choices(roofs=1.5), "share of homes with a roof: 1.5"),
        (Choices(cars=float("nan")), "share of homes with a car: nan"),
        (Choices(homes=2, microgrids=3), "3 microgrids need a home each"),
        (Choices(homes=4, kinds={"hoarder": 5}), "5 homes of other kinds"),
        (Choices(homes=4, kinds={"hoarder": -1}), "-1 homes can't be hoarder"),
        (Choices(since=date(2020, 1, 1)), "name one"),
        (Choices(tariff="none"), "there is no tariff none"),
        (Choices(start=date(2020, 1, 1)), "known from 2022-04-01 on"),
        (Choices(feed_in=400), "above the tariff"),
        (Choices(line_kw=4_001), "power of a line in kW: 4001 is not from 0 to 4,000"),
        (Choices(data=Path("nowhere.csv")), "nowhere.csv"),
    ],
)
def test_what_makes_no_season_is_refused_in_one_line(choices: Choices, says: str) -> None:
    """P9."""
    with pytest.raises(UserError, match=says) as caught:
        season_of(choices)
    assert "\n" not in str(caught.value)


def test_the_widest_line_has_a_meter() -> None:
    assert len(Meters.of(season_of(Choices(homes=2, days=1, line_kw=MOST_LINE_KW)).season).lines) == 1


def test_a_file_that_is_too_short_or_has_too_few_homes_is_refused(tmp_path: Path) -> None:
    """P9."""
    file = written(tmp_path, 10)
    for choices, says in (
        (Choices(data=file, days=30), "has no 30 days"),
        (Choices(data=file, days=7, since=date(2021, 1, 1)), "has no 7 days from 2021-01-01"),
        (Choices(data=file, days=2, homes=3), "2 homes have enough readings"),
    ):
        with pytest.raises(InputError, match=says):
            season_of(choices)
