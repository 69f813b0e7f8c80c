"""A home's next hours as a model foresees them, and how far it was off before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from offchain.ppdl.inference.integer_model import ANSWER_FRACTION, IntegerModel, quantise_features
from offchain.ppdl.learning.features import WARM_UP, Horizon, examples
from offchain.ppdl.learning.readings import Readings

FEWEST = WARM_UP + 24
"""Hours of readings that it takes."""


@dataclass(frozen=True)
class Foresight:
    """`kwh` of the hours after the last one read: one or 24, by the model's horizon. `errors` [hours read]: what came
    less what the model says of it without having seen it, NaN where it can say nothing."""

    kwh: NDArray[np.float64]
    errors: NDArray[np.float64]


def foresee(start: datetime, kwh: NDArray[np.float64], model: IntegerModel, horizon: Horizon) -> Foresight:
    """Of a home whose hours [hours] begin at `start`, in its time zone. Raises DataError if they are too few,
    ModelError if the model takes other features."""
    lead, past = horizon.value, len(kwh)
    hours = pd.date_range(pd.Timestamp(start), periods=past + lead, freq="h")
    whole = np.concatenate([kwh, np.full(lead, np.nan)])[:, None]
    found = examples(Readings(["home"], hours, whole), horizon, past)
    answers = model.answers(quantise_features(found.features[0])) / (1 << ANSWER_FRACTION)
    told = found.kwh(answers.astype(np.float32)[None, :])[0].astype(np.float64)
    errors = np.where(found.present[0, :past], kwh - told[:past], np.nan)
    return Foresight(told[past:], errors)
