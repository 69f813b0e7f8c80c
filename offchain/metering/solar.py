"""What a rooftop on Jeju makes on a clear day, by pvlib."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pvlib
from numpy.typing import NDArray

JEJU = pvlib.location.Location(33.38, 126.55, tz="Asia/Seoul", altitude=50, name="Jeju")
TILT, AZIMUTH = 25, 180
TEMPERATURE_COEFFICIENT = -0.004
SYSTEM_LOSSES = 0.14


def clear_day_yield(day: date) -> NDArray[np.float64]:
    """Energy per hour of the day from 1 kW of modules facing south, shape (24,), in kWh.

    Ineichen clear sky with pvlib's turbidity climatology, isotropic sky, Faiman cell temperature at 20 degrees of air,
    PVWatts modules and inverter with its default system losses of 14 %.
    """
    middles = pd.date_range(f"{day} 00:30", periods=24, freq="h", tz=JEJU.tz)
    sun = JEJU.get_solarposition(middles)
    sky = JEJU.get_clearsky(middles)
    plane = pvlib.irradiance.get_total_irradiance(
        TILT, AZIMUTH, sun["apparent_zenith"], sun["azimuth"], sky["dni"], sky["ghi"], sky["dhi"]
    )["poa_global"].fillna(0)
    cell = pvlib.temperature.faiman(plane, temp_air=20)
    direct = pvlib.pvsystem.pvwatts_dc(plane, cell, 1000, TEMPERATURE_COEFFICIENT) * (1 - SYSTEM_LOSSES)
    watts = pvlib.inverter.pvwatts(direct, 1000)
    kilowatts: NDArray[np.float64] = np.clip(watts.to_numpy(np.float64) / 1000, 0, None)
    return kilowatts
