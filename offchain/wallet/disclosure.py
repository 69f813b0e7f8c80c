"""What an owner shows of its history to one auditor, as a file that only the auditor opens (docs/flows/disclosure.md).

It names the auditor and the purpose. Each line is of one transaction: openings of notes, which can be held against the
chain's commitments, and proofs that the owner of the spent notes made this disclosure, for this auditor and purpose.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from eth_utils.address import is_address, to_checksum_address
from eth_utils.crypto import keccak

from offchain.errors import UserError
from offchain.wallet.address import Address
from offchain.wallet.bech32m import TextError
from offchain.wallet.keys import ViewingKey
from offchain.wallet.note import AMOUNT_LIMIT, Note
from offchain.wallet.sealed_file import SealedFile
from offchain.zk.field import MODULUS
from offchain.zk.proof import Proof

Value = TypeVar("Value")

VERSION = 1
MARK = "openmg_disclosure"
LONGEST_PURPOSE = 200
JOINSPLIT_SIGNALS = 10


class DisclosureError(UserError):
    """Says in one line why a disclosure can't be made, opened or believed."""


FILE = SealedFile(MARK, VERSION, "disclosure", DisclosureError)


class Subject(StrEnum):
    """What a disclosure is about."""

    PAYMENT = "payment"
    STATEMENT = "statement"
    SETTLEMENT = "settlement"


class Role(StrEnum):
    """Whose a note is that a line opens."""

    PAYMENT = "payment"
    """The counterparty's."""
    RECEIVED = "received"
    """The discloser's, from outside this transaction."""
    CHANGE = "change"
    """The discloser's, what came back of its own."""


@dataclass(frozen=True)
class Opening:
    """A note that is shown. `address` says whom its public key belongs to, where the discloser knows."""

    role: Role
    note: Note
    address: str = ""


@dataclass(frozen=True)
class SpendingProof:
    """A proof of `joinsplit` that repeats nullifiers of a transaction under the disclosure's context: only the owner of
    the notes spent there can make it. One note alone stands in both places. Its public amount is the sum of both
    places, and its outputs are then the empty ones; 0 if that isn't shown."""

    proof: Proof
    signals: tuple[int, ...]


@dataclass(frozen=True)
class SettlementOpening:
    """What a settlement's receipt is the hash of. `burned` in base units; `meter`: the meter's commitment."""

    microgrid: int
    epoch: int
    meter: int
    burned: int
    blinding: int = field(repr=False)


@dataclass(frozen=True)
class Line:
    """What is shown of one transaction. `kind` is the word of the owner's history."""

    transaction: str
    kind: str
    openings: tuple[Opening, ...] = ()
    proofs: tuple[SpendingProof, ...] = ()
    settlement: SettlementOpening | None = None


@dataclass(frozen=True)
class Header:
    """Who is shown what, and why. `owner` is the discloser's address, "" where that stays hidden; times are Unix time,
    `since` and `until` of a statement."""

    subject: Subject
    chain_id: int
    pool: str
    auditor: str
    purpose: str
    made: int
    owner: str = ""
    since: int = 0
    until: int = 0

    def context(self, transaction: str) -> int:
        """What proofs of spending are bound to: a hash that no operation of the pool has."""
        content = json.dumps([MARK, VERSION, *_header_content(self).values(), transaction])
        return int.from_bytes(keccak(text=content), "big") % MODULUS


@dataclass(frozen=True)
class Disclosure:
    """A header and its lines."""

    header: Header
    lines: tuple[Line, ...]

    def sealed(self) -> str:
        """The file for the auditor, one line of JSON that holds nothing readable but the auditor's address."""
        auditor = Address.parse(self.header.auditor)
        content = {"header": _header_content(self.header), "lines": [_line_content(line) for line in self.lines]}
        return FILE.seal(auditor, content)

    @classmethod
    def unsealed(cls, text: str, key: ViewingKey) -> Disclosure:
        """What a file holds for the owner of `key`. Raises DisclosureError if it is damaged or for somebody else."""
        content = FILE.open(text, key)
        try:
            header = _header(content["header"])
            lines = tuple(_line(line) for line in content["lines"])
        except (KeyError, TypeError, ValueError, AttributeError, TextError) as error:
            raise FILE.damaged(error) from error
        if header.auditor != str(key.address):
            raise DisclosureError(f"this disclosure was made for {header.auditor}, and handed on to you")
        return cls(header, lines)


def _header_content(header: Header) -> dict[str, Any]:
    return {
        "subject": header.subject.value,
        "chain_id": header.chain_id,
        "pool": header.pool,
        "auditor": header.auditor,
        "purpose": header.purpose,
        "made": header.made,
        "owner": header.owner,
        "since": header.since,
        "until": header.until,
    }


def _header(content: Mapping[str, Any]) -> Header:
    header = Header(
        Subject(content["subject"]),
        _count(content["chain_id"]),
        _account(content["pool"]),
        str(Address.parse(content["auditor"])),
        _text(content["purpose"]),
        _count(content["made"]),
        str(Address.parse(content["owner"])) if content["owner"] else "",
        _count(content["since"]),
        _count(content["until"]),
    )
    if header.subject is Subject.STATEMENT and not header.owner:
        raise ValueError("a statement without an owner")
    return header


def _line_content(line: Line) -> dict[str, Any]:
    content: dict[str, Any] = {"transaction": line.transaction, "kind": line.kind}
    content["openings"] = [
        {
            "role": opening.role.value,
            "asset": opening.note.asset,
            "amount": hex(opening.note.amount),
            "blinding": hex(opening.note.blinding),
            "public_key": hex(opening.note.owner),
            "address": opening.address,
        }
        for opening in line.openings
    ]
    content["proofs"] = [
        {"proof": [*map(hex, shown.proof.numbers)], "signals": [*map(hex, shown.signals)]} for shown in line.proofs
    ]
    if line.settlement:
        content["settlement"] = {name: hex(value) for name, value in vars(line.settlement).items()}
    return content


def _line(content: Mapping[str, Any]) -> Line:
    settlement = content.get("settlement")
    return Line(
        _transaction(content["transaction"]),
        _text(content["kind"]),
        _each(content["openings"], _opening),
        _each(content["proofs"], _proof),
        _settlement(settlement) if settlement is not None else None,
    )


def _opening(content: Mapping[str, Any]) -> Opening:
    note = Note(
        _account(content["asset"]),
        _number(content["amount"], AMOUNT_LIMIT),
        _number(content["blinding"], MODULUS),
        _number(content["public_key"], MODULUS),
    )
    address = Address.parse(content["address"]) if content["address"] else None
    if address and address.public_key != note.owner:
        raise ValueError("the address is not the note's")
    return Opening(Role(content["role"]), note, str(address or ""))


def _proof(content: Mapping[str, Any]) -> SpendingProof:
    proof = _each(content["proof"], lambda value: _number(value, 2**256))
    signals = _each(content["signals"], lambda value: _number(value, MODULUS))
    if len(proof) != 8 or len(signals) != JOINSPLIT_SIGNALS:
        raise ValueError("no proof of a joinsplit")
    return SpendingProof(Proof.from_numbers(proof), signals)


def _settlement(content: Mapping[str, Any]) -> SettlementOpening:
    microgrid, epoch = (_number(content[name], 2**64) for name in ("microgrid", "epoch"))
    meter, blinding = (_number(content[name], MODULUS) for name in ("meter", "blinding"))
    return SettlementOpening(microgrid, epoch, meter, _number(content["burned"], AMOUNT_LIMIT), blinding)


def _each(values: Any, convert: Callable[[Any], Value]) -> tuple[Value, ...]:
    if not isinstance(values, list):
        raise TypeError("no list")
    return tuple(convert(value) for value in values)


def _number(text: Any, limit: int) -> int:
    number = int(text, 16) if isinstance(text, str) and len(text) <= 66 else -1
    if not 0 <= number < limit:
        raise ValueError("a number out of range")
    return number


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**64:
        raise ValueError("no number")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_PURPOSE or not value.isprintable():
        raise ValueError("no text")
    return value


def _account(value: Any) -> str:
    if not isinstance(value, str) or not is_address(value):
        raise ValueError("no address")
    return to_checksum_address(value)


def _transaction(value: Any) -> str:
    if not isinstance(value, str) or len(value) != 66 or not value.startswith("0x"):
        raise ValueError("no transaction's hash")
    return "0x" + bytes.fromhex(value[2:]).hex()
