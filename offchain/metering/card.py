"""What an owner gives the operator to have a meter registered: a commitment, and a key that readings come back to.

Both come from the meter's secret alone, so the operator learns nothing by which it could tell the household's address
in the pool, or another meter of the same household.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

from nacl.bindings import crypto_scalarmult_base

from offchain.wallet import bech32m
from offchain.wallet.bech32m import TextError
from offchain.zk.circuits import PARAMETERS
from offchain.zk.field import MODULUS
from offchain.zk.poseidon import poseidon

PREFIX = "openmgmeter"
KEY_BYTES = 32
LENGTH = 2 * KEY_BYTES


def reading_key(secret: int) -> bytes:
    """The X25519 private key that opens the readings of the meter with that secret."""
    return hmac.digest(secret.to_bytes(32, "big"), b"openmg 1 readings", "sha256")


@dataclass(frozen=True)
class MeterCard:
    """A meter as its operator knows it: `Poseidon(3, secret)`, and an X25519 public key."""

    commitment: int
    encryption_key: bytes = field(repr=False)

    @classmethod
    def of(cls, secret: int) -> MeterCard:
        """The card of the meter with that secret."""
        return cls(poseidon([PARAMETERS.tags.meter, secret]), crypto_scalarmult_base(reading_key(secret)))

    @classmethod
    def parse(cls, text: str) -> MeterCard:
        """The card of a text. Raises TextError, which says what is wrong with it."""
        data = bech32m.decode(text, PREFIX, LENGTH, "meter card")
        commitment = int.from_bytes(data[:KEY_BYTES], "big")
        if not 0 < commitment < MODULUS:
            raise TextError("the meter card holds no valid commitment")
        return cls(commitment, data[KEY_BYTES:])

    def __str__(self) -> str:
        return bech32m.encode(PREFIX, self.commitment.to_bytes(KEY_BYTES, "big") + self.encryption_key)
