"""Malformed calldata, ETH where none is taken, and the functions that always refuse."""

from __future__ import annotations

from typing import Any

from tests.conftest import Refused, revert_data
from tests.unit.conftest import Pool
from tests.unit.formulas import DEADLINE, ETHER

PAYABLE = {
    "addLiquidity",
    "ethToTokenSwapInput",
    "ethToTokenTransferInput",
    "ethToTokenSwapOutput",
    "ethToTokenTransferOutput",
}
DIRTY = 1 << 160


def functions(project: Any) -> list[Any]:
    """The functions of the oracle exchange, which has all those of the plain one."""
    abi = project.UniswapOracleExchange.contract_type.abi
    return [entry for entry in abi if entry.type == "function"]


def encoded(method: Any, abi: Any, addresses: int) -> bytes:
    """Calldata with ones for numbers and the given word for every address."""
    words = [addresses if argument.canonical_type == "address" else 1 for argument in abi.inputs]
    return bytes(method.encode_input(*[1 if a.canonical_type != "address" else "0x" + "11" * 20 for a in abi.inputs]))[
        :4
    ] + b"".join(word.to_bytes(32, "big") for word in words)


def test_ether_is_refused(pool: Pool, project: Any, trader: Any, refused_data: Refused) -> None:
    """P9 ETH sent to a function that takes none is refused."""
    tried = 0
    for abi in functions(project):
        method = getattr(pool.exchange, abi.name, None)
        if method is None or abi.name in PAYABLE:
            continue
        data = encoded(method, abi, int(trader.address, 16))
        refused_data(pool.exchange, data, error=b"", sender=trader, value=1)
        tried += 1
    assert tried >= 29
    assert {abi.name for abi in functions(project) if abi.stateMutability == "payable"} == PAYABLE


def test_dirty_addresses(pool: Pool, project: Any, trader: Any, refused_data: Refused) -> None:
    """P9 an address argument with bits above the 160th set is refused, whatever the rest."""
    tried = 0
    for abi in functions(project):
        method = getattr(pool.exchange, abi.name, None)
        if method is None or not any(argument.canonical_type == "address" for argument in abi.inputs):
            continue
        data = encoded(method, abi, int(trader.address, 16) | DIRTY)
        refused_data(pool.exchange, data, error=b"", sender=trader, value=1 if abi.name in PAYABLE else 0)
        tried += 1
    assert tried >= 17


def test_truncated(pool: Pool, project: Any, trader: Any, refused_data: Refused) -> None:
    """P9 calldata a byte short, or with no argument at all, is refused by every function that takes any."""
    tried = 0
    for abi in functions(project):
        method = getattr(pool.exchange, abi.name, None)
        if method is None or not abi.inputs:
            continue
        data = encoded(method, abi, int(trader.address, 16))
        for short in (data[:-1], data[:4]):
            refused_data(pool.exchange, short, error=b"", sender=trader, value=ETHER if abi.name in PAYABLE else 0)
        tried += 1
    assert tried >= 28


def test_surplus_calldata(pool: Pool, trader: Any) -> None:
    """X15 bytes after the arguments are ignored, as in V1."""
    before = pool.token.balanceOf(trader)
    data = bytes(pool.exchange.ethToTokenSwapInput.encode_input(1, DEADLINE)) + b"more"
    trader.transfer(pool.exchange, 10**9, data=data)
    assert pool.token.balanceOf(trader) > before


def test_setup(pool: Pool, project: Any, deployer: Any, trader: Any, factory: Any, refused: Refused) -> None:
    """X15 an exchange is set up for good: by nobody, with nothing, not even when its factory asks."""
    for sender in (deployer, trader):
        for address in (pool.token, factory, "0x" + "00" * 20):
            refused(pool.exchange.setup, address, error="AlreadySetUp()", sender=sender)
    assert pool.exchange.tokenAddress() == pool.token.address


def test_constructor(project: Any, deployer: Any, chain: Any) -> None:
    """X15 an exchange for no token can't be made."""
    creation = bytes.fromhex(project.UniswapExchange.contract_type.deployment_bytecode.bytecode[2:])
    call = {"from": deployer.address, "data": "0x" + (creation + bytes(32)).hex()}
    answer = chain.provider.web3.provider.make_request("eth_call", [call, "latest"])
    assert bytes.fromhex(answer["error"]["data"][2:]) == revert_data("InvalidToken()")


def test_refusals_change_nothing(
    pool: Pool, other_pool: Pool, project: Any, trader: Any, recipient: Any, liquidity_provider: Any
) -> None:
    """P9 a refused transaction leaves every balance and the liquidity as they were, and gives its gas back."""

    def state() -> tuple[int, ...]:
        holders = (trader, recipient, liquidity_provider, pool.exchange, other_pool.exchange)
        held = [p.token.balanceOf(holder) for p in (pool, other_pool) for holder in holders]
        owned = [p.exchange.balanceOf(holder) for p in (pool, other_pool) for holder in holders]
        supplies = [pool.exchange.totalSupply(), other_pool.exchange.totalSupply()]
        return (*held, *owned, *supplies, *(holder.balance for holder in holders))

    payer, eth = len(state()) - 5, trader.provider.web3.eth
    most, exchange = 2**256 - 1, pool.exchange
    calls: list[tuple[Any, tuple[Any, ...], int]] = [
        (exchange.ethToTokenSwapInput, (most, DEADLINE), ETHER),
        (exchange.ethToTokenTransferOutput, (pool.tokens, DEADLINE, recipient), ETHER),
        (exchange.tokenToEthSwapInput, (ETHER, most, DEADLINE), 0),
        (exchange.tokenToEthTransferOutput, (ETHER, 1, DEADLINE, recipient), 0),
        (exchange.tokenToTokenSwapInput, (ETHER, most, 1, DEADLINE, other_pool.token), 0),
        (exchange.tokenToExchangeTransferOutput, (ETHER, 1, 1, DEADLINE, recipient, other_pool.exchange), 0),
        (exchange.addLiquidity, (most, most, DEADLINE), ETHER),
        (exchange.removeLiquidity, (1, 1, 1, DEADLINE), 0),
        (exchange.transfer, (recipient, 1), 0),
    ]
    before = state()
    for method, arguments, value in calls:
        data = "0x" + bytes(method.encode_input(*arguments)).hex()
        call = {"from": trader.address, "to": method.contract.address, "data": data, "value": value, "gas": 10**6}
        receipt = eth.wait_for_transaction_receipt(eth.send_transaction(call), poll_latency=0.005)
        assert receipt["status"] == 0
        assert receipt["gasUsed"] < 120_000
        after = state()
        assert after[:payer] == before[:payer]
        assert after[payer] == before[payer] - receipt["gasUsed"] * receipt["effectiveGasPrice"]
        assert after[payer + 1 :] == before[payer + 1 :]
        before = after
