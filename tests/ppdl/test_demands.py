"""Whoever lacks a round's data demands to see a place: it is shown to be right, or who answers for it is convicted."""

from __future__ import annotations

from typing import Any

import pytest
from eth_utils.crypto import keccak

from offchain.merkle import Tree, leaf
from offchain.ppdl.aggregation.lanes import to_bytes, to_chunks
from offchain.ppdl.disputes.proofs import Disputed
from tests.ppdl.conftest import CHUNKS
from tests.ppdl.faults import bent, challenge, one_more, slash_poster
from tests.ppdl.rounds import Round, closed
from tests.ppdl.stage import RULES, Stage, hash_of, refuse_deployment

SUM, LEAF, MASK, UPDATE, HASH, SIGNATURE = range(6)
NAMES = ("Sum", "Leaf", "Mask", "Update", "Hash", "Signature")
PLACES = [(SUM, 2, 5), (LEAF, 1, 3), (MASK, 0, 30), (MASK, 2, 9), (UPDATE, 2, 0), (HASH, 1, 0), (SIGNATURE, 0, 4)]
FEE = RULES.demand_fee


def subject(round_: Round, kind: int) -> int:
    """What a demand is about: the aggregate, or the round."""
    return int(round_.stage.round()["round" if kind == SIGNATURE else "claim"])


def called(round_: Round, function: str, kind: int, chunk: int, place: int) -> Any:
    """A call about a demand."""
    return round_.stage.challenges.functions[function](kind, subject(round_, kind), chunk, place)


def demand(round_: Round, kind: int, chunk: int, place: int, by: int = 6) -> Any:
    """Demands a place, for the fee."""
    return round_.stage.send(called(round_, "demand", kind, chunk, place), round_.keys[by], FEE)


def answer(round_: Round, kind: int, chunk: int, place: int, shown: Disputed | None = None) -> Any:
    """The call that shows a place."""
    shown, name = shown or round_.disputed(), NAMES[kind]
    proof = getattr(shown, name.lower())
    where = {UPDATE: (chunk,), HASH: (chunk,), SIGNATURE: (place,)}.get(kind, (chunk, place))
    return round_.stage.challenges.functions[f"answer{name}"](subject(round_, kind), *where, proof(*where))


@pytest.mark.parametrize("place", PLACES)
def test_an_answer(posted_round: Round, place: tuple[int, int, int], newcomer: str) -> None:
    """P7 anyone who shows that a place is right has the fee; the same place isn't demanded twice."""
    stage, demander = posted_round.stage, posted_round.keys[6]
    ((name, shown),) = stage.events(demand(posted_round, *place))
    assert (name, shown["demander"], shown["until"]) == (
        "Demanded", demander.address, stage.now + RULES.answer_window,
    )  # fmt: skip
    assert called(posted_round, "demandOf", *place).call() == [demander.address, shown["until"]]
    stage.refuse(called(posted_round, "demand", *place), "AlreadyDemanded()", demander, FEE)
    call = answer(posted_round, *place)
    stage.refuse(call, ("DemandTooLate(uint256)", shown["until"]), newcomer, time=shown["until"])
    assert [name for name, _ in stage.events(stage.send(call, newcomer))] == ["Answered"]
    assert stage.registry.functions.rewardOf(newcomer).call() == FEE
    stage.refuse(call, "NotDemanded()", newcomer)
    stage.refuse(called(posted_round, "demand", *place), "AlreadyDemanded()", demander, FEE)
    stage.refuse(called(posted_round, "convict", *place), "NotDemanded()", newcomer)
    posted_round.finalise().relay()


@pytest.mark.parametrize("place", [one for one in PLACES if one[0] != SIGNATURE])
def test_what_is_withheld_convicts_the_poster(posted_round: Round, place: tuple[int, int, int]) -> None:
    """P7 a place that nobody shows in time convicts the poster, for the demander, whoever says so."""
    stage, demander = posted_round.stage, posted_round.keys[6]
    demand(posted_round, *place)
    until = stage.now + RULES.answer_window
    call = called(posted_round, "convict", *place)
    stage.refuse(call, ("StillAnswerable(uint256)", until), demander, time=until - 1)
    stage.wait_until(until)
    receipt = stage.send(call, posted_round.keys[7])
    assert [name for name, _ in stage.events(receipt)] == ["FaultProven", "Slashed"]
    assert stage.reward_of(demander) == FEE + RULES.bond // 2
    assert stage.bond_of(posted_round.keys[1]) == 0
    posted_round.post(by=2).finalise().relay()


@pytest.mark.parametrize("posted", [False, True])
def test_a_signature_that_nobody_has_convicts_the_closer(stage: Stage, posted: bool) -> None:
    """P7 who closes with an update that wasn't signed loses its bond, and the round ends, posted or not."""
    round_ = closed(stage, 10)
    if posted:
        round_.post()
    demand(round_, SIGNATURE, 0, 2)
    stage.wait_until(stage.now + RULES.answer_window)
    receipt = stage.send(called(round_, "convict", SIGNATURE, 0, 2), round_.keys[7])
    assert [name for name, _ in stage.events(receipt)] == ["FaultProven", "RoundEnded", "Slashed"]
    assert (stage.bond_of(round_.keys[0]), stage.bond_of(round_.keys[1])) == (0, RULES.bond)
    assert stage.reward_of(round_.keys[6]) == FEE + RULES.bond // 2
    stage.send(stage.registry.functions.open(), round_.keys[1])


def test_signatures_of_others_are_none(posted_round: Round) -> None:
    """P7 a record is shown by its own participant's signature alone, in its own place."""
    stage, anyone = posted_round.stage, posted_round.keys[7]
    demand(posted_round, SIGNATURE, 0, 2)
    alive, index, root, path, signed = posted_round.disputed().signature(2)
    other = posted_round.disputed().signature(3)
    call = stage.challenges.functions.answerSignature
    wrong: list[tuple[tuple[Any, ...], str]] = [
        ((alive, index, root, path, other[4]), "WrongSigner(address,address)"),
        ((alive, other[1], root, path, signed), "WrongIndex(uint256)"),
        ((alive, 7, root, path, signed), "WrongIndex(uint256)"),
        ((alive, 200, root, path, signed), "WrongIndex(uint256)"),
        ((alive + b"\0", index, root, path, signed), "OtherAlive()"),
        ((alive, index, other[2], path, signed), "WrongRoot(bytes32,bytes32)"),
        ((alive, index, root, path[:-1], signed), "WrongPath(uint256,uint256)"),
    ]
    for proof, error in wrong:
        request = call(posted_round.number, 2, proof)
        assert refused_by(stage, request, anyone.address) == keccak(text=error)[:4]
    stage.send(answer(posted_round, SIGNATURE, 0, 2), anyone)


def refused_by(stage: Stage, call: Any, sender: str) -> bytes:
    """The selector of the error that a call fails with."""
    request = [{"to": call.address, "data": call._encode_transaction_data(), "from": sender}, "latest"]
    found = stage.web3.provider.make_request("eth_call", request)  # type: ignore[arg-type]
    return bytes.fromhex(found["error"]["data"][2:10])


def test_a_closing_is_asked_before_anything_is_posted(closed_round: Round) -> None:
    """P7 signatures can be demanded as soon as the round is closed, until the window to post is over; meanwhile the
    round can't be ended."""
    stage, until = closed_round.stage, closed_round.stage.round()["until"]
    late = called(closed_round, "demand", SIGNATURE, 0, 1)
    stage.refuse(late, ("DemandTooLate(uint256)", until), closed_round.keys[6], FEE, time=until)
    stage.at(until - 1)
    demand(closed_round, SIGNATURE, 0, 1)
    stage.wait_until(until)
    abort = stage.registry.functions.abort(closed_round.number)
    stage.refuse(abort, ("RoundRunning(uint256)", closed_round.number), closed_round.keys[7])
    stage.send(answer(closed_round, SIGNATURE, 0, 1), closed_round.keys[0])
    stage.send(abort, closed_round.keys[7])


def test_finality_waits_for_answers(posted_round: Round) -> None:
    """P7 nothing is final while a demand is open; after an answer there is time to use what it showed."""
    stage, until = posted_round.stage, posted_round.stage.round()["until"]
    late = called(posted_round, "demand", SUM, 0, 1)
    stage.refuse(late, ("DemandTooLate(uint256)", until), posted_round.keys[6], FEE, time=until)
    stage.at(until - 1)
    demand(posted_round, SUM, 0, 1)
    stage.wait_until(until)
    final = stage.registry.functions.finalise(posted_round.number)
    stage.refuse(final, ("OpenDemands(uint256)", 1), posted_round.keys[7])
    stage.send(answer(posted_round, SUM, 0, 1), posted_round.keys[1])
    later = stage.now + RULES.answer_window
    assert stage.round()["until"] == later
    stage.refuse(final, ("TooEarly(uint256)", later), posted_round.keys[7], time=later - 1)
    stage.refuse(late, "AlreadyDemanded()", posted_round.keys[6], FEE, time=until - 1)
    posted_round.finalise().relay()


def test_a_wrong_place_has_no_answer(closed_round: Round) -> None:
    """P7 what is wrong is no answer, whoever shows it: a demand finds a fault whose place nobody else can show."""
    stage = closed_round.stage
    shown = closed_round.disputed(sums=bent(closed_round, 1, 64 + 3, one_more))
    closed_round.post(shown)
    demand(closed_round, LEAF, 1, 3)
    stage.refuse(answer(closed_round, LEAF, 1, 3, shown), "Fault()", closed_round.keys[1])
    right = answer(closed_round, LEAF, 1, 3)
    assert refused_by(stage, right, closed_round.keys[1].address) == keccak(text="WrongRoot(bytes32,bytes32)")[:4]
    demand(closed_round, SUM, 1, 1)
    stage.send(answer(closed_round, SUM, 1, 1, shown), closed_round.keys[1])
    stage.wait_until(stage.now + RULES.answer_window)
    stage.send(called(closed_round, "convict", LEAF, 1, 3), closed_round.keys[7])
    assert stage.bond_of(closed_round.keys[1]) == 0


def test_a_hash_of_nothing_has_no_answer(closed_round: Round) -> None:
    """P7 a `weightHash` that nobody knows the inside of convicts its poster."""
    stage, shown = closed_round.stage, closed_round.disputed()
    closing, sums, root, _ = closed_round.post_call().args
    stage.send(stage.registry.functions.postAggregate(closing, sums, root, bytes(31) + b"\7"), closed_round.keys[1])
    demand(closed_round, HASH, 1, 0)
    assert hash_of(shown.after) != bytes(31) + b"\7"
    selector = refused_by(stage, answer(closed_round, HASH, 1, 0), closed_round.keys[1].address)
    assert selector == keccak(text="WrongRoot(bytes32,bytes32)")[:4]
    stage.wait_until(stage.now + RULES.answer_window)
    stage.send(called(closed_round, "convict", HASH, 1, 0), closed_round.keys[7])


def test_fees_of_void_demands_go_back(closed_round: Round) -> None:
    """P7 when the aggregate or the round is void, demanders have their fees back, once; nothing else counts them."""
    stage, demander = closed_round.stage, closed_round.keys[6]
    shown = closed_round.disputed(sums=bent(closed_round, 0, 1, one_more))
    closed_round.post(shown)
    demand(closed_round, UPDATE, 1, 0)
    claim = subject(closed_round, UPDATE)
    release = stage.challenges.functions.release(UPDATE, claim, 1, 0)
    stage.refuse(release, "StillDemanded()", demander)
    stage.send(challenge(closed_round, "Sum", 0, 1, shown.sum(0, 1)), closed_round.keys[2])
    late = stage.challenges.functions.convict(UPDATE, claim, 1, 0)
    stage.refuse(late, "NothingToChallenge()", demander)
    ((name, _),) = stage.events(stage.send(release, closed_round.keys[7]))
    assert (name, stage.reward_of(demander)) == ("DemandReleased", FEE)
    stage.refuse(release, "NotDemanded()", demander)
    closed_round.post(by=2)
    stage.refuse(late, ("NotCurrent(uint256,uint256)", claim + 1, claim), demander)
    closed_round.finalise().relay()


def test_what_can_be_demanded(posted_round: Round) -> None:
    """P7 only places that there are, of the current aggregate, for the fee: no honest poster lacks an answer."""
    stage, demander = posted_round.stage, posted_round.keys[6]
    alive, leaves = len(posted_round.alive), posted_round.disputed().first_leaf
    none = [
        (SUM, 0, 0), (SUM, 0, leaves), (SUM, CHUNKS, 1), (LEAF, 0, alive), (LEAF, CHUNKS, 0), (MASK, 0, alive - 1),
        (MASK, 0, leaves), (UPDATE, CHUNKS, 0), (UPDATE, 0, 1), (HASH, CHUNKS, 0), (HASH, 0, 1), (SIGNATURE, 1, 0),
        (SIGNATURE, 0, alive),
    ]  # fmt: skip
    for place in none:
        error = ("NoSuchPlace(uint8,uint256,uint256)", *place)
        stage.refuse(called(posted_round, "demand", *place), error, demander, FEE)
    for fee in (0, FEE - 1, FEE + 1):
        stage.refuse(called(posted_round, "demand", SUM, 0, 1), ("WrongFee(uint256,uint256)", FEE, fee), demander, fee)
    claim = subject(posted_round, SUM)
    other = stage.challenges.functions.demand(SUM, claim + 1, 0, 1)
    stage.refuse(other, ("NotCurrent(uint256,uint256)", claim, claim + 1), demander, FEE)
    posted_round.finalise()
    stage.refuse(called(posted_round, "demand", SUM, 0, 1), "NothingToChallenge()", demander, FEE)


def test_a_slashed_closer_ends_the_round_all_the_same(stage: Stage) -> None:
    """P7 a closer that lost its bond before, as the poster of a false aggregate, can still be convicted."""
    round_ = closed(stage, 10)
    slash_poster(round_, by=0)
    demand(round_, SIGNATURE, 0, 2)
    stage.wait_until(stage.now + RULES.answer_window)
    shown = stage.events(stage.send(called(round_, "convict", SIGNATURE, 0, 2), round_.keys[7]))
    assert [name for name, _ in shown] == ["FaultProven", "RoundEnded"]
    assert stage.reward_of(round_.keys[6]) == FEE


def test_model(stage: Stage) -> None:
    """P7 the contract of challenges has a model with weights and a Poseidon."""
    registry = stage.registry.address
    assert stage.challenges.functions.weightCount().call() == len(stage.state)
    for weights, t5 in ((0, registry), (150, stage.keys[0].address)):
        refuse_deployment(stage.web3, "PPDLChallenges", "InvalidModel()", registry, weights, t5)


def test_padding_of_the_model_is_empty(closed_round: Round) -> None:
    """P7 nothing hides in the model's tree beyond its chunks."""
    stage, shown = closed_round.stage, closed_round.disputed()
    hidden = Tree([*(leaf(to_bytes(chunk)) for chunk in to_chunks(closed_round.after)), keccak(text="hidden")])
    closing, sums, _, hash_ = closed_round.post_call().args
    stage.send(stage.registry.functions.postAggregate(closing, sums, hidden.root, hash_), closed_round.keys[1])
    proof = (*shown.update(2)[:-1], list(hidden.path(2)))
    stage.send(challenge(closed_round, "Update", 2, proof), closed_round.keys[2])
    assert stage.bond_of(closed_round.keys[1]) == 0
