"""What the machine draws: shares of what there is rather than numbers, so that most operations make sense, and now and
then an extreme or a mistake. A draw becomes a number only in view of the state it is used in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hypothesis import strategies as st

from tests.invariant.reference_model.operation import ACTORS, POOLS, STRANGER, TOKENS, UINT256_MAX, ZERO
from tests.invariant.reference_model.world import token_of

SHARE = 10**7
DICE = 40
dice = st.integers(0, 2**16 - 1).map(lambda number: number % DICE)
"""One of forty about equally likely results (over a small range Hypothesis prefers numbers of the source code)."""

actors = st.sampled_from(ACTORS)
pools = st.sampled_from(POOLS)
round_numbers = st.builds(lambda digit, power: digit * 10**power, st.integers(1, 9), st.integers(0, 6))


@dataclass(frozen=True)
class Amount:
    """Of something: a `share` of it in ten-millionths, `near` all of it (plus `number`), or `exactly` a number."""

    kind: Literal["share", "near", "exactly"]
    number: int

    def of(self, whole: int) -> int:
        if self.kind == "share":
            return max(1, whole * self.number // SHARE)
        return max(0, whole + self.number) if self.kind == "near" else self.number


@st.composite
def amounts(draw: st.DrawFn) -> Amount:
    thrown = draw(dice)
    if thrown < 35:
        return Amount("share", draw(round_numbers))
    if thrown < 37:
        return Amount("near", draw(st.integers(-1, 1)))
    if thrown < 39:
        return Amount("exactly", draw(st.sampled_from([1, 2, 3, 10, 997, 1000, 1001, 10**9])))
    return Amount("exactly", draw(st.sampled_from([0, 2**128, 2**255, UINT256_MAX])))


BoundKind = Literal["loose", "exact", "slack", "unmet", "zero", "extreme"]


@dataclass(frozen=True)
class Bound:
    """A limit that the caller sets on the price."""

    kind: BoundKind

    def least(self, price: int) -> int:
        """As a minimum of what comes out."""
        return self._pick(1, max(price, 1), max(price * 99 // 100, 1), price + 1, UINT256_MAX)

    def most(self, price: int) -> int:
        """As a maximum of what goes in."""
        return self._pick(price * 5, price, price * 101 // 100 + 1, price - 1, 2**255)

    def _pick(self, loose: int, price: int, slack: int, unmet: int, extreme: int) -> int:
        kinds = {"loose": loose, "exact": price, "slack": slack, "unmet": unmet, "zero": 0, "extreme": extreme}
        return max(0, kinds[self.kind])


@st.composite
def bounds(draw: st.DrawFn) -> Bound:
    thrown = draw(dice)
    if thrown < 18:
        return Bound("loose")
    if thrown < 30:
        return Bound("exact")
    mistakes: list[BoundKind] = ["unmet", "zero", "extreme"]
    return Bound("slack" if thrown < 37 else mistakes[thrown - 37])


@dataclass(frozen=True)
class Deadline:
    """Seconds from now, or (`absolute`) a time."""

    seconds: int
    absolute: bool = False

    def at(self, now: int) -> int:
        return self.seconds if self.absolute else now + self.seconds


@st.composite
def deadlines(draw: st.DrawFn) -> Deadline:
    thrown = draw(dice)
    if thrown < 35:
        return Deadline(draw(st.sampled_from([1, 60, 3600, 10**6])))
    if thrown < 39:
        return Deadline(-1 if thrown == 38 else 0)  # this very second is in time for a swap, late for liquidity
    return Deadline(draw(st.sampled_from([0, UINT256_MAX])), absolute=True)


@dataclass(frozen=True)
class Recipient:
    """A trader or a stranger by name, or `own`, `other`, `token`: seen from the exchange that is called."""

    name: str

    def seen_from(self, pool: str, ether: bool) -> str:
        """`ether`: whether it is paid in ETH; tokens are not paid to a token's own contract."""
        special = {"own": pool, "other": other_pool(pool), "token": token_of(pool) if ether else STRANGER}
        return special.get(self.name, self.name)


@st.composite
def recipients(draw: st.DrawFn) -> Recipient:
    thrown = draw(dice)
    if thrown < 32:
        return Recipient(draw(actors))
    return Recipient([STRANGER, STRANGER, STRANGER, "other", "other", "own", "token", ZERO][thrown - 32])


@dataclass(frozen=True)
class Through:
    """Which exchange a token-to-token swap goes through."""

    name: str

    def exchange(self, pool: str) -> str:
        special = {"other": other_pool(pool), "own": pool, "token": token_of(pool)}
        return special.get(self.name, self.name)

    def token(self, pool: str) -> str:
        exchange = self.exchange(pool)
        return token_of(exchange) if exchange in POOLS else exchange if exchange not in TOKENS else STRANGER


@st.composite
def throughs(draw: st.DrawFn) -> Through:
    return Through("other" if draw(dice) < 37 else draw(st.sampled_from(["own", ZERO, STRANGER, "token", "ann"])))


def other_pool(pool: str) -> str:
    return POOLS[1 - POOLS.index(pool)]
