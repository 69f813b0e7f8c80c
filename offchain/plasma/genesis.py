"""The genesis of the plasma chain: PlasmaBridge, which holds all of the chain's ETH, and nothing else.

ETH gets into circulation only against deposits, so no account may hold any at the genesis: it could be exited without
a deposit. So the operator can't pay for the first delivery, and the base fee is 0, for ever: Anvil takes a base fee
of 0 as a constant, whatever is in the blocks (Besu: `zeroBaseFee` in the genesis' `config`). Transactions that pay
nothing are accepted. A priority fee goes to the zero address.

Anvil's block 0 doesn't commit to the accounts: it has the state root of an empty chain, so its hash is the same with
any of them. Block 1 does commit to them, and block 0 is in no checkpoint.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from offchain.artifacts import load
from offchain.plasma.merkle import EXIT_TREE_DEPTH, empty_root
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

SUPPLY = 10**9 * 10**18
"""All ETH of the plasma chain, in wei: far more than the root chain has, so that it never runs out."""
BLOCK_GAS_LIMIT = 30_000_000
HARDFORK = "prague"

ANVIL_FLAGS = (
    "--hardfork",
    HARDFORK,
    "--accounts",  # development accounts would hold ETH that nobody deposited
    "0",
    "--block-base-fee-per-gas",
    "0",
    "--disable-min-priority-fee",  # makes the suggested gas price 0, though not the suggested priority fee
)
"""How Anvil is to be started, beside `--init FILE`."""


def bridge_account(operator: str) -> dict[str, Any]:
    """PlasmaBridge as an account of the genesis: nothing is in its inbox, nothing in its exit tree. Raises RecordError
    if the operator's is no address."""
    operator_word = bytes.fromhex(to_address(operator)[2:]).rjust(32, b"\0")
    storage = {
        COUNTERS_SLOT: Counters(0, 0).word(),
        INBOX_HASH_SLOT: INBOX_SEED,
        EXIT_ROOT_SLOT: empty_root(EXIT_TREE_DEPTH),
        OPERATOR_SLOT: operator_word,
    }
    return {
        "balance": hex(SUPPLY),
        "nonce": "0x1",  # as a contract that was deployed (EIP-161)
        "code": to_hex(load("PlasmaBridge").runtime),
        "storage": {to_hex(slot): to_hex(value) for slot, value in storage.items()},
    }


def genesis(operator: str, chain_id: int, timestamp: int) -> dict[str, Any]:
    """The genesis in geth's format. `operator` is the account that delivers, `timestamp` the genesis block's time in
    Unix seconds. Raises RecordError if the operator's is no address."""
    forks = ("homestead", "eip150", "eip155", "eip158", "byzantium", "constantinople", "petersburg", "istanbul")
    return {
        "config": {
            "chainId": chain_id,
            **{f"{fork}Block": 0 for fork in (*forks, "berlin", "london")},
            "terminalTotalDifficulty": 0,
            "shanghaiTime": 0,
            "cancunTime": 0,
            "pragueTime": 0,
            "zeroBaseFee": True,
        },
        "nonce": "0x0",
        "timestamp": hex(timestamp),
        "extraData": "0x",
        "gasLimit": hex(BLOCK_GAS_LIMIT),
        "difficulty": "0x0",
        "mixHash": to_hex(bytes(32)),
        "coinbase": to_hex(bytes(20)),
        "baseFeePerGas": "0x0",
        "alloc": {BRIDGE.lower(): bridge_account(operator)},
    }


def write_genesis(path: Path, operator: str, chain_id: int, timestamp: int) -> None:
    """Writes the genesis to a file for `anvil --init`; see `genesis`."""
    path.write_text(json.dumps(genesis(operator, chain_id, timestamp), indent=2) + "\n")
