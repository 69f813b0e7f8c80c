"""Plasma chains made up in Python: whatever blocks, states and receipts a test needs, true or false, with real tries.

Headers have the 21 fields of a Prague header, so that what they hash to is what a node's would.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import rlp
from eth_utils.crypto import keccak
from trie import HexaryTrie

from offchain.merkle import Tree
from offchain.plasma.blocks import BlockLeaf
from offchain.plasma.events import Delivered
from offchain.plasma.exit_tree import ExitTree
from offchain.plasma.messages import (
    BRIDGE,
    COUNTERS_SLOT,
    EXIT_ROOT_SLOT,
    INBOX_HASH_SLOT,
    Counters,
    Exit,
    Message,
    inbox_hash,
)
from offchain.plasma.records import to_address
from offchain.plasma.tries import ItemTrie

CHILD_CHAIN_ID = 950327
GENESIS_TIME = 1_750_000_000
NO_CODE = keccak(b"")
EXIT_BURNED = keccak(text="ExitBurned(uint256,address,address,address,uint256)")
EVERYTHING = 10**27


def word(value: int | str | bytes) -> bytes:
    """32 bytes: of a number, an address, or bytes."""
    if isinstance(value, int):
        return value.to_bytes(32, "big")
    return (bytes.fromhex(value[2:]) if isinstance(value, str) else value).rjust(32, b"\0")


def entry(key: int | str | bytes, slot: int | bytes) -> bytes:
    """The slot of a mapping's value."""
    return keccak(word(key) + word(slot))


class Trie:
    """A state or storage trie over hashed keys."""

    def __init__(self, items: dict[bytes, bytes]) -> None:
        self._trie: Any = HexaryTrie({})
        for key, value in items.items():
            self._trie[keccak(key)] = value

    @property
    def root(self) -> bytes:
        return bytes(self._trie.root_hash)

    def proof(self, key: bytes) -> list[bytes]:
        """The nodes on the way to a key, there or not."""
        return [bytes(rlp.encode(node)) for node in self._trie.get_proof(keccak(key))]


@dataclass(frozen=True)
class Account:
    """An account: wei, and the storage's slots."""

    balance: int = 0
    slots: dict[bytes, int] = field(default_factory=dict)
    nonce: int = 0
    code_hash: bytes = NO_CODE

    @cached_property
    def storage(self) -> Trie:
        return Trie({slot: rlp.encode(value) for slot, value in self.slots.items() if value})


class State:
    """All accounts after a block."""

    def __init__(self, accounts: dict[str, Account]) -> None:
        self.accounts = {to_address(address): account for address, account in accounts.items()}
        self._trie = Trie(
            {
                bytes.fromhex(address[2:]): rlp.encode([a.nonce, a.balance, a.storage.root, a.code_hash])
                for address, a in self.accounts.items()
            }
        )

    @property
    def root(self) -> bytes:
        return self._trie.root

    def account_proof(self, address: Any) -> list[bytes]:
        """The nodes on the way to an account."""
        return self._trie.proof(bytes.fromhex(getattr(address, "address", address)[2:]))

    def slot_proof(self, address: Any, slot: bytes) -> list[bytes]:
        """The nodes on the way to a slot of an account."""
        return self.accounts[to_address(getattr(address, "address", address))].storage.proof(slot)


@dataclass(frozen=True)
class Log:
    """A log of a receipt."""

    emitter: str
    topics: Sequence[bytes]
    data: bytes = b""


def burn_log(exit_: Exit, emitter: str = BRIDGE) -> Log:
    """What PlasmaBridge logs of a burn."""
    topics = [EXIT_BURNED, word(exit_.id), word(exit_.asset), word(exit_.recipient)]
    return Log(emitter, topics, word(exit_.from_) + word(exit_.amount))


def delivery_log(id_: int, message_hash: bytes, emitter: str = BRIDGE) -> Log:
    """What PlasmaBridge logs of a delivery."""
    return Log(emitter, [Delivered.topic(), word(id_), message_hash], word(1))


def receipt(*logs: Log, status: int = 1, type_: int = 2) -> bytes:
    """A receipt's encoding (EIP-2718)."""
    encoded = [[bytes.fromhex(log.emitter[2:]), list(log.topics), log.data] for log in logs]
    body = bytes(rlp.encode([status, 21_000, bytes(256), encoded]))
    return bytes([type_]) + body if type_ else body


@dataclass(frozen=True)
class Block:
    """A block: what its header says is all true."""

    number: int
    parent_hash: bytes
    state: State
    transactions: tuple[bytes, ...] = ()
    receipts: tuple[bytes, ...] = ()
    timestamp: int = 0

    @cached_property
    def header(self) -> bytes:
        fields: list[Any] = [
            self.parent_hash,
            keccak(rlp.encode([])),
            bytes(20),
            self.state.root,
            ItemTrie(self.transactions).root,
            ItemTrie(self.receipts).root,
            bytes(256),
            0,
            self.number,
            30_000_000,
            0,
            self.timestamp,
            b"",
            bytes(32),
            bytes(8),
            0,
            bytes(32),
            0,
            0,
            bytes(32),
            bytes(32),
        ]
        return bytes(rlp.encode(fields))

    @property
    def hash(self) -> bytes:
        return keccak(self.header)

    @cached_property
    def leaf(self) -> BlockLeaf:
        roots = ItemTrie(self.transactions).root, ItemTrie(self.receipts).root
        return BlockLeaf(self.number, self.timestamp, self.hash, self.parent_hash, self.state.root, *roots)

    def receipt_proof(self, index: int) -> list[bytes]:
        return list(ItemTrie(self.receipts).proof(index))

    def transaction_proof(self, index: int) -> list[bytes]:
        return list(ItemTrie(self.transactions).proof(index))


class Chain:
    """A plasma chain that follows the rules unless a test bends it: blocks, inbox taken, exits burned."""

    def __init__(self, time: int = GENESIS_TIME) -> None:
        self.blocks: list[Block] = [Block(0, bytes(32), State({}), timestamp=time)]
        self.accounts: dict[str, Account] = {}
        self.messages: list[Message] = []
        self.exits: list[Exit] = []
        self.exit_tree = ExitTree()
        self._pending: list[tuple[bytes, bytes]] = []

    def put(self, address: Any, account: Account) -> None:
        """What an account is from the next block on."""
        self.accounts[to_address(getattr(address, "address", address))] = account

    def add(self, *logs: Log, status: int = 1, transaction: bytes = b"") -> int:
        """A transaction in the next block that leaves these logs; returns its place."""
        content = transaction or b"\x02" + rlp.encode([len(self.blocks), len(self._pending)])
        self._pending.append((content, receipt(*logs, status=status)))
        return len(self._pending) - 1

    def deliver(self, message: Message) -> int:
        """Takes a message; returns its transaction's place in the next block."""
        self.messages.append(message)
        return self.add(delivery_log(len(self.messages) - 1, message.hash))

    def burn(self, asset: Any, from_: Any, recipient: Any, amount: int) -> Exit:
        """Burns; the log is in a transaction of its own in the next block."""
        token, burner, paid = (to_address(getattr(party, "address", party)) for party in (asset, from_, recipient))
        burned = Exit(len(self.exits), token, burner, paid, amount)
        self.exits.append(burned)
        self.exit_tree.append(burned.key(CHILD_CHAIN_ID))
        self.add(burn_log(burned))
        return burned

    def bridge(self) -> Account:
        """PlasmaBridge as an honest chain has it now."""
        slots = {
            COUNTERS_SLOT: int.from_bytes(Counters(len(self.messages), len(self.exits)).word(), "big"),
            INBOX_HASH_SLOT: int.from_bytes(inbox_hash(self.messages), "big"),
            EXIT_ROOT_SLOT: int.from_bytes(self.exit_tree.root(), "big"),
        }
        return Account(EVERYTHING, slots, 1, keccak(b"bridge"))

    def seal(self, **changes: Any) -> Block:
        """The next block; `changes` bend it."""
        last = self.blocks[-1]
        accounts = {BRIDGE: self.bridge()} | self.accounts
        contents = tuple(content for content, _ in self._pending)
        receipts = tuple(encoded for _, encoded in self._pending)
        self._pending = []
        block = Block(last.number + 1, last.hash, State(accounts), contents, receipts, last.timestamp + 1)
        self.blocks.append(replace(block, **changes))
        return self.blocks[-1]

    @property
    def head(self) -> Block:
        return self.blocks[-1]

    def tree(self, start: int, end: int) -> Tree:
        """The tree of a range of blocks, whether or not they follow each other."""
        return Tree([block.leaf.hash(CHILD_CHAIN_ID) for block in self.blocks[start : end + 1]])
