"""An exchange as a trader sees it: reserves, price, and the arithmetic of Uniswap V1.

Amounts are wei and token base units; 10**18 base units are one ETH or one kWh.
Source: H. Adams, "Uniswap Whitepaper", 2018; formulas of `getInputPrice` and `getOutputPrice`.
"""

from __future__ import annotations

from dataclasses import dataclass

from web3 import Web3
from web3.contract import Contract

from offchain.errors import UserError

ETHER = 10**18


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


def pool_state(web3: Web3, exchange: Contract, token: Contract) -> PoolState:
    """Reserves of an exchange now. Raises UserError if it has no liquidity."""
    eth = web3.eth.get_balance(exchange.address)
    tokens = token.functions.balanceOf(exchange.address).call()
    if not eth or not tokens:
        raise UserError(
            f"the exchange at {exchange.address} has no liquidity: run `ape run deploy --eth 10 --tokens 500`"
        )
    return PoolState(eth, tokens)
