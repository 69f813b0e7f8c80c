"""What panels make under a sky, and what a rooftop on Jeju makes on a clear day, by pvlib."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pvlib
from numpy.typing import ArrayLike, NDArray

JEJU = pvlib.location.Location(33.38, 126.55, tz="Asia/Seoul", altitude=50, name="Jeju")
TILT, AZIMUTH = 25, 180
TEMPERATURE_COEFFICIENT = -0.004
SYSTEM_LOSSES = 0.14


def clear_day_yield(day: date) -> NDArray[np.float64]:
    """Energy per hour of the day from 1 kW of modules facing south, shape (24,), in kWh."""
    return clear_yield(day, 1)


def clear_yield(first: date, days: int, azimuth: float = AZIMUTH) -> NDArray[np.float64]:
    """Energy per hour from 1 kW of modules, shape (24 days,), in kWh: under the Ineichen clear sky with pvlib's
    turbidity climatology, at 20 degrees of air."""
    middles = pd.date_range(f"{first} 00:30", periods=24 * days, freq="h", tz=JEJU.tz)
    sun = JEJU.get_solarposition(middles)
    sky = JEJU.get_clearsky(middles).assign(zenith=sun["apparent_zenith"], azimuth=sun["azimuth"])
    return power(sky, 1, TILT, azimuth, 20) / 1000


def power(sky: pd.DataFrame, kw: float, tilt: float, azimuth: float, air: ArrayLike) -> NDArray[np.float64]:
    """Power in W, one a row of `sky` (`ghi`, `dhi`, `dni` in W a square metre, the sun's `zenith` and `azimuth` in
    degrees), of so many kW of modules at a tilt and azimuth in degrees, in air of so many degrees Celsius.

    Isotropic sky, Faiman cell temperature, PVWatts modules and inverter with its default system losses of 14 %.
    """
    plane = pvlib.irradiance.get_total_irradiance(
        tilt, azimuth, sky["zenith"], sky["azimuth"], sky["dni"], sky["ghi"], sky["dhi"]
    )["poa_global"].fillna(0)
    cell = pvlib.temperature.faiman(plane, air)
    direct = pvlib.pvsystem.pvwatts_dc(plane, cell, kw * 1000, TEMPERATURE_COEFFICIENT) * (1 - SYSTEM_LOSSES)
    watts: NDArray[np.float64] = np.clip(np.asarray(pvlib.inverter.pvwatts(direct, kw * 1000), np.float64), 0, None)
    return watts
