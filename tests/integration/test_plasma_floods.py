"""Attempts to stop the inbox, or to have honest authorities answer for what others signed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from offchain.plasma.authority_service import AuthorityClient, AuthorityUnavailable
from offchain.plasma.delivery import MOST_BYTES, MOST_GAS, _some, gas_of
from offchain.plasma.envelope import LARGEST
from offchain.plasma.messages import BRIDGE, Message, MessageKind
from offchain.plasma.records import abi_encode
from offchain.units import ETHER
from tests.node_process import until
from tests.plasma_network import OTHER, USER, Network, bridged_root, network

LARGEST_CALL, MOST_CALL_GAS = 8_192, 2_000_000
"""What PlasmaVault lets through."""


@pytest.fixture
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """A leader that asks nobody, and one authority."""
    folder = tmp_path_factory.mktemp("floods")
    with bridged_root(folder) as root, network(root, folder / "nodes") as ready:
        ready.lead(authorities=())
        yield ready


def forced(gas: int, size: int) -> Message:
    data = abi_encode(("uint256", gas), ("bytes", bytes(size)))
    return Message(MessageKind.CALL, USER.address, OTHER.address, BRIDGE, 0, 1, data)


@pytest.mark.parametrize(("gas", "size"), [(0, LARGEST_CALL), (MOST_CALL_GAS, 0), (MOST_CALL_GAS, LARGEST_CALL)])
def test_a_delivery_is_bounded(gas: int, size: int) -> None:
    """P5 however many messages wait, and whatever they are, the leader takes the next delivery."""
    messages = [forced(gas, size) for _ in range(500)]
    part, used = _some(messages, MOST_GAS)
    assert 1 < len(part) < 500
    assert sum(len(message.encoded()) for message in part) <= MOST_BYTES <= LARGEST // 2
    assert used <= MOST_GAS
    assert used >= sum(map(gas_of, part))
    assert _some(messages, 1)[0] == messages[:1], "at least one is taken"


def test_many_large_calls_are_delivered(nodes: Network) -> None:
    """P5 forced calls as large as they may be don't stop the inbox, and a deposit behind them arrives; those that burn
    all their gas, or fail, neither."""
    vault = nodes.root.contract("plasma_vault").functions
    sender = nodes.root.sender(USER)
    for gas in (0, MOST_CALL_GAS):
        for _ in range(10):
            sender.transact(vault.forceCall(BRIDGE, 0, gas, b"\xff" * LARGEST_CALL))
    nodes.root.deposit(OTHER, 3 * ETHER)
    nodes.root.mine()
    until("the deposit behind the calls", lambda: nodes.balance(OTHER) == 3 * ETHER)
    bridge = nodes.bridge_call("inboxConsumed")
    taken = nodes.client.call("eth_call", {"to": BRIDGE, "data": "0x" + bridge.hex()}, "latest")
    assert int(taken, 16) == 21


def test_nothing_is_built_on_a_false_checkpoint(nodes: Network) -> None:
    """P6 who signs a checkpoint answers for its link to the one before: on one that isn't what was executed here,
    accepted or not, nobody signs."""
    nodes.follow(1)
    nodes.root.deposit(USER)
    nodes.root.mine()
    until("the deposit", lambda: nodes.balance(USER))
    honest = nodes.next_checkpoint()
    nodes.root.submit(replace(honest, blocks_root=b"\x55" * 32))
    nodes.send(USER, OTHER.address, 1)
    child = nodes.next_checkpoint()
    assert child.epoch == 2
    with pytest.raises(AuthorityUnavailable, match="the root chain's checkpoint 1 is not what was executed here"):
        AuthorityClient(nodes.signing(1)).sign(nodes.root.chain().domain, child)
    assert not (nodes.node_folder(1) / "signed.jsonl").read_text()
