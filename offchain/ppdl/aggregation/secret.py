"""The one secret of a participant in a round, from which all its keys, seeds and polynomials come.

Whoever starts again after a crash says the same as before. It is never shared itself, and forgotten after the round.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from hashlib import blake2b

from nacl.bindings import crypto_scalarmult_base

from offchain.ppdl.aggregation.shamir import PRIME, SECRET_BYTES


@dataclass(frozen=True)
class RoundSecret:
    """32 random bytes, new for each round."""

    value: bytes = field(repr=False)

    @classmethod
    def random(cls) -> RoundSecret:
        """A new one, from the operating system."""
        return cls(secrets.token_bytes(SECRET_BYTES))

    @property
    def channel_secret(self) -> bytes:
        """The X25519 secret of the channel key."""
        return _clamped(self._derived(b"channel"))

    @property
    def mask_secret(self) -> bytes:
        """The X25519 secret of the mask key; clamped, so that it is below Shamir's prime."""
        return _clamped(self._derived(b"mask"))

    @property
    def self_seed(self) -> bytes:
        """The seed of the participant's own mask."""
        return self._number(b"self").to_bytes(SECRET_BYTES, "big")

    def coefficients(self, name: bytes, graph_seed: bytes, count: int) -> list[int]:
        """Of the polynomial that shares a secret among the neighbours in one graph."""
        return [self._number(b"share", name, graph_seed, number.to_bytes(2, "big")) for number in range(count)]

    def lone_seed(self, other: int) -> bytes:
        """What stands for the seed with somebody with whom nothing can be secret: nobody else has it."""
        return self._derived(b"lone", other.to_bytes(4, "big"))

    def _derived(self, *parts: bytes) -> bytes:
        return blake2b(b"/".join(parts), key=self.value, digest_size=SECRET_BYTES, person=b"openmg ppdl").digest()

    def _number(self, *parts: bytes) -> int:
        wide = blake2b(b"/".join(parts), key=self.value, digest_size=64, person=b"openmg ppdl").digest()
        return int.from_bytes(wide, "big") % PRIME


def public_key(secret: bytes) -> bytes:
    """The X25519 public key of a secret."""
    return crypto_scalarmult_base(secret)


def _clamped(secret: bytes) -> bytes:
    """RFC 7748, section 5."""
    return bytes([secret[0] & 248]) + secret[1:31] + bytes([secret[31] & 127 | 64])
