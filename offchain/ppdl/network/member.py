"""A participant that trains with others over the chain and a store: one small step after the other.

Every step looks at the chain anew and does what is due, so a participant can be killed and started again at any time;
what must not be forgotten is in its round record.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from eth_account.signers.local import LocalAccount
from eth_utils.address import to_canonical_address

from offchain.ppdl.aggregation.lanes import Lanes, Signed, chunk_tree, to_chunks
from offchain.ppdl.aggregation.messages import Update
from offchain.ppdl.aggregation.participant import Participant
from offchain.ppdl.aggregation.record import RoundRecord
from offchain.ppdl.aggregation.transcript import Transcript
from offchain.ppdl.network.board import Board
from offchain.ppdl.network.kept import Kept
from offchain.ppdl.network.outcome import update_chunks
from offchain.ppdl.network.private_part import PrivatePart
from offchain.ppdl.network.publication import Kind, Publication
from offchain.ppdl.network.registry import Phase, Registry, Round
from offchain.ppdl.network.round_files import forget_before
from offchain.ppdl.network.snapshot import Snapshot
from offchain.ppdl.network.store import Store
from offchain.ppdl.network.synced_chain import SyncedChain
from offchain.ppdl.network.upload import Upload
from offchain.ppdl.privacy.accountant import PrivacyError
from offchain.sender import Sender

Train = Callable[[Signed, int], Signed]
"""Trains from a state, shape (weights,), for the header of a number: the update, shape (weights + 1,)."""


@dataclass(frozen=True)
class Ground:
    """What a participant stands on: the contract, the store, its account, and a folder of its own."""

    registry: Registry
    store: Store
    sender: Sender
    account: LocalAccount
    folder: Path

    @cached_property
    def address(self) -> bytes:
        """The account's 20 bytes."""
        return to_canonical_address(self.account.address)

    @cached_property
    def synced(self) -> SyncedChain:
        """Its copy of the model chain."""
        return SyncedChain(self.registry, self.store, self.folder / "chain", self.kept)

    @cached_property
    def kept(self) -> Kept:
        """What it saw published of the round that runs."""
        return Kept(self.folder / "rounds")

    def board(self, round_: Round) -> Board:
        """What is published of a round, and what was."""
        chunks = update_chunks(self.synced.chain.task)
        return Board(round_, self.store, self.registry.domain, chunks, self.kept)

    def publish(self, round_: Round, kind: Kind, content: bytes) -> None:
        """Signs and publishes. Raises PublicationError."""
        domain = self.registry.domain
        self.store.publish(Publication.signed(domain, self.account, round_.number, kind, content))


class Member:
    """A participant's part in a round, up to what it reveals; it has joined the registry before."""

    def __init__(self, ground: Ground, train: Train, private: PrivatePart | None = None) -> None:
        self._ground = ground
        self._registry = ground.registry
        self._calls = ground.registry.contract.functions
        self._train = train
        self._private = private
        self._open: Participant | None = None
        self._record: RoundRecord | None = None

    def step(self, round_: Round, now: int) -> str | None:
        """Does what is due at a time in Unix seconds; returns what it did in a few words, None if nothing was. Raises
        UserError for what stands in the way: a later step may succeed."""
        rules = self._registry.rules
        index = round_.index_of(self._ground.address)
        seeds_from = round_.opened_at + rules.keys_window
        uploads_from = seeds_from + rules.seeds_window
        if round_.phase == Phase.OPEN and now < seeds_from:
            return self._commit_keys(round_) if index is None else None
        if index is None:
            return None
        seeded = round_.seeds or {}
        if round_.phase == Phase.OPEN and index not in seeded:
            return self._commit_seeds(round_) if now < uploads_from else None
        if round_.phase == Phase.OPEN and (now >= uploads_from or len(seeded) == len(round_.keys)):
            return self._upload(round_, now < uploads_from + rules.upload_window)
        if round_.phase in (Phase.CLOSED, Phase.POSTED):
            return self._reveal(round_)
        return None

    def forget(self, round_: int) -> None:
        """Removes what was secret in a round that is over, this one's record if it is of an earlier one, too."""
        if self._record is not None:
            self._record.forget()
        self._open = self._record = None
        self._path(round_).unlink(missing_ok=True)
        Snapshot(self._ground.folder, round_).forget()

    def forget_before(self, round_: int) -> None:
        """Removes all that is left of earlier rounds, in which it was killed. Raises BlobError if it can't."""
        forget_before(self._ground.folder / "rounds", round_)

    def close(self) -> None:
        """Lets another process go on with the round."""
        if self._record is not None:
            self._record.close()
        self._open = self._record = None

    def _commit_keys(self, round_: Round) -> str:
        if self._private is not None:
            self._private.check_budget(round_.number)
        keys = self._participant(round_).keys()
        call = self._calls.commitKeys(round_.number, keys.channel_key, keys.mask_key)
        self._ground.sender.transact(call)
        return "committed keys"

    def _commit_seeds(self, round_: Round) -> str:
        commitment, parcel = self._participant(round_).share(round_.transcript())
        self._ground.publish(round_, Kind.SHARES, parcel.to_bytes())
        hashes = list(commitment.seed_hashes)
        self._ground.sender.transact(self._calls.commitSeeds(round_.number, commitment.shares_root, hashes))
        return "committed seeds and published shares"

    def _upload(self, round_: Round, in_time: bool) -> str | None:
        board = self._ground.board(round_)
        Snapshot(self._ground.folder, round_.number).keep(board.visible)
        if board.shows(Kind.UPDATE, self._ground.address) or not in_time:
            return None
        participant = self._participant(round_)
        chunks = participant.uploaded
        if chunks is None:
            chunks = self._masked_update(participant, board.transcript)
        root = chunk_tree(chunks).root
        signature = self._registry.domain.sign(Update(round_.number, root), self._ground.account)
        self._ground.publish(round_, Kind.UPDATE, Upload(chunks, root, signature).to_bytes())
        return "trained and uploaded"

    def _masked_update(self, participant: Participant, transcript: Transcript) -> Lanes:
        """Trains once all is checked that could forbid an update: one that is refused costs no work and no privacy."""
        round_, seeds = transcript.round, len(transcript.seeds)
        participant.check_company(transcript)
        head = self._ground.synced.update()
        chain, number = self._ground.synced.chain, head.header.number + 1
        if self._private is not None:
            self._private.check_update(round_, number, seeds, chain.task.model.weights)
        update = self._train(chain.state(head), number)
        if self._private is not None:
            update = self._private.released(update, round_, number, seeds)
        return participant.upload(to_chunks(update), transcript)

    def _reveal(self, round_: Round) -> str | None:
        closing = round_.closing
        board = self._ground.board(round_)
        if closing is None or board.shows(Kind.REVEAL, self._ground.address):
            return None
        if self._private is not None:
            synced, seeds = self._ground.synced, len(board.transcript.seeds)
            weights = synced.chain.task.model.weights
            self._private.check_alive(synced.chain.height + 1, seeds, weights, len(closing.alive))
        roots = board.update_roots(closing.alive)
        there = {(member, root) for member, root in roots.items()}
        seen = Snapshot(self._ground.folder, round_.number).seen()
        reveal = self._participant(round_).reveal(closing.alive, roots, there | seen, board.transcript)
        self._ground.publish(round_, Kind.REVEAL, reveal.to_bytes(board.transcript.graph))
        return f"revealed {len(reveal.shares)} shares"

    def _participant(self, round_: Round) -> Participant:
        """Who commits, uploads and reveals in a round. Raises PrivacyError for a home without a book in a private task:
        it couldn't tell what its updates cost, nor which sums tell too much."""
        if self._private is None and self._ground.synced.chain.task.private is not None:
            raise PrivacyError("the task is private: without a book of what rounds cost this home takes no part")
        if self._open is None or self._open.round != round_.number:
            if self._record is not None:
                self._record.forget()
            address = self._ground.address
            self._record = RoundRecord(round_.number, address, self._path(round_.number))
            self._open = Participant(round_.number, address, self._record)
        return self._open

    def _path(self, round_: int) -> Path:
        return self._ground.folder / "rounds" / f"{round_}.jsonl"
