"""Buying tokens with ETH."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from eth_utils.crypto import keccak

from tests.conftest import Refused
from tests.unit.conftest import NewPool, Pool
from tests.unit.formulas import DEADLINE, ETHER, input_price, output_price

SOLD = ETHER // 3 + 1
BOUGHT = ETHER // 7 + 1


def purchase(exchange: Any, buyer: Any, sold: int, bought: int) -> Any:
    return exchange.TokenPurchase(buyer=buyer, eth_sold=sold, tokens_bought=bought)


@pytest.mark.parametrize("transfer", [False, True])
def test_input_exact(pool: Pool, trader: Any, recipient: Any, transfer: bool) -> None:
    """X1 exact output, event, return value and balances of a swap of exact ETH; P4 the pool doesn't lose."""
    expected = input_price(SOLD, pool.eth, pool.tokens)
    eth, tokens, k = pool.eth, pool.tokens, pool.k
    receiver = recipient if transfer else trader
    held, wei = pool.token.balanceOf(receiver), trader.balance
    if transfer:
        receipt = pool.exchange.ethToTokenTransferInput(expected, DEADLINE, recipient, sender=trader, value=SOLD)
    else:
        receipt = pool.exchange.ethToTokenSwapInput(expected, DEADLINE, sender=trader, value=SOLD)

    assert receipt.return_value == expected
    assert pool.token.balanceOf(receiver) == held + expected
    assert trader.balance == wei - SOLD - receipt.total_fees_paid
    assert (pool.eth, pool.tokens) == (eth + SOLD, tokens - expected)
    assert pool.k >= k
    assert receipt.events == [
        pool.token.Transfer(**{"from": pool.exchange, "to": receiver, "value": expected}),
        purchase(pool.exchange, trader, SOLD, expected),
    ]
    log = receipt.logs[1]
    assert [bytes(topic) for topic in log["topics"]] == [
        keccak(text="TokenPurchase(address,uint256,uint256)"),
        bytes.fromhex(trader.address[2:]).rjust(32, b"\0"),
        SOLD.to_bytes(32, "big"),
        expected.to_bytes(32, "big"),
    ]
    assert bytes(log["data"]) == b""


@pytest.mark.parametrize("surplus", [0, 1, ETHER])
@pytest.mark.parametrize("transfer", [False, True])
def test_output_exact(pool: Pool, trader: Any, recipient: Any, transfer: bool, surplus: int) -> None:
    """X2 exact price, refund, event, return value and balances of a swap for exact tokens."""
    price = output_price(BOUGHT, pool.eth, pool.tokens)
    eth, tokens, k = pool.eth, pool.tokens, pool.k
    receiver = recipient if transfer else trader
    held, wei, others = pool.token.balanceOf(receiver), trader.balance, recipient.balance
    if transfer:
        buy = pool.exchange.ethToTokenTransferOutput
        receipt = buy(BOUGHT, DEADLINE, recipient, sender=trader, value=price + surplus)
    else:
        buy = pool.exchange.ethToTokenSwapOutput
        receipt = buy(BOUGHT, DEADLINE, sender=trader, value=price + surplus)

    assert receipt.return_value == price
    assert pool.token.balanceOf(receiver) == held + BOUGHT
    assert trader.balance == wei - price - receipt.total_fees_paid
    assert recipient.balance == others
    assert (pool.eth, pool.tokens) == (eth + price, tokens - BOUGHT)
    assert pool.k >= k
    assert receipt.events == [
        pool.token.Transfer(**{"from": pool.exchange, "to": receiver, "value": BOUGHT}),
        purchase(pool.exchange, trader, price, BOUGHT),
    ]
    assert len(receipt.logs[1]["topics"]) == 4


@pytest.mark.parametrize(
    "data", [b"", b"\x01", b"\x01\x02\x03", b"\xde\xad\xbe\xef" + bytes(64)], ids=["none", "one", "three", "unknown"]
)
def test_default_buys(pool: Pool, trader: Any, data: bytes) -> None:
    """X3 ETH with no calldata, too little of it or an unknown selector buys tokens for the sender."""
    expected = input_price(SOLD, pool.eth, pool.tokens)
    held, eth = pool.token.balanceOf(trader), pool.eth
    receipt = trader.transfer(pool.exchange, SOLD, data=data)
    assert pool.token.balanceOf(trader) == held + expected
    assert pool.eth == eth + SOLD
    assert [event for event in receipt.events if event.event_name == "TokenPurchase"] == [
        purchase(pool.exchange, trader, SOLD, expected)
    ]


@pytest.mark.parametrize("data", [b"", b"\x01", b"\xde\xad\xbe\xef"], ids=["none", "one", "unknown"])
def test_default_needs_eth(exchange: Any, stranger: Any, refused_data: Refused, data: bytes) -> None:
    """X3 without ETH the default function refuses."""
    refused_data(exchange, data, error="ZeroAmount()", sender=stranger)


def test_default_needs_a_whole_token_unit(
    new_pool: NewPool, second_token: Any, stranger: Any, refused_data: Refused
) -> None:
    """X3 the default function gives at least one unit: where tokens are dear, one wei is refused."""
    pool = new_pool(second_token, eth=ETHER, tokens=1000)
    refused_data(pool.exchange, b"", error=("BelowMinimum(uint256,uint256)", 1, 0), sender=stranger, value=1)


@pytest.mark.parametrize("name", ["ethToTokenSwapInput", "ethToTokenTransferInput"])
def test_input_minimum(pool: Pool, trader: Any, recipient: Any, refused: Refused, name: str) -> None:
    """X4 one unit more than the swap gives is refused."""
    expected = input_price(SOLD, pool.eth, pool.tokens)
    method = getattr(pool.exchange, name)
    last = (recipient,) if "Transfer" in name else ()
    error = ("BelowMinimum(uint256,uint256)", expected + 1, expected)
    refused(method, expected + 1, DEADLINE, *last, error=error, sender=trader, value=SOLD)
    assert method.call(expected, DEADLINE, *last, sender=trader, value=SOLD) == expected


@pytest.mark.parametrize("name", ["ethToTokenSwapOutput", "ethToTokenTransferOutput"])
def test_output_maximum(pool: Pool, trader: Any, recipient: Any, refused: Refused, name: str) -> None:
    """X4 one wei less than the price is refused."""
    price = output_price(BOUGHT, pool.eth, pool.tokens)
    method = getattr(pool.exchange, name)
    last = (recipient,) if "Transfer" in name else ()
    error = ("AboveMaximum(uint256,uint256)", price - 1, price)
    refused(method, BOUGHT, DEADLINE, *last, error=error, sender=trader, value=price - 1)
    assert method.call(BOUGHT, DEADLINE, *last, sender=trader, value=price) == price


@pytest.mark.parametrize("name", ["ethToTokenSwapInput", "ethToTokenSwapOutput"])
@pytest.mark.parametrize("transfer", [False, True])
def test_zero_amounts(exchange: Any, trader: Any, recipient: Any, refused: Refused, name: str, transfer: bool) -> None:
    """P9 neither the amount nor the ETH may be zero."""
    method = getattr(exchange, name.replace("Swap", "Transfer") if transfer else name)
    last = (recipient,) if transfer else ()
    refused(method, 0, DEADLINE, *last, error="ZeroAmount()", sender=trader, value=SOLD)
    refused(method, 1, DEADLINE, *last, error="ZeroAmount()", sender=trader)


@pytest.mark.parametrize("name", ["ethToTokenTransferInput", "ethToTokenTransferOutput"])
def test_recipient(exchange: Any, trader: Any, refused: Refused, name: str) -> None:
    """P9 neither zero nor the exchange itself can be the recipient."""
    zero = "0x" + "00" * 20
    for wrong in (zero, exchange.address):
        error = ("InvalidRecipient(address)", wrong)
        refused(getattr(exchange, name), 1, DEADLINE, wrong, error=error, sender=trader, value=SOLD)


@pytest.mark.parametrize(
    "name", ["ethToTokenSwapInput", "ethToTokenSwapOutput", "ethToTokenTransferInput", "ethToTokenTransferOutput"]
)
def test_deadline(
    chain: Any,
    exchange: Any,
    trader: Any,
    recipient: Any,
    refused: Refused,
    at_time: Callable[[int], None],
    name: str,
) -> None:
    """X5 a swap's deadline may be the block's own time, not a second earlier."""
    now = chain.blocks.head.timestamp + 1000
    method = getattr(exchange, name)
    last = (recipient,) if "Transfer" in name else ()
    error = ("DeadlinePassed(uint256,uint256)", now - 1, now)
    refused(method, 1, now - 1, *last, error=error, sender=trader, value=SOLD, time=now)
    at_time(now)
    receipt = method(1, now, *last, sender=trader, value=SOLD, gas=200_000)
    assert not receipt.failed
    assert receipt.timestamp == now


@pytest.mark.parametrize("name", ["ethToTokenSwapOutput", "ethToTokenTransferOutput"])
def test_output_of_the_reserve(pool: Pool, trader: Any, recipient: Any, refused: Refused, name: str) -> None:
    """P9 the whole reserve can't be bought, all but one unit can for its price."""
    method = getattr(pool.exchange, name)
    last = (recipient,) if "Transfer" in name else ()
    for amount in (pool.tokens, pool.tokens + 1, 2**256 - 1):
        error = ("InsufficientReserve(uint256,uint256)", amount, pool.tokens)
        refused(method, amount, DEADLINE, *last, error=error, sender=trader, value=SOLD)
    price = output_price(pool.tokens - 1, pool.eth, pool.tokens)
    error = ("AboveMaximum(uint256,uint256)", SOLD, price)
    refused(method, pool.tokens - 1, DEADLINE, *last, error=error, sender=trader, value=SOLD)


def test_last_but_one_unit(new_pool: NewPool, second_token: Any, trader: Any) -> None:
    """X2 all but one unit of a small reserve are sold for the formula's price."""
    pool = new_pool(second_token, eth=10**9, tokens=1000)
    price = output_price(999, pool.eth, pool.tokens)
    assert pool.exchange.ethToTokenSwapOutput(999, DEADLINE, sender=trader, value=price).return_value == price
    assert pool.tokens == 1


def test_empty_pool(new_pool: NewPool, second_token: Any, trader: Any, refused: Refused, refused_data: Refused) -> None:
    """P9 a pool without liquidity doesn't trade."""
    exchange = new_pool(second_token, eth=0).exchange
    for method in (exchange.ethToTokenSwapInput, exchange.ethToTokenSwapOutput):
        refused(method, 1, DEADLINE, error="NoLiquidity()", sender=trader, value=1)
    refused_data(exchange, b"", error="NoLiquidity()", sender=trader, value=1)
    second_token.transfer(exchange, 5, sender=trader)  # tokens alone are no liquidity
    refused(exchange.ethToTokenSwapInput, 1, DEADLINE, error="NoLiquidity()", sender=trader, value=1)
    refused(exchange.ethToTokenSwapOutput, 1, DEADLINE, error="NoLiquidity()", sender=trader, value=1)
