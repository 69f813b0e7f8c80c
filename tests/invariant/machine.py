"""The state machine: three traders do anything that two exchanges let them do, in any order."""

from __future__ import annotations

from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.invariant.lockstep import Lockstep
from tests.invariant.pair import Pair
from tests.invariant.reference_model.exchange import Call
from tests.invariant.reference_model.operation import (
    ACTORS,
    FORCE_ETHER,
    POOLS,
    QUOTES,
    UINT256_MAX,
    Argument,
    Operation,
    Refusal,
)
from tests.invariant.reference_model.rules import OURS
from tests.invariant.reference_model.world import token_of
from tests.invariant.strategies import (
    DICE,
    Amount,
    Bound,
    Deadline,
    Recipient,
    Through,
    actors,
    amounts,
    bounds,
    deadlines,
    dice,
    other_pool,
    pools,
    recipients,
    round_numbers,
    throughs,
)
from tests.invariant.tally import Tally

wei_of_founders = st.builds(lambda number, power: number * 10**power, round_numbers, st.integers(9, 18))
tokens_of_founders = st.builds(lambda number, power: number * 10**power, round_numbers, st.integers(1, 24))
kinds = st.sampled_from(["Swap", "Transfer"])
KEPT = 10**20
"""Wei that a trader keeps, so that there is always something to trade with."""


class Machine(RuleBasedStateMachine):
    """Draws operations; `Lockstep` runs and judges them."""

    pair: ClassVar[Pair]
    tally: ClassVar[Tally]

    def __init__(self) -> None:
        super().__init__()
        self.steps = Lockstep(self.pair, self.tally)

    @initialize(data=st.data())
    def found(self, data: st.DataObject) -> None:
        for pool in POOLS:
            if pool == POOLS[0] or data.draw(dice) < DICE - 2:
                founder, wei, tokens = data.draw(actors), data.draw(wei_of_founders), data.draw(tokens_of_founders)
                self._run(founder, pool, "addLiquidity", 1, tokens, self.steps.now + 1, value=wei)

    # Liquidity.

    @rule(
        actor=actors, pool=pools, amount=amounts(), least=bounds(), most=bounds(), deadline=deadlines(),
        founding=st.tuples(wei_of_founders, tokens_of_founders),
    )  # fmt: skip
    def add_liquidity(
        self, actor: str, pool: str, amount: Amount, least: Bound, most: Bound, deadline: Deadline,
        founding: tuple[int, int],
    ) -> None:  # fmt: skip
        (ether, tokens), supply = self._reserves(pool), self.steps.ours.liquidity[pool].supply
        if supply > OURS.locked_liquidity:
            wei = self._affordable(actor, amount.of(ether))
            min_liquidity, max_tokens = least.least(wei * supply // ether), most.most(wei * tokens // ether + 1)
        else:
            (wei, max_tokens), min_liquidity = founding, 0
        arguments = (min(min_liquidity, UINT256_MAX), min(max_tokens, UINT256_MAX), deadline.at(self.steps.now))
        self._run(actor, pool, "addLiquidity", *arguments, value=self._affordable(actor, wei))

    @rule(holder=dice, pool=pools, amount=amounts(), wei=bounds(), tokens=bounds(), deadline=deadlines())
    def remove_liquidity(
        self, holder: int, pool: str, amount: Amount, wei: Bound, tokens: Bound, deadline: Deadline
    ) -> None:
        actor = self._holder(pool, holder)
        self._remove(actor, pool, self._wanted(pool, actor, amount, holder), wei, tokens, deadline)

    @rule(pool=pools, holder=dice, everybody=dice)
    def leave(self, pool: str, holder: int, everybody: int) -> None:
        """A trader takes all liquidity out; now and then all do, which leaves what is locked."""
        for actor in ACTORS if everybody >= DICE - 3 else [self._holder(pool, holder)]:
            if amount := self._liquidity(pool, actor):
                self._remove(actor, pool, amount, Bound("loose"), Bound("loose"), Deadline(1))

    # Swaps.

    @rule(actor=actors, pool=pools, amount=amounts())
    def send_ether(self, actor: str, pool: str, amount: Amount) -> None:
        self._run(actor, pool, "", value=self._affordable(actor, amount.of(self._reserves(pool)[0])))

    @rule(actor=actors, pool=pools, kind=kinds, amount=amounts(), bound=bounds(), deadline=deadlines(), to=recipients())
    def eth_to_token_input(
        self, actor: str, pool: str, kind: str, amount: Amount, bound: Bound, deadline: Deadline, to: Recipient
    ) -> None:
        wei = self._affordable(actor, amount.of(self._reserves(pool)[0]))
        minimum = bound.least(self._price(pool, "getEthToTokenInputPrice", wei))
        arguments = self._with_recipient(pool, kind, to, minimum, deadline.at(self.steps.now))
        self._run(actor, pool, f"ethToToken{kind}Input", *arguments, value=wei)

    @rule(actor=actors, pool=pools, kind=kinds, amount=amounts(), bound=bounds(), deadline=deadlines(), to=recipients())
    def eth_to_token_output(
        self, actor: str, pool: str, kind: str, amount: Amount, bound: Bound, deadline: Deadline, to: Recipient
    ) -> None:
        tokens = amount.of(self._reserves(pool)[1])
        wei = self._affordable(actor, bound.most(self._price(pool, "getEthToTokenOutputPrice", tokens)))
        arguments = self._with_recipient(pool, kind, to, tokens, deadline.at(self.steps.now))
        self._run(actor, pool, f"ethToToken{kind}Output", *arguments, value=wei)

    @rule(actor=actors, pool=pools, kind=kinds, amount=amounts(), bound=bounds(), deadline=deadlines(), to=recipients())
    def token_to_eth_input(
        self, actor: str, pool: str, kind: str, amount: Amount, bound: Bound, deadline: Deadline, to: Recipient
    ) -> None:
        tokens = amount.of(self._reserves(pool)[1])
        minimum = bound.least(self._price(pool, "getTokenToEthInputPrice", tokens))
        arguments = self._with_recipient(pool, kind, to, tokens, minimum, deadline.at(self.steps.now), ether=True)
        self._run(actor, pool, f"tokenToEth{kind}Input", *arguments)

    @rule(actor=actors, pool=pools, kind=kinds, amount=amounts(), bound=bounds(), deadline=deadlines(), to=recipients())
    def token_to_eth_output(
        self, actor: str, pool: str, kind: str, amount: Amount, bound: Bound, deadline: Deadline, to: Recipient
    ) -> None:
        wei = amount.of(self._reserves(pool)[0])
        maximum = min(bound.most(self._price(pool, "getTokenToEthOutputPrice", wei)), UINT256_MAX)
        arguments = self._with_recipient(pool, kind, to, wei, maximum, deadline.at(self.steps.now), ether=True)
        self._run(actor, pool, f"tokenToEth{kind}Output", *arguments)

    @rule(
        actor=actors, pool=pools, kind=kinds, amount=amounts(), tokens=bounds(), wei=bounds(), deadline=deadlines(),
        to=recipients(), through=throughs(), way=st.sampled_from(["tokenToToken", "tokenToExchange"]),
    )  # fmt: skip
    def token_to_token_input(
        self, actor: str, pool: str, kind: str, amount: Amount, tokens: Bound, wei: Bound, deadline: Deadline,
        to: Recipient, through: Through, way: str,
    ) -> None:  # fmt: skip
        sold = amount.of(self._reserves(pool)[1])
        wei_price = self._price(pool, "getTokenToEthInputPrice", sold)
        price = self._price(other_pool(pool), "getEthToTokenInputPrice", wei_price)
        numbers = (sold, tokens.least(price), wei.least(wei_price), deadline.at(self.steps.now))
        arguments = self._with_recipient(pool, kind, to, *numbers)
        self._run(actor, pool, f"{way}{kind}Input", *arguments, self._target(way, pool, through))

    @rule(
        actor=actors, pool=pools, kind=kinds, amount=amounts(), tokens=bounds(), wei=bounds(), deadline=deadlines(),
        to=recipients(), through=throughs(), way=st.sampled_from(["tokenToToken", "tokenToExchange"]),
    )  # fmt: skip
    def token_to_token_output(
        self, actor: str, pool: str, kind: str, amount: Amount, tokens: Bound, wei: Bound, deadline: Deadline,
        to: Recipient, through: Through, way: str,
    ) -> None:  # fmt: skip
        affordable = self._price(other_pool(pool), "getEthToTokenInputPrice", self._reserves(pool)[0])
        bought = amount.of(min(affordable, self._reserves(other_pool(pool))[1]))
        wei_price = self._price(other_pool(pool), "getEthToTokenOutputPrice", bought)
        price = self._price(pool, "getTokenToEthOutputPrice", wei_price)
        numbers = (bought, min(tokens.most(price), UINT256_MAX), min(wei.most(wei_price), UINT256_MAX))
        arguments = self._with_recipient(pool, kind, to, *numbers, deadline.at(self.steps.now))
        self._run(actor, pool, f"{way}{kind}Output", *arguments, self._target(way, pool, through))

    @rule(actor=actors, pool=pools, function=st.sampled_from(QUOTES), amount=amounts())
    def quote(self, actor: str, pool: str, function: str, amount: Amount) -> None:
        wei_given = function in ("getEthToTokenInputPrice", "getTokenToEthOutputPrice")
        reserve = self._reserves(pool)[0 if wei_given else 1]
        self.steps.quote(Operation(actor, pool, function, (amount.of(reserve),)))

    # Liquidity and tokens as tokens, gifts, time.

    @rule(holder=dice, pool=pools, to=recipients(), amount=amounts())
    def transfer(self, holder: int, pool: str, to: Recipient, amount: Amount) -> None:
        owner = self._holder(pool, holder)
        wanted = self._wanted(pool, owner, amount, holder)
        self._run(owner, pool, "transfer", to.seen_from(pool, ether=False), wanted)

    @rule(holder=dice, spender=actors, pool=pools, to=recipients(), amount=amounts(), approve=dice)
    def transfer_from(self, holder: int, spender: str, pool: str, to: Recipient, amount: Amount, approve: int) -> None:
        owner = self._holder(pool, holder)
        wanted = amount.of(self._liquidity(pool, owner))
        if approve < DICE - 4:
            self._run(owner, pool, "approve", spender, min(wanted + approve, UINT256_MAX))
        self._run(spender, pool, "transferFrom", owner, to.seen_from(pool, ether=False), wanted)

    @rule(actor=actors, pool=pools, weight=dice, amount=amounts())
    def approve_exchange(self, actor: str, pool: str, weight: int, amount: Amount) -> None:
        allowed = UINT256_MAX if weight < 26 else 10**50 if weight < DICE - 1 else amount.of(self._reserves(pool)[1])
        self._run(actor, token_of(pool), "approve", pool, allowed)

    @rule(actor=actors, pool=pools, amount=amounts())
    def give_tokens(self, actor: str, pool: str, amount: Amount) -> None:
        self._run(actor, token_of(pool), "transfer", pool, amount.of(self._reserves(pool)[1]))

    @rule(actor=actors, pool=pools, amount=amounts())
    def force_ether(self, actor: str, pool: str, amount: Amount) -> None:
        wei = self._affordable(actor, amount.of(self._reserves(pool)[0]))
        self._run(actor, pool, FORCE_ETHER, value=wei)

    @rule(seconds=st.sampled_from([1, 59, 60, 3600, 10**6]))
    def wait(self, seconds: int) -> None:
        self.steps.wait(seconds)

    # Helpers: all look at our model.

    def _run(self, actor: str, target: str, function: str, *arguments: Argument, value: int = 0) -> None:
        self.steps.run(Operation(actor, target, function, arguments, value))

    def _remove(self, actor: str, pool: str, amount: int, wei: Bound, tokens: Bound, deadline: Deadline) -> None:
        (ether, reserve), supply = self._reserves(pool), max(1, self.steps.ours.liquidity[pool].supply)
        minima = [
            min(bound.least(amount * held // supply), UINT256_MAX) for bound, held in ((wei, ether), (tokens, reserve))
        ]
        self._run(actor, pool, "removeLiquidity", amount, *minima, deadline.at(self.steps.now))

    def _reserves(self, pool: str) -> tuple[int, int]:
        return self.steps.ours.reserves(pool)

    def _liquidity(self, pool: str, owner: str) -> int:
        return self.steps.ours.liquidity[pool].balances[owner]

    def _holder(self, pool: str, number: int) -> str:
        """Nearly always a trader who has liquidity, if there is one."""
        holders = [actor for actor in ACTORS if self._liquidity(pool, actor)]
        return holders[number % len(holders)] if holders and number < DICE - 1 else ACTORS[number % len(ACTORS)]

    def _wanted(self, pool: str, owner: str, amount: Amount, number: int) -> int:
        """A part of the owner's liquidity; now and then a founder reaches for the locked units too."""
        beyond = min(amount.of(OURS.locked_liquidity), OURS.locked_liquidity) if number in (DICE - 3, DICE - 2) else 0
        return self._liquidity(pool, owner) + beyond if beyond else amount.of(self._liquidity(pool, owner))

    def _affordable(self, actor: str, wei: int) -> int:
        """What the actor can send; of an extreme amount, what is worth sending."""
        wealth = self.steps.affordable(actor, UINT256_MAX)
        return wei if wei <= wealth - KEPT else max(0, wealth - KEPT) // 10**6

    def _price(self, pool: str, function: str, amount: int) -> int:
        try:
            return Call(self.steps.ours, pool, "ann").dispatch(function, (amount,))[0]
        except Refusal:
            return 1

    def _with_recipient(
        self, pool: str, kind: str, to: Recipient, *numbers: int, ether: bool = False
    ) -> tuple[Argument, ...]:
        return (*numbers, to.seen_from(pool, ether)) if kind == "Transfer" else numbers

    def _target(self, way: str, pool: str, through: Through) -> str:
        return through.token(pool) if way == "tokenToToken" else through.exchange(pool)
