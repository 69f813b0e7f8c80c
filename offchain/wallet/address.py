"""What an owner gives away to be paid: a public key for notes and one for their encryption, as one text."""

from __future__ import annotations

from dataclasses import dataclass

from nacl.bindings import crypto_scalarmult
from nacl.exceptions import CryptoError

from offchain.wallet import bech32m
from offchain.zk.field import MODULUS

PREFIX = "openmg"
LENGTH = 64


@dataclass(frozen=True)
class Address:
    """A public key (`Poseidon(1, spending key)`) and the X25519 public key that notes are encrypted to."""

    public_key: int
    encryption_key: bytes

    def __str__(self) -> str:
        return bech32m.encode(PREFIX, self.to_bytes())

    def to_bytes(self) -> bytes:
        """Both keys, 32 bytes each, the first big-endian."""
        return self.public_key.to_bytes(32, "big") + self.encryption_key

    @classmethod
    def from_bytes(cls, data: bytes) -> Address:
        """The address of 64 bytes. Raises TextError if one of the keys is none."""
        public_key, encryption_key = int.from_bytes(data[:32], "big"), data[32:]
        if len(data) != LENGTH or public_key >= MODULUS:
            raise bech32m.TextError("the address holds no valid public key")
        try:
            crypto_scalarmult(b"\1" * 32, encryption_key)
        except CryptoError:  # a point of small order: everybody could read what is encrypted to it
            raise bech32m.TextError("the address holds no valid encryption key") from None
        return cls(public_key, encryption_key)

    @classmethod
    def parse(cls, text: str) -> Address:
        """The address of a text. Raises TextError, which says what is wrong with it."""
        return cls.from_bytes(bech32m.decode(text, PREFIX, LENGTH, "address"))
