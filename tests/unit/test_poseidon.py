"""The hash of wallets is the hash of circuits."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.environment import PROJECT
from offchain.zk.field import LIMBS, MODULUS, from_bytes, from_limbs, to_bytes, to_limbs
from offchain.zk.poseidon import FEW, MOST_INPUTS, _hash_few, poseidon, poseidon_batch
from offchain.zk.poseidon_constants import FULL_ROUNDS, PARTIAL_ROUNDS, generated
from offchain.zk.poseidon_plain import hash_plainly

PUBLISHED = {
    (1,): 18586133768512220936620570745912940619677854269274689475585506675881198879027,
    (1, 2): 7853200120776062878684798364095072458815029376092732009249414926327459813530,
    (1, 2, 3, 4): 18821383157269793795438455681495246036402687001665670618754263018637548127333,
}
"""Of circomlib's own tests and of the test vectors of other implementations that follow it."""

EDGES = (0, 1, 2**64 - 1, 2**64, 2**128, 2**192 + 1, 2**253, MODULUS - 2**64, MODULUS - 2, MODULUS - 1)
ELEMENTS = st.one_of(st.integers(0, MODULUS - 1), st.sampled_from(EDGES))

CIRCUIT = """\
pragma circom 2.2.3;
include "circomlib/circuits/poseidon.circom";
template HashOfFirst(n, most) {
    signal input in[most];
    signal output out;
    component hash = Poseidon(n);
    for (var i = 0; i < n; i++) { hash.inputs[i] <== in[i]; }
    out <== hash.out;
}
template Hashes(rows, most) {
    signal input in[rows][most];
    signal output out[most][rows];
    for (var n = 1; n <= most; n++) {
        for (var row = 0; row < rows; row++) { out[n - 1][row] <== HashOfFirst(n, most)(in[row]); }
    }
}
component main = Hashes(%(rows)d, %(most)d);
"""


def plain(inputs: Sequence[int]) -> int:
    """Poseidon word for word as the paper has it, without any shortcut."""
    added, mix = generated(len(inputs) + 1)
    state = [0, *inputs]
    for turn, constants in enumerate(added):
        state = [(element + constant) % MODULUS for element, constant in zip(state, constants, strict=True)]
        full = not FULL_ROUNDS // 2 <= turn < FULL_ROUNDS // 2 + PARTIAL_ROUNDS[len(state)]
        state = [pow(element, 5, MODULUS) if full or place == 0 else element for place, element in enumerate(state)]
        state = [sum(a * b for a, b in zip(row, state, strict=True)) % MODULUS for row in mix]
    return state[0]


@pytest.fixture(scope="module")
def in_circuit(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Sequence[Sequence[int]]], list[list[int]]]:
    """Hashes rows in circomlib's own circuit: by number of inputs taken, then by row."""
    folder = tmp_path_factory.mktemp("circuit")

    def hashes(rows: Sequence[Sequence[int]]) -> list[list[int]]:
        sizes = {"rows": len(rows), "most": MOST_INPUTS}
        (folder / "hashes.circom").write_text(CIRCUIT % sizes)
        (folder / "input.json").write_text(json.dumps({"in": [[str(value) for value in row] for row in rows]}))
        # The compiler, wasm itself, finds libraries below its working folder alone.
        source = (folder / "hashes.circom").relative_to(PROJECT)
        compiler = [str(PROJECT / "node_modules" / ".bin" / "circom2"), "--wasm", "-l", "node_modules"]
        subprocess.run([*compiler, "-o", str(source.parent), str(source)], cwd=PROJECT, check=True, capture_output=True)
        made = folder / "hashes_js"
        witness = ["node", str(made / "generate_witness.js"), str(made / "hashes.wasm"), "input.json", "witness.wtns"]
        subprocess.run(witness, cwd=folder, check=True, capture_output=True)
        size = 32 * len(rows) * MOST_INPUTS
        data = (folder / "witness.wtns").read_bytes()
        # Two sections: the field in 12 + 40 bytes after the file's 12, then the witness, whose first number is one.
        start = 12 + 12 + 40 + 12 + 32
        found = [int.from_bytes(data[at : at + 32], "little") for at in range(start, start + size, 32)]
        return [found[at : at + len(rows)] for at in range(0, len(found), len(rows))]

    return hashes


def test_hash_is_circomlibs(in_circuit: Callable[[Sequence[Sequence[int]]], list[list[int]]]) -> None:
    """H1 wallets hash as circuits do, for every number of inputs and at the edges of the field."""
    random = np.random.default_rng(1)
    rows = [[edge] * MOST_INPUTS for edge in EDGES]
    rows += [[int.from_bytes(random.bytes(32), "little") % MODULUS for _ in range(MOST_INPUTS)] for _ in range(5)]
    for taken, hashes in enumerate(in_circuit(rows), start=1):
        assert [poseidon(row[:taken]) for row in rows] == hashes
        batch = to_limbs(value for row in rows for value in row[:taken]).reshape(len(rows), taken, LIMBS)
        assert from_limbs(poseidon_batch(batch)) == hashes


@pytest.mark.parametrize("inputs", PUBLISHED)
def test_hash_is_the_published_one(inputs: tuple[int, ...]) -> None:
    """H1 the vectors that other implementations publish come out."""
    assert poseidon(inputs) == PUBLISHED[inputs]


@given(st.lists(ELEMENTS, min_size=1, max_size=MOST_INPUTS))
@settings(max_examples=100, deadline=None)
def test_shortcuts_change_nothing(inputs: list[int]) -> None:
    """H1 sparse matrices and machine code give what the paper's rounds give."""
    assert poseidon(inputs) == plain(inputs)


@given(st.lists(ELEMENTS, min_size=1, max_size=MOST_INPUTS))
@settings(max_examples=50, deadline=None)
def test_few_hashes_are_the_same(inputs: list[int]) -> None:
    """H1 what is hashed before the machine code is loaded is hashed as after."""
    compiled = poseidon_batch(np.tile(to_limbs(inputs), (FEW + 1, 1, 1)))
    assert hash_plainly(inputs) == from_limbs(compiled[-1:])[0]
    assert from_limbs(_hash_few(to_limbs(inputs * 2).reshape(2, -1, LIMBS))) == [hash_plainly(inputs)] * 2


def test_few_hashes_must_be_canonical() -> None:
    """H2 before the machine code is loaded as well."""
    rows = np.tile(to_limbs([1, 2]), (3, 1, 1))
    rows[1, 0] = [MODULUS >> 64 * limb & 2**64 - 1 for limb in range(LIMBS)]
    with pytest.raises(ValueError, match="row 1 holds a number that is not below"):
        _hash_few(rows)


@given(st.data())
@settings(max_examples=50, deadline=None)
def test_batch_is_the_hash_of_each_row(data: st.DataObject) -> None:
    """H1 a batch of any shape gives the rows' hashes, in their order."""
    taken = data.draw(st.integers(1, MOST_INPUTS))
    rows = data.draw(st.lists(st.lists(ELEMENTS, min_size=taken, max_size=taken), max_size=8))
    batch = to_limbs(value for row in rows for value in row).reshape(len(rows), taken, LIMBS)
    batch.flags.writeable = False
    assert from_limbs(poseidon_batch(batch)) == [poseidon(row) for row in rows]
    assert from_limbs(poseidon_batch(np.asfortranarray(batch)[::-1])) == [poseidon(row) for row in rows[::-1]]


@pytest.mark.parametrize("wrong", [-1, MODULUS, MODULUS + 1, 2**256 - 1, 2**256])
@pytest.mark.parametrize("place", [0, 2])
def test_input_must_be_canonical(wrong: int, place: int) -> None:
    """H2 a number that stands for another element is refused, wherever it stands."""
    inputs = [1, 2, 3]
    inputs[place] = wrong
    with pytest.raises(ValueError, match="is not a field element"):
        poseidon(inputs)
    if 0 <= wrong < 2**256:
        batch = np.tile(to_limbs([1, 2, 3]), (4, 1, 1))
        batch[2, place] = [wrong >> 64 * limb & 2**64 - 1 for limb in range(LIMBS)]
        with pytest.raises(ValueError, match="row 2 holds a number that is not below"):
            poseidon_batch(batch)


@pytest.mark.parametrize("count", [0, MOST_INPUTS + 1])
def test_number_of_inputs_is_checked(count: int) -> None:
    """H2 no hash of nothing, nor of more inputs than are tested."""
    with pytest.raises(ValueError, match="takes 1 to 6 inputs"):
        poseidon([0] * count)
    with pytest.raises(ValueError, match="takes 1 to 6 inputs"):
        poseidon_batch(np.zeros((1, count, LIMBS), np.uint64))


@pytest.mark.parametrize("shape", [(4,), (1, 4), (1, 1, 3), (1, 1, 1, 4)])
def test_shape_and_type_of_a_batch_are_checked(shape: tuple[int, ...]) -> None:
    """H2 an array of another shape or type is refused."""
    with pytest.raises(ValueError, match="needs 64-bit limbs in shape"):
        poseidon_batch(np.zeros(shape, np.uint64))
    with pytest.raises(ValueError, match="needs 64-bit limbs in shape"):
        poseidon_batch(np.zeros((1, 1, LIMBS), np.int64))


def test_threads_dont_disturb_each_other() -> None:
    """H1 batches in several threads at once give the same hashes."""
    batch = np.zeros((2000, 2, LIMBS), np.uint64)
    batch[:, :, 0] = np.arange(4000).reshape(2000, 2)
    expected = poseidon_batch(batch)
    found: list[bool] = []
    threads = [
        threading.Thread(target=lambda: found.append(bool((poseidon_batch(batch) == expected).all()))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 4


@given(ELEMENTS)
def test_elements_survive_bytes_and_limbs(value: int) -> None:
    """H2 an element comes back as it went, and nothing else comes in."""
    assert from_bytes(to_bytes(value)) == value
    assert from_limbs(to_limbs([value, 0])) == [value, 0]


def test_bytes_must_be_an_element() -> None:
    """H2 bytes of another length, or of a number that isn't canonical, are refused."""
    with pytest.raises(ValueError, match="has 32 bytes, not 31"):
        from_bytes(bytes(31))
    with pytest.raises(ValueError, match="is not a field element"):
        from_bytes(MODULUS.to_bytes(32, "little"))


def test_kernel_is_kept() -> None:
    """H6 machine code is made once, and kept where the settings say."""
    poseidon_batch(np.zeros((FEW + 1, 1, LIMBS), np.uint64))
    assert list(Path(os.environ["NUMBA_CACHE_DIR"]).rglob("poseidon_kernel*"))
