"""What can be asked for, and what becomes of the payment."""

from __future__ import annotations

from typing import Any

import pytest

from offchain.artifacts import load
from offchain.sender import unsigned
from offchain.zk.field import MODULUS
from tests.conftest import Refused, revert_data
from tests.inference.stage import ETH, KEY, NOBODY, PAYMENT, PRICE, RULES, Kind, Market, State

UNDERPAID, NOT_SOLD = "Underpaid(uint256,uint256)", "NotSold(address,address,uint8)"


def test_request_is_kept_and_told(market: Market) -> None:
    """I3 the payment is in escrow, the request as it was asked, the features in the event alone."""
    before = market.market.balance
    order = market.order(Kind.PROVEN)
    receipt = market.market.request(tuple(order.values()), b"sealed", sender=market.requester, value=PAYMENT)
    (event,) = receipt.decode_logs(market.market.Requested)
    assert (event.id, event.requester, event.node) == (0, market.requester, market.node)
    assert (event.oldestModel, bytes(event.features)) == (2, b"sealed")
    assert event.order[-1] == market.question.hash
    kept = market.market.requestOf(0)
    assert (kept.requester, kept.node, kept.asset) == (market.requester, market.node, ETH)
    assert (kept.state, kept.kind, kept.latest, kept.model) == (State.OPEN, Kind.PROVEN, True, 2)
    assert (kept.until, kept.payment, kept.featuresHash) == (order["deadline"], PAYMENT, market.question.hash)
    assert market.market.balance == before + PAYMENT
    assert market.market.requestCount() == 1


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"payment": 0}, ("InvalidPayment(uint256)", 0)),
        ({"deadline": 1}, ("InvalidDeadline(uint256)", 1)),
        ({"featuresHash": MODULUS}, ("NotInField(uint256)", MODULUS)),
        ({"latest": False, "model": 3}, ("UnknownModel(uint256)", 3)),
        ({"payment": PRICE - 1}, (UNDERPAID, PRICE, PRICE - 1)),
    ],
)
def test_orders_that_make_no_sense(market: Market, refused: Refused, changes: dict[str, Any], error: Any) -> None:
    """I3 no payment, a passed deadline, features that no proof can have, no such model, less than the node's price."""
    order = market.order(**changes)
    method = market.market.request
    refused(method, tuple(order.values()), b"", error=error, sender=market.requester, value=order["payment"])


def test_deadline_lies_after_the_block(market: Market, refused: Refused) -> None:
    """I3 a deadline of the request's own block is over."""
    order = market.order(deadline=market.now + 50)
    arguments = (tuple(order.values()), b"")
    error = ("InvalidDeadline(uint256)", order["deadline"])
    call = {"sender": market.requester, "value": PAYMENT, "time": order["deadline"]}
    refused(market.market.request, *arguments, error=error, **call)


@pytest.mark.parametrize("value", [0, PAYMENT - 1, PAYMENT + 1])
def test_other_value_than_payment(market: Market, refused: Refused, value: int) -> None:
    """I3 the ETH that comes along is the payment."""
    order = tuple(market.order().values())
    error = ("WrongValue(uint256,uint256)", PAYMENT, value)
    refused(market.market.request, order, b"", error=error, sender=market.requester, value=value)


def test_addressed_node_must_sell_it(market: Market, refused: Refused, stranger: Any) -> None:
    """I3 only active nodes are addressed, for what they sell."""

    def check(error: Any, **changes: Any) -> None:
        order = tuple(market.order(**changes).values())
        refused(market.market.request, order, b"", error=error, sender=market.requester, value=PAYMENT)

    check(("NotActive(address)", stranger), node=stranger.address)
    market.market.setPrice(ETH, Kind.PROVEN, 0, sender=market.node)
    check((NOT_SOLD, market.node, ETH, Kind.PROVEN), kind=Kind.PROVEN)
    market.market.leave(sender=market.node)
    check(("NotActive(address)", market.node))
    market.market.join(KEY, sender=market.node)
    assert market.ask() == 0


def test_price_is_for_requests_to_come(market: Market) -> None:
    """I3 a node that raises its price still has the requests from before."""
    number = market.ask(payment=PRICE)
    market.market.setPrice(ETH, Kind.DISPUTABLE, 2 * PRICE, sender=market.node)
    market.answer(number)
    assert market.state(number) == State.ANSWERED


def test_unanswered_request_is_refunded(market: Market, refused: Refused, stranger: Any) -> None:
    """I3 after the deadline, by anyone, once, to the requester alone; not a second before."""
    number = market.ask()
    until = market.market.requestOf(number).until
    refund = market.market.refund
    refused(refund, number, error=("TooEarly(uint256)", until + 1), sender=market.requester, time=until)
    market.wait(601)
    refund(number, sender=stranger)
    assert market.claimable(market.requester) == PAYMENT
    refused(refund, number, error=("WrongState(uint256,uint8)", number, State.SETTLED), sender=stranger)
    before = market.requester.balance
    receipt = market.market.claim(ETH, market.requester.address, sender=market.requester)
    assert market.requester.balance == before + PAYMENT - receipt.total_fees_paid
    error = "NothingThere()"
    refused(market.market.claim, ETH, market.requester.address, error=error, sender=market.requester)


def test_expired_request_can_not_be_answered(market: Market, refused: Refused) -> None:
    """I3 not by the node's word, not with a proof; in its last second it can."""
    number = market.ask()
    until = market.market.requestOf(number).until
    head, question, proof = market.head, market.question, market.proof()
    error = ("TooLate(uint256)", until)
    late = {"error": error, "sender": market.node, "time": until + 1}
    refused(market.market.answer, number, head, question.hash, 1, 1, **late)
    refused(market.market.answerProven, number, head, *market.arguments(proof), **late)
    market.provider.set_timestamp(until)
    market.answer(number)
    assert market.state(number) == State.ANSWERED


def test_unknown_request(market: Market, refused: Refused) -> None:
    """P9 a number that no request has."""
    error = ("WrongState(uint256,uint8)", 7, State.NONE)
    calls: list[tuple[Any, ...]] = [(market.market.answer, 7, 0, 1, 1, 1), (market.market.collect, 7)]
    calls += [(market.market.refund, 7), (market.market.dispute, 7), (market.market.convict, 7)]
    for method, *arguments in calls:
        refused(method, *arguments, error=error, sender=market.node)


@pytest.mark.parametrize("place", range(5))
def test_rules_that_make_no_sense(deployer: Any, market: Market, place: int) -> None:
    """P9 no window, bond, stake or deposit is zero."""
    rules = [*RULES]
    rules[place] = 0
    web3 = deployer.provider.web3
    creation = load("InferenceMarket").factory(web3).constructor(tuple(rules), market.chain.address, NOBODY)
    call = {"from": deployer.address, "data": unsigned(creation)["data"]}
    answer = web3.provider.make_request("eth_call", [call, "latest"])
    assert answer["error"]["data"] == "0x" + revert_data("InvalidRules()").hex()


def test_market_without_circuit(project: Any, deployer: Any, market: Market, refused: Refused) -> None:
    """I3 models without a circuit are sold as undisputable, and as nothing else."""
    plain = deployer.deploy(project.InferenceMarket, RULES, market.chain, NOBODY)
    other = market.of(market=plain)
    other.join(market.node)
    for kind in (Kind.DISPUTABLE, Kind.PROVEN):
        order = tuple(other.order(kind).values())
        refused(plain.request, order, b"", error="NoCircuit()", sender=market.requester, value=PAYMENT)
    number = other.ask(Kind.UNDISPUTABLE)
    error = "NoCircuit()"
    proof = market.arguments(market.proof())
    refused(plain.answerProven, number, market.head, *proof, error=error, sender=market.node)
    other.answer(number)
    assert other.claimable(market.node) == PAYMENT
