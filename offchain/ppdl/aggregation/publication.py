"""What participants publish off the chain in a round: signed by them, of a known kind, no larger than it can be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from eth_account.signers.local import LocalAccount
from eth_utils.address import to_canonical_address
from eth_utils.crypto import keccak

from offchain.errors import UserError
from offchain.ppdl.aggregation.graph import MOST_NEIGHBOURS
from offchain.ppdl.aggregation.lanes import CHUNK_BYTES, LaneError, chunk_count, chunk_tree, from_bytes
from offchain.ppdl.aggregation.messages import Domain, Message, Publication, Update
from offchain.ppdl.aggregation.shares import SHARE_BYTES, SLOT_BYTES
from offchain.signature import SignatureError


class Kind(StrEnum):
    """What is published."""

    PARCEL = "parcel"
    """boxes and hashes of shares, with the seeds"""
    UPDATE = "update"
    """the chunks of a masked update; signed as the chain wants it, by their root"""
    REVEAL = "reveal"
    """shares of the neighbours' secrets"""
    MODEL = "model"
    """the chunks of the model after a round, by whoever posts the sum"""


class PublicationError(UserError):
    """Says in one line why something can't be published."""


@dataclass(frozen=True)
class Published:
    """Something that a participant, by its address of 20 bytes, published in a round, with its signature."""

    round: int
    kind: Kind
    participant: bytes
    content: bytes
    signature: bytes

    @property
    def content_hash(self) -> bytes:
        """Keccak hash, by which the content is stored."""
        return keccak(self.content)

    @property
    def root(self) -> bytes:
        """The root over an update's or a model's chunks. Raises LaneError if they aren't whole."""
        return chunk_tree(from_bytes(self.content)).root


@dataclass(frozen=True)
class Rules:
    """Of what may be published: signatures for a registry, contents for a model of so many weights."""

    domain: Domain
    weights: int

    def most_bytes(self, kind: Kind) -> int:
        """The largest content of a kind."""
        return {
            Kind.PARCEL: MOST_NEIGHBOURS * SLOT_BYTES,
            Kind.UPDATE: chunk_count(self.weights + 1) * CHUNK_BYTES,
            Kind.REVEAL: -(-MOST_NEIGHBOURS // 8) + MOST_NEIGHBOURS * SHARE_BYTES,
            Kind.MODEL: chunk_count(self.weights) * CHUNK_BYTES,
        }[kind]

    def signed(self, round_: int, kind: Kind, content: bytes, account: LocalAccount) -> Published:
        """A content with an account's signature. Raises LaneError for an update without whole chunks."""
        signature = self.domain.sign(_message(round_, kind, content), account)
        return Published(round_, kind, to_canonical_address(account.address), content, signature)

    def check(self, published: Published) -> None:
        """Raises PublicationError unless it is no larger than it can be, whole, and signed by its participant."""
        kind, most = published.kind, self.most_bytes(published.kind)
        if len(published.content) > most:
            raise PublicationError(f"one {kind} has at most {most:,} bytes, not {len(published.content):,}")
        if kind in (Kind.UPDATE, Kind.MODEL) and len(published.content) != most:
            raise PublicationError(f"one {kind} has {most:,} bytes, not {len(published.content):,}")
        try:
            message = _message(published.round, kind, published.content)
            signer = self.domain.signer(message, published.signature)
        except (SignatureError, LaneError, ValueError) as error:
            raise PublicationError(f"one {kind} isn't signed: {error}") from error
        if signer != published.participant:
            raise PublicationError(f"one {kind} is signed by 0x{signer.hex()}, not 0x{published.participant.hex()}")


class Publications(Protocol):
    """Where participants publish: a folder, a server, or several of them."""

    def publish(self, published: Published) -> None:
        """Stores it for all to read. Raises UserError if it is refused."""

    def published(self, round_: int, kind: Kind) -> Sequence[Published]:
        """All that was published of a kind in a round, checked. Raises UserError if it can't be read."""


def _message(round_: int, kind: Kind, content: bytes) -> Message:
    if kind is Kind.UPDATE:
        return Update(round_, chunk_tree(from_bytes(content)).root)
    return Publication(round_, kind.encode().ljust(32, b"\0"), keccak(content))
