"""What is paid with: ETH to whom it may be, tokens that are odd, contracts that call back."""

from __future__ import annotations

from typing import Any

import pytest

from offchain.ppdl.inference.market import ETH, Kind
from tests.conftest import Refused
from tests.inference.stage import BOND, DEPOSIT, DISPUTE_WINDOW, KEY, PAYMENT, PROOF_WINDOW, STAKE, Market

SUPPLY = 10**24


def token(market: Market, project: Any, deployer: Any, name: str) -> Any:
    """A token of that kind; the requester has some and lets the market take it, the node sells for it."""
    made = deployer.deploy(project.get_contract(name), SUPPLY)
    made.transfer(market.requester, SUPPLY // 2, sender=deployer)
    made.approve(market.market, SUPPLY, sender=market.requester)
    for kind in Kind:
        market.market.setPrice(made, kind, 1, sender=market.node)
    return made


@pytest.mark.parametrize("name", ["Token", "SilentToken", "FeeToken", "HookToken"])
def test_token_pays_like_eth(market: Market, project: Any, deployer: Any, name: str) -> None:
    """I8 into escrow, to the node or back; also tokens that return nothing, or could take a fee."""
    asset = token(market, project, deployer, name)
    paid, expired, lost = (market.ask(asset=asset.address, payment=5_000) for _ in range(3))
    assert asset.balanceOf(market.market) == 15_000
    market.answer(paid)
    market.answer(lost, forged=1)
    market.market.dispute(lost, sender=market.requester, value=DEPOSIT)
    market.wait(DISPUTE_WINDOW + PROOF_WINDOW)
    market.market.collect(paid, sender=market.node)
    market.market.refund(expired, sender=market.requester)
    market.market.convict(lost, sender=market.requester)
    assert market.claimable(market.node, asset.address) == 5_000
    assert market.claimable(market.requester, asset.address) == 10_000
    assert market.claimable(market.requester) == DEPOSIT + STAKE // 2
    for owner in (market.node, market.requester):
        market.market.claim(asset, owner, sender=owner)
    assert asset.balanceOf(market.node) == 5_000
    assert asset.balanceOf(market.market) == 0


def test_token_that_keeps_a_part(market: Market, project: Any, deployer: Any, refused: Refused) -> None:
    """I8 what doesn't arrive whole isn't taken."""
    asset = token(market, project, deployer, "FeeToken")
    asset.setFee(100, sender=deployer)
    order = tuple(market.order(asset=asset.address, payment=10_000).values())
    error = ("WrongDelivery(address,uint256,uint256)", asset, 10_000, 9_900)
    refused(market.market.request, order, b"", error=error, sender=market.requester)


def test_what_is_no_token(market: Market, project: Any, deployer: Any, stranger: Any, refused: Refused) -> None:
    """I8 an account without code, a token that says no, ETH sent along, more than there is."""
    false, plain = (token(market, project, deployer, name) for name in ("FalseToken", "Token"))
    false.setFailing(True, sender=deployer)
    market.market.setPrice(stranger, Kind.DISPUTABLE, 1, sender=market.node)

    def check(asset: Any, error: Any, payment: int = PAYMENT, value: int = 0) -> None:
        order = tuple(market.order(asset=asset.address, payment=payment).values())
        refused(market.market.request, order, b"", error=error, sender=market.requester, value=value)

    check(false, ("SafeERC20FailedOperation(address)", false))
    check(stranger, ("InvalidAsset(address)", stranger))
    check(plain, ("WrongValue(uint256,uint256)", 0, 7), value=7)
    short = ("ERC20InsufficientBalance(address,uint256,uint256)", market.requester, SUPPLY // 2, SUPPLY)
    check(plain, short, payment=SUPPLY)


def test_recipient_that_takes_no_eth(market: Market, project: Any, deployer: Any, refused: Refused) -> None:
    """I8 it harms nobody else, and can have it paid elsewhere."""
    refuser = deployer.deploy(project.EtherRefuser)
    order = tuple(market.order(deadline=market.now + 100).values())
    data = market.market.request.encode_input(order, b"")
    refuser.execute(market.market, PAYMENT, data, sender=market.requester, value=PAYMENT)
    market.wait(101)
    market.market.refund(0, sender=market.requester)
    claim = market.market.claim
    error = ("PaymentFailed(address)", refuser)
    refused(refuser.execute, market.market, 0, claim.encode_input(ETH, refuser), error=error, sender=market.requester)
    before = market.node.balance
    refuser.execute(market.market, 0, claim.encode_input(ETH, market.node), sender=market.requester)
    assert market.node.balance == before + PAYMENT


def test_nobody_and_the_market_are_not_paid(market: Market, refused: Refused) -> None:
    """I8 a payment to them would be lost."""
    number = market.ask(Kind.UNDISPUTABLE)
    market.answer(number)
    for to in ("0x" + "0" * 40, market.market.address):
        error = ("InvalidRecipient(address)", to)
        refused(market.market.claim, ETH, to, error=error, sender=market.node)


@pytest.mark.parametrize("call", ["claim", "withdrawBond", "request"])
def test_no_call_gets_in_while_another_runs(
    market: Market, project: Any, deployer: Any, refused: Refused, call: str
) -> None:
    """I8 from a receiver of ETH, or from a token's hook: nothing is paid or taken twice."""
    intruder = deployer.deploy(project.Reenterer)
    contract = market.market
    encoded = {
        "claim": contract.claim.encode_input(ETH, intruder),
        "withdrawBond": contract.withdrawBond.encode_input(intruder),
        "request": contract.refund.encode_input(0),
    }[call]
    pass_on = {"sender": deployer}
    locked = "ReentrancyGuardReentrantCall()"
    if call == "request":
        hook = token(market, project, deployer, "HookToken")
        hook.setHook(intruder, sender=deployer)
        intruder.plan(contract, 0, encoded, True, **pass_on)
        order = tuple(market.order(asset=hook.address).values())
        refused(contract.request, order, b"", error=locked, sender=market.requester)
        return
    intruder.execute(contract, BOND, contract.join.encode_input(KEY), value=BOND, **pass_on)
    if call == "claim":
        price = contract.setPrice.encode_input(ETH, Kind.UNDISPUTABLE, 1)
        intruder.execute(contract, 0, price, **pass_on)
        number = market.ask(Kind.UNDISPUTABLE, node=intruder.address)
        answer = contract.answer.encode_input(number, market.head, market.question.hash, 1, 1)
        intruder.execute(contract, 0, answer, **pass_on)
    else:
        intruder.execute(contract, 0, contract.leave.encode_input(), **pass_on)
        market.wait(DISPUTE_WINDOW + PROOF_WINDOW)
    intruder.plan(contract, 0, encoded, False, **pass_on)
    before = contract.balance
    intruder.execute(contract, 0, encoded, **pass_on)
    assert (intruder.attempts(), intruder.successes()) == (1, 0)
    assert contract.balance == before - (PAYMENT if call == "claim" else BOND)
