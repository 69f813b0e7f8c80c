"""Disputes: decided by a proof alone, whoever tries what."""

from __future__ import annotations

from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from offchain.ppdl.inference.answer import Answer
from offchain.ppdl.inference.commitments import answer_hash, encrypt_answer
from offchain.ppdl.inference.market import ETH, Kind, State
from tests.conftest import Refused
from tests.inference.stage import (
    BOND,
    DEPOSIT,
    DISPUTE_WINDOW,
    KEY,
    PAYMENT,
    PROOF_WINDOW,
    STAKE,
    Market,
    model,
    proven,
)

WRONG_STATE = "WrongState(uint256,uint8)"


def disputed(market: Market, forged: int = 0) -> int:
    """A request whose answer, maybe a forged one, the requester disputes."""
    number = market.ask()
    market.answer(number, forged=forged)
    market.market.dispute(number, sender=market.requester, value=DEPOSIT)
    return number


def test_proven_answer_wins(market: Market, refused: Refused, stranger: Any) -> None:
    """I6 payment and deposit are the node's, its stake is free; anyone may bring the proof, once."""
    number = disputed(market)
    arguments = market.arguments(market.proof())
    market.market.prove(number, *arguments, sender=stranger)
    assert market.claimable(market.node) == PAYMENT + DEPOSIT
    assert market.claimable(market.requester) == 0
    assert market.bond() == (BOND, 0)
    error = (WRONG_STATE, number, State.SETTLED)
    refused(market.market.prove, number, *arguments, error=error, sender=stranger)
    refused(market.market.convict, number, error=error, sender=stranger)


def test_unproven_answer_loses(market: Market, refused: Refused, stranger: Any) -> None:
    """I6 payment, deposit and half of the stake are the requester's, the rest nobody's; when its time is over."""
    number = disputed(market, forged=1)
    until = market.market.requestOf(number).until
    assert until == market.now + PROOF_WINDOW
    convict = market.market.convict
    refused(convict, number, error=("TooEarly(uint256)", until + 1), sender=stranger, time=until)
    market.wait(PROOF_WINDOW + 1)
    convict(number, sender=stranger)
    assert market.claimable(market.requester) == PAYMENT + DEPOSIT + STAKE // 2
    assert market.claimable(market.node) == 0
    assert market.bond() == (BOND - STAKE, 0)
    assert market.market.sunk() == STAKE - STAKE // 2
    refused(convict, number, error=(WRONG_STATE, number, State.SETTLED), sender=stranger)


def test_forged_answer_can_not_be_proven(market: Market, refused: Refused) -> None:
    """I6 not with the true answer's proof, nor with that proof and the forged answer's numbers."""
    number, proof = disputed(market, forged=-1), market.proof()
    given = bytes(market.market.requestOf(number).answerDigest)
    shown = keccak(encode(["uint256", "uint256"], proof.signals[2:4]))
    error = ("WrongAnswer(bytes32,bytes32)", given, shown)
    refused(market.market.prove, number, *market.arguments(proof), error=error, sender=market.node)
    value, salt = model(2).answer(market.question.features) - 1, market.question.salt
    forged = {"answerHash": answer_hash(value, salt), "ciphertext": encrypt_answer(value, salt)}
    call = (number, *market.arguments(proof, **forged))
    refused(market.market.prove, *call, error="InvalidProof()", sender=market.node)


def test_late_proof(market: Market, refused: Refused) -> None:
    """I6 in the window's last second it counts, a second later it doesn't."""
    number = disputed(market)
    until = market.market.requestOf(number).until
    call = (number, *market.arguments(market.proof()))
    refused(market.market.prove, *call, error=("TooLate(uint256)", until), sender=market.node, time=until + 1)
    market.provider.set_timestamp(until)
    market.market.prove(*call, sender=market.node)
    assert market.state(number) == State.SETTLED


def test_answer_that_can_not_be_opened_loses(market: Market, refused: Refused) -> None:
    """I6 a right hash with a ciphertext of something else, or the other way round: the proof binds both."""
    right = Answer.to(market.question, model(2))
    for hash_, ciphertext in ((right.hash, right.ciphertext + 1), (right.hash + 1, right.ciphertext)):
        number = market.ask()
        market.market.answer(number, 2, market.question.hash, hash_, ciphertext, sender=market.node)
        market.market.dispute(number, sender=market.requester, value=DEPOSIT)
        call = (number, *market.arguments(market.proof(), answerHash=hash_, ciphertext=ciphertext))
        refused(market.market.prove, *call, error="InvalidProof()", sender=market.node)
    market.wait(PROOF_WINDOW + 1)
    market.market.convict(number, sender=market.requester)
    assert market.bond()[0] == BOND - STAKE


def test_proof_of_another_model_or_request(market: Market, refused: Refused) -> None:
    """I6 the model that answered counts, though there are newer ones; so do the features."""
    number = market.ask(latest=False, model=1)
    market.answer(number, seed=1)
    market.market.dispute(number, sender=market.requester, value=DEPOSIT)
    other, right = market.proof(seed=2), market.proof(seed=1)
    names = ("answerHash", "ciphertext")
    claimed = dict(zip(names, right.signals[2:4], strict=True))
    weights = ("WrongWeights(bytes32,uint256)", right.signals[0].to_bytes(32, "big"), other.signals[0])
    call = (number, *market.arguments(other, **claimed))
    refused(market.market.prove, *call, error=weights, sender=market.node)
    features = ("WrongFeatures(uint256,uint256)", market.question.hash, 5)
    call = (number, *market.arguments(right, featuresHash=5))
    refused(market.market.prove, *call, error=features, sender=market.node)
    market.market.prove(number, *market.arguments(right), sender=market.node)
    assert market.claimable(market.node) == PAYMENT + DEPOSIT


def test_another_nodes_proof(market: Market, refused: Refused, neighbour: Any) -> None:
    """I6 the proof is of the node that answered, so that nobody else can be credited."""
    number = disputed(market)
    other = market.proof(node=neighbour)
    error = ("WrongNode(address,uint256)", market.node, int(neighbour.address, 16))
    refused(market.market.prove, number, *market.arguments(other), error=error, sender=neighbour)


def test_who_disputes_and_when(market: Market, refused: Refused, stranger: Any) -> None:
    """I6 the requester, within the window, with the deposit, once."""
    number = market.ask()
    dispute = market.market.dispute
    refused(dispute, number, error=(WRONG_STATE, number, State.OPEN), sender=market.requester, value=DEPOSIT)
    market.answer(number)
    until = market.market.requestOf(number).until
    error = ("NotRequester(address,address)", market.requester, stranger)
    refused(dispute, number, error=error, sender=stranger, value=DEPOSIT)
    for value in (0, DEPOSIT - 1, DEPOSIT + 1):
        wrong = ("WrongValue(uint256,uint256)", DEPOSIT, value)
        refused(dispute, number, error=wrong, sender=market.requester, value=value)
    late = {"sender": market.requester, "value": DEPOSIT, "time": until + 1}
    refused(dispute, number, error=("TooLate(uint256)", until), **late)
    market.provider.set_timestamp(until)
    dispute(number, sender=market.requester, value=DEPOSIT)
    error = (WRONG_STATE, number, State.DISPUTED)
    refused(dispute, number, error=error, sender=market.requester, value=DEPOSIT)
    refused(market.market.collect, number, error=error, sender=market.node)


def test_who_disputes_everything_pays_for_it(market: Market) -> None:
    """I6 each dispute that is lost costs the deposit, which pays the node for its proof."""
    spent = 0
    for _ in range(2):
        number = disputed(market)
        market.market.prove(number, *market.arguments(market.proof()), sender=market.node)
        spent += PAYMENT + DEPOSIT
    assert market.claimable(market.node) == spent
    assert market.bond() == (BOND, 0)


def test_who_answers_garbage_loses_its_bond(market: Market, refused: Refused) -> None:
    """I6 a stake an answer, and no answer without one: soon it is no node any more."""
    for _ in range(BOND // STAKE):
        market.answer(market.ask(), forged=7)
    number = market.ask()
    error = ("BondTooSmall(uint256,uint256)", STAKE, BOND % STAKE)
    call = (number, market.head, market.question.hash, 1, 1)
    refused(market.market.answer, *call, error=error, sender=market.node)
    for lost in range(BOND // STAKE):
        market.market.dispute(lost, sender=market.requester, value=DEPOSIT)
    market.wait(PROOF_WINDOW + 1)
    for lost in range(BOND // STAKE):
        market.market.convict(lost, sender=market.requester)
    assert market.bond() == (BOND % STAKE, 0)
    inactive = ("NotActive(address)", market.node)
    refused(market.market.answer, *call, error=inactive, sender=market.node)
    order = tuple(market.order().values())
    refused(market.market.request, order, b"", error=inactive, sender=market.requester, value=PAYMENT)


def test_node_that_disputes_with_itself_wins_nothing(market: Market) -> None:
    """I6 half of the stake is gone."""
    before = market.bond()[0]
    number = market.ask(sender=market.node)
    market.answer(number, forged=1)
    market.market.dispute(number, sender=market.node, value=DEPOSIT)
    market.wait(PROOF_WINDOW + 1)
    market.market.convict(number, sender=market.node)
    assert market.claimable(market.node) + market.bond()[0] == before + PAYMENT + DEPOSIT - (STAKE - STAKE // 2)


@pytest.mark.parametrize("left", [False, True])
def test_bond_is_free_when_nothing_is_at_stake(market: Market, refused: Refused, left: bool) -> None:
    """I7 not while an answer can be disputed, or is; not before both windows are over, and not without leaving."""
    number = market.ask()
    market.answer(number)
    withdraw, node = market.market.withdrawBond, market.node
    refused(withdraw, node, error=("NotLeaving(address)", node), sender=node)
    market.market.leave(sender=node)
    free_at = market.now + DISPUTE_WINDOW + PROOF_WINDOW
    refused(withdraw, node, error=("TooEarly(uint256)", free_at), sender=node)
    if left:
        market.wait(DISPUTE_WINDOW - 10)
        market.market.dispute(number, sender=market.requester, value=DEPOSIT)
    market.wait(free_at - market.now)
    refused(withdraw, node, error=("AtStake(uint256)", STAKE), sender=node)
    (market.market.convict if left else market.market.collect)(number, sender=node)
    before = node.balance
    receipt = withdraw(node, sender=node)
    expected = BOND - STAKE if left else BOND
    assert node.balance == before + expected - receipt.total_fees_paid
    refused(withdraw, node, error="NothingThere()", sender=node)


def test_node_joins_adds_and_comes_back(market: Market, refused: Refused, stranger: Any) -> None:
    """I7 with a whole bond and a key; again to add, to change the key, or after leaving."""
    join = market.market.join
    small = ("BondTooSmall(uint256,uint256)", BOND, BOND - 1)
    refused(join, KEY, error=small, sender=stranger, value=BOND - 1)
    refused(join, bytes(32), error="InvalidKey()", sender=stranger, value=BOND)
    join(KEY, sender=stranger, value=BOND)
    join(b"\x08" * 32, sender=stranger, value=5)
    found = market.market.nodeOf(stranger)
    assert (found.bond, bytes(found.encryptionKey), found.leftAt) == (BOND + 5, b"\x08" * 32, 0)
    market.market.leave(sender=stranger)
    refused(market.market.leave, error=("NotActive(address)", stranger), sender=stranger)
    join(KEY, sender=stranger)
    assert market.market.nodeOf(stranger).leftAt == 0
    market.market.setPrice(ETH, Kind.DISPUTABLE, 1, sender=stranger)
    assert market.ask(node=stranger.address) == 0


def test_proofs_are_for_one_request_each(market: Market) -> None:
    """I6 the same question asked twice is answered and paid twice; the proofs are of one statement."""
    first = market.ask(Kind.PROVEN)
    second = market.ask(Kind.PROVEN)
    proof = proven(2, market.question, market.node.address)
    for number in (first, second):
        market.market.answerProven(number, 2, *market.arguments(proof), sender=market.node)
    assert market.claimable(market.node) == 2 * PAYMENT
