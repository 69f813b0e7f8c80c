"""A real plasma chain: an Anvil with the project's genesis, its operator, and accounts that hold what was delivered."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_account import Account as Keys
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak
from web3 import Web3
from web3.contract import Contract
from web3.contract.contract import ContractFunctions
from web3.exceptions import ContractCustomError

from offchain.artifacts import describe_revert, load
from offchain.chains import ChainSpec, started
from offchain.node import Node
from offchain.plasma.bridge_genesis import bridge_genesis
from offchain.plasma.escape import StateProofs
from offchain.plasma.events import Delivered, decode_as
from offchain.plasma.exit_tree import ExitTree
from offchain.plasma.messages import BRIDGE, Counters, Exit, Message, MessageKind, inbox_hash
from offchain.sender import Sender, key_sender
from offchain.wallet.note import ETH
from tests.plasma.made_up import CHILD_CHAIN_ID, GENESIS_TIME

NOBODY = "0x0000000000000000000000000000000000000000"
TOKEN = "0x7070707070707070707070707070707070707070"
"""A token of the root chain."""


def key_of(name: str) -> LocalAccount:
    """A key that only the tests know."""
    account: LocalAccount = Keys.from_key(keccak(text=f"plasma {name}"))
    return account


def address_of(name: str) -> str:
    """The account of `key_of`."""
    return str(key_of(name).address)


def deposit(recipient: str, amount: int, asset: str = ETH, sender: str = "") -> Message:
    """A deposit, as the inbox has it."""
    return Message(MessageKind.DEPOSIT, sender or address_of("depositor"), recipient, asset, amount, 1, b"")


def listing(asset: str = TOKEN, name: str = "Won", symbol: str = "KRW", decimals: int = 6) -> Message:
    """The listing of a token, as the inbox has it."""
    data = encode(["string", "string", "uint8"], [name, symbol, decimals])
    return Message(MessageKind.LIST_TOKEN, address_of("owner"), NOBODY, asset, 0, 1, data)


def forced(sender: str, target: str, data: bytes = b"", value: int = 0, gas: int = 2_000_000) -> Message:
    """A forced call, as the inbox has it."""
    return Message(MessageKind.CALL, sender, target, ETH, value, 1, encode(["uint256", "bytes"], [gas, data]))


def called(name: str, kinds: Sequence[str] = (), *values: Any) -> bytes:
    """Calldata."""
    return keccak(text=f"{name}({','.join(kinds)})")[:4] + encode(kinds, values)


@dataclass
class Child:
    """The plasma chain, and what its bridge was given and burned, as Python keeps account of it."""

    web3: Web3
    messages: list[Message] = field(default_factory=list)
    exits: list[Exit] = field(default_factory=list)

    @cached_property
    def node(self) -> Node:
        return Node(self.web3)

    @cached_property
    def bridge(self) -> Contract:
        return load("PlasmaBridge").at(self.web3, BRIDGE)

    @property
    def calls(self) -> ContractFunctions:
        """The bridge's functions."""
        return self.bridge.functions

    @cached_property
    def operator(self) -> Sender:
        return self.sender("operator")

    @property
    def exit_tree(self) -> ExitTree:
        """The tree of what was burned."""
        return ExitTree(exit_.key(CHILD_CHAIN_ID) for exit_ in self.exits)

    def sender(self, name: str) -> Sender:
        """An account of the tests."""
        return key_sender(self.web3, key_of(name))

    def balance(self, address: str) -> int:
        return int(self.web3.eth.get_balance(Web3.to_checksum_address(address)))

    def token(self, asset: str) -> Contract:
        """What stands for a token of the root chain."""
        return load("BridgedToken").at(self.web3, self.calls.tokenOf(asset).call())

    def deliver(self, *messages: Message) -> list[bool]:
        """Delivers the next messages in one transaction; returns whether each was done. Checks what is logged."""
        receipt: Any = self.operator.transact(self.calls.deliver(len(self.messages), [m.abi() for m in messages]))
        logs = [decode_as(Delivered, log) for log in receipt["logs"] if log["topics"][0] == Delivered.topic()]
        first = len(self.messages)
        assert [(log.id, log.message_hash) for log in logs] == [
            (first + place, message.hash) for place, message in enumerate(messages)
        ]
        self.messages += messages
        return [log.success for log in logs]

    def exit_eth(self, sender: Sender, recipient: str, amount: int) -> Exit:
        """Burns ETH."""
        sender.transact(self.calls.exitEth(recipient), value=amount)
        return self.burned(ETH, sender.address, recipient, amount)

    def exit_token(self, sender: Sender, asset: str, recipient: str, amount: int) -> Exit:
        """Burns a token."""
        sender.transact(self.calls.exitToken(asset, recipient, amount))
        return self.burned(asset, sender.address, recipient, amount)

    def burned(self, asset: str, from_: str, recipient: str, amount: int) -> Exit:
        """Takes account of a burn."""
        self.exits.append(Exit(len(self.exits), asset, from_, recipient, amount))
        return self.exits[-1]

    def deploy_code(self, runtime: bytes) -> str:
        """An account with this code."""
        creation = b"\x61" + len(runtime).to_bytes(2, "big") + bytes.fromhex("80600a5f395ff3") + runtime
        return str(self.operator.send({"data": "0x" + creation.hex()})["contractAddress"])

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Takes back at the end what was done within."""
        before = (self.node.call("evm_snapshot"), list(self.messages), list(self.exits))
        try:
            yield
        finally:
            assert self.node.call("evm_revert", before[0])
            _, self.messages, self.exits = before

    def balances(self) -> dict[str, int]:
        """The ETH of every account there is."""
        dump = bytes.fromhex(self.node.call("anvil_dumpState")[2:])
        state = json.loads(zlib.decompress(dump, zlib.MAX_WBITS | 16) if dump[:2] == b"\x1f\x8b" else dump)
        found = {Web3.to_checksum_address(address): entry for address, entry in state["accounts"].items()}
        return {address: int(entry["balance"], 16) for address, entry in found.items()}


@contextmanager
def child_chain(folder: Path) -> Iterator[Child]:
    """A plasma chain at its genesis, on a free port; a block a transaction, a second a block."""
    file = folder / "genesis.json"
    genesis = bridge_genesis(address_of("operator"), CHILD_CHAIN_ID, GENESIS_TIME)
    genesis.write(file)
    with started(ChainSpec("plasma", CHILD_CHAIN_ID, 0), *genesis.flags(file)) as chain:
        child = Child(chain.web3)
        child.node.call("anvil_setBlockTimestampInterval", 1)
        yield child


def fails(call: Any, error: str, sender: str, value: int = 0, gas: int = 5_000_000) -> None:
    """Checks that a call fails with exactly this error."""
    with pytest.raises(ContractCustomError) as failed:
        call.call({"from": sender, "value": value, "gas": gas})
    assert describe_revert(bytes.fromhex(str(failed.value.data)[2:])).lower() == error.lower()


def state_of(child: Child) -> StateProofs:
    """The newest state, as the node proves it."""
    number = child.node.height()
    block = child.node.block(number)
    assert block is not None
    return StateProofs.of_node(child.node, number, bytes.fromhex(block["stateRoot"][2:]))


def check_state(child: Child) -> None:
    """What the root chain can prove of the bridge is what Python keeps account of."""
    state = state_of(child)
    words = [state.slot(BRIDGE, place.to_bytes(32, "big"))[0].to_bytes(32, "big") for place in range(3)]
    counters = Counters(len(child.messages), len(child.exits))
    assert words == [counters.word(), inbox_hash(child.messages), child.exit_tree.root()]
    calls = child.calls
    assert (calls.inboxConsumed().call(), calls.inboxHash().call()) == (counters.messages, words[1])
    assert (calls.exitCount().call(), calls.exitRoot().call()) == (counters.exits, words[2])
