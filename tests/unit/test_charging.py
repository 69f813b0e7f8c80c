"""Charging without a chain: sums, what a station takes and refuses, its journal, its routes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nacl.signing import SigningKey

from offchain.book import BookError
from offchain.charging.bill import Bill
from offchain.charging.cashier import Cashier
from offchain.charging.client import ChargeError
from offchain.charging.garage import COUNTER, CarSession, Garage
from offchain.charging.incoming import Incoming
from offchain.charging.journal import StationJournal
from offchain.charging.once import Once, Payment
from offchain.charging.outlet import SimulatedOutlet
from offchain.charging.quote import Quote
from offchain.charging.receipt import Receipt
from offchain.charging.service import LARGEST_BODY, service
from offchain.charging.statement import StatementError
from offchain.charging.station import IN_FLIGHT_SECONDS, LATE_SECONDS, PATIENCE_SECONDS, VALID_SECONDS, allowed, flows
from offchain.http_service import Refusal
from offchain.rate import Rate
from offchain.wallet.address import Address
from offchain.wallet.note import ETH
from offchain.wallet.selection import FundsError
from offchain.wallet.transactions import TransactionMissing
from tests.charging import CAR, FEE, KEY, METER, NOW, OTHER, POOL, PRICE, SLICE, STRANGER, TOKEN, Yard, altered


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path / "station.db")


def refusal(call: Callable[[], object]) -> tuple[int, str]:
    with pytest.raises(Refusal) as error:
        call()
    return int(error.value.status), str(error.value)


# Sums


@given(
    order=st.integers(1, 100_000),
    stream=st.booleans(),
    steps=st.lists(st.tuples(st.booleans(), st.integers(0, 2_000)), max_size=30),
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_sums_hold_whatever_is_read_and_paid(
    tmp_path_factory: pytest.TempPathFactory, order: int, stream: bool, steps: list[tuple[bool, int]]
) -> None:
    """B1 B2 paid = charged + refund + fee + kept after any readings and payments, also of a station that starts anew in
    between; an honest car is never more than a slice ahead, and the meter never counts what isn't paid for."""
    yard = Yard(tmp_path_factory.mktemp("yard") / "station.db")
    order = min(order, 256 * SLICE // 2) if stream else order
    quote = yard.open(order, stream=stream)
    bought = used = 0
    for pays, moved in steps:
        if pays and (wanted := quote.next_payment(bought, used)):
            session, bought = yard.pay(quote, wanted), bought + wanted
            assert bought - used <= quote.slice
            assert allowed(session) == bought <= order
        elif not pays and bought:
            session = yard.station.session(quote.session)
            if flows(session):
                used = min(used + moved, allowed(session))
                yard.count(quote, used)
            if moved % 7 == 0:
                yard.restart()
    session = yard.station.session(quote.session)
    bill = session.bill
    assert (session.used, session.paid) == (used, quote.cost(bought))
    assert bill.paid == session.paid == bill.charged + bill.refund + bill.refund_fee + bill.kept
    assert (bill.charged, bill.unpaid) == (quote.cost(used), 0)
    assert bill.refund == max(quote.cost(bought - used) - FEE, 0)
    assert bill.kept <= FEE


@given(paid=st.integers(0, 10**12), used=st.integers(0, 10**7))
@settings(deadline=None)
def test_sums_hold_for_a_meter_that_counts_on(paid: int, used: int) -> None:
    """B1 what is delivered beyond what was paid is the station's loss, and nobody is charged for it."""
    quote = made_quote()
    bill = Bill.of(quote, paid, used)
    assert bill.paid == bill.charged + bill.refund + bill.refund_fee + bill.kept
    assert bill.charged + bill.unpaid == quote.cost(used)
    assert bill.unpaid == 0 or bill.charged == paid
    assert min(vars(bill).values()) >= 0
    assert bill.refund == 0 or bill.refund_fee == FEE


def test_a_rest_that_a_refund_would_cost_is_kept() -> None:
    """B1 one base unit more than the fee goes back."""
    quote = made_quote()
    for rest, refund, fee, kept in ((FEE, 0, 0, FEE), (FEE + 1, 1, FEE, 0), (0, 0, 0, 0)):
        bill = Bill.of(quote, quote.cost(10) + rest, 10)
        assert (bill.refund, bill.refund_fee, bill.kept) == (refund, fee, kept)


def made_quote(**changes: Any) -> Quote:
    told: dict[str, Any] = {
        "station": bytes(KEY.verify_key).hex(),
        "session": "5f" * 32,
        "chain_id": 950327,
        "pool": POOL,
        "address": str(OTHER.address),
        "meter": bytes(METER.verify_key).hex(),
        "asset": ETH,
        "price": PRICE,
        "order": 2_000,
        "slice": 500,
        "smallest": 250,
        "refund_address": str(CAR.one_time(0).address),
        "refund_fee": FEE,
        "made": NOW,
        "valid_until": NOW + 180,
    }
    return Quote(**{**told, **changes}).signed(KEY)


# Statements


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("price", str(PRICE - 1)),
        ("order", 2_001),
        ("refund_address", str(OTHER.address)),
        ("address", str(CAR.address)),
        ("meter", bytes(STRANGER.verify_key).hex()),
        ("asset", TOKEN),
        ("valid_until", NOW + 181),
        ("station", bytes(STRANGER.verify_key).hex()),
        ("signature", "00" * 64),
        ("signature", ""),
    ],
)
def test_an_altered_quote(field: str, value: object) -> None:
    """B3 every field is under the signature of the key that stands in it."""
    quote = made_quote()
    assert Quote.of(altered(quote)) == quote
    with pytest.raises(StatementError, match="not what its station signed"):
        Quote.of(altered(quote, **{field: value}))


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("price", "0", "price"),
        ("price", "-1", "price"),
        ("price", "1e3", "price"),
        ("price", 1.5, "price"),
        ("order", 0, "order"),
        ("slice", 2_001, "must not fall"),
        ("smallest", 501, "must not fall"),
        ("price", str(2**127), "more than a note holds"),
        ("address", "openmg1qqq", "address"),
        ("pool", POOL.replace("C8", "c8"), "checksum"),
        ("session", "5F" * 32, "session"),
        ("more", 1, "more"),
    ],
)
def test_a_quote_that_is_none(field: str, value: object, why: str) -> None:
    """P9 one line that names the field, before any signature is checked."""
    with pytest.raises(StatementError, match=why) as error:
        Quote.of(altered(made_quote(), **{field: value}))
    assert "\n" not in str(error.value)
    with pytest.raises(StatementError):
        Quote.of([])


def test_a_receipt_that_is_not_the_quotes(yard: Yard) -> None:
    """B3 a station can't sign other sums than those of quote, energy and payments without being found out."""
    quote = yard.open()
    yard.pay(quote, 250)
    yard.count(quote, 100)
    receipt = yard.station.settle(yard.station.end(quote.session), "0x" + "12" * 32)
    assert receipt.check(quote).refund == quote.cost(150) - FEE
    assert Receipt.of(altered(receipt)) == receipt
    wrongs: list[dict[str, Any]] = [
        {"refund": receipt.refund - 1, "refund_fee": receipt.refund_fee + 1},
        {"charged": receipt.charged + 1, "refund": receipt.refund - 1},
        {"delivered": 101},
        {"payments": []},
        {"refund_transaction": None},
        {"quote": "00" * 32},
    ]
    for changes in wrongs:
        wrong = receipt.model_copy(update=changes).signed(KEY)
        with pytest.raises(StatementError):
            wrong.check(quote)
    with pytest.raises(StatementError, match="another quote"):
        receipt.check(made_quote())


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
