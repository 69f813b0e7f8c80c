"""What a requester asks: features and a salt, in the bytes that go to a node.

Each feature has two bytes, the salt 32; an addressed node gets them in a sealed box (X25519, XSalsa20-Poly1305, as
libsodium has it), for everybody they stand as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox
from numpy.typing import ArrayLike

from offchain.errors import UserError
from offchain.ppdl.inference.commitments import features_hash, fresh_salt
from offchain.ppdl.inference.integer_model import quantise_features
from offchain.zk.field import ELEMENT_BYTES, MODULUS

FEATURE = np.dtype(">i2")


class QuestionError(UserError):
    """Says in one line why bytes are no question, or can't be opened."""


@dataclass(frozen=True)
class Question:
    """Quantised features, and the salt that hides them and the answer."""

    features: tuple[int, ...]
    salt: int

    @classmethod
    def of(cls, features: ArrayLike) -> Question:
        """A question about real features, shape (inputs,), with a fresh salt. Raises ModelError."""
        return cls(tuple(quantise_features(features).tolist()), fresh_salt())

    @property
    def hash(self) -> int:
        """What the request commits to. Raises ModelError if a feature is out of range."""
        return features_hash(self.features, self.salt)

    def to_bytes(self) -> bytes:
        """For everybody."""
        return np.array(self.features, FEATURE).tobytes() + self.salt.to_bytes(ELEMENT_BYTES, "big")

    @classmethod
    def from_bytes(cls, content: bytes) -> Question:
        """Raises QuestionError for what is no question."""
        features, salt = content[:-ELEMENT_BYTES], int.from_bytes(content[-ELEMENT_BYTES:], "big")
        if len(content) <= ELEMENT_BYTES or len(features) % FEATURE.itemsize or salt >= MODULUS:
            raise QuestionError(f"{len(content)} bytes are no features and salt")
        return cls(tuple(np.frombuffer(features, FEATURE).tolist()), salt)

    def sealed(self, encryption_key: bytes) -> bytes:
        """For a node alone, whose X25519 public key that is. Raises QuestionError if it is none."""
        try:
            return SealedBox(PublicKey(encryption_key)).encrypt(self.to_bytes())
        except (CryptoError, ValueError) as error:
            raise QuestionError(f"the node's key can't be encrypted to: {error}") from error

    @classmethod
    def opened(cls, box: bytes, key: PrivateKey) -> Question:
        """What was sealed to a node. Raises QuestionError if it wasn't, or is no question."""
        try:
            return cls.from_bytes(SealedBox(key).decrypt(box))
        except (CryptoError, ValueError) as error:
            raise QuestionError("the features are not encrypted to this node's key") from error
