"""What participants publish for each other: content with a signature, by round, kind and sender."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import msgspec
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_canonical_address
from eth_utils.crypto import keccak

from offchain.errors import UserError
from offchain.ppdl.aggregation.messages import Domain, Message
from offchain.signature import SIGNATURE_LENGTH, SignatureError


class PublicationError(UserError):
    """Says in one line why something can't be published or isn't what it should be."""


class NoAnswer(PublicationError):
    """A store doesn't answer, or not as a store does."""


class Kind(StrEnum):
    """What is published, and when."""

    TASK = "task"
    """what is learned and the test set, in round 0"""
    SHARES = "shares"
    """a parcel of encrypted shares"""
    UPDATE = "update"
    """the signature of an update, then its masked chunks"""
    REVEAL = "reveal"
    """shares of others' secrets"""
    MODEL = "model"
    """the chunks of a round's model"""
    VOTE = "vote"
    """the seat in the committee, then the signature of the header"""


LARGEST = {
    Kind.TASK: 1 << 26,
    Kind.SHARES: 1 << 15,
    Kind.UPDATE: 1 << 20,
    Kind.REVEAL: 1 << 13,
    Kind.MODEL: 1 << 20,
    Kind.VOTE: 1 + SIGNATURE_LENGTH,
}
"""Bytes of content."""
ENVELOPE_BYTES = 256
"""More than a publication has around its content."""


@dataclass(frozen=True)
class Statement(Message):
    """That a sender published content with this hash (EIP-712)."""

    name = "Publication"
    members = (("uint256", "round"), ("bytes32", "kind"), ("bytes32", "contentHash"))

    round: int
    kind: bytes
    content_hash: bytes


@dataclass(frozen=True)
class Publication:
    """`sender` is an address of 20 bytes, whose signature of the statement is `signature`."""

    round: int
    kind: Kind
    sender: bytes
    content: bytes
    signature: bytes

    @classmethod
    def signed(cls, domain: Domain, account: LocalAccount, round_: int, kind: Kind, content: bytes) -> Publication:
        """An account's."""
        signature = domain.sign(_statement(round_, kind, content), account)
        return cls(round_, kind, to_canonical_address(account.address), content, signature)

    @property
    def hash(self) -> bytes:
        """What its content is found by."""
        return keccak(self.content)

    def check(self, domain: Domain) -> None:
        """Raises PublicationError if it is too large or not its sender's."""
        if self.round < 0 or not 0 < len(self.content) <= LARGEST[self.kind]:
            raise PublicationError(f"{self.kind} has 1 to {LARGEST[self.kind]} bytes, not {len(self.content)}")
        try:
            signer = domain.signer(_statement(self.round, self.kind, self.content), self.signature)
        except SignatureError as error:
            raise PublicationError(f"{self.kind} of round {self.round}: {error}") from error
        if signer != self.sender:
            raise PublicationError(f"{self.kind} of round {self.round} is signed by another than its sender")

    def to_bytes(self) -> bytes:
        """As MessagePack."""
        return msgspec.msgpack.encode((self.round, self.kind, self.sender, self.content, self.signature))

    @classmethod
    def from_bytes(cls, content: bytes) -> Publication:
        """Raises PublicationError for what `to_bytes` didn't write."""
        try:
            return cls(*msgspec.msgpack.decode(content, type=tuple[int, Kind, bytes, bytes, bytes]))
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise PublicationError(f"it is no publication: {error}") from error


def _statement(round_: int, kind: Kind, content: bytes) -> Statement:
    return Statement(round_, kind.encode().ljust(32, b"\0"), keccak(content))
