"""Attacks that make value of nothing: sums that don't add up or wrap, another asset, forged proofs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import groth16py
import pytest
from web3 import Web3

from offchain.artifacts import load
from offchain.deployment.parts import VERIFIERS
from offchain.units import ETHER, WATT_HOUR
from offchain.wallet.note import AMOUNT_LIMIT, ETH
from offchain.wallet.relay import Relay
from offchain.wallet.request import ANYONE, Operation, Request, SwapOrder
from offchain.wallet.transaction import CIRCUIT_OF, BuildError, Send
from offchain.zk.circuits import CIRCUITS
from offchain.zk.field import MODULUS
from offchain.zk.poseidon import poseidon
from offchain.zk.proof import Proof
from offchain.zk.witness import WitnessError, witness
from tests.integration.forgery import INVALID_PROOF, context_of, signal, with_signals
from tests.integration.stage import (
    ATTACKER,
    DEADLINE,
    ENERGY,
    EPOCH,
    ETHER_NOTES,
    KWH,
    OWNER,
    RELAYER,
    TOKENS,
    Stage,
    account_of,
)

THIEF = account_of(ATTACKER)
SUMS = "the spent amounts are not what comes out and leaves"
SPENDING = [operation for operation in Operation if operation is not Operation.ISSUE]
SHOWING = [Operation.UNSHIELD, Operation.SWAP]
EXPLAINED = r"what comes out and leaves|out of range|not the exported energy"


@pytest.mark.parametrize("more", [1, AMOUNT_LIMIT, MODULUS - 1, MODULUS - 2 * KWH], ids=["1", "2^128", "-1", "-2 kWh"])
@pytest.mark.parametrize("operation", list(Operation))
def test_no_output_is_worth_more_than_was_spent(stage: Stage, operation: Operation, more: int) -> None:
    """A38, P1: one output alone, a sum that wraps around the field, and both together."""
    amounts = stage.inputs(operation)["outputAmounts"]
    for place in range(len(amounts)):
        richer = [(amount + more * (place == other)) % MODULUS for other, amount in enumerate(amounts)]
        with pytest.raises(WitnessError, match=EXPLAINED):
            stage.forged(operation, outputAmounts=richer)
        balanced = list(richer)
        balanced[place - 1] = (balanced[place - 1] - more) % MODULUS
        if all(amount < AMOUNT_LIMIT for amount in balanced):  # honest: the sum is the same
            continue
        with pytest.raises(WitnessError, match=EXPLAINED):
            stage.forged(operation, outputAmounts=balanced)


@pytest.mark.parametrize("operation", SHOWING)
@pytest.mark.parametrize("amount", [KWH + 1, AMOUNT_LIMIT, MODULUS - 1, MODULUS - KWH])
def test_no_more_leaves_than_was_spent(stage: Stage, operation: Operation, amount: int) -> None:
    """A39, P1: the circuit takes no such public amount, the verifier no other than was proven."""
    with pytest.raises(WitnessError, match=EXPLAINED):
        stage.forged(operation, publicAmount=amount)
    request, amounts = stage.honest(operation), list(stage.inputs(operation)["outputAmounts"])
    amounts[1] = (amounts[1] + KWH - amount) % MODULUS
    if amounts[1] >= AMOUNT_LIMIT or amount >= AMOUNT_LIMIT:
        with pytest.raises(WitnessError, match=EXPLAINED):
            stage.forged(operation, publicAmount=amount, outputAmounts=amounts)
    stage.refused(with_signals(request, {"publicAmount": amount}), INVALID_PROOF)


@pytest.mark.parametrize("operation", SPENDING)
def test_inputs_that_wrap(stage: Stage, operation: Operation) -> None:
    """A38, P1: an input of a negative amount, or of 2^128, isn't a note either."""
    inputs = stage.inputs(operation)
    for amount in (MODULUS - 1, AMOUNT_LIMIT, MODULUS - ENERGY[0]):
        amounts = [*inputs["inputAmounts"][:-1], amount]
        with pytest.raises(WitnessError, match=r"a spent note's amount|out of range"):
            stage.forged(operation, inputAmounts=amounts)


@pytest.mark.parametrize("operation", SHOWING)
def test_one_asset_is_not_another(stage: Stage, operation: Operation) -> None:
    """A40, P1: energy goes in, ETH is claimed."""
    request = stage.honest(operation)
    for asset in (ETH, stage.asset("MG2"), stage.asset("token")):
        number = int(asset, 16)
        with pytest.raises(WitnessError, match="the public asset is not the notes' asset"):
            stage.forged(operation, publicAsset=number)
        with pytest.raises(WitnessError, match="a spent note's amount"):
            stage.forged(operation, publicAsset=number, asset=number)
        stage.refused(with_signals(request, {"publicAsset": number}), INVALID_PROOF)


def wrong_asset(stage: Stage, number: int) -> tuple[str, str, int]:
    """The error of a settlement in another asset than MG1."""
    return "WrongAsset(address,uint256)", stage.asset("MG1"), number


@pytest.mark.parametrize("asset", ["ETH", "token", "MG2"])
def test_a_settlement_burns_the_microgrid_s_energy(stage: Stage, asset: str) -> None:
    """A40, P1: neither ETH nor another microgrid's energy settles."""
    number = int(stage.asset(asset), 16)
    stage.refused(with_signals(stage.honest(Operation.SETTLE), {"asset": number}), wrong_asset(stage, number))
    if asset == "MG2":
        return
    note = stage.note(asset)
    burned = KWH // 2
    forged = stage.forged(
        Operation.SETTLE,
        **stage.spent([note]),
        asset=number,
        burned=burned,
        outputAmounts=[note.amount - burned, 0],
        relayerVoid=1,
    )
    stage.refused(forged, wrong_asset(stage, number))


@pytest.mark.parametrize("operation", [Operation.TRANSFER, Operation.CONSOLIDATE, Operation.ISSUE])
def test_a_fee_above_the_amount(stage: Stage, operation: Operation) -> None:
    """A41, P1: the wallet refuses it, and the circuit would."""
    relay = Relay(account_of(RELAYER), stage.wallet(RELAYER).address, 6 * KWH)
    send, builder = Send(DEADLINE, relay), stage.builder(stage.wallet(OWNER))
    build: dict[Operation, Callable[[], Request]] = {
        Operation.TRANSFER: lambda: builder.transfer([stage.note()], stage.wallet(ATTACKER).address, KWH, send),
        Operation.CONSOLIDATE: lambda: builder.consolidate([stage.note(), stage.note(place=1)], send),
        Operation.ISSUE: lambda: builder.issue(stage.asset("MG1"), EPOCH, stage.meter(), stage.reading(), send),
    }
    with pytest.raises(BuildError, match=r"worth less than what is paid|more than what was exported"):
        build[operation]()
    amounts = [0] * (len(stage.inputs(operation)["outputAmounts"]) - 1)
    with pytest.raises(WitnessError, match=EXPLAINED):
        stage.forged(operation, outputAmounts=[*amounts, 6 * KWH], relayerVoid=0)


@pytest.mark.parametrize("operation", list(Operation))
def test_a_relayer_s_note_that_is_left_out_is_worth_nothing(stage: Stage, operation: Operation) -> None:
    """A41, P1: void notes hold nothing, and nothing is half void."""
    inputs = stage.inputs(operation)
    amounts = list(inputs["outputAmounts"])
    amounts[-2], amounts[-1] = amounts[-2] + amounts[-1] - 1, 1
    for void in (1, 2, MODULUS - 1):
        with pytest.raises(WitnessError, match="the relayer's amount is out of range, or not 0"):
            stage.forged(operation, outputAmounts=amounts, relayerVoid=void)


@pytest.mark.parametrize("operation", [operation for operation in Operation if operation is not Operation.UNSHIELD])
def test_a_proof_of_a_witness_that_doesn_t_hold(stage: Stage, operation: Operation) -> None:
    """A42, P1: a prover that checks nothing makes a proof of a treasure; the contract doesn't take it."""
    circuit, honest = CIRCUITS[CIRCUIT_OF[operation]], stage.honest(operation)
    name = "commitments[0]"
    treasure = poseidon([stage.note().note.npk, int(stage.asset("MG1"), 16), 10**6 * KWH])
    place = circuit.public_names.index(name) + 1
    data = bytearray(witness(circuit.wasm, stage.inputs(operation)).to_wtns())
    data[76 + 32 * place : 108 + 32 * place] = treasure.to_bytes(32, "little")
    path = stage.folder / f"{circuit.name}.wtns"
    path.write_bytes(data)
    key, _ = groth16py.import_zkey(str(circuit.zkey))
    proof = groth16py.prove_wtns(key, str(path))
    numbers = [int.from_bytes(proof[at : at + 32], "big") for at in range(0, 256, 32)]
    forged = replace(with_signals(honest, {name: treasure}), proof=Proof.from_numbers(numbers))
    stage.refused(forged, INVALID_PROOF)


# Keys whose secret is known: every statement can be proven


def break_keys(stage: Stage) -> None:
    """From now on every proof is taken, as by whoever knows the secret of the ceremony."""
    code = "0x" + load("YesVerifier").runtime.hex()
    for name in VERIFIERS:
        stage.call("anvil_setCode", stage.manifest.address(name), code)


def without_a_note(stage: Stage, operation: Operation, details: Any, number: int, **signals: int) -> Request:
    """A request with nullifiers of no note: `number` makes them."""
    honest = stage.honest(operation)
    request = replace(honest, terms=replace(honest.terms, relayer=ANYONE), details=details)
    invented = {name: poseidon([number, place]) for place, name in enumerate(names_of(request, "nullifier"))}
    return with_signals(request, invented | signals | {"contextHash": context_of(request)})


def names_of(request: Request, part: str) -> list[str]:
    return [name for name in CIRCUITS[CIRCUIT_OF[request.operation]].public_names if part in name.lower()]


def taken(stage: Stage, asset: str, amount: int, number: int, recipient: str = THIEF) -> Request:
    """An unshield of nobody's note."""
    shown = {"publicAsset": int(stage.asset(asset), 16), "publicAmount": amount}
    return without_a_note(stage, Operation.UNSHIELD, recipient, number, **shown)


def inside(stage: Stage, asset: str) -> int:
    return int(stage.functions("pool").inside(stage.asset(asset)).call())


@pytest.mark.parametrize(
    ("asset", "came_in"),
    [("ETH", sum(ETHER_NOTES) + ETHER), ("token", TOKENS), ("MG1", sum(ENERGY)), ("MG2", 0)],
)
def test_the_turnstile_of_a_broken_pool(stage: Stage, asset: str, came_in: int) -> None:
    """A43, P1: whoever can prove anything takes what came in of an asset, and not a unit more of it or of others."""
    break_keys(stage)
    others = [other for other in ("ETH", "token", "MG1", "MG2") if other != asset]
    before = [inside(stage, other) for other in others]
    recipient = account_of(OWNER)  # who may hold the energy
    exceeded = "TurnstileExceeded(address,uint256,uint256)"
    for amount in (came_in + 1, AMOUNT_LIMIT - 1, 2**255):
        stage.refused(taken(stage, asset, amount, 1, recipient), (exceeded, stage.asset(asset), amount, came_in))
    left = came_in
    for number, amount in enumerate((left // 3, left - left // 3), start=1):
        if amount:
            stage.accepted(taken(stage, asset, amount, number, recipient))
    stage.refused(taken(stage, asset, 1, 9, recipient), (exceeded, stage.asset(asset), 1, 0))
    assert [inside(stage, other) for other in others] == before
    if asset == "ETH":
        assert stage.web3.eth.get_balance(Web3.to_checksum_address(stage.manifest.address("pool"))) == 0


def test_the_turnstile_of_a_broken_registry(stage: Stage) -> None:
    """A43, P1: every issue may be forged, and the epoch still credits what was published, once."""
    break_keys(stage)
    honest, before = stage.honest(Operation.ISSUE), inside(stage, "MG1")
    for number in range(3):
        stage.accepted(with_signals(honest, {"meterNullifier": number, "commitments[0]": 1 + number}))
        assert inside(stage, "MG1") == before + stage.readings[1].exported * WATT_HOUR
    recipient = account_of(OWNER)
    whole = inside(stage, "MG1")
    error = ("TurnstileExceeded(address,uint256,uint256)", stage.asset("MG1"), whole + 1, whole)
    stage.refused(taken(stage, "MG1", whole + 1, 1, recipient), error)
    stage.accepted(taken(stage, "MG1", whole, 2, recipient))


def test_the_turnstile_of_a_broken_trade(stage: Stage) -> None:
    """A43, P1: a forged swap sells what came in and no more; what it bought came in."""
    break_keys(stage)
    order = SwapOrder(ETH, 1, 7)
    came_in, token = inside(stage, "MG1"), int(stage.asset("MG1"), 16)

    def sold(amount: int, number: int) -> Request:
        shown = {"publicAsset": token, "publicAmount": amount, "cap": 20_000}
        return without_a_note(stage, Operation.SWAP, order, number, **shown)

    error = ("TurnstileExceeded(address,uint256,uint256)", stage.asset("MG1"), came_in + 1, came_in)
    stage.refused(sold(came_in + 1, 1), error)
    ether = inside(stage, "ETH")
    quoted = stage.functions("MG1_exchange").getTokenToEthInputPrice(came_in).call()
    stage.accepted(sold(came_in, 2))
    assert (inside(stage, "MG1"), inside(stage, "ETH")) == (0, ether + quoted)
    assert stage.web3.eth.get_balance(Web3.to_checksum_address(stage.manifest.address("pool"))) == ether + quoted


def test_a_settlement_lets_nothing_out(stage: Stage) -> None:
    """A43, P1: what it burns is hidden and stays counted; forged ones change nothing but marks."""
    break_keys(stage)
    before = [inside(stage, asset) for asset in ("ETH", "token", "MG1", "MG2")]
    stage.accepted(stage.honest(Operation.SETTLE))
    assert [inside(stage, asset) for asset in ("ETH", "token", "MG1", "MG2")] == before
    nullifier = signal(stage.honest(Operation.SETTLE), "meterNullifier")
    assert stage.functions("registry").isMeterNullifierUsed(nullifier).call()
