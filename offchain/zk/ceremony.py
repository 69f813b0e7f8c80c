"""The ceremony that makes the circuits' keys, in steps that each take one file and give another.

Phase 1 (powers of tau) is one for all circuits; anybody's that can be trusted will do. Phase 2 makes the keys. Whoever
knows what all contributors to a phase together put in can forge proofs; one contributor who forgets it is enough.
Source: S. Bowe, A. Gabizon, I. Miers, "Scalable Multi-party Computation for zk-SNARK Parameters", 2017.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from offchain.errors import UserError
from offchain.zk.bundle import Bundle, check_free, opened, scratch, write
from offchain.zk.compiler import Compiled
from offchain.zk.manifest import CEREMONY, Hashes, Manifest
from offchain.zk.ptau import LEAST_POWER, MOST_POWER, PowersOfTau, pinned
from offchain.zk.sections import digest
from offchain.zk.snarkjs import snarkjs
from offchain.zk.transcript import Step, Transcript, steps_of
from offchain.zk.verifier import verifier_path, verifier_source, write_verification_key
from offchain.zk.zkey import MOST_ITERATIONS, ProvingKey

Progress = Callable[[str], None]
"""Is told each part of a step as it begins."""

LEAST_ITERATIONS = 10
BEACON = re.compile(r"(?:[0-9a-f]{2}){32,255}")
MOST_NAME_BYTES = 64


class CeremonyError(UserError):
    """Says in one line why a step of the ceremony can't be taken, or what is wrong with its file."""


def needed_power(compiled: Sequence[Compiled]) -> int:
    """The least power of two of a phase 1 for these circuits."""
    return max(one.system.power for one in compiled)


def new_phase1(output: Path, power: int) -> None:
    """Begins a phase 1 for circuits of up to 2^power constraints."""
    if not LEAST_POWER <= power <= MOST_POWER:
        raise CeremonyError(f"the power must be {LEAST_POWER} to {MOST_POWER}, not {power}")
    _step(output, "powersoftau", "new", "bn128", str(power), output.resolve())


def contribute_phase1(source: Path, output: Path, name: str) -> None:
    """Adds a secret of this machine's to phase 1."""
    PowersOfTau.read(source)
    words = ("powersoftau", "contribute", source.resolve(), output.resolve(), f"-n={_name(name)}")
    _step(output, *words, answer=secrets.token_hex(64))


def beacon_phase1(source: Path, output: Path, beacon: str, iterations: int, name: str = "beacon") -> None:
    """Ends phase 1 with a value that nobody could know when the last contribution was made."""
    PowersOfTau.read(source)
    words = ("powersoftau", "beacon", source.resolve(), output.resolve(), *_beacon(beacon, iterations))
    _step(output, *words, f"-n={_name(name)}")


def prepare_phase1(source: Path, output: Path) -> str:
    """Prepares phase 1 for phase 2 (half an hour for 2^15). Returns the file's SHA-256."""
    PowersOfTau.read(source)
    _step(output, "powersoftau", "prepare", "phase2", source.resolve(), output.resolve())
    return digest(output)


def verify_phase1(source: Path) -> PowersOfTau:
    """Checks every contribution to a phase 1. Raises SnarkjsError if one is wrong."""
    powers = PowersOfTau.read(source)
    snarkjs("powersoftau", "verify", source.resolve())
    return powers


def start(
    compiled: Sequence[Compiled],
    ptau: Path,
    sha256: str,
    output: Path,
    progress: Progress,
    *,
    development: bool = False,
) -> Transcript:
    """Begins phase 2 with the compiled circuits. Raises FileError if the powers of tau are not the pinned ones or too
    small, CeremonyError if anyone could forge with keys made of them."""
    check_free(output)
    powers = pinned(ptau, sha256, needed_power(compiled))
    if powers.forgeable and not development:
        raise CeremonyError(f"nobody contributed a secret to {ptau}: anyone could forge with keys made of it")
    with scratch() as folder:
        zkeys = {}
        for one in compiled:
            progress(f"{one.circuit.name}: first key")
            zkeys[one.circuit.name] = folder / f"{one.circuit.name}.zkey"
            snarkjs("groth16", "setup", one.r1cs, ptau.resolve(), zkeys[one.circuit.name])
        transcript = Transcript(
            sha256.lower(),
            powers.power,
            {one.circuit.name: digest(one.r1cs) for one in compiled},
            {name: ProvingKey.read(path).circuit_hash for name, path in zkeys.items()},
            powers.contributions,
        )
        write(output, Bundle(transcript, zkeys))
    return transcript


def contribute(source: Path, output: Path, name: str, progress: Progress) -> Step:
    """Adds a secret of this machine's to all keys; it is kept nowhere. Returns the contribution, whose receipt its
    maker looks for in the final transcript."""
    named = f"-n={_name(name)}"
    return _add(source, output, progress, "contribute", lambda: ((named,), secrets.token_hex(64)))


def add_beacon(
    source: Path, output: Path, beacon: str, iterations: int, progress: Progress, name: str = "beacon"
) -> Step:
    """Ends phase 2 with a value that nobody could know when the last contribution was made."""
    words = (*_beacon(beacon, iterations), f"-n={_name(name)}")
    return _add(source, output, progress, "beacon", lambda: (words, None))


def _add(
    source: Path,
    output: Path,
    progress: Progress,
    command: str,
    words: Callable[[], tuple[tuple[str, ...], str | None]],
) -> Step:
    check_free(output)
    with opened(source) as bundle, scratch() as folder:
        if bundle.transcript.steps and bundle.transcript.steps[-1].beacon:
            raise CeremonyError(f"{source} ends with a beacon: the ceremony is over")
        zkeys = {}
        for name, zkey in bundle.zkeys.items():
            progress(f"{name}: {command}")
            zkeys[name] = folder / f"{name}.zkey"
            options, answer = words()
            snarkjs("zkey", command, zkey, zkeys[name], *options, answer=answer)
        steps = steps_of({name: ProvingKey.read(path) for name, path in zkeys.items()})
        if steps[:-1] != bundle.transcript.steps:
            raise CeremonyError("the new keys don't follow from the old ones")
        write(output, Bundle(replace(bundle.transcript, steps=steps), zkeys))
        return steps[-1]


def verify(
    source: Path,
    compiled: Sequence[Compiled],
    ptau: Path,
    sha256: str,
    receipts: Sequence[str],
    progress: Progress,
) -> Transcript:
    """Checks a ceremony's whole chain: that its keys are of these circuits and powers of tau, that each contribution
    follows from the one before, that the transcript says the same, and that it has the given receipts.

    Raises CeremonyError, FileError, TranscriptError or SnarkjsError with what is wrong.
    """
    powers = pinned(ptau, sha256, needed_power(compiled))
    with opened(source) as bundle:
        transcript = bundle.transcript
        if (transcript.phase1, transcript.power) != (sha256.lower(), powers.power):
            raise CeremonyError(f"{source} was begun with other powers of tau than {ptau}")
        if transcript.phase1_steps != powers.contributions:
            raise CeremonyError(f"the transcript lists other contributions to phase 1 than {ptau} has")
        if dict(transcript.r1cs) != {one.circuit.name: digest(one.r1cs) for one in compiled}:
            raise CeremonyError(f"{source} is of other circuits than those of this folder")
        for receipt in receipts:
            if receipt.lower() not in (step.receipt for step in transcript.steps):
                raise CeremonyError(f"no contribution has the receipt {receipt}")
        for one in compiled:
            progress(f"{one.circuit.name}: verifying")
            snarkjs("zkey", "verify", one.r1cs, ptau.resolve(), bundle.zkeys[one.circuit.name])
    return transcript


def export(
    source: Path,
    compiled: Sequence[Compiled],
    folder: Path,
    progress: Progress,
    *,
    verifiers: Path | None = None,
    statement: str = CEREMONY,
) -> Manifest:
    """Writes proving and verification keys, witness generators, verifiers, transcript and manifest into a folder
    (the verifiers into one of their own, if that is named). Verifies nothing: see `verify`."""
    folder.mkdir(parents=True, exist_ok=True)
    with opened(source) as bundle:
        if not bundle.transcript.steps:
            raise CeremonyError(f"nobody contributed to {source}: anyone could forge with its keys")
        if dict(bundle.transcript.r1cs) != {one.circuit.name: digest(one.r1cs) for one in compiled}:
            raise CeremonyError(f"{source} is of other circuits than those of this folder")
        hashes = {}
        for one in compiled:
            circuit = replace(one.circuit, keys=folder)
            progress(f"{circuit.name}: exporting")
            shutil.copyfile(bundle.zkeys[circuit.name], circuit.zkey)
            shutil.copyfile(one.wasm, circuit.wasm)
            write_verification_key(circuit.zkey, circuit.vkey)
            solidity = verifier_path(circuit, verifiers or folder)
            solidity.write_text(verifier_source(circuit, circuit.zkey))
            files = (one.r1cs, circuit.wasm, circuit.zkey, circuit.vkey, solidity)
            hashes[circuit.name] = Hashes(*map(digest, files))
        (folder / "transcript.txt").write_text(bundle.transcript.text())
        manifest = Manifest(statement, bundle.transcript, hashes)
        manifest.write(folder)
    return manifest


def _name(name: str) -> str:
    """A contributor's name, as it may stand in a key. Raises CeremonyError."""
    if not name.strip() or not name.isprintable() or len(name.encode()) > MOST_NAME_BYTES:
        raise CeremonyError(f"a name has 1 to {MOST_NAME_BYTES} bytes, all printable")
    return name


def _beacon(beacon: str, iterations: int) -> tuple[str, str]:
    """A beacon as snarkjs takes it. Raises CeremonyError."""
    value = beacon.lower().removeprefix("0x")
    if not BEACON.fullmatch(value):
        raise CeremonyError("a beacon has 32 to 255 bytes, in hex")
    if not LEAST_ITERATIONS <= iterations <= MOST_ITERATIONS:
        raise CeremonyError(f"a beacon is hashed 2^{LEAST_ITERATIONS} to 2^{MOST_ITERATIONS} times")
    return value, str(iterations)


def _step(output: Path, *words: str | Path, answer: str | None = None) -> None:
    """A step of phase 1: its file is there whole, or not at all."""
    check_free(output)
    draft = output.resolve().with_name(output.name + ".draft")
    try:
        snarkjs(*(draft if word == output.resolve() else word for word in words), answer=answer)
        os.replace(draft, output)
    finally:
        draft.unlink(missing_ok=True)
