"""Blocks of the plasma chain: their headers' encoding and their leaves in a checkpoint (see Inclusion.sol).

A node's answer is believed only if the header it tells hashes to the block's hash. A header here is always the one that
the hash is of: of a block that QBFT's validators sealed, without round and seals (see qbft.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import rlp
from eth_utils.crypto import keccak
from rlp.exceptions import RLPException

from offchain.errors import UserError
from offchain.merkle import Tree, leaf
from offchain.plasma.qbft import hashed_extra_data
from offchain.plasma.records import Bytes32, Record, RecordError, Uint, abi_encode, to_bytes, to_hex

BLOCK_TYPEHASH = keccak(
    text="Block(uint256 chainId,uint256 number,uint256 timestamp,bytes32 blockHash,bytes32 parentHash,"
    "bytes32 stateRoot,bytes32 transactionsRoot,bytes32 receiptsRoot)"
)

MOST_DIGITS = 2 + 64
"""0x and a number of 256 bits."""

QUANTITY = None
"""The length of a number."""

_HEADER: list[tuple[str, int | None]] = [
    ("parentHash", 32),
    ("sha3Uncles", 32),
    ("miner", 20),
    ("stateRoot", 32),
    ("transactionsRoot", 32),
    ("receiptsRoot", 32),
    ("logsBloom", 256),
    ("difficulty", QUANTITY),
    ("number", QUANTITY),
    ("gasLimit", QUANTITY),
    ("gasUsed", QUANTITY),
    ("timestamp", QUANTITY),
    ("extraData", -1),
    ("mixHash", 32),
    ("nonce", 8),
]
_ADDED: list[tuple[str, int | None]] = [
    ("baseFeePerGas", QUANTITY),  # London, EIP-1559
    ("withdrawalsRoot", 32),  # Shanghai, EIP-4895
    ("blobGasUsed", QUANTITY),  # Cancun, EIP-4844
    ("excessBlobGas", QUANTITY),
    ("parentBeaconBlockRoot", 32),  # Cancun, EIP-4788
    ("requestsHash", 32),  # Prague, EIP-7685
]
"""What later forks added: a header has the first of these, without gaps."""


class BlockError(UserError):
    """Says in one line why a block can't be used."""


@dataclass(frozen=True)
class BlockLeaf(Record):
    """A block as a leaf of its checkpoint's tree; the time is in Unix seconds."""

    number: Uint
    timestamp: Uint
    block_hash: Bytes32
    parent_hash: Bytes32
    state_root: Bytes32
    transactions_root: Bytes32
    receipts_root: Bytes32

    @classmethod
    def of(cls, block: Mapping[str, Any]) -> BlockLeaf:
        """The leaf of a block that `eth_getBlockByNumber` answered. Raises BlockError unless its header hashes to its
        hash."""
        header = header_rlp(block)
        block_hash = told_field(block, "hash", 32)
        if keccak(header) != block_hash:
            raise BlockError(
                f"block {int(block['number'], 16)} is not what its hash {to_hex(block_hash)} says: "
                "the node is faulty, or its chain has headers of an unknown fork"
            )
        return cls.told(block)

    @classmethod
    def numbered(cls, number: int, block: Mapping[str, Any] | None) -> BlockLeaf:
        """The leaf of a block that was asked for by its number; see `of`. Raises BlockError if the node has none, or
        answered another."""
        if block is None:
            raise BlockError(f"the node has no block {number}")
        found = cls.of(block)
        if found.number != number:
            raise BlockError(f"the node answered block {found.number} instead of {number}")
        return found

    @classmethod
    def told(cls, block: Mapping[str, Any]) -> BlockLeaf:
        """The leaf of a block as a node tells it, true or not. Raises BlockError if it has no usable fields."""
        number, timestamp = (
            int.from_bytes(told_field(block, name, QUANTITY), "big") for name in ("number", "timestamp")
        )
        words = ("hash", "parentHash", "stateRoot", "transactionsRoot", "receiptsRoot")
        return cls(number, timestamp, *(told_field(block, name, 32) for name in words))

    @classmethod
    def of_header(cls, header: bytes) -> BlockLeaf:
        """The leaf of a header's RLP. Raises BlockError if it is none."""
        try:
            fields = rlp.decode(header)
            number, timestamp = (int.from_bytes(fields[place], "big") for place in (8, 11))
            return cls(number, timestamp, keccak(header), *(to_bytes(fields[place], 32) for place in (0, 3, 4, 5)))
        except (RLPException, IndexError, TypeError, RecordError) as error:
            raise BlockError(f"that is no header: {error}") from error

    def hash(self, chain_id: int) -> bytes:
        """The leaf's hash in the tree; `chain_id` is the plasma chain's."""
        return leaf(abi_encode(("bytes32", BLOCK_TYPEHASH), ("uint256", chain_id), (self.abi_type(), self.abi())))


def header_rlp(block: Mapping[str, Any]) -> bytes:
    """The RLP encoding of the header that a block's hash is of, of any fork from Frontier to Osaka, from the answer of
    `eth_getBlockByNumber`. Raises BlockError if a field is missing or is none."""
    added = [entry for entry in _ADDED if block.get(entry[0]) is not None]
    if added != _ADDED[: len(added)]:
        missing = next(entry[0] for entry in _ADDED if entry not in added)
        raise BlockError(f"the node's block has no {missing}, but fields of later forks")
    fields = {name: told_field(block, name, length) for name, length in _HEADER + added}
    number = int.from_bytes(fields["number"], "big")
    fields["extraData"] = hashed_extra_data(number, fields["mixHash"], fields["extraData"])
    encoded: bytes = rlp.encode(list(fields.values()))
    return encoded


def block_tree(chain_id: int, leaves: Sequence[BlockLeaf]) -> Tree:
    """The tree of a range of blocks. Raises BlockError unless each block follows the one before it."""
    if not leaves:
        raise BlockError("a checkpoint has at least one block")
    for before, after in pairwise(leaves):
        if after.number != before.number + 1 or after.parent_hash != before.block_hash:
            raise BlockError(f"block {after.number} doesn't follow block {before.number}")
    return Tree([block.hash(chain_id) for block in leaves])


def told_field(told: Mapping[str, Any], name: str, length: int | None, what: str = "block") -> bytes:
    """The bytes of a field of what a node tells, a block or something in it; a quantity's without leading zeros;
    length -1: any. Raises BlockError if it is none."""
    value = told.get(name)
    try:
        if length is not None:
            return to_bytes(value, None if length < 0 else length)
        if not isinstance(value, str) or not value.startswith("0x") or len(value) > MOST_DIGITS:
            raise ValueError("no quantity")
        number = int(value, 16)
    except (RecordError, ValueError) as error:
        raise BlockError(f"the node's {what} has no usable {name}: {value!r}") from error
    return number.to_bytes((number.bit_length() + 7) // 8, "big")
