"""What a wallet did and got, told from one transaction's events and what it could decrypt of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum

from eth_utils.address import to_checksum_address

from offchain.wallet.address import Address
from offchain.wallet.bech32m import TextError
from offchain.wallet.ciphertext import Act, Record
from offchain.wallet.events import Event, Issued, Origin, Settled, Shielded, Swapped, Unshielded
from offchain.wallet.note import OwnedNote


class EntryKind(StrEnum):
    """What happened."""

    RECEIVED = "received"
    EARNED = "earned"
    """A relayer's fee."""
    SENT = "sent"
    CONSOLIDATED = "consolidated"
    SHIELDED = "shielded"
    UNSHIELDED = "unshielded"
    SWAPPED = "swapped"
    ISSUED = "issued"
    SETTLED = "settled"
    SPENT = "spent"
    """By a wallet that left no readable record."""


@dataclass(frozen=True)
class Entry:
    """One line of the history. `amount` and `fee` are base units of `asset`; a swap got `got_amount` of `got_asset`.

    `counterparty`: the receiver's address, or the account that was unshielded to; "" where there is none or nobody
    can know it. Issues and settlements name their microgrid and epoch.
    """

    kind: EntryKind
    asset: str
    amount: int
    transaction: str
    block: int
    time: int
    fee: int = 0
    counterparty: str = ""
    got_asset: str = ""
    got_amount: int = 0
    microgrid: int = 0
    epoch: int = 0


@dataclass(frozen=True)
class Receipt:
    """The opening of a settlement's receipt, `Poseidon(7, meter commitment, burned, blinding)`, for the operator."""

    microgrid: int
    epoch: int
    burned: int
    blinding: int = field(repr=False)
    receipt: int


@dataclass(frozen=True)
class Found:
    """A note of this wallet in a transaction. `place` counts the operation's ciphertexts; `public`: its amount is."""

    owned: OwnedNote
    place: int
    record: Record | None = None
    public: bool = False


def tell(
    origin: Origin, events: Sequence[Event], found: Sequence[Found], spent: Sequence[OwnedNote]
) -> Iterator[Entry | Receipt]:
    """The entries and receipts of one transaction, from the notes found in it and those of this wallet it spends.

    Anybody can encrypt a record to anybody, so one counts only if it fits what the chain shows: the notes spent, less
    what came back and left. Otherwise its note was simply received.
    """
    recorded = False
    mine = {note.owned.position for note in found if note.public}
    for note in found:
        told = list(_recorded(origin, events, note, spent, mine)) if note.record else []
        recorded = recorded or bool(told and spent)
        yield from told
        if not told:
            yield from _received(origin, events, note)
    if spent and not recorded:
        yield from _spent(origin, found, spent)


def _recorded(
    origin: Origin, events: Sequence[Event], found: Found, spent: Sequence[OwnedNote], mine: set[int]
) -> Iterator[Entry | Receipt]:
    record, note = found.record, found.owned.note
    assert record is not None
    gone = sum(old.amount for old in spent if old.note.asset == note.asset) - note.amount
    if record.amount != (note.amount if record.act is Act.ISSUE else gone - record.fee):
        return
    entry = Entry(
        KINDS[record.act], note.asset, record.amount, origin.transaction, origin.block, origin.time, record.fee
    )
    if record.act is Act.CONSOLIDATE:
        yield replace(entry, amount=note.amount)
    elif record.act is Act.TRANSFER:
        with suppress(TextError):
            yield replace(entry, counterparty=str(Address.from_bytes(record.counterparty)))
    elif record.act is Act.UNSHIELD:
        recipient = to_checksum_address(record.counterparty[:20])
        if Unshielded(note.asset, recipient, record.amount) in events:
            yield replace(entry, counterparty=recipient)
    elif record.act is Act.SWAP:
        swaps = [event for event in events if isinstance(event, Swapped) and event.position in mine]
        for swap in swaps[:1]:
            yield replace(entry, got_asset=swap.asset_out, got_amount=swap.amount_out)
    else:
        microgrid, epoch = (int.from_bytes(record.counterparty[at : at + 32], "big") for at in (0, 32))
        named = replace(entry, microgrid=microgrid, epoch=epoch)
        settled = [event for event in events if isinstance(event, Settled) and event.microgrid == microgrid]
        receipts = [event.receipt for event in settled if event.epoch == epoch]
        if record.act is Act.ISSUE and Issued(microgrid, epoch) in events:
            yield named
        elif record.act is Act.SETTLE and receipts:
            yield named
            yield Receipt(microgrid, epoch, record.amount, record.secret, receipts[0])


KINDS = {
    Act.TRANSFER: EntryKind.SENT,
    Act.CONSOLIDATE: EntryKind.CONSOLIDATED,
    Act.UNSHIELD: EntryKind.UNSHIELDED,
    Act.SWAP: EntryKind.SWAPPED,
    Act.ISSUE: EntryKind.ISSUED,
    Act.SETTLE: EntryKind.SETTLED,
}


def _received(origin: Origin, events: Sequence[Event], found: Found) -> Iterator[Entry]:
    note = found.owned.note
    if not note.amount:
        return
    kind = EntryKind.EARNED if found.place > 0 and not found.record else EntryKind.RECEIVED
    if found.public:
        if not any(isinstance(event, Shielded) and event.position == found.owned.position for event in events):
            return  # a swap's output: told with the swap
        kind = EntryKind.SHIELDED
    yield Entry(kind, note.asset, note.amount, origin.transaction, origin.block, origin.time)


def _spent(origin: Origin, found: Sequence[Found], spent: Sequence[OwnedNote]) -> Iterator[Entry]:
    for asset in sorted({old.note.asset for old in spent}):
        gone = sum(old.amount for old in spent if old.note.asset == asset)
        back = sum(new.owned.amount for new in found if new.owned.note.asset == asset)
        yield Entry(EntryKind.SPENT, asset, gone - back, origin.transaction, origin.block, origin.time)
