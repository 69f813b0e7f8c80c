"""Ciphertexts: what their owner reads, and that strangers' bytes stop nobody."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.bindings import crypto_box_afternm, crypto_box_beforenm, crypto_box_keypair

from offchain.wallet.ciphertext import LENGTHS, Act, Content, Kind, Opened, Record, seal, unseal
from offchain.wallet.events import (
    Event,
    Issued,
    NotesQueued,
    NullifiersSpent,
    Origin,
    Settled,
    Shielded,
    Swapped,
    Unshielded,
)
from offchain.wallet.history import Entry, EntryKind, Found, Receipt, tell
from offchain.wallet.keys import Keys, Seed
from offchain.wallet.note import AMOUNT_LIMIT, ETH, Note, OwnedNote
from offchain.wallet.scan import find_notes
from offchain.zk.field import MODULUS

OWNER, OTHER = Seed(bytes(16)).keys(), Seed(bytes(range(16))).keys()
TOKEN = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
ACCOUNT = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
ORIGIN = Origin(5, "0xb", "0xt", 1000)
FIELD = st.integers(0, MODULUS - 1)
AMOUNTS = st.integers(0, AMOUNT_LIMIT - 1)


def note(keys: Keys, amount: int, blinding: int = 7, asset: str = TOKEN) -> Note:
    return Note(asset, amount, blinding, keys.viewing.public_key)


def sealed_to(keys: Keys) -> bytes:
    return keys.address.encryption_key


@given(AMOUNTS, FIELD, AMOUNTS, AMOUNTS, st.sampled_from(Act), st.binary(min_size=64, max_size=64), FIELD, FIELD)
@settings(max_examples=50, deadline=None)
def test_each_owner_reads_its_own(
    amount: int, blinding: int, paid: int, fee: int, act: Act, counterparty: bytes, secret: int, alone: int
) -> None:
    """P3: every value survives, and nobody opens another's box."""
    theirs, mine = note(OTHER, paid, blinding), note(OWNER, amount, blinding)
    record = Record(act, paid, fee, counterparty, secret)
    data = seal([(sealed_to(OTHER), theirs), (sealed_to(OWNER), (mine, record)), (sealed_to(OTHER), alone)])
    assert len(data) == 33 + sum(17 + LENGTHS[kind] for kind in (Kind.NOTE, Kind.OWN_NOTE, Kind.BLINDING))
    assert unseal(data, OWNER.viewing) == [None, Opened(mine, record), None]
    assert unseal(data, OTHER.viewing) == [Opened(theirs), None, Opened(blinding=alone)]


def test_equal_notes_look_different() -> None:
    """P3: nothing repeats, neither between operations nor within one."""
    contents: list[Content] = [(sealed_to(OWNER), note(OWNER, 5))] * 2
    first, second = seal(contents), seal(contents)
    half = (len(first) - 33) // 2
    assert first[33:] != second[33:]
    assert first[34 : 33 + half] != first[34 + half :]


@given(st.binary(max_size=700))
def test_garbage_is_passed_over(data: bytes) -> None:
    """P9: any bytes."""
    assert not any(unseal(data, OWNER.viewing))
    assert not any(unseal(b"\1" + data, OWNER.viewing))


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_damaged_ciphertexts_open_to_nothing_else(data: st.DataObject) -> None:
    """P9: cut, changed or lengthened, a box gives its content or nothing."""
    contents: list[Content] = [(sealed_to(OWNER), note(OWNER, 5))]
    contents.append((sealed_to(OWNER), (note(OWNER, 6), Record(Act.TRANSFER, 1))))
    whole = seal(contents)
    true = unseal(whole, OWNER.viewing)
    place = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(place, len(whole)))
    damaged = whole[:place] + data.draw(st.binary(max_size=40)) + whole[end:]
    assert all(box is None or box in true for box in unseal(damaged, OWNER.viewing))


@given(st.sampled_from(Kind), st.data())
@settings(max_examples=100, deadline=None)
def test_what_a_stranger_encrypts_is_a_note_or_nothing(kind: Kind, data: st.DataObject) -> None:
    """P9: content that decrypts but holds nonsense (an unknown act, a blinding beyond the field) stops nothing, and
    without its commitment in the event it is nobody's note."""
    content = data.draw(st.binary(min_size=LENGTHS[kind], max_size=LENGTHS[kind]))
    public, private = crypto_box_keypair()
    nonce = bytes([0, kind]).ljust(24, b"\0")
    box = crypto_box_afternm(content, nonce, crypto_box_beforenm(sealed_to(OWNER), private))
    ciphertexts = b"\1" + public + bytes([kind]) + box
    assert len(unseal(ciphertexts, OWNER.viewing)) == 1
    assert list(find_notes([NotesQueued(0, (123,), ciphertexts)], OWNER.viewing)) == []


def test_points_of_small_order_are_passed_over() -> None:
    """P9: ephemeral keys with which the exchange gives nothing."""
    box = seal([(sealed_to(OWNER), note(OWNER, 5))])[33:]
    for key in (bytes(32), (1).to_bytes(32, "little")):
        assert unseal(b"\1" + key + box, OWNER.viewing) == [None]


def test_notes_are_found_wherever_they_stand() -> None:
    """Ciphertexts are matched to commitments by the note they hold, and positions skip what was left out."""
    first, second = note(OWNER, 5, 1), note(OWNER, 6, 2)
    data = seal([(sealed_to(OWNER), first), (sealed_to(OWNER), second)])
    queued = NotesQueued(10, (999, second.commitment, 0, first.commitment), data)
    found = list(find_notes([queued], OWNER.viewing))
    assert [(one.owned.position, one.owned.amount) for one in found] == [(12, 5), (11, 6)]
    assert list(find_notes([NotesQueued(10, (999,), data)], OWNER.viewing)) == []


def test_notes_that_the_contract_makes_are_found_by_their_blinding() -> None:
    """A shield's and a swap's; the amount is the event's."""
    mine = note(OWNER, 50, 77, ETH)
    shield: list[Event] = [
        NotesQueued(3, (mine.commitment,), seal([(sealed_to(OWNER), 77)])),
        Shielded(ETH, 50, mine.npk, 3),
    ]
    assert [one.owned for one in find_notes(shield, OWNER.viewing)] == [OWNER.viewing.own(mine, 3)]
    assert list(find_notes(shield, OTHER.viewing)) == []


def own(amount: int, asset: str = TOKEN) -> OwnedNote:
    return OWNER.viewing.own(note(OWNER, amount, 9, asset), 0)


def found(amount: int, record: Record | None = None, place: int = 1) -> Found:
    return Found(OWNER.viewing.own(note(OWNER, amount), 1), place, record)


def entries(record: Record, change: int, events: list[Event], spent: int = 100) -> list[Entry | Receipt]:
    return list(tell(ORIGIN, events, [found(change, record)], [own(spent)] if spent else []))


SENT = Record(Act.TRANSFER, 60, 3, OTHER.address.to_bytes())
PAID_OUT = Record(Act.UNSHIELD, 60, 3, bytes.fromhex(ACCOUNT[2:]).ljust(64, b"\0"))
PAIR = (1).to_bytes(32, "big") + (8).to_bytes(32, "big")


def test_the_history_tells_what_the_records_say() -> None:
    common = {"asset": TOKEN, "amount": 60, "transaction": "0xt", "block": 5, "time": 1000, "fee": 3}
    assert entries(SENT, 37, []) == [Entry(EntryKind.SENT, **common, counterparty=str(OTHER.address))]  # type: ignore[arg-type]
    assert entries(PAID_OUT, 37, [Unshielded(TOKEN, ACCOUNT, 60)]) == [
        Entry(EntryKind.UNSHIELDED, **common, counterparty=ACCOUNT)  # type: ignore[arg-type]
    ]
    settled = entries(Record(Act.SETTLE, 60, 3, PAIR, 44), 37, [Settled(1, 8, 55)])
    assert settled == [
        Entry(EntryKind.SETTLED, **common, microgrid=1, epoch=8),  # type: ignore[arg-type]
        Receipt(1, 8, 60, 44, 55),
    ]
    (issued,) = entries(Record(Act.ISSUE, 60, 3, PAIR), 60, [Issued(1, 8)], spent=0)
    assert issued == Entry(EntryKind.ISSUED, **common, microgrid=1, epoch=8)  # type: ignore[arg-type]
    (merged,) = entries(Record(Act.CONSOLIDATE, 0, 3), 97, [])
    assert isinstance(merged, Entry)
    assert (merged.kind, merged.amount, merged.fee) == (EntryKind.CONSOLIDATED, 97, 3)


def test_a_swap_is_told_with_what_it_got() -> None:
    record = Record(Act.SWAP, 60, 3, bytes.fromhex(ETH[2:]).ljust(64, b"\0"), 9)
    output = Found(OWNER.viewing.own(note(OWNER, 8, 9, ETH), 2), 0, public=True)
    events: list[Event] = [Swapped(TOKEN, ETH, 60, 8, output.owned.note.npk, 250, 2), NullifiersSpent((1, 2))]
    (entry,) = tell(ORIGIN, events, [found(37, record), output], [own(100)])
    assert isinstance(entry, Entry)
    assert (entry.kind, entry.amount, entry.got_asset, entry.got_amount) == (EntryKind.SWAPPED, 60, ETH, 8)


@pytest.mark.parametrize(
    ("record", "spent", "events"),
    [
        (SENT, 0, []),  # nothing of this wallet was spent
        (SENT, 101, []),  # the sum is another
        (PAID_OUT, 100, []),  # nothing left the pool
        (PAID_OUT, 100, [Unshielded(TOKEN, ACCOUNT, 61)]),
        (Record(Act.SETTLE, 60, 3, PAIR), 100, [Settled(1, 9, 55)]),
        (Record(Act.SWAP, 60, 3), 100, []),
        (Record(Act.TRANSFER, 60, 3, bytes([255]) * 64), 100, []),  # no address
        (Record(Act.ISSUE, 37, 3, PAIR), 0, [Issued(2, 8)]),
    ],
)
def test_a_stranger_can_t_forge_history(record: Record, spent: int, events: list[Event]) -> None:
    """P3: anybody can encrypt a record to anybody; one that doesn't fit the chain makes a received note and no more."""
    told = entries(record, 37, events, spent)
    kinds = {entry.kind for entry in told if isinstance(entry, Entry)}
    assert kinds == ({EntryKind.RECEIVED, EntryKind.SPENT} if spent else {EntryKind.RECEIVED})
    assert not any(isinstance(entry, Receipt) for entry in told)


def test_fees_and_payments_are_told_apart() -> None:
    """A relayer's note is the last one of its operation."""
    told = tell(ORIGIN, [], [found(5, place=0), found(2, place=2)], [])
    assert [entry.kind for entry in told if isinstance(entry, Entry)] == [EntryKind.RECEIVED, EntryKind.EARNED]
    assert list(tell(ORIGIN, [], [found(0, place=0)], [])) == []  # a note of nothing
