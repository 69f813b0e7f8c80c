"""Escapes of notes from a plasma chain that has ended: the proofs that PlasmaEscape takes on the root chain.

What counts is the last final state. A wallet knows its notes and their tree as of that state's block from what it has
read, whatever happened on the plasma chain afterwards, and needs no node of it.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import encode
from eth_utils.address import is_address, to_checksum_address
from eth_utils.crypto import keccak

from offchain.errors import UserError
from offchain.wallet.keys import Keys
from offchain.wallet.note import AMOUNT_LIMIT, Note, OwnedNote, new_blinding
from offchain.wallet.selection import INPUTS
from offchain.wallet.store import Store
from offchain.wallet.transaction import spent_inputs
from offchain.wallet.trees import NoteTrees
from offchain.zk.field import MODULUS
from offchain.zk.proof import Proof
from offchain.zk.prover import Progress, prove


class NoteEscapeError(UserError):
    """Says in one line why notes can't escape."""


@dataclass(frozen=True)
class NoteEscape:
    """A proof for `PlasmaEscape.escapeNote`; `asset` is the root chain's."""

    proof: Proof
    signals: tuple[int, ...]
    asset: str
    recipient: str

    @property
    def nullifiers(self) -> tuple[int, int]:
        """By which the escape is cancelled or released."""
        return self.signals[0], self.signals[1]

    @property
    def root(self) -> int:
        """The note tree's root that the proof shows the notes in."""
        return self.signals[5]

    @property
    def tree(self) -> int:
        """That tree's number."""
        return self.signals[6]

    @property
    def amount(self) -> int:
        """Base units that escape."""
        return self.signals[8]

    def arguments(self, nodes: Sequence[bytes]) -> tuple[Any, ...]:
        """The arguments of `escapeNote`; `nodes` prove the pool's slot of the root."""
        proof = (self.proof.a, self.proof.b, self.proof.c)
        return proof, list(self.signals), self.asset, self.recipient, list(nodes)


def note_context(chain_id: int, contract: str, asset: str, recipient: str) -> int:
    """`PlasmaEscape.noteContext`: chain and contract are the root chain's, as is the asset."""
    kinds = ["string", "uint256", "address", "address", "address"]
    return int.from_bytes(keccak(encode(kinds, ["Escape", chain_id, contract, asset, recipient])), "big") % MODULUS


class NoteEscapes:
    """One wallet's escapes to one PlasmaEscape.

    `store` is what the wallet has read, `block` the last final one; `chain_id` and `contract` say where PlasmaEscape
    is.
    """

    def __init__(self, keys: Keys, store: Store, block: int, chain_id: int, contract: str) -> None:
        self._keys, self._chain_id, self._contract = keys, chain_id, contract
        self._notes = store.unspent_at(keys.viewing.public_key, block)
        self._ends = {flushed.tree: flushed.next_index for flushed in store.flushes(block).values()}
        self._trees = NoteTrees(store, block)
        self._trees.update()

    def notes(self, asset: str) -> tuple[list[OwnedNote], list[OwnedNote]]:
        """The notes of an asset of the plasma chain that can escape, and those that can't: they waited in the pool's
        queue."""
        held = [note for note in self._notes if note.note.asset == asset]
        return [note for note in held if self._is_flushed(note)], [note for note in held if not self._is_flushed(note)]

    def pairs(self, asset: str, started: Container[int] = ()) -> Iterator[tuple[OwnedNote, ...]]:
        """The notes of an asset that can escape, as few escapes take them: two of a tree at a time; without those whose
        nullifiers are in `started`."""
        notes = [note for note in self.notes(asset)[0] if note.nullifier not in started]
        for tree in sorted({note.tree for note in notes}):
            of_tree = [note for note in notes if note.tree == tree]
            for first in range(0, len(of_tree), INPUTS):
                yield tuple(of_tree[first : first + INPUTS])

    def build(
        self, notes: Sequence[OwnedNote], asset: str, recipient: str, progress: Progress | None = None
    ) -> NoteEscape:
        """Proves that one or two notes are this wallet's, for all they are worth to go to `recipient` on the root
        chain, where their asset is `asset`. Raises NoteEscapeError for notes that can't escape together, or at all."""
        amount = self._check(notes)
        if not is_address(recipient) or int(recipient, 16) == 0:
            raise NoteEscapeError(f"{recipient!r} is no account that can be paid")
        recipient = to_checksum_address(recipient)
        plasma_asset, owner = notes[0].note.asset, self._keys.viewing.public_key
        nothing = [Note(plasma_asset, 0, new_blinding(), owner) for _ in range(2)]  # receiver and change
        context = note_context(self._chain_id, self._contract, asset, recipient)
        inputs = {
            **spent_inputs(self._keys, self._trees, notes, INPUTS),
            "asset": int(plasma_asset, 16),
            "publicAsset": int(plasma_asset, 16),
            "publicAmount": amount,
            "outputKeys": [*(note.npk for note in nothing), 0],
            "outputAmounts": [0, 0, 0],
            "relayerVoid": 1,
            "contextHash": context,
        }
        proven = prove("joinsplit", inputs, progress)
        escape = NoteEscape(proven.proof, proven.signals, asset, recipient)
        if not {note.nullifier for note in notes} <= set(escape.nullifiers):
            raise NoteEscapeError("the notes have other nullifiers than was read: are these the wallet's keys?")
        return escape

    def _is_flushed(self, note: OwnedNote) -> bool:
        return note.index < self._ends.get(note.tree, 0)

    def _check(self, notes: Sequence[OwnedNote]) -> int:
        """What the notes are worth together."""
        if not 1 <= len(notes) <= INPUTS:
            raise NoteEscapeError(f"an escape takes one or {INPUTS} notes, not {len(notes)}")
        if len({note.position for note in notes}) != len(notes):
            raise NoteEscapeError("a note can't escape twice")
        if len({note.note.asset for note in notes}) != 1:
            raise NoteEscapeError("notes of different assets can't escape together")
        if len({note.tree for note in notes}) != 1:
            raise NoteEscapeError("notes of different trees can't escape together")
        known = {note.position for note in self._notes}
        for note in notes:
            if note.position not in known:
                raise NoteEscapeError(f"note {note.position} was not there, or spent, at the last final block")
            if not self._is_flushed(note):
                raise NoteEscapeError(f"note {note.position} waited in the pool's queue: it can't escape")
        amount = sum(note.amount for note in notes)
        if not 0 < amount < AMOUNT_LIMIT:
            raise NoteEscapeError("the notes are worth nothing, or too much for one escape: take fewer")
        return amount
