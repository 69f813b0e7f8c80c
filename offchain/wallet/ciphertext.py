"""What stands in `Terms.ciphertexts`: the new notes, each encrypted to its owner (docs/reference/wallet-formats.md).

    1   version
    32  ephemeral X25519 public key, new for every operation
    then per note: 1 kind, 16 authenticator, the encrypted content of the kind's length

Boxes are NaCl's `crypto_box` (X25519, XSalsa20-Poly1305). The nonce is the box's number and kind: the ephemeral key is
used once, so no key ever sees a nonce twice. Numbers are big-endian.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from eth_utils.address import to_checksum_address
from nacl.bindings import (
    crypto_box_afternm,
    crypto_box_beforenm,
    crypto_box_keypair,
    crypto_box_open_afternm,
)
from nacl.exceptions import CryptoError

from offchain.wallet.keys import ViewingKey
from offchain.wallet.note import Note
from offchain.zk.field import MODULUS

VERSION = 1
KEY_BYTES = 32
AUTHENTICATOR_BYTES = 16
NONCE_BYTES = 24


class Kind(IntEnum):
    """What a box holds."""

    NOTE = 1
    """asset 20, amount 16, blinding 32"""
    OWN_NOTE = 2
    """a note of the sender's own, then the record of what was done"""
    BLINDING = 3
    """blinding 32, of a note whose asset and amount the chain knows"""


class Act(IntEnum):
    """What a record tells of."""

    TRANSFER = 1
    CONSOLIDATE = 2
    UNSHIELD = 3
    SWAP = 4
    ISSUE = 5
    SETTLE = 6


NOTE_BYTES = 68
RECORD_BYTES = 129
LENGTHS = {Kind.NOTE: NOTE_BYTES, Kind.OWN_NOTE: NOTE_BYTES + RECORD_BYTES, Kind.BLINDING: 32}
COUNTERPARTY_BYTES = 64


@dataclass(frozen=True)
class Record:
    """What the sender did, for itself alone. `amount` and `fee` are base units of the notes' asset.

    `counterparty`, by act: the receiver's address; the recipient's account (20); the asset wanted (20); microgrid and
    epoch (32 each); filled up with zeros. `secret`: the blinding of a transfer's note (so that the
    payment can be shown to an auditor), of a swap's output, or of a settlement's receipt.
    """

    act: Act
    amount: int
    fee: int = 0
    counterparty: bytes = b""
    secret: int = field(default=0, repr=False)


@dataclass(frozen=True)
class Opened:
    """What a box held: a note made out to this wallet, perhaps with a record, or a blinding alone."""

    note: Note | None = None
    record: Record | None = None
    blinding: int | None = field(default=None, repr=False)


Content = tuple[bytes, Note | tuple[Note, Record] | int]
"""The X25519 public key to encrypt to, and a note, an own note with its record, or a blinding."""


def seal(contents: Sequence[Content]) -> bytes:
    """The ciphertexts of an operation's notes, in the order of its commitments."""
    public, private = crypto_box_keypair()
    boxes = [bytes([VERSION]), public]
    for number, (key, content) in enumerate(contents):
        kind, data = _encoded(content)
        sealed = crypto_box_afternm(data, _nonce(number, kind), crypto_box_beforenm(key, private))
        boxes += [bytes([kind]), sealed]
    return b"".join(boxes)


def unseal(ciphertexts: bytes, key: ViewingKey) -> list[Opened | None]:
    """What each box holds for the owner of `key`; None for others' boxes and for anything malformed.

    Never raises: strangers write these bytes. Whether a note is really there is told by its commitment alone.
    """
    boxes = list(_boxes(ciphertexts))
    if not boxes:
        return []
    try:
        shared = crypto_box_beforenm(ciphertexts[1 : 1 + KEY_BYTES], key.decryption_key)
    except CryptoError:  # a point of small order
        return [None] * len(boxes)
    return [_open(number, kind, box, shared, key) for number, (kind, box) in enumerate(boxes)]


def _boxes(data: bytes) -> Iterator[tuple[Kind, bytes]]:
    if len(data) <= KEY_BYTES or data[0] != VERSION:
        return
    at = 1 + KEY_BYTES
    while at < len(data):
        length = LENGTHS.get(data[at])  # type: ignore[call-overload]
        if length is None or at + 1 + AUTHENTICATOR_BYTES + length > len(data):
            return
        end = at + 1 + AUTHENTICATOR_BYTES + length
        yield Kind(data[at]), data[at + 1 : end]
        at = end


def _open(number: int, kind: Kind, box: bytes, shared: bytes, key: ViewingKey) -> Opened | None:
    try:
        data = crypto_box_open_afternm(box, _nonce(number, kind), shared)
    except CryptoError:
        return None
    try:
        if kind is Kind.BLINDING:
            return Opened(blinding=_blinding(data))
        note = Note(
            to_checksum_address(data[:20]),
            int.from_bytes(data[20:36], "big"),
            _blinding(data[36:NOTE_BYTES]),
            key.public_key,
        )
        return Opened(note, _record(data[NOTE_BYTES:]) if kind is Kind.OWN_NOTE else None)
    except ValueError:
        return None


def _nonce(number: int, kind: Kind) -> bytes:
    return bytes([number, kind]).ljust(NONCE_BYTES, b"\0")


def _encoded(content: Note | tuple[Note, Record] | int) -> tuple[Kind, bytes]:
    if isinstance(content, int):
        return Kind.BLINDING, content.to_bytes(32, "big")
    if isinstance(content, Note):
        return Kind.NOTE, _note_bytes(content)
    note, record = content
    return Kind.OWN_NOTE, _note_bytes(note) + _record_bytes(record)


def _note_bytes(note: Note) -> bytes:
    return bytes.fromhex(note.asset[2:]) + note.amount.to_bytes(16, "big") + note.blinding.to_bytes(32, "big")


def _record_bytes(record: Record) -> bytes:
    numbers = record.amount.to_bytes(16, "big") + record.fee.to_bytes(16, "big")
    counterparty = record.counterparty.ljust(COUNTERPARTY_BYTES, b"\0")
    return bytes([record.act]) + numbers + counterparty + record.secret.to_bytes(32, "big")


def _record(data: bytes) -> Record:
    """Raises ValueError for an act that there isn't."""
    amount, fee = (int.from_bytes(data[at : at + 16], "big") for at in (1, 17))
    return Record(Act(data[0]), amount, fee, data[33:97], _blinding(data[97:]))


def _blinding(data: bytes) -> int:
    number = int.from_bytes(data, "big")
    if number >= MODULUS:
        raise ValueError("not a field element")
    return number
