"""What all members of a federation agree on beforehand, in one JSON file; its hash is in whatever they sign.

There is no chain to say who takes part, so this file does: nobody's server can make up participants.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from eth_utils.address import to_canonical_address, to_checksum_address
from eth_utils.crypto import keccak

from offchain.errors import UserError
from offchain.ppdl.aggregation.alive import LEAST_ALIVE
from offchain.ppdl.aggregation.messages import Domain

TAG = b"openmg ppdl flower"
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Address = Annotated[str, msgspec.Meta(pattern="^0x[0-9a-fA-F]{40}\\Z")]


class FederationError(UserError):
    """Says in one line why a federation's file can't be used."""


class Federation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """A federation: `participants` by their addresses, the first `training_hours` of readings train."""

    name: Text
    participants: Annotated[tuple[Address, ...], msgspec.Meta(min_length=LEAST_ALIVE, max_length=2047)]
    horizon: Literal["next_hour", "day_ahead"]
    training_hours: Annotated[int, msgspec.Meta(ge=168, le=24 * 366 * 30)]
    rounds: Annotated[int, msgspec.Meta(ge=1, le=1000)]
    seed: Annotated[int, msgspec.Meta(ge=0, lt=2**32)]

    @classmethod
    def read(cls, path: Path) -> Federation:
        """Raises FederationError if the file can't be used."""
        try:
            found = msgspec.json.decode(path.read_bytes(), type=cls)
        except OSError as error:
            raise FederationError(f"{path} can't be read: {error.strerror}") from error
        except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
            raise FederationError(f"{path} is no federation: {error}") from error
        if len(found.members) < len(found.participants):
            raise FederationError(f"{path} is no federation: a participant stands there twice")
        return found

    def write(self, path: Path) -> None:
        """Writes the file. Raises OSError."""
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n")

    @cached_property
    def members(self) -> frozenset[bytes]:
        """The participants' addresses, 20 bytes each."""
        return frozenset(map(to_canonical_address, self.participants))

    @property
    def summary(self) -> str:
        """Name and fingerprint: who is told the same fingerprint has the same file."""
        return f"{self.name}, fingerprint {self.domain.contract}"

    @cached_property
    def domain(self) -> Domain:
        """Where its members' signatures count: nowhere else, least of all on a chain, where two of a round convict."""
        return Domain(0, to_checksum_address(keccak(TAG + msgspec.json.encode(self))[12:]))
