"""What server and nodes send each other: MessagePack of these structs, and nothing that isn't exactly one of them."""

from __future__ import annotations

from typing import Annotated, TypeVar

import msgspec

from offchain.errors import UserError
from offchain.ppdl.aggregation.lanes import MOST_CLIENTS
from offchain.signature import SIGNATURE_LENGTH

MOST_BYTES = 256 << 20
T = TypeVar("T")
Address = Annotated[bytes, msgspec.Meta(min_length=20, max_length=20)]
Word = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
Signature = Annotated[bytes, msgspec.Meta(min_length=SIGNATURE_LENGTH, max_length=SIGNATURE_LENGTH)]
Content = Annotated[bytes, msgspec.Meta(min_length=1, max_length=1 << 24)]
Index = Annotated[int, msgspec.Meta(ge=0, lt=MOST_CLIENTS)]
Round = Annotated[int, msgspec.Meta(ge=1, lt=1 << 32)]


class WireError(UserError):
    """Says in one line why bytes are no message."""


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A struct that has all of its fields and no others."""


class SignedKeys(Part, frozen=True):
    """A participant's keys."""

    participant: Address
    channel_key: Word
    mask_key: Word
    signature: Signature


class SignedSeeds(Part, frozen=True):
    """A participant's seed commitment, by the index of its keys, and its parcel (see `shares.Parcel`)."""

    index: Index
    shares_root: Word
    seed_hashes: Annotated[tuple[Word, ...], msgspec.Meta(max_length=101)]
    signature: Signature
    parcel: Content


class SignedUpdate(Part, frozen=True):
    """The root of a participant's masked update."""

    index: Index
    root: Word
    signature: Signature


class Upload(Part, frozen=True):
    """A masked update in chunks (see `lanes.to_bytes`), and the signature of its root."""

    index: Index
    chunks: Content
    signature: Signature


class SignedAlive(Part, frozen=True):
    """That a participant stands by the alive."""

    index: Index
    signature: Signature


class Revealed(Part, frozen=True):
    """What a participant reveals (see `Reveal`)."""

    index: Index
    content: Content


Everybody = msgspec.Meta(max_length=MOST_CLIENTS)


class Board(Part, frozen=True):
    """All that was said in a round so far. `keys` in the order of the indices, the others by ascending indices."""

    round: Round
    keys: Annotated[tuple[SignedKeys, ...], Everybody] = ()
    seeds: Annotated[tuple[SignedSeeds, ...], Everybody] = ()
    updates: Annotated[tuple[SignedUpdate, ...], Everybody] = ()
    alive: Annotated[tuple[SignedAlive, ...], Everybody] = ()


class AskKeys(Part, frozen=True, tag="keys"):
    """Phase 1: begin a round."""

    round: Round


class AskSeeds(Part, frozen=True, tag="seeds"):
    """Phase 2: commit seeds and share them; the board has all keys."""

    board: Board


class AskUpdate(Part, frozen=True, tag="update"):
    """Phase 3: train from a state (lanes of four bytes, as in chunks) and mask; the board has all seeds."""

    board: Board
    state: Content


class AskAlive(Part, frozen=True, tag="alive"):
    """Phase 4: stand by the alive; the board has the updates of all of them."""

    board: Board


class AskReveal(Part, frozen=True, tag="reveal"):
    """Phase 5: reveal shares; the board has those who stand by the alive."""

    board: Board


Ask = AskKeys | AskSeeds | AskUpdate | AskAlive | AskReveal


class Said(Part, frozen=True):
    """A node's answer: what its participants say, in the one list that was asked for; and why others of its
    participants say nothing."""

    keys: Annotated[tuple[SignedKeys, ...], Everybody] = ()
    seeds: Annotated[tuple[SignedSeeds, ...], Everybody] = ()
    uploads: Annotated[tuple[Upload, ...], Everybody] = ()
    alive: Annotated[tuple[SignedAlive, ...], Everybody] = ()
    revealed: Annotated[tuple[Revealed, ...], Everybody] = ()
    refusals: Annotated[tuple[Annotated[str, msgspec.Meta(max_length=1000)], ...], Everybody] = ()


def encode(message: Ask | Said) -> bytes:
    """The bytes of a message."""
    return msgspec.msgpack.encode(message)


def decode_ask(content: bytes) -> Ask:
    """What a server asks. Raises WireError for anything else."""
    return _decode(content, _ASKS)


def decode_said(content: bytes) -> Said:
    """What a node answers. Raises WireError for anything else."""
    return _decode(content, _SAID)


_ASKS: msgspec.msgpack.Decoder[Ask] = msgspec.msgpack.Decoder(Ask)
_SAID: msgspec.msgpack.Decoder[Said] = msgspec.msgpack.Decoder(Said)


def _decode(content: bytes, decoder: msgspec.msgpack.Decoder[T]) -> T:
    if len(content) > MOST_BYTES:
        raise WireError(f"a message of {len(content)} bytes is longer than any")
    try:
        return decoder.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(f"that is no message: {error}") from error
