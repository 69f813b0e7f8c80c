"""The caps that a wallet asks for: the smallest class that covers a trade, the largest that a slot allows."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from offchain.units import WATT_HOUR
from offchain.wallet.meter import LARGEST_CAP, SHARES, SLOTS, MeterError, largest_cap, smallest_cap

MOST = 2**32 - 1


def is_class(cap: int) -> bool:
    """At most two digits and zeros, below 2^32."""
    return 0 < cap <= MOST and len(str(cap).rstrip("0")) <= 2


def next_class(cap: int) -> int:
    """By looking."""
    return next(more for more in range(cap + 1, cap + 10 ** len(str(cap))) if is_class(more))


@given(st.integers(1, 99_999 * WATT_HOUR))
@example(1)
@example(99 * WATT_HOUR)
@example(99 * WATT_HOUR + 1)
@example(990 * WATT_HOUR + 1)
def test_the_smallest_class_that_covers(energy: int) -> None:
    """S15 none between it and the energy."""
    cap = smallest_cap(energy)
    assert is_class(cap)
    assert cap * WATT_HOUR >= energy
    assert not any(is_class(less) for less in range(-(-energy // WATT_HOUR), cap))


@given(st.integers(1, 99_999), st.integers(0, SLOTS - 1))
@example(7, 3)
@example(8, 3)
@example(6_200, 0)
def test_the_largest_class_of_a_slot(capacity: int, slot: int) -> None:
    """A33 within the slot's share of the capacity, and no larger one is."""
    cap = largest_cap(capacity, slot)
    assert cap * SHARES[slot] <= capacity
    assert is_class(cap) if cap else capacity < SHARES[slot]
    assert next_class(cap) * SHARES[slot] > capacity


@given(st.integers(1, MOST))
def test_all_slots_together_are_within_the_capacity(capacity: int) -> None:
    """A33 and within a tenth of it from a kWh on."""
    together = sum(largest_cap(capacity, slot) for slot in range(SLOTS))
    assert together <= capacity
    assert capacity < 1_000 or together > 0.9 * capacity


def test_beyond_the_largest_class() -> None:
    """S15."""
    assert is_class(LARGEST_CAP)
    assert smallest_cap(LARGEST_CAP * WATT_HOUR) == LARGEST_CAP
    with pytest.raises(MeterError, match="no trade moves more than 4,200,000 kWh"):
        smallest_cap(LARGEST_CAP * WATT_HOUR + 1)
    assert largest_cap(MOST, 0) < LARGEST_CAP
