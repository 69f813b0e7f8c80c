"""Events as a node has them now, though they are remembered; the block of a time, whatever is guessed of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from web3.types import RPCEndpoint

from offchain import contract_events as module
from offchain.chains import ChainSpec, started
from offchain.contract_events import ContractEvents
from offchain.node import Node
from tests.ppdl.stage import deploy

BLOCKS = 6


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with started(ChainSpec("plasma", 950327, 0), "--timestamp", "1800000000") as chain:
        yield Node(chain.web3)


@pytest.fixture
def token(node: Node) -> Any:
    """An ERC-20 that the first account has all of."""
    accounts = node.web3.eth.accounts
    node.web3.eth.default_account = accounts[0]
    return deploy(node.web3, accounts[0], "Token", 10**6)


def call(node: Node, method: str, *arguments: Any) -> Any:
    return node.web3.provider.make_request(RPCEndpoint(method), list(arguments))["result"]


def transfer(node: Node, token: Any, amount: int) -> None:
    """Transfers to the token itself, in a block that is there when this returns."""
    node.web3.eth.wait_for_transaction_receipt(token.functions.transfer(token.address, amount).transact())


def sent(events: ContractEvents, first: int) -> list[int]:
    """The amounts of the transfers since a block."""
    found = [event for event in events.between(first, events.node.height()) if event.name == "Transfer"]
    assert [event.block for event in found] == sorted(event.block for event in found)
    return [event.arguments["value"] for event in found]


def test_what_a_reorganisation_took_back_is_forgotten(node: Node, token: Any) -> None:
    """The same place of another block is another event."""
    events, first = ContractEvents(node, token), node.height() + 1
    transfer(node, token, 1)
    snapshot = call(node, "evm_snapshot")
    transfer(node, token, 2)
    assert sent(events, first) == sent(events, first) == [1, 2]
    assert call(node, "evm_revert", snapshot)
    assert sent(events, first) == [1]
    transfer(node, token, 3)
    assert sent(events, first) == sent(ContractEvents(node, token), first) == [1, 3]


def test_more_than_are_remembered(node: Node, token: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 3)
    events, first = ContractEvents(node, token), node.height() + 1
    for amount in range(5):
        transfer(node, token, amount)
        assert sent(events, first) == list(range(amount + 1))


def test_a_guess_is_only_a_guess(node: Node) -> None:
    """A wrong one, also one beyond the chain, changes nothing."""
    for _ in range(BLOCKS):
        call(node, "evm_increaseTime", 10)
        call(node, "evm_mine")
    times = [
        int(call(node, "eth_getBlockByNumber", hex(number), False)["timestamp"], 16)
        for number in range(node.height() + 1)
    ]
    for time in {*times, times[-1] - 5, times[-1] + 1, 0, 2**40}:
        first = sum(known < time for known in times)
        assert {node.first_block_since(time, guess) for guess in range(len(times) + 2)} == {first}
