"""Exits by the exit tree: who proves one, with what, and when it is released; one burn pays once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from eth_utils.crypto import keccak

from offchain.merkle import empty_root, node, root_of
from offchain.plasma.checkpoint import Submission
from offchain.plasma.events import ExitStarted, decode_as
from offchain.plasma.messages import Exit
from offchain.units import ETHER
from tests.conftest import Refused
from tests.plasma.made_up import CHILD_CHAIN_ID
from tests.plasma.stage import CHALLENGE_PERIOD, ETH, ETH_CAP, FAULTY, FREEZE_PERIOD, WINDOW, Plasma

INVALID = "InvalidExitProof()"
STARTED = "AlreadyStarted(bytes32,uint256)"
PAID = "AlreadyPaid(bytes32)"
NOT_RELEASABLE = "NotReleasable(uint256)"

Burn = Callable[[int], Exit]


@pytest.fixture
def burn(plasma: Plasma, prosumer: Any, recipient: Any) -> Burn:
    """Deposits twice as much as it burns, so that what is paid twice is there."""

    def burned(amount: int) -> Exit:
        plasma.chain.deliver(plasma.deposit(prosumer, 2 * amount))
        return plasma.chain.burn(ETH, prosumer, recipient, amount)

    return burned


def release(plasma: Plasma, exit_: Exit) -> None:
    plasma.vault.releaseExit(exit_.abi(), sender=plasma.owner)


def key(exit_: Exit) -> bytes:
    return exit_.key(CHILD_CHAIN_ID)


def by_receipt(plasma: Plasma, exit_: Exit, submission: Submission, number: int) -> tuple[Any, int]:
    """The arguments of `startExitByReceipt` for the burn in a block that delivered and burned, one after the other."""
    return plasma.receipt_proof(plasma.chain.blocks[number], 2 * exit_.id + 1, submission).abi(), 0


def test_key_and_event(plasma: Plasma, burn: Burn, recipient: Any) -> None:
    """P5 an exit is named by what it says: both sides compute the same key, which is its leaf."""
    exit_ = burn(ETHER)
    plasma.seal_and_submit()
    receipt = plasma.vault.startExit(*plasma.exit_path(exit_), sender=plasma.owner)
    assert plasma.vault.exitKey(exit_.abi()) == key(exit_)
    (log,) = receipt.logs
    assert decode_as(ExitStarted, log) == ExitStarted(key(exit_), 1, recipient.address, exit_)
    assert plasma.vault.exitOf(key(exit_)) == (1, 0)


def test_path_is_the_exits(plasma: Plasma, burn: Burn, refused: Refused) -> None:
    """P5 an exit has one path: none of another length, order or place."""
    exits = [burn(ETHER) for _ in range(5)]
    plasma.seal_and_submit()
    exit_, submission, path = plasma.exit_path(exits[2])
    swapped = [path[1], path[0], *path[2:]]
    others = [plasma.exit_path(other)[2] for other in exits if other.id != 2]
    for wrong in (path[:31], [*path, empty_root(32)], [], path[::-1], swapped, path[1:] + path[:1], *others):
        refused(plasma.vault.startExit, exit_, submission, wrong, error=INVALID, sender=plasma.owner)
    for level in range(32):
        wrong = [*path[:level], keccak(path[level]), *path[level + 1 :]]
        refused(plasma.vault.startExit, exit_, submission, wrong, error=INVALID, sender=plasma.owner)
    plasma.vault.startExit(exit_, submission, path, sender=plasma.owner)


@pytest.mark.parametrize("depth", [31, 33])
def test_tree_has_32_levels(plasma: Plasma, burn: Burn, refused: Refused, depth: int) -> None:
    """P5 a root of a tree of another depth shows nothing, even with a path that fits."""
    exit_ = burn(ETHER)
    path = [*plasma.chain.exit_tree.path(0), empty_root(32)][:depth]
    plasma.chain.seal()
    submission = plasma.submit(plasma.checkpoint(exit_root=root_of(key(exit_), 0, path)))
    arguments = exit_.abi(), submission.abi(), path
    refused(plasma.vault.startExit, *arguments, error=INVALID, sender=plasma.owner)


def test_place_is_below_the_count(plasma: Plasma, burn: Burn, refused: Refused) -> None:
    """P5 an exit's number is its place; one with further bits, or beyond the count, is another exit or none."""
    first, second = burn(ETHER), burn(ETHER)
    plasma.chain.seal()
    submission = plasma.submit(plasma.checkpoint(exit_count=1))
    path = list(plasma.chain.exit_tree.path(1))
    arguments = second.abi(), submission.abi(), path
    error = ("UnknownExit(uint256,uint256)", 1, 1)
    refused(plasma.vault.startExit, *arguments, error=error, sender=plasma.owner)

    plasma.chain.seal()
    many = plasma.submit(plasma.checkpoint(exit_count=2**40))
    path = list(plasma.chain.exit_tree.path(0))
    for id_ in (1 << 32, 1 << 39, 2):
        arguments = replace(first, id=id_).abi(), many.abi(), path
        refused(plasma.vault.startExit, *arguments, error=INVALID, sender=plasma.owner)
    plasma.vault.startExit(first.abi(), many.abi(), path, sender=plasma.owner)


def test_no_exits(plasma: Plasma, prosumer: Any, refused: Refused) -> None:
    """P5 a checkpoint without exits shows none, nor does an empty leaf."""
    plasma.chain.deliver(plasma.deposit(prosumer, ETHER))
    plasma.seal_and_submit()
    path = [empty_root(level) for level in range(32)]
    arguments = Exit(0, ETH, prosumer.address, prosumer.address, ETHER).abi(), plasma.submissions[0].abi(), path
    error = ("UnknownExit(uint256,uint256)", 0, 0)
    refused(plasma.vault.startExit, *arguments, error=error, sender=plasma.owner)
    plasma.chain.seal()
    submission = plasma.submit(plasma.checkpoint(exit_count=7))
    refused(plasma.vault.startExit, arguments[0], submission.abi(), path, error=INVALID, sender=plasma.owner)


def test_inner_node_is_no_exit(plasma: Plasma, burn: Burn, refused: Refused) -> None:
    """P5 neither a node of the tree nor an exit hashed as a node passes for an exit."""
    exit_ = burn(ETHER)
    plasma.chain.seal()
    forged = node(key(exit_)[:32], bytes(32))
    submission = plasma.submit(plasma.checkpoint(exit_root=root_of(forged, 0, plasma.chain.exit_tree.path(0))))
    refused(plasma.vault.startExit, *plasma.exit_path(exit_, submission), error=INVALID, sender=plasma.owner)


@pytest.mark.parametrize("field", ["id", "asset", "from_", "recipient", "amount"])
def test_altered_exit(plasma: Plasma, burn: Burn, stranger: Any, refused: Refused, field: str) -> None:
    """P5 who alters an exit proves nothing, releases nothing."""
    exit_, _ = burn(ETHER), burn(ETHER)
    plasma.seal_and_submit()
    others: dict[str, Any] = {"id": 1, "amount": 2 * ETHER}
    other = replace(exit_, **{field: others.get(field, stranger.address)})
    _, submission, path = plasma.exit_path(exit_)
    refused(plasma.vault.startExit, other.abi(), submission, path, error=INVALID, sender=stranger)
    plasma.start_exit(exit_)
    plasma.finalise()
    error = ("NotStarted(bytes32)", key(other))
    refused(plasma.vault.releaseExit, other.abi(), error=error, sender=stranger)


@pytest.mark.parametrize("amount", [0, 2**128])
def test_amount(plasma: Plasma, prosumer: Any, recipient: Any, refused: Refused, amount: int) -> None:
    """P5 a burn of nothing or of more than 128 bits, which no bridge makes, pays nothing."""
    exit_ = plasma.chain.burn(ETH, prosumer, recipient, amount)
    plasma.seal_and_submit()
    error = ("InvalidAmount(uint256)", amount)
    refused(plasma.vault.startExit, *plasma.exit_path(exit_), error=error, sender=plasma.owner)
    proof = plasma.receipt_proof(plasma.chain.head, 0).abi()
    refused(plasma.vault.startExitByReceipt, proof, 0, error=error, sender=plasma.owner)


@pytest.mark.parametrize("moment", ["started", "released", "partly released", "halted", "halted and released"])
@pytest.mark.parametrize("receipt_first", [False, True])
def test_both_ways(
    plasma: Plasma, burn: Burn, recipient: Any, refused: Refused, receipt_first: bool, moment: str
) -> None:
    """P5 a burn in the exit tree and in a receipt is one exit, at any time."""
    exit_ = burn(ETH_CAP + ETHER if moment == "partly released" else ETHER)
    submission = plasma.seal_and_submit()
    ways = [
        (plasma.vault.startExit, plasma.exit_path(exit_, submission)),
        (plasma.vault.startExitByReceipt, by_receipt(plasma, exit_, submission, 1)),
    ]
    first, arguments = ways[receipt_first]
    first(*arguments, sender=plasma.owner)
    plasma.finalise()
    if moment in ("released", "partly released"):
        release(plasma, exit_)
    if moment.startswith("halted"):
        plasma.halt()
    if moment == "halted and released":
        release(plasma, exit_)
    for way, arguments in ways:
        refused(way, *arguments, error=(STARTED, key(exit_), 1), sender=plasma.owner)
    if moment in ("started", "halted"):
        release(plasma, exit_)
    if moment == "partly released":
        plasma.wait(WINDOW)
        release(plasma, exit_)
    refused(plasma.vault.releaseExit, exit_.abi(), error=(PAID, key(exit_)), sender=plasma.owner)
    assert plasma.vault.claimable(ETH, recipient) == plasma.vault.held(ETH) == exit_.amount


def test_proven_again_with_an_earlier_checkpoint_only(plasma: Plasma, burn: Burn, refused: Refused) -> None:
    """P5 a later checkpoint never postpones an exit; an earlier one brings it forward. Both ways."""
    exit_ = burn(ETHER)
    for _ in range(3):
        plasma.seal_and_submit()
    first, second, third = plasma.submissions
    plasma.start_exit(exit_, second)
    for later in (second, third):
        error = (STARTED, key(exit_), 2)
        refused(plasma.vault.startExit, *plasma.exit_path(exit_, later), error=error, sender=plasma.owner)
    plasma.vault.startExitByReceipt(*by_receipt(plasma, exit_, first, 1), sender=plasma.owner)
    assert plasma.vault.exitOf(key(exit_)) == (1, 0)
    for again in plasma.submissions:
        error = (STARTED, key(exit_), 1)
        refused(plasma.vault.startExit, *plasma.exit_path(exit_, again), error=error, sender=plasma.owner)


def test_proving_again_resets_nothing(plasma: Plasma, burn: Burn, recipient: Any, refused: Refused) -> None:
    """P5 what was released of an exit stays released when it is proven with an earlier checkpoint."""
    exit_ = burn(ETH_CAP + ETHER)
    first, second = plasma.seal_and_submit(), plasma.seal_and_submit()
    plasma.start_exit(exit_, second)
    plasma.finalise()
    release(plasma, exit_)
    plasma.start_exit(exit_, first)
    assert plasma.vault.exitOf(key(exit_)) == (1, ETH_CAP)
    plasma.wait(WINDOW)
    release(plasma, exit_)
    assert plasma.vault.claimable(ETH, recipient) == exit_.amount
    refused(plasma.vault.releaseExit, exit_.abi(), error=(PAID, key(exit_)), sender=plasma.owner)


def test_voided_checkpoint(plasma: Plasma, burn: Burn, recipient: Any, refused: Refused) -> None:
    """P5 an exit of a voided checkpoint is lost unless an earlier one has it too; it pays after the halt."""
    exit_, start = burn(ETHER), plasma.vault.startExit
    first = plasma.seal_and_submit()
    plasma.finalise()
    lost = burn(ETHER)
    plasma.chain.seal()
    faulty = plasma.submit(plasma.checkpoint(last_state_root=keccak(text="another")))
    plasma.start_exit(exit_)
    plasma.start_exit(lost)
    plasma.challenges.proveWrongState(plasma.leaf_proof(2), sender=plasma.owner)

    unknown = ("UnknownSubmission(uint256)", 2)
    refused(start, *plasma.exit_path(exit_, faulty), error=unknown, sender=plasma.owner)
    refused(plasma.vault.releaseExit, exit_.abi(), error=(NOT_RELEASABLE, 2), sender=plasma.owner)
    plasma.start_exit(exit_, first)
    for _ in range(2):  # frozen, then no more, but faulty
        refused(plasma.vault.releaseExit, exit_.abi(), error=(NOT_RELEASABLE, 1), sender=plasma.owner)
        plasma.wait(FREEZE_PERIOD)
    plasma.root.haltFaulty(sender=plasma.owner)
    release(plasma, exit_)
    assert plasma.vault.claimable(ETH, recipient) == ETHER
    refused(plasma.vault.releaseExit, lost.abi(), error=(NOT_RELEASABLE, 2), sender=plasma.owner)
    refused(start, *plasma.exit_path(lost, faulty), error=unknown, sender=plasma.owner)


def test_finality(plasma: Plasma, burn: Burn, refused: Refused) -> None:
    """P5 an exit waits until its checkpoint is final, which its age alone doesn't make it."""
    early, late = burn(ETHER), burn(ETHER)
    first, second = plasma.seal_and_submit(), plasma.seal_and_submit()
    refused(plasma.vault.releaseExit, early.abi(), error=("NotStarted(bytes32)", key(early)), sender=plasma.owner)
    plasma.start_exit(early, first)
    plasma.start_exit(late, second)
    plasma.wait(CHALLENGE_PERIOD)
    refused(plasma.vault.releaseExit, early.abi(), error=(NOT_RELEASABLE, 1), sender=plasma.owner)
    plasma.root.finalise(first.abi(), sender=plasma.owner)
    release(plasma, early)
    refused(plasma.vault.releaseExit, late.abi(), error=(NOT_RELEASABLE, 2), sender=plasma.owner)


def test_frozen(plasma: Plasma, burn: Burn, refused: Refused) -> None:
    """P5 while the chain is frozen nothing is released; afterwards it is."""
    exit_ = burn(ETHER)
    plasma.seal_and_submit()
    plasma.start_exit(exit_)
    plasma.finalise()
    signatures = plasma.signatures(plasma.root.freezeDigest(), plasma.keys[: FAULTY + 1])
    plasma.root.freeze(signatures, sender=plasma.owner)
    until = plasma.root.frozenUntil()
    error = (NOT_RELEASABLE, 1)
    refused(plasma.vault.releaseExit, exit_.abi(), error=error, sender=plasma.owner, time=until - 1)
    plasma.wait(FREEZE_PERIOD)
    release(plasma, exit_)


def test_halt_ends_what_is_not_final(plasma: Plasma, burn: Burn, refused: Refused) -> None:
    """P5 after the halt only exits of final checkpoints are started and released."""
    exit_ = burn(ETHER)
    plasma.seal_and_submit()
    plasma.finalise()
    lost = burn(ETHER)
    late = plasma.seal_and_submit()
    plasma.start_exit(lost)
    plasma.halt()
    refused(plasma.vault.releaseExit, lost.abi(), error=(NOT_RELEASABLE, 2), sender=plasma.owner)
    unknown = ("UnknownSubmission(uint256)", 2)
    refused(plasma.vault.startExit, *plasma.exit_path(exit_, late), error=unknown, sender=plasma.owner)
    refused(plasma.vault.startExitByReceipt, *by_receipt(plasma, exit_, late, 2), error=unknown, sender=plasma.owner)
    plasma.start_exit(exit_, plasma.submissions[0])
    release(plasma, exit_)


def test_submission_is_the_accepted_one(plasma: Plasma, burn: Burn, refused: Refused) -> None:
    """P5 a checkpoint that differs in anything from the accepted one shows nothing."""
    exit_ = burn(ETHER)
    submission = plasma.seal_and_submit()
    honest = submission.checkpoint
    _, _, path = plasma.exit_path(exit_)
    forged = [replace(submission, submitted_at=1), replace(submission, signers=0)]
    for name, value in vars(honest).items():
        other: Any = value + 1 if isinstance(value, int) else keccak(value)
        forged.append(replace(submission, checkpoint=replace(honest, **{name: other})))
    for wrong in forged:
        error = ("UnknownSubmission(uint256)", wrong.checkpoint.epoch)
        refused(plasma.vault.startExit, exit_.abi(), wrong.abi(), path, error=error, sender=plasma.owner)
