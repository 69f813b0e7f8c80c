"""Every kind of operation once, and every improvement once, in a market where it goes through."""

from __future__ import annotations

import pytest

from tests.invariant.improvements import Improvement, Unexplained, classify
from tests.invariant.lockstep import Lockstep
from tests.invariant.pair import Pair
from tests.invariant.reference_model.exchange import SWAP, perform
from tests.invariant.reference_model.operation import (
    FORCE_ETHER,
    POOLS,
    QUOTES,
    ZERO,
    Argument,
    Done,
    Operation,
    Refused,
)
from tests.invariant.reference_model.world import token_of
from tests.invariant.strategies import other_pool
from tests.invariant.tally import KINDS, SWAPS, Tally

ETHER = 10**18
FAR = 2**200


def founded(pair: Pair) -> Lockstep:
    """Both exchanges with 10 ETH of ann and 2000 tokens."""
    steps = Lockstep(pair, Tally())
    for pool in POOLS:
        run(steps, "ann", pool, "addLiquidity", 1, 2000 * ETHER, steps.now + 1, value=10 * ETHER)
    return steps


def run(steps: Lockstep, actor: str, target: str, function: str, *arguments: Argument, value: int = 0) -> None:
    """Runs an operation that has to go through on our contracts."""
    outcome = steps.run(Operation(actor, target, function, arguments, value))
    assert isinstance(outcome, Done), outcome


def sensible(kind: str, pool: str, deadline: int) -> Operation:
    """An operation of this kind that a reasonable trader might do."""
    if swap := SWAP.fullmatch(kind):
        way, how, exact = swap.groups()
        value, numbers = 0, [ETHER, FAR, FAR] if exact == "Output" else [ETHER, 1, 1]
        if way == "ethToToken":
            value, numbers = ETHER, numbers[:1] if exact == "Output" else numbers[1:2]
        elif way == "tokenToEth":
            numbers = numbers[:2]
        through = {"tokenToToken": [token_of(other_pool(pool))], "tokenToExchange": [other_pool(pool)]}.get(way, [])
        recipient = ["eve"] if how == "Transfer" else []
        return Operation("bob", pool, kind, (*numbers, deadline, *recipient, *through), value)
    others: dict[str, Operation] = {
        "addLiquidity": Operation("bob", pool, kind, (1, FAR, deadline), ETHER),
        "removeLiquidity": Operation("ann", pool, kind, (ETHER, 1, 1, deadline)),
        "default": Operation("bob", pool, "", (), ETHER),
        "transfer": Operation("ann", pool, kind, ("eve", ETHER)),
        "approve": Operation("ann", pool, kind, ("bob", ETHER)),
        "transferFrom": Operation("bob", pool, kind, ("ann", "eve", ETHER)),
        "token.transfer": Operation("bob", token_of(pool), "transfer", (pool, ETHER)),
        "token.approve": Operation("bob", token_of(pool), "approve", (pool, FAR)),
        FORCE_ETHER: Operation("bob", pool, kind, (), ETHER),
    }
    return others.get(kind) or Operation("bob", pool, kind, (ETHER,))


@pytest.mark.parametrize("pool", POOLS)
def test_every_kind_of_operation_goes_through(pair: Pair, pool: str) -> None:
    """P4: with the plain exchange and with the oracle variant, as on the original."""
    steps = founded(pair)
    run(steps, "ann", pool, "approve", "bob", ETHER)
    for kind in KINDS:
        operation = sensible(kind, pool, steps.now + 1)
        if kind in QUOTES:
            steps.quote(operation)
        else:
            steps.run(operation)
        if kind == "approve":
            run(steps, "ann", pool, "approve", "bob", ETHER)
    assert steps.tally.refusals == {}
    assert set(steps.tally.succeeded) == set(KINDS)
    assert set(steps.tally.differences) == {Improvement.LOCKED_AT_FOUNDING}
    assert not steps.apart


@pytest.mark.parametrize("pool", POOLS)
def test_every_swap_refuses_a_late_deadline_by_name(pair: Pair, pool: str) -> None:
    """P9: a clear error, and nothing changes (`Lockstep` compares the states)."""
    steps = founded(pair)
    for kind in SWAPS:
        late = steps.run(sensible(kind, pool, steps.now - 1))
        assert late == Refused("DeadlinePassed", (steps.now - 1, steps.now))
    assert steps.tally.differences[Improvement.NAMED_ERROR] == len(SWAPS)


@pytest.mark.parametrize("pool", POOLS)
def test_this_very_second_is_in_time_for_a_swap_but_late_for_liquidity(pair: Pair, pool: str) -> None:
    """P9: as in the original, a change of liquidity has to happen before its deadline."""
    steps = founded(pair)
    for kind in SWAPS:
        assert isinstance(steps.run(sensible(kind, pool, steps.now)), Done)
    for kind in ("addLiquidity", "removeLiquidity"):
        late = steps.run(sensible(kind, pool, steps.now))
        assert late == Refused("DeadlinePassed", (steps.now, steps.now))


@pytest.mark.parametrize("pool", POOLS)
def test_an_exchange_can_receive_ether_and_buys_with_it(pair: Pair, pool: str) -> None:
    steps = founded(pair)
    run(steps, "bob", pool, "tokenToEthTransferInput", ETHER, 1, steps.now, other_pool(pool))
    assert steps.tally.differences[Improvement.RECEIVER_WITH_CODE] == 1
    assert steps.ours.tokens[token_of(other_pool(pool))].balances[pool] > 0


@pytest.mark.parametrize("pool", POOLS)
def test_locked_liquidity_stays_until_the_exchange_is_founded_again(pair: Pair, pool: str) -> None:
    steps = founded(pair)
    owned = steps.ours.liquidity[pool].balances["ann"]
    assert isinstance(steps.run(Operation("ann", pool, "removeLiquidity", (owned + 1, 1, 1, steps.now + 1))), Refused)
    assert steps.tally.differences[Improvement.LOCKED_STAYS] == 1
    run(steps, "ann", pool, "removeLiquidity", owned, 1, 1, steps.now + 1)
    assert steps.ours.liquidity[pool].supply == steps.ours.liquidity[pool].balances[ZERO] == 1000
    run(steps, "bob", pool, "addLiquidity", 0, 5 * ETHER, steps.now + 1, value=ETHER)
    assert steps.tally.differences[Improvement.FOUNDED_AGAIN] == 1
    assert steps.ours.liquidity[pool].supply == steps.ours.ether[pool]


def test_an_unlisted_difference_is_a_failure(pair: Pair) -> None:
    """The classification itself: one unit more than the original pays is no improvement."""
    steps = founded(pair)
    operation = sensible("ethToTokenSwapInput", POOLS[0], steps.now)
    outcome, _ = perform(steps.ours, operation)
    assert isinstance(outcome, Done)
    better = Done((outcome.returned[0] + 1,), outcome.events)
    with pytest.raises(Unexplained):
        classify(operation, steps.ours.view(), better, outcome)
    with pytest.raises(Unexplained):
        classify(operation, steps.ours.view(), Refused("NoLiquidity"), outcome)
