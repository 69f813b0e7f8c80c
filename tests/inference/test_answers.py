"""Answers: whose, of which model, when, and what they bring."""

from __future__ import annotations

from typing import Any

import pytest

from offchain.ppdl.inference.commitments import decrypt_answer
from offchain.zk.field import MODULUS
from tests.conftest import Refused
from tests.inference.stage import BOND, KEY, NOBODY, PAYMENT, STAKE, Answer, Kind, Market, State, model, weight_hash

WRONG_STATE, STALE = "WrongState(uint256,uint8)", "StaleModel(uint256,uint256)"


def test_answer_is_hidden_and_readable(market: Market) -> None:
    """I4 the chain shows a hash and a ciphertext; who knows the salt reads the model's answer."""
    number = market.ask()
    answer = Answer.to(market.question, model(2))
    call = (number, 2, market.question.hash, answer.hash, answer.ciphertext)
    receipt = market.market.answer(*call, sender=market.node)
    (event,) = receipt.decode_logs(market.market.Answered)
    assert (event.id, event.node, event.model, event.proven) == (number, market.node, 2, False)
    assert (event.answerHash, event.ciphertext) == (answer.hash, answer.ciphertext)
    expected = model(2).answer(market.question.features)
    assert decrypt_answer(event.ciphertext, market.question.salt) == expected
    assert expected % MODULUS not in (event.answerHash, event.ciphertext)


def test_undisputed_answer_is_paid_after_the_window(market: Market, refused: Refused, stranger: Any) -> None:
    """I4 not a second before its end; by anyone, once; the stake is free then."""
    number = market.ask()
    market.answer(number)
    until = market.market.requestOf(number).until
    assert until == market.now + 3_600
    collect = market.market.collect
    refused(collect, number, error=("TooEarly(uint256)", until + 1), sender=market.node, time=until)
    assert market.bond()[1] == STAKE
    market.wait(3_601)
    collect(number, sender=stranger)
    assert market.claimable(market.node) == PAYMENT
    assert market.bond()[1] == 0
    refused(collect, number, error=(WRONG_STATE, number, State.SETTLED), sender=stranger)


def test_undisputable_answer_is_paid_at_once(market: Market, refused: Refused) -> None:
    """I4 whatever it says, and nobody can dispute it."""
    number = market.ask(Kind.UNDISPUTABLE)
    market.answer(number, forged=1)
    assert market.claimable(market.node) == PAYMENT
    error = (WRONG_STATE, number, State.SETTLED)
    refused(market.market.dispute, number, error=error, sender=market.requester, value=1)


def test_double_answer(market: Market, refused: Refused, neighbour: Any) -> None:
    """I4 by the same node or another, by word or with a proof: the first answer stands."""
    market.join(neighbour)
    number = market.ask(node=NOBODY)
    first = market.answer(number)
    again = (number, market.head, market.question.hash, first.hash + 1, first.ciphertext)
    error = (WRONG_STATE, number, State.ANSWERED)
    for node in (market.node, neighbour):
        refused(market.market.answer, *again, error=error, sender=node)
        proof = market.arguments(market.proof(node=node))
        refused(market.market.answerProven, number, market.head, *proof, error=error, sender=node)
    assert market.market.requestOf(number).node == market.node


def test_stale_model(market: Market, refused: Refused, deployer: Any) -> None:
    """I4 for the latest model: the one at the request or a newer one, never an older; for a number: that one alone."""
    market.market.join(KEY, sender=market.node, value=BOND)
    number = market.ask()
    stale = (number, 1, market.question.hash, 1, 1)
    refused(market.market.answer, *stale, error=(STALE, 2, 1), sender=market.node)
    proof = market.arguments(market.proof(seed=1))
    refused(market.market.answerProven, number, 1, *proof, error=(STALE, 2, 1), sender=market.node)
    coming = (number, 3, market.question.hash, 1, 1)
    refused(market.market.answer, *coming, error=("UnknownModel(uint256)", 3), sender=market.node)
    market.chain.append(weight_hash(3).to_bytes(32, "big"), sender=deployer)
    market.answer(number, seed=3)
    assert market.market.requestOf(number).model == 3
    chosen = market.ask(latest=False, model=1)
    for other in (0, 2, 3):
        call = (chosen, other, market.question.hash, 1, 1)
        refused(market.market.answer, *call, error=(STALE, 1, other), sender=market.node)
    market.answer(chosen, seed=1)
    newest = market.ask(latest=True)
    market.answer(newest, seed=3)


def test_wrong_commitment(market: Market, refused: Refused) -> None:
    """I4 an answer for other features than the request's; an answer that no proof can have."""
    number, features = market.ask(), market.question.hash
    wrong = (number, market.head, features + 1, 1, 1)
    refused(
        market.market.answer, *wrong, error=("WrongFeatures(uint256,uint256)", features, features + 1),
        sender=market.node,
    )  # fmt: skip
    for pair in ((MODULUS, 1), (1, MODULUS), (2**256 - 1, 1)):
        call = (number, market.head, features, *pair)
        refused(market.market.answer, *call, error=("NotInField(uint256)", max(pair)), sender=market.node)
    assert market.state(number) == State.OPEN


def test_only_who_may_answers(market: Market, refused: Refused, neighbour: Any, stranger: Any) -> None:
    """I4 an addressed request is the node's alone; an open one any active node's."""
    market.join(neighbour)
    addressed, open_ = market.ask(), market.ask(node=NOBODY)
    rest = (market.head, market.question.hash, 1, 1)
    error = ("NotAddressed(address,address)", market.node, neighbour)
    refused(market.market.answer, addressed, *rest, error=error, sender=neighbour)
    refused(market.market.answer, open_, *rest, error=("NotActive(address)", stranger), sender=stranger)
    market.market.leave(sender=market.node)
    for number in (addressed, open_):
        refused(market.market.answer, number, *rest, error=("NotActive(address)", market.node), sender=market.node)
    market.answer(open_, sender=neighbour)
    assert market.market.requestOf(open_).node == neighbour


def test_proof_wanted(market: Market, refused: Refused) -> None:
    """I4 a request for a proven answer takes no node's word."""
    number = market.ask(Kind.PROVEN)
    call = (number, market.head, market.question.hash, 1, 1)
    error = ("WrongKind(uint256,uint8)", number, Kind.PROVEN)
    refused(market.market.answer, *call, error=error, sender=market.node)


@pytest.mark.parametrize("kind", [Kind.DISPUTABLE, Kind.PROVEN, Kind.UNDISPUTABLE])
def test_proven_answer_is_paid_at_once(market: Market, kind: Kind) -> None:
    """I5 whatever kind was asked for; it puts nothing at stake, and the requester reads it."""
    number, proof = market.ask(kind), market.proof()
    receipt = market.market.answerProven(number, market.head, *market.arguments(proof), sender=market.node)
    assert market.state(number) == State.SETTLED
    assert market.claimable(market.node) == PAYMENT
    assert market.bond()[1] == 0
    (event,) = receipt.decode_logs(market.market.Answered)
    assert event.proven
    expected = model(2).answer(market.question.features)
    assert decrypt_answer(event.ciphertext, market.question.salt) == expected


def test_proof_is_the_nodes_own(market: Market, refused: Refused, neighbour: Any) -> None:
    """I5 who sees a proof under way can't answer an open request with it."""
    market.join(neighbour)
    number, proof = market.ask(Kind.PROVEN, node=NOBODY), market.proof()
    method, thief = market.market.answerProven, int(neighbour.address, 16)
    error = ("WrongNode(address,uint256)", neighbour, int(market.node.address, 16))
    refused(method, number, market.head, *market.arguments(proof), error=error, sender=neighbour)
    forged = market.arguments(proof, node=thief)
    refused(method, number, market.head, *forged, error="InvalidProof()", sender=neighbour)
    alias = market.arguments(proof, node=MODULUS + int(market.node.address, 16))
    error = ("WrongNode(address,uint256)", market.node, MODULUS + int(market.node.address, 16))
    refused(method, number, market.head, *alias, error=error, sender=market.node)
    method(number, market.head, *market.arguments(proof), sender=market.node)


def test_forged_proofs(market: Market, refused: Refused) -> None:
    """I5 another answer, ciphertext, model or features, or a proof that is bent: none goes through."""
    number, proof, other = market.ask(Kind.PROVEN), market.proof(), market.proof(seed=1)
    method, head = market.market.answerProven, market.head
    signals = dict(zip(("weightHash", "featuresHash", "answerHash", "ciphertext"), proof.signals, strict=False))
    node = {"sender": market.node}
    for name in ("answerHash", "ciphertext"):
        for value in ((signals[name] + 1) % MODULUS, signals[name] + MODULUS, 0):
            wrong = market.arguments(proof, **{name: value})
            refused(method, number, head, *wrong, error="InvalidProof()", **node)
    weights = ("WrongWeights(bytes32,uint256)", weight_hash(2).to_bytes(32, "big"))
    refused(method, number, head, *market.arguments(other), error=(*weights, weight_hash(1)), **node)
    claimed = market.arguments(other, weightHash=weight_hash(2))
    refused(method, number, head, *claimed, error="InvalidProof()", **node)
    features = signals["featuresHash"]
    wrong = market.arguments(proof, featuresHash=features + 1)
    error = ("WrongFeatures(uint256,uint256)", features, features + 1)
    refused(method, number, head, *wrong, error=error, **node)
    (a, b, c), rest = market.arguments(proof)
    refused(method, number, head, (c, b, a), rest, error="InvalidProof()", **node)
    refused(method, number, head, (a, b[::-1], c), rest, error="InvalidProof()", **node)
    refused(method, number, head, ((0, 0), ((0, 0), (0, 0)), (0, 0)), rest, error="InvalidProof()", **node)
