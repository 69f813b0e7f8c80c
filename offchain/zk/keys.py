"""Whether a circuit's keys and verifier may be deployed on a chain. Deployments ask before they send anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from offchain.chains import LOCAL_CHAIN_IDS
from offchain.errors import UserError
from offchain.zk.circuits import Circuit
from offchain.zk.signals import VERIFIERS
from offchain.zk.verifier import verifier_path, verifier_source
from offchain.zk.zkey import G1, G2, ProvingKey, VerificationKey

DEVELOPMENT_ALPHA_1: G1 = (
    12047277315545393446432533194105861748493749961111279412503505013223566788818,
    10836192712318787167338822767582714876717450643732515081711235745407768247526,
)
DEVELOPMENT_BETA_2: G2 = (
    (
        13451787869628751450187549664479150974143282278110095106306677247157999101292,
        606128294142695795734993842378445397620939870200446647615294288187837186294,
    ),
    (
        16354187464705251142347397959280012594666459856697973008830885126420488748830,
        3725362992740209401811714893428870010688016797461628931308900641308901936499,
    ),
)
"""Points of the development phase 1, whose secrets anybody can compute."""

PUSH1, PUSH32 = 0x60, 0x7F


class KeyCheckError(UserError):
    """Says in one line why a verifier must not be deployed."""


def check_keys(circuit: Circuit, verifier: str | bytes, chain_id: int, verifiers: Path = VERIFIERS) -> list[str]:
    """What speaks against deploying a circuit's verifier on a chain, one line each; nothing: an empty list.

    `verifier` is its Solidity source or its runtime code. The keys are the circuit's files (`zkey`, `vkey`). Everywhere
    the three must belong together. Outside the local chains the keys must also be of a ceremony in which somebody
    contributed a secret, and the source in the folder `verifiers` must be the generated one. Whether the ceremony was
    sound at all, `ape run ceremony verify` tells.

    Raises FileError if a key is missing or damaged.
    """
    proving = ProvingKey.read(circuit.zkey)
    problems = list(_mismatches(circuit, proving.key, verifier))
    if chain_id not in LOCAL_CHAIN_IDS:
        problems += _weaknesses(circuit, proving)
        path = verifier_path(circuit, verifiers)
        if not isinstance(verifier, str) and not _is_generated(circuit, path.read_text() if path.exists() else ""):
            problems.append(f"{path.name} is not the source that {circuit.zkey.name} gives")
    return [f"{circuit.name}: {problem}" for problem in problems]


def require_keys(circuit: Circuit, verifier: str | bytes, chain_id: int) -> None:
    """As `check_keys`, but raises KeyCheckError with the first problem."""
    for problem in check_keys(circuit, verifier, chain_id):
        raise KeyCheckError(problem)


def pushed_constants(code: bytes) -> set[int]:
    """All numbers that runtime code pushes onto the stack."""
    found = set()
    place = 0
    while place < len(code):
        width = code[place] - PUSH1 + 1 if PUSH1 <= code[place] <= PUSH32 else 0
        if width:
            found.add(int.from_bytes(code[place + 1 : place + 1 + width]))
        place += 1 + width
    return found


def _mismatches(circuit: Circuit, key: VerificationKey, verifier: str | bytes) -> Iterator[str]:
    if VerificationKey.read(circuit.vkey) != key:
        yield f"{circuit.vkey.name} is of another key than {circuit.zkey.name}"
    signals = len(circuit.public_names)
    if len(key.ic) != signals + 1:
        yield f"{circuit.zkey.name} is for {len(key.ic) - 1} public signals; the circuit has {signals}"
    if isinstance(verifier, str):
        if not _is_generated(circuit, verifier):
            yield f"the verifier's source is not the one that {circuit.zkey.name} gives"
    else:
        pushed = pushed_constants(verifier)
        missing = [name for name, value in key.constants.items() if value not in pushed]
        if missing:
            yield f"the verifier's code lacks constants of {circuit.zkey.name}: {', '.join(missing)}"


def _is_generated(circuit: Circuit, source: str) -> bool:
    return source == verifier_source(circuit, circuit.zkey)


def _weaknesses(circuit: Circuit, proving: ProvingKey) -> Iterator[str]:
    key = proving.key
    if not proving.contributions:
        yield f"nobody contributed to {circuit.zkey.name}: anyone can forge proofs"
    elif all(contribution.beacon is not None for contribution in proving.contributions):
        yield f"{circuit.zkey.name} is made of beacons alone, which anybody can repeat: anyone can forge proofs"
    if key.alpha_1 == DEVELOPMENT_ALPHA_1 or key.beta_2 == DEVELOPMENT_BETA_2:
        yield f"{circuit.zkey.name} is made of the development phase 1: anyone can forge proofs"
    if key.gamma_2 == key.delta_2:
        yield f"gamma and delta of {circuit.zkey.name} are the same: anyone can forge proofs"
