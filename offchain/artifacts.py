"""ABI and bytecode of the contracts, as `ape compile` leaves them in the project's build folder."""

from __future__ import annotations

import json
import shutil
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

CONTRACTS = PROJECT / "contracts"
BUILD = PROJECT / ".build" / "__local__.json"


BUILT_IN_ERRORS: list[dict[str, Any]] = [
    {"type": "error", "name": "Error", "inputs": [{"name": "reason", "type": "string"}]},
    {"type": "error", "name": "Panic", "inputs": [{"name": "code", "type": "uint256"}]},
]
"""What Solidity itself reverts with."""


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


def remove_unpacked_libraries() -> None:
    """Removes the libraries that an interrupted compilation can leave below the contracts, where Ape would take them
    for contracts of the project and stop looking at the project's own."""
    shutil.rmtree(CONTRACTS / ".cache", ignore_errors=True)


def compile_contracts() -> None:
    """Brings the build folder up to date. Raises ArtifactError with the compiler's words."""
    remove_unpacked_libraries()
    ape = Path(sys.prefix) / "bin" / "ape"
    done = subprocess.run([ape, "compile"], cwd=PROJECT, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise ArtifactError(f"the contracts don't compile:\n{(done.stdout + done.stderr)[-2000:]}")
    load_all.cache_clear()


@cache
def load_all() -> dict[str, Artifact]:
    """All compiled contracts by name. Raises ArtifactError if they are not compiled, or were changed since."""
    if not BUILD.exists():
        raise ArtifactError("the contracts are not compiled yet: run `ape compile`")
    manifest = json.loads(BUILD.read_text())
    types, sources = manifest["contractTypes"], manifest["sources"]
    for path in CONTRACTS.glob("*/*.sol"):
        name = str(path.relative_to(PROJECT))
        if sources.get(name, {}).get("content", "").rstrip() != path.read_text().rstrip():
            raise ArtifactError(f"{name} was changed since it was compiled: run `ape compile`")
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
    """What a contract's revert data says, e.g. `BelowMinimum(minimum=2, actual=1)`; for anything unknown, the data."""
    for entry in (*(entry for artifact in load_all().values() for entry in artifact.abi), *BUILT_IN_ERRORS):
        if entry["type"] != "error":
            continue
        types = [argument["type"] for argument in entry["inputs"]]
        if keccak(text=f"{entry['name']}({','.join(types)})")[:4] != data[:4]:
            continue
        try:
            values = zip(entry["inputs"], decode(types, data[4:]), strict=True)
        except DecodingError:
            break
        shown = ", ".join(f"{argument['name']}={value}" for argument, value in values)
        return f"{entry['name']}({shown})"
    return f"revert data 0x{data.hex()}" if data else "no reason given"
