"""The best trades of a month, against trying many others."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.advice.best import best
from offchain.advice.bill import bill
from offchain.advice.marginal import further_kwh
from offchain.advice.tariff import Tariff, load
from offchain.advice.trade import Month, Trades, worth
from offchain.advice.usage import Period, Usage

START = datetime(2024, 7, 1, 6, tzinfo=ZoneInfo("Asia/Seoul"))
JULY = Period.month(2024, 7)
LOW, JEJU = load("kepco_residential_low"), load("kepco_jeju_time_of_use")
ROUNDING = 25.0
"""What items and totals that are cut may hide."""


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(50_000, 1_300_000),
    st.sampled_from([LOW, JEJU]),
    st.sampled_from([0.0, 120.0]),
)
def test_no_other_trades_are_worth_more(seed: int, total: int, tariff: Tariff, feed_in: float) -> None:
    """V5 of a hundred others: of any purchases, of the cheapest so far, of any sales; nothing without a price."""
    random = np.random.default_rng(seed)
    hours = 40
    drawn = random.multinomial(total, random.dirichlet(np.ones(hours)))
    given = random.integers(0, 3_000, hours)
    price = np.where(random.random(hours) < 0.1, np.nan, random.uniform(0, 900, hours))
    month = Month(Usage(START, drawn), Usage(START, given), price, feed_in)
    trades, found = best(tariff, month, JULY)
    assert not (trades.bought + trades.sold)[np.isnan(price)].any()
    there = np.where(np.isnan(price), 0, 1)
    order = np.argsort(price, kind="stable")
    for _ in range(50):
        any_bought = (drawn * there * random.random(hours)).astype(np.int64)
        any_sold = (given * there * random.random(hours)).astype(np.int64)
        cheapest = np.zeros(hours, np.int64)
        some = order[: random.integers(0, hours)]
        cheapest[some] = (drawn * there)[some]
        for other in (Trades(any_bought, any_sold), Trades(cheapest, trades.sold)):
            assert worth(tariff, month, other, JULY).made <= found.made + ROUNDING


def test_a_step_to_a_lower_tier_is_worth_its_base() -> None:
    """V5 five kWh above the tier that has a base of 7,300 won are bought even at more than a kWh of it costs."""
    month = Month(Usage(START, np.array([455_000])), Usage(START, np.array([0])), np.array([800.0]))
    assert further_kwh(LOW, [START], Fraction(455))[0] < 800
    trades, found = best(LOW, month, JULY)
    assert trades.bought.tolist() == [5_000]
    less = bill(LOW, Usage(START, np.array([450_000])), JULY).total
    assert found.made == pytest.approx(float(found.alone.total - less) - 5 * 800)
    assert found.made > 4_000


@pytest.mark.parametrize("tariff", [LOW, JEJU])
@pytest.mark.parametrize("kwh", [100, 320, 600])
def test_a_further_kwh_is_what_it_adds_to_the_bill(tariff: Tariff, kwh: int) -> None:
    """V5 with charges and taxes, to the rounding of a bill."""
    bills = [bill(tariff, Usage(START, np.array([wh])), JULY).total for wh in (kwh * 1_000, (kwh + 10) * 1_000)]
    assert float(bills[1] - bills[0]) / 10 == pytest.approx(further_kwh(tariff, [START], Fraction(kwh))[0], abs=2.5)
