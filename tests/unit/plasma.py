"""Blocks, checkpoints and messages of a plasma chain, for its tests."""

from __future__ import annotations

from typing import Any

import rlp
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from hypothesis import strategies as st

from offchain.plasma.blocks import BlockLeaf
from offchain.plasma.checkpoint import Checkpoint
from offchain.plasma.messages import Exit, Message, MessageKind

CHAIN_ID = 950327
UINT = st.integers(0, (1 << 256) - 1)
HASH = st.binary(min_size=32, max_size=32)
ADDRESS = st.binary(min_size=20, max_size=20).map(to_checksum_address)
CHECKPOINTS = st.builds(Checkpoint, UINT, HASH, UINT, UINT, HASH, HASH, UINT, UINT, HASH, HASH, UINT)
EXITS = st.builds(Exit, UINT, ADDRESS, ADDRESS, ADDRESS, UINT)
MESSAGES = st.builds(
    Message, st.sampled_from(MessageKind), ADDRESS, ADDRESS, ADDRESS, UINT, UINT, st.binary(max_size=100)
)

FIXED = [32, 32, 20, 32, 32, 32, 256]
LATER = [0, 32, 0, 0, 32, 32]
"""Lengths of a header's first fields, and of those that later forks added; 0: a quantity."""
NAMES = [
    *["parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom"],
    *["difficulty", "number", "gasLimit", "gasUsed", "timestamp", "extraData", "mixHash", "nonce"],
    *["baseFeePerGas", "withdrawalsRoot", "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot", "requestsHash"],
]


@st.composite
def headers(draw: st.DrawFn) -> dict[str, Any]:
    """A block as a node tells it, of any fork, with the hash that its header has."""
    lengths = [*FIXED, *[0] * 5, -1, 32, 8, *LATER[: draw(st.sampled_from([0, 1, 2, 5, 6]))]]
    told, fields = {}, []
    for name, length in zip(NAMES, lengths, strict=False):
        if length:
            size = draw(st.integers(9, 32)) if length < 0 else length
            value = draw(st.binary(min_size=size, max_size=size))
            told[name] = "0x" + value.hex()
        else:
            number = draw(st.integers(0, 1 << 50))
            value, told[name] = number.to_bytes((number.bit_length() + 7) // 8, "big"), hex(number)
        fields.append(value)
    return {**told, "hash": "0x" + keccak(rlp.encode(fields)).hex()}


def block_leaf(number: int, **changed: Any) -> BlockLeaf:
    """A block of a chain on which each follows the one before."""
    words = {name: keccak(text=f"{name} {number}") for name in ("state_root", "transactions_root", "receipts_root")} | {
        "block_hash": keccak(text=f"block {number}"),
        "parent_hash": keccak(text=f"block {number - 1}"),
    }
    return BlockLeaf(**{"number": number, "timestamp": 1_800_000_000 + number, **words, **changed})
