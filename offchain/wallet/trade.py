"""What a private trade needs to know beforehand: the exchange's quote, the epoch, the cap class, a free slot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from web3 import Web3
from web3.exceptions import ContractLogicError

from offchain.artifacts import load
from offchain.deployment.manifest import Manifest
from offchain.errors import UserError
from offchain.wallet.meter import SLOTS, MeterError, OwnMeter, cap_class
from offchain.wallet.note import ETH

SLIPPAGE = 100
"""How far below the quote the output may end, in ten-thousandths."""

WHOLE = 10_000


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


class Desk:
    """Asks exchanges, registry and pool of one chain."""

    def __init__(self, web3: Web3, manifest: Manifest) -> None:
        self._web3 = web3
        self._factory = manifest.contract(web3, "factory").functions
        self._registry = manifest.contract(web3, "registry").functions
        self._pool = manifest.contract(web3, "pool").functions

    def quote(self, sold: str, amount: int, wanted: str, slippage: int = SLIPPAGE) -> Quote:
        """What the exchange pays for `amount`; slippage in ten-thousandths. Raises TradeError if it can't."""
        if sold == wanted:
            raise TradeError("what is sold and what is wanted are the same")
        if not 0 <= slippage < WHOLE:
            raise TradeError(f"the slippage must be at least 0 and below {WHOLE} ten-thousandths")
        expected = self._priced(wanted, self._priced(sold, amount, to_eth=True), to_eth=False)
        if not expected:
            raise TradeError("the exchange pays nothing for so little: trade more at a time")
        return Quote(sold, amount, wanted, expected, max(1, expected * (WHOLE - slippage) // WHOLE))

    def allowance(self, quote: Quote, meters: Sequence[OwnMeter]) -> Allowance:
        """A slot for the trade. Raises MeterError if no meter is large enough, or its slots of the epoch are used."""
        if not meters:
            raise MeterError("a registered meter is needed to trade: give its commitment to the microgrid's operator")
        energy = quote.sold if quote.wanted == ETH else quote.wanted
        microgrid, epoch, _, _ = self._registry.tradeRules(energy).call(block_identifier="pending")
        if microgrid == 0:
            raise TradeError(f"{energy} is not the energy of a microgrid: it can't be traded here")
        # The output may be a little more than the quote by the time the trade is mined.
        margin = quote.expected * (WHOLE + SLIPPAGE) // WHOLE
        moved = max(quote.amount if quote.sold != ETH else 0, margin if quote.wanted != ETH else 0)
        largest = max(meters, key=lambda meter: meter.capacity)
        cap = cap_class(moved, largest.capacity)
        for meter, slot in product(sorted(meters, key=lambda meter: meter.capacity), range(SLOTS)):
            used = self._pool.isSlotUsed
            if meter.capacity >= cap and not used(meter.trade_nullifier(epoch, slot)).call():
                return Allowance(meter, epoch, slot, cap)
        raise MeterError(f"all {SLOTS} trades of this epoch are made: wait for the next epoch")

    def _priced(self, asset: str, amount: int, *, to_eth: bool) -> int:
        if asset == ETH or not amount:
            return amount
        address = str(self._factory.getExchange(asset).call())
        if int(address, 16) == 0:
            raise TradeError(f"there is no exchange for {asset}")
        exchange = load("UniswapExchange").at(self._web3, address).functions
        price = exchange.getTokenToEthInputPrice if to_eth else exchange.getEthToTokenInputPrice
        try:
            return int(price(amount).call())
        except ContractLogicError:
            raise TradeError("the exchange has no liquidity for that") from None
