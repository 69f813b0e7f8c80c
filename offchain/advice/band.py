"""How far a forecast may be off: by the errors that it made before."""

from __future__ import annotations

import numpy as np

from offchain.advice.habit import DAY, Floats, Integers

LOW, HIGH = 0.1, 0.9
"""Quantiles of errors: 8 in 10 that come lie between them (Weibull 1939: the place p (n + 1) of n)."""
DAYS, FEWEST = 28, 7
"""Of errors that are looked at, and those that it takes."""


def band(wh: Integers, at: Integers, errors: Floats, past: Integers) -> tuple[Floats, Floats]:
    """What lies below and above a forecast [hours] in Wh: the quantiles of the errors (what came less what was
    foreseen, NaN: not known) that were made at the same hour of the day in the last four weeks, `at` and `past` being
    hours of the week. Never below 0; NaN where there are too few errors."""
    low, high = np.full(len(wh), np.nan), np.full(len(wh), np.nan)
    recent, hours = errors[-DAYS * DAY :], past[-DAYS * DAY :] % DAY
    for place, hour in enumerate(at % DAY):
        of_hour = recent[(hours == hour) & ~np.isnan(recent)]
        if len(of_hour) >= FEWEST:
            low[place], high[place] = np.maximum(wh[place] + np.quantile(of_hour, (LOW, HIGH), method="weibull"), 0)
    return low, high
