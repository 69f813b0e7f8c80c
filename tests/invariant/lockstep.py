"""Runs every operation four times, on our contracts, on Uniswap V1's own bytecode and on a model of each, and compares
all there is to compare."""

from __future__ import annotations

from dataclasses import replace

from tests.invariant.improvements import Improvement, classify, same_but_for_locked
from tests.invariant.invariants import (
    check_conserved,
    check_liquidity_sums_up,
    check_pool_never_loses,
    check_rounding,
    check_shares,
)
from tests.invariant.pair import Pair
from tests.invariant.reference_model.exchange import SWAP, is_founding, perform
from tests.invariant.reference_model.operation import (
    ACTORS,
    POOLS,
    QUOTES,
    STRANGER,
    TOKENS,
    Done,
    Operation,
    Outcome,
    Refused,
)
from tests.invariant.reference_model.rules import ORIGINAL, OURS, Rules
from tests.invariant.reference_model.world import View, World
from tests.invariant.tally import Tally


class Lockstep:
    """Both sides from a fresh start, each beside its model.

    The sides stay in the same state (but for the locked units) until an improvement leads one elsewhere: an exchange
    founded again, ETH paid to a contract. From then on they are `apart`; each still has to match its model, and what
    ours does is classified against V1's model in our state.
    """

    def __init__(self, pair: Pair, tally: Tally) -> None:
        self.pair = pair
        self.tally = tally
        self.apart = False
        pair.reset()
        self.ours = pair.new_world(OURS)
        self.original = pair.new_world(ORIGINAL)

    @property
    def now(self) -> int:
        return self.ours.now

    def wait(self, seconds: int) -> None:
        self.ours.now += seconds
        self.original.now += seconds
        self.pair.wait(self.ours.now)

    def affordable(self, actor: str, wei: int) -> int:
        """No more than the actor has on either side: a transaction can't send more."""
        return min(wei, self.ours.ether[actor], self.original.ether[actor])

    def quote(self, operation: Operation) -> None:
        """Asks a quote on both sides."""
        ours, original = self.pair.called(operation, self.pair.sides)
        assert ours == perform(self.ours, operation)[0]
        _assert_same_but_for_words(original, perform(self.original, operation)[0])
        if not self.apart:
            classify(operation, self.ours.view(), ours, original)
        self._count(operation, ours, None)

    def run(self, operation: Operation) -> Outcome:
        """Runs an operation everywhere; returns what came of it on our contracts."""
        before, before_original = self.ours.view(), self.original.view()
        expected, ours_after = perform(self.ours, operation)
        expected_original, original_after = perform(self.original, operation)
        quoted = self._quoted(operation)

        difference = None if self.apart else classify(operation, before, expected, expected_original)
        if difference is Improvement.LOCKED_STAYS:
            # V1 goes through with it: seen in a call, but not sent, so that the sides stay in the same state.
            (called,) = self.pair.called(operation, (self.pair.original,))
            assert isinstance(called, Done)
            assert isinstance(expected_original, Done)
            assert called.returned == expected_original.returned
            ((outcome, view),) = self.pair.perform(operation, (self.pair.ours,))
            original_outcome: Outcome = expected_original
            original_view, original_after = before_original, self.original
        else:
            (outcome, view), (original_outcome, original_view) = self.pair.perform(operation, self.pair.sides)

        assert outcome == expected, f"ours {outcome}, its model {expected}"
        assert view == ours_after.view(), _gap(view, ours_after.view())
        _assert_same_but_for_words(original_outcome, expected_original)
        assert original_view == original_after.view(), _gap(original_view, original_after.view())

        self._check_side(operation, before, view, outcome, OURS)
        if difference is not Improvement.LOCKED_STAYS:
            self._check_side(operation, before_original, original_view, original_outcome, ORIGINAL)
        self._check_refusal(operation, outcome, original_outcome)
        if isinstance(outcome, Done) and quoted:
            assert outcome.returned == quoted, "a quote and the swap right after it differ"

        difference = self._difference(operation, before, outcome, original_outcome)
        self.ours, self.original = ours_after, original_after
        if not self.apart:
            assert same_but_for_locked(view, original_view), _gap(view, original_view)
        self._count(operation, outcome, difference)
        return outcome

    def _quoted(self, operation: Operation) -> tuple[int, ...]:
        """What our contract quotes for a swap between ETH and its token; empty if it is none or has no quote."""
        swap = SWAP.fullmatch(operation.function)
        if not swap or swap[1] not in ("ethToToken", "tokenToEth"):
            return ()
        given = operation.value if swap[1] == "ethToToken" and swap[3] == "Input" else operation.arguments[0]
        function = f"get{swap[1][0].upper()}{swap[1][1:]}{swap[3]}Price"
        assert function in QUOTES
        (quoted,) = self.pair.called(
            Operation(operation.actor, operation.target, function, (given,)), (self.pair.ours,)
        )
        return quoted.returned if isinstance(quoted, Done) else ()

    def _check_side(self, operation: Operation, before: View, after: View, outcome: Outcome, rules: Rules) -> None:
        """P4 and P9: the invariants that hold on either side."""
        if isinstance(outcome, Refused):
            assert after == before, "a refused operation changed something"
            return
        founding = operation.function == "addLiquidity" and is_founding(
            rules, before[operation.target, "totalSupply"], before["ether", operation.target]
        )
        check_conserved(before, after)
        check_liquidity_sums_up(after)
        check_pool_never_loses(operation, founding, before, after)
        check_rounding(before, outcome.events)
        check_shares(operation, founding, before, outcome)

    def _check_refusal(self, operation: Operation, ours: Outcome, original: Outcome) -> None:
        """P9: ours says why it refuses, unless the caller named an exchange that is none (that one says nothing)."""
        if isinstance(ours, Refused) and ours.error is None:
            assert operation.function.startswith("tokenToExchange")
            assert operation.arguments[-1] in (STRANGER, *ACTORS, *TOKENS)
        if isinstance(original, Refused) and operation.target in POOLS:
            assert original.error is None

    def _difference(self, operation: Operation, before: View, ours: Outcome, original: Outcome) -> Improvement | None:
        """Classifies what ours did against V1 in the same state; fails on anything that is no listed improvement."""
        if self.apart:
            in_our_state: World = replace(self.ours.copy(), rules=ORIGINAL)
            return classify(operation, before, ours, perform(in_our_state, operation)[0])
        difference = classify(operation, before, ours, original)
        self.apart = difference in (Improvement.FOUNDED_AGAIN, Improvement.RECEIVER_WITH_CODE)
        return difference

    def _count(self, operation: Operation, ours: Outcome, difference: Improvement | None) -> None:
        self.tally.count(operation, ours, difference, in_step=not self.apart)


def _assert_same_but_for_words(original: Outcome, model: Outcome) -> None:
    """V1 refuses without a word, its model with the error that ours would tell."""
    if isinstance(original, Refused) and isinstance(model, Refused):
        return
    assert original == model, f"original {original}, its model {model}"


def _gap(left: View, right: View) -> str:
    gaps = (f"{name}: {left[name]}, {right[name]}" for name in left if left[name] != right[name])
    return "states differ: " + "; ".join(gaps)
