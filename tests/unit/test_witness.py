"""Witnesses in this process: what circom's own calculator gives, and which input is wrong."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from offchain.zk.circuits import CIRCUITS, PARAMETERS
from offchain.zk.field import MODULUS
from offchain.zk.poseidon import poseidon
from offchain.zk.tree import MerkleTree
from offchain.zk.witness import WitnessError, witness

WASM = CIRCUITS["joinsplit"].wasm
DEPTH = PARAMETERS.note_tree_depth
SPENDING_KEY, BLINDING, ASSET, AMOUNT = 9, 11, 5, 1000
PUBLIC_KEY, NULLIFIER_KEY = poseidon([1, SPENDING_KEY]), poseidon([2, SPENDING_KEY])
COMMITMENT = poseidon([poseidon([PUBLIC_KEY, BLINDING]), ASSET, AMOUNT])

Inputs = dict[str, Any]


@pytest.fixture
def inputs() -> Inputs:
    """A joinsplit of the third note of a tree and a dummy; 600 go to a receiver, 300 back, 100 leave."""
    tree = MerkleTree(DEPTH)
    tree.append([7, 8, COMMITMENT])
    return {
        "root": tree.root,
        "treeNumber": 4,
        "publicAsset": ASSET,
        "publicAmount": 100,
        "contextHash": 77,
        "asset": ASSET,
        "spendingKey": SPENDING_KEY,
        "inputAmounts": [AMOUNT, 0],
        "inputBlindings": [BLINDING, 12],
        "inputIndices": [2, 0],
        "inputSiblings": [tree.path(2), [0] * DEPTH],
        "outputKeys": [21, 22, 0],
        "outputAmounts": [600, 300, 0],
        "relayerVoid": 1,
    }


def test_public_signals_are_as_the_protocol_says(inputs: Inputs) -> None:
    """Computed here a second time, with the wallet's own hashes."""
    dummy = poseidon([poseidon([PUBLIC_KEY, 12]), ASSET, 0])
    first = 4 << DEPTH
    assert witness(WASM, inputs).signals(10) == [
        poseidon([NULLIFIER_KEY, COMMITMENT, first + 2]),
        poseidon([NULLIFIER_KEY, dummy, first]),
        poseidon([21, ASSET, 600]),
        poseidon([22, ASSET, 300]),
        0,
        inputs["root"],
        4,
        ASSET,
        100,
        77,
    ]


def test_the_file_for_provers_holds_field_and_values(inputs: Inputs) -> None:
    """The format `.wtns`, read back by hand."""
    found = witness(WASM, inputs)
    data = found.to_wtns()
    assert data[:12] == b"wtns" + struct.pack("<II", 2, 2)
    assert data[12:24] == struct.pack("<IQ", 1, 40)
    size, prime, count = struct.unpack("<I32sI", data[24:64])
    assert (size, int.from_bytes(prime, "little")) == (32, MODULUS)
    assert data[64:76] == struct.pack("<IQ", 2, 32 * count)
    assert len(data) == 76 + 32 * count
    assert int.from_bytes(data[76:108], "little") == 1
    assert data[76:] == found.values


def test_nested_arrays_may_be_flat(inputs: Inputs) -> None:
    flat = inputs | {"inputSiblings": [*inputs["inputSiblings"][0], *inputs["inputSiblings"][1]]}
    assert witness(WASM, flat) == witness(WASM, inputs)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"outputAmounts": [601, 300, 0]}, "the spent amounts are not what comes out and leaves"),
        ({"outputAmounts": [1000, MODULUS - 100, 0]}, "an output amount is out of range"),
        ({"inputAmounts": [1001, 0], "outputAmounts": [601, 300, 0]}, "a spent note's amount, blinding, index or path"),
        ({"root": 1}, "a spent note's amount, blinding, index or path"),
        ({"inputIndices": [3, 0]}, "a spent note's amount, blinding, index or path"),
        ({"inputIndices": [2 + (1 << DEPTH), 0]}, "a spent note's amount, blinding, index or path"),
        ({"spendingKey": 10}, "a spent note's amount, blinding, index or path"),
        ({"publicAsset": 6}, "the public asset is not the notes' asset"),
        ({"outputAmounts": [600, 200, 100]}, "the relayer's amount is out of range, or not 0"),
    ],
)
def test_inputs_that_don_t_satisfy_the_circuit_are_explained(inputs: Inputs, change: Inputs, why: str) -> None:
    """P9: in one line that says what is likely wrong, without any value of the inputs."""
    with pytest.raises(WitnessError) as refused:
        witness(WASM, inputs | change)
    assert why in str(refused.value)
    assert "\n" not in str(refused.value)
    assert str(BLINDING) not in str(refused.value)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda inputs: inputs.pop("root"), "67 of 68 numbers of input are given"),
        (lambda inputs: inputs.update(roots=1), "input roots is given as 1 numbers, the circuit has no such input"),
        (
            lambda inputs: inputs.update(outputKeys=[1, 2]),
            "input outputKeys is given as 2 numbers, the circuit takes 3",
        ),
    ],
)
def test_inputs_of_another_shape_are_named(inputs: Inputs, spoil: Callable[[Inputs], object], why: str) -> None:
    """P9: missing, unknown, too few."""
    spoil(inputs)
    with pytest.raises(WitnessError, match=why):
        witness(WASM, inputs)


def test_code_that_is_none_is_refused(tmp_path: Path, inputs: Inputs) -> None:
    """P9: no file, another file."""
    with pytest.raises(WitnessError, match="the circuit's code can't be read"):
        witness(tmp_path / "joinsplit.wasm", inputs)
    (tmp_path / "other.wasm").write_bytes(b"no code")
    with pytest.raises(WitnessError, match="holds no circuit"):
        witness(tmp_path / "other.wasm", inputs)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the process' size from Linux")
def test_memory_is_given_back(inputs: Inputs) -> None:
    """The calculator's memory holds the spending key; a wallet that runs for long makes many witnesses."""

    def size() -> int:
        """Reserved memory of this process, in kB."""
        (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmSize")]
        return int(line.split()[1])

    witness(WASM, inputs)
    before = size()
    for _ in range(4):
        witness(WASM, inputs)
    with pytest.raises(WitnessError):
        witness(WASM, inputs | {"publicAmount": 101})
    assert size() - before < 1 << 20
