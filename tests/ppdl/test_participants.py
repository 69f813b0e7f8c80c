"""Bonds: who has something at stake, when it gets it back, and when it doesn't."""

from __future__ import annotations

import pytest

from tests.ppdl.faults import slash_poster
from tests.ppdl.rounds import closed, opened
from tests.ppdl.stage import RULES, UNBONDING, Stage

ONE_WEI = 1


def test_join(stage: Stage) -> None:
    """P7 whoever puts the bond at stake takes part; more can be added."""
    key = stage.keys[0]
    receipt = stage.send(stage.registry.functions.join(), key, ONE_WEI)
    assert stage.events(receipt) == [("Joined", {"participant": key.address, "bond": RULES.bond + ONE_WEI})]
    assert list(stage.registry.functions.participantOf(key.address).call()) == [RULES.bond + ONE_WEI, 0, 0, 0, False]


def test_a_small_bond_is_none(stage: Stage, newcomer: str) -> None:
    """P7 a wei less than the bond is refused."""
    join = stage.registry.functions.join()
    stage.refuse(join, ("BondTooSmall(uint256,uint256)", RULES.bond, RULES.bond - 1), newcomer, RULES.bond - 1)
    stage.send(join, newcomer, RULES.bond)


def test_bond_comes_back_after_the_delay(stage: Stage) -> None:
    """P7 a bond is free once nothing of a whole round that its owner was in can be challenged."""
    key, calls = stage.keys[5], stage.registry.functions
    stage.refuse(calls.withdrawBond(key.address), ("NotResigned(address)", key.address), key)
    receipt = stage.send(calls.resign(), key)
    free = stage.now + UNBONDING
    assert stage.events(receipt) == [("Resigned", {"participant": key.address, "freeAt": free})]
    assert calls.unbondingDelay().call() == UNBONDING
    stage.refuse(calls.withdrawBond(key.address), ("TooEarly(uint256)", free), key, time=free - 1)
    stage.wait_until(free)
    to = "0x" + "77" * 20
    receipt = stage.send(calls.withdrawBond(to), key)
    assert stage.events(receipt)[0][0] == "BondWithdrawn"
    assert stage.web3.eth.get_balance(stage.web3.to_checksum_address(to)) == RULES.bond
    stage.refuse(calls.withdrawBond(to), "NothingThere()", key)


def test_who_resigned_does_nothing_but_can_come_back(stage: Stage) -> None:
    """P7 who resigned neither opens nor commits, closes or posts; with its bond it can come back."""
    key, calls = stage.keys[5], stage.registry.functions
    stage.send(calls.resign(), key)
    for call in (
        calls.open(),
        calls.resign(),
        calls.commitKeys(1, b"\1" * 32, b"\2" * 32),
        calls.close(bytes(32), b"", bytes(32)),
        calls.postAggregate(bytes(32), bytes(32), bytes(32), bytes(32)),
    ):
        stage.refuse(call, ("HasResigned(address)", key.address), key)
    stage.send(calls.join(), key)
    stage.send(calls.open(), key)


def test_strangers_do_nothing(stage: Stage, newcomer: str) -> None:
    """P7 without a bond nobody resigns, opens, commits, closes or posts."""
    calls = stage.registry.functions
    for call in (
        calls.open(),
        calls.resign(),
        calls.commitKeys(1, b"\1" * 32, b"\2" * 32),
        calls.close(bytes(32), b"", bytes(32)),
        calls.postAggregate(bytes(32), bytes(32), bytes(32), bytes(32)),
    ):
        stage.refuse(call, ("NotBonded(address)", newcomer), newcomer)
    stage.refuse(calls.withdrawBond(newcomer), "NothingThere()", newcomer)
    stage.refuse(calls.claimReward(newcomer), "NothingThere()", newcomer)


@pytest.mark.parametrize("phase", ["closed", "posted"])
def test_who_answers_for_a_round_stays(stage: Stage, phase: str) -> None:
    """P7 whoever closed or posted can't take its bond while that can be challenged, however long it lasts."""
    round_ = opened(stage, 10).commit_keys().commit_seeds().upload()
    closer, poster = stage.keys[0], stage.keys[1]
    stage.send(stage.registry.functions.resign(), stage.keys[2])
    round_.close()
    if phase == "posted":
        round_.post()
    for key in (closer, poster):
        stage.send(stage.registry.functions.resign(), key)
    stage.wait_until(stage.now + UNBONDING + 1)
    withdraw = {key: stage.registry.functions.withdrawBond(key.address) for key in stage.keys[:3]}
    stage.refuse(withdraw[closer], ("RoundRunning(uint256)", round_.number), closer)
    if phase == "posted":
        stage.refuse(withdraw[poster], ("RoundRunning(uint256)", round_.number), poster)
        round_.finalise()
        stage.send(withdraw[closer], closer)
    stage.send(withdraw[poster], poster)
    stage.send(withdraw[stage.keys[2]], stage.keys[2])


def test_payments_that_nobody_takes(stage: Stage) -> None:
    """P7 a recipient that takes no ETH fails the payment, and nothing is lost."""
    key, calls = stage.keys[5], stage.registry.functions
    stage.send(calls.resign(), key)
    stage.wait_until(stage.now + UNBONDING)
    refusing = stage.registry.address
    stage.refuse(calls.withdrawBond(refusing), ("PaymentFailed(address)", refusing), key)
    assert stage.bond_of(key) == RULES.bond


def test_who_was_slashed_is_out(stage: Stage) -> None:
    """P7 a slashed account can't come back, do anything, or win back the half that is nobody's."""
    round_ = closed(stage, 10)
    slashed = slash_poster(round_)
    calls = stage.registry.functions
    stage.refuse(calls.join(), ("Barred(address)", slashed.address), slashed, RULES.bond)
    stage.refuse(calls.open(), ("NotBonded(address)", slashed.address), slashed)
    stage.refuse(calls.withdrawBond(slashed.address), "NothingThere()", slashed)
    assert calls.sunk().call() == RULES.bond - RULES.bond // 2


def test_a_poster_that_challenges_itself_loses_half(stage: Stage) -> None:
    """P7 whoever challenges itself, by another account, loses the half that is nobody's; the reward is paid once."""
    slashed = slash_poster(closed(stage, 10))
    accomplice, calls = stage.keys[2], stage.registry.functions
    assert (stage.bond_of(slashed), stage.reward_of(accomplice)) == (0, RULES.bond // 2)
    to = stage.web3.to_checksum_address("0x" + "78" * 20)
    receipt = stage.send(calls.claimReward(to), accomplice)
    paid = {"account": accomplice.address, "to": to, "amount": RULES.bond // 2}
    assert stage.events(receipt) == [("RewardClaimed", paid)]
    assert stage.web3.eth.get_balance(to) == RULES.bond // 2
    stage.refuse(calls.claimReward(to), "NothingThere()", accomplice)


def test_connection(stage: Stage, newcomer: str) -> None:
    """P7 who deployed names the contract of challenges, once, and it alone decides."""
    calls, deployer = stage.registry.functions, stage.web3.eth.accounts[0]
    challenges = stage.challenges.address
    stage.refuse(calls.connect(challenges), ("NotPermitted(address)", newcomer), newcomer)
    stage.refuse(calls.connect(challenges), "AlreadyConnected()", deployer)
    for call in (
        calls.demanded(True),
        calls.answered(True, newcomer),
        calls.released(newcomer),
        calls.condemn(True, newcomer),
        calls.condemnParticipant(newcomer, newcomer),
    ):
        stage.refuse(call, ("NotPermitted(address)", newcomer), newcomer)
