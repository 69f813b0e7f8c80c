"""P2 escapes of notes, with a verifier that says yes to every proof: what bounds them whatever is proven."""

from __future__ import annotations

from typing import Any

import pytest

from offchain.plasma.escape import Call, EscapeError, bridged_token, root_slot
from offchain.units import ETHER
from offchain.wallet.note import AMOUNT_LIMIT
from tests.conftest import Refused, create_account
from tests.plasma.halted import (
    HELD_ETH,
    INSIDE_ETH,
    INSIDE_TOKENS,
    OTHER_ROOT,
    POOL,
    RLP_ERROR,
    ROOT,
    SPENT,
    TREE,
    TRIE_ERROR,
    Halted,
    made_halted,
    reverts,
)
from tests.plasma.real import NOBODY
from tests.plasma.stage import CANCEL_PERIOD, ETH, Plasma, authority_keys, deployed

REFUSING = "0x5f5f5260205ff3"
"""Code of a verifier that says no: returns a word of zeros."""


@pytest.fixture
def ending(plasma: Plasma, trader: Any, project: Any) -> Halted:
    """A chain that is about to be halted."""
    return made_halted(plasma, trader.deploy(project.Token, 10**13), trader)


@pytest.fixture
def halted(ending: Halted) -> Halted:
    """A halted chain, its last final state named, its contracts shown."""
    ending.end()
    return ending


@pytest.mark.parametrize("side", ["ETH", "token"])
def test_escape(halted: Halted, recipient: Any, stranger: Any, refused: Refused, side: str) -> None:
    """A note's escape waits, and is then paid, once, to whom its proof names."""
    asset = ETH if side == "ETH" else halted.asset
    arguments = halted.note(recipient, 1000, asset)
    start = halted.escape.escapeNote(*arguments, sender=stranger)
    nullifiers = (arguments[1][0], arguments[1][1])
    releasable = halted.plasma.now + CANCEL_PERIOD
    (log,) = start.decode_logs(halted.escape.NoteEscapeStarted)
    assert log.event_arguments == {
        "firstNullifier": nullifiers[0],
        "secondNullifier": nullifiers[1],
        "asset": asset,
        "recipient": recipient,
        "amount": 1000,
        "releasableAt": releasable,
    }
    assert tuple(halted.escape.noteEscape(*nullifiers)) == (asset, recipient, 1000, releasable)
    release = halted.escape.releaseNote
    too_early = ("TooEarly(uint256)", releasable)
    refused(release, *nullifiers, error=too_early, sender=stranger, time=releasable - 1)
    assert halted.claimable(recipient, asset) == 0
    halted.wait_for_release()
    swapped = ("UnknownEscape(uint256,uint256)", *nullifiers[::-1])
    refused(release, *nullifiers[::-1], error=swapped, sender=stranger)
    (log,) = release(*nullifiers, sender=stranger).decode_logs(halted.escape.NoteEscaped)
    assert log.amount == halted.claimable(recipient, asset) == 1000
    refused(release, *nullifiers, error=("UnknownEscape(uint256,uint256)", *nullifiers), sender=stranger)


def test_terms(halted: Halted, recipient: Any, stranger: Any, refused: Refused) -> None:
    """A proof is for one recipient and asset; nobody who sees it can have it pay elsewhere or something else."""
    escape, bridged = halted.escape.escapeNote, int(bridged_token(halted.asset), 16)
    proof, signals, asset, to, nodes = halted.note(recipient, 1000)
    here = [halted.escape.noteContext(asset, account) for account in (recipient, stranger)]
    assert signals[9] == here[0] != here[1]
    refused(
        escape,
        *(proof, signals, asset, stranger, nodes),
        error=("WrongContext(uint256,uint256)", here[1], here[0]),
        sender=stranger,
    )
    refused(
        escape,
        *(proof, signals, halted.asset, to, nodes),
        error=("InvalidAsset(uint256)", int(ETH, 16)),
        sender=stranger,
    )
    other_asset = [*signals[:7], bridged, *signals[8:]]
    refused(escape, *(proof, other_asset, asset, to, nodes), error=("InvalidAsset(uint256)", bridged), sender=stranger)
    root_asset = halted.note(recipient, 1000, halted.asset, public_asset=int(halted.asset, 16))
    refused(escape, *root_asset, error=("InvalidAsset(uint256)", int(halted.asset, 16)), sender=stranger)
    for amount in (0, AMOUNT_LIMIT):
        arguments = halted.note(recipient, amount)
        refused(escape, *arguments, error=("InvalidAmount(uint256)", amount), sender=stranger)
    nobody = halted.note(NOBODY, 1000)
    refused(escape, *nobody, error=("InvalidRecipient(address)", NOBODY), sender=stranger)


def test_roots(halted: Halted, recipient: Any, refused: Refused) -> None:
    """A root must be one that the pool had, of that tree."""
    owner = halted.plasma.owner
    for changes in ({"root": ROOT + 1}, {"tree": TREE + 1}, {"root": TREE, "tree": ROOT}):
        arguments = halted.note(recipient, 1000, **changes)
        reverts(halted, Call("escapeNote", arguments), TRIE_ERROR, RLP_ERROR)
        with pytest.raises(EscapeError, match="the pool has nothing of root"):
            halted.escapes.note_root(arguments[1][5], arguments[1][6])
    no_flag = halted.note(recipient, 1000, root=OTHER_ROOT)
    refused(halted.escape.escapeNote, *no_flag, error="InvalidProof()", sender=owner)
    with_others_nodes = (*halted.note(recipient, 1000, root=ROOT + 1)[:4], halted.note(recipient, 1000)[4])
    reverts(halted, Call("escapeNote", with_others_nodes), TRIE_ERROR)
    assert halted.escapes.note_root(ROOT, TREE) == tuple(halted.state.slot_proof(POOL, root_slot(ROOT, TREE)))


def test_nullifiers(halted: Halted, recipient: Any, refused: Refused) -> None:
    """A nullifier is used once: not twice in an escape, not in another, not again when that was paid."""
    owner, escape = halted.plasma.owner, halted.escape.escapeNote
    twice = halted.note(recipient, 1, first=5, second=5)
    refused(escape, *twice, error=("NullifierUsed(uint256)", 5), sender=owner)
    nullifiers = halted.start(halted.note(recipient, 1))
    for _ in range(2):
        for used in nullifiers:
            for place in ("first", "second"):
                again = halted.note(recipient, 1, **{place: used})
                refused(escape, *again, error=("NullifierUsed(uint256)", used), sender=owner)
        halted.wait_for_release()
        if halted.escape.noteEscape(*nullifiers).releasableAt:
            halted.escape.releaseNote(*nullifiers, sender=owner)
    assert halted.claimable(recipient) == 1


@pytest.mark.parametrize("place", [0, 1])
def test_cancelling(halted: Halted, recipient: Any, stranger: Any, refused: Refused, place: int) -> None:
    """P2 an escape of a note that was spent is off; the other note of it can escape again, the spent one never."""
    owner, escape = halted.plasma.owner, halted.escape
    spent, other = ("first", "second") if place == 0 else ("second", "first")
    nullifiers = halted.start(halted.note(recipient, INSIDE_ETH, **{spent: SPENT}))
    (log,) = halted.call(halted.cancel(nullifiers, SPENT), stranger).decode_logs(escape.NoteEscapeCancelled)
    assert log.spent == SPENT
    assert escape.noteEscape(*nullifiers).releasableAt == 0
    halted.wait_for_release()
    unknown = ("UnknownEscape(uint256,uint256)", *nullifiers)
    refused(escape.releaseNote, *nullifiers, error=unknown, sender=owner)
    reverts(halted, halted.cancel(nullifiers, SPENT), unknown[0])
    again = halted.note(recipient, 1, first=SPENT)
    refused(escape.escapeNote, *again, error=("NullifierUsed(uint256)", SPENT), sender=owner)
    kept = nullifiers[1 - place]
    freed = halted.start(halted.note(recipient, INSIDE_ETH, **{other: kept}))
    halted.wait_for_release()
    escape.releaseNote(*freed, sender=owner)
    assert halted.claimable(recipient) == INSIDE_ETH


def test_cancelling_both(halted: Halted, recipient: Any, refused: Refused) -> None:
    """Of two spent notes each is found out."""
    nullifiers = halted.start(halted.note(recipient, 7, first=SPENT, second=SPENT + 1))
    halted.call(halted.cancel(nullifiers, SPENT))
    again = halted.start(halted.note(recipient, 7, second=SPENT + 1))
    halted.call(halted.cancel(again, SPENT + 1))
    last = halted.note(recipient, 7, second=SPENT + 1)
    error = ("NullifierUsed(uint256)", SPENT + 1)
    refused(halted.escape.escapeNote, *last, error=error, sender=halted.plasma.owner)


def test_false_cancelling(halted: Halted, recipient: Any, stranger: Any, refused: Refused) -> None:
    """Nobody stops an escape whose notes were not spent, nor any after its window."""
    escape = halted.escape
    honest = halted.start(halted.note(recipient, 5))
    call = halted.cancel(honest, SPENT)
    *_, nodes = call.arguments
    refused(escape.cancelNote, *call.arguments, error="InvalidProof()", sender=stranger)  # of another nullifier
    for nullifier in honest:
        with pytest.raises(EscapeError, match=f"the pool has nothing of nullifier {nullifier}"):
            halted.cancel(honest, nullifier)
        reverts(halted, Call("cancelNote", (*honest, nullifier, nodes)), TRIE_ERROR, RLP_ERROR)
    waiting = halted.start(halted.note(recipient, 5, first=SPENT))
    late = escape.noteEscape(*waiting).releasableAt
    cancel = halted.cancel(waiting, SPENT)
    refused(escape.cancelNote, *cancel.arguments, error=("TooLate(uint256)", late), sender=stranger, time=late)
    halted.plasma.provider.set_timestamp(late - 1)
    halted.call(cancel)  # in the window's last second


def test_turnstile(halted: Halted, recipient: Any, refused: Refused) -> None:
    """P1 no more of an asset escapes in notes than the pool held, even with keys that anybody can forge with."""
    owner, start, release = halted.plasma.owner, halted.escape.escapeNote, halted.escape.releaseNote
    exceeded = "TurnstileExceeded(address,uint256,uint256)"
    too_much = halted.note(recipient, INSIDE_ETH + 1)
    refused(start, *too_much, error=(exceeded, ETH, INSIDE_ETH + 1, INSIDE_ETH), sender=owner)
    escapes = [halted.start(halted.note(recipient, amount)) for amount in (INSIDE_ETH - 10, 11, 10)]
    tokens = halted.start(halted.note(recipient, INSIDE_TOKENS, halted.asset))
    halted.wait_for_release()
    release(*escapes[0], sender=owner)
    refused(release, *escapes[1], error=(exceeded, ETH, 11, 10), sender=owner)
    for nullifiers in (escapes[2], tokens):
        release(*nullifiers, sender=owner)
    assert halted.claimable(recipient) == INSIDE_ETH < HELD_ETH - ETHER
    assert halted.claimable(recipient, halted.asset) == INSIDE_TOKENS
    refused(release, *escapes[1], error=(exceeded, ETH, 11, 0), sender=owner)
    refused(start, *halted.note(recipient, 1), error=(exceeded, ETH, 1, 0), sender=owner)
    inside = halted.escapes.prove_inside(ETH)
    assert inside.amount == INSIDE_ETH
    refused(halted.escape.proveInside, *inside.arguments, error="AlreadySet()", sender=owner)


def test_nobody_blocks_the_turnstile(halted: Halted, recipient: Any) -> None:
    """Escapes of spent notes, which will be cancelled, leave room for everybody else's."""
    spent = halted.start(halted.note(recipient, INSIDE_ETH, first=SPENT))
    honest = halted.start(halted.note(recipient, INSIDE_ETH))
    halted.call(halted.cancel(spent, SPENT))
    halted.wait_for_release()
    halted.escape.releaseNote(*honest, sender=halted.plasma.owner)
    assert halted.claimable(recipient) == INSIDE_ETH


def test_turnstile_not_shown(ending: Halted, recipient: Any, refused: Refused) -> None:
    """Until it is shown how much the pool held, nothing of it escapes."""
    ending.plasma.halt()
    ending.open()
    ending.prove(POOL)
    error = ("TurnstileExceeded(address,uint256,uint256)", ETH, 1, 0)
    refused(ending.escape.escapeNote, *ending.note(recipient, 1), error=error, sender=ending.plasma.owner)


def test_verifier(
    deployer: Any, operator: Any, project: Any, trader: Any, recipient: Any, refused: Refused, plasma: Plasma
) -> None:
    """Without a proof that holds nothing escapes."""
    creation = bytes.fromhex("600780600a5f395ff300") + bytes.fromhex(REFUSING[2:])
    own = deployed(deployer, operator, project, create_account(deployer, creation), authority_keys())
    own.chain = plasma.chain
    halted = made_halted(own, trader.deploy(project.Token, 10**13), trader)
    halted.end()
    refused(halted.escape.escapeNote, *halted.note(recipient, 1), error="InvalidProof()", sender=operator)
