"""A charging station without a chain: what it takes and refuses, its cashier, outlet, journal and routes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
from fastapi.testclient import TestClient
from nacl.signing import SigningKey

from offchain.book import BookError
from offchain.charging.cashier import Cashier
from offchain.charging.client import ChargeError
from offchain.charging.garage import COUNTER, CarSession, Garage
from offchain.charging.incoming import Incoming
from offchain.charging.journal import StationJournal, only_one
from offchain.charging.once import Once, Payment
from offchain.charging.outlet import SimulatedOutlet
from offchain.charging.quote import Quote
from offchain.charging.receipt import Receipt
from offchain.charging.service import LARGEST_BODY, service
from offchain.charging.station import IN_FLIGHT_SECONDS, LATE_SECONDS, PATIENCE_SECONDS, VALID_SECONDS, flows
from offchain.http_service import Refusal
from offchain.rate import Rate
from offchain.wallet.address import Address
from offchain.wallet.note import ETH
from offchain.wallet.selection import FundsError
from offchain.wallet.transactions import TransactionMissing
from tests.charging import (
    CAR,
    FEE,
    METER,
    NOW,
    POOL,
    PRICE,
    STRANGER,
    TOKEN,
    Yard,
    made_quote,
)


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path / "station.db")


def refusal(call: Callable[[], object]) -> tuple[int, str]:
    with pytest.raises(Refusal) as error:
        call()
    return int(error.value.status), str(error.value)


# What a station takes and refuses


def test_energy_flows_for_what_is_paid(yard: Yard) -> None:
    """B2 nothing before the first payment, nothing after what is paid, and nothing after the order."""
    quote = yard.open(1_000)
    assert yard.station.review() is None
    yard.pay(quote, 250)
    assert yard.station.review() is not None
    yard.count(quote, 249)
    assert yard.station.review() is not None
    yard.count(quote, 250)
    assert yard.station.review() is None
    assert yard.station.due() == []
    yard.pay(quote, 250)
    assert yard.station.review() is not None
    yard.pay(quote, 500)
    yard.count(quote, 1_000)
    assert yard.station.review() is None
    (session,) = yard.station.due()
    assert session.bill.refund == session.bill.kept == 0


def test_a_note_pays_once(yard: Yard) -> None:
    """B4 for one slice of one session, whoever shows it and however often, also to a station that starts anew."""
    quote = yard.open()
    transaction, salt = yard.mined(quote, quote.cost(250))
    for _ in range(3):
        assert yard.show(quote, transaction, salt).paid == quote.cost(250)
        yard.restart()
    again = f"0x{77:064x}"
    yard.chain.transactions[again] = yard.chain.transactions[transaction]  # another one that shows the very same note
    assert yard.show(quote, again, salt).paid == quote.cost(250)
    yard.station.end(quote.session)
    other = yard.open()
    assert refusal(lambda: yard.show(other, transaction, salt))[0] == 403


def test_another_cars_payment_is_of_no_use(yard: Yard) -> None:
    """B4 who sees a transaction, or a salt on its way, can't show it for another session."""
    quote = yard.open()
    transaction, salt = yard.mined(quote, quote.cost(250))
    for wrong in ("00" * 32, "5f" * 32):
        assert refusal(lambda wrong=wrong: yard.station.pay(quote.session, transaction, wrong))[0] == 403  # type: ignore[misc]
    yard.now += VALID_SECONDS + 1
    other = yard.open()
    assert refusal(lambda: yard.station.pay(other.session, transaction, salt))[0] == 403
    with pytest.raises(TransactionMissing):
        yard.station.pay(quote.session, "0x" + "99" * 32, salt)
    assert refusal(lambda: yard.station.pay("77" * 32, transaction, salt))[0] == 404


def test_the_wrong_asset_and_too_little(yard: Yard) -> None:
    """B4 neither counts; the last payment of an order may be small."""
    quote = yard.open(300)
    for amount, asset, why in (
        (quote.cost(300), TOKEN, f"the note is of {TOKEN}, not of {ETH}"),
        (quote.cost(150) - 1, ETH, f"too small: pay {quote.cost(150)} at least"),
    ):
        made = yard.mined(quote, amount, asset)
        status, said = refusal(lambda made=made: yard.show(quote, *made))  # type: ignore[misc]
        assert (status, why in said) == (402, True)
    assert yard.station.session(quote.session).paid == 0
    assert yard.pay(quote, 250).paid == quote.cost(250)
    assert yard.pay(quote, 50).paid == quote.cost(300)


def test_a_quote_that_has_run_out(yard: Yard) -> None:
    """B5 it holds the socket no longer; a payment that is too late ends the session, and goes back but for the fee."""
    quote = yard.open()
    assert refusal(lambda: yard.open()) == (409, "the socket is in use: try again later")
    yard.now += VALID_SECONDS + 1
    other = yard.open()
    session = yard.pay(quote, 250)
    assert session.ended is not None
    assert not flows(session)
    (due,) = yard.station.due()
    assert (due.bill.charged, due.bill.refund) == (0, quote.cost(250) - FEE)
    assert refusal(lambda: yard.pay(quote, 250))[0] == 410
    yard.pay(other, 250)
    assert yard.station.review() is not None
    third = Yard(yard.path.with_name("third.db"))
    forgotten = third.open()
    third.now += VALID_SECONDS + LATE_SECONDS + 1
    third.station.review()
    assert refusal(lambda: third.station.session(forgotten.session))[0] == 404


def test_a_session_that_ended_unpaid(yard: Yard) -> None:
    """B5 it is nothing to settle, and is forgotten as a quote that has run out is."""
    quote = yard.open()
    yard.station.end(quote.session)
    assert yard.station.due() == []
    yard.now += VALID_SECONDS + LATE_SECONDS
    yard.station.review()
    assert yard.station.session(quote.session).paid == 0
    yard.now += 1
    yard.station.review()
    assert refusal(lambda: yard.station.session(quote.session))[0] == 404


def test_a_car_that_stops_paying(yard: Yard) -> None:
    """B2 B5 the station stops at once, gives up after a while, and settles when nothing can be under way any more."""
    quote = yard.open()
    yard.pay(quote, 250)
    yard.count(quote, 250)
    assert yard.station.review() is None
    yard.now += PATIENCE_SECONDS + 1
    yard.station.review()
    assert yard.station.session(quote.session).ended is not None
    assert yard.station.due() == []
    late = yard.pay(quote, 250)
    assert late.paid == quote.cost(500)
    assert not flows(late)
    yard.now += IN_FLIGHT_SECONDS
    (due,) = yard.station.due()
    assert (due.bill.charged, due.bill.refund) == (quote.cost(250), quote.cost(250) - FEE)
    assert refusal(lambda: yard.pay(quote, 250))[0] == 410


def test_a_meter_that_counts_on_to_the_end(yard: Yard) -> None:
    """B5 what its car was just paying for that energy counts."""
    quote = yard.open(500)
    yard.pay(quote, 250)
    yard.count(quote, 500)
    assert yard.station.review() is None
    assert yard.station.session(quote.session).ended is not None
    yard.pay(quote, 250)
    yard.now += IN_FLIGHT_SECONDS
    (due,) = yard.station.due()
    assert (due.bill.charged, due.bill.unpaid) == (quote.cost(500), 0)


def test_readings_of_somebody_else(yard: Yard) -> None:
    """B6 only the station's meter is believed, only for the running session, and never backwards."""
    quote = yard.open()
    assert refusal(lambda: yard.station.take(yard.reading(quote, 1)))[0] == 410
    yard.pay(quote, 250)
    first = yard.reading(quote, 100)
    yard.station.take(first)
    yard.station.take(first)
    for reading, status in (
        (yard.reading(quote, 200, STRANGER), 403),
        (yard.reading(quote, 99), 409),
        (yard.reading(quote, 200, sequence=1), 409),
        (yard.reading(quote, 200, start=NOW + 1), 409),
        (yard.reading(made_quote(), 200), 404),
    ):
        assert refusal(lambda reading=reading: yard.station.take(reading))[0] == status  # type: ignore[misc]
    assert yard.station.session(quote.session).used == 100
    yard.station.end(quote.session)
    assert refusal(lambda: yard.station.take(yard.reading(quote, 200)))[0] == 410


@pytest.mark.parametrize(
    ("order", "asset", "stream", "why"),
    [
        (0, ETH, True, "order from 1"),
        (100_001, ETH, False, "order from 1"),
        (64_001, ETH, True, "order up to 64000"),
        (10, POOL, True, "isn't paid in"),
    ],
)
def test_orders_that_are_refused(yard: Yard, order: int, asset: str, stream: bool, why: str) -> None:
    """P9 before the socket is held."""
    assert why in refusal(lambda: yard.open(order, asset, stream=stream))[1]
    yard.open()


# The cashier


@dataclass
class Till:
    """Pays nothing before there is money."""

    filled: bool = False

    def pay(self, purpose: str, receiver: Address, amount: int, asset: str) -> Payment:
        if not self.filled:
            raise FundsError("not enough")
        return Payment("0x" + "12" * 32, amount)


def test_a_refund_that_cannot_be_paid_yet(yard: Yard) -> None:
    """B5 P9 it is told once, tried again with each step, and paid when it can be."""
    quote = yard.open()
    yard.pay(quote, 250)
    yard.station.end(quote.session)
    said: list[str] = []
    till = Till()
    cashier = Cashier(yard.station, cast(Incoming, yard.chain), cast(Once, till), said.append)
    for _ in range(3):
        assert cashier.step() == []
    assert cashier.problems == said == [f"session {quote.session[:8]} can't be settled yet: not enough"]
    till.filled = True
    (receipt,) = cashier.step()
    assert (receipt.refund, cashier.problems) == (quote.cost(250) - FEE, [])
    assert cashier.step() == []


# The outlet


def test_the_simulated_outlet(yard: Yard) -> None:
    """B2 B6 it gives what is paid for and not a Wh more, and goes on after a restart where the journal ended."""
    outlet = SimulatedOutlet(yard.station, METER, 3_600, lambda: yard.now)
    quote = yard.open(1_000)
    outlet.step()
    yard.pay(quote, 250)
    for _ in range(4):
        outlet.step()
        yard.now += 40
    session = yard.station.session(quote.session)
    assert (session.used, session.reading and session.reading.start) == (120, NOW)
    yard.restart()
    outlet = SimulatedOutlet(yard.station, METER, 3_600, lambda: yard.now)
    for _ in range(9):
        outlet.step()
        yard.now += 40
    session = yard.station.session(quote.session)
    assert (session.used, flows(session)) == (250, False)
    assert outlet.counted == 250


# The journal


def test_a_journal_that_can_t_be_used(tmp_path: Path) -> None:
    """P9 one line."""
    (tmp_path / "station.db").write_text("not a database at all, but long enough to be read as one")
    with pytest.raises(BookError, match="can't be used"):
        StationJournal(tmp_path / "station.db")
    journal = StationJournal(tmp_path / "other.db")
    assert (tmp_path / "other.db").stat().st_mode & 0o777 == 0o600
    assert journal.find("5f" * 32) is None


# The garage


def test_each_order_has_an_address_of_its_own(tmp_path: Path) -> None:
    """B7 also the one after a quote that was refused, of a car that starts anew, or whose counter is gone."""
    folder = tmp_path / "car"
    assert [Garage(folder).new_number() for _ in range(3)] == [0, 1, 2]
    Garage(folder).save(CarSession("http://127.0.0.1:8700", 7, made_quote()))
    assert Garage(folder).new_number() == 8
    (folder / COUNTER).unlink()
    assert Garage(folder).new_number() == 8
    assert folder.stat().st_mode & 0o777 == 0o700
    (folder / COUNTER).write_text("eight")
    with pytest.raises(ChargeError, match="can't be read"):
        Garage(folder).new_number()


# The routes


@pytest.fixture
def client(yard: Yard) -> Iterator[TestClient]:
    with TestClient(service(yard.station, "token", Rate(6_000, 1_000))) as client:
        yield client


def test_routes(yard: Yard, client: TestClient) -> None:
    """B2 B3 a session over HTTP, from the offer to the receipt."""
    assert client.get("/offer").json()["prices"][ETH] == str(PRICE)
    asked = {"asset": ETH, "order": 300, "stream": False, "refund_address": str(CAR.one_time(0).address)}
    answer = client.post("/sessions", json=asked)
    assert answer.status_code == 201
    quote = Quote.of(answer.json())
    transaction, salt = yard.mined(quote, quote.cost(300))
    shown = {"transaction": transaction, "salt": salt}
    paid = client.post(f"/sessions/{quote.session}/payments", json=shown).json()
    assert (paid["paid"], paid["allowed"], paid["flowing"]) == (str(quote.cost(300)), 300, True)
    meter = {"Authorization": "Bearer token"}
    assert client.get("/outlet", headers=meter).json()["session"] == quote.session
    reading = yard.reading(quote, 120).model_dump(mode="json")
    assert client.post("/readings", json=reading, headers=meter).status_code == 200
    assert client.get(f"/sessions/{quote.session}").json()["reading"] == reading
    assert client.post(f"/sessions/{quote.session}/end").json()["ended"]
    assert client.get("/outlet", headers=meter).json() == {"flowing": False}
    (session,) = yard.station.due()
    yard.station.settle(session, "0x" + "12" * 32)
    receipt = Receipt.of(client.get(f"/sessions/{quote.session}").json()["receipt"])
    assert (receipt.delivered, receipt.check(quote).charged) == (120, quote.cost(120))


@pytest.mark.parametrize(
    ("path", "body", "status", "why"),
    [
        ("/sessions", b"{", 400, "no JSON"),
        ("/sessions", b"[" * 3_000, 400, "no JSON"),
        ("/sessions", b"[]", 400, ""),
        ("/sessions", b'{"asset": "ETH", "order": 1, "stream": true, "refund_address": "x"}', 400, "asset"),
        ("/sessions", b'{"order": "1"}', 400, ""),
        ("/sessions", b" " * (LARGEST_BODY + 1), 413, "at most"),
        ("/sessions/5f/payments", b'{"transaction": "0x12", "salt": "5f"}', 400, "transaction"),
        ("/sessions/5f/end", b"{}", 404, "no such session"),
        ("/readings", b"{}", 401, "meter"),
        ("/nowhere", b"{}", 404, "Not Found"),
    ],
)
def test_requests_that_are_none(client: TestClient, yard: Yard, path: str, body: bytes, status: int, why: str) -> None:
    """P9 one line of JSON, and the socket stays free."""
    answer = client.post(path, content=body)
    assert (answer.status_code, list(answer.json())) == (status, ["error"])
    assert why in answer.json()["error"]
    assert "\n" not in answer.json()["error"]
    yard.open()


def test_the_meters_routes_are_the_meters(yard: Yard) -> None:
    """B6 without the token nobody learns a session's name or posts readings; without a meter there is no token."""
    wrong = [b"", b"Bearer ", b"Bearer wrong", "Bearer t\xf6k".encode("latin-1")]
    for token in ("", "token"):
        with TestClient(service(yard.station, token)) as client:
            for value in wrong:
                assert client.get("/outlet", headers={b"Authorization": value}).status_code == 401
    with TestClient(service(yard.station, rate=Rate(60, 2))) as client:
        assert [client.get("/sessions/5f").status_code for _ in range(3)] == [404, 404, 429]


def test_keys_of_the_station_differ() -> None:
    """B7 one-time wallets and signing keys of a seed have nothing in common with it or each other."""
    publics = {CAR.viewing.public_key, *(CAR.one_time(number).viewing.public_key for number in range(5))}
    seeds = {CAR.secret(purpose) for purpose in ("charging station", "charging outlet")}
    assert (len(publics), len(seeds)) == (6, 2)
    assert SigningKey(seeds.pop()).verify_key != SigningKey(seeds.pop()).verify_key


def test_a_wallet_is_one_station(tmp_path: Path) -> None:
    """P9: two would let energy flow to two cars, and pay back twice."""
    path = tmp_path / "station.db"
    with only_one(path), pytest.raises(BookError, match="another process is this wallet's station already"):  # noqa: SIM117
        with only_one(path):
            raise AssertionError("there are two")
    with only_one(path):
        pass
