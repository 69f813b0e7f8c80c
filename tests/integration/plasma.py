"""Plasma and root chain with the bridge between them, for its tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount
from web3 import Web3
from web3.contract import Contract

from offchain.artifacts import load
from offchain.chains import ChainSpec, started
from offchain.node import Node
from offchain.plasma.blocks import block_tree
from offchain.plasma.bridge_genesis import bridge_genesis
from offchain.plasma.checkpoint import Checkpoint, Domain, SignedCheckpoint, Submission
from offchain.plasma.events import CheckpointSubmitted, ExitBurned, MessageSent, decode_as, decode_log
from offchain.plasma.exit_tree import ExitTree
from offchain.plasma.messages import BRIDGE, Message
from offchain.plasma.prover import read_leaves
from offchain.plasma.records import to_hex
from offchain.signature import sign

CHAIN_ID = 950327
GENESIS_TIME = 1_800_000_000
ETHER = 10**18
OPERATOR, USER, OTHER = (Account.from_key(bytes([index]) * 32) for index in (1, 2, 3))
AUTHORITIES = [Account.from_key(bytes([0x10 + index]) * 32) for index in range(4)]
FREE = {"maxFeePerGas": 0, "maxPriorityFeePerGas": 0}
RULES = (3600, 3600, 86400, 2 * 86400, 3600, 3600, ETHER)


@dataclass
class PlasmaChain:
    """A plasma chain that mines when it is told to; each block is a second after the one before."""

    node: Node
    nonces: dict[str, int] = field(default_factory=dict)

    @property
    def web3(self) -> Web3:
        return self.node.web3

    @property
    def bridge(self) -> Contract:
        return load("PlasmaBridge").at(self.web3, BRIDGE)

    def send(self, sender: LocalAccount, to: str | None, data: bytes | str = b"", value: int = 0, **more: Any) -> bytes:
        """Signs a transaction, which pays nothing unless told to, and puts it into the pool; returns its hash."""
        nonce = self.nonces.get(sender.address, 0)
        call = {"chainId": CHAIN_ID, "nonce": nonce, "data": data, "value": value, "gas": 2_000_000}
        call |= {"to": to} if to else {}
        signed = sender.sign_transaction(call | ({} if "gasPrice" in more else FREE) | more)
        self.nonces[sender.address] = nonce + 1
        sent = self.node.call("eth_sendRawTransaction", to_hex(signed.raw_transaction))
        return bytes.fromhex(sent[2:])

    def mine(self) -> int:
        """Makes the next block; returns its number."""
        self.node.call("evm_setNextBlockTimestamp", hex(GENESIS_TIME + self.node.height() + 1))
        self.node.call("evm_mine")
        return self.node.height()

    def deliver(self, first: int, messages: list[Message]) -> bytes:
        """The operator delivers messages; returns the transaction's hash."""
        data = self.bridge.encode_abi("deliver", [first, [message.abi() for message in messages]])
        return self.send(OPERATOR, BRIDGE, data)

    def receipt(self, transaction: bytes) -> dict[str, Any]:
        found: dict[str, Any] = self.node.call("eth_getTransactionReceipt", to_hex(transaction))
        return found


@contextmanager
def plasma_chain(folder: Path, *flags: str) -> Iterator[PlasmaChain]:
    """A plasma chain that begins with its genesis."""
    path = folder / "genesis.json"
    genesis = bridge_genesis(OPERATOR.address, CHAIN_ID, GENESIS_TIME)
    genesis.write(path)
    wanted = (*genesis.flags(path), "--no-mining", "--order", "fifo", *flags)
    with started(ChainSpec("plasma", CHAIN_ID, 0), *wanted) as chain:
        yield PlasmaChain(Node(chain.web3))


@dataclass
class RootChain:
    """A root chain with the bridge's contracts, whose authorities are bonded and active."""

    node: Node
    root: Contract
    vault: Contract
    inclusion: Contract

    @property
    def domain(self) -> Domain:
        return Domain(self.node.chain_id(), self.root.address)

    def send(self, function: Any, **more: Any) -> dict[str, Any]:
        """Sends a call from the first development account; returns its receipt, the logs as the node tells them."""
        web3 = self.node.web3
        sent = function.transact({"from": web3.eth.accounts[0], **more})
        assert web3.eth.wait_for_transaction_receipt(sent)["status"] == 1
        receipt: dict[str, Any] = self.node.call("eth_getTransactionReceipt", to_hex(sent))
        return receipt

    def messages(self) -> list[Message]:
        """The inbox."""
        logs = self.node.logs([self.vault.address], 0, self.node.height())
        return [event.message for event in map(decode_log, logs) if isinstance(event, MessageSent)]

    def submit(self, checkpoint: Checkpoint) -> Submission:
        """All authorities sign a checkpoint, and it is accepted."""
        signed = SignedCheckpoint(self.domain, checkpoint, {})
        for authority in AUTHORITIES:
            signed = signed.with_signature(sign(self.domain.checkpoint_digest(checkpoint), authority))
        receipt = self.send(self.root.functions.submitCheckpoint(*signed.call()))
        return decode_as(CheckpointSubmitted, receipt["logs"][0]).submission


@contextmanager
def root_chain() -> Iterator[RootChain]:
    """A root chain on which the bridge's contracts were deployed."""
    with started(ChainSpec("root", 31337, 0)) as chain:
        web3 = chain.web3
        owner = web3.eth.accounts[0]

        def deploy(name: str, *arguments: Any) -> Contract:
            sent = load(name).factory(web3).constructor(*arguments).transact({"from": owner})
            return load(name).at(web3, str(web3.eth.wait_for_transaction_receipt(sent)["contractAddress"]))

        root = deploy("PlasmaRoot", RULES, owner)
        vault = deploy("PlasmaVault", root.address, CHAIN_ID, 3600, 1000 * ETHER)
        inclusion = deploy("PlasmaInclusion", root.address, CHAIN_ID)
        ready = RootChain(Node(web3), root, vault, inclusion)
        ready.send(root.functions.connect(vault.address, inclusion.address))
        ready.send(vault.functions.connect(inclusion.address))  # for the escapes, which no test here makes
        addresses = sorted((one.address for one in AUTHORITIES), key=lambda one: int(one, 16))
        for address in addresses:
            ready.send(root.functions.bond(address), value=ETHER)
        ready.send(root.functions.proposeAuthorities(addresses))
        ready.send(root.functions.activateAuthorities())
        yield ready


def checkpoint_of(chain: PlasmaChain, end: int, before: Submission | None = None) -> Checkpoint:
    """The checkpoint of a chain's next blocks, as its authorities make it."""
    start = before.checkpoint.end + 1 if before else 1
    leaves = read_leaves(chain.node, start, end)
    logs = chain.node.logs([BRIDGE], 0, end)
    exits = [event.exit for event in map(decode_log, logs) if isinstance(event, ExitBurned)]
    return Checkpoint(
        epoch=before.checkpoint.epoch + 1 if before else 1,
        previous=before.checkpoint.hash if before else bytes(32),
        start=start,
        end=end,
        blocks_root=block_tree(CHAIN_ID, leaves).root,
        exit_root=ExitTree(exit_.key(CHAIN_ID) for exit_ in exits).root(),
        exit_count=len(exits),
        inbox_consumed=chain.bridge.functions.inboxConsumed().call(block_identifier=end),
        last_state_root=leaves[-1].state_root,
        data_hash=Web3.keccak(text="the blocks' data"),
        set_id=1,
    )
