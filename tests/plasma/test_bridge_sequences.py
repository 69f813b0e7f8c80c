"""P5 whatever happens on the plasma chain in whatever order, nothing comes into being there and nothing gets lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offchain.artifacts import load
from offchain.merkle import root_of
from offchain.plasma.bridge_genesis import SUPPLY
from offchain.plasma.escape import remote_account
from offchain.plasma.messages import BRIDGE
from offchain.sender import TransactionError
from offchain.wallet.note import ETH
from tests.plasma.made_up import CHILD_CHAIN_ID
from tests.plasma.real import TOKEN, Child, address_of, called, check_state, child_chain, deposit, forced, listing

USERS = ("user", "neighbour")
SENDER = address_of("sender")
FIRST_ETH, FIRST_TOKENS = 1_000, 500

amounts = st.integers(1, 300)
users = st.sampled_from(USERS)
assets = st.sampled_from((ETH, TOKEN))
actions = st.one_of(
    st.tuples(st.just("deposit"), st.sampled_from((*USERS, "refuser", "account")), assets, amounts),
    st.tuples(st.just("exit"), users, assets, amounts),
    st.tuples(st.just("forced exit"), st.just(""), assets, amounts),
    st.tuples(st.just("forced payment"), users, st.just(ETH), amounts),
    st.tuples(st.just("transfer"), users, st.just(ETH), amounts),
    st.tuples(st.just("claim"), users, st.just(ETH), amounts),
)


@pytest.fixture(scope="module")
def child(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Child]:
    with child_chain(tmp_path_factory.mktemp("plasma")) as chain:
        user = address_of("user")
        chain.deliver(listing(), deposit(user, FIRST_ETH), deposit(user, FIRST_TOKENS, TOKEN))
        chain.exit_eth(chain.sender("user"), user, 1)
        yield chain


class Sequence:
    """One sequence, and what it has brought in and burned of each asset."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.delivered = {ETH: FIRST_ETH, TOKEN: FIRST_TOKENS}
        self.waiting = 0
        refuser = child.operator.deploy(load("EtherRefuser"))["contractAddress"]
        self.refuser = str(refuser)
        self.places = {name: address_of(name) for name in USERS}
        self.places |= {"refuser": self.refuser, "account": remote_account(SENDER)}

    def do(self, kind: str, who: str, asset: str, amount: int) -> None:
        """Tries one thing; whether it works is the chain's affair, what it then has to be is checked."""
        child = self.child
        match kind:
            case "deposit":
                (done,) = child.deliver(deposit(self.places[who], amount, asset))
                self.delivered[asset] += amount
                assert done == (who != "refuser" or asset != ETH)
                self.waiting += 0 if done else amount
            case "exit":
                burn = child.exit_eth if asset == ETH else lambda *rest: child.exit_token(rest[0], asset, *rest[1:])
                self.attempt(lambda: burn(child.sender(who), SENDER, amount))
            case "forced exit":
                data = called("exitEth", ["address"], SENDER)
                if asset != ETH:
                    data = called("exitToken", ["address", "address", "uint256"], asset, SENDER, amount)
                value = amount if asset == ETH else 0
                (done,) = child.deliver(forced(SENDER, BRIDGE, data, value))
                if done:
                    child.burned(asset, self.places["account"], SENDER, amount)
            case "forced payment":
                child.deliver(forced(SENDER, self.places[who], b"", amount))
            case "transfer":
                other = self.places[USERS[1 - USERS.index(who)]]
                self.attempt(lambda: child.sender(who).send({"to": other, "data": "0x", "value": amount}))
            case "claim":
                claim = called("claimUndelivered", ["address"], self.places[who])
                execute = load("EtherRefuser").at(child.web3, self.refuser).functions.execute
                if self.attempt(lambda: child.operator.transact(execute(BRIDGE, 0, claim))):
                    assert self.waiting
                    self.waiting = 0

    def attempt(self, action: Any) -> bool:
        try:
            action()
        except TransactionError:
            return False
        return True

    def check(self) -> None:
        """All there is outside the bridge was delivered and not burned."""
        child = self.child
        burned = {asset: sum(exit_.amount for exit_ in child.exits if exit_.asset == asset) for asset in (ETH, TOKEN)}
        balances = child.balances()
        outside = sum(balances.values()) - balances[BRIDGE]
        assert outside == self.delivered[ETH] - burned[ETH] - self.waiting
        assert sum(balances.values()) == SUPPLY
        assert child.token(TOKEN).functions.totalSupply().call() == self.delivered[TOKEN] - burned[TOKEN]
        assert child.calls.undelivered(self.refuser).call() == self.waiting
        check_state(child)
        tree = child.exit_tree
        for exit_ in child.exits:
            assert root_of(exit_.key(CHILD_CHAIN_ID), exit_.id, tree.path(exit_.id)) == child.calls.exitRoot().call()


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sequence=st.lists(actions, min_size=5, max_size=12))
def test_sequences(child: Child, sequence: list[tuple[str, str, str, int]]) -> None:
    with child.aside():
        tried = Sequence(child)
        for action in sequence:
            tried.do(*action)
        tried.check()


def test_many_exits(child: Child) -> None:
    """The running tree is Python's after each burn, and each burn's path leads to it."""
    with child.aside():
        user = child.sender("user")
        for amount in range(1, 10):
            child.exit_eth(user, SENDER, amount)
            assert child.calls.exitRoot().call() == child.exit_tree.root()
        check_state(child)
