"""Verifier contracts and verification keys, generated from proving keys by snarkjs."""

from __future__ import annotations

import tempfile
from pathlib import Path

from offchain.zk.circuits import Circuit
from offchain.zk.signals import VERIFIERS
from offchain.zk.snarkjs import SnarkjsError, snarkjs

GENERIC = "contract Groth16Verifier {"
PRAGMA = "pragma solidity >=0.7.0 <0.9.0;"


def verifier_source(circuit: Circuit, zkey: Path) -> str:
    """Solidity source of `<Circuit>Verifier` for a key. Raises SnarkjsError if the file is no key."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "verifier.sol"
        snarkjs("zkey", "export", "solidityverifier", zkey, path)
        source = path.read_text()
    if source.count(GENERIC) != 1 or source.count(PRAGMA) != 1:
        raise SnarkjsError("snarkjs writes other verifiers than this version of the project knows")
    source = source.replace(GENERIC, f"contract {circuit.title}Verifier {{")
    source = source.replace(PRAGMA, "pragma solidity 0.8.37;")
    return "\n".join(line.rstrip() for line in source.splitlines()) + "\n"


def verifier_path(circuit: Circuit, folder: Path = VERIFIERS) -> Path:
    """Where a circuit's verifier stands."""
    return folder / f"{circuit.title}Verifier.sol"


def write_verification_key(zkey: Path, vkey: Path) -> None:
    """Writes the verification key of a proving key. Raises SnarkjsError if the file is no key."""
    snarkjs("zkey", "export", "verificationkey", zkey, vkey)
