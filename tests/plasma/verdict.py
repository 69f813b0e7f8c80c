"""What must come of a proven fault, and what must not."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak

from offchain.plasma.checkpoint import Submission
from offchain.plasma.messages import BRIDGE, COUNTERS_SLOT, EXIT_ROOT_SLOT, INBOX_HASH_SLOT
from tests.conftest import failure, revert_data
from tests.plasma.stage import BOND, ETH, FREEZE_PERIOD, Plasma

FAULT_PROVEN = keccak(text="FaultProven(uint256,address,string)")
NO_FAULT = "NoFault()"
BAD_LEAF = "InvalidBlockProof()"


def signers_of(plasma: Plasma, submission: Submission) -> list[LocalAccount]:
    """Who signed a submission; all are of the first set."""
    return [key for seat, key in enumerate(plasma.keys) if submission.signers >> seat & 1]


def condemned(plasma: Plasma, challenger: Any, submission: Submission, method: Any, *arguments: Any) -> None:
    """Proves a fault of a submission, the chain's first, and checks that it is void with all after it, that who signed
    it lost the bond, half to the challenger, half to the vault, and that only the halt is left."""
    root, vault, epoch = plasma.root, plasma.vault, submission.checkpoint.epoch
    signers = signers_of(plasma, submission)
    final, held = root.finalEpoch(), vault.held(ETH)
    rewarded, balance = root.rewardOf(challenger), vault.balance
    assert not root.faultProven()
    receipt = method(*arguments, sender=challenger)

    assert [log["topics"][1] for log in receipt.logs if log["topics"][0] == FAULT_PROVEN] == [epoch.to_bytes(32, "big")]
    for key in plasma.keys:
        seat = root.seatOf(key.address)
        assert (seat.setId, seat.bond) == ((0, 0) if key in signers else (1, BOND))
    stake = BOND * len(signers)
    assert root.rewardOf(challenger) == rewarded + stake // 2
    assert vault.held(ETH) == held + stake - stake // 2
    assert vault.balance == balance + stake - stake // 2

    assert root.faultProven()
    assert not root.halted()
    assert root.head()[0] == epoch - 1
    assert root.finalEpoch() == min(final, epoch - 1)
    assert root.frozenUntil() == plasma.now + FREEZE_PERIOD
    for other in plasma.submissions:
        if other.checkpoint.epoch >= epoch:
            assert reverts(plasma, root.requireSubmitted, other.abi()) == revert_data(
                ("UnknownSubmission(uint256)", other.checkpoint.epoch)
            )
        else:
            root.requireSubmitted(other.abi())


def reverts(plasma: Plasma, method: Any, *arguments: Any, time: int | None = None) -> bytes:
    """The data with which a call of the owner's reverts, in a block of that time."""
    data = bytes(method.encode_input(*arguments))
    return failure(plasma, method.contract.address, data, plasma.owner, 0, time)


def bridge_proof(plasma: Plasma, submission: Submission | None = None) -> tuple[Any, ...]:
    """The arguments of `proveWrongBridge`."""
    submission = submission or plasma.submissions[-1]
    state = plasma.chain.blocks[submission.checkpoint.end].state
    slots = [state.slot_proof(BRIDGE, slot) for slot in (COUNTERS_SLOT, INBOX_HASH_SLOT, EXIT_ROOT_SLOT)]
    return submission.abi(), state.account_proof(BRIDGE), *slots


def accusations(plasma: Plasma) -> list[tuple[Callable[..., Any], tuple[Any, ...]]]:
    """Every challenge that can be made of the chain's blocks as they are, except those of deliveries."""
    challenges, calls = plasma.challenges, []
    leaves = [
        (plasma.leaf_proof(number, submission), plasma.chain.blocks[number].header)
        for submission in plasma.submissions
        for number in range(submission.checkpoint.start, submission.checkpoint.end + 1)
    ]
    for leaf, header in leaves:
        calls += [(challenges.proveWrongPlace, (leaf,)), (challenges.proveWrongLeaf, (leaf, header))]
    for (parent, _), (child, _) in pairwise(leaves):
        calls.append((challenges.proveBrokenLink, (parent, child)))
    for submission in plasma.submissions:
        calls.append((challenges.proveWrongState, (plasma.leaf_proof(submission.checkpoint.end, submission),)))
        calls.append((challenges.proveWrongBridge, bridge_proof(plasma, submission)))
    return calls
