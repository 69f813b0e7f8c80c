"""A station's rules: to whom energy flows and how long, which payments count, when a session is over."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from http import HTTPStatus
from threading import Lock
from typing import Protocol

from nacl.signing import SigningKey
from pydantic import BaseModel, ConfigDict

from offchain.charging.claim import Paid, is_for
from offchain.charging.journal import Session, StationJournal
from offchain.charging.quote import Quote
from offchain.charging.receipt import Receipt
from offchain.charging.statement import Account, Shielded, Units, WattHours
from offchain.http_service import Refusal
from offchain.metering.signed_reading import SignedReading, Word
from offchain.wallet.note import AMOUNT_LIMIT, Note
from offchain.wallet.wallet import DEADLINE_SECONDS

MOST_PAYMENTS = 256
"""Of one session."""

VALID_SECONDS = 180
"""How long a quote holds, and with it the socket, until the first payment."""

PATIENCE_SECONDS = 300
"""A session without a payment and without energy for so long is over."""

IN_FLIGHT_SECONDS = 2 * DEADLINE_SECONDS
"""A session that ended without a word from its car, and isn't paid for in full, is settled so much later: no payment
is under way then any more."""

LATE_SECONDS = 24 * 60 * 60
"""How long a payment for a quote that has run out is still taken, to be refunded: no request lives as long."""


class Notes(Protocol):
    """Where a station looks payments up."""

    def notes(self, transaction: str) -> list[Note]:
        """The station's notes in a mined transaction. Raises UserError if it isn't there."""


class Offer(BaseModel):
    """What a station offers to anybody. Prices are base units per Wh and refund fees base units, by asset's address;
    `slice` and `most` are Wh; `station` and `meter` are Ed25519 public keys, in hexadecimal."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    station: Word
    meter: Word
    chain_id: int
    pool: Account
    address: Shielded
    prices: dict[Account, Units]
    refund_fees: dict[Account, Units]
    slice: WattHours
    most: WattHours


class Station:
    """One socket. Safe to call from many threads. Methods raise Refusal for what a car may not do."""

    def __init__(
        self,
        offer: Offer,
        key: SigningKey,
        chain: Notes,
        journal: StationJournal,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.offer, self._key, self._chain, self._journal, self._clock = offer, key, chain, journal, clock
        self._lock = Lock()

    def open(self, asset: str, order: int, refund_address: str, *, stream: bool) -> Quote:
        """A signed quote for `order` Wh, which holds the socket for a while."""
        price = self.offer.prices.get(asset)
        if price is None:
            raise Refusal(HTTPStatus.BAD_REQUEST, f"this station isn't paid in {asset}")
        if not 0 < order <= self.offer.most:
            raise Refusal(HTTPStatus.BAD_REQUEST, f"order from 1 to {self.offer.most} Wh, not {order}")
        if order * price >= AMOUNT_LIMIT:
            raise Refusal(HTTPStatus.BAD_REQUEST, "that costs more than a note holds")
        ahead = min(self.offer.slice, order) if stream else order
        smallest = (ahead + 1) // 2 if stream else order
        if order > MOST_PAYMENTS * smallest:
            most = MOST_PAYMENTS * smallest
            raise Refusal(
                HTTPStatus.BAD_REQUEST, f"a stream has {MOST_PAYMENTS} payments at most: order up to {most} Wh"
            )
        with self._lock:
            now = self._now()
            if any(session.paid or now <= session.quote.valid_until for session in self._journal.running()):
                raise Refusal(HTTPStatus.CONFLICT, "the socket is in use: try again later")
            quote = Quote(
                station=self.offer.station,
                session=secrets.token_hex(32),
                chain_id=self.offer.chain_id,
                pool=self.offer.pool,
                address=self.offer.address,
                meter=self.offer.meter,
                asset=asset,
                price=price,
                order=order,
                slice=ahead,
                smallest=smallest,
                refund_address=refund_address,
                refund_fee=self.offer.refund_fees[asset],
                made=now,
                valid_until=now + VALID_SECONDS,
            ).signed(self._key)
            self._journal.add(quote)
        return quote

    def pay(self, name: str, transaction: str, salt: str) -> Session:
        """Counts a payment; the same one again changes nothing. Raises TransactionMissing if it isn't mined yet."""
        quote = self.session(name).quote
        note = next((note for note in self._chain.notes(transaction) if is_for(note, name, salt)), None)
        if note is None:
            raise Refusal(HTTPStatus.FORBIDDEN, "the transaction has no note to this station for that session")
        with self._lock:
            session, now = self._found(name), self._now()
            if self._journal.has_counted(note.commitment):
                return session
            if note.asset != quote.asset:
                raise Refusal(HTTPStatus.PAYMENT_REQUIRED, f"the note is of {note.asset}, not of {quote.asset}")
            if not quote.takes(session.paid, note.amount):
                least = min(quote.cost(quote.smallest), quote.cost(quote.order) - session.paid)
                raise Refusal(HTTPStatus.PAYMENT_REQUIRED, f"{note.amount} is too small: pay {least} at least")
            if session.due is not None and now >= session.due:
                raise Refusal(HTTPStatus.GONE, "the session has ended")
            late = not session.paid and now > quote.valid_until
            paid = Paid(transaction=transaction, amount=note.amount, salt=salt)
            session = self._journal.credit(session, note.commitment, paid, now)
            return self._journal.end(session, now, now) if late else session

    def take(self, reading: SignedReading) -> None:
        """Keeps what the meter has counted of a session since its beginning (`imported`). Raises Refusal for a reading
        of somebody else, of another session than the running one, or one that goes back."""
        if not reading.is_signed_by(bytes.fromhex(self.offer.meter)):
            raise Refusal(HTTPStatus.FORBIDDEN, "the reading is not signed by this station's meter")
        with self._lock:
            session = self._found(reading.meter)
            if session.ended is not None or not session.paid:
                raise Refusal(HTTPStatus.GONE, "no energy flows for that session")
            last = session.reading
            if last and not follows(reading, last):
                if reading == last:
                    return
                raise Refusal(HTTPStatus.CONFLICT, "the reading doesn't follow the one before")
            self._journal.read(session, reading, self._now())

    def end(self, name: str) -> Session:
        """Ends a session, as its car wishes; one that was ended stays as it is."""
        with self._lock:
            session, now = self._found(name), self._now()
            if session.due is not None and session.due <= now:
                return session
            return self._journal.end(session, session.ended or now, now)

    def session(self, name: str) -> Session:
        """A session as it stands."""
        with self._lock:
            return self._found(name)

    def review(self) -> Session | None:
        """Ends what is over, forgets quotes that nothing was paid for, and says to which session energy flows now."""
        with self._lock:
            now, flowing = self._now(), None
            self._journal.forget(now - VALID_SECONDS - LATE_SECONDS)
            for session in self._journal.running():
                if not session.paid:
                    continue
                if session.used >= session.quote.order:
                    whole = session.paid >= session.quote.cost(session.quote.order)
                    self._journal.end(session, now, now if whole else now + IN_FLIGHT_SECONDS)
                elif now - session.changed > PATIENCE_SECONDS:
                    self._journal.end(session, now, now + IN_FLIGHT_SECONDS)
                elif flows(session):
                    flowing = session
            return flowing

    def due(self) -> list[Session]:
        """Sessions that are to be settled; those that nothing was paid for get no receipt."""
        with self._lock:
            return self._journal.due(self._now())

    def settled(self) -> list[Session]:
        """Sessions with a receipt, oldest first."""
        with self._lock:
            return self._journal.settled()

    def settle(self, session: Session, refund_transaction: str | None) -> Receipt:
        """Signs and keeps the receipt of a session that is due, once its refund is mined."""
        assert session.ended is not None
        bill = session.bill
        receipt = Receipt(
            station=self.offer.station,
            quote=session.quote.digest,
            delivered=session.used,
            payments=list(session.payments),
            charged=bill.charged,
            refund=bill.refund,
            refund_fee=bill.refund_fee,
            kept=bill.kept,
            refund_transaction=refund_transaction,
            ended=session.ended,
        ).signed(self._key)
        with self._lock:
            self._journal.close(receipt, session)
        return receipt

    def _found(self, name: str) -> Session:
        session = self._journal.find(name)
        if session is None:
            raise Refusal(HTTPStatus.NOT_FOUND, "there is no such session")
        return session

    def _now(self) -> int:
        return int(self._clock())


def allowed(session: Session) -> int:
    """Wh that may have flowed to a session in all: what is paid for, in whole Wh, and not beyond the order."""
    return min(session.quote.order, session.quote.bought(session.paid))


def flows(session: Session) -> bool:
    """Whether energy flows to a session."""
    return session.ended is None and session.used < allowed(session)


def follows(reading: SignedReading, last: SignedReading) -> bool:
    """Whether a reading of a session can come after another one: same beginning, later, and no less energy."""
    return (
        (reading.meter, reading.start) == (last.meter, last.start)
        and reading.sequence > last.sequence
        and reading.length >= last.length
        and reading.imported >= last.imported
    )
