"""What a roof would make, and when it has paid for itself."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.advice.bill import bill
from offchain.advice.climate import BUNDLED, LENGTHS, Climate, ClimateError, TypicalYear, load
from offchain.advice.roof import FADING, YEARS, Roof, RoofError, Yield, expected, payback
from offchain.advice.tariff import load as load_tariff
from offchain.advice.told import Told
from offchain.advice.usage import Period, Usage

SEOUL = ZoneInfo("Asia/Seoul")
LOW = load_tariff("kepco_residential_low")
CLIMATES = sorted(path.stem for path in BUNDLED.glob("*.toml"))
MEASURED = 3.61
"""kWh a level square metre and day, the mean of Korean stations 1982 to 2009: koreascience.kr, JAKO201128451816195."""


def year_of(wh: int, start: datetime = datetime(2023, 6, 1, tzinfo=SEOUL), days: int = 400) -> Usage:
    return Usage(start, np.full(24 * days, wh))


def yearly(kwh: float) -> Yield:
    """The same in each hour from 9 until 15."""
    curve = np.zeros((12, 24))
    curve[:, 9:15] = kwh * 1000 / 365 / 6
    return Yield(curve, Told(()))


@pytest.mark.parametrize("name", CLIMATES)
def test_a_year_is_what_was_measured(name: str) -> None:
    """Hours add up to days, the year to the station's clearness, the level to that of Korea."""
    climate = load(name)
    year = TypicalYear(climate)
    sky = year.irradiance
    ghi, dhi = (sky[column].to_numpy().reshape(12, 24) for column in ("ghi", "dhi"))
    assert ghi.sum(axis=1) == pytest.approx(year.daily)
    lengths = np.array(LENGTHS)
    assert (year.daily @ lengths) / ((year.daily / year.clearness) @ lengths) == pytest.approx(climate.clearness)
    assert year.daily @ lengths / 365_000 == pytest.approx(MEASURED, rel=0.1)
    assert np.all(dhi <= ghi + 1e-9)
    assert np.all(dhi >= 0)
    night = sky["zenith"].to_numpy().reshape(12, 24) > 97
    assert night.sum() > 100
    assert np.all(ghi[night] == 0)
    assert sky["dni"].between(0, 1100).all()


def test_the_sun_is_where_it_is() -> None:
    """Most comes about noon by the sun, 12:30 in Seoul; what comes straight and from all sides makes up the whole."""
    sky = TypicalYear(load("seoul")).irradiance
    ghi = sky["ghi"].to_numpy().reshape(12, 24)
    assert set(ghi.argmax(axis=1)) <= {11, 12}
    height = np.cos(np.radians(sky["zenith"]))
    well_up = height > 0.2
    whole = (sky["dni"] * height + sky["dhi"])[well_up]
    assert whole.to_numpy() == pytest.approx(sky["ghi"][well_up].to_numpy())


@settings(max_examples=30, deadline=None)
@given(st.floats(0.1, 50), st.floats(0, 90), st.floats(0, 359.9), st.sampled_from(CLIMATES))
def test_yield(kw: float, tilt: float, azimuth: float, name: str) -> None:
    """In proportion to the panels, never more than they have, nothing at night; level ones have no direction."""
    climate = load(name)
    found, twice = (expected(Roof(size, tilt, azimuth), climate) for size in (kw, 2 * kw))
    assert twice.curve == pytest.approx(2 * found.curve)
    assert found.curve.min() >= 0
    assert found.curve.max() <= kw * 1000
    assert found.curve[:, [0, 1, 2, 3, 22, 23]].max() == 0
    assert found.kwh == pytest.approx((found.curve.sum(axis=1) * np.array(LENGTHS)).sum() / 1000)
    assert expected(Roof(kw, 0, azimuth), climate).kwh == pytest.approx(expected(Roof(kw, 0, 180), climate).kwh)


def test_directions() -> None:
    """South makes most, north least; east in the morning, west in the afternoon; steep ones gain in winter."""
    climate = load("seoul")
    south, north, east, west = (expected(Roof(1, 30, azimuth), climate) for azimuth in (180, 0, 90, 270))
    assert south.kwh > max(east.kwh, west.kwh) > north.kwh
    assert 1000 < south.kwh < 1400
    assert east.curve[:, :11].sum() > 1.2 * west.curve[:, :11].sum()
    assert west.curve[:, 14:].sum() > 1.2 * east.curve[:, 14:].sum()
    steep = expected(Roof(1, 70, 180), climate)
    assert steep.months[0] > south.months[0]
    assert steep.months[5] < south.months[5]


def test_all_is_sold() -> None:
    """A home that uses nothing saves nothing and earns the price of each kWh; the modules fade."""
    found = payback(yearly(3650), 4_000_000, LOW, year_of(0), 150)
    assert (found.saved, found.used) == (Decimal(0), 0.0)
    assert found.surplus == pytest.approx(3660, abs=1)  # the last twelve months have a leap day
    assert found.earned == pytest.approx(found.surplus * 150)
    sums = np.cumsum([found.earned * (1 - FADING) ** year for year in range(YEARS)])
    assert found.balance == pytest.approx(sums - 4_000_000)
    assert found.years == int(np.argmax(sums >= 4_000_000)) + 1 == 8
    assert "3,661 kWh sold at 150" in str(found.basis)


def test_all_is_used() -> None:
    """What is used at once is what the bills are less; high tiers pay back sooner than low ones."""
    panels, dear, cheap = yearly(1200), year_of(1200), year_of(600)
    found = payback(panels, 2_000_000, LOW, dear, 0)
    assert found.surplus == 0
    assert found.used == pytest.approx(1203, abs=1)
    months = [Period.month(2023 + month // 12, month % 12 + 1) for month in range(6, 18)]
    rest = Usage(dear.start, dear.wh - panels.over(dear, LOW))
    assert found.saved == sum(bill(LOW, dear, one).total - bill(LOW, rest, one).total for one in months)
    slower = payback(panels, 2_000_000, LOW, cheap, 0)
    assert found.years is not None
    assert slower.saved < found.saved
    assert slower.years is not None
    assert slower.years >= found.years
    assert payback(panels, 1e9, LOW, dear, 0).years is None


def test_the_last_twelve_months() -> None:
    """What was before and after them counts nothing; hours are the home's, whatever zone the use is told in."""
    usage = year_of(500, days=500)
    whole = payback(yearly(2000), 3e6, LOW, usage, 100)
    changed = usage.wh.copy()
    changed[: 24 * 100] = 9999
    changed[-24 * 10 :] = 9999
    assert payback(yearly(2000), 3e6, LOW, Usage(usage.start, changed), 100).balance == pytest.approx(whole.balance)
    elsewhere = Usage(usage.start.astimezone(ZoneInfo("UTC")), usage.wh)
    assert payback(yearly(2000), 3e6, LOW, elsewhere, 100).balance == pytest.approx(whole.balance)


def test_what_is_no_roof() -> None:
    """P9."""
    for kw, tilt, azimuth in ((0, 30, 180), (-1, 30, 180), (float("nan"), 30, 180), (1, 91, 180), (1, 30, 360)):
        with pytest.raises(RoofError):
            Roof(kw, tilt, azimuth)
    with pytest.raises(RoofError, match="too short: it takes the twelve months from 2023-06-01 on"):
        payback(yearly(1), 1, LOW, year_of(1, days=360, start=datetime(2023, 6, 10, tzinfo=SEOUL)), 1)
    for cost, price in ((0, 1), (float("inf"), 1), (1, -1), (1, float("nan"))):
        with pytest.raises(RoofError, match="cost more than nothing"):
            payback(yearly(1), cost, LOW, year_of(1), price)


def test_what_is_no_climate(tmp_path: Path) -> None:
    """P9 one line, naming the file and what is wrong with it."""
    with pytest.raises(ClimateError, match=r"no climate atlantis .*: give a file, or one of seosan, seoul"):
        load("atlantis")
    content = (BUNDLED / "seoul.toml").read_text()
    path = tmp_path / "own.toml"
    path.write_text(content)
    assert load(str(path)) == load("seoul")
    for before, after, why in (
        ("[-2.4, 0.4,", "[0.4,", "12 months"),
        ("clearness = 0.42", "clearness = 1.2", "clearness between 0 and 1"),
        ("160.3", "-1.0", "sunshine is never below 0"),
        ("37.57", "80.0", "polar"),
        ("Asia/Seoul", "Asia/Nowhere", "time zone"),
        ("clearness =", "cleanness =", "cleanness"),
        ("25.7", "257.0", "temperature"),
        ("name =", "name = =", "own.toml is no climate"),
    ):
        path.write_text(content.replace(before, after, 1))
        with pytest.raises(ClimateError, match=why):
            load(str(path))


def test_more_sun_makes_more() -> None:
    """A month with more sunshine is clearer; the year stays what was measured."""
    dull = load("seoul")
    hours = [*dull.sunshine_hours]
    hours[6] *= 2
    sunny = Climate(**{name: getattr(dull, name) for name in dull.__struct_fields__} | {"sunshine_hours": hours})
    before, after = TypicalYear(dull), TypicalYear(sunny)
    assert after.clearness[6] > 1.2 * before.clearness[6]
    assert np.all(np.delete(after.clearness, 6) < np.delete(before.clearness, 6))
    assert after.daily @ np.array(LENGTHS) == pytest.approx(before.daily @ np.array(LENGTHS))
