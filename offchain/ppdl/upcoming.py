"""The hour that a home has not seen yet: what a model is asked about it, and what its answer means in kWh."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from offchain.errors import UserError
from offchain.ppdl.learning.features import Horizon, examples
from offchain.ppdl.learning.readings import Readings


class UpcomingError(UserError):
    """Says in one line why a home's next hour can't be foreseen."""


@dataclass(frozen=True)
class Upcoming:
    """`features` [inputs] are for the model; kWh = max(0, base + scale * answer), which only the home can compute."""

    hour: pd.Timestamp
    features: NDArray[np.float32]
    base: float
    scale: float

    @classmethod
    def of(cls, readings: Readings, horizon: Horizon) -> Upcoming:
        """Of a single home whose readings end with the last whole hour: the next hour, or the one a day later. Raises
        DataError or UpcomingError if they are too few."""
        if len(readings.households) != 1:
            raise UpcomingError("a forecast is for one home")
        past, lead = len(readings.hours), horizon.value
        hours = pd.date_range(readings.hours[0], periods=past + lead, freq="h")
        kwh = np.vstack([readings.kwh, np.full((lead, 1), np.nan)])
        found = examples(Readings(readings.households, hours, kwh), horizon, past)
        return cls(hours[-1], found.features[0, -1], float(found.base[0, -1]), float(found.scale[0]))

    def kwh(self, answer: float) -> float:
        """The forecast for an answer in units of the scaled target."""
        return max(0.0, self.base + self.scale * answer)
