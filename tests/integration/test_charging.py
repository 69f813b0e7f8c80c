"""A car and a station on the real pool with real proofs: two whole sessions, crashes, cheating, evidence."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from web3.types import RPCEndpoint

from offchain.chains import ChainSpec, started
from offchain.charging import car as car_module
from offchain.charging.car import Car, Wish
from offchain.charging.client import ChargeError, NotYet, StationClient
from offchain.charging.evidence import Evidence, EvidenceError, Verdict
from offchain.charging.garage import CarSession, Garage
from offchain.charging.proof import of_car, of_station
from offchain.charging.receipt import Receipt
from offchain.charging.statement import StatementError
from offchain.deployment.manifest import Manifest
from offchain.deployment.platform import PlatformDeployment
from offchain.errors import UserError
from offchain.metering.signed_reading import SignedReading
from offchain.sender import development_sender
from offchain.simulate.charging_place import PRICES, Place
from offchain.simulate.charging_story import ChargingStory
from offchain.units import ETHER
from offchain.wallet.audit import Audit
from offchain.wallet.disclose import Discloser
from offchain.wallet.disclosure import DisclosureError
from offchain.wallet.keys import Seed
from offchain.wallet.note import ETH
from offchain.wallet.relay import OwnAccount, RelayError, Submitter
from offchain.wallet.request import Request
from offchain.wallet.wallet import Wallet
from offchain.zk.prover import warm

AUDITOR, STRANGER = (Seed(bytes([number] * 16)).keys() for number in (51, 52))
PAYER = 3
PRICE = PRICES["ETH"] // 1000
SLICE = 200


class Killed(BaseException):
    """As kill -9: nothing is put in order."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Where energy comes fast: 400 Wh a second."""
    folder = tmp_path_factory.mktemp("place")
    warm("joinsplit")
    with started(ChainSpec("plasma", 950327, 0)) as chain:
        made = Place(chain.web3, Manifest.open(950327, folder), folder, SLICE, power=360_000, speed=4)
        list(PlatformDeployment(made.operator, made.manifest, made.operator.address).run())
        with made.flushing(), made.relaying():
            yield made


@pytest.fixture
def wallet(place: Place, tmp_path: Path) -> Wallet:
    """A car's, with a note of 0.01 ETH that can be spent."""
    keys = Seed.new().keys()
    place.give(keys, {"ETH": [ETHER // 100]})
    made = Wallet(keys, place.web3, place.manifest, tmp_path)
    made.await_flush()
    return made


def held(wallet: Wallet) -> int:
    """Wei, spent change included."""
    wallet.sync()
    return sum(balance.spendable + balance.waiting for balance in wallet.balances())


def own(place: Place) -> OwnAccount:
    return OwnAccount(development_sender(place.web3, PAYER))


def nothing(session: object, paid: int, fee: int = 0) -> None:
    """Is told, and does nothing."""


def ordered(place: Place, car: Car, order: int, *, stream: bool = False, **wish: Any) -> CarSession:
    return car.order(StationClient(place.station_url), Wish(ETH, order, stream, **wish))


def test_two_sessions(tmp_path: Path) -> None:
    """B1 B2 B8 P3 a stream in ETH and a payment in energy with a refund, through a relayer: all sums to the last unit,
    both receipts verified by another process, the car unknown to station and chain."""
    with started(ChainSpec("plasma", 950327, 0)) as chain:
        place = Place(chain.web3, Manifest.open(950327, tmp_path), tmp_path, 500, power=360_000, speed=2)
        list(PlatformDeployment(place.operator, place.manifest, place.operator.address).run())
        story = ChargingStory(place, streamed=500)
        list(story.run())
    assert {check: holds for check, holds in story.checks.items() if not holds} == {}
    assert len(story.checks) == 14
    first, second = (session.receipt for session in story.sessions)
    assert first
    assert second
    assert (first.delivered, len(first.payments), first.refund) == (500, 2, 0)
    assert 1_200 <= second.delivered < 3_000
    assert second.refund > 0


class Falling(OwnAccount):
    """An account whose process is killed before or after a payment goes out."""

    after: bool = False

    def submit(self, request: Request) -> str:
        if self.after:
            super().submit(request)
        raise Killed


def test_a_car_that_is_killed(place: Place, wallet: Wallet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """B9 before its payment goes out, after it, or before it shows it: it goes on, and pays once. What was never sent
    and can't be any more is paid anew."""
    garage = Garage(tmp_path / "car")
    before, cost = held(wallet), 100 * PRICE
    with place.selling():
        for number, kill in enumerate(("before", "after", "shown", "late"), start=1):
            submitter: Submitter = own(place)
            if kill != "shown":
                submitter = Falling(development_sender(place.web3, PAYER))
                object.__setattr__(submitter, "after", kill == "after")
            car = Car(wallet, submitter, garage)
            session = ordered(place, car, 100)
            with monkeypatch.context() as patch:
                if kill == "shown":
                    patch.setattr(StationClient, "pay", killing)
                with pytest.raises(Killed):
                    car.charge(session, nothing)
            car.close()
            if kill == "late":
                for method, argument in (("evm_increaseTime", 1_300), ("evm_mine", None)):
                    parameters = [] if argument is None else [argument]
                    place.web3.provider.make_request(RPCEndpoint(method), parameters)
            again = Car(wallet, own(place), garage)
            done = again.charge(garage.find(session.name[:8]), nothing)
            assert done.receipt is not None
            assert [paid.amount for paid in done.receipt.payments] == [cost], kill
            assert held(wallet) == before - number * cost, kill
            same = again.charge(done, nothing)
            assert same.receipt == done.receipt
            again.close()
            wallet.await_flush()


def killing(*_: object) -> None:
    raise Killed


class Mute(OwnAccount):
    """An account whose payment is mined, of which it never hears."""

    def submit(self, request: Request) -> str:
        super().submit(request)
        raise RelayError("the relayer doesn't answer")


def test_a_payment_that_nobody_hears_of(
    place: Place, wallet: Wallet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B9 whether it went out is unknown, or the station doesn't see it: the session stays open, and it counts when the
    car goes on. One that never began ends its session."""
    monkeypatch.setattr(car_module, "SEEN_SECONDS", 0)
    before, garage = held(wallet), Garage(tmp_path / "car")
    with place.selling():
        for number, why in enumerate(("doesn't answer", "not yet", "not enough"), start=1):
            payer = wallet if number < 3 else place.wallet(Seed.new().keys())
            car = Car(payer, Mute(development_sender(place.web3, PAYER)) if number == 1 else own(place), garage)
            with monkeypatch.context() as patch:
                if number == 3:
                    patch.setattr(Car, "_check_means", nothing)  # as if its money went elsewhere meanwhile
                session = ordered(place, car, 100)
            with monkeypatch.context() as patch:
                if number == 2:
                    patch.setattr(StationClient, "pay", unseeing)
                with pytest.raises(UserError, match=why):
                    car.charge(session, nothing)
            car.close()
            assert (place.station.session(session.name).ended is None) == (number < 3)
            if number < 3:
                again = Car(wallet, own(place), garage)
                done = again.charge(garage.find(session.name), nothing)
                again.close()
                assert done.receipt is not None
                assert (len(done.receipt.payments), done.receipt.delivered) == (1, 100)
                wallet.await_flush()
    assert held(wallet) == before - 2 * 100 * PRICE


def unseeing(*_: object) -> None:
    raise NotYet("not yet")


def test_a_rest_that_was_on_its_way_home(place: Place, wallet: Wallet, tmp_path: Path) -> None:
    """B9 a car that never heard that its refund came home finds it there, and keeps that."""
    garage = Garage(tmp_path / "car")
    car, used = Car(wallet, own(place), garage), [0]

    def tell(session: CarSession, paid: int) -> None:
        used[0] = session.used

    with place.selling():
        session = car.charge(ordered(place, car, 4_000), tell, lambda: used[0] > 100)
    car.close()
    mute = Car(wallet, Mute(development_sender(place.web3, PAYER)), garage)
    with pytest.raises(UserError, match="doesn't answer"):
        mute.collect(session)
    mute.close()
    again = Car(wallet, own(place), garage)
    assert again.collect(session).collected
    again.close()
    assert garage.find(session.name).collected


def test_what_a_car_can_lose(place: Place, wallet: Wallet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """B2 B10 where nothing comes, or the meter counts what doesn't come, it has paid a slice at the most and ends."""
    monkeypatch.setattr(car_module, "STALL_SECONDS", 1)
    before = held(wallet)
    with place.selling():
        place.outlet.stalled = True
        stalled = Car(wallet, own(place), Garage(tmp_path / "stalled"))
        session = stalled.charge(ordered(place, stalled, 2_000, stream=True), nothing)
        place.outlet.stalled = False
        assert session.receipt is not None
        assert session.reason == "nothing comes any more"
        assert (session.receipt.delivered, session.receipt.charged) == (0, 0)
        assert sum(paid.amount for paid in session.receipt.payments) <= SLICE * PRICE
        wallet.await_flush()
        cheated = Car(wallet, own(place), Garage(tmp_path / "cheated"), instrument=lambda: 0.0)
        session = cheated.charge(ordered(place, cheated, 2_000, stream=True), nothing)
        assert session.receipt is not None
        assert session.reason == "the meter counts what doesn't come"
        assert sum(paid.amount for paid in session.receipt.payments) <= SLICE * PRICE
    assert before - held(wallet) <= 2 * SLICE * PRICE
    for car in (stalled, cheated):
        car.close()


def test_quotes_that_a_car_refuses(
    place: Place, wallet: Wallet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B3 B10 too dear, of another station, altered, of another order or network, run out: nothing is paid."""
    car = Car(wallet, own(place), Garage(tmp_path / "car"))
    before = held(wallet)
    with place.selling():
        client = StationClient(place.station_url)
        honest = client.quote(ETH, 100, str(wallet.keys.one_time(0).address), stream=False)
        for why, wish, change in (
            ("more than 1", Wish(ETH, 100, False, most=1), {}),
            ("100 Wh paid ahead, more than 99", Wish(ETH, 100, True, most_ahead=99), {}),
            ("a refund costs", Wish(ETH, 100, False, most_refund_fee=0), {}),
            ("another station answers", Wish(ETH, 100, False, station="00" * 32), {}),
            ("not of what was ordered", Wish(ETH, 200, False), {}),
            ("not what its station signed", Wish(ETH, 100, False), {"price": PRICE - 1}),
        ):
            changed = json.loads(honest.model_copy(update=change).model_dump_json())
            monkeypatch.setattr(StationClient, "_ask", lambda *_, changed=changed: changed)
            monkeypatch.setattr(Garage, "new_number", lambda _: 0)  # whose address it is for
            with pytest.raises(UserError, match=why):
                car.order(client, wish)
        foreign = honest.model_copy(update={"chain_id": 1}).signed(place.signing_key("station"))
        dear = honest.model_copy(update={"price": ETHER}).signed(place.signing_key("station"))
        monkeypatch.setattr(StationClient, "_ask", lambda *_: json.loads(dear.model_dump_json()))
        with pytest.raises(ChargeError, match=r"not enough: 100 ETH are needed, 0\.01 ETH are there"):
            car.order(client, Wish(ETH, 100, False))
        monkeypatch.setattr(StationClient, "_ask", lambda *_: json.loads(foreign.model_dump_json()))
        with pytest.raises(ChargeError, match="of another network"):
            car.order(client, Wish(ETH, 100, False))
        monkeypatch.undo()
        old = honest.model_copy(update={"valid_until": honest.made - 1}).signed(place.signing_key("station"))
        with pytest.raises(ChargeError, match="has run out"):
            car.charge(CarSession(client.url, 0, old), nothing)
    assert Garage(tmp_path / "car").all() == []
    assert held(wallet) == before
    car.close()


def test_a_station_that_denies_the_refund(
    place: Place, wallet: Wallet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B8 B11 the car proves what it paid, used and is owed; then the station proves that it has paid it back; neither
    can show anything else than what happened."""
    monkeypatch.setattr(car_module, "RECEIPT_SECONDS", 1)
    garage, audit = Garage(tmp_path / "car"), Audit(place.web3, place.manifest)
    car = Car(wallet, own(place), garage)
    used = [0]

    def tell(session: CarSession, paid: int) -> None:
        used[0] = session.used

    with place.selling(settles=False):
        session = ordered(place, car, 4_000)
        with pytest.raises(ChargeError, match="no receipt yet"):
            car.charge(session, tell, lambda: used[0] > 100)
    session = garage.find(session.name)
    payments = car_module.mined_payments(session, car._sent)
    car.close()
    wallet.await_flush()
    discloser = Discloser(wallet, AUDITOR.address, "no refund")
    claim = of_car(session, payments, discloser)
    verdict = shown(claim, audit)
    fee = session.quote.refund_fee
    assert (verdict.bill.paid, verdict.used, verdict.has_receipt) == (4_000 * PRICE, session.used, False)
    assert verdict.owed == (4_000 - session.used) * PRICE - fee

    with place.selling():
        place.station.due()
        wait_for(lambda: place.station.session(session.name).receipt is not None)
    settled = place.station.session(session.name)
    station = place.wallet(place.station_keys)
    station.await_flush()
    proof = of_station(settled, Discloser(station, AUDITOR.address, "taxes"))
    verdict = shown(proof, audit)
    assert (verdict.owed, verdict.refunded, verdict.has_receipt) == (0, verdict.bill.refund, True)

    less = replace(claim.payments, lines=claim.payments.lines[:0])
    other = session.quote.model_copy(update={"session": "5f" * 32}).signed(place.signing_key("station"))
    for_this, named = "not shown to pay this station for this session", "not those that are disclosed"
    unshown = claim.paid[0].model_copy(update={"transaction": "0x" + "12" * 32})
    wrongs = [
        ("shows nothing", replace(claim, payments=less)),
        ("not of this session's meter", replace(claim, reading=lying(session.reading))),
        (named, replace(claim, payments=proof.refund or less)),
        (named, replace(claim, paid=())),
        (named, replace(proof, paid=(*proof.paid, unshown), receipt=None)),
        (for_this, replace(claim, quote=other, reading=None)),
        (for_this, replace(proof, paid=tuple(resigned(proof.receipt, place).payments))),
        ("not proven to be paid by who shows this", replace(proof, receipt=None)),
        ("not those of the receipt", replace(proof, receipt=resigned(proof.receipt, place))),
        ("the meter", replace(proof, reading=None)),
        ("not shown to be this session's refund", replace(proof, refund=claim.payments)),
    ]
    for why, wrong in wrongs:
        with pytest.raises((EvidenceError, DisclosureError, StatementError), match=why):
            wrong.check(audit)
    with pytest.raises(EvidenceError, match="not for this wallet"):
        Evidence.unsealed(claim.sealed(), STRANGER.viewing)
    for text in ("", "[]", "{}", json.dumps({"openmg_charging": 1, "auditor": str(AUDITOR.address), "box": "eA=="})):
        with pytest.raises(EvidenceError):
            Evidence.unsealed(text, AUDITOR.viewing)


def shown(evidence: Evidence, audit: Audit) -> Verdict:
    """What the auditor finds in the file, which tells nobody else anything."""
    text = evidence.sealed()
    assert evidence.quote.session not in text
    assert evidence.payments.header.purpose not in text
    opened = Evidence.unsealed(text, AUDITOR.viewing)
    assert opened == evidence
    return opened.check(audit)


def lying(reading: SignedReading | None) -> SignedReading:
    assert reading is not None
    return reading.model_copy(update={"imported": 0})


def resigned(receipt: Receipt | None, place: Place) -> Receipt:
    """The station's receipt of a payment that it didn't get, with sums that agree."""
    assert receipt is not None
    (paid,) = receipt.payments
    more = paid.model_copy(update={"amount": paid.amount + PRICE})
    update = {"payments": [more], "refund": receipt.refund + PRICE}
    return receipt.model_copy(update=update).signed(place.signing_key("station"))


def wait_for(ready: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < end
        time.sleep(0.1)
