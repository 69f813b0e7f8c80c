"""A place's typical year, from what its weather station tells of each month: sun and temperature, hour by hour."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import numpy as np
import pandas as pd
import pvlib
from numpy.typing import NDArray

from offchain.advice.errors import AdviceError

BUNDLED = Path(__file__).parent / "climates"
MONTHS = 12
LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
MIDDLE_DAYS = (17, 16, 16, 15, 15, 11, 17, 16, 15, 15, 14, 10)
"""Of each month the day whose sun is the month's mean: Klein, Solar Energy 19, 1977."""
ANGSTROM = (0.25, 0.5)
"""What of the sun's energy gets through on a day without sunshine, and how much more in full sunshine: FAO-56."""
YEAR = 2023
"""Any year without a leap day: the sun's path hardly differs."""


class ClimateError(AdviceError):
    """Says in one line what is wrong with a climate, or that there is none of that name."""


class Climate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`temperature` of the air in degrees Celsius and `sunshine_hours` are a month's means, January first; `clearness`
    is what part of the sun's energy gets to the ground in a year."""

    name: str
    latitude: float
    longitude: float
    altitude: float
    time_zone: str
    temperature: list[float]
    sunshine_hours: list[float]
    clearness: float

    def __post_init__(self) -> None:
        if len(self.temperature) != MONTHS or len(self.sunshine_hours) != MONTHS:
            raise ValueError("temperature and sunshine_hours have 12 months")
        if min(self.sunshine_hours) < 0 or not 0 < self.clearness < 1:
            raise ValueError("sunshine is never below 0, clearness between 0 and 1")
        if not abs(self.latitude) <= 66:
            raise ValueError("places beyond the polar circles aren't supported: latitude from -66 to 66")
        if not abs(self.longitude) <= 180 or not -60 < min(self.temperature) <= max(self.temperature) < 60:
            raise ValueError("a longitude is from -180 to 180, a month's temperature from -60 to 60")
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"there is no time zone {self.time_zone!r}") from error


def load(name: str) -> Climate:
    """A bundled climate, or one of a file. Raises ClimateError."""
    path = BUNDLED / f"{name}.toml"
    if not path.exists():
        path = Path(name)
    return read(path)


def read(path: Path) -> Climate:
    """The climate in a file. Raises ClimateError."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text()), Climate)
    except OSError as error:
        known = ", ".join(sorted(one.stem for one in BUNDLED.glob("*.toml")))
        raise ClimateError(f"no climate {path} ({error.strerror}): give a file, or one of {known}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise ClimateError(f"{path} is no climate: {error}") from error


@dataclass(frozen=True)
class TypicalYear:
    """Twelve days, each a month's mean. Power in W a square metre, of hours by the clock: [12, 24]."""

    climate: Climate

    @cached_property
    def clearness(self) -> NDArray[np.float64]:
        """By month, what part of the sun's energy gets to the ground [12]: more in months with more sunshine, and so
        that the year's is the one that was measured."""
        none, full = ANGSTROM
        lengths = np.array(LENGTHS)
        day_hours = 24 / np.pi * self._sunset
        share = np.clip(np.array(self.climate.sunshine_hours) / lengths / day_hours, 0, 1)
        index = none + full * share
        above = self._outside * lengths
        found: NDArray[np.float64] = index * self.climate.clearness * above.sum() / (index * above).sum()
        return np.clip(found, 0.05, 0.8)

    @cached_property
    def daily(self) -> NDArray[np.float64]:
        """By month, what a level square metre gets in a day, in Wh [12]."""
        found: NDArray[np.float64] = self.clearness * self._outside
        return found

    @cached_property
    def irradiance(self) -> pd.DataFrame:
        """Of the 288 hours: `ghi`, `dhi` and `dni`, and the sun's `zenith` and `azimuth` in degrees.

        Diffuse part of a day: Erbs, Klein and Duffie 1982; over its hours: Liu and Jordan 1960, Collares-Pereira and
        Rabl 1979.
        """
        angle = self._hour_angle
        sunset = self._sunset[:, None]
        up = np.abs(angle) < sunset
        diffuse = np.where(up, (np.cos(angle) - np.cos(sunset)) / (np.sin(sunset) - sunset * np.cos(sunset)), 0)
        diffuse *= np.pi / 24
        a = 0.409 + 0.5016 * np.sin(sunset - np.pi / 3)
        b = 0.6609 - 0.4767 * np.sin(sunset - np.pi / 3)
        whole = diffuse * (a + b * np.cos(angle))
        whole, diffuse = (part / part.sum(axis=1, keepdims=True) for part in (whole, diffuse))
        ghi = self.daily[:, None] * whole
        dhi = np.minimum((self.daily * self._diffuse_share)[:, None] * diffuse, ghi)
        height = np.cos(np.radians(self._sun["zenith"].to_numpy()))
        high = height > np.cos(np.radians(87))
        dni = np.where(high, (ghi - dhi).ravel() / np.where(high, height, 1), 0)
        flat = {"ghi": ghi.ravel(), "dhi": dhi.ravel(), "dni": dni}
        return pd.DataFrame({**flat, "zenith": self._sun["zenith"], "azimuth": self._sun["azimuth"]}, self._hours)

    @cached_property
    def _hours(self) -> pd.DatetimeIndex:
        """The middles of the hours."""
        days = [pd.Timestamp(YEAR, month + 1, MIDDLE_DAYS[month]) for month in range(MONTHS)]
        middles = [day + pd.Timedelta(hours=hour, minutes=30) for day in days for hour in range(24)]
        return pd.DatetimeIndex(middles).tz_localize(self.climate.time_zone)

    @cached_property
    def _days(self) -> NDArray[np.int64]:
        """Of the year, from 1 on, of each of the hours [288]."""
        found: NDArray[np.int64] = self._hours.dayofyear.to_numpy(np.int64)
        return found

    @cached_property
    def _sun(self) -> pd.DataFrame:
        place = self.climate
        found: pd.DataFrame = pvlib.solarposition.get_solarposition(
            self._hours, place.latitude, place.longitude, place.altitude
        )
        return found

    @cached_property
    def _declination(self) -> NDArray[np.float64]:
        found: NDArray[np.float64] = pvlib.solarposition.declination_spencer71(self._days[::24])
        return found

    @cached_property
    def _sunset(self) -> NDArray[np.float64]:
        """The hour angle of sunset by month, in radians [12]."""
        found: NDArray[np.float64] = np.arccos(-np.tan(np.radians(self.climate.latitude)) * np.tan(self._declination))
        return found

    @cached_property
    def _hour_angle(self) -> NDArray[np.float64]:
        """The sun's, in radians [12, 24], negative before noon."""
        minutes = pvlib.solarposition.equation_of_time_spencer71(self._days)
        degrees = pvlib.solarposition.hour_angle(self._hours, self.climate.longitude, minutes)
        found: NDArray[np.float64] = np.radians((degrees + 180) % 360 - 180).reshape(MONTHS, 24)
        return found

    @cached_property
    def _outside(self) -> NDArray[np.float64]:
        """What a level square metre would get in a day above the air, in Wh [12]."""
        latitude, declination = np.radians(self.climate.latitude), self._declination
        power = pvlib.irradiance.get_extra_radiation(self._days[::24], method="spencer")
        height = np.cos(latitude) * np.cos(declination) * np.sin(self._sunset)
        height = height + self._sunset * np.sin(latitude) * np.sin(declination)
        found: NDArray[np.float64] = 24 / np.pi * power * height
        return found

    @cached_property
    def _diffuse_share(self) -> NDArray[np.float64]:
        """Of a day's energy, by month [12]."""
        k = self.clearness
        summer = self._sunset > np.radians(81.4)
        high = 1.311 - 3.022 * k + 3.427 * k**2 - 1.821 * k**3
        low = 1.391 - 3.560 * k + 4.189 * k**2 - 2.137 * k**3
        found: NDArray[np.float64] = np.clip(np.where(summer, high, low), 0.1, 1)
        return found
