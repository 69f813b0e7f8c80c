"""The development keys: made of public texts, the same byte for byte wherever they are made, and nobody's secret."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from offchain.zk.bundle import SCRATCH, scratch
from offchain.zk.ceremony import (
    LEAST_ITERATIONS,
    Progress,
    add_beacon,
    beacon_phase1,
    export,
    needed_power,
    new_phase1,
    prepare_phase1,
    start,
)
from offchain.zk.compiler import Compiled
from offchain.zk.manifest import DEVELOPMENT, Manifest
from offchain.zk.ptau import PowersOfTau
from offchain.zk.sections import FileError, digest

NAME = "development"
PHASE1_TEXT = "Enhanced Open MG development phase 1: anyone can forge with keys made from this"
PHASE2_TEXT = "Enhanced Open MG development phase 2: anyone can forge with keys made from this"
PHASE1_SHA256 = {15: "001d29e80706dc429fdd0f5dd41e3deb79a16c5e5f16a588a76565e8f3947a00"}
"""Of the prepared phase 1, by power."""


def beacon_of(text: str) -> str:
    """The beacon that stands for a text."""
    return sha256(text.encode()).hexdigest()


def development_phase1(power: int, progress: Progress, kept: Path = SCRATCH) -> Path:
    """The development phase 1 for that power: the one made before, or a new one (half an hour for 2^15)."""
    path = kept / f"development_{power}.ptau"
    if path.exists() and _is_known(path, power):
        return path
    path.unlink(missing_ok=True)
    with scratch() as folder:
        first, second = folder / "first.ptau", folder / "second.ptau"
        progress(f"phase 1 up to 2^{power}: beginning")
        new_phase1(first, power)
        progress(f"phase 1 up to 2^{power}: beacon")
        beacon_phase1(first, second, beacon_of(PHASE1_TEXT), LEAST_ITERATIONS, NAME)
        progress(f"phase 1 up to 2^{power}: preparing (long)")
        prepare_phase1(second, folder / "third.ptau")
        kept.mkdir(parents=True, exist_ok=True)
        shutil.move(folder / "third.ptau", path)
    if not _is_known(path, power):
        raise FileError(f"{path} came out with the SHA-256 {digest(path)}, not {PHASE1_SHA256[power]}")
    return path


def _is_known(path: Path, power: int) -> bool:
    if power in PHASE1_SHA256:
        return digest(path) == PHASE1_SHA256[power]
    steps = PowersOfTau.read(path).contributions
    return [step.beacon for step in steps] == [beacon_of(PHASE1_TEXT)]


def make_development_keys(
    compiled: Sequence[Compiled], folder: Path, verifiers: Path, progress: Progress, kept: Path = SCRATCH
) -> Manifest:
    """Makes the development keys of these circuits into a folder, their verifiers into another."""
    ptau = development_phase1(needed_power(compiled), progress, kept)
    with scratch() as place:
        first, last = place / "first", place / "last"
        start(compiled, ptau, digest(ptau), first, progress, development=True)
        add_beacon(first, last, beacon_of(PHASE2_TEXT), LEAST_ITERATIONS, progress, NAME)
        return export(last, compiled, folder, progress, verifiers=verifiers, statement=DEVELOPMENT)
