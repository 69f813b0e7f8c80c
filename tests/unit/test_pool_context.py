"""What a proof is bound to beside its signals: nobody who sees an operation can make another one of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offchain.wallet.note import ETH
from offchain.wallet.request import ANYONE, Operation, Request, SwapOrder, Terms, context_hash
from offchain.zk.field import MODULUS
from tests.conftest import Refused, revert_data
from tests.unit.formulas import DEADLINE
from tests.unit.shielded import TERMS, Shielded, arguments, number

RECIPIENT = "0x" + "11" * 20
WRONG = "WrongContext(uint256,uint256)"


@pytest.fixture(autouse=True, scope="module")
def _filled(shielded: Shielded, deployer: Any) -> None:
    """Some ETH is in the pool, and an epoch's readings are published."""
    shielded.pool.shield(ETH, 100, number(), b"", sender=deployer, value=100)
    shielded.publish(1, shielded.epoch, 1000, 1000)


def valid(shielded: Shielded, operation: Operation, terms: Terms = TERMS, **signals: int) -> Request:
    """A request that is accepted as it is, but for a swap, which is bound to its order and then needs a market."""
    if operation is Operation.TRANSFER:
        return shielded.transfer(terms, **signals)
    if operation is Operation.CONSOLIDATE:
        return shielded.consolidate_notes(terms, **signals)
    if operation is Operation.UNSHIELD:
        return shielded.unshield(ETH, 1, RECIPIENT, terms, **signals)
    if operation is Operation.SWAP:
        order = SwapOrder(shielded.north.address, 5, 7)
        return shielded.swap(ETH, 1, order, 0, 200, terms, **signals)
    root = int(shielded.registry.readingsOf(1, shielded.epoch).readingsRoot)
    metered = shielded.issue if operation is Operation.ISSUE else shielded.settle
    return metered(1, shielded.epoch, root, terms, **signals)


def bound_hash(request: Request) -> int:
    """The context hash among the signals."""
    place = {Operation.CONSOLIDATE: 8, Operation.SWAP: 11, Operation.ISSUE: 8, Operation.SETTLE: 11}
    return request.signals[place.get(request.operation, 9)]


def expected_hash(request: Request) -> int:
    """The context hash of what the request says."""
    operation, terms = request.operation, request.terms
    return context_hash(request.chain_id, request.contract, operation, terms, request.details)


def accepted(shielded: Shielded, chain: Any, request: Request, sender: Any, denied: Refused) -> None:
    """Sends a request that gets past its context; a swap ends at the missing market."""
    if request.operation is Operation.SWAP:
        denied(request, error=("InvalidAsset(address)", shielded.north), sender=sender)
    else:
        assert not shielded.send(request, sender).failed


@pytest.mark.parametrize("operation", list(Operation))
def test_reference(
    shielded: Shielded, chain: Any, stranger: Any, trader: Any, denied: Refused, operation: Operation
) -> None:
    """S9 the contract's context hash is the one the wallet computes, with and without relayer and ciphertexts."""
    for terms in (TERMS, Terms(stranger.address, 2**256 - 1, b""), Terms(ANYONE, DEADLINE, bytes(1000))):
        request = valid(shielded, operation, terms)
        assert bound_hash(request) == expected_hash(request) < MODULUS
        accepted(shielded, chain, request, stranger, denied)


@pytest.mark.parametrize("operation", list(Operation))
def test_changed_terms(
    shielded: Shielded, chain: Any, stranger: Any, trader: Any, denied: Refused, operation: Operation
) -> None:
    """S10 whoever sees an operation can't send it with another relayer, deadline or ciphertexts."""
    own = replace(TERMS, relayer=trader.address)
    request = valid(shielded, operation, own)
    for changed in (
        replace(own, relayer=stranger.address),
        replace(own, relayer=ANYONE),
        replace(own, deadline=own.deadline + 1),
        replace(own, deadline=own.deadline - 1),
        replace(own, ciphertexts=b""),
        replace(own, ciphertexts=b"sealeD"),
        replace(own, ciphertexts=b"sealed\0"),
    ):
        forged = replace(request, terms=changed)
        sender = stranger if changed.relayer == stranger.address else trader
        denied(forged, error=(WRONG, expected_hash(forged), bound_hash(request)), sender=sender)
    accepted(shielded, chain, request, trader, denied)


def test_changed_recipient(shielded: Shielded, stranger: Any, denied: Refused) -> None:
    """S10 whoever sees an unshield can't have it paid to itself."""
    request = valid(shielded, Operation.UNSHIELD)
    forged = replace(request, details=stranger.address)
    denied(forged, error=(WRONG, expected_hash(forged), bound_hash(request)))


def test_changed_order(shielded: Shielded, stranger: Any, denied: Refused) -> None:
    """S10 whoever sees a swap can't take its output, lower its minimum or choose another asset."""
    request = valid(shielded, Operation.SWAP)
    order = request.details
    assert isinstance(order, SwapOrder)
    for changed in (
        replace(order, npk=8),
        replace(order, minimum=4),
        replace(order, minimum=6),
        replace(order, asset=shielded.south.address),
        replace(order, asset=ETH),
    ):
        forged = replace(request, details=changed)
        denied(forged, error=(WRONG, expected_hash(forged), bound_hash(request)))


@pytest.mark.parametrize("operation", list(Operation))
def test_elsewhere(shielded: Shielded, stranger: Any, denied: Refused, operation: Operation) -> None:
    """S10 an operation made for another chain, another pool or registry is refused here."""
    request = valid(shielded, operation)
    right = bound_hash(request)
    contract, other = request.contract, stranger.address
    for chain_id, address in ((shielded.chain_id + 1, contract), (shielded.chain_id, other), (0, contract)):
        elsewhere = context_hash(chain_id, address, operation, request.terms, request.details)
        assert elsewhere != right
        denied(valid(shielded, operation, contextHash=elsewhere), error=(WRONG, right, elsewhere))


def test_replay_on_another_pool(
    shielded: Shielded, deployer: Any, project: Any, factory: Any, stranger: Any, refused: Refused
) -> None:
    """S10 a second pool beside the first, with the same notes and roots, refuses what was made for the first."""
    request = shielded.transfer()
    code = deployer.provider.get_code(shielded.pool.address)
    other = stranger.address  # a second pool with the first one's immutables: the same code at another address
    deployer.provider.make_request("anvil_setCode", [other, "0x" + bytes(code).hex()])
    twin = project.ZkERC20.at(other)
    expected = context_hash(shielded.chain_id, other, request.operation, request.terms)
    error = (WRONG, expected, bound_hash(request))
    refused(twin.transfer, *arguments(request), error=error, sender=deployer)
    deployer.provider.make_request("anvil_setCode", [other, "0x"])


def test_replay_on_another_chain(shielded: Shielded, chain: Any, stranger: Any, denied: Refused) -> None:
    """S10 after a fork with another chain id, the operation works on its own chain only."""
    request = shielded.transfer()
    requests = chain.provider.make_request
    requests("anvil_setChainId", [shielded.chain_id + 1])
    try:
        expected = context_hash(shielded.chain_id + 1, request.contract, request.operation, request.terms)
        call = {"from": stranger.address, "to": request.contract, "data": "0x" + request.calldata.hex()}
        answer = chain.provider.web3.provider.make_request("eth_call", [call, "latest"])
    finally:
        requests("anvil_setChainId", [shielded.chain_id])
    error = (WRONG, expected, bound_hash(request))
    assert bytes.fromhex(answer["error"]["data"][2:]) == revert_data(error)
    assert not shielded.send(request, stranger).failed


@pytest.mark.parametrize("made_for", list(Operation))
def test_another_operation(shielded: Shielded, denied: Refused, made_for: Operation) -> None:
    """S10 a context of one operation is none of another, though contract, terms and details are the same."""
    for operation in Operation:
        if operation is made_for:
            continue
        request = valid(shielded, operation)
        other = context_hash(request.chain_id, request.contract, made_for, request.terms, request.details)
        forged = valid(shielded, operation, contextHash=other)
        denied(forged, error=(WRONG, bound_hash(request), other))


@pytest.mark.parametrize("operation", list(Operation))
def test_no_other_number_for_a_context(shielded: Shielded, denied: Refused, operation: Operation) -> None:
    """S10 neither 0, nor a neighbour, nor the same element above the modulus stands for the context."""
    request = valid(shielded, operation)
    right = bound_hash(request)
    for wrong in (0, right + 1, right - 1, right + MODULUS):
        denied(valid(shielded, operation, contextHash=wrong), error=(WRONG, right, wrong))


@pytest.mark.parametrize("operation", list(Operation))
def test_deadline(shielded: Shielded, chain: Any, stranger: Any, denied: Refused, operation: Operation) -> None:
    """S10 the deadline is the last second at which it can be mined."""
    deadline = chain.pending_timestamp + 1000
    terms = replace(TERMS, deadline=deadline)
    error = ("DeadlinePassed(uint256,uint256)", deadline, deadline + 1)
    denied(valid(shielded, operation, terms), error=error, time=deadline + 1)
    if operation is Operation.SWAP:
        denied(valid(shielded, operation, terms), error=("InvalidAsset(address)", shielded.north), time=deadline)
        return
    chain.provider.set_timestamp(deadline)
    receipt = shielded.send(valid(shielded, operation, terms), stranger)
    assert receipt.timestamp == deadline * 1000 or receipt.timestamp == deadline


@pytest.mark.parametrize("operation", list(Operation))
def test_relayer(
    shielded: Shielded, chain: Any, stranger: Any, trader: Any, denied: Refused, operation: Operation
) -> None:
    """S10 the named relayer alone sends it; with none named, anybody does."""
    request = valid(shielded, operation, replace(TERMS, relayer=trader.address))
    denied(request, error=("NotRelayer(address,address)", trader, stranger), sender=stranger)
    accepted(shielded, chain, request, trader, denied)
    for sender in (stranger, trader):
        accepted(shielded, chain, valid(shielded, operation), sender, denied)


@given(st.binary(max_size=200), st.integers(0, 2**256 - 1), st.integers(1, 2**160 - 1))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_terms_match_the_wallet(
    shielded: Shielded, trader: Any, denied: Refused, ciphertexts: bytes, minimum: int, recipient: int
) -> None:
    """S9 whatever the ciphertexts, deadline, recipient and order are, wallet and contract hash alike."""
    terms = Terms(trader.address, 2**256 - 1 - minimum % 2**200, ciphertexts)
    request = shielded.unshield(ETH, 1, f"0x{recipient:040x}", terms, contextHash=1)
    denied(request, error=(WRONG, expected_hash(request), 1), sender=trader)
    order = SwapOrder(f"0x{recipient:040x}", minimum, number())
    request = shielded.swap(ETH, 1, order, 0, 200, terms, contextHash=1)
    denied(request, error=(WRONG, expected_hash(request), 1), sender=trader)
