"""What a private trade needs to know beforehand: the exchange's quote, the price bound, epoch, cap class and slot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eth_typing import ChecksumAddress
from web3 import Web3
from web3.exceptions import ContractLogicError

from offchain.artifacts import load
from offchain.deployment.manifest import Manifest
from offchain.errors import UserError
from offchain.exchange import WHOLE, PoolState, input_price
from offchain.units import WATT_HOUR, shown
from offchain.wallet.meter import SLOTS, MeterError, OwnMeter, largest_cap, smallest_cap
from offchain.wallet.note import ETH

SLIPPAGE = 100
"""How far below the quote the output may end, in ten-thousandths."""


MICRO = 10**12
"""Base units in the last decimal that is shown."""


class TradeError(UserError):
    """Says in one line why a trade can't be made."""


@dataclass(frozen=True)
class Quote:
    """What a trade gives and gets now, in base units; `minimum` is what it gets at the least."""

    sold: str
    amount: int
    wanted: str
    expected: int
    minimum: int


@dataclass(frozen=True)
class Allowance:
    """A meter's free slot of the epoch, and the cap (Wh) of the trade."""

    meter: OwnMeter
    epoch: int
    slot: int
    cap: int


@dataclass(frozen=True)
class Bound:
    """Reserves of an energy's exchange, the average price (UQ112.112), and how far from it a trade may leave the price,
    in ten-thousandths."""

    pool: PoolState
    average: int
    deviation: int


class Desk:
    """Asks exchanges, registry and pool of one chain."""

    def __init__(self, web3: Web3, manifest: Manifest) -> None:
        self._web3 = web3
        self._factory = manifest.contract(web3, "factory").functions
        self._registry = manifest.contract(web3, "registry").functions
        self._pool = manifest.contract(web3, "pool").functions

    def quote(self, sold: str, amount: int, wanted: str, slippage: int = SLIPPAGE) -> Quote:
        """What the exchange pays for `amount`; slippage in ten-thousandths. Raises TradeError if it can't, or if the
        trade would leave a price beyond its bound: the pool would refuse it."""
        if sold == wanted:
            raise TradeError("what is sold and what is wanted are the same")
        if not 0 <= slippage < WHOLE:
            raise TradeError(f"the slippage must be at least 0 and below {WHOLE} ten-thousandths")
        expected = self._priced(wanted, self._priced(sold, amount, to_eth=True), to_eth=False)
        if not expected:
            raise TradeError("the exchange pays nothing for so little: trade more at a time")
        self._check_bounds(sold, amount, wanted)
        return Quote(sold, amount, wanted, expected, max(1, expected * (WHOLE - slippage) // WHOLE))

    def allowance(self, quote: Quote, meters: Sequence[OwnMeter]) -> Allowance:
        """The smallest free slot that is large enough for the trade. Raises MeterError if there is none."""
        if not meters:
            raise MeterError("a registered meter is needed to trade: give its commitment to the microgrid's operator")
        energy = quote.sold if quote.wanted == ETH else quote.wanted
        epoch, _, _ = self._rules(energy)
        # The output may be a little more than the quote by the time the trade is mined.
        margin = quote.expected * (WHOLE + SLIPPAGE) // WHOLE
        moved = max(quote.amount if quote.sold != ETH else 0, margin if quote.wanted != ETH else 0)
        cap = smallest_cap(moved)
        slots = [(largest_cap(meter.capacity, slot), meter, slot) for meter in meters for slot in range(SLOTS)]
        slots.sort(key=lambda one: one[0])
        left = 0
        for most, meter, slot in slots:
            if not most or self._pool.isSlotUsed(meter.trade_nullifier(epoch, slot)).call():
                continue
            if most >= cap:
                return Allowance(meter, epoch, slot, cap)
            left = most
        most = slots[-1][0]
        if most < cap:
            raise MeterError(f"one trade of this meter moves at most {_kwh(most)}: trade less at a time")
        if left:
            told = f"a trade that is left in this epoch moves at most {_kwh(left)}"
            raise MeterError(f"{told}: trade less, or wait for the next epoch")
        raise MeterError(f"all {SLOTS} trades of this epoch are made: wait for the next epoch")

    def _check_bounds(self, sold: str, amount: int, wanted: str) -> None:
        falls = self._bound(sold) if sold != ETH else None
        rises = self._bound(wanted) if wanted != ETH else None
        most = most_within(falls, rises, amount)
        if most == amount:
            return
        deviation = max(bound.deviation for bound in (falls, rises) if bound) / 100
        if not most:
            raise TradeError(
                f"the price is {deviation:g} % or more from its average: only trades that bring it back go through"
            )
        told = f"{shown(most - most % MICRO)} {'ETH' if sold == ETH else 'kWh'}"
        raise TradeError(f"that would leave the price more than {deviation:g} % from its average: trade at most {told}")

    def _bound(self, energy: str) -> Bound:
        _, window, deviation = self._rules(energy)
        exchange = load("UniswapOracleExchange").at(self._web3, self._exchange(energy))
        try:
            average = int(exchange.functions.averagePrice(window).call(block_identifier="pending"))
        except ContractLogicError:
            raise TradeError(f"the exchange has no average price of {window} seconds yet: trade later") from None
        tokens = load("EnergyToken").at(self._web3, energy).functions.balanceOf(exchange.address).call()
        return Bound(PoolState(self._web3.eth.get_balance(exchange.address), tokens), average, deviation)

    def _rules(self, energy: str) -> tuple[int, int, int]:
        """The running epoch of an energy's microgrid, seconds of its average price, and its bound."""
        microgrid, epoch, window, deviation = self._registry.tradeRules(energy).call(block_identifier="pending")
        if microgrid == 0:
            raise TradeError(f"{energy} is not the energy of a microgrid: it can't be traded here")
        return epoch, window, deviation

    def _exchange(self, asset: str) -> ChecksumAddress:
        address = self._factory.getExchange(asset).call()
        if int(address, 16) == 0:
            raise TradeError(f"there is no exchange for {asset}")
        return Web3.to_checksum_address(address)

    def _priced(self, asset: str, amount: int, *, to_eth: bool) -> int:
        if asset == ETH or not amount:
            return amount
        exchange = load("UniswapExchange").at(self._web3, self._exchange(asset)).functions
        price = exchange.getTokenToEthInputPrice if to_eth else exchange.getEthToTokenInputPrice
        try:
            return int(price(amount).call())
        except ContractLogicError:
            raise TradeError("the exchange has no liquidity for that") from None


def _kwh(watt_hours: int) -> str:
    return f"{shown(watt_hours * WATT_HOUR)} kWh"


def most_within(falls: Bound | None, rises: Bound | None, amount: int) -> int:
    """The most of `amount` that can be given: for the energy whose price `falls`, or ETH; of what is bought the price
    `rises`. All of it where both prices stay within their bounds."""

    def fits(given: int) -> bool:
        if falls and not falls.pool.is_within(True, given, falls.average, falls.deviation):
            return False
        wei = input_price(given, falls.pool.tokens, falls.pool.eth) if falls else given
        return rises is None or rises.pool.is_within(False, wei, rises.average, rises.deviation)

    if fits(amount):
        return amount
    low, high = 0, amount
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low
