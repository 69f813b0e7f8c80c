"""An exchange as a trader sees it: reserves, price, and the arithmetic of Uniswap V1.

Amounts are wei and token base units.
Source: H. Adams, "Uniswap Whitepaper", 2018; formulas of `getInputPrice` and `getOutputPrice`.
"""

from __future__ import annotations

from dataclasses import dataclass

from web3 import Web3
from web3.contract import Contract

from offchain.deployment.manifest import Manifest
from offchain.errors import UserError
from offchain.sender import Sender

DEADLINE_SECONDS = 600
PRICE_BITS = 112
"""Prices are UQ112.112 wei a base unit, as in `UniswapOracleExchange`."""
WHOLE = 10_000
"""Ten-thousandths in one."""


def input_price(amount: int, input_reserve: int, output_reserve: int) -> int:
    """Output for an exact input, fee of 0.3 % included, rounded down."""
    less_fee = amount * 997
    return less_fee * output_reserve // (input_reserve * 1000 + less_fee)


def input_price_without_fee(amount: int, input_reserve: int, output_reserve: int) -> int:
    """Output for an exact input if the exchange took no fee, rounded down."""
    return amount * output_reserve // (input_reserve + amount)


@dataclass(frozen=True)
class PoolState:
    """Reserves at one moment."""

    eth: int
    tokens: int

    @property
    def price(self) -> float:
        """ETH per kWh at the margin."""
        return self.eth / self.tokens

    @property
    def invariant(self) -> int:
        """The product k of both reserves."""
        return self.eth * self.tokens

    def is_within(self, sale: bool, given: int, average: int, deviation: int) -> bool:
        """Whether a sale of tokens, or a purchase for ETH, leaves the price within ten-thousandths of the average, on
        the side that it moves to, as the pool asks of private trades."""
        if sale:
            left = self.eth - input_price(given, self.tokens, self.eth)
            return (left << PRICE_BITS) // (self.tokens + given) * WHOLE >= average * (WHOLE - deviation)
        left = self.tokens - input_price(given, self.eth, self.tokens)
        return ((self.eth + given) << PRICE_BITS) // left * WHOLE <= average * (WHOLE + deviation)


class Market:
    """The deployed exchanges of one chain."""

    def __init__(self, web3: Web3, manifest: Manifest) -> None:
        self.web3 = web3
        self.manifest = manifest

    def token(self, microgrid: str) -> Contract:
        """The energy token. Raises DeploymentError if it isn't deployed."""
        return self.manifest.contract(self.web3, microgrid)

    def exchange(self, microgrid: str) -> Contract:
        """The token's exchange. Raises DeploymentError if it isn't deployed."""
        return self.manifest.contract(self.web3, f"{microgrid}_exchange")

    def admit(self, operator: Sender, microgrid: str, account: str) -> None:
        """Lets a public account hold the microgrid's energy, if it can't yet. The operator knows its meter."""
        registry = self.manifest.contract(self.web3, "registry").functions
        number = registry.microgridOf(self.token(microgrid).address).call()
        if not registry.isAccount(number, account).call():
            operator.transact(registry.setAccount(number, account, True))

    def state(self, microgrid: str) -> PoolState:
        """The exchange's reserves now. Raises UserError if it has no liquidity."""
        exchange = self.exchange(microgrid).address
        eth = self.web3.eth.get_balance(exchange)
        tokens = self.token(microgrid).functions.balanceOf(exchange).call()
        if not eth or not tokens:
            raise UserError(f"the {microgrid} exchange has no liquidity: run `ape run deploy --eth 10 --tokens 500`")
        return PoolState(eth, tokens)

    def deadline(self) -> int:
        """A deadline for a transaction sent now, in Unix seconds."""
        return int(self.web3.eth.get_block("latest")["timestamp"]) + DEADLINE_SECONDS
