"""An exchange as its contract computes it: what comes of the next trade is known before it is sent."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from offchain.exchange import PRICE_BITS, PoolState, input_price

KEPT, PERIOD = 128, 60
"""Snapshots that are kept, and seconds between two at the least."""


@dataclass
class Exchange:
    """Reserves in wei and base units, and what the time-weighted average is made of. Times are Unix seconds."""

    eth: int
    tokens: int
    time: int = 0
    cumulative: int = 0
    snapshots: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=KEPT))

    @property
    def spot(self) -> int:
        """The price, UQ112.112."""
        return (self.eth << PRICE_BITS) // self.tokens

    @property
    def price(self) -> float:
        """ETH a kWh at the margin."""
        return self.eth / self.tokens

    def accumulated(self, now: int) -> int:
        """The sum of prices by seconds until now; never wraps here, as it does on the chain after ages."""
        return self.cumulative + self.spot * (now - self.time)

    def observe(self, now: int) -> None:
        """Takes a snapshot, if the last one is old enough."""
        if self.snapshots and now - self.snapshots[-1][0] < PERIOD:
            return
        self._advance(now)
        self.snapshots.append((now, self.cumulative))

    def average(self, window: int, now: int) -> int:
        """The time-weighted average since the youngest snapshot that is as old as the window, UQ112.112."""
        then, cumulative = next(found for found in reversed(self.snapshots) if now - found[0] >= max(1, window))
        return (self.accumulated(now) - cumulative) // (now - then)

    def eth_of(self, tokens: int) -> int:
        """What selling so much would bring."""
        return input_price(tokens, self.tokens, self.eth)

    def tokens_of(self, eth: int) -> int:
        """What so much would buy."""
        return input_price(eth, self.eth, self.tokens)

    def eth_for(self, tokens: int) -> int:
        """The least that buys so much, or more; there must be more of it."""
        return self.eth * tokens * 1000 // ((self.tokens - tokens) * 997) + 1

    def tokens_for(self, eth: int) -> int:
        """The least that brings so much, or more; there must be more of it."""
        return self.tokens * eth * 1000 // ((self.eth - eth) * 997) + 1

    def sell(self, tokens: int, now: int) -> int:
        """Sells; returns what it brought."""
        self._advance(now)
        eth = self.eth_of(tokens)
        self.tokens, self.eth = self.tokens + tokens, self.eth - eth
        return eth

    def buy(self, eth: int, now: int) -> int:
        """Buys; returns how much."""
        self._advance(now)
        tokens = self.tokens_of(eth)
        self.tokens, self.eth = self.tokens - tokens, self.eth + eth
        return tokens

    def most_sold(self, price: float) -> int:
        """Of how much the average price is still so many ETH a kWh; 0 if of nothing."""
        return max(0, int(self.eth / price - self.tokens * 1000 / 997)) if price > 0 else self.tokens

    def most_bought(self, price: float) -> int:
        """Of how much the average price is at most so many ETH a kWh; 0 if of nothing."""
        return max(0, int(self.tokens - 1000 * self.eth / (997 * price))) if price > 0 else 0

    def is_within(self, sale: bool, given: int, average: int, deviation: int) -> bool:
        """As `PoolState.is_within`."""
        return PoolState(self.eth, self.tokens).is_within(sale, given, average, deviation)

    def most_within(self, sale: bool, tokens: int, average: int, deviation: int) -> int:
        """As much of a sale or purchase as `is_within`."""
        low, high = 0, tokens + 1
        while high - low > 1:  # the first try is all of it
            middle = tokens if high > tokens else (low + high) // 2
            if self.is_within(sale, middle if sale else self.eth_for(middle), average, deviation):
                low = middle
            else:
                high = middle
        return low

    def _advance(self, now: int) -> None:
        self.cumulative, self.time = self.accumulated(now), now
