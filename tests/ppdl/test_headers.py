"""The model chain: what a header must say, who must have signed it, and that it goes on after anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, replace
from typing import Any

import pytest
from eth_keys.constants import SECPK1_N
from eth_utils.crypto import keccak

from offchain.ppdl.aggregation.lanes import chunk_tree, to_chunks
from offchain.ppdl.aggregation.messages import Header, Update
from tests.ppdl.rounds import Round, opened
from tests.ppdl.stage import RULES, Stage, genesis, hash_of, refuse_deployment

OTHER = keccak(text="something else")
WRONG_HEADER = "WrongHeader(uint256,bytes32,bytes32,bytes32,bytes32)"


@pytest.fixture(scope="module")
def final_round(closed_round: Round) -> Round:
    """A round whose aggregate counts."""
    return closed_round.post().finalise()


def test_anyone_relays(final_round: Round, newcomer: str) -> None:
    """P7 a header with five votes is appended by anyone, and ends the round."""
    stage, header = final_round.stage, final_round.header()
    receipt = stage.send(final_round.relay_call(header), newcomer)
    ((name, shown),) = stage.events(receipt)
    assert (name, shown["number"], shown["hash"]) == ("HeaderAppended", 1, header.hash)
    calls = stage.registry.functions
    assert calls.head().call() == 1
    assert calls.headerHashOf(1).call() == header.hash
    assert calls.weightHashOf(1).call() == header.weight_hash == hash_of(final_round.after)
    assert calls.headWeightsRoot().call() == header.weights_root
    assert calls.headerDigest(header.values).call() == stage.domain.digest(header)
    stage.refuse(final_round.relay_call(header), ("WrongPhase(uint8)", 0), newcomer)


def test_genesis(stage: Stage) -> None:
    """P7 the model chain begins with a header without a round before it."""
    calls = stage.registry.functions
    assert calls.headerHashOf(0).call() == stage.first.hash
    assert calls.weightHashOf(0).call() == hash_of(stage.state)
    wrong: list[dict[str, Any]] = [
        {"number": 1},
        {"prev_hash": OTHER},
        {"round": 1},
        {"participant_hash": OTHER},
        {"accepted": False},
        {"timestamp": stage.now + 10**6},
    ]
    for changes in wrong:
        first = replace(genesis(stage.state), **changes).values
        refuse_deployment(stage.web3, "PPDLRegistry", "InvalidGenesis()", astuple(RULES), first)


@pytest.mark.parametrize(
    "changes",
    [
        {"number": 0},
        {"number": 2},
        {"prev_hash": OTHER},
        {"weights_root": OTHER},
        {"weight_hash": OTHER},
        {"participant_hash": OTHER},
    ],
)
def test_a_header_extends_the_head_by_the_round(final_round: Round, changes: dict[str, Any]) -> None:
    """P7 number, link, model and participants are those of the head and the round."""
    right = final_round.header()
    error = (WRONG_HEADER, 1, right.prev_hash, right.weights_root, right.weight_hash, right.participant_hash)
    final_round.stage.refuse(final_round.relay_call(replace(right, **changes)), error, final_round.keys[0])


def test_a_header_is_of_its_round(final_round: Round) -> None:
    """P7 a header of another round is refused."""
    call = final_round.relay_call(final_round.header(round=final_round.number + 1))
    error = ("WrongRound(uint256,uint256)", final_round.number, final_round.number + 1)
    final_round.stage.refuse(call, error, final_round.keys[0])


def test_time_goes_forward(final_round: Round) -> None:
    """P7 a header is not earlier than the one before, and not of the future."""
    stage = final_round.stage
    for time in (stage.first.timestamp - 1, stage.now + 2):
        call = final_round.relay_call(final_round.header(timestamp=time))
        stage.refuse(call, ("WrongTime(uint256)", time), final_round.keys[0], time=stage.now + 1)
    stage.send(final_round.relay_call(final_round.header(timestamp=stage.first.timestamp)), final_round.keys[0])


def test_the_gate(final_round: Round) -> None:
    """P7 a model whose loss grows by more than the tolerance is never accepted, and one that passes always is."""
    stage, before = final_round.stage, 1 << 20
    most = before * (1_000 + RULES.tolerance) // 1_000
    for after, passes in ((most, True), (most + 1, False), (0, True)):
        wrong = rejected(final_round, lossless=False) if passes else final_round.header()
        call = final_round.relay_call(replace(wrong, loss_before=before, loss_after=after))
        stage.refuse(call, ("WrongGate(bool)", passes), final_round.keys[0])
    stage.send(final_round.relay_call(final_round.header(loss_before=before, loss_after=most)), final_round.keys[0])


def rejected(round_: Round, lossless: bool = True) -> Header:
    """A header of a model that fails the gate: the model before is kept."""
    root, hash_ = chunk_tree(to_chunks(round_.before)).root, hash_of(round_.before)
    losses: dict[str, Any] = {"loss_before": 1 << 20, "loss_after": 1 << 21} if lossless else {}
    return round_.header(weights_root=root, weight_hash=hash_, accepted=False, **losses)


def test_a_poisoned_model_is_kept_out(final_round: Round) -> None:
    """P7 a round that fails the gate keeps the model before, and the next round goes on from it."""
    stage, header = final_round.stage, rejected(final_round)
    kept = (WRONG_HEADER, 1, stage.first.hash, stage.first.weights_root, stage.first.weight_hash)
    poisoned = final_round.header(accepted=False, loss_after=1 << 21)
    stage.refuse(final_round.relay_call(poisoned), (*kept, header.participant_hash), final_round.keys[0])
    final_round.relay(header)
    calls = stage.registry.functions
    assert calls.weightHashOf(1).call() == stage.first.weight_hash
    assert calls.headWeightsRoot().call() == stage.first.weights_root
    after = opened(stage, 8).commit_keys().commit_seeds().upload().close().post().finalise()
    after.relay(after.header(header))
    assert calls.head().call() == 2


def test_four_votes_are_too_few(final_round: Round) -> None:
    """P7 one vote less than five, and one more, are refused."""
    header = final_round.header()
    for seats in ((0, 1, 2, 3), (0, 1, 2, 3, 4, 5)):
        call = final_round.relay_call(header, final_round.votes(header, seats))
        error = ("WrongLength(uint256,uint256)", 5, len(seats))
        final_round.stage.refuse(call, error, final_round.keys[0])


def test_each_seat_votes_once(final_round: Round) -> None:
    """P7 no seat counts twice, none is out of order, and there are seven."""
    header = final_round.header()
    votes = final_round.votes(header)
    eighth = (7, *votes[4][1:])
    for wrong, seat in (
        ([votes[0], votes[0], *votes[2:]], 0),
        ([votes[1], votes[0], *votes[2:]], 0),
        ([*votes[:4], eighth], 7),
    ):
        call = final_round.relay_call(header, wrong)
        final_round.stage.refuse(call, ("SeatsNotAscending(uint256)", seat), final_round.keys[0])


def test_a_seat_is_its_members(final_round: Round) -> None:
    """P7 a vote of somebody else in the round, of somebody who isn't alive or of a stranger is none."""
    stage, header = final_round.stage, final_round.header()
    votes, members = final_round.votes(header), final_round.committee()
    other = next(index for index in final_round.alive.indices if index not in members)
    dead, beyond = final_round.alive.others[0], 200
    for index, signer in ((other, other), (members[0], other), (other, members[0]), (dead, dead), (beyond, dead)):
        signed = stage.domain.sign(header, final_round.keys[signer])
        call = final_round.relay_call(header, [(0, index, signed), *votes[1:]])
        error = ("WrongVote(uint256,address)", 0, final_round.keys[signer].address)
        stage.refuse(call, error, final_round.keys[0])


def test_a_vote_is_of_this_header_and_chain(final_round: Round) -> None:
    """P7 a signature of another header, or for another contract, is of somebody else."""
    stage, header = final_round.stage, final_round.header()
    votes = final_round.votes(header)
    key = final_round.keys[votes[0][1]]
    for domain, signed in (
        (stage.domain, final_round.header(testset_hash=OTHER)),
        (replace(stage.domain, contract=stage.challenges.address), header),
        (replace(stage.domain, chain_id=1), header),
    ):
        vote = (*votes[0][:2], domain.sign(signed, key))
        answer = refused_with(stage, final_round.relay_call(header, [vote, *votes[1:]]))
        assert answer[:4] == keccak(text="WrongVote(uint256,address)")[:4]
        assert answer[-20:] != bytes.fromhex(key.address[2:])


def refused_with(stage: Stage, call: Any) -> bytes:
    """The revert data of a call."""
    request = [{"to": call.address, "data": call._encode_transaction_data(), "from": stage.keys[0].address}, "latest"]
    answer = stage.web3.provider.make_request("eth_call", request)  # type: ignore[arg-type]
    return bytes.fromhex(answer["error"]["data"][2:])


MALFORMED: list[tuple[Callable[[bytes], bytes], str]] = [
    (lambda signed: signed[:64], "ECDSAInvalidSignatureLength(uint256)"),
    (lambda signed: signed + b"\0", "ECDSAInvalidSignatureLength(uint256)"),
    (lambda signed: signed[:64] + b"\1", "ECDSAInvalidSignature()"),
    (
        lambda signed: (
            signed[:32]
            + (SECPK1_N - int.from_bytes(signed[32:64], "big")).to_bytes(32, "big")
            + bytes([55 - signed[64]])
        ),
        "ECDSAInvalidSignatureS(bytes32)",
    ),
]


@pytest.mark.parametrize(("change", "error"), MALFORMED)
def test_malformed_signatures(final_round: Round, change: Callable[[bytes], bytes], error: str) -> None:
    """P7 a signature that is cut, too long, or mirrored on the curve is refused."""
    header = final_round.header()
    votes = final_round.votes(header)
    wrong = (*votes[0][:2], change(votes[0][2]))
    answer = refused_with(final_round.stage, final_round.relay_call(header, [wrong, *votes[1:]]))
    assert answer[:4] == keccak(text=error)[:4]


def test_who_was_slashed_votes_no_more(final_round: Round) -> None:
    """P7 a member that lost its bond has no seat."""
    stage, header = final_round.stage, final_round.header()
    votes = final_round.votes(header)
    key = final_round.keys[votes[0][1]]
    signed = [(root, stage.domain.sign(Update(9, root), key)) for root in (OTHER, bytes(32))]
    call = stage.challenges.functions.proveEquivocation(9, *signed[0], *signed[1])
    stage.send(call, final_round.keys[votes[1][1]])
    error = ("WrongVote(uint256,address)", votes[0][0], key.address)
    stage.refuse(final_round.relay_call(header, votes), error, final_round.keys[0])


def test_other_bitmap(final_round: Round) -> None:
    """P7 the committee is that of the closing's alive set."""
    header = final_round.header()
    call = final_round.stage.registry.functions.relay(header.values, b"\xff\xff", final_round.votes(header))
    final_round.stage.refuse(call, "WrongAlive()", final_round.keys[0])


def test_a_lost_relayer_blocks_nothing(final_round: Round) -> None:
    """P7 when the window to relay is over, the next round goes on from the same head."""
    stage = final_round.stage
    until = stage.round()["until"]
    header = final_round.header()
    stage.wait_until(until)
    stage.refuse(final_round.relay_call(header), ("TooLate(uint256)", until), final_round.keys[0])
    stage.refuse(
        stage.registry.functions.abort(final_round.number + 1),
        ("WrongRound(uint256,uint256)", final_round.number, final_round.number + 1),
        final_round.keys[0],
    )
    next_ = opened(stage, 8).commit_keys().commit_seeds().upload().close().post().finalise()
    next_.relay()
    assert stage.registry.functions.head().call() == 1
