"""Attacks by who sees an operation before it is mined: relayers, block builders, strangers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from offchain.artifacts import load
from offchain.wallet.note import ETH
from offchain.wallet.request import ANYONE, Operation, Request, SwapOrder
from tests.integration.forgery import (
    INVALID_PROOF,
    NULLIFIER_USED,
    anyone,
    context_of,
    signal,
    with_signals,
    wrong_context,
)
from tests.integration.stage import ATTACKER, CHAIN_ID, DEADLINE, KWH, OPERATOR, OWNER, RELAYER, Stage, account_of

RELAYED = [Operation.TRANSFER, Operation.SWAP, Operation.ISSUE, Operation.SETTLE]
THIEF = account_of(ATTACKER)


def with_other_terms(request: Request) -> Iterator[Request]:
    """The request with each field changed that its context binds."""
    terms, details = request.terms, request.details
    ciphertexts = terms.ciphertexts
    for other in (
        replace(terms, relayer=THIEF),
        replace(terms, deadline=DEADLINE + 1),
        replace(terms, deadline=2**256 - 1),
        replace(terms, ciphertexts=b""),
        replace(terms, ciphertexts=ciphertexts[:-1] + bytes([ciphertexts[-1] ^ 1])),
        replace(terms, ciphertexts=ciphertexts + b"\0"),
        *([anyone(request)] if terms.relayer != ANYONE else []),
    ):
        yield replace(request, terms=other)
    if isinstance(details, SwapOrder):
        for order in (
            replace(details, npk=details.npk + 1),
            replace(details, minimum=0),
            replace(details, minimum=details.minimum - 1),
            replace(details, asset="0x" + "77" * 20),
        ):
            yield replace(request, details=order)
    elif details is not None:
        yield replace(request, details=THIEF)


@pytest.mark.parametrize("operation", list(Operation))
def test_nothing_beside_the_proof_can_be_changed(stage: Stage, operation: Operation) -> None:
    """A11, P2: relayer, deadline, ciphertexts, recipient, and a swap's output, minimum and owner; also not with the
    changed terms' own context, of which there is no proof."""
    request = stage.honest(operation)
    for forged in with_other_terms(request):
        stage.refused(forged, wrong_context(forged))
        stage.refused(with_signals(forged, {"contextHash": context_of(forged)}), INVALID_PROOF)
    stage.accepted(request)


@pytest.mark.parametrize(
    ("made_for", "sent_as"),
    [
        (Operation.CONSOLIDATE, Operation.ISSUE),
        (Operation.ISSUE, Operation.CONSOLIDATE),
        (Operation.SWAP, Operation.SETTLE),
        (Operation.SETTLE, Operation.SWAP),
    ],
)
def test_no_operation_passes_for_one_of_as_many_signals(stage: Stage, made_for: Operation, sent_as: Operation) -> None:
    """A12, P2: where the numbers of signals are the same, the context and the keys are not."""
    model = stage.honest(sent_as)
    forged = replace(
        stage.honest(made_for), operation=sent_as, contract=model.contract, terms=model.terms, details=model.details
    )
    stage.refused(forged, wrong_context(forged))
    stage.refused(replace(model, proof=stage.honest(made_for).proof), INVALID_PROOF)


def test_transfer_and_unshield_are_not_each_other(stage: Stage) -> None:
    """A12, P2: their circuit is one; amount and asset, which only an unshield shows, and the context are not."""
    transfer, unshield = stage.honest(Operation.TRANSFER), stage.honest(Operation.UNSHIELD)
    paid_out = replace(transfer, operation=Operation.UNSHIELD, details=THIEF)
    stage.refused(paid_out, ("InvalidAmount(uint256)", 0))
    shown = with_signals(paid_out, {"publicAmount": KWH, "publicAsset": int(stage.asset("MG1"), 16)})
    stage.refused(shown, wrong_context(shown))
    stage.refused(with_signals(shown, {"contextHash": context_of(shown)}), INVALID_PROOF)
    hidden = replace(unshield, operation=Operation.TRANSFER, details=None)
    stage.refused(hidden, ("InvalidAmount(uint256)", KWH))
    hidden = with_signals(hidden, {"publicAmount": 0})
    stage.refused(hidden, ("InvalidAsset(address)", stage.asset("MG1")))
    hidden = with_signals(hidden, {"publicAsset": 0})
    stage.refused(hidden, wrong_context(hidden))


@pytest.mark.parametrize("operation", list(Operation))
def test_replay_on_another_deployment(stage: Stage, operation: Operation) -> None:
    """A13, P5: a second pool and a second registry with the same verifiers refuse what was made for the first."""
    request = stage.honest(operation)
    name, address = ("ZkERC20", "pool") if operation < Operation.ISSUE else ("MeterRegistry", "registry")
    verifiers = ["joinsplit", "consolidate", "trade"] if address == "pool" else ["issue", "settle"]
    arguments = [stage.manifest.address(known) for known in ("poseidon_t3", "poseidon_t4")]
    arguments += [stage.manifest.address(f"{verifier}_verifier") for verifier in verifiers]
    if address == "pool":
        arguments.append(stage.manifest.address("registry"))
    else:
        arguments.insert(0, account_of(OPERATOR))
    arguments.append(stage.manifest.address("factory"))
    other = stage.sender(OPERATOR).deploy(load(name), *arguments)["contractAddress"]
    forged = replace(request, contract=str(other))
    stage.refused(forged, wrong_context(forged))


@contextmanager
def forked(stage: Stage, chain_id: int) -> Iterator[None]:
    """The chain under another id, as after a fork; its accounts sign for the first one only, so nobody signs."""
    stage.call("anvil_setChainId", chain_id)
    stage.call("anvil_autoImpersonateAccount", True)
    try:
        yield
    finally:
        stage.call("anvil_autoImpersonateAccount", False)
        stage.call("anvil_setChainId", CHAIN_ID)


@pytest.mark.parametrize("operation", list(Operation))
def test_replay_on_another_chain(stage: Stage, operation: Operation) -> None:
    """A13, P5: after a fork with another chain id, state and addresses being the same."""
    request = stage.honest(operation)
    with forked(stage, CHAIN_ID + 1):
        forged = replace(request, chain_id=CHAIN_ID + 1)
        stage.refused(forged, wrong_context(forged))
        stage.refused(with_signals(forged, {"contextHash": context_of(forged)}), INVALID_PROOF)
    stage.accepted(request)


@pytest.mark.parametrize("operation", RELAYED)
def test_a_stranger_sends_what_names_a_relayer(stage: Stage, operation: Operation) -> None:
    """A14: nobody takes a relayer's work, not even the owner."""
    request = stage.honest(operation)
    for account in (ATTACKER, OWNER):
        sender = account_of(account)
        error = ("NotRelayer(address,address)", request.terms.relayer, sender)
        stage.refused(request, error, account)
    stage.accepted(request, RELAYER)


@pytest.mark.parametrize("operation", list(Operation))
def test_a_relayer_that_waits(stage: Stage, operation: Operation) -> None:
    """A15: after the deadline the operation is void for good, and the owner's notes and meter are free."""
    request = stage.honest(operation)
    stage.move_to(DEADLINE)
    stage.refused(request, ("DeadlinePassed(uint256,uint256)", DEADLINE, DEADLINE + 1))
    pool, registry = stage.functions("pool"), stage.functions("registry")
    assert not any(pool.isSpent(nullifier).call() for nullifier in request.nullifiers)
    if operation in (Operation.ISSUE, Operation.SETTLE):
        assert not registry.isMeterNullifierUsed(signal(request, "meterNullifier")).call()
    if operation is Operation.TRANSFER:
        stage.accepted(stage.forged(operation, replace(request.terms, deadline=2 * DEADLINE)))


def test_an_owner_takes_back_what_a_relayer_withholds(stage: Stage) -> None:
    """A15, P5: within the deadline too, by spending the note another way; then the relayer comes too late."""
    stage.accepted(stage.honest(Operation.CONSOLIDATE), OWNER)
    stage.refused(stage.honest(Operation.TRANSFER), (NULLIFIER_USED, stage.note().nullifier))


def test_a_copy_does_what_the_owner_wanted(stage: Stage) -> None:
    """A16, P5: who copies an operation that names no relayer pays its gas; the recipient is paid, once."""
    request = stage.honest(Operation.UNSHIELD)
    stage.accepted(request, ATTACKER)
    token = stage.functions("MG1")
    assert token.balanceOf(account_of(OWNER)).call() == KWH
    assert token.balanceOf(THIEF).call() == 0
    stage.refused(request, (NULLIFIER_USED, request.nullifiers[0]), OWNER)


def test_a_swap_between_two_trades_of_an_attacker(stage: Stage) -> None:
    """A17: the minimum is the owner's; a trade before it that lowers the price makes it fail, and nothing is spent."""
    exchange = stage.functions("MG1_exchange")
    quoted = exchange.getTokenToEthInputPrice(KWH).call()
    order = stage.honest(Operation.SWAP).details
    assert isinstance(order, SwapOrder)
    request = stage.forged(Operation.SWAP, details=replace(order, minimum=quoted))
    before = stage.call("evm_snapshot")
    operator = stage.sender(OPERATOR)
    operator.transact(stage.functions("MG1").approve(stage.manifest.address("MG1_exchange"), KWH))
    operator.transact(exchange.tokenToEthSwapInput(KWH, 1, DEADLINE))
    left = exchange.getTokenToEthInputPrice(KWH).call()
    stage.refused(request, ("BelowMinimum(uint256,uint256)", quoted, left))
    stage.call("evm_revert", before)
    stage.accepted(request)


def test_a_swap_at_a_price_that_was_moved(stage: Stage) -> None:
    """A17: far from the average of the past nobody trades privately, whatever the minimum; later the swap goes on."""
    order = SwapOrder(stage.asset("MG1"), 1, 7)
    bought: dict[str, Any] = {"asset": int(ETH, 16), "publicAsset": int(ETH, 16), "publicAmount": 10**15}
    eth = stage.note("ETH")
    spent = stage.spent([eth]) | {"outputAmounts": [0, eth.amount - 10**15, 0], "relayerVoid": 1}
    request = stage.forged(Operation.SWAP, details=order, **bought, **spent)
    before = stage.call("evm_snapshot")
    stage.sender(OPERATOR).transact(stage.functions("MG1_exchange").ethToTokenSwapInput(1, DEADLINE), value=5 * 10**18)
    stage.refused(request, "PriceOutOfBounds(uint256,uint256)")
    stage.call("evm_revert", before)
    stage.accepted(request)
