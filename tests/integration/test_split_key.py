"""A proving key in two parts: their proofs add up to one that holds, and neither is one alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import groth16py
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py_ecc.bn128.bn128_curve import G1, curve_order, multiply

from benchmarks.zk import inputs_of
from offchain.zk.circuits import CIRCUITS
from offchain.zk.sections import FileError
from offchain.zk.split_key import C_OF_PROOF, SplitKey, add
from offchain.zk.witness import witness

scalars = st.one_of(st.sampled_from([0, 1, 2, curve_order - 1, curve_order - 2]), st.integers(0, curve_order - 1))


@pytest.mark.parametrize("name", ["joinsplit", "inference"])
def test_both_parts_make_a_proof(name: str, tmp_path: Path) -> None:
    """The sum holds for the witness's signals and no others; a part alone doesn't; two proofs differ in every point.
    Those of the larger circuits are verified wherever one is made."""
    circuit = CIRCUITS[name]
    key = SplitKey.read(circuit.zkey)
    verifying = groth16py.VerifyingKey.from_snarkjs_file(str(circuit.vkey))
    verifier = groth16py.Verifier(verifying)
    found = witness(circuit.wasm, inputs_of(name))
    signals = found.signals(verifying.n_public)
    first, second = (key.prove(found.to_wtns()) for _ in range(2))
    assert verifier.verify(first, signals)
    assert verifier.verify(second, signals)
    assert not verifier.verify(first, [*signals[:-1], signals[-1] + 1])
    for start, end in ((0, 64), (64, 192), (192, 256)):
        assert first[start:end] != second[start:end]
    path = tmp_path / "witness.wtns"
    path.write_bytes(found.to_wtns())
    blinded, constrained = (groth16py.prove_wtns(part, str(path)) for part in (key.blinded, key.constrained))
    assert not verifier.verify(blinded, signals)
    assert constrained[:C_OF_PROOF] == bytes(C_OF_PROOF), "A and B of this part are the point at infinity"
    mixed = blinded[:C_OF_PROOF] + first[C_OF_PROOF:]
    assert not verifier.verify(mixed, signals)


@settings(max_examples=40, deadline=None)
@given(scalars, scalars)
def test_sums_of_points(one: int, other: int) -> None:
    """Doubling, opposite points and infinity included, against py_ecc."""
    points = [_numbers(multiply(G1, scalar)) for scalar in (one, other)]
    assert add(points[0], points[1]) == _numbers(multiply(G1, (one + other) % curve_order))


def test_a_key_that_is_none(tmp_path: Path) -> None:
    """P9 a file that isn't a key, or lacks a part of one, is named."""
    (tmp_path / "none.zkey").write_bytes(b"nothing of the kind")
    with pytest.raises(FileError, match=r"none\.zkey is no \.zkey file"):
        SplitKey.read(tmp_path / "none.zkey")
    content = CIRCUITS["joinsplit"].zkey.read_bytes()
    (tmp_path / "short.zkey").write_bytes(content[:-1000])
    with pytest.raises(FileError, match=r"short\.zkey is cut off"):
        SplitKey.read(tmp_path / "short.zkey")
    empty = b"zkey" + (1).to_bytes(4, "little") + bytes(4)
    (tmp_path / "empty.zkey").write_bytes(empty)
    with pytest.raises(FileError, match=r"empty\.zkey lacks section 2"):
        SplitKey.read(tmp_path / "empty.zkey")


def _numbers(point: Any) -> tuple[int, int]:
    """A point of py_ecc, whose infinity is None, as numbers."""
    return (int(point[0]), int(point[1])) if point else (0, 0)
