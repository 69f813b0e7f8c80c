"""How good forecasts are: errors of homes, and of the sum of all homes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32] | NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Scores:
    """Means over homes of RMSE over the home's mean, and of MAE over that of the seasonal-naive forecast in training
    (MASE, Hyndman and Koehler 2006); the mean absolute error in per cent of the sum of all homes."""

    nrmse: float
    mase: float
    mape_of_sum: float


def scores(truth: Array, forecast: Array, present: Mask, naive_error: Array) -> Scores:
    """Of arrays [homes, hours] in kWh; `naive_error` [homes] is from `seasonal_naive_error`. Hours that are missing
    don't count, and the sum counts only where all are there. A home without readings or of zeros is left out."""
    off = np.where(present, forecast - truth, 0.0).astype(np.float64)
    count = present.sum(axis=1)
    mean = np.where(present, truth, 0.0).sum(axis=1, dtype=np.float64) / np.maximum(count, 1)
    counted = mean > 0
    nrmse = np.sqrt((off**2).sum(axis=1)[counted] / count[counted]) / mean[counted]
    mase = np.abs(off).sum(axis=1)[counted] / count[counted] / naive_error[counted]
    return Scores(float(nrmse.mean()), float(mase.mean()), mape(truth, forecast, present))


def mape(truth: Array, forecast: Array, present: Mask) -> float:
    """Mean absolute error of the sum of all homes, in per cent of it, over hours in which all are present (no
    number if there are none)."""
    whole = present.all(axis=0)
    total = truth[:, whole].sum(axis=0, dtype=np.float64)
    foreseen = forecast[:, whole].sum(axis=0, dtype=np.float64)
    used = total > 0
    return float("nan") if not used.any() else float(100 * np.mean(np.abs(foreseen - total)[used] / total[used]))


def seasonal_naive_error(truth: Array, naive: Array, present: Mask) -> NDArray[np.float64]:
    """The mean absolute error [homes] of the same hour last week (`naive`), over the hours of training."""
    off = np.where(present & ~np.isnan(naive), np.abs(truth - naive), np.nan).astype(np.float64)
    error: NDArray[np.float64] = np.nanmean(off, axis=1)
    return error
