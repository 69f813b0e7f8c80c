"""Rooftop yield on Jeju."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from offchain.metering.solar import clear_day_yield


@pytest.mark.parametrize("day", [date(2026, 1, 15), date(2026, 5, 15), date(2024, 2, 29)])
def test_a_kilowatt_makes_nothing_at_night_and_less_than_its_rating_by_day(day: date) -> None:
    made = clear_day_yield(day)
    assert made.shape == (24,)
    assert np.isfinite(made).all()
    assert (made >= 0).all()
    assert (made < 1).all()
    assert made[:5].sum() == made[21:].sum() == 0
    assert made.argmax() in (11, 12, 13)


def test_a_clear_day_in_may_beats_one_in_december() -> None:
    may, december = clear_day_yield(date(2026, 5, 15)).sum(), clear_day_yield(date(2026, 12, 15)).sum()
    assert 5 < may < 8
    assert 3 < december < may
