"""What a charging session comes to, and what its quote and receipt sign."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offchain.charging.bill import Bill
from offchain.charging.quote import Quote
from offchain.charging.receipt import Receipt
from offchain.charging.statement import StatementError
from offchain.charging.station import allowed, flows
from tests.charging import (
    CAR,
    FEE,
    KEY,
    NOW,
    OTHER,
    POOL,
    PRICE,
    SLICE,
    STRANGER,
    TOKEN,
    Yard,
    altered,
    made_quote,
)


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path / "station.db")


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
