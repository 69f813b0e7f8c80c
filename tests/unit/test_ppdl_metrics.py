"""Metrics against values computed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from offchain.ppdl.learning.metrics import mape, scores, seasonal_naive_error

TRUTH = np.array([[1.0, 3.0, 2.0, 2.0], [2.0, 0.0, 4.0, 2.0]])
FORECAST = np.array([[1.0, 1.0, 2.0, 4.0], [2.0, 1.0, 9.0, 2.0]])
PRESENT = np.array([[True] * 4, [True, True, False, True]])


def test_errors_are_means_over_homes() -> None:
    """First home: RMSE sqrt(2) over a mean of 2, MAE 1. Second, three hours: sqrt(1/3) over 4/3, MAE 1/3. The sum
    counts in the first, second and last hour: 0 of 3, 1 of 3, 2 of 4."""
    found = scores(TRUTH, FORECAST, PRESENT, np.array([0.5, 1.0]))
    assert found.nrmse == pytest.approx((np.sqrt(2) / 2 + np.sqrt(1 / 3) / (4 / 3)) / 2)
    assert found.mase == pytest.approx((1 / 0.5 + 1 / 3 / 1) / 2)
    assert found.mape_of_sum == pytest.approx(100 * (0 + 1 / 3 + 2 / 4) / 3)


def test_what_is_missing_may_be_anything() -> None:
    truth, forecast = TRUTH.copy(), FORECAST.copy()
    truth[1, 2], forecast[1, 2] = np.nan, 1e9
    expected = scores(TRUTH, FORECAST, PRESENT, np.ones(2))
    assert scores(truth, forecast, PRESENT, np.ones(2)) == expected


def test_a_home_without_readings_or_of_zeros_is_left_out() -> None:
    truth, forecast = (np.concatenate([part, np.zeros((2, 4))]) for part in (TRUTH, FORECAST))
    forecast[2] = 1
    present = np.concatenate([PRESENT, [[True] * 4, [False] * 4]])
    found, expected = scores(truth, forecast, present, np.ones(4)), scores(TRUTH, FORECAST, PRESENT, np.ones(2))
    assert (found.nrmse, found.mase) == (expected.nrmse, expected.mase)


def test_hours_without_any_consumption_have_no_percentage() -> None:
    truth, forecast = np.array([[0.0, 2.0]]), np.array([[1.0, 3.0]])
    assert mape(truth, forecast, np.ones((1, 2), np.bool_)) == 50


def test_the_naive_error_is_of_hours_with_a_week_before() -> None:
    naive = np.array([[np.nan, 1.0, 1.0, 1.0], [np.nan, 1.0, 1.0, 5.0]])
    assert seasonal_naive_error(TRUTH, naive, PRESENT).tolist() == [(2 + 1 + 1) / 3, (1 + 3) / 2]
