"""A participant that signs two updates of one round is slashed; what it signed once is used against nobody."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak

from offchain.ppdl.aggregation.messages import Domain, Update
from tests.ppdl.rounds import Round, opened
from tests.ppdl.stage import RULES, Stage, participant_keys

FIRST, SECOND = keccak(text="first"), keccak(text="second")


def proof(
    stage: Stage, key: LocalAccount, round_: int = 9, domain: Domain | None = None, second: bytes = SECOND
) -> Any:
    """The call that shows two updates that a participant signed."""
    domain = domain or stage.domain
    signed = [part for root in (FIRST, second) for part in (root, domain.sign(Update(round_, root), key))]
    return stage.challenges.functions.proveEquivocation(9, *signed)


def test_two_updates(stage: Stage, newcomer: str) -> None:
    """P7 whoever shows two signed updates of a round has half of the signer's bond, once."""
    key = stage.keys[4]
    receipt = stage.send(proof(stage, key), newcomer)
    (proven, slashed) = stage.events(receipt)
    assert proven == ("EquivocationProven", {"round": 9, "participant": key.address, "challenger": newcomer})
    assert slashed[1] == {"participant": key.address, "challenger": newcomer, "amount": RULES.bond}
    assert stage.registry.functions.rewardOf(newcomer).call() == RULES.bond // 2
    stage.refuse(proof(stage, key), ("NotBonded(address)", key.address), newcomer)


def test_one_update_is_no_fault(stage: Stage, newcomer: str) -> None:
    """P7 the same update signed twice, and updates of two participants, are no fault."""
    key, other = stage.keys[4], stage.keys[5]
    stage.refuse(proof(stage, key, second=FIRST), "NoFault()", newcomer)
    one, two = (stage.domain.sign(Update(9, root), who) for root, who in ((FIRST, key), (SECOND, other)))
    call = stage.challenges.functions.proveEquivocation(9, FIRST, one, SECOND, two)
    stage.refuse(call, ("DifferentSigners(address,address)", key.address, other.address), newcomer)


def test_strangers_have_nothing_to_lose(stage: Stage, newcomer: str) -> None:
    """P7 who has no bond can't be slashed."""
    stranger = participant_keys(14)[13]
    stage.refuse(proof(stage, stranger), ("NotBonded(address)", stranger.address), newcomer)


def test_signatures_count_for_one_round_contract_and_chain(stage: Stage, newcomer: str) -> None:
    """P7 updates of two rounds, and signatures for another contract or chain, are not of one round here."""
    key = stage.keys[4]
    one, two = (stage.domain.sign(Update(round_, root), key) for round_, root in ((9, FIRST), (10, SECOND)))
    elsewhere = replace(stage.domain, contract=stage.challenges.address)
    forked = replace(stage.domain, chain_id=stage.domain.chain_id + 1)
    calls = [stage.challenges.functions.proveEquivocation(9, FIRST, one, SECOND, two)]
    calls += [proof(stage, key, domain=domain) for domain in (elsewhere, forked)]
    for call in calls:
        request = [{"to": call.address, "data": call._encode_transaction_data()}, "latest"]
        answer = stage.web3.provider.make_request("eth_call", request)  # type: ignore[arg-type]
        assert answer["error"]["data"][:10] == "0x" + keccak(text="DifferentSigners(address,address)")[:4].hex()


def test_the_round_goes_on(closed_round: Round) -> None:
    """P7 an equivocator's round goes on with the update that the alive set names; the sum is right."""
    stage, key = closed_round.stage, closed_round.keys[6]
    signed = [
        part
        for root in (closed_round.roots[6], SECOND)
        for part in (root, stage.domain.sign(Update(closed_round.number, root), key))
    ]
    call = stage.challenges.functions.proveEquivocation(closed_round.number, *signed)
    stage.send(call, closed_round.keys[2])
    assert stage.bond_of(key) == 0
    closed_round.post().finalise()
    header = closed_round.header()
    closed_round.relay(header)


def test_who_was_slashed_commits_no_seeds(stage: Stage) -> None:
    """P7 a participant that loses its bond between keys and seeds is out of the round."""
    round_ = opened(stage, 10).commit_keys()
    key = round_.keys[9]
    stage.send(proof(stage, key), stage.keys[0])
    round_.commit_seeds(but=[9])
    commitment, _ = round_.members[9].share(round_.transcript())
    stage.refuse(round_.seeds_call(commitment), ("NotInRound(address)", key.address), key)
    round_.upload().close().post().finalise().relay()
