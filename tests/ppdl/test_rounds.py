"""The phases of a round: what is done when, by whom, once; and how it ends when it can't go on."""

from __future__ import annotations

from dataclasses import astuple, replace
from typing import Any

import pytest
from eth_utils.crypto import keccak

from offchain.ppdl.aggregation.unmasking import UnmaskError
from offchain.zk.field import MODULUS
from tests.ppdl.faults import slash_poster
from tests.ppdl.rounds import Round, closed, opened
from tests.ppdl.stage import CLOSE, CLOSED_BY, RULES, SEEDS, UPLOAD, Stage, deploy, refuse_deployment

HASH = keccak(text="some hash")
OPEN, CLOSED, POSTED, FINAL = 1, 2, 3, 4
TOO_LATE, TOO_EARLY, TOO_FEW = "TooLate(uint256)", "TooEarly(uint256)", "TooFew(uint256,uint256)"


def test_open(stage: Stage) -> None:
    """P7 any participant opens the next round on the head, when none runs."""
    receipt = stage.send(stage.registry.functions.open(), stage.keys[3])
    opened_ = {"round": 1, "head": 0, "opener": stage.keys[3].address}
    assert stage.events(receipt) == [("RoundOpened", opened_)]
    stage.refuse(stage.registry.functions.open(), ("RoundRunning(uint256)", 1), stage.keys[4])
    assert stage.registry.functions.graphSeed().call() == (1).to_bytes(32, "big")


def test_no_round_without_challenges(stage: Stage) -> None:
    """P7 before there is a contract that faults can be shown to, no round begins."""
    alone = deploy(stage.web3, stage.web3.eth.accounts[0], "PPDLRegistry", astuple(RULES), stage.first.values)
    stage.send(alone.functions.join(), stage.keys[0], RULES.bond)
    stage.refuse(alone.functions.open(), ("NotPermitted(address)", "0x" + "00" * 20), stage.keys[0])


def test_keys(stage: Stage) -> None:
    """P7 keys are committed once, in the round's first window, of this round, by participants."""
    round_ = opened(stage, 9)
    key, late = round_.keys[0], round_.opened_at + SEEDS
    call = round_.keys_call(round_.member(key))
    receipt = stage.send(call, key)
    ((name, shown),) = stage.events(receipt)
    assert (name, shown["index"], shown["participant"]) == ("KeysCommitted", 0, key.address)
    assert stage.registry.functions.participantAt(0).call() == key.address
    stage.refuse(call, ("AlreadyCommitted(address)", key.address), key)
    other = stage.registry.functions.commitKeys(2, HASH, HASH)
    stage.refuse(other, ("WrongRound(uint256,uint256)", 1, 2), round_.keys[1])
    stage.refuse(call, (TOO_LATE, late), round_.keys[1], time=late)
    stage.send(call, round_.keys[1])


def test_seeds(stage: Stage) -> None:
    """P7 seeds are committed once, in their window, by those with keys, a hash for each slot."""
    round_ = opened(stage, 9).commit_keys()
    start, key = round_.opened_at + SEEDS, round_.keys[0]
    commitment, _ = round_.members[0].share(round_.transcript())
    call = round_.seeds_call(commitment)
    stage.refuse(call, (TOO_EARLY, start), key, time=start - 1)
    stage.wait_until(start)
    stage.refuse(call, ("NotInRound(address)", stage.keys[10].address), stage.keys[10])
    for count in (8, 10):
        short = stage.registry.functions.commitSeeds(1, HASH, [HASH] * count)
        stage.refuse(short, ("WrongLength(uint256,uint256)", 9, count), key)
    assert stage.registry.functions.seedsRootAt(0).call() == bytes(32)
    ((name, shown),) = stage.events(stage.send(call, key))
    assert (name, tuple(shown["seedHashes"])) == ("SeedsCommitted", commitment.seed_hashes)
    assert shown["sharesRoot"] == commitment.shares_root
    assert stage.registry.functions.seedsRootAt(0).call() == commitment.tree().root
    stage.refuse(call, ("AlreadyCommitted(address)", key.address), key)
    late = round_.opened_at + UPLOAD
    stage.refuse(call, (TOO_LATE, late), round_.keys[1], time=late)


def test_full_round(stage: Stage) -> None:
    """P7 no more than 2,047 take part: a sum of more wouldn't be exact."""
    round_ = opened(stage, 9)
    slot = next(number for number in range(20) if packed_round(stage, number) & 0xFFFFFFFFFF == OPEN << 32 | 1)
    word = packed_round(stage, slot) | 2047 << 40
    stage.request("anvil_setStorageAt", stage.registry.address, hex(slot), "0x" + word.to_bytes(32, "big").hex())
    assert stage.round()["committed"] == 2047
    call = round_.keys_call(round_.member(round_.keys[0]))
    stage.refuse(call, ("RoundFull(uint256)", 2047), round_.keys[0])


def packed_round(stage: Stage, slot: int) -> int:
    """A word of the registry's storage."""
    return int.from_bytes(stage.web3.eth.get_storage_at(stage.registry.address, slot), "big")


@pytest.fixture
def uploaded(stage: Stage) -> Round:
    """Ten with keys, nine with seeds, eight uploaded."""
    return opened(stage, 10).commit_keys().commit_seeds(but=[3]).upload(but=[5])


def test_closing(uploaded: Round) -> None:
    """P7 a round is closed in its window; earlier only if all with seeds are in."""
    stage, key, start = uploaded.stage, uploaded.keys[0], uploaded.opened_at
    call = uploaded.close_call()
    stage.refuse(call, (TOO_EARLY, start + UPLOAD), key, time=start + UPLOAD - 1)
    stage.refuse(call, (TOO_EARLY, start + CLOSE), key, time=start + CLOSE - 1)
    all_nine = uploaded.close_call(alive=b"\xf7\x03")
    stage.at(start + UPLOAD).request("evm_mine")
    stage.refuse(call, (TOO_EARLY, start + CLOSE), key)
    snapshot = stage.request("evm_snapshot")
    stage.send(all_nine, key)
    stage.request("evm_revert", snapshot)
    stage.wait_until(start + CLOSE)
    stage.refuse(call, (TOO_LATE, start + CLOSED_BY), key, time=start + CLOSED_BY)
    receipt = stage.send(call, key)
    ((name, shown),) = stage.events(receipt)
    assert (name, shown["alive"], shown["aliveRoot"]) == ("RoundClosed", uploaded.alive.bitmap, uploaded.alive_root)
    stage.refuse(call, ("WrongPhase(uint8)", CLOSED), key)


def test_alive(uploaded: Round) -> None:
    """P7 the alive are of those with seeds, at least eight, in a bitmap of the right length."""
    stage, key = uploaded.stage, uploaded.keys[0]
    stage.wait_until(uploaded.opened_at + CLOSE)
    cases: list[tuple[bytes, Any]] = [
        (b"\xff", ("WrongLength(uint256,uint256)", 2, 1)),
        (b"\xf7\x03\x00", ("WrongLength(uint256,uint256)", 2, 3)),
        (b"\xff\x03", ("NotSeeded(uint256)", 0)),
        (b"\xf7\x07", ("NotSeeded(uint256)", 0)),
        (b"\xf7\x83", ("NotSeeded(uint256)", 0)),
        (b"\xf7\x00", (TOO_FEW, 8, 7)),
        (b"\x00\x00", (TOO_FEW, 8, 0)),
    ]
    for alive, error in cases:
        stage.refuse(uploaded.close_call(alive=alive), error, key)


def test_posting(closed_round: Round) -> None:
    """P7 an aggregate is posted once, in its window, for this closing."""
    stage, key, until = closed_round.stage, closed_round.keys[1], closed_round.stage.round()["until"]
    call = closed_round.post_call()
    stage.refuse(call, (TOO_LATE, until), key, time=until)
    stage.refuse(
        closed_round.post_call(closing=HASH), ("WrongClosing(bytes32,bytes32)", closed_round.closing_hash, HASH), key
    )
    field = stage.registry.functions.postAggregate(closed_round.closing_hash, HASH, HASH, MODULUS.to_bytes(32, "big"))
    stage.refuse(field, ("NotInField(uint256)", MODULUS), key)
    receipt = stage.send(call, key)
    ((name, shown),) = stage.events(receipt)
    assert (name, shown["poster"], shown["aggregateRoot"]) == ("AggregatePosted", key.address, closed_round.tree.root)
    calls = stage.registry.functions
    assert calls.poster().call() == key.address
    assert calls.closer().call() == closed_round.keys[0].address
    assert calls.demandsUntil().call() == stage.now + RULES.challenge_window
    stage.refuse(call, ("WrongPhase(uint8)", POSTED), key)


def test_finalising(posted_round: Round, newcomer: str) -> None:
    """P7 an aggregate counts once its window has passed; anyone says so."""
    stage, until = posted_round.stage, posted_round.stage.round()["until"]
    call = stage.registry.functions.finalise(posted_round.number)
    stage.refuse(call, (TOO_EARLY, until), newcomer, time=until - 1)
    other = stage.registry.functions.finalise(posted_round.number + 1)
    stage.refuse(other, ("WrongRound(uint256,uint256)", posted_round.number, posted_round.number + 1), newcomer)
    stage.wait_until(until)
    ((name, shown),) = stage.events(stage.send(call, newcomer))
    assert (name, shown["weightsRoot"]) == ("RoundFinalised", stage.registry.functions.weightsRoot().call())
    stage.refuse(call, ("WrongPhase(uint8)", FINAL), newcomer)


def ends(round_: Round, time: int, phase: int) -> None:
    """Checks that a round can't be ended before a time, that anyone can end it then, and that the next one succeeds
    on the same head."""
    stage, anyone = round_.stage, round_.stage.keys[7]
    call = stage.registry.functions.abort(round_.number)
    stage.refuse(call, ("RoundRunning(uint256)", round_.number), anyone, time=time - 1)
    stage.refuse(stage.registry.functions.open(), ("RoundRunning(uint256)", round_.number), anyone, time=time - 1)
    stage.wait_until(time)
    head = stage.registry.functions.head().call()
    snapshot = stage.request("evm_snapshot")
    ended = ("RoundEnded", {"round": round_.number, "phase": phase})
    assert stage.events(stage.send(call, anyone)) == [ended]
    stage.refuse(call, ("RoundRunning(uint256)", round_.number), anyone)
    stage.request("evm_revert", snapshot)
    shown = stage.events(stage.send(stage.registry.functions.open(), stage.keys[0]))
    assert [shown[0], shown[1][0]] == [ended, "RoundOpened"]
    at = stage.now
    next_ = Round(stage, round_.number + 1, at, stage.keys[:8], stage.state)
    next_.commit_keys().commit_seeds().upload().close().post().finalise().relay()
    assert stage.registry.functions.head().call() == head + 1


def test_too_few_keys(stage: Stage) -> None:
    """P7 with fewer than eight keys the round ends cleanly when their window does."""
    round_ = opened(stage, 7).commit_keys()
    stage.refuse(
        stage.registry.functions.commitSeeds(round_.number, HASH, [HASH] * 7), (TOO_FEW, 8, 7), round_.keys[0],
        time=round_.opened_at + SEEDS,
    )  # fmt: skip
    ends(round_, round_.opened_at + SEEDS, OPEN)


def test_drop_out_after_keys(stage: Stage) -> None:
    """P7 with fewer than eight who commit seeds the round ends cleanly when their window does."""
    round_ = opened(stage, 10).commit_keys().commit_seeds(but=[0, 1, 2])
    ends(round_, round_.opened_at + UPLOAD, OPEN)


def test_drop_out_after_seeds(stage: Stage) -> None:
    """P7 with fewer than eight who upload nobody can close, and the round ends cleanly."""
    round_ = opened(stage, 10).commit_keys().commit_seeds().upload(but=[0, 1, 2])
    stage.wait_until(round_.opened_at + CLOSE)
    stage.refuse(round_.close_call(), (TOO_FEW, 8, 7), round_.keys[5])
    ends(round_, round_.opened_at + CLOSED_BY, OPEN)


def test_drop_out_after_upload(stage: Stage) -> None:
    """P7 when too few reveal shares nobody can post, and the round ends cleanly."""
    round_ = closed(stage, 10)
    round_.silent = frozenset(range(6))
    with pytest.raises(UnmaskError, match="only 4 of 5 shares"):
        _ = round_.masks
    ends(round_, stage.round()["until"], CLOSED)


def test_a_lost_poster_blocks_nothing(closed_round: Round) -> None:
    """P7 when nobody posts in time the round ends cleanly."""
    ends(closed_round, closed_round.stage.round()["until"], CLOSED)


def test_a_lost_closer_blocks_nothing(uploaded: Round) -> None:
    """P7 when nobody closes in time the round ends cleanly."""
    ends(uploaded, uploaded.opened_at + CLOSED_BY, OPEN)


def test_after_a_false_aggregate_another_is_posted(closed_round: Round) -> None:
    """P7 a convicted aggregate is void; others have a whole window to post the right one."""
    stage = closed_round.stage
    stage.wait_until(stage.round()["until"] - 10)
    slash_poster(closed_round)
    assert stage.round()["phase"] == CLOSED
    until = stage.now + RULES.post_window
    assert stage.round()["until"] == until
    slashed = closed_round.keys[1]
    stage.refuse(closed_round.post_call(), ("NotBonded(address)", slashed.address), slashed)
    slash_poster(closed_round, by=3, challenger=4)
    stage.at(stage.now + RULES.post_window - 1)
    closed_round.post(by=5).finalise().relay()
    assert stage.round()["claim"] == 3


def test_reorganisation(uploaded: Round) -> None:
    """P7 after a reorganisation what was meant for another closing is refused, and the round goes on."""
    stage = uploaded.stage
    stage.wait_until(uploaded.opened_at + CLOSE)
    snapshot = stage.request("evm_snapshot")
    stage.send(uploaded.close_call(), uploaded.keys[0])
    stale = uploaded.post_call()
    stage.request("evm_revert", snapshot)
    stage.request("evm_mine")
    stage.send(uploaded.close_call(), uploaded.keys[0])
    expected = stage.registry.functions.closingHash().call()
    assert expected == uploaded.closing_hash
    stage.refuse(stale, ("WrongClosing(bytes32,bytes32)", expected, stale.args[0]), uploaded.keys[1])
    uploaded.post().finalise().relay()


def test_reorganisation_of_keys(stage: Stage) -> None:
    """P7 a closing for other participants, or the same in another order, is refused."""
    round_ = opened(stage, 9)
    snapshot = stage.request("evm_snapshot")
    round_.commit_keys()
    stale = round_.transcript().graph.seed
    stage.request("evm_revert", snapshot)
    again = Round(stage, round_.number, round_.opened_at, round_.keys[::-1], stage.state)
    again.commit_keys().commit_seeds().upload()
    stage.wait_until(again.opened_at + UPLOAD)
    call = stage.registry.functions.close(stale, again.alive.bitmap, again.alive_root)
    graph = again.transcript().graph.seed
    stage.refuse(call, ("WrongGraph(bytes32,bytes32)", graph, stale), stage.keys[0])
    again.close().post().finalise().relay()


@pytest.mark.parametrize(
    "name", ["keys_window", "seeds_window", "upload_window", "close_window", "post_window", "challenge_window",
             "answer_window", "header_window", "bond"]
)  # fmt: skip
def test_rules(stage: Stage, name: str) -> None:
    """P7 no window and no bond is zero."""
    assert tuple(stage.registry.functions.rules().call()) == astuple(RULES)
    none = astuple(replace(RULES, **{name: 0}))
    refuse_deployment(stage.web3, "PPDLRegistry", "InvalidRules()", none, stage.first.values)
