"""The genesis of a bridged plasma chain: PlasmaBridge, which holds all of the chain's ETH, and nothing else.

ETH gets into circulation only against deposits, so no account may hold any at the genesis: it could be exited without
a deposit. So the operator can't pay for the first delivery, and the base fee is 0, for ever: Anvil takes a base fee
of 0 as a constant, whatever is in the blocks (Besu: `zeroBaseFee` in the genesis' `config`). Transactions that pay
nothing are accepted. A priority fee goes to the zero address.

Anvil doesn't commit to the genesis' accounts: its block 0 has the state root of an empty chain. What it has them from
is compared in block 1; no checkpoint has block 0.
"""

from __future__ import annotations

from typing import Any

from eth_utils.crypto import keccak

from offchain.artifacts import load
from offchain.merkle import empty_root
from offchain.plasma.exit_tree import EXIT_TREE_DEPTH
from offchain.plasma.genesis import Genesis
from offchain.plasma.messages import (
    BRIDGE,
    COUNTERS_SLOT,
    EXIT_ROOT_SLOT,
    INBOX_HASH_SLOT,
    INBOX_SEED,
    OPERATOR_SLOT,
    Counters,
)
from offchain.plasma.records import to_address, to_hex

SIDES_SLOT, EMPTY_NODES_SLOT = ((slot).to_bytes(32, "big") for slot in (5, 6))
"""Of the exit tree, compared with the compiler's layout in the tests."""

SUPPLY = 10**9 * 10**18
"""All ETH of the plasma chain, in wei: far more than the root chain has, so that it never runs out."""


def bridge_account(operator: str) -> dict[str, Any]:
    """PlasmaBridge as an account of the genesis: nothing is in its inbox, nothing in its exit tree. Raises RecordError
    if the operator's is no address."""
    operator_word = bytes.fromhex(to_address(operator)[2:]).rjust(32, b"\0")
    storage = {
        COUNTERS_SLOT: Counters(0, 0).word(),
        INBOX_HASH_SLOT: INBOX_SEED,
        EXIT_ROOT_SLOT: empty_root(EXIT_TREE_DEPTH),
        OPERATOR_SLOT: operator_word,
        **_exit_tree(),
    }
    return {
        "balance": hex(SUPPLY),
        "nonce": "0x1",  # as a contract that was deployed (EIP-161)
        "code": to_hex(load("PlasmaBridge").runtime),
        "storage": {to_hex(slot): to_hex(value) for slot, value in storage.items()},
    }


def _exit_tree() -> dict[bytes, bytes]:
    """OpenZeppelin's MerkleTree as its setup leaves it: two arrays of a word a level, the second one of empty nodes."""
    depth = EXIT_TREE_DEPTH.to_bytes(32, "big")
    first = int.from_bytes(keccak(EMPTY_NODES_SLOT), "big")
    nodes = {(first + level).to_bytes(32, "big"): empty_root(level) for level in range(1, EXIT_TREE_DEPTH)}
    return {SIDES_SLOT: depth, EMPTY_NODES_SLOT: depth, **nodes}


def bridge_genesis(operator: str, chain_id: int, timestamp: int) -> Genesis:
    """The genesis. `operator` is the account that delivers, `timestamp` the genesis block's time in Unix seconds.
    Raises RecordError if the operator's is no address."""
    accounts = {BRIDGE.lower(): bridge_account(operator)}
    return Genesis(chain_id, timestamp, to_hex(bytes(20)), base_fee=0, accounts=accounts)
