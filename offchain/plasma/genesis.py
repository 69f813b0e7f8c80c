"""The genesis file of the plasma chain: all that makes one chain differ from another before its first block."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from offchain.errors import UserError

HARD_FORK = "prague"
GAS_LIMIT = 180_000_000
"""Gas of a block: room for some thousand transfers a second."""

BASE_FEE = 10**9
ALWAYS = ("homestead", "eip150", "eip155", "eip158", "byzantium", "constantinople", "petersburg", "istanbul", "berlin")
ALWAYS_SINCE_TIME = ("shanghaiTime", "cancunTime", "pragueTime")


class GenesisError(UserError):
    """Says in one line why a genesis file can't be used."""


@dataclass(frozen=True)
class Genesis:
    """A chain's terms. `timestamp` is the genesis block's Unix time; `coinbase` gets the fees; `accounts` gives by
    address what a genesis file's `alloc` does: `balance` in hex wei, `code`, `nonce`, `storage`. Gas is of a block,
    `base_fee` in wei, of the first block."""

    chain_id: int
    timestamp: int
    coinbase: str
    gas_limit: int = GAS_LIMIT
    base_fee: int = BASE_FEE
    accounts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Genesis:
        """The terms in a file. What one doesn't give, the engine would choose, and could choose differently elsewhere:
        raises GenesisError then, or if there is no such file."""
        try:
            content = json.loads(path.read_bytes())
            numbers = (int(content[name], 16) for name in ("timestamp", "gasLimit", "baseFeePerGas"))
            timestamp, gas_limit, base_fee = numbers
            chain_id, coinbase = int(content["config"]["chainId"]), str(content["coinbase"])
            return cls(chain_id, timestamp, coinbase, gas_limit, base_fee, dict(content["alloc"]))
        except OSError as error:
            raise GenesisError(f"{path} can't be read: {error}") from error
        except (ValueError, TypeError, KeyError) as error:
            wanted = "config.chainId, timestamp, gasLimit, baseFeePerGas, coinbase and alloc"
            raise GenesisError(f"{path} is no genesis file with {wanted} ({error!r})") from error

    def flags(self, path: Path) -> list[str]:
        """How Anvil is started from the file: what decides the blocks' hashes, and no account beyond the file's."""
        flags = ["--init", str(path), "--hardfork", HARD_FORK, "--gas-limit", str(self.gas_limit)]
        flags += ["--accounts", "0", "--disable-default-create2-deployer"]
        if self.base_fee == 0:  # the last one makes the suggested gas price 0, though not the suggested priority fee
            flags += ["--block-base-fee-per-gas", "0", "--disable-min-priority-fee"]
        return flags

    def write(self, path: Path) -> None:
        """Writes the file, in the form that Anvil, Besu and Geth read. Raises GenesisError if it can't."""
        forks: dict[str, int | bool] = {f"{name}Block": 0 for name in (*ALWAYS, "london")}
        forks |= {"terminalTotalDifficulty": 0, "terminalTotalDifficultyPassed": True}
        forks |= dict.fromkeys(ALWAYS_SINCE_TIME, 0)
        if self.base_fee == 0:
            forks["zeroBaseFee"] = True  # Besu's name for what Anvil does anyway
        content = {
            "config": {"chainId": self.chain_id, **forks},
            "nonce": "0x0",
            "timestamp": hex(self.timestamp),
            "extraData": "0x",
            "gasLimit": hex(self.gas_limit),
            "difficulty": "0x0",
            "mixHash": f"0x{bytes(32).hex()}",
            "coinbase": self.coinbase,
            "baseFeePerGas": hex(self.base_fee),
            "alloc": {address: dict(account) for address, account in self.accounts.items()},
        }
        try:
            path.write_text(json.dumps(content, indent=2) + "\n")
        except OSError as error:
            raise GenesisError(f"{path} can't be written: {error}") from error
