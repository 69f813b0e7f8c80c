"""Attacks on encodings: another number for the same element, another proof of the same statement."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from py_ecc.bn128.bn128_curve import add, b2, is_on_curve, multiply, neg
from py_ecc.fields import bn128_FQ as FQ
from py_ecc.fields import bn128_FQ2 as FQ2

from offchain.artifacts import load
from offchain.wallet.request import Operation, Request
from offchain.wallet.transaction import CIRCUIT_OF
from offchain.zk.circuits import CIRCUITS
from offchain.zk.field import MODULUS
from offchain.zk.proof import Proof
from tests.integration.forgery import (
    INVALID_PROOF,
    NULLIFIER_USED,
    UNKNOWN_ROOT,
    WRONG_CONTEXT,
    names_of,
    signal,
    with_signals,
)
from tests.integration.stage import Stage

BASE_MODULUS = 21888242871839275222246405745257275088696311157297823662689037894645226208583
"""Order of the field that points' coordinates are of. Source: EIP-196."""

OUTSIDE = (
    FQ2([1, 0]),
    FQ2(
        [
            18278151005453108793778860132295291098363647455926340152056652516292830556603,
            5912654199736721486680175016176231956195085055698687135131307249486702594212,
        ]
    ),
)
"""A point on the twist, found by a square root, whose order is not that of the pairing's groups."""

REGISTERED = (Operation.ISSUE, Operation.SETTLE)


def refusal(stage: Stage, request: Request, name: str, value: int) -> Any:
    """What a request with that value of one signal ends with: the first check that sees it, or its proof."""
    operation = request.operation
    if name == "contextHash":
        return (WRONG_CONTEXT, signal(request, "contextHash"), value)
    if name == "registrationRoot":
        return ("UnknownRegistrationRoot(uint256)", value)
    if operation in REGISTERED:
        metered = {
            "readingsRoot": ("WrongReadings(uint256,uint256)", stage.reading().root, value),
            "asset": ("WrongAsset(address,uint256)", stage.asset("MG1"), value),
            "epoch": ("NotPublished(uint256)", value),
            "microgrid": ("UnknownMicrogrid(uint256)", value),
        }
        if name == "microgrid" and value == 2:
            return ("WrongReadings(uint256,uint256)", stage.reading(microgrid=2).root, stage.reading().root)
        return metered.get(name, INVALID_PROOF)
    if name in ("root", "treeNumber"):
        pair = {"root": signal(request, "root"), "treeNumber": 0} | {name: value}
        return (UNKNOWN_ROOT, pair["root"], pair["treeNumber"])
    if operation is Operation.TRANSFER and name == "publicAmount":
        return ("InvalidAmount(uint256)", value)
    if name == "publicAsset" and operation in (Operation.TRANSFER, Operation.UNSHIELD):
        if value >= 1 << 160:
            return ("NotInField(uint256)", value)
        if operation is Operation.TRANSFER:
            return ("InvalidAsset(address)", f"0x{value:040x}")
    return INVALID_PROOF


def verified(stage: Stage, request: Request) -> bool:
    """What the circuit's verifier says itself."""
    name = f"{CIRCUIT_OF[request.operation]}_verifier"
    verifier = load(f"{CIRCUITS[CIRCUIT_OF[request.operation]].title}Verifier").at(
        stage.web3, stage.manifest.address(name)
    )
    proof = request.proof
    return bool(verifier.functions.verifyProof(proof.a, proof.b, proof.c, request.signals).call())


def spends_once(stage: Stage, request: Request, again: Request) -> None:
    """The first of two proofs of one statement is accepted; the other, and the first once more, spend nothing."""
    stage.accepted(request)
    used = (NULLIFIER_USED, request.nullifiers[0])
    stage.refused(again, used)
    stage.refused(request, used)


@pytest.mark.parametrize("offset", [1, MODULUS], ids=["neighbour", "alias"])
@pytest.mark.parametrize("operation", list(Operation))
def test_no_signal_can_be_another_number(stage: Stage, operation: Operation, offset: int) -> None:
    """A1, P2: every signal of every circuit, with 1 and with the field's modulus added."""
    request = stage.honest(operation)
    assert verified(stage, request)
    for name in names_of(request):
        value = signal(request, name) + offset
        forged = with_signals(request, {name: value})
        assert not verified(stage, forged), name
        stage.refused(forged, refusal(stage, request, name, value))


@pytest.mark.parametrize("operation", [operation for operation in Operation if operation is not Operation.ISSUE])
def test_a_spent_note_has_no_other_nullifier(stage: Stage, operation: Operation) -> None:
    """A2, P2: after a note was spent, none of the numbers that stand for the same element spends it again."""
    request = stage.honest(operation)
    stage.accepted(request)
    for turn in range(1, 5):
        aliases = {f"nullifiers[{place}]": spent + turn * MODULUS for place, spent in enumerate(request.nullifiers)}
        changes = {name: alias for name, alias in aliases.items() if alias < 1 << 256}
        if operation in (Operation.SWAP, Operation.SETTLE):  # whose meter's mark is looked at first
            changes["meterNullifier"] = signal(request, "meterNullifier") + MODULUS
        error: Any = INVALID_PROOF
        if len(changes) < len(aliases):
            place = next(place for place in range(len(aliases)) if f"nullifiers[{place}]" not in changes)
            error = INVALID_PROOF if operation is Operation.SETTLE else (NULLIFIER_USED, request.nullifiers[place])
        stage.refused(with_signals(request, changes), error)


@pytest.mark.parametrize("operation", [Operation.SWAP, Operation.ISSUE, Operation.SETTLE])
def test_a_used_meter_has_no_other_nullifier(stage: Stage, operation: Operation) -> None:
    """A2: nor does a meter issue, settle or trade again under another number."""
    request = stage.honest(operation)
    stage.accepted(request)
    used = signal(request, "meterNullifier")
    for alias in range(used + MODULUS, 1 << 256, MODULUS):
        changes = {"meterNullifier": alias}
        # A swap's notes are looked at before its proof.
        error = (NULLIFIER_USED, request.nullifiers[0]) if operation is Operation.SWAP else INVALID_PROOF
        stage.refused(with_signals(request, changes), error)


@pytest.mark.parametrize("operation", list(Operation))
def test_no_coordinate_can_be_another_number(stage: Stage, operation: Operation) -> None:
    """A3, P2: every coordinate with the base field's modulus, or 1, added is no proof."""
    request = stage.honest(operation)
    for place, offset in product(range(8), (BASE_MODULUS, 1)):
        numbers = list(request.proof.numbers)
        numbers[place] += offset
        stage.refused(replace(request, proof=Proof.from_numbers(numbers)), INVALID_PROOF)


def all_zero(proof: Proof) -> Proof:
    return Proof.from_numbers([0] * 8)


def without(place: str) -> Callable[[Proof], Proof]:
    """The proof with one point at infinity."""

    def spoil(proof: Proof) -> Proof:
        changes: dict[str, Any] = {place: ((0, 0), (0, 0)) if place == "b" else (0, 0)}
        return replace(proof, **changes)

    return spoil


def swapped_parts(proof: Proof) -> Proof:
    """The real parts first, as most libraries have them."""
    return replace(proof, b=(proof.b[0][::-1], proof.b[1][::-1]))


def swapped_points(proof: Proof) -> Proof:
    return replace(proof, a=proof.c, c=proof.a)


def negated(place: str) -> Callable[[Proof], Proof]:
    """The proof with one point of the first group mirrored."""

    def spoil(proof: Proof) -> Proof:
        changes: dict[str, Any] = {place: pair_of(neg(point_of(getattr(proof, place))))}
        return replace(proof, **changes)

    return spoil


@pytest.mark.parametrize(
    "spoil",
    [all_zero, without("a"), without("b"), without("c"), swapped_parts, swapped_points, negated("a"), negated("c")],
    ids=["zeros", "no a", "no b", "no c", "order of b", "a for c", "-a", "-c"],
)
@pytest.mark.parametrize("operation", [Operation.TRANSFER, Operation.SETTLE])
def test_no_proof_comes_of_spoilt_points(stage: Stage, operation: Operation, spoil: Callable[[Proof], Proof]) -> None:
    """A4, P2: points at infinity, mirrored, swapped."""
    request = stage.honest(operation)
    stage.refused(replace(request, proof=spoil(request.proof)), INVALID_PROOF)


def test_a_point_outside_the_subgroup_is_no_proof(stage: Stage) -> None:
    """A4, P2: B on the twist, but not of the group's order; the precompile sees to it."""
    request = stage.honest(Operation.TRANSFER)
    assert is_on_curve(OUTSIDE, b2)
    assert multiply(OUTSIDE, MODULUS) is not None
    stage.refused(replace(request, proof=replace(request.proof, b=twist_pair_of(OUTSIDE))), INVALID_PROOF)


@pytest.mark.parametrize("operation", list(Operation))
def test_a_proof_is_of_its_own_statement(stage: Stage, operation: Operation) -> None:
    """A4, P2: no operation takes the proof of another one."""
    request = stage.honest(operation)
    for other in Operation:
        if other is not operation:
            stage.refused(replace(request, proof=stage.honest(other).proof), INVALID_PROOF)


@pytest.mark.parametrize("operation", [operation for operation in Operation if operation is not Operation.ISSUE])
def test_a_proof_made_over_spends_nothing_twice(stage: Stage, operation: Operation) -> None:
    """A5, P2: anybody can make another valid proof of one that was seen; a note is spent once all the same."""
    request = stage.honest(operation)
    other = replace(request, proof=blinded_anew(request, factor=5, shift=11))
    assert other.proof.a != request.proof.a
    assert verified(stage, other)
    if operation in (Operation.SWAP, Operation.SETTLE):
        stage.accepted(other)
        used = "SlotUsed(uint256)" if operation is Operation.SWAP else "MeterNullifierUsed(uint256)"
        for again in (other, request):
            stage.refused(again, (used, signal(request, "meterNullifier")))
    else:
        spends_once(stage, other, request)


def test_an_issue_proven_over_issues_nothing_twice(stage: Stage) -> None:
    """A5: as with notes."""
    request = stage.honest(Operation.ISSUE)
    other = replace(request, proof=blinded_anew(request, factor=MODULUS - 2, shift=3))
    stage.accepted(other)
    for again in (other, request):
        stage.refused(again, ("MeterNullifierUsed(uint256)", signal(request, "meterNullifier")))


def test_a_and_b_negated_spend_nothing_twice(stage: Stage) -> None:
    """A5, P2: the cheapest other proof of a statement, -A and -B."""
    request = stage.honest(Operation.TRANSFER)
    other = replace(request, proof=blinded_anew(request, factor=MODULUS - 1, shift=0))
    assert other.proof.a[0] == request.proof.a[0]
    assert other.proof.b[0] == request.proof.b[0]
    assert other.proof.c == request.proof.c
    spends_once(stage, other, request)


def test_a_second_number_for_a_coordinate_spends_nothing_twice(stage: Stage) -> None:
    """A5, P2: the verifier negates A's y modulo 2^256 first, so it takes one more number for it."""
    request = stage.honest(Operation.TRANSFER)
    x, y = request.proof.a
    alias = (y + 2**256) % BASE_MODULUS + 2 * BASE_MODULUS
    other = replace(request, proof=replace(request.proof, a=(x, alias)))
    assert verified(stage, other)
    spends_once(stage, other, request)


def blinded_anew(request: Request, factor: int, shift: int) -> Proof:
    """Another proof of the same statement: A / r, r B + r s delta, C + s A. Source: Groth 2016, section 3."""
    key: dict[str, Any] = json.loads(CIRCUITS[CIRCUIT_OF[request.operation]].vkey.read_text())
    delta: Any = tuple(FQ2([int(part) for part in coordinate]) for coordinate in key["vk_delta_2"][:2])
    proof = request.proof
    a, c = point_of(proof.a), point_of(proof.c)
    b: Any = tuple(FQ2([real, imaginary]) for imaginary, real in proof.b)
    blinded = add(multiply(b, factor), multiply(delta, factor * shift % MODULUS)) if shift else multiply(b, factor)
    other = add(c, multiply(a, shift)) if shift else c
    return Proof(pair_of(multiply(a, pow(factor, -1, MODULUS))), twist_pair_of(blinded), pair_of(other))


def point_of(pair: tuple[int, int]) -> Any:
    return FQ(pair[0]), FQ(pair[1])


def pair_of(point: Any) -> tuple[int, int]:
    return int(point[0]), int(point[1])


def twist_pair_of(point: Any) -> tuple[tuple[int, int], tuple[int, int]]:
    """A point of the second group, imaginary parts first."""
    (x, y) = ([int(part) for part in coordinate.coeffs] for coordinate in point)
    return (x[1], x[0]), (y[1], y[0])
