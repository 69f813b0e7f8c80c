"""What must hold after every operation, checked on numbers read from the chain. Reserves are called E (wei) and T
(tokens), liquidity supply S; all comparisons are cross-multiplied integers, so exact."""

from __future__ import annotations

from tests.invariant.reference_model.operation import POOLS, Done, Event, Operation, Outcome
from tests.invariant.reference_model.world import HOLDERS, OWNERS, View, token_of


def reserves(view: View, pool: str) -> tuple[int, int]:
    return view["ether", pool], view[token_of(pool), "balanceOf", pool]


def check_conserved(before: View, after: View) -> None:
    """No ETH (gas is free here) and no token appears or vanishes."""
    assert sum(after["ether", holder] for holder in HOLDERS) == sum(before["ether", holder] for holder in HOLDERS)
    for token in map(token_of, POOLS):
        total = sum(after[token, "balanceOf", holder] for holder in HOLDERS)
        assert total == sum(before[token, "balanceOf", holder] for holder in HOLDERS)


def check_liquidity_sums_up(view: View) -> None:
    """All liquidity, also what is locked and belongs to nobody, sums to the supply."""
    for pool in POOLS:
        assert sum(view[pool, "balanceOf", owner] for owner in OWNERS) == view[pool, "totalSupply"]


def check_pool_never_loses(operation: Operation, founding: bool, before: View, after: View) -> None:
    """P4: k = E T never falls on anything but taking liquidity out; a unit of liquidity never loses value, E T / S^2
    never falls, whatever happens, except that a founding sets a new price for it."""
    for pool in POOLS:
        k_before, k_after = (ether * tokens for ether, tokens in (reserves(before, pool), reserves(after, pool)))
        if operation.function != "removeLiquidity":
            assert k_after >= k_before, f"k of {pool} fell"
        supply_before, supply_after = before[pool, "totalSupply"], after[pool, "totalSupply"]
        if not (founding and pool == operation.target):
            assert k_after * supply_before**2 >= k_before * supply_after**2, f"a unit of {pool} lost value"


def check_rounding(before: View, events: tuple[Event, ...]) -> None:
    """P4: a trader never gets more, and never pays less, than the exact price; told from the swap events alone."""
    for pool, name, *values in events:
        if name not in ("TokenPurchase", "EthPurchase"):
            continue
        ether, tokens = reserves(before, str(pool))
        reserve_in, reserve_out = (ether, tokens) if name == "TokenPurchase" else (tokens, ether)
        paid, got = int(values[1]), int(values[2])
        # exact price: (i + 0.997 paid) (o - got) = i o
        assert (1000 * reserve_in + 997 * paid) * (reserve_out - got) >= 1000 * reserve_in * reserve_out


def check_shares(operation: Operation, founding: bool, before: View, outcome: Outcome) -> None:
    """P4: liquidity costs at least its share of both reserves and pays at most its share."""
    if not isinstance(outcome, Done) or operation.function not in ("addLiquidity", "removeLiquidity") or founding:
        return
    pool = operation.target
    (ether, tokens), supply = reserves(before, pool), before[pool, "totalSupply"]
    if operation.function == "addLiquidity":
        (minted,) = outcome.returned
        (tokens_in,) = (int(event[4]) for event in outcome.events if event[:2] == (pool, "AddLiquidity"))
        assert minted * ether <= operation.value * supply
        assert minted * tokens < tokens_in * supply
    else:
        wei_out, tokens_out = outcome.returned
        assert wei_out * supply <= int(operation.arguments[0]) * ether
        assert tokens_out * supply <= int(operation.arguments[0]) * tokens
