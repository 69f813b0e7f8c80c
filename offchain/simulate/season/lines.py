"""Lines as traders: what one carries is metered at both ends, sold at the one and bought at the other.

Its operator issues what arrived, swaps as much of it as needed for energy of where it came from, in one transaction,
and settles with that what left there. Only what flowed in the hour can be moved: what can't flow isn't delivered.
"""

from __future__ import annotations

from dataclasses import dataclass

from offchain.simulate.season.behaviour import Order, Side
from offchain.simulate.season.trading import Fill, Party, Trading
from offchain.units import WATT_HOUR


@dataclass(frozen=True)
class Carriage:
    """What a line carried in an hour between two microgrids, by their places; Wh."""

    source: int
    target: int
    leaving: int
    arriving: int


def pays(trading: Trading, carriage: Carriage, now: int) -> bool:
    """Whether its operator gains by trading it, and both prices stay within their bounds."""
    if not carriage.leaving:
        return False
    bought, sold = trading.exchanges[carriage.source], trading.exchanges[carriage.target]
    cost, tokens = bought.eth_for(carriage.leaving * WATT_HOUR), carriage.arriving * WATT_HOUR
    return (
        trading.is_within(carriage.source, False, cost, now)
        and trading.is_within(carriage.target, True, tokens, now)
        and sold.eth_of(tokens) > cost
    )


def move(trading: Trading, line: Party, carriage: Carriage, now: int) -> None:
    """Swaps arrived energy for all that left, which its operator holds then."""
    bought, sold = trading.exchanges[carriage.source], trading.exchanges[carriage.target]
    given = sold.tokens_for(bought.eth_for(carriage.leaving * WATT_HOUR))
    trading.swap_energy(line, carriage.target, carriage.source, given, now)


def sell_rest(trading: Trading, line: Party, target: int, now: int) -> Fill:
    """Sells what is left of what arrived, at any price."""
    left = line.purse.watt_hours(trading.tokens[target])
    return trading.trade(line, Order(Side.SELL, left, 0.0, target), now)[-1]
