"""What ties a payment to its session: the blinding of its note.

It is HMAC-SHA512 of a tag and the session under a salt of the payment's own, modulo the field. Who shows the salt shows
that the note was made for this session and no other: neither side can count it for another one, and nobody who sees it
on the chain or on the wire can use it for his own.
"""

from __future__ import annotations

import hmac
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from offchain.charging.statement import Transaction, Units
from offchain.metering.signed_reading import Word
from offchain.wallet.note import Note
from offchain.zk.field import MODULUS

TAG = b"openmg charging payment 1"
Salt = Annotated[Word, Field(description="Which the blinding of the payment's note comes from.")]


class Paid(BaseModel):
    """One note that a station got for a session, in base units."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    transaction: Transaction
    amount: Units
    salt: Salt


def blinding_of(session: str, salt: str) -> int:
    """The blinding of a payment's note; both are 32 bytes in hexadecimal."""
    tied = hmac.digest(bytes.fromhex(salt), TAG + bytes.fromhex(session), "sha512")
    return int.from_bytes(tied, "big") % MODULUS


def is_for(note: Note, session: str, salt: str) -> bool:
    """Whether a note was made for a session."""
    return note.blinding == blinding_of(session, salt)
