"""After the halt: escapes of notes that were spent on the plasma chain are taken back while they wait, by whoever has a
node's proofs of the last final state."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from offchain.plasma.escape import Call, EscapeError, Escapes
from offchain.plasma.escaping import send
from offchain.plasma.events import NoteEscapeCancelled, NoteEscapeStarted
from offchain.plasma.root_chain import RootChain
from offchain.sender import Sender, TransactionError


@dataclass(frozen=True)
class SpentEscape:
    """An escape that waits, and what shows that one of its notes was spent."""

    started: NoteEscapeStarted
    call: Call


def running(root: RootChain) -> list[NoteEscapeStarted]:
    """The escapes of notes that weren't cancelled, released or not, oldest first."""
    off = root.escape_events(NoteEscapeCancelled)
    cancelled = {(one.first_nullifier, one.second_nullifier) for one in off}
    started = root.escape_events(NoteEscapeStarted)
    return [one for one in started if (one.first_nullifier, one.second_nullifier) not in cancelled]


def spent_escapes(root: RootChain, escapes: Escapes) -> list[SpentEscape]:
    """Those that can still be cancelled. The proofs must have all spent nullifiers, as a node's file has: what it lacks
    counts as unspent."""
    found, now = [], root.node.time()
    for one in running(root):
        nullifiers = (one.first_nullifier, one.second_nullifier)
        for nullifier in nullifiers if now < one.releasable_at else ():
            with suppress(EscapeError):
                found.append(SpentEscape(one, escapes.cancel(nullifiers, nullifier)))
                break
    return found


def cancel(root: RootChain, sender: Sender, escapes: Escapes) -> Iterator[SpentEscape]:
    """Cancels them; yields each that is. Raises TransactionError."""
    for one in spent_escapes(root, escapes):
        try:
            send(root, sender, one.call)
        except TransactionError:  # somebody was quicker, or it is a real refusal
            if one.started in running(root):
                raise
            continue
        yield one
