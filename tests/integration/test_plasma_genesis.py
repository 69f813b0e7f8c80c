"""The plasma chain's genesis in Anvil: what it holds, and that nobody pays for gas."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from offchain.artifacts import load
from offchain.merkle import empty_root
from offchain.plasma.blocks import BlockLeaf
from offchain.plasma.bridge_genesis import SUPPLY, bridge_genesis
from offchain.plasma.events import Delivered, ExitBurned, decode_as
from offchain.plasma.exit_tree import EXIT_TREE_DEPTH, ExitTree
from offchain.plasma.genesis import GAS_LIMIT
from offchain.plasma.messages import (
    BRIDGE,
    COUNTERS_SLOT,
    EXIT_ROOT_SLOT,
    INBOX_HASH_SLOT,
    INBOX_SEED,
    OPERATOR_SLOT,
    Counters,
    Exit,
    Message,
    MessageKind,
    inbox_hash,
)
from offchain.plasma.prover import read_leaf
from offchain.plasma.records import RecordError, to_hex
from offchain.plasma.tries import Account, account_at, slot_at
from tests.integration.plasma import CHAIN_ID, ETHER, GENESIS_TIME, OPERATOR, OTHER, USER, PlasmaChain, plasma_chain

ETH = "0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE"
BURN_ALL_GAS = bytes.fromhex("5b5f56")
"""Creation code that loops until its gas is used."""
KEEP_NOTHING = bytes.fromhex("00")


def deposit(recipient: str, amount: int = 2 * ETHER) -> Message:
    return Message(MessageKind.DEPOSIT, recipient, recipient, ETH, amount, GENESIS_TIME, b"")


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[PlasmaChain]:
    with plasma_chain(tmp_path) as chain:
        yield chain


def state(chain: PlasmaChain, number: int) -> tuple[Account, dict[bytes, int]]:
    """PlasmaBridge and its first slots after a block, proven against the block's header."""
    slots = [COUNTERS_SLOT, INBOX_HASH_SLOT, EXIT_ROOT_SLOT, OPERATOR_SLOT]
    answer = chain.node.call("eth_getProof", BRIDGE, [to_hex(slot) for slot in slots], hex(number))
    nodes = [bytes.fromhex(node[2:]) for node in answer["accountProof"]]
    account = account_at(read_leaf(chain.node, number).state_root, BRIDGE, nodes)
    values = {}
    for slot, entry in zip(slots, answer["storageProof"], strict=True):
        values[slot] = slot_at(account.storage_root, slot, [bytes.fromhex(node[2:]) for node in entry["proof"]])
    return account, values


def number(word: bytes) -> int:
    return int.from_bytes(word, "big")


def test_the_bridge_holds_everything(chain: PlasmaChain) -> None:
    """P1: no other account has ETH that could be exited without a deposit."""
    assert chain.node.chain_id() == CHAIN_ID
    block = chain.node.block(0)
    assert block is not None
    assert int(block["timestamp"], 16) == GENESIS_TIME
    assert int(block["gasLimit"], 16) == GAS_LIMIT
    assert chain.web3.eth.get_balance(chain.bridge.address) == SUPPLY
    assert bytes(chain.web3.eth.get_code(chain.bridge.address)) == load("PlasmaBridge").runtime
    dumped = json.loads(gzip.decompress(bytes.fromhex(chain.node.call("anvil_dumpState")[2:])))
    holders = {address for address, account in dumped["accounts"].items() if int(account["balance"], 16)}
    assert holders == {BRIDGE.lower()}


def test_the_bridges_state_is_proven_in_the_first_block(chain: PlasmaChain) -> None:
    """What checkpoints are challenged with is never zero, and so can always be proven."""
    account, values = state(chain, chain.mine())
    assert (account.nonce, account.balance) == (1, SUPPLY)
    assert account.code_hash == chain.web3.keccak(load("PlasmaBridge").runtime)
    assert values == {
        COUNTERS_SLOT: number(Counters(0, 0).word()),
        INBOX_HASH_SLOT: number(INBOX_SEED),
        EXIT_ROOT_SLOT: number(empty_root(EXIT_TREE_DEPTH)),
        OPERATOR_SLOT: int(OPERATOR.address, 16),
    }
    bridge = chain.bridge.functions
    assert (bridge.inboxConsumed().call(), bridge.exitCount().call()) == (0, 0)
    assert bridge.operator().call() == OPERATOR.address


def test_the_operator_delivers_without_eth(chain: PlasmaChain) -> None:
    """P5: the first deposit arrives, can be spent and burned; hashes and counters are as told off chain."""
    messages = [deposit(USER.address), deposit(OTHER.address, ETHER)]
    sent = chain.deliver(0, messages)
    chain.mine()
    receipt = chain.receipt(sent)
    assert receipt["status"] == "0x1"
    assert [decode_as(Delivered, log) for log in receipt["logs"]] == [
        Delivered(place, message.hash, True) for place, message in enumerate(messages)
    ]
    burned = chain.send(USER, BRIDGE, chain.bridge.encode_abi("exitEth", [OTHER.address]), ETHER)
    last = chain.mine()
    burn = decode_as(ExitBurned, chain.receipt(burned)["logs"][0]).exit
    assert burn == Exit(0, ETH, USER.address, OTHER.address, ETHER)
    account, values = state(chain, last)
    assert account.balance == SUPPLY - 2 * ETHER
    assert values == {
        COUNTERS_SLOT: number(Counters(2, 1).word()),
        INBOX_HASH_SLOT: number(inbox_hash(messages)),
        EXIT_ROOT_SLOT: number(ExitTree([burn.key(CHAIN_ID)]).root()),
        OPERATOR_SLOT: int(OPERATOR.address, 16),
    }
    balances = [chain.web3.eth.get_balance(one.address) for one in (USER, OTHER, OPERATOR)]
    assert balances == [ETHER, ETHER, 0]


def test_nobody_else_delivers(chain: PlasmaChain) -> None:
    data = chain.bridge.encode_abi("deliver", [0, [deposit(USER.address).abi()]])
    sent = chain.send(USER, BRIDGE, data)
    chain.mine()
    assert chain.receipt(sent)["status"] == "0x0"
    assert chain.web3.eth.get_balance(USER.address) == 0


def test_the_base_fee_stays_zero_in_full_blocks(chain: PlasmaChain) -> None:
    """EIP-1559 would raise it by at least 1 wei after a block above half of the gas limit."""
    prices: list[dict[str, Any]] = [{}, {"gasPrice": 0}, {"gasPrice": 0, "accessList": []}]
    for _ in range(4):
        sent = [chain.send(USER, None, BURN_ALL_GAS, gas=GAS_LIMIT // len(prices), **price) for price in prices]
        block = chain.node.block(chain.mine())
        assert block is not None
        assert [bytes.fromhex(one[2:]) for one in block["transactions"]] == sent
        assert int(block["gasUsed"], 16) == int(block["gasLimit"], 16) == GAS_LIMIT
        assert int(block["baseFeePerGas"], 16) == 0
    free = chain.send(USER, None, KEEP_NOTHING)
    block = chain.node.block(chain.mine())
    assert block is not None
    assert int(block["baseFeePerGas"], 16) == 0
    assert chain.receipt(free)["status"] == "0x1"
    assert int(chain.node.call("eth_gasPrice"), 16) == 0


def test_two_engines_make_the_same_blocks(chain: PlasmaChain, tmp_path: Path) -> None:
    """P6: an authority that replays the transactions reaches the same hashes."""
    (tmp_path / "second").mkdir()
    with plasma_chain(tmp_path / "second") as second:
        hashes = []
        for engine in (chain, second):
            engine.deliver(0, [deposit(USER.address)])
            engine.mine()
            engine.send(USER, OTHER.address, value=ETHER)
            engine.send(USER, None, BURN_ALL_GAS)
            engine.mine()
            engine.mine()
            hashes.append([read_leaf(engine.node, height).block_hash for height in range(4)])
        assert hashes[0] == hashes[1]


def test_headers_are_understood(chain: PlasmaChain) -> None:
    """Block 0 has no accounts in its state root: only from block 1 on are they committed to."""
    first, second = chain.node.block(0), chain.node.block(chain.mine())
    assert first is not None
    assert second is not None
    assert BlockLeaf.of(second).parent_hash == BlockLeaf.of(first).block_hash
    assert first["stateRoot"] == "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"


def test_an_operator_that_is_no_address_is_refused() -> None:
    """P9."""
    with pytest.raises(RecordError, match="'0x12' is not an address"):
        bridge_genesis("0x12", CHAIN_ID, GENESIS_TIME)
