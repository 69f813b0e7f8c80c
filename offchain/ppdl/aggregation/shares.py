"""The parcel of a participant: its shares, a box for each neighbour, and hashes by which a false one is found.

Boxes are NaCl's `crypto_box` with the round's channel keys (X25519, XSalsa20-Poly1305). A pair has one key in
both directions; the nonce names sender and receiver, so no nonce is used twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

from nacl.bindings import crypto_box_afternm, crypto_box_beforenm, crypto_box_open_afternm
from nacl.exceptions import CryptoError

from offchain.errors import UserError
from offchain.merkle import Tree, leaf

SHARE_BYTES = 32
BOX_BYTES = 2 * SHARE_BYTES + 16
SLOT_BYTES = BOX_BYTES + 2 * SHARE_BYTES


class Kind(IntEnum):
    """What a share is of."""

    SELF = 0
    """the self seed, revealed if its participant is alive"""
    MASK = 1
    """the mask key's secret, revealed if it isn't"""


class ShareError(UserError):
    """Says in one line what is wrong with shares."""


@dataclass(frozen=True)
class Parcel:
    """What a participant publishes with its seeds: for each slot a box (80 bytes) and the hashes of both shares."""

    boxes: tuple[bytes, ...]
    leaves: tuple[bytes, ...]

    @cached_property
    def root(self) -> bytes:
        """The `sharesRoot`."""
        return Tree(self.leaves).root

    def has(self, slot: int, kind: Kind, share: bytes) -> bool:
        """Whether this is the share that was committed for a slot."""
        return leaf(share) == self.leaves[2 * slot + kind]

    def to_bytes(self) -> bytes:
        """All boxes, then all hashes."""
        return b"".join(self.boxes + self.leaves)

    @classmethod
    def from_bytes(cls, content: bytes, degree: int) -> Parcel:
        """The parcel for so many neighbours. Raises ShareError for another length."""
        if len(content) != degree * SLOT_BYTES:
            raise ShareError(f"a parcel for {degree} neighbours has {degree * SLOT_BYTES} bytes, not {len(content)}")
        end = degree * BOX_BYTES
        boxes = tuple(content[at : at + BOX_BYTES] for at in range(0, end, BOX_BYTES))
        return cls(boxes, tuple(content[at : at + SHARE_BYTES] for at in range(end, len(content), SHARE_BYTES)))


def channel_key(secret: bytes, public: bytes) -> bytes | None:
    """The key of a pair, None if the public key is a point of small order."""
    try:
        return crypto_box_beforenm(public, secret)
    except (CryptoError, RuntimeError):
        return None


def nonce(round_: int, sender: int, receiver: int) -> bytes:
    """24 bytes, other ones for each direction."""
    return b"".join(number.to_bytes(8, "big") for number in (round_, sender, receiver))


def seal(key: bytes | None, nonce_: bytes, shares: Sequence[bytes]) -> bytes:
    """The box with the shares of both kinds; zeros without a key, since nothing can be said in secret then."""
    return bytes(BOX_BYTES) if key is None else crypto_box_afternm(b"".join(shares), nonce_, key)


def unseal(key: bytes | None, nonce_: bytes, box: bytes) -> tuple[bytes, bytes] | None:
    """The shares of both kinds in a box, None if it isn't the sender's."""
    if key is None:
        return None
    try:
        content = crypto_box_open_afternm(box, nonce_, key)
    except CryptoError:
        return None
    return content[:SHARE_BYTES], content[SHARE_BYTES:]
