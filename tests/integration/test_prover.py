"""Real proofs of every circuit's keys: verified before they are handed out, by either prover."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from groth16py import import_zkey, prove_wtns

from offchain.settings import settings
from offchain.zk.circuits import CIRCUITS, PARAMETERS
from offchain.zk.proof import Proof
from offchain.zk.prover import ProverError, prove
from offchain.zk.witness import WitnessError, witness

CIRCUIT = CIRCUITS["joinsplit"]
EMPTY = [0] * PARAMETERS.note_tree_depth
INPUTS: dict[str, Any] = {
    "root": 3,
    "treeNumber": 0,
    "publicAsset": 0,
    "publicAmount": 0,
    "contextHash": 7,
    "asset": 5,
    "spendingKey": 9,
    "inputAmounts": [0, 0],
    "inputBlindings": [1, 2],
    "inputIndices": [0, 0],
    "inputSiblings": [EMPTY, EMPTY],
    "outputKeys": [1, 2, 3],
    "outputAmounts": [0, 0, 0],
    "relayerVoid": 1,
}


def test_both_provers_give_proofs_of_the_same_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each verifies its own; what snarkjs says reads as the contracts take it."""
    stages: list[str] = []
    ours = prove("joinsplit", INPUTS, stages.append)
    assert stages == ["witness", "proof", "verification"]
    monkeypatch.setattr(settings, "prover", "snarkjs")
    theirs = prove("joinsplit", INPUTS)
    assert ours.signals == theirs.signals
    assert ours.signals[5:] == (3, 0, 0, 0, 7)
    assert ours.proof != theirs.proof  # proofs are blinded
    assert Proof.from_numbers(ours.proof.numbers) == ours.proof


def test_a_wrong_witness_is_refused() -> None:
    """P9: by the witness itself, before a prover that would take it sees it."""
    with pytest.raises(WitnessError, match="the inputs don't satisfy the circuit"):
        prove("joinsplit", INPUTS | {"outputAmounts": [1, 0, 0]})


@pytest.mark.parametrize("prover", ["groth16py", "snarkjs"])
def test_a_proof_that_doesn_t_hold_is_never_handed_out(
    prover: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P2: with a verification key that isn't the proving key's there is no proof."""
    monkeypatch.setattr(settings, "prover", prover)
    for kind in ("wasm", "zkey"):
        shutil.copy(CIRCUIT.keys / f"joinsplit.{kind}", tmp_path)
    key = json.loads(CIRCUIT.vkey.read_text())
    key["vk_delta_2"], key["vk_gamma_2"] = key["vk_gamma_2"], key["vk_delta_2"]
    (tmp_path / "joinsplit.vkey.json").write_text(json.dumps(key))
    with pytest.raises(ProverError, match=r"the proof doesn't hold|there is no proof that holds"):
        prove(replace(CIRCUIT, keys=tmp_path), INPUTS)


def test_the_prover_alone_would_take_a_wrong_witness(tmp_path: Path) -> None:
    """P2: why each proof is verified: the library makes one of a witness with a changed signal without a word."""
    found = witness(CIRCUIT.wasm, INPUTS)
    wrong = bytearray(found.to_wtns())
    wrong[76 + 32 * 3] ^= 1  # a commitment
    path = tmp_path / "wrong.wtns"
    path.write_bytes(wrong)
    key, _ = import_zkey(str(CIRCUIT.zkey))
    assert len(prove_wtns(key, str(path))) == 256


def test_keys_that_are_missing_or_damaged_are_named(tmp_path: Path) -> None:
    """P9: the proving key, then the verification key."""
    circuit = replace(CIRCUIT, keys=tmp_path)
    shutil.copy(CIRCUIT.wasm, tmp_path)
    with pytest.raises(ProverError, match=r"the proving key joinsplit\.zkey can't be read"):
        prove(circuit, INPUTS)
    (tmp_path / "joinsplit.zkey").write_bytes(CIRCUIT.zkey.read_bytes()[:10_000])
    with pytest.raises(ProverError, match=r"the proving key joinsplit\.zkey can't be read"):
        prove(circuit, INPUTS)
    shutil.copy(CIRCUIT.zkey, tmp_path)
    (tmp_path / "joinsplit.vkey.json").write_text("{}")
    with pytest.raises(ProverError, match=r"the verification key joinsplit\.vkey\.json can't be read"):
        prove(circuit, INPUTS)
