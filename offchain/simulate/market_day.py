"""A day of two microgrids on the real contracts.

Every hour each home sells its surplus (token to ETH) or buys its need (ETH to token). Energy fed in is minted as
tokens, energy used is burned, so a token on chain is a kWh in the grid. What one microgrid has too much of goes over
a line to the other: the operator mints what arrives there, swaps it token to token for energy of the side it came
from, and burns that. A home that finds a better price at the utility trades with the utility.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
from numpy.typing import NDArray
from web3 import Web3
from web3.contract.contract import ContractFunction
from web3.types import RPCEndpoint

from offchain.deployment.manifest import Manifest
from offchain.deployment.market import FOREVER, MarketDeployment
from offchain.deployment.parts import MICROGRIDS
from offchain.exchange import Market
from offchain.metering.consumption import ConsumptionDay
from offchain.sender import Sender, development_sender
from offchain.units import ETHER, WATT_HOUR

KOREA = timezone(timedelta(hours=9))
SMALLEST_TRADE = 10 * WATT_HOUR
PRICE_SCALE = 2**112
POOL_KWH_PER_HOME = 25


@dataclass(frozen=True)
class Assumptions:
    """Prices outside the market and the line between the microgrids. Won per kWh unless said otherwise."""

    utility_price: float = 180.0
    feed_in_price: float = 90.0
    won_per_eth: float = 4_000_000.0
    line_kw: float = 12.0
    line_loss: float = 0.03

    @property
    def opening_price(self) -> float:
        return (self.utility_price + self.feed_in_price) / 2

    def won(self, wei: int) -> float:
        return wei / ETHER * self.won_per_eth


@dataclass(frozen=True)
class Home:
    """A household: its account, microgrid and rooftop, and per hour what it makes and uses, shape (24,), in Wh."""

    name: str
    microgrid: str
    pv_kw: float
    made: NDArray[np.int64]
    used: NDArray[np.int64]


@dataclass
class Hour:
    """What happened in a microgrid in one hour. Energy in base units, money in won, price in won per kWh."""

    made: int = 0
    used: int = 0
    sold: int = 0
    bought: int = 0
    to_utility: int = 0
    from_utility: int = 0
    line_out: int = 0
    line_in: int = 0
    income: float = 0.0
    cost: float = 0.0
    closing_price: float = 0.0
    average_price: float = 0.0


@dataclass
class DayResult:
    """The whole day: hours by microgrid, gas by operation, and the checks made at the end."""

    homes: list[Home]
    assumptions: Assumptions
    hours: dict[str, list[Hour]] = field(default_factory=lambda: {name: [] for name in MICROGRIDS})
    gas: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    checks: dict[str, bool] = field(default_factory=dict)


def settle_homes(consumption: ConsumptionDay, yield_per_kw: NDArray[np.float64]) -> list[Home]:
    """Homes of both microgrids in turn: in MG1, a village, four of five have a roof of 4 to 6 kW; in MG2, a town, one
    of four has one of 3 kW."""
    homes = []
    for number, name in enumerate(consumption.households):
        microgrid, place = MICROGRIDS[number % 2], number // 2
        pv_kw = (0 if place % 5 == 4 else 4 + place % 3) if microgrid == "MG1" else (3 if place % 4 == 0 else 0)
        made = (yield_per_kw * pv_kw * 1000).round().astype(np.int64)
        used = (consumption.kwh[:, number] * 1000).round().astype(np.int64)
        homes.append(Home(name, microgrid, float(pv_kw), made, used))
    return homes


class MarketDay:
    """Runs the day on one chain, whose development account 0 is the operator and account i + 1 home i's."""

    def __init__(self, web3: Web3, manifest: Manifest, homes: list[Home], assumptions: Assumptions) -> None:
        self.web3 = web3
        self.result = DayResult(homes, assumptions)
        self.assumptions = assumptions
        self.operator = development_sender(web3, 0)
        self.homes = [(home, development_sender(web3, number + 1)) for number, home in enumerate(homes)]
        per_pool = POOL_KWH_PER_HOME * max(sum(home.microgrid == name for home in homes) for name in MICROGRIDS)
        eth = per_pool * assumptions.opening_price / assumptions.won_per_eth
        deployment = MarketDeployment(
            self.operator, manifest, self.operator.address, int(eth * ETHER), per_pool * ETHER
        )
        for _ in deployment.run():
            pass
        self.market = Market(web3, manifest)
        self.tokens = {name: self.market.token(name) for name in MICROGRIDS}
        self.exchanges = {name: self.market.exchange(name) for name in MICROGRIDS}
        self.liquidity_tokens = per_pool * ETHER

    def prepare(self) -> Iterator[None]:
        """The approvals every participant gives once; yields after each."""
        for microgrid in MICROGRIDS:
            self._send(
                self.operator,
                self.tokens[microgrid].functions.approve(self.exchanges[microgrid].address, FOREVER * ETHER),
            )
            yield
        for home, sender in self.homes:
            token = self.tokens[home.microgrid]
            for spender in (self.exchanges[home.microgrid].address, self.operator.address):
                self._send(sender, token.functions.approve(spender, FOREVER * ETHER))
                yield

    def run(self, start: datetime) -> Iterator[dict[str, Hour]]:
        """Trades 24 hours from `start`; yields each hour when it is over."""
        for hour in range(24):
            self._set_time(start + timedelta(hours=hour))
            self._observe()
            hours = {name: Hour() for name in MICROGRIDS}
            positions = [
                (home, sender, int(home.made[hour] - home.used[hour]) * WATT_HOUR) for home, sender in self.homes
            ]
            for home, _, _ in positions:
                hours[home.microgrid].made += int(home.made[hour]) * WATT_HOUR
                hours[home.microgrid].used += int(home.used[hour]) * WATT_HOUR
            for home, sender, position in positions:
                if position > 0:
                    self._sell(hours[home.microgrid], home.microgrid, sender, position)
            for home, sender, position in positions:
                if position < 0:
                    self._buy(hours[home.microgrid], home.microgrid, sender, -position)
            self._use_line(hours)
            for name in MICROGRIDS:
                hours[name].closing_price = self.market.state(name).price * self.assumptions.won_per_eth
                self.result.hours[name].append(hours[name])
            yield hours
        self._set_time(start + timedelta(hours=24))
        self._observe()
        self._finish()

    def _sell(self, hour: Hour, microgrid: str, sender: Sender, amount: int) -> None:
        calls = self.exchanges[microgrid].functions
        quote = calls.getTokenToEthInputPrice(amount).call()
        offered = self.assumptions.won(quote)
        if amount < SMALLEST_TRADE or offered < amount / ETHER * self.assumptions.feed_in_price:
            hour.to_utility += amount
            hour.income += amount / ETHER * self.assumptions.feed_in_price
            return
        self._send(self.operator, self.tokens[microgrid].functions.mint(sender.address, amount))
        self._send(sender, calls.tokenToEthSwapInput(amount, quote, self.market.deadline()))
        hour.sold += amount
        hour.income += offered

    def _buy(self, hour: Hour, microgrid: str, sender: Sender, amount: int) -> None:
        calls = self.exchanges[microgrid].functions
        held = self.tokens[microgrid].functions.balanceOf(self.exchanges[microgrid].address).call()
        price = calls.getEthToTokenOutputPrice(amount).call() if amount < held else None
        limit = amount / ETHER * self.assumptions.utility_price
        if amount < SMALLEST_TRADE or price is None or self.assumptions.won(price) > limit:
            hour.from_utility += amount
            hour.cost += limit
            return
        deadline = self.market.deadline()
        self._send(sender, calls.ethToTokenSwapOutput(amount, deadline), value=price)
        self._send(self.operator, self.tokens[microgrid].functions.burnFrom(sender.address, amount))
        hour.bought += amount
        hour.cost += self.assumptions.won(price)

    def _use_line(self, hours: dict[str, Hour]) -> None:
        """Sends what one side has too much of to the other, as far as the line and the prices carry it."""
        source, target = sorted(MICROGRIDS, key=lambda name: self.market.state(name).price)
        surplus = hours[source].sold - hours[source].bought
        leaving = min(surplus, int(self.assumptions.line_kw * 1000) * WATT_HOUR)
        deadline = self.market.deadline()
        while leaving >= SMALLEST_TRADE:
            arriving = int(leaving * (1 - self.assumptions.line_loss))
            eth = self.exchanges[source].functions.getEthToTokenOutputPrice(leaving).call()
            if self.exchanges[target].functions.getTokenToEthInputPrice(arriving).call() >= eth:
                break
            leaving //= 2  # the prices are too close to carry that much
        else:
            return
        minted = self.tokens[target].functions.mint(self.operator.address, arriving)
        self._send(self.operator, minted)
        swap = self.exchanges[target].functions.tokenToTokenSwapOutput(
            leaving, arriving, FOREVER * ETHER, deadline, self.tokens[source].address
        )
        before = self.tokens[target].functions.balanceOf(self.operator.address).call()
        self._send(self.operator, swap)
        paid = before - self.tokens[target].functions.balanceOf(self.operator.address).call()
        self._send(self.operator, self.tokens[source].functions.burn(leaving))
        if arriving - paid >= SMALLEST_TRADE:  # what the swap left of the arriving energy is sold there
            rest = self.exchanges[target].functions.tokenToEthSwapInput(arriving - paid, 1, deadline)
            self._send(self.operator, rest)
        hours[source].line_out, hours[target].line_in = leaving, arriving

    def _observe(self) -> None:
        """Snapshots both prices, and takes the average since the hour before from the chain."""
        for name in MICROGRIDS:
            calls = self.exchanges[name].functions
            self._send(self.operator, calls.observe())
            latest = calls.observationCount().call() - 1
            if latest > 0:
                average = calls.averagePriceBetween(latest - 1, latest).call() / PRICE_SCALE
                self.result.hours[name][-1].average_price = average * self.assumptions.won_per_eth

    def _finish(self) -> None:
        """Checks that every kWh is accounted for: supply, pools and what the operator still holds."""
        for name in MICROGRIDS:
            calls = self.tokens[name].functions
            day = self.result.hours[name]
            minted = self.liquidity_tokens + sum(hour.sold + hour.line_in for hour in day)
            burned = sum(hour.bought + hour.line_out for hour in day)
            supply = calls.totalSupply().call()
            holders = [self.exchanges[name].address, self.operator.address]
            held = sum(calls.balanceOf(holder).call() for holder in holders)
            self.result.checks[f"{name}: tokens on chain = kWh fed in - kWh used"] = supply == minted - burned
            self.result.checks[f"{name}: no home holds energy it did not use"] = supply == held

    def _send(self, sender: Sender, call: ContractFunction, value: int = 0) -> None:
        self.result.gas[call.fn_name].append(int(sender.transact(call, value)["gasUsed"]))

    def _set_time(self, moment: datetime) -> None:
        request = self.web3.provider.make_request
        request(RPCEndpoint("evm_setNextBlockTimestamp"), [int(moment.timestamp())])
        request(RPCEndpoint("evm_mine"), [])


def start_of(consumption: ConsumptionDay) -> datetime:
    """Midnight in Korea on the day of the data."""
    day = consumption.day
    return datetime(day.year, day.month, day.day, tzinfo=KOREA).astimezone(UTC)
