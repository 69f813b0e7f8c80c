"""What microgrids will make and use: forecasts by models that the homes learn together from the weeks before.

The models, features and federated rounds are those of `offchain.ppdl`: one for demand, one for PV, each a day ahead.
The sum of the updates is the one that secure aggregation gives; here, where all homes are one process, it is added in
the clear.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from offchain.ppdl.learning.features import WARM_UP, Horizon, Quantity, examples
from offchain.ppdl.learning.federation import federate
from offchain.ppdl.learning.model import Model, Perceptron, to_parameters
from offchain.ppdl.learning.readings import Readings
from offchain.ppdl.learning.training import ClientData, Training
from offchain.ppdl.learning.update import Lanes
from offchain.simulate.season.households import AHEAD
from offchain.simulate.season.inputs import Inputs

ROUNDS = 20
LEAST_BEFORE = WARM_UP + 7 * AHEAD
"""Hours before the season that it takes to learn."""


@dataclass(frozen=True)
class Forecast:
    """A `Foresight`. `net` is what microgrids make less what they use, Wh, shape (hours + 24, microgrids); `error` is
    the RMSE of demand over its mean, by home in the median, and None where nothing was learned."""

    net: NDArray[np.float64]
    error: float | None

    def __call__(self, hour: int) -> NDArray[np.float64]:
        """Of the day from an hour on."""
        return self.net[hour : hour + AHEAD]


class _Open:
    """Lets every model follow: nobody here sends a wrong one."""

    def judge(self, model: Model, old: Lanes, new: Lanes) -> tuple[int, int, bool]:
        """No test set, no loss."""
        return 0, 0, True


def foresee(inputs: Inputs) -> Forecast:
    """Learns from the weeks before the season and forecasts each of its hours from readings a day old. Where too few
    weeks are known, each hour is foreseen as the one a day before it, and the first day as nothing."""
    season, before = inputs.season, len(inputs.used_before)
    used = np.concatenate([inputs.used_before, season.used]) / 1000
    made = np.concatenate([inputs.made_before, season.made]) / 1000
    if before < LEAST_BEFORE:
        net, error = _day_before(season.made - season.used), None
    else:
        hours = pd.date_range(pd.Timestamp(season.start) - pd.Timedelta(hours=before), periods=len(used), freq="h")
        demand = _learned(used, hours, before, Quantity.DEMAND, season.seed)
        roofs = made.any(axis=0)
        generation = np.zeros_like(demand)
        if roofs.any():
            generation[:, roofs] = _learned(made[:, roofs], hours, before, Quantity.GENERATION, season.seed)
        off = np.sqrt(((demand - used[before:]) ** 2).mean(axis=0)) / np.maximum(used[before:].mean(axis=0), 1e-9)
        net, error = (generation - demand) * 1000, float(np.median(off))
    by_microgrid = np.zeros((len(season.used) + AHEAD, len(season.microgrids)))
    np.add.at(by_microgrid.T, season.places, np.vstack([net, net[-AHEAD:]]).T)
    return Forecast(by_microgrid, error)


def _day_before(net: NDArray[np.int64]) -> NDArray[np.float64]:
    shifted = np.vstack([np.zeros((AHEAD, net.shape[1])), net[:-AHEAD]])
    return shifted[: len(net)]


def _learned(
    kwh: NDArray[np.float64], hours: pd.DatetimeIndex, before: int, quantity: Quantity, seed: int
) -> NDArray[np.float64]:
    """Forecasts of the hours from `before` on, kWh, shape (hours, homes)."""
    names = [f"home {number}" for number in range(kwh.shape[1])]
    found = examples(Readings(names, hours, kwh), Horizon.DAY_AHEAD, before, quantity=quantity)
    data = ClientData.of(found.between(0, before), names)
    model, training = Perceptron(), Training(rounds=ROUNDS, seed=seed)
    state = model.initial(seed)
    for done in federate(model, data, _Open(), training, state):
        state = done.state
    everything = ClientData.of(found, names)
    parameters = to_parameters(state).expand(len(names), -1)
    answers: NDArray[np.float32] = model.forward(parameters, everything.features).detach().numpy()
    return found.kwh(answers)[:, before:].T.astype(np.float64)
