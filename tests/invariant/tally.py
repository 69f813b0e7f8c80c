"""Counts what a run of the machine did."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field

from tests.invariant.improvements import Improvement
from tests.invariant.reference_model.operation import FORCE_ETHER, QUOTES, Done, Operation, Outcome

SWAPS = tuple(
    f"{way}{kind}{exact}"
    for way in ("ethToToken", "tokenToEth", "tokenToToken", "tokenToExchange")
    for kind in ("Swap", "Transfer")
    for exact in ("Input", "Output")
)
KINDS = (
    *("addLiquidity", "removeLiquidity", "default", *SWAPS, *QUOTES),
    *("transfer", "transferFrom", "approve", "token.transfer", "token.approve", FORCE_ETHER),
)
"""Every kind of operation there is."""


@dataclass
class Tally:
    """Operations on both sides, by kind; refusals by the error of ours; differences by the improvement behind."""

    tried: Counter[str] = field(default_factory=Counter)
    succeeded: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    differences: Counter[Improvement] = field(default_factory=Counter)
    in_step: int = 0
    started: float = field(default_factory=time.monotonic)

    def count(self, operation: Operation, ours: Outcome, difference: Improvement | None, in_step: bool) -> None:
        self.tried[operation.name] += 1
        self.in_step += in_step
        if isinstance(ours, Done):
            self.succeeded[operation.name] += 1
        else:
            self.refusals[ours.error or "(without a word)"] += 1
        if difference:
            self.differences[difference] += 1

    @property
    def success_ratio(self) -> float:
        return self.succeeded.total() / self.tried.total()

    def report(self) -> str:
        """All counts, for people."""
        total, seconds = self.tried.total(), time.monotonic() - self.started
        lines = [
            f"{total} operations in {seconds:.0f} s ({total / seconds:.0f}/s), {self.success_ratio:.0%} succeeded",
            f"{self.in_step / total:.0%} of them with both sides in the same state",
            *(f"  {kind:32} {self.succeeded[kind]:6} of {self.tried[kind]:6}" for kind in KINDS),
            "Refusals of ours:",
            *(f"  {error:32} {count:6}" for error, count in self.refusals.most_common()),
            "Differences from Uniswap V1, all explained:",
            *(f"  {reason.name:32} {self.differences[reason]:6}  {reason.value}" for reason in Improvement),
        ]
        return "\n".join(lines)
