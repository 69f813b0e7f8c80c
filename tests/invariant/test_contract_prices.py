"""Quotes and round trips on the contracts, ours and the original. P4: the pool of an exchange never loses."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.invariant.lockstep import Lockstep
from tests.invariant.pair import Pair
from tests.invariant.reference_model.operation import POOLS, QUOTES, Argument, Done, Operation
from tests.invariant.tally import Tally

reserves = st.tuples(
    st.builds(lambda digits, power: digits * 10**power, st.integers(1, 10**6), st.integers(9, 18)),
    st.builds(lambda digits, power: digits * 10**power, st.integers(1, 10**6), st.integers(3, 24)),
)
shares = st.fractions(Fraction(1, 10**6), Fraction(9, 10), max_denominator=10**6)
brief = settings(max_examples=15, derandomize=True, database=None, deadline=None)


class Market:
    """One exchange, founded by eve; each operation runs on both sides and must match the model."""

    def __init__(self, pair: Pair, pool: str, wei: int, tokens: int) -> None:
        self.pair = pair
        self.pool = pool
        self.steps = Lockstep(pair, Tally())
        self.deadline = self.steps.now + 1
        self.act("eve", "addLiquidity", 0, tokens, self.deadline, value=wei)

    def act(self, actor: str, function: str, *arguments: Argument, value: int = 0) -> tuple[int, ...]:
        """Runs an operation, which has to go through."""
        outcome = self.steps.run(Operation(actor, self.pool, function, arguments, value))
        assert isinstance(outcome, Done), outcome
        return outcome.returned

    def quote(self, function: str, amount: int) -> int:
        """What both contracts quote, the same."""
        ours, original = self.pair.called(Operation("ann", self.pool, function, (amount,)), self.pair.sides)
        assert isinstance(ours, Done), ours
        assert ours == original
        return ours.returned[0]

    def wealth(self, actor: str) -> tuple[int, int]:
        """ETH and tokens."""
        world = self.steps.ours
        return world.ether[actor], world.tokens[f"token{self.pool[-1]}"].balances[actor]


@pytest.mark.parametrize("pool", POOLS)
def test_quotes_are_the_exact_price_rounded_for_the_pool(pair: Pair, pool: str) -> None:
    """Whatever the reserves: outputs are rounded down, inputs lie above the exact price by at most one."""

    @brief
    @given(reserves, shares)
    def check(held: tuple[int, int], share: Fraction) -> None:
        market = Market(pair, pool, *held)
        for function in QUOTES:
            wei_to_tokens, exact_given = "EthToToken" in function, function.endswith("InputPrice")
            reserve_in, reserve_out = held if wei_to_tokens else held[::-1]
            amount = max(1, int((reserve_in if exact_given else reserve_out) * share))
            quoted = market.quote(function, amount)
            k = Fraction(reserve_in * reserve_out)
            if exact_given:
                exact = reserve_out - k / (reserve_in + Fraction(997, 1000) * amount)
                assert quoted == exact.__floor__()
            else:
                exact = (k / (reserve_out - amount) - reserve_in) * Fraction(1000, 997)
                assert exact < quoted <= exact + 1
            assert quoted <= market.quote(function, amount + 1)

    check()


@pytest.mark.parametrize("pool", POOLS)
def test_there_and_back_never_profits(pair: Pair, pool: str) -> None:
    """Who sells what was bought ends with no more ETH and the same tokens, and the other way round."""

    @brief
    @given(reserves, shares)
    def check(held: tuple[int, int], share: Fraction) -> None:
        market = Market(pair, pool, *held)
        wei_before, tokens_before = market.wealth("ann")
        wei = max(1, int(held[0] * share))
        if market.quote("getEthToTokenInputPrice", wei):
            (tokens,) = market.act("ann", "ethToTokenSwapInput", 1, market.deadline, value=wei)
            if market.quote("getTokenToEthInputPrice", tokens):
                market.act("ann", "tokenToEthSwapInput", tokens, 1, market.deadline)
                assert market.wealth("ann")[1] == tokens_before
            assert market.wealth("ann")[0] <= wei_before
        wei_before, tokens_before = market.wealth("bob")
        (sold,) = market.act("bob", "tokenToEthSwapOutput", wei // 2 + 1, 2**200, market.deadline)
        if tokens := market.quote("getEthToTokenInputPrice", wei // 2 + 1):
            assert tokens <= sold
            market.act("bob", "ethToTokenSwapInput", tokens, market.deadline, value=wei // 2 + 1)
            assert market.wealth("bob")[0] == wei_before
        assert market.wealth("bob")[1] <= tokens_before

    check()


@pytest.mark.parametrize("pool", POOLS)
def test_liquidity_in_and_out_never_profits(pair: Pair, pool: str) -> None:
    """Who adds liquidity and takes it out at once gets no more of either than was put in."""

    @brief
    @given(reserves, shares, shares)
    def check(held: tuple[int, int], share: Fraction, gift: Fraction) -> None:
        market = Market(pair, pool, *held)
        bought = market.quote("getEthToTokenInputPrice", max(1, int(held[0] * gift)))
        if bought:
            market.act("bob", "ethToTokenSwapInput", 1, market.deadline, value=max(1, int(held[0] * gift)))
        before = market.wealth("ann")
        (minted,) = market.act("ann", "addLiquidity", 1, 2**200, market.deadline, value=max(10, int(held[0] * share)))
        out = Operation("ann", pool, "removeLiquidity", (minted, 1, 1, market.deadline))
        outcome = market.steps.run(out)
        after = market.wealth("ann")
        assert after[0] <= before[0]
        assert after[1] <= before[1]
        if isinstance(outcome, Done):
            assert market.steps.ours.liquidity[pool].balances["ann"] == 0
        else:
            assert outcome.error == "BelowMinimum", "an amount this small may be worth no token at all"

    check()
