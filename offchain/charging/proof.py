"""Puts together what each side proves of a session."""

from __future__ import annotations

from collections.abc import Sequence

from offchain.charging.claim import Paid
from offchain.charging.client import ChargeError
from offchain.charging.evidence import Evidence
from offchain.charging.garage import CarSession
from offchain.charging.journal import Session
from offchain.wallet.disclose import Discloser


def of_station(session: Session, discloser: Discloser) -> Evidence:
    """That a station got what its receipt says, and paid the rest back. Raises ChargeError without a receipt."""
    receipt = session.receipt
    if receipt is None:
        raise ChargeError(f"session {session.quote.session[:8]} has no receipt yet")
    payments = discloser.payments([paid.transaction for paid in receipt.payments])
    refund = discloser.payment(receipt.refund_transaction) if receipt.refund_transaction else None
    return Evidence(session.quote, session.reading, receipt, tuple(receipt.payments), payments, refund)


def of_car(session: CarSession, payments: Sequence[Paid], discloser: Discloser) -> Evidence:
    """That a car paid for a session, and what came of it by the last signed reading: with the receipt if it has one.
    Raises ChargeError if nothing was paid."""
    if not payments:
        raise ChargeError(f"nothing was paid for session {session.name[:8]}")
    shown = discloser.payments([payment.transaction for payment in payments])
    return Evidence(session.quote, session.reading, session.receipt, tuple(payments), shown)
