"""A meter's signed reading of an interval: what a meter sends to its operator (docs/reference/readings.md).

The signature is Ed25519 (RFC 8032) over 72 bytes: the text `openmg reading 1`, the meter's commitment, then start,
length, imported, exported and sequence. The meter's device holds the key, so a household can't write its own readings.
"""

from __future__ import annotations

import struct
from typing import Annotated, Any

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from offchain.errors import UserError
from offchain.metering.readings_tree import READING_LIMIT

TAG = b"openmg reading 1"
CONTENT = struct.Struct(">16s32sQIIII")
LATEST = 1 << 40
"""Unix time that no reading begins after; within what SQL and JSON hold exactly."""
LONGEST = 24 * 60 * 60

EXAMPLE: dict[str, JsonValue] = {
    "meter": "1f" * 32,
    "start": 1767225600,
    "length": 900,
    "imported": 120,
    "exported": 0,
    "sequence": 1,
    "signature": "5b" * 64,
}

Word = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
WattHours = Annotated[int, Field(ge=0, lt=READING_LIMIT)]


class FormatError(UserError):
    """Says in one line why something is no signed reading."""


class SignedReading(BaseModel):
    """What a meter counted from `start` for `length` seconds, in Wh, under its signature. Of two readings of an
    interval the one with the higher sequence number holds."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", json_schema_extra={"example": EXAMPLE})

    meter: Word = Field(description="The meter's commitment: 32 bytes in lower-case hexadecimal.")
    start: int = Field(ge=0, lt=LATEST, description="When the interval begins: Unix time in seconds.")
    length: int = Field(ge=1, le=LONGEST, description="Length of the interval in seconds.")
    imported: WattHours = Field(description="Energy taken from the grid, in Wh.")
    exported: WattHours = Field(description="Energy fed into the grid, in Wh.")
    sequence: int = Field(ge=1, lt=1 << 32, description="1 at first; each correction of the interval has a higher one.")
    signature: str = Field(pattern="^[0-9a-f]{128}$", description="Ed25519: 64 bytes in lower-case hexadecimal.")

    @classmethod
    def of(cls, content: Any) -> SignedReading:
        """The reading that a decoded JSON object holds. Raises FormatError."""
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            raise FormatError(first_fault(error)) from None

    @property
    def commitment(self) -> bytes:
        """The meter's, 32 bytes."""
        return bytes.fromhex(self.meter)

    def is_signed_by(self, key: bytes) -> bool:
        """Whether the signature is that of an Ed25519 public key of 32 bytes."""
        try:
            VerifyKey(key).verify(self._content(), bytes.fromhex(self.signature))
        except BadSignatureError:
            return False
        return True

    def _content(self) -> bytes:
        return signed_content(self.commitment, self.start, self.length, self.imported, self.exported, self.sequence)


def signed_content(commitment: bytes, start: int, length: int, imported: int, exported: int, sequence: int) -> bytes:
    """The 72 bytes under a signature."""
    return CONTENT.pack(TAG, commitment, start, length, imported, exported, sequence)


def sign(
    key: SigningKey, commitment: bytes, start: int, length: int, imported: int, exported: int, sequence: int = 1
) -> SignedReading:
    """A reading as a meter's device sends it. Raises pydantic's ValidationError if a number is out of its range."""
    signature = key.sign(signed_content(commitment, start, length, imported, exported, sequence)).signature
    return SignedReading(
        meter=commitment.hex(),
        start=start,
        length=length,
        imported=imported,
        exported=exported,
        sequence=sequence,
        signature=signature.hex(),
    )


def first_fault(error: ValidationError) -> str:
    """The first thing that pydantic finds wrong, in one line, without the value."""
    fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in fault["loc"])
    return f"{place}: {fault['msg']}" if place else fault["msg"]
