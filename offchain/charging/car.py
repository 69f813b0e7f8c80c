"""A car's side of a session: pays for what it gets, slice by slice or at once, and keeps what proves it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count

from offchain.assets import Assets
from offchain.charging.claim import Paid, blinding_of
from offchain.charging.client import ChargeError, Ended, NotYet, StationClient, Status
from offchain.charging.garage import CarSession, Garage
from offchain.charging.incoming import Incoming
from offchain.charging.once import Once, Payment, Sent
from offchain.charging.patient import POLL_SECONDS, Patient
from offchain.charging.quote import Quote
from offchain.charging.receipt import Receipt
from offchain.charging.station import follows
from offchain.errors import UserError
from offchain.metering.signed_reading import SignedReading
from offchain.wallet.address import Address
from offchain.wallet.keys import Keys
from offchain.wallet.relay import Submitter
from offchain.wallet.request import Operation
from offchain.wallet.selection import NotYetSpendable
from offchain.wallet.wallet import Wallet
from offchain.zk.prover import Progress

STALL_SECONDS = 60
"""Without energy for so long, although it is paid for, a car ends its session."""

SEEN_SECONDS = 30
"""How long a station's node may take to see a payment that the car's own has."""

RECEIPT_SECONDS = 180
"""How long a car waits for its receipt: the refund may wait for a flush."""

TOLERANCE = 0.02
"""By which the station's meter may count more than the car's instrument: losses of the cable, and both their errors."""

SENT = "sent.db"
"""A car's payments, in the folder of its sessions."""

Instrument = Callable[[], float]
"""Wh that a car has got in this session, by its own count."""


class Cheated(ChargeError):
    """What a station did is not what it signed."""


@dataclass(frozen=True)
class Wish:
    """What a car asks for: Wh of order, and the station's key if it is known (None: whoever signs). At the most: base
    units per Wh, Wh that a stream pays ahead, and base units that a refund costs (None: any)."""

    asset: str
    order: int
    stream: bool
    most: int | None = None
    station: str | None = None
    most_ahead: int | None = None
    most_refund_fee: int | None = None


class Car:
    """Charges with one wallet. `instrument` counts what really comes; without one the station's meter is believed."""

    def __init__(
        self,
        wallet: Wallet,
        submitter: Submitter,
        garage: Garage,
        instrument: Instrument | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._wallet, self._submitter, self._garage = wallet, submitter, garage
        self._instrument, self._progress = instrument, progress
        self._sent = Sent(wallet, garage.folder / SENT)
        self._once = Once(self._sent, submitter)

    def order(self, station: StationClient, wish: Wish) -> CarSession:
        """Has a quote made, checks and keeps it. Raises ChargeError if it isn't what was wished for, or can't be paid,
        and what the submitter raises."""
        relay = self._submitter.relay(Operation.TRANSFER, wish.asset)
        number = self._garage.new_number()
        own = str(self._wallet.keys.one_time(number).address)
        quote = station.quote(wish.asset, wish.order, own, stream=wish.stream)
        try:
            self._check(quote, wish, own)
            self._check_means(quote, relay.fee if relay else 0)
        except ChargeError:
            with suppress(ChargeError):
                station.end(quote.session)  # the socket is free again
            raise
        return self._garage.save(CarSession(station.url, number, quote))

    def charge(
        self, session: CarSession, tell: Callable[[CarSession, int], None], stopped: Callable[[], bool] = lambda: False
    ) -> CarSession:
        """Goes through a session from where it stands to its receipt; `tell` is told of it and of the base units paid.
        Ends it when `stopped` says so, nothing comes any more, or the meter counts what doesn't come.

        Raises Cheated if the receipt is wrong, ChargeError if there is none in time, and what paying raises: calling it
        again goes on, and pays nothing twice.
        """
        station = Patient(StationClient(session.url))
        payments = self._recovered(session, station)
        moved = time.monotonic()
        while True:
            status = station.status(session.name)
            used = session.used
            session = self._read(session, status)
            tell(session, sum(paid.amount for paid in payments))
            if status.ended:
                return self._settled(session, station, payments)
            moved = time.monotonic() if session.used > used or not status.flowing else moved
            problem = self._problem(session, stalled=time.monotonic() - moved > STALL_SECONDS)
            if problem or stopped():
                session = self._garage.save(replace(session, reason=problem or "as its owner wished"))
                station.end(session.name)
                continue
            next_purpose = _purpose(session, len(payments))
            try:
                paid = self._pay_next(session, station, payments)
            except UserError:
                if self._sent.kept(next_purpose) is None:  # one that is under way would come too late
                    with suppress(ChargeError):
                        station.end(session.name)  # who can't pay any more doesn't keep the socket
                raise
            if paid:
                moved = time.monotonic()
            else:
                time.sleep(POLL_SECONDS)

    def collect(self, session: CarSession) -> CarSession:
        """Takes the rest that came back home, into the wallet, less a relayer's fee. Raises ChargeError if there is
        nothing that can be."""
        asset, one_time, purpose = session.quote.asset, self._one_time(session), f"collect {session.name}"
        sent = Sent(one_time, self._garage.folder / SENT)
        once = Once(sent, self._submitter)
        try:
            paid = once.finished(purpose)
            if paid is None:
                one_time.await_flush()
                held = sum(note.amount for note in one_time.notes(asset)[0])
                relay = self._submitter.relay(Operation.TRANSFER, asset)
                left = held - (relay.fee if relay else 0)
                if left <= 0:
                    raise ChargeError(f"nothing of session {session.name[:8]} can be collected now")
                paid = once.pay(purpose, self._wallet.address, left, asset, self._progress)
        finally:
            sent.close()
        return self._garage.save(replace(session, collected=paid.transaction))

    def close(self) -> None:
        """Closes its files."""
        self._sent.close()

    def _check(self, quote: Quote, wish: Wish, own: str) -> None:
        manifest = self._wallet.manifest
        if (quote.chain_id, quote.pool) != (manifest.chain_id, self._wallet.pool):
            raise ChargeError(f"the station is of another network: pool {quote.pool} on chain {quote.chain_id}")
        if wish.station is not None and quote.station != wish.station:
            raise ChargeError(f"another station answers: its key is {quote.station}")
        if (quote.asset, quote.order, quote.refund_address) != (wish.asset, wish.order, own):
            raise ChargeError("the quote is not of what was ordered")
        if wish.most is not None and quote.price > wish.most:
            raise ChargeError(f"the station asks for {quote.price} base units per Wh, more than {wish.most}")
        if not wish.stream and quote.smallest != quote.order:
            raise ChargeError("the quote is for a stream, not for one payment")
        if wish.stream and wish.most_ahead is not None and quote.slice > wish.most_ahead:
            raise ChargeError(f"the station wants {quote.slice} Wh paid ahead, more than {wish.most_ahead}")
        if wish.most_refund_fee is not None and quote.refund_fee > wish.most_refund_fee:
            raise ChargeError(f"a refund costs {quote.refund_fee} base units, more than {wish.most_refund_fee}")

    def _check_means(self, quote: Quote, fee: int) -> None:
        """Raises ChargeError if the first payment and its fee are more than the wallet has."""
        wallet, needed = self._wallet, quote.cost(quote.smallest) + fee
        wallet.sync()
        held = sum(one.spendable + one.waiting for one in wallet.balances() if one.asset == quote.asset)
        if held < needed:
            asset = Assets(wallet.manifest, wallet.node).at(quote.asset)
            raise ChargeError(f"not enough: {asset.shown(needed)} are needed, {asset.shown(held)} are there")

    def _recovered(self, session: CarSession, station: Patient) -> list[Paid]:
        """The payments made so far. One that was begun is finished, unless the session has ended; the last is shown
        again, since the station may not have heard of it. It has of the others: none is made before the one before is
        shown."""
        ended = station.status(session.name).ended
        found: list[Paid] = []
        for number in count():
            purpose = _purpose(session, number)
            payment = self._sent.mined(purpose) if ended else self._once.finished(purpose)
            if payment is None:
                break
            found.append(_paid(payment, session, number, self._wallet.keys))
        if found and not session.receipt:
            with suppress(Ended):
                self._show(session, station, found[-1])
        return found

    def _pay_next(self, session: CarSession, station: Patient, payments: list[Paid]) -> bool:
        """Pays for the next slice if it is time to and there are notes for it."""
        quote, paid = session.quote, sum(one.amount for one in payments)
        watt_hours = quote.next_payment(quote.bought(paid), self._got(session))
        if not watt_hours:
            return False
        if not payments and time.time() >= quote.valid_until:
            raise ChargeError("the quote has run out: ask for another one")
        number, receiver, keys = len(payments), Address.parse(quote.address), self._wallet.keys
        purpose, cost = _purpose(session, number), quote.cost(watt_hours)
        blinding = blinding_of(session.name, _salt(session, number, keys))
        try:
            payment = self._once.pay(purpose, receiver, cost, quote.asset, self._progress, blinding)
        except NotYetSpendable:
            return False  # the change of the payment before waits for a flush
        payments.append(_paid(payment, session, number, keys))
        self._show(session, station, payments[-1])
        return True

    def _show(self, session: CarSession, station: Patient, payment: Paid) -> None:
        """Shows a payment, until the station's node sees it too."""
        end = time.monotonic() + SEEN_SECONDS
        while True:
            try:
                station.pay(session.name, payment)
                return
            except NotYet:
                if time.monotonic() > end:
                    raise
                time.sleep(POLL_SECONDS)

    def _read(self, session: CarSession, status: Status) -> CarSession:
        """The session with the meter's latest reading. Raises Cheated for one that the meter can't have signed."""
        if status.reading is None:
            return session
        reading = SignedReading.of(status.reading)
        if reading == session.reading:
            return session
        if reading.meter != session.name or not reading.is_signed_by(bytes.fromhex(session.quote.meter)):
            raise Cheated("the station shows a reading that its meter didn't sign for this session")
        if session.reading and not follows(reading, session.reading):
            raise Cheated("the station shows a reading that goes back")
        return self._garage.save(replace(session, reading=reading))

    def _got(self, session: CarSession) -> int:
        """Wh that the car pays on for: never more than it got itself."""
        return min(session.used, int(self._instrument() * (1 + TOLERANCE))) if self._instrument else session.used

    def _problem(self, session: CarSession, *, stalled: bool) -> str:
        if stalled:
            return "nothing comes any more"
        ahead = session.used - self._got(session)
        return "the meter counts what doesn't come" if ahead > session.quote.smallest else ""

    def _settled(self, session: CarSession, station: Patient, payments: list[Paid]) -> CarSession:
        """Waits for the receipt and checks it against quote, meter, payments and the chain."""
        if not payments:
            raise ChargeError("the session has ended, and nothing was paid for it")
        end = time.monotonic() + RECEIPT_SECONDS
        status = station.status(session.name)
        while status.receipt is None:
            if time.monotonic() > end:
                raise ChargeError(f"no receipt yet: `openmg charge resume {session.name[:8]}` asks again")
            time.sleep(POLL_SECONDS)
            status = station.status(session.name)
        session = self._read(session, status)
        receipt = Receipt.of(status.receipt)
        receipt.check(session.quote)
        if receipt.delivered != session.used:
            raise Cheated(f"the receipt says {receipt.delivered} Wh, the meter {session.used}")
        own = sorted((paid.transaction, paid.amount) for paid in payments)
        if sorted((paid.transaction, paid.amount) for paid in receipt.payments) != own:
            raise Cheated("the receipt's payments are not those that were made")
        if receipt.refund and self._refunded(session, receipt) != receipt.refund:
            raise Cheated("the rest that the receipt names did not come")
        return self._garage.save(replace(session, receipt=receipt))

    def _refunded(self, session: CarSession, receipt: Receipt) -> int:
        """Base units that the one-time wallet got."""
        wallet, viewing = self._wallet, self._wallet.keys.one_time(session.number).viewing
        notes = Incoming(wallet.node, wallet.pool, viewing).notes(str(receipt.refund_transaction))
        return sum(note.amount for note in notes if note.asset == session.quote.asset)

    def _one_time(self, session: CarSession) -> Wallet:
        wallet = self._wallet
        return Wallet(wallet.keys.one_time(session.number), wallet.web3, wallet.manifest, wallet.store.path.parent)


def mined_payments(session: CarSession, sent: Sent) -> list[Paid]:
    """What is mined of a session's payments, oldest first."""
    found: list[Paid] = []
    while payment := sent.mined(_purpose(session, len(found))):
        found.append(_paid(payment, session, len(found), sent.wallet.keys))
    return found


def _paid(payment: Payment, session: CarSession, number: int, keys: Keys) -> Paid:
    return Paid(transaction=payment.transaction, amount=payment.amount, salt=_salt(session, number, keys))


def _salt(session: CarSession, number: int, keys: Keys) -> str:
    """Of a session's payment: the same again for who has the words."""
    return keys.secret(_purpose(session, number)).hex()


def _purpose(session: CarSession, number: int) -> str:
    return f"pay {session.name} {number}"
