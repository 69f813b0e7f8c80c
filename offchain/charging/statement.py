"""What a station says under its key: JSON of fixed fields, signed with Ed25519 (RFC 8032).

The signature is over a tag, a line feed and the fields as JSON with sorted names and without spaces, itself left out.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Annotated, Any, ClassVar, Self

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
)

from offchain.assets import AssetError, checked_address
from offchain.errors import UserError
from offchain.metering.readings_tree import READING_LIMIT
from offchain.metering.signed_reading import LATEST, Word, first_fault
from offchain.wallet.address import Address
from offchain.wallet.bech32m import TextError
from offchain.wallet.note import AMOUNT_LIMIT


class StatementError(UserError):
    """Says in one line why a statement is none of the station's."""


def _units(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() else value


def _account(text: str) -> str:
    try:
        return checked_address(text)
    except AssetError as error:
        raise ValueError(str(error)) from None


def _shielded(text: str) -> str:
    try:
        return str(Address.parse(text))
    except TextError as error:
        raise ValueError(str(error)) from None


Units = Annotated[int, BeforeValidator(_units), PlainSerializer(str), Field(ge=0, lt=AMOUNT_LIMIT)]
"""Base units of an asset; a decimal string in JSON."""
Account = Annotated[str, AfterValidator(_account)]
"""An account or contract, checksummed."""
Shielded = Annotated[str, AfterValidator(_shielded)]
"""An address of the pool (openmg1...)."""
WattHours = Annotated[int, Field(ge=0, lt=READING_LIMIT)]
Moment = Annotated[int, Field(ge=0, lt=LATEST)]
"""Unix time in seconds."""
Transaction = Annotated[str, Field(pattern="^0x[0-9a-f]{64}$")]


class Statement(BaseModel):
    """Anything that a station signs. `station` is its public key, and says who speaks."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")
    TAG: ClassVar[str]
    NAME: ClassVar[str]

    station: Word
    signature: str = Field(default="", pattern="^([0-9a-f]{128})?$")

    @classmethod
    def of(cls, content: Any) -> Self:
        """The statement that a decoded JSON object holds. Raises StatementError if a field is wrong, or the signature
        is not that of the key in it."""
        try:
            made = cls.model_validate(content)
        except ValidationError as error:
            raise StatementError(f"the {cls.NAME} can't be read: {first_fault(error)}") from None
        try:
            VerifyKey(bytes.fromhex(made.station)).verify(made.content, bytes.fromhex(made.signature))
        except (BadSignatureError, ValueError):
            raise StatementError(f"the {cls.NAME} is not what its station signed") from None
        return made

    @property
    def content(self) -> bytes:
        """The bytes under the signature."""
        fields = json.dumps(self.model_dump(mode="json", exclude={"signature"}), sort_keys=True, separators=(",", ":"))
        return f"{self.TAG}\n{fields}".encode()

    @property
    def digest(self) -> str:
        """What another statement names this one by: SHA-256 of the signed bytes, in hexadecimal."""
        return sha256(self.content).hexdigest()

    def signed(self, key: SigningKey) -> Self:
        """The same under a key, which must be the station's."""
        assert bytes(key.verify_key).hex() == self.station
        return self.model_copy(update={"signature": key.sign(self.content).signature.hex()})
