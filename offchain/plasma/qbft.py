"""QBFT's extra data in a block's header, as Hyperledger Besu writes it: RLP of vanity, validators, vote, round, seals.

Round and seals come about after the block: a block's hash is that of its header with round 0 and without seals
(Besu's BftBlockHashing). All else in the extra data is hashed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import rlp
from rlp.exceptions import RLPException

from offchain.errors import UserError

MIX_HASH = bytes.fromhex("63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365")
"""The mix hash of all blocks that validators agree on (Besu's BftHelpers)."""

VANITY_LENGTH, ADDRESS_LENGTH, SEAL_LENGTH = 32, 20, 65
MOST_ROUND = (1 << 31) - 1
FIELDS = 5


class ExtraDataError(UserError):
    """Says in one line why something is no extra data of QBFT."""


@dataclass(frozen=True)
class ExtraData:
    """The extra data of a block. A vote is an address and 0xff (add) or nothing (drop); none: empty. A seal is a
    signature of 65 bytes."""

    vanity: bytes
    validators: tuple[bytes, ...]
    vote: tuple[bytes, ...] = ()
    round: int = 0
    seals: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, encoded: bytes) -> ExtraData:
        """The extra data in its encoding. Raises ExtraDataError unless it is exactly what Besu would write."""
        try:
            fields = rlp.decode(encoded)
            vanity, validators, vote, number, seals = fields
            found = cls(bytes(vanity), _items(validators), _items(vote), int.from_bytes(number, "big"), _items(seals))
        except (RLPException, ValueError, TypeError) as error:
            raise ExtraDataError("that is not QBFT's list of five") from error
        lengths = [(found.validators, ADDRESS_LENGTH), (found.seals, SEAL_LENGTH), ((found.vanity,), VANITY_LENGTH)]
        lengths.append((found.vote[:1], ADDRESS_LENGTH))
        if any(len(item) != length for items, length in lengths for item in items):
            raise ExtraDataError("QBFT's extra data has a part of a wrong length")
        if len(found.vote) not in (0, 2) or found.vote[1:] not in ((), (b"",), (b"\xff",)):
            raise ExtraDataError("QBFT's extra data has a vote that is none")
        if found.round > MOST_ROUND or found.encoded() != encoded:
            raise ExtraDataError("QBFT's extra data is not encoded as Besu does")
        return found

    def encoded(self) -> bytes:
        """Its encoding."""
        lists: Sequence[Any] = [self.vanity, list(self.validators), list(self.vote), self.round, list(self.seals)]
        return bytes(rlp.encode(lists))

    def hashed(self) -> ExtraData:
        """What the block's hash is of."""
        return replace(self, round=0, seals=())


def hashed_extra_data(number: int, mix_hash: bytes, encoded: bytes) -> bytes:
    """The extra data that the hash of block `number` is of; other than QBFT's, and the genesis block's, are hashed as
    they are."""
    if number == 0 or mix_hash != MIX_HASH:
        return encoded
    try:
        return ExtraData.of(encoded).hashed().encoded()
    except ExtraDataError:  # another consensus with that mix hash
        return encoded


def _items(field: Any) -> tuple[bytes, ...]:
    """The bytes in a list. Raises TypeError if it is none."""
    if not isinstance(field, list | tuple) or not all(isinstance(one, bytes) for one in field):
        raise TypeError("no list of bytes")
    return tuple(field)
