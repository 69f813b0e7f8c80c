"""What our exchange may do otherwise than Uniswap V1. Any other difference is a failure."""

from __future__ import annotations

from enum import Enum

from tests.invariant.reference_model.exchange import is_founding
from tests.invariant.reference_model.operation import POOLS, TOKENS, ZERO, Done, Operation, Outcome, Refused
from tests.invariant.reference_model.rules import OURS
from tests.invariant.reference_model.world import View


class Improvement(Enum):
    """Every accepted kind of difference."""

    NAMED_ERROR = "both refuse, ours says why"
    LOCKED_AT_FOUNDING = "founding gives the founder 1000 units less: they belong to nobody"
    LOCKED_STAYS = "the 1000 units are nobody's, so nobody can take out, send or spend them"
    FOUNDED_AGAIN = "with nothing but locked liquidity left, ours is founded anew, at the next founder's price"
    RECEIVER_WITH_CODE = "ETH goes out with all gas, so a contract can receive it; V1's payment fails"


class Unexplained(AssertionError):
    """A difference between ours and V1 that is no listed improvement."""


def classify(operation: Operation, before: View, ours: Outcome, original: Outcome) -> Improvement | None:
    """Why an operation came out differently on ours, whose state was `before`, than on the original.

    None if it didn't. Raises Unexplained if no listed improvement covers exactly this difference.
    """
    if isinstance(ours, Refused) and isinstance(original, Refused):
        return Improvement.NAMED_ERROR if ours.error else None
    if ours == original:
        return None
    if operation.function == "addLiquidity":
        if before[operation.target, "totalSupply"] == 0 and _locked_at_founding(operation, ours, original):
            return Improvement.LOCKED_AT_FOUNDING
        supply, ether = before[operation.target, "totalSupply"], before["ether", operation.target]
        if supply and is_founding(OURS, supply, ether) and _founded(operation, before, ours):
            return Improvement.FOUNDED_AGAIN
    if _locked_stays(operation, ours, original):
        return Improvement.LOCKED_STAYS
    if _receiver_with_code(operation, ours, original):
        return Improvement.RECEIVER_WITH_CODE
    raise Unexplained(f"{operation}\n  ours: {ours}\n  original: {original}")


def _locked_at_founding(operation: Operation, ours: Outcome, original: Outcome) -> bool:
    """Same deposit, same events; the founder gets exactly the locked units less, nobody gets them."""
    if not (isinstance(ours, Done) and isinstance(original, Done)):
        return False
    pool, locked = operation.target, OURS.locked_liquidity
    (minted,) = original.returned
    *deposit, mint = original.events
    expected = (
        (pool, "Transfer", ZERO, ZERO, locked),
        *deposit,
        (pool, "Transfer", ZERO, operation.actor, minted - locked),
    )
    return (
        mint == (pool, "Transfer", ZERO, operation.actor, minted)
        and ours.returned == (minted - locked,)
        and ours.events == expected
    )


def _founded(operation: Operation, before: View, ours: Outcome) -> bool:
    """Ours took just what the founder offers, for all liquidity but the locked, or refused as a founding."""
    pool, founder = operation.target, operation.actor
    if isinstance(ours, Refused):
        return ours.error in ("InitialLiquidityTooLow", "ERC20InsufficientBalance", "ERC20InsufficientAllowance")
    minted = before["ether", pool] + operation.value - OURS.locked_liquidity
    return ours.returned == (minted,) and ours.events[-2:] == (
        (pool, "AddLiquidity", founder, operation.value, operation.arguments[1]),
        (pool, "Transfer", ZERO, founder, minted),
    )


def _locked_stays(operation: Operation, ours: Outcome, original: Outcome) -> bool:
    """Only ours refuses, because the owner lacks no more than the units that are locked."""
    if operation.function not in ("removeLiquidity", "transfer", "transferFrom") or operation.target not in POOLS:
        return False
    if not (isinstance(ours, Refused) and ours.error == "ERC20InsufficientBalance" and isinstance(original, Done)):
        return False
    _, balance, needed = ours.arguments
    return int(needed) - int(balance) <= OURS.locked_liquidity


def _receiver_with_code(operation: Operation, ours: Outcome, original: Outcome) -> bool:
    """Only ours pays ETH, to an exchange that buys its tokens with it. A token refuses ETH on either side."""
    recipient = operation.arguments[-1] if operation.arguments else None
    return (
        operation.function in ("tokenToEthTransferInput", "tokenToEthTransferOutput")
        and recipient in POOLS
        and recipient not in (operation.target, *TOKENS)
        and isinstance(ours, Done)
        and isinstance(original, Refused)
        and any(event[:2] == (recipient, "TokenPurchase") for event in ours.events)
    )


def same_but_for_locked(ours: View, original: View) -> bool:
    """Whether two states are equal but for the units that one founder of each exchange has less and nobody has."""
    differing = {name: original[name] - ours[name] for name in ours if original[name] != ours[name]}
    for pool in POOLS:
        gaps = {name: gap for name, gap in differing.items() if name[:2] == (pool, "balanceOf")}
        if gaps and (gaps.pop((pool, "balanceOf", ZERO), 0), *gaps.values()) != (
            -OURS.locked_liquidity,
            OURS.locked_liquidity,
        ):
            return False
    return all(name[0] in POOLS and name[1] == "balanceOf" for name in differing)
