"""A wallet's notes leave a plasma chain that has ended: each is proven, waits, and is paid.

It can be interrupted anywhere. What was started is told by PlasmaEscape's events, by the notes' nullifiers: no note is
proven twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from offchain.plasma.cancelling import running
from offchain.plasma.checkpoint import Submission
from offchain.plasma.escape import Escapes, bridged_token
from offchain.plasma.escaping import send, show_contracts
from offchain.plasma.events import NoteEscapeStarted
from offchain.plasma.root_chain import RootChain
from offchain.sender import Sender, TransactionError
from offchain.wallet.escape import NoteEscapes
from offchain.wallet.keys import Keys
from offchain.wallet.note import ETH
from offchain.wallet.store import Store
from offchain.zk.prover import Progress

WAITS = "waits: whoever can show that it was spent cancels it"
RELEASABLE = "can be released"


@dataclass(frozen=True)
class NoteState:
    """A note, or two that leave together: the root chain's asset, base units, how far it is in words, and until when
    it waits, in Unix seconds (0: it doesn't)."""

    asset: str
    amount: int
    stage: str
    until: int = 0


class NoteEscaping:
    """The notes that a wallet had after the last final checkpoint, for what they are worth to go to `recipient`.

    `store` is what the wallet has read, at least up to that checkpoint's last block.
    """

    def __init__(
        self, root: RootChain, escapes: Escapes, keys: Keys, store: Store, final: Submission, recipient: str
    ) -> None:
        self._root, self._escapes, self._recipient = root, escapes, recipient
        contract = (root.domain.chain_id, root.escape.address)
        self._notes = NoteEscapes(keys, store, final.checkpoint.end, *contract)
        self._assets = {ETH: ETH} | {asset: bridged_token(asset) for asset in root.assets()}

    def states(self) -> list[NoteState]:
        """How far each is."""
        found, started = [], self._started()
        for asset, on_plasma in self._assets.items():
            flushed, queued = self._notes.notes(on_plasma)
            found += [NoteState(asset, note.amount, "waited in the pool's queue: can't escape") for note in queued]
            left = [note for note in flushed if note.nullifier not in started]
            found += [NoteState(asset, note.amount, "can escape") for note in left]
            under_way = {started[note.nullifier] for note in flushed if note.nullifier in started}
            found += [self._state(one) for one in sorted(under_way, key=lambda one: one.releasable_at)]
        return found

    def advance(self, sender: Sender, progress: Progress | None = None) -> Iterator[NoteState]:
        """Proves what wasn't, and has released what has waited long enough; yields each as it was done. Raises
        TransactionError, ProofError, NoteEscapeError."""
        for asset, on_plasma in self._assets.items():
            for notes in self._notes.pairs(on_plasma, self._started()):
                self._show(sender, asset)
                escape = self._notes.build(notes, asset, self._recipient, progress)
                nodes = self._escapes.note_root(escape.root, escape.tree)
                sender.transact(self._root.escape.functions.escapeNote(*escape.arguments(nodes)))
                yield NoteState(asset, escape.amount, "started")
        for one in self._mine():
            if self._state(one).stage == RELEASABLE:
                yield self._release(sender, one)

    def _release(self, sender: Sender, one: NoteEscapeStarted) -> NoteState:
        try:
            sender.transact(self._root.escape.functions.releaseNote(one.first_nullifier, one.second_nullifier))
        except TransactionError as error:
            if "NotBacked" not in str(error):
                raise
            return NoteState(one.asset, one.amount, str(error))
        return NoteState(one.asset, one.amount, "released")

    def _show(self, sender: Sender, asset: str) -> None:
        """The pool, and how much of an asset it held, once for all."""
        platform = self._root.platform()
        assert platform is not None  # without one there is no note
        show_contracts(self._root, sender, self._escapes, [platform[1]])
        try:
            send(self._root, sender, self._escapes.prove_inside(asset))
        except TransactionError as error:
            if "AlreadySet()" not in str(error):
                raise

    def _started(self) -> dict[int, NoteEscapeStarted]:
        """The escapes that weren't cancelled, by each of their nullifiers."""
        found: dict[int, NoteEscapeStarted] = {}
        for one in running(self._root):
            found |= {one.first_nullifier: one, one.second_nullifier: one}
        return found

    def _mine(self) -> list[NoteEscapeStarted]:
        started = self._started()
        notes = [note for on_plasma in self._assets.values() for note in self._notes.notes(on_plasma)[0]]
        return list(dict.fromkeys(started[note.nullifier] for note in notes if note.nullifier in started))

    def _state(self, one: NoteEscapeStarted) -> NoteState:
        waiting = self._root.escape.functions.noteEscape(one.first_nullifier, one.second_nullifier)
        _, _, amount, releasable_at = self._root.node.ask(waiting)
        if not releasable_at:
            return NoteState(one.asset, one.amount, "escaped")
        if self._root.node.time() <= releasable_at:
            return NoteState(one.asset, amount, WAITS, releasable_at)
        return NoteState(one.asset, amount, RELEASABLE)
