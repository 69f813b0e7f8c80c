"""What trades on the local market made beside the tariff alone, or would have made: the trades are given."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from offchain.advice.bill import CONTRACT_KW, Bill, bill, shown
from offchain.advice.tariff import Tariff
from offchain.advice.told import Told, joined, told
from offchain.advice.usage import WH, Period, Usage, UsageError


@dataclass(frozen=True)
class Month:
    """A period's hours: `drawn` from the grid and `given` to it in Wh, of the same hours; `price` of a kWh on the
    market in each, NaN where there was none; `feed_in` is what the grid pays for a kWh that isn't sold."""

    drawn: Usage
    given: Usage
    price: NDArray[np.float64]
    feed_in: float = 0.0

    def __post_init__(self) -> None:
        if self.drawn.start != self.given.start or not len(self.drawn.wh) == len(self.given.wh) == len(self.price):
            raise UsageError("use, surplus and prices are of the same hours")


@dataclass(frozen=True)
class Trades:
    """Wh that were bought and sold in each hour, at the market's price of that hour."""

    bought: NDArray[np.int64]
    sold: NDArray[np.int64]


@dataclass(frozen=True)
class Worth:
    """`made` is how much better off the home is than with `alone`: less of a bill, less what was `paid`, and what was
    `earned` beyond what the grid would have paid."""

    alone: Bill
    with_trades: Bill
    paid: float
    earned: float
    made: float
    basis: Told


def worth(tariff: Tariff, month: Month, trades: Trades, period: Period, contract_kw: Decimal = CONTRACT_KW) -> Worth:
    """Of trades of a period. What was bought and settled isn't billed. Raises UsageError for more than was drawn or
    given, or for an hour without a price."""
    for traded, whole, what in ((trades.bought, month.drawn.wh, "drawn"), (trades.sold, month.given.wh, "given")):
        if len(traded) != len(whole) or np.any(traded < 0) or np.any(traded > whole):
            raise UsageError(f"more was traded in an hour than was {what}")
    if np.isnan(month.price[(trades.bought > 0) | (trades.sold > 0)]).any():
        raise UsageError("something was traded in an hour without a price")
    price = np.nan_to_num(month.price)
    paid, earned = (float((traded * price).sum()) / WH for traded in (trades.bought, trades.sold))
    alone = bill(tariff, month.drawn, period, contract_kw)
    rest = Usage(month.drawn.start, month.drawn.wh - trades.bought)
    with_trades = bill(tariff, rest, period, contract_kw)
    fed_in = month.feed_in * int(trades.sold.sum()) / WH
    made = float(alone.total - with_trades.total) - paid + earned - fed_in
    bills = {"without": f"{alone.total:,}", "with": f"{with_trades.total:,}"}
    parts = (
        told("traded", bought=_kwh(trades.bought), sold=_kwh(trades.sold)),
        told("bills", **bills),
        told("feed_in", price=f"{month.feed_in:g}"),
    )
    return Worth(alone, with_trades, paid, earned, made, joined(parts))


def _kwh(wh: NDArray[np.int64]) -> str:
    return shown(Fraction(int(wh.sum()), WH))
