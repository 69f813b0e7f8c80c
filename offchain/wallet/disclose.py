"""Makes disclosures from a wallet's keys and the chain."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from offchain.wallet.address import Address
from offchain.wallet.bech32m import TextError
from offchain.wallet.ciphertext import Act, Record
from offchain.wallet.disclosure import (
    LONGEST_PURPOSE,
    Disclosure,
    DisclosureError,
    Header,
    Line,
    Opening,
    Role,
    SettlementOpening,
    SpendingProof,
    Subject,
)
from offchain.wallet.events import Settled
from offchain.wallet.history import Found
from offchain.wallet.note import Note, OwnedNote, new_blinding
from offchain.wallet.scan import find_notes
from offchain.wallet.transaction import spent_inputs
from offchain.wallet.transactions import Shown, read
from offchain.wallet.wallet import METERS_LOOKED_FOR, Wallet
from offchain.zk.circuits import PARAMETERS
from offchain.zk.poseidon import poseidon
from offchain.zk.prover import prove

INPUTS = 2
"""Notes that one proof of spending is about."""

Progress = Callable[[str], None]


class Discloser:
    """Discloses to one auditor. The wallet must have been synced. Methods raise DisclosureError."""

    def __init__(self, wallet: Wallet, auditor: Address, purpose: str, progress: Progress | None = None) -> None:
        if not purpose or len(purpose) > LONGEST_PURPOSE or not purpose.isprintable():
            raise DisclosureError(f"say what the disclosure is for, in one line of at most {LONGEST_PURPOSE} letters")
        self._wallet, self._auditor, self._purpose = wallet, auditor, purpose
        self._progress = progress or (lambda stage: None)

    def payment(self, transaction: str) -> Disclosure:
        """That a payment went to its receiver. By who paid: with a proof of that, but what was held stays hidden. By
        who received: the opening alone."""
        return self.payments([transaction])

    def payments(self, transactions: Sequence[str]) -> Disclosure:
        """The same of several payments, each made or received by this wallet."""
        header, lines = self._header(Subject.PAYMENT), []
        for number, transaction in enumerate(transactions, start=1):
            self._progress(f"payment {number} of {len(transactions)}")
            lines.append(self._payment(header, transaction))
        return Disclosure(header, tuple(lines))

    def statement(self, since: int, until: int) -> Disclosure:
        """Everything in the history from `since` to before `until` (Unix time). Takes a second for each transaction
        that spent."""
        header = self._header(Subject.STATEMENT, since, until)
        entries = [entry for entry in self._wallet.history() if since <= entry.time < until]
        kinds = {entry.transaction: entry.kind.value for entry in entries}
        if not kinds:
            raise DisclosureError("there is nothing in that time")
        lines = []
        for number, (transaction, kind) in enumerate(kinds.items(), start=1):
            self._progress(f"line {number} of {len(kinds)}")
            lines.append(self._line(header, transaction, kind))
        return Disclosure(header, tuple(lines))

    def settlement(self, transaction: str) -> Disclosure:
        """What a settlement burned, for the microgrid's operator."""
        header = self._header(Subject.SETTLEMENT)
        opened = list(self._settlements(self._read(transaction)))
        if not opened:
            raise DisclosureError(f"transaction {transaction} is no settlement of this wallet")
        return Disclosure(header, (Line(transaction, "settled", settlement=opened[0]),))

    def _payment(self, header: Header, transaction: str) -> Line:
        shown = self._read(transaction)
        found = list(find_notes(shown.events, self._wallet.viewing))
        sent = [_paid(note, note.record) for note in found if note.record and note.record.act is Act.TRANSFER]
        paid = [opening for opening in sent if opening and opening.note.commitment in shown.positions]
        spent = self._spent(shown)
        if paid and spent:
            proofs = tuple(self._proofs(spent[:1], header.context(transaction), show_total=False))
            return Line(transaction, "sent", tuple(paid[:1]), proofs)
        got = [Opening(Role.RECEIVED, note.owned.note, str(self._wallet.address)) for note in found if _is_real(note)]
        if not got or spent:
            raise DisclosureError(f"transaction {transaction} is no payment that this wallet made or received")
        return Line(transaction, "received", tuple(got))

    def _line(self, header: Header, transaction: str, kind: str) -> Line:
        shown = self._read(transaction)
        spent = self._spent(shown)
        openings: dict[int, Opening] = {}
        for found in find_notes(shown.events, self._wallet.viewing):
            if found.record and found.record.act is Act.TRANSFER and spent:
                paid = _paid(found, found.record)
                if paid and paid.note.commitment in shown.positions:
                    openings[paid.note.commitment] = paid
            if _is_real(found):
                back = bool(spent) and found.record is not None
                role = Role.CHANGE if back else Role.RECEIVED
                own = Opening(role, found.owned.note, str(self._wallet.address))
                openings.setdefault(own.note.commitment, own)
        proofs = tuple(self._proofs(spent, header.context(transaction), show_total=True))
        settlement = next(self._settlements(shown), None)
        return Line(transaction, kind, tuple(openings.values()), proofs, settlement)

    def _proofs(self, spent: Sequence[OwnedNote], context: int, *, show_total: bool) -> Iterator[SpendingProof]:
        """Proofs that never go on chain: their notes are spent, and their context is of no operation."""
        for at in range(0, len(spent), INPUTS):
            pair = spent[at : at + INPUTS] if at + 1 < len(spent) else [spent[at]] * INPUTS
            asset, total = int(pair[0].note.asset, 16), sum(note.amount for note in pair)
            given = {
                **spent_inputs(self._wallet.keys, self._wallet.scanner.trees, pair, INPUTS),
                "asset": asset,
                "publicAsset": asset if show_total else 0,
                "publicAmount": total if show_total else 0,
                "contextHash": context,
                "outputKeys": [0, 0, 0] if show_total else [new_blinding(), new_blinding(), 0],
                "outputAmounts": [0 if show_total else total, 0, 0],
                "relayerVoid": 1,
            }
            proven = prove("joinsplit", given, self._progress)
            yield SpendingProof(proven.proof, proven.signals)

    def _settlements(self, shown: Shown) -> Iterator[SettlementOpening]:
        keys, tag = self._wallet.keys, PARAMETERS.tags.receipt
        records = [found.record for found in find_notes(shown.events, self._wallet.viewing) if found.record]
        for record in records:
            for event in shown.events:
                if record.act is not Act.SETTLE or not isinstance(event, Settled):
                    continue
                for number in range(METERS_LOOKED_FOR):
                    meter = keys.meter_commitment(number)
                    if poseidon([tag, meter, record.amount, record.secret]) == event.receipt:
                        yield SettlementOpening(event.microgrid, event.epoch, meter, record.amount, record.secret)

    def _spent(self, shown: Shown) -> list[OwnedNote]:
        spent = self._wallet.store.spent(self._wallet.viewing.public_key)
        return [note for note in spent if note.nullifier in shown.nullifiers]

    def _read(self, transaction: str) -> Shown:
        return read(self._wallet.node, transaction, (self._wallet.pool, self._wallet.registry))

    def _header(self, subject: Subject, since: int = 0, until: int = 0) -> Header:
        wallet, auditor = self._wallet, str(self._auditor)
        owner = str(wallet.address) if subject is Subject.STATEMENT else ""
        chain_id, made = wallet.manifest.chain_id, wallet.node.time()
        return Header(subject, chain_id, wallet.pool, auditor, self._purpose, made, owner, since, until)


def _is_real(found: Found) -> bool:
    return found.owned.amount > 0


def _paid(change: Found, record: Record) -> Opening | None:
    """The note that a transfer paid, from the record kept beside the change."""
    try:
        receiver = Address.from_bytes(record.counterparty)
    except TextError:
        return None
    note = Note(change.owned.note.asset, record.amount, record.secret, receiver.public_key)
    return Opening(Role.PAYMENT, note, str(receiver))
