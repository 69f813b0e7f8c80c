"""ABI and bytecode of the contracts, as Ape leaves them in the project's build folder.

`python -m offchain.artifacts` brings that up to date.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.crypto import keccak
from hexbytes import HexBytes
from web3 import Web3
from web3.contract import Contract

from offchain.environment import PROJECT, remove_unpacked_libraries
from offchain.errors import UserError
from offchain.zk.poseidon_contract import compile_poseidon

CONTRACTS = PROJECT / "contracts"
BUILD = PROJECT / ".build" / "__local__.json"
FINGERPRINT = BUILD.with_name("fingerprint")
POSEIDON = BUILD.with_name("poseidon.json")
MADE = "_contracts_made"
"""The attribute of a connection that holds the contracts made with it, so that they go when it goes."""


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
        """The contract at an address: one object for each connection, since making one takes milliseconds."""
        made: dict[tuple[str, str], Contract] = web3.__dict__.setdefault(MADE, {})
        key = (self.name, address)
        if key not in made:
            made[key] = web3.eth.contract(address=Web3.to_checksum_address(address), abi=self.abi)
        return made[key]

    def factory(self, web3: Web3) -> type[Contract]:
        """The contract to deploy."""
        return web3.eth.contract(abi=self.abi, bytecode=self.creation)


def fingerprint() -> str:
    """Hash of all that decides the compiled code: the contracts, the compiler's settings, the libraries' versions."""
    files = [*sorted(CONTRACTS.glob("*/*.sol")), PROJECT / "ape-config.yaml", PROJECT / "package-lock.json"]
    digest = sha256()
    for path in files:
        digest.update(f"{path.relative_to(PROJECT)}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def compile_contracts() -> None:
    """Compiles all contracts if anything was changed. Raises ArtifactError with the compiler's words.

    Ape alone recompiles only the files that were changed, not those that build on them, nor after a change of settings.
    """
    if BUILD.exists() and POSEIDON.exists() and FINGERPRINT.exists() and FINGERPRINT.read_text() == fingerprint():
        return
    ape = Path(sys.prefix) / "bin" / "ape"
    command = [str(ape), "compile", "--force"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    remove_unpacked_libraries()
    if done.returncode != 0:
        raise ArtifactError(f"the contracts don't compile:\n{(done.stdout + done.stderr)[-2000:]}")
    POSEIDON.write_text(json.dumps(compile_poseidon()))
    FINGERPRINT.write_text(fingerprint())
    load_all.cache_clear()


@cache
def load_all() -> dict[str, Artifact]:
    """All compiled contracts by name. Raises ArtifactError if they are not compiled, or were changed since."""
    if not BUILD.exists():
        raise ArtifactError("the contracts are not compiled yet: run `make build`")
    if not POSEIDON.exists() or not FINGERPRINT.exists() or FINGERPRINT.read_text() != fingerprint():
        raise ArtifactError("the contracts were changed since they were compiled: run `make build`")
    return {
        name: Artifact(
            name,
            entry["abi"],
            bytes(HexBytes(entry.get("deploymentBytecode", {}).get("bytecode", "0x"))),
            bytes(HexBytes(entry.get("runtimeBytecode", {}).get("bytecode", "0x"))),
        )
        for name, entry in contract_types().items()
    }


def contract_types() -> dict[str, Any]:
    """What the compiler said of each contract, in the shape of Ape's build file."""
    return {**json.loads(BUILD.read_text())["contractTypes"], **json.loads(POSEIDON.read_text())}


def load(name: str) -> Artifact:
    """One compiled contract. Raises ArtifactError if there is none of that name."""
    try:
        return load_all()[name]
    except KeyError:
        raise ArtifactError(f"no contract {name} in the build folder: run `make build`") from None


def describe_revert(data: bytes) -> str:
    """What a contract's revert data says, e.g. `BelowMinimum(minimum=2, actual=1)`; for anything unknown, the data."""
    for entry in (*(entry for artifact in load_all().values() for entry in artifact.abi), *BUILT_IN_ERRORS):
        if entry["type"] != "error":
            continue
        types = [argument["type"] for argument in entry["inputs"]]
        if keccak(text=f"{entry['name']}({','.join(types)})")[:4] != data[:4]:
            continue
        if len(data) < 4 + 32 * len(types):  # some decoders fill up what is missing
            break
        try:
            values = zip(entry["inputs"], decode(types, data[4:]), strict=True)
        except DecodingError:
            break
        shown = ", ".join(f"{argument['name']}={value}" for argument, value in values)
        return f"{entry['name']}({shown})"
    return f"revert data 0x{data.hex()}" if data else "no reason given"


if __name__ == "__main__":
    try:
        compile_contracts()
    except ArtifactError as error:
        sys.exit(f"Error: {error}")
