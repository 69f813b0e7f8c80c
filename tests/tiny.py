"""A key ceremony of a circuit of three constraints, held once for all tests that look at its files."""

from __future__ import annotations

import atexit
import os
import shutil
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from offchain.environment import CACHE
from offchain.zk.bundle import opened
from offchain.zk.ceremony import (
    add_beacon,
    beacon_phase1,
    contribute,
    contribute_phase1,
    export,
    new_phase1,
    prepare_phase1,
    start,
)
from offchain.zk.circuits import Circuit, Signal
from offchain.zk.compiler import Compiled, compile_circuit
from offchain.zk.transcript import Step

FOLDER = CACHE / f"tiny-{os.getpid()}"  # tests run in several processes
POWER = 4
BEACON = "ab" * 32
NAMES = ("Ada -e=secret", "김 = 나")
SOURCE = """
pragma circom 2.2.3;

include "square.circom";

template Tiny() {
    signal input sum;
    signal input a;
    signal input b;
    signal output products[2];

    products[0] <== a * b;
    products[1] <== Square()(a);
    sum === a + b;
    signal square <== Square()(sum);
}

component main { public [sum] } = Tiny();
"""
SQUARE = """
pragma circom 2.2.3;

template Square() {
    signal input value;
    signal output square;
    square <== value * value;
}
"""


@dataclass(frozen=True)
class Ceremony:
    """Its files: powers of tau after each step, phase 2 after each step, and what the end was exported to."""

    circuit: Circuit
    """With the exported keys."""
    compiled: list[Compiled]
    phase1: tuple[Path, ...]
    sha256: str
    files: tuple[Path, ...]
    steps: tuple[Step, ...]
    keys: Path

    @property
    def ptau(self) -> Path:
        """The prepared powers of tau."""
        return self.phase1[-1]

    def with_zkey(self, source: Path, folder: Path) -> Circuit:
        """The circuit with the exported keys, but the proving key of a ceremony's file."""
        shutil.copytree(self.keys, folder)
        circuit = replace(self.circuit, keys=folder)
        with opened(source) as bundle:
            shutil.copyfile(bundle.zkeys["tiny"], circuit.zkey)
        return circuit


def circuit_in(folder: Path) -> Circuit:
    """The circuit's sources, written into a folder inside the project."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tiny.circom").write_text(SOURCE)
    (folder / "square.circom").write_text(SQUARE)
    return Circuit("tiny", 3, (Signal("products", 2),), (Signal("sum"),), folder / "tiny.circom", folder / "keys")


@cache
def ceremony() -> Ceremony:
    """Two contributors to phase 2, one to phase 1, a beacon at the end of each."""
    atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
    circuit = circuit_in(FOLDER)
    compiled = [compile_circuit(circuit, FOLDER)]
    phase1 = tuple(FOLDER / f"{number}.ptau" for number in range(4))
    new_phase1(phase1[0], POWER)
    contribute_phase1(phase1[0], phase1[1], NAMES[0])
    beacon_phase1(phase1[1], phase1[2], BEACON, 10)
    sha256 = prepare_phase1(phase1[2], phase1[3])
    files = tuple(FOLDER / f"{number}.ceremony" for number in range(4))
    start(compiled, phase1[3], sha256, files[0], quiet)
    steps = (
        contribute(files[0], files[1], NAMES[0], quiet),
        contribute(files[1], files[2], NAMES[1], quiet),
        add_beacon(files[2], files[3], BEACON, 10, quiet),
    )
    export(files[3], compiled, circuit.keys, quiet)
    return Ceremony(circuit, compiled, phase1, sha256, files, steps, circuit.keys)


def quiet(stage: str) -> None:
    """Shows nothing."""
