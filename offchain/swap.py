"""The two swaps of the platform, told step by step: energy bought with ETH, and energy of one microgrid for another's.

Each function does one real swap and yields the lines that explain it.
"""

from __future__ import annotations

from collections.abc import Iterator

from offchain.deployment.parts import MICROGRIDS
from offchain.errors import UserError
from offchain.exchange import Market, PoolState, input_price, input_price_without_fee
from offchain.sender import Sender
from offchain.units import shown

SLIPPAGE_PERMILLE = 10
"""A swap is sent with a minimum this much below the quote."""


def swap_eth_to_token(market: Market, operator: Sender, buyer: Sender, microgrid: str, eth: int) -> Iterator[str]:
    """Buys energy with `eth` wei, as an account that the operator knows to have a meter.

    Raises UserError if the swap can't be made.
    """
    if not eth:
        raise UserError("nothing to sell: give more than 0 ETH")
    if market.web3.eth.get_balance(buyer.address) < eth:
        raise UserError(f"{buyer.address} has less than {shown(eth)} ETH")
    exchange, token = market.exchange(microgrid), market.token(microgrid)
    before = market.state(microgrid)
    market.admit(operator, microgrid, buyer.address)
    quote = exchange.functions.getEthToTokenInputPrice(eth).call()
    yield from _show(f"{microgrid} exchange before", before)
    yield f"Buyer {buyer.address} sells {shown(eth)} ETH."
    yield "  with V1's fee of 0.3 %:  a*997*T / (E*1000 + a*997)"
    with_fee = input_price(eth, before.eth, before.tokens)
    without_fee = input_price_without_fee(eth, before.eth, before.tokens)
    yield f"                           = {shown(with_fee)} kWh, the contract quotes {shown(quote)}"
    yield f"  without a fee:           a*T / (E + a) = {shown(without_fee)} kWh"

    held = token.functions.balanceOf(buyer.address).call()
    receipt = buyer.transact(exchange.functions.ethToTokenSwapInput(_least(quote), market.deadline()), value=eth)
    bought = token.functions.balanceOf(buyer.address).call() - held
    after = market.state(microgrid)
    yield f"Bought {shown(bought)} kWh for {eth / bought:.6f} ETH per kWh; gas {receipt['gasUsed']:,}."
    yield from _show(f"{microgrid} exchange after", after)
    yield from _compare(before, after)


def swap_token_to_token(market: Market, operator: Sender, seller: Sender, source: str, tokens: int) -> Iterator[str]:
    """Gives energy of one microgrid for the other's, through ETH in one transaction.

    A seller that holds too little buys the rest first. Raises UserError if the swap can't be made.
    """
    if not tokens:
        raise UserError("nothing to sell: give more than 0 kWh")
    target = next(name for name in MICROGRIDS if name != source)
    exchange, sold, bought = market.exchange(source), market.token(source), market.token(target)
    if tokens >= market.state(source).tokens:
        raise UserError(f"the {source} exchange has less than {shown(tokens)} kWh")
    for microgrid in (source, target):
        market.admit(operator, microgrid, seller.address)
    missing = tokens - sold.functions.balanceOf(seller.address).call()
    if missing > 0:
        price = exchange.functions.getEthToTokenOutputPrice(missing).call()
        seller.transact(exchange.functions.ethToTokenSwapOutput(missing, market.deadline()), value=price)
        yield f"Seller {seller.address} first buys {shown(missing)} kWh of {source} for {shown(price)} ETH."
    before, before_target = market.state(source), market.state(target)
    yield from _show(f"{source} exchange before", before)
    yield from _show(f"{target} exchange before", before_target)
    seller.transact(sold.functions.approve(exchange.address, tokens))
    eth = exchange.functions.getTokenToEthInputPrice(tokens).call()
    quote = market.exchange(target).functions.getEthToTokenInputPrice(eth).call()
    yield f"Seller {seller.address} gives {shown(tokens)} kWh of {source} and wants {target} energy for it."
    yield f"  {shown(tokens)} {source} -> {shown(eth)} ETH -> {shown(quote)} {target}, 0.3 % fee on each side"

    held = bought.functions.balanceOf(seller.address).call()
    call = exchange.functions.tokenToTokenSwapInput(
        tokens, _least(quote), _least(eth), market.deadline(), bought.address
    )
    receipt = seller.transact(call)
    received = bought.functions.balanceOf(seller.address).call() - held
    after, after_target = market.state(source), market.state(target)
    rate = received / tokens
    yield f"Got {shown(received)} kWh of {target}, {rate:.4f} for each of {source}; gas {receipt['gasUsed']:,}."
    yield from _show(f"{source} exchange after", after)
    yield from _compare(before, after)
    yield from _show(f"{target} exchange after", after_target)
    yield from _compare(before_target, after_target)


def _least(quote: int) -> int:
    return quote * (1000 - SLIPPAGE_PERMILLE) // 1000


def _show(title: str, state: PoolState) -> Iterator[str]:
    yield f"{title}: {shown(state.eth)} ETH x {shown(state.tokens)} kWh, {state.price:.6f} ETH per kWh"


def _compare(before: PoolState, after: PoolState) -> Iterator[str]:
    moved = 100 * (after.price / before.price - 1)
    grown = 100 * (after.invariant / before.invariant - 1)
    verdict = "held" if after.invariant >= before.invariant else "BROKEN"
    yield f"  price {moved:+.2f} %; invariant k {grown:+.4f} % (the fee stays in the pool): {verdict}"
