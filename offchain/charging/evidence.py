"""What a station or a car shows a third party of one session, as a file that only that one opens.

It holds the signed quote, the meter's last reading, the receipt where there is one, and disclosures of the payments and
of the refund (docs/flows/disclosure.md). The rest is arithmetic, and the chain.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from offchain.charging.bill import Bill
from offchain.charging.claim import Paid, is_for
from offchain.charging.quote import Quote
from offchain.charging.receipt import Receipt
from offchain.errors import UserError
from offchain.metering.signed_reading import SignedReading
from offchain.wallet.address import Address
from offchain.wallet.audit import Audit, Finding
from offchain.wallet.disclosure import Disclosure, Line, Subject
from offchain.wallet.keys import ViewingKey
from offchain.wallet.sealed_file import SealedFile


class EvidenceError(UserError):
    """Says in one line why evidence can't be opened or believed."""


FILE = SealedFile("openmg_charging", 1, "evidence of a charging session", EvidenceError)


@dataclass(frozen=True)
class Verdict:
    """What is certain of a session. `bill` is that of the payments proven on chain and of the meter's reading; `times`
    those of the first and the last payment. `refunded`: base units that went to the car's one-time address, as far as
    the evidence shows."""

    quote: Quote
    used: int
    bill: Bill
    payments: int
    times: tuple[int, int]
    has_receipt: bool
    refunded: int

    @property
    def owed(self) -> int:
        """Base units of the refund that the evidence doesn't show."""
        return max(self.bill.refund - self.refunded, 0)


@dataclass(frozen=True)
class Evidence:
    """One session for one auditor. `payments` are disclosed by the station as their receiver, with its receipt, or by
    the car as their payer."""

    quote: Quote
    reading: SignedReading | None
    receipt: Receipt | None
    paid: tuple[Paid, ...]
    payments: Disclosure
    refund: Disclosure | None = None

    def sealed(self) -> str:
        """The file, one line of JSON that holds nothing readable but the auditor's address."""
        auditor = Address.parse(self.payments.header.auditor)
        content: dict[str, Any] = {"payments": self.payments.sealed()}
        content["refund"] = self.refund.sealed() if self.refund else None
        content["paid"] = [paid.model_dump(mode="json") for paid in self.paid]
        for name in ("quote", "reading", "receipt"):
            part = getattr(self, name)
            content[name] = part.model_dump(mode="json") if part else None
        return FILE.seal(auditor, content)

    @classmethod
    def unsealed(cls, text: str, key: ViewingKey) -> Evidence:
        """What a file holds for the owner of `key`. Raises EvidenceError, StatementError, DisclosureError if it is
        damaged, for somebody else, or not what was signed."""
        content = FILE.open(text, key)
        try:
            reading, receipt, refund = content["reading"], content["receipt"], content["refund"]
            return cls(
                Quote.of(content["quote"]),
                SignedReading.of(reading) if reading is not None else None,
                Receipt.of(receipt) if receipt is not None else None,
                tuple(Paid.model_validate(paid) for paid in content["paid"]),
                Disclosure.unsealed(content["payments"], key),
                Disclosure.unsealed(refund, key) if refund is not None else None,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise FILE.damaged(error) from error

    def check(self, audit: Audit) -> Verdict:
        """What it proves, held against the chain. Raises EvidenceError, StatementError or DisclosureError if anything
        in it doesn't hold."""
        quote, reading, receipt = self.quote, self.reading, self.receipt
        if reading and (reading.meter != quote.session or not reading.is_signed_by(bytes.fromhex(quote.meter))):
            raise EvidenceError("the reading is not of this session's meter")
        used = reading.imported if reading else 0
        findings = _checked(audit, self.payments)
        if {line.transaction for line in self.payments.lines} != {paid.transaction for paid in self.paid}:
            raise EvidenceError("the payments that are named are not those that are disclosed")
        lines = zip(self.payments.lines, findings, strict=True)
        bill = Bill.of(quote, sum(self._paid(line, finding) for line, finding in lines), used)
        if receipt:
            receipt.check(quote)
            if receipt.delivered != used:
                raise EvidenceError(f"the receipt says {receipt.delivered} Wh, the meter {used}")
            if sorted(receipt.payments, key=_by_transaction) != sorted(self.paid, key=_by_transaction):
                raise EvidenceError("the payments that are shown are not those of the receipt")
        refunded = sum(_checked_refund(quote, audit, self.refund)) if self.refund else 0
        times = sorted(finding.time for finding in findings)
        return Verdict(quote, used, bill, len(findings), (times[0], times[-1]), receipt is not None, refunded)

    def _paid(self, line: Line, finding: Finding) -> int:
        """Base units that a transaction paid to the station for this session: its note is to the address in the quote,
        in its asset, and its blinding comes from the session."""
        quote, transaction = self.quote, line.transaction
        named = [paid for paid in self.paid if paid.transaction == transaction]
        notes = [one.note for one in line.openings if one.address == quote.address and one.note.asset == quote.asset]
        if len(named) != 1 or [note.amount for note in notes if is_for(note, quote.session, named[0].salt)] != [
            named[0].amount
        ]:
            raise EvidenceError(f"transaction {transaction} is not shown to pay this station for this session")
        if self.receipt is None and not finding.by_owner:
            raise EvidenceError(f"transaction {transaction} is not proven to be paid by who shows this")
        return named[0].amount


def _checked(audit: Audit, disclosure: Disclosure) -> list[Finding]:
    if disclosure.header.subject is not Subject.PAYMENT:
        raise EvidenceError("the evidence shows something else than payments")
    return audit.check(disclosure)


def _checked_refund(quote: Quote, audit: Audit, refund: Disclosure) -> Iterator[int]:
    for finding in _checked(audit, refund):
        back = [
            movement
            for movement in finding.movements
            if (movement.role, movement.address, movement.asset) == ("payment", quote.refund_address, quote.asset)
        ]
        if len(back) != 1 or not finding.by_owner:
            raise EvidenceError(f"transaction {finding.transaction} is not shown to be this session's refund")
        yield back[0].amount


def _by_transaction(paid: Paid) -> str:
    return paid.transaction
