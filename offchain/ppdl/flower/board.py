"""Checks what was said in a round: who signed it, and whether it has the form that it must have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TypeVar

from offchain.errors import UserError
from offchain.ppdl.aggregation.alive import AliveSet
from offchain.ppdl.aggregation.graph import RoundKeys
from offchain.ppdl.aggregation.lanes import chunk_tree, from_bytes
from offchain.ppdl.aggregation.messages import Domain, Message, Update
from offchain.ppdl.aggregation.seeds import SeedCommitment
from offchain.ppdl.aggregation.shares import Parcel
from offchain.ppdl.aggregation.transcript import Transcript
from offchain.ppdl.flower.federation import Federation
from offchain.ppdl.flower.statements import Alive, Keys, Seeds
from offchain.ppdl.flower.wire import Board, SignedAlive, SignedKeys, SignedSeeds, SignedUpdate, Upload

Indexed = TypeVar("Indexed", SignedSeeds, SignedUpdate, SignedAlive)


class BoardError(UserError):
    """Says in one line what is wrong with what was said in a round."""


class Checked:
    """A board whose every word is signed by whom it is of, in a federation. Raises BoardError, SignatureError or
    ShareError for any other one."""

    def __init__(self, federation: Federation, board: Board) -> None:
        self.federation = federation
        self.round = board.round
        for one in board.keys:
            check_keys(federation, board.round, one)
        if len({one.participant for one in board.keys}) < len(board.keys):
            raise BoardError("a participant's keys are there twice")
        if len(board.keys) < 2:
            raise BoardError("a round has two participants or more")
        keys = tuple(round_keys(one) for one in board.keys)
        bare = Transcript(board.round, keys)
        said = {one.index: check_seeds(federation, bare, one) for one in _ascending(board.seeds)}
        seeds = {index: commitment for index, (commitment, _) in said.items()}
        self.transcript = Transcript(board.round, keys, seeds, {index: parcel for index, (_, parcel) in said.items()})
        self.update_roots = {one.index: check_update(self, one) for one in _ascending(board.updates)}
        self.standing = [check_alive(self, one) for one in _ascending(board.alive)]

    @property
    def alive(self) -> AliveSet:
        """Those with updates."""
        return AliveSet.of(len(self.transcript.keys), self.update_roots)

    @property
    def alive_root(self) -> bytes:
        """The root over the alive."""
        participants = {index: keys.participant for index, keys in enumerate(self.transcript.keys)}
        return self.alive.tree(participants, self.update_roots).root

    def participant(self, index: int) -> bytes:
        """The address of a participant. Raises BoardError if there is none of that index."""
        return participant(self.transcript, index)

    def index(self, participant: bytes) -> int:
        """The index of a participant's keys. Raises BoardError if they aren't there."""
        for index, keys in enumerate(self.transcript.keys):
            if keys.participant == participant:
                return index
        raise BoardError(f"0x{participant.hex()} has no keys in round {self.round}")

    def check_standing(self) -> None:
        """Raises BoardError unless more than two thirds of all with keys stand by the alive: then nobody else can
        be made to reveal shares for another set, as long as less than a third lie."""
        if 3 * len(self.standing) <= 2 * len(self.transcript.keys):
            raise BoardError(
                f"only {len(self.standing)} of {len(self.transcript.keys)} stand by the alive: it takes more than two "
                "thirds"
            )


def participant(transcript: Transcript, index: int) -> bytes:
    """The address of a participant. Raises BoardError if there is none of that index."""
    if index >= len(transcript.keys):
        raise BoardError(f"there is no participant {index} among {len(transcript.keys)}")
    return transcript.keys[index].participant


def round_keys(one: SignedKeys) -> RoundKeys:
    """The keys alone."""
    return RoundKeys(one.participant, one.channel_key, one.mask_key)


def check_keys(federation: Federation, round_: int, one: SignedKeys) -> None:
    """Raises BoardError or SignatureError unless these are keys of a member for the round, signed by it."""
    if one.participant not in federation.members:
        raise BoardError(f"0x{one.participant.hex()} is no participant of {federation.name}")
    _check(federation, Keys(round_, one.channel_key, one.mask_key), one.signature, one.participant)


def check_seeds(federation: Federation, transcript: Transcript, one: SignedSeeds) -> tuple[SeedCommitment, Parcel]:
    """The commitment and the parcel. Raises BoardError, SignatureError or ShareError unless both have a hash or box
    for each neighbour in the transcript of all keys and are signed by their participant."""
    owner, degree = participant(transcript, one.index), transcript.graph.degree
    if len(one.seed_hashes) != degree + 1:
        raise BoardError(f"participant {one.index} names {len(one.seed_hashes)} seeds, not {degree + 1}")
    commitment = SeedCommitment(one.shares_root, one.seed_hashes)
    statement = Seeds(transcript.round, transcript.graph.seed, commitment.tree().root, one.shares_root)
    _check(federation, statement, one.signature, owner)
    parcel = Parcel.from_bytes(one.parcel, degree)
    if parcel.root != one.shares_root:
        raise BoardError(f"participant {one.index} published other shares than it committed")
    return commitment, parcel


def check_update(board: Checked, one: SignedUpdate) -> bytes:
    """The update's root. Raises BoardError or SignatureError unless it is of somebody with seeds and signed by it."""
    if one.index not in board.transcript.seeds:
        raise BoardError(f"participant {one.index} has no seeds, so there is no update of it")
    _check(board.federation, Update(board.round, one.root), one.signature, board.participant(one.index))
    return one.root


def check_alive(board: Checked, one: SignedAlive) -> int:
    """Who stands by the board's alive. Raises BoardError or SignatureError unless it signed that."""
    statement = Alive(board.round, board.transcript.graph.seed, board.alive_root)
    _check(board.federation, statement, one.signature, board.participant(one.index))
    return one.index


def check_upload(board: Checked, upload: Upload, chunks: int) -> None:
    """Raises BoardError, LaneError or SignatureError unless it has so many chunks and the signature is of them."""
    if len(from_bytes(upload.chunks)) != chunks:
        raise BoardError(f"the update of participant {upload.index} has not {chunks} chunks")
    check_update(board, signed_update(upload))


def signed_update(upload: Upload) -> SignedUpdate:
    """What is said of an upload on the board."""
    return SignedUpdate(upload.index, chunk_tree(from_bytes(upload.chunks)).root, upload.signature)


def _check(federation: Federation, statement: Message, signature: bytes, participant_: bytes) -> None:
    if _signer(federation.domain, statement, signature) != participant_:
        raise BoardError(
            f"0x{participant_.hex()} didn't sign its {statement.name.lower()} for round {statement.values[0]!r}"
        )


@lru_cache(maxsize=1 << 14)
def _signer(domain: Domain, statement: Message, signature: bytes) -> bytes:
    """Who signed; kept, since a board is looked at in several phases."""
    return domain.signer(statement, signature)


def _ascending(items: Iterable[Indexed]) -> Iterator[Indexed]:
    last = -1
    for item in items:
        if item.index <= last:
            raise BoardError("participants are not in ascending order, each once")
        last = item.index
        yield item
