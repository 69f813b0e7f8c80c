"""ABI and bytecode of the contracts, as `ape compile` leaves them in the project's build folder."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.crypto import keccak
from hexbytes import HexBytes
from web3 import Web3
from web3.contract import Contract

from offchain.environment import PROJECT
from offchain.errors import UserError

BUILD = PROJECT / ".build" / "__local__.json"


class ArtifactError(UserError):
    """Says in one line why a compiled contract can't be had."""


@dataclass(frozen=True)
class Artifact:
    """A compiled contract. `creation` is the code that deploys it, `runtime` what then stands on chain (with zeros
    where immutables go)."""

    name: str
    abi: list[dict[str, Any]]
    creation: bytes
    runtime: bytes

    def at(self, web3: Web3, address: str) -> Contract:
        """The contract at an address."""
        return web3.eth.contract(address=Web3.to_checksum_address(address), abi=self.abi)

    def factory(self, web3: Web3) -> type[Contract]:
        """The contract to deploy."""
        return web3.eth.contract(abi=self.abi, bytecode=self.creation)


def compile_contracts() -> None:
    """Brings the build folder up to date. Raises ArtifactError with the compiler's words."""
    ape = Path(sys.prefix) / "bin" / "ape"
    done = subprocess.run([ape, "compile"], cwd=PROJECT, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise ArtifactError(f"the contracts don't compile:\n{(done.stdout + done.stderr)[-2000:]}")
    load_all.cache_clear()


@cache
def load_all() -> dict[str, Artifact]:
    """All compiled contracts by name. Raises ArtifactError before the first compilation."""
    if not BUILD.exists():
        raise ArtifactError("the contracts are not compiled yet: run `ape compile`")
    types = json.loads(BUILD.read_text())["contractTypes"]
    return {
        name: Artifact(
            name,
            entry["abi"],
            bytes(HexBytes(entry.get("deploymentBytecode", {}).get("bytecode", "0x"))),
            bytes(HexBytes(entry.get("runtimeBytecode", {}).get("bytecode", "0x"))),
        )
        for name, entry in types.items()
    }


def load(name: str) -> Artifact:
    """One compiled contract. Raises ArtifactError if there is none of that name."""
    try:
        return load_all()[name]
    except KeyError:
        raise ArtifactError(f"no contract {name} in the build folder: run `ape compile`") from None


def describe_revert(data: bytes) -> str:
    """What a contract's revert data says, e.g. `BelowMinimum(minimum=2, actual=1)`."""
    for artifact in load_all().values():
        for entry in artifact.abi:
            if entry["type"] != "error":
                continue
            types = [argument["type"] for argument in entry["inputs"]]
            if keccak(text=f"{entry['name']}({','.join(types)})")[:4] != data[:4]:
                continue
            values = zip(entry["inputs"], decode(types, data[4:]), strict=True)
            shown = ", ".join(f"{argument['name']}={value}" for argument, value in values)
            return f"{entry['name']}({shown})"
    if data[:4] == keccak(text="Error(string)")[:4]:
        try:
            return str(decode(["string"], data[4:])[0])
        except DecodingError:
            return f"malformed reason 0x{data.hex()}"
    return f"revert data 0x{data.hex()}" if data else "no reason given"
