"""Reads the chain into a wallet's store: finds its notes, what was spent, and the leaves of the trees."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from offchain.errors import UserError
from offchain.node import Node, NodeRefusal
from offchain.wallet.ciphertext import unseal
from offchain.wallet.events import (
    Event,
    Flushed,
    MeterChanged,
    NotesQueued,
    NullifiersSpent,
    Origin,
    Shielded,
    Swapped,
    parse,
)
from offchain.wallet.history import Found, tell
from offchain.wallet.keys import ViewingKey
from offchain.wallet.note import Note, OwnedNote, commitment
from offchain.wallet.store import Store
from offchain.wallet.trees import NoteTrees
from offchain.zk.poseidon import poseidon

FIRST_RANGE = 2_000
LARGEST_RANGE = 100_000
"""Blocks asked for at a time: more after an easy answer, fewer after a refusal."""

EASY_ANSWER = 2_000
"""Logs in an answer up to which the next one is for twice as many blocks."""

ATTEMPTS = 5

Progress = Callable[[int, int], None]
"""Is told the block read last and the latest one."""


class ScanError(UserError):
    """Says in one line why the chain can't be read."""


class _Reorganised(Exception):
    """The chain changed while it was read."""


class Scanner:
    """Reads for one viewing key from one pool and its registry."""

    def __init__(self, node: Node, chain_id: int, pool: str, registry: str, key: ViewingKey, store: Store) -> None:
        self._node, self._chain_id, self._pool, self._registry = node, chain_id, pool, registry
        self._key, self._store = key, store
        self.trees = NoteTrees(store)

    def sync(self, progress: Progress | None = None) -> int:
        """Reads what is new; returns the number of the latest block. What is interrupted goes on where it stopped.

        Raises ScanError on the wrong network and if the chain doesn't keep still, NodeError without a node, TreeError
        and StoreError if the notes don't give the pool's root.
        """
        chain_id = self._node.chain_id()
        if chain_id != self._chain_id:
            raise ScanError(f"wrong network: the node is of chain {chain_id}, the wallet of chain {self._chain_id}")
        if self._node.call("eth_getCode", self._pool, "latest") in ("0x", None):
            raise ScanError(f"wrong network: there is no pool at {self._pool}; was it deployed on this chain?")
        for _ in range(ATTEMPTS):
            try:
                head = self._read(progress or (lambda block, head: None))
                self.trees.update()
                return head
            except _Reorganised:
                continue
        raise ScanError("the chain changes faster than it can be read: try again")

    def _read(self, progress: Progress) -> int:
        head = self._node.height()
        start = self._resume()
        size = FIRST_RANGE
        while start <= head:
            last = min(start + size - 1, head)
            tip = self._node.block_hash(last)
            try:
                logs = self._node.logs([self._pool, self._registry], start, last)
            except NodeRefusal:
                if last == start:
                    raise
                size = max(1, (last - start + 1) // 4)
                continue
            if tip is None or self._node.block_hash(last) != tip:
                raise _Reorganised
            with self._store.changes():
                read = self._store.next_block()
                if read is not None and read != start:  # by another process meanwhile
                    raise _Reorganised
                self._apply(logs)
                hashes = {int(log["blockNumber"], 16): str(log["blockHash"]) for log in logs}
                self._store.add_blocks((hashes | {last: tip}).items())
            progress(last, head)
            start = last + 1
            if len(logs) <= EASY_ANSWER:
                size = min(2 * size, LARGEST_RANGE)
        return head

    def _resume(self) -> int:
        """The first block to read, after forgetting what a reorganisation took back."""
        known = self._store.blocks()
        if not known:
            return self._node.first_block_with_code(self._pool)
        for number, block_hash in known:
            if self._node.block_hash(number) == block_hash:
                break
        else:
            number = -1
        if number != known[0][0]:
            with self._store.changes():
                self._store.forget_after(number)
            self.trees.forget()
        return number + 1 if number >= 0 else self._node.first_block_with_code(self._pool)

    def _apply(self, logs: Iterable[dict[str, Any]]) -> None:
        unspent = {note.nullifier: note for note in self._store.unspent(self._key.public_key)}
        parsed = filter(None, map(parse, logs))
        for origin, pairs in groupby(parsed, key=lambda pair: pair[0]):
            events = [event for _, event in pairs]
            self._apply_transaction(origin, events, unspent)

    def _apply_transaction(self, origin: Origin, events: Sequence[Event], unspent: dict[int, OwnedNote]) -> None:
        store, block = self._store, origin.block
        store.add_leaves(new_leaves(events).items(), block)
        for event in events:
            if isinstance(event, Flushed):
                store.add_flush(event, block)
            elif isinstance(event, MeterChanged):
                store.add_meter(event, block)
        spent = []
        for event in events:
            for nullifier in event.nullifiers if isinstance(event, NullifiersSpent) else ():
                note = unspent.pop(nullifier, None)
                if note is not None:
                    store.spend(note.position, block)
                    spent.append(note)
        found = list(find_notes(events, self._key))
        for owned in (new.owned for new in found if new.owned.amount):
            store.add_note(owned, block)
            unspent[owned.nullifier] = owned
        if found or spent:
            for told in tell(self._timed(origin), events, found, spent):
                store.add_told(told, block)

    def _timed(self, origin: Origin) -> Origin:
        if origin.time:
            return origin
        block = self._node.block(origin.block)
        if block is None:
            raise _Reorganised
        return replace(origin, time=int(block["timestamp"], 16))


def find_notes(events: Sequence[Event], key: ViewingKey) -> Iterator[Found]:
    """The notes of a key's owner in a transaction; those whose opened values don't give the commitment are nobody's."""
    blindings = []
    for event in events:
        if not isinstance(event, NotesQueued):
            continue
        positions = dict(zip(event.commitments, event.positions, strict=True))
        for place, box in enumerate(unseal(event.ciphertexts, key)):
            if box is None:
                continue
            if box.record is not None and box.record.secret:
                blindings.append(box.record.secret)
            if box.blinding is not None:
                blindings.append(box.blinding)
            elif box.note is not None and (position := positions.get(box.note.commitment)) is not None:
                yield Found(key.own(box.note, position), place, box.record)
    npks = {poseidon([key.public_key, blinding]): blinding for blinding in blindings}
    for event in events:
        if isinstance(event, Shielded | Swapped) and event.npk in npks:
            note = Note(*_made(event), npks[event.npk], key.public_key)
            yield Found(key.own(note, event.position), 0, public=True)


def new_leaves(events: Sequence[Event]) -> dict[int, int]:
    """Positions and commitments of all new notes, also of those that the contract made."""
    leaves: dict[int, int] = {}
    for event in events:
        if isinstance(event, NotesQueued):
            pairs = zip(event.positions, event.commitments, strict=True)
            leaves |= {position: value for position, value in pairs if position is not None}
    for event in events:
        if isinstance(event, Shielded | Swapped) and event.position not in leaves:
            leaves[event.position] = commitment(event.npk, *_made(event))
    return leaves


def _made(event: Shielded | Swapped) -> tuple[str, int]:
    """Asset and amount of a note that the contract made."""
    return (event.asset, event.amount) if isinstance(event, Shielded) else (event.asset_out, event.amount_out)
