"""What the circuits compile to: as accepted, as the keys were made of, and only when something changed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from offchain.environment import CACHE
from offchain.zk import compiler
from offchain.zk.circuits import CIRCUITS, KEYS, Circuit, Signal
from offchain.zk.compiler import Compiled, CompilerError, check_snapshot, compile_circuit, compile_circuits
from offchain.zk.manifest import DEVELOPMENT, Manifest
from offchain.zk.sections import digest
from tests.tiny import circuit_in

SOURCES = CACHE / "build_test"


@pytest.fixture(scope="module")
def compiled() -> list[Compiled]:
    """All circuits, compiled from the sources as they are."""
    return list(compile_circuits())


@pytest.fixture
def tiny() -> Iterator[Circuit]:
    """A circuit whose sources a test may change."""
    yield circuit_in(SOURCES)
    shutil.rmtree(SOURCES)


def test_keys_are_of_these_circuits(compiled: list[Compiled]) -> None:
    """K2 what the circuits compile to has the hashes that the keys' manifest names."""
    manifest = Manifest.read()
    assert list(manifest.circuits) == list(CIRCUITS)
    assert list(manifest.build_problems(compiled)) == []
    assert dict(manifest.transcript.r1cs) == {name: hashes.r1cs for name, hashes in manifest.circuits.items()}


def test_committed_keys_are_those_of_the_manifest() -> None:
    """K2 keys, witness generators and verifiers are the files that the manifest names."""
    assert list(Manifest.read().file_problems(list(CIRCUITS.values()))) == []


def test_the_manifest_says_what_the_keys_are() -> None:
    """K3 manifest and page say that anyone can forge with these keys."""
    assert Manifest.read().statement == DEVELOPMENT
    assert "anyone can forge" in DEVELOPMENT
    assert "Anyone can forge" in (KEYS / "README.md").read_text()


def test_sizes_are_as_accepted(compiled: list[Compiled]) -> None:
    """K4 each circuit has as many constraints as last accepted; the compiler refuses one over its limit."""
    check_snapshot(compiled)
    first = compiled[0]
    grown = replace(first, system=replace(first.system, constraints=first.system.constraints + 1))
    with pytest.raises(CompilerError, match="accept them with"):
        check_snapshot([grown, *compiled[1:]])


def test_changed_build_and_missing_files_are_told(compiled: list[Compiled], tmp_path: Path) -> None:
    """K2 another r1cs or wasm, a missing circuit, and missing or other files are each told."""
    manifest = Manifest.read()
    other = tmp_path / "other"
    other.write_bytes(b"other")
    changed = [replace(compiled[0], r1cs=other), replace(compiled[1], wasm=other), *compiled[2:-1]]
    assert list(manifest.build_problems(changed)) == [
        "inference is not both a circuit and in the keys' manifest",
        "joinsplit compiles to another r1cs than its keys were made of",
        "consolidate compiles to another wasm than its keys were made of",
    ]
    circuit = replace(CIRCUITS["joinsplit"], keys=tmp_path)
    circuit.vkey.write_text("{}")
    assert list(manifest.file_problems([circuit], tmp_path)) == [
        "joinsplit.wasm is missing",
        "joinsplit.zkey is missing",
        "joinsplit.vkey.json is not the one of the manifest",
        "JoinsplitVerifier.sol is missing",
    ]


def test_only_what_changed_is_compiled(tiny: Circuit) -> None:
    """K4 a circuit is compiled again after a change of its sources or of what was built, and not otherwise."""
    build = SOURCES / "build"
    first = compile_circuit(tiny, build)
    assert first.seconds > 0
    assert (first.system.constraints, first.system.public, first.system.private) == (3, 3, 2)
    assert compile_circuit(tiny, build).seconds == 0
    hashes = digest(first.r1cs), digest(first.wasm)
    first.wasm.write_bytes(b"tampered")
    again = compile_circuit(tiny, build)
    assert again.seconds > 0
    assert (digest(again.r1cs), digest(again.wasm)) == hashes
    square = SOURCES / "square.circom"
    square.write_text(square.read_text().replace("value * value", "(value + 1) * value"))
    assert compile_circuit(tiny, build).seconds > 0
    assert digest(again.r1cs) != hashes[0]


def test_build_does_not_depend_on_the_folder(tiny: Circuit) -> None:
    """K2 the same sources in another folder compile to the same bytes."""
    elsewhere = circuit_in(SOURCES / "deeper" / "still")
    builds = [compile_circuit(tiny, SOURCES / "one"), compile_circuit(elsewhere, SOURCES / "two")]
    assert digest(builds[0].r1cs) == digest(builds[1].r1cs)
    assert digest(builds[0].wasm) == digest(builds[1].wasm)


def test_too_many_constraints(tiny: Circuit) -> None:
    """K4 P9 a circuit over its limit is refused with both numbers."""
    with pytest.raises(CompilerError, match="tiny has 3 constraints; maxConstraints is 2"):
        compile_circuit(replace(tiny, max_constraints=2), SOURCES / "build")


@pytest.mark.parametrize(
    "outputs", [(Signal("sums", 2),), (Signal("products", 1),), (Signal("products"),)], ids=["name", "length", "array"]
)
def test_other_public_signals(tiny: Circuit, outputs: tuple[Signal, ...]) -> None:
    """K1 P9 a circuit with other public signals than the table says is refused."""
    with pytest.raises(CompilerError, match=r"has the public signals products\[0\], products\[1\], sum"):
        compile_circuit(replace(tiny, outputs=outputs), SOURCES / "build")
    with pytest.raises(CompilerError, match="has the public signals"):  # the failed build doesn't count as built
        compile_circuit(replace(tiny, outputs=outputs), SOURCES / "build")


def test_what_does_not_compile(tiny: Circuit) -> None:
    """P9 a mistake in a circuit is told in the compiler's words; a missing file is named."""
    tiny.main.write_text(tiny.main.read_text().replace("a * b", "a ** b"))
    with pytest.raises(CompilerError, match=r"tiny doesn't compile:[^$]*[Nn]on.?quadratic"):
        compile_circuit(tiny, SOURCES / "build")
    (SOURCES / "square.circom").unlink()
    with pytest.raises(CompilerError, match=r"square\.circom can't be read"):
        compile_circuit(tiny, SOURCES / "build")


def test_parameters_are_written_where_they_differ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """K1 the build writes the parameters' file."""
    path = tmp_path / "parameters.circom"
    monkeypatch.setattr(compiler, "PARAMETERS_FILE", path)
    compiler.write_parameters()
    assert path.read_text() == compiler.parameters_source()
