"""Proofs in this process, each verified before it is handed out.

The prover is groth16py (arkworks); `snarkjs` takes its place where that can't be imported or `OPENMG_PROVER=snarkjs`
is set, several times slower.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from offchain.errors import UserError
from offchain.settings import settings
from offchain.zk.circuits import TABLE_OF_PROJECT, Circuit
from offchain.zk.proof import Proof
from offchain.zk.sections import FileError
from offchain.zk.snarkjs import SnarkjsError, snarkjs

if TYPE_CHECKING:
    from offchain.zk.split_key import SplitKey
    from offchain.zk.witness import Witness

Inputs = Mapping[str, int | Sequence[Any]]
Progress = Callable[[str], None]
"""Is told each stage as it begins: `witness`, `proof`, `verification`."""


class ProverError(UserError):
    """Says in one line why there is no proof."""


@dataclass(frozen=True)
class ProvenSignals:
    """A proof that holds, and its public signals in the circuit's order: outputs, then public inputs."""

    proof: Proof
    signals: tuple[int, ...]


def prove(circuit: str | Circuit, inputs: Inputs, progress: Progress | None = None) -> ProvenSignals:
    """Proves a statement of a circuit (by name, with the project's keys); inputs by name, arrays in any nesting.

    Raises WitnessError if the inputs don't satisfy the circuit, ProverError if keys are missing or damaged. That the
    amounts are there and the roots are the chain's is the caller's to check before: a circuit can't say which is wrong.
    """
    from offchain.zk.witness import witness

    files = TABLE_OF_PROJECT.circuit(circuit) if isinstance(circuit, str) else circuit
    if progress:
        progress("witness")
    return prove_witness(files, witness(files.wasm, inputs), progress)


def prove_witness(files: Circuit, witness: Witness, progress: Progress | None = None) -> ProvenSignals:
    """Proves what a witness shows. Raises ProverError, also if the witness doesn't satisfy the circuit."""
    tell = progress or (lambda stage: None)
    tell("proof")
    if settings.prover == "groth16py" and find_spec("groth16py"):
        return _prove_in_process(files, witness, tell)
    return _prove_with_snarkjs(files, witness.to_wtns(), tell)


def warm(circuit: str) -> None:
    """Loads what a proof needs, so that the next one begins at once; for a thread beside other work."""
    from offchain.zk.witness import load

    files = TABLE_OF_PROJECT.circuit(circuit)
    load(files.wasm)
    if settings.prover == "groth16py" and find_spec("groth16py"):
        _proving_key(files.zkey)


def _prove_in_process(files: Circuit, witness: Witness, tell: Progress) -> ProvenSignals:
    import groth16py

    key, (verifier, count) = _proving_key(files.zkey), _verifier(files.vkey)
    try:
        proof = key.prove(witness.to_wtns())
    except groth16py.WitnessError as error:
        raise ProverError(f"{files.zkey.name} is of another circuit than {files.wasm.name}: {error}") from error
    tell("verification")
    public = witness.signals(count)
    # The prover takes a witness that violates the circuit; its proof then doesn't hold.
    if not verifier.verify(proof, public):
        raise ProverError(f"the proof doesn't hold: {files.zkey.name} and {files.vkey.name} don't belong together")
    numbers = [int.from_bytes(proof[at : at + 32], "big") for at in range(0, 256, 32)]
    return ProvenSignals(Proof.from_numbers(numbers), tuple(public))


@cache
def _proving_key(path: Path) -> SplitKey:
    import groth16py

    from offchain.zk.split_key import SplitKey

    try:
        return SplitKey.read(path)
    except (OSError, FileError, groth16py.SetupError, groth16py.EncodingError) as error:
        raise ProverError(f"the proving key {path.name} can't be read: {error}") from error


@cache
def _verifier(path: Path) -> tuple[Any, int]:
    import groth16py

    try:
        key = groth16py.VerifyingKey.from_snarkjs_file(str(path))
    except (OSError, groth16py.SetupError, groth16py.EncodingError) as error:
        raise ProverError(f"the verification key {path.name} can't be read: {error}") from error
    return groth16py.Verifier(key), key.n_public


def _prove_with_snarkjs(files: Circuit, wtns: bytes, tell: Progress) -> ProvenSignals:
    with tempfile.TemporaryDirectory() as folder:  # readable by its owner alone
        witness, proof, public = (Path(folder) / name for name in ("witness.wtns", "proof.json", "public.json"))
        witness.write_bytes(wtns)
        try:
            snarkjs("groth16", "prove", files.zkey, witness, proof, public)
            tell("verification")
            snarkjs("groth16", "verify", files.vkey, public, proof)
        except SnarkjsError as error:
            raise ProverError(f"there is no proof that holds ({error}): are the keys of {files.name} whole?") from error
        signals = tuple(int(signal) for signal in json.loads(public.read_text()))
        return ProvenSignals(Proof.from_snarkjs(json.loads(proof.read_text())), signals)
