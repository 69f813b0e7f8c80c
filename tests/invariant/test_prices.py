"""The model's two prices against exact fractions. P4: rounding favours the pool."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.invariant.reference_model.operation import UINT256_MAX, Refusal
from tests.invariant.reference_model.prices import input_rounded_up, output_rounded_down

amounts = st.builds(lambda bits, number: number % 2**bits + 1, st.integers(0, 100), st.integers(0, 2**100))
"""1 to 2^100, of every size; products of two of them and a factor of 1000 fit into 256 bits."""

exhaustive = settings(max_examples=300, derandomize=True, database=None, deadline=None)


def exact_output(amount: int, reserve_in: int, reserve_out: int) -> Fraction:
    """Solves `(i + 0.997 a) (o - b) = i o` for b."""
    effective = Fraction(997, 1000) * amount
    return reserve_out - Fraction(reserve_in * reserve_out) / (reserve_in + effective)


def exact_input(amount: int, reserve_in: int, reserve_out: int) -> Fraction:
    """Solves `(i + 0.997 a) (o - b) = i o` for a."""
    return (Fraction(reserve_in * reserve_out, reserve_out - amount) - reserve_in) / Fraction(997, 1000)


@exhaustive
@given(amounts, amounts, amounts)
def test_output_is_the_exact_price_rounded_down(amount: int, reserve_in: int, reserve_out: int) -> None:
    output = output_rounded_down(amount, reserve_in, reserve_out)
    assert output == exact_output(amount, reserve_in, reserve_out).__floor__()
    assert output < reserve_out
    assert (reserve_in + amount) * (reserve_out - output) >= reserve_in * reserve_out


@exhaustive
@given(amounts, amounts, amounts)
def test_input_is_above_the_exact_price_by_at_most_one(amount: int, reserve_in: int, spare: int) -> None:
    reserve_out = amount + spare
    paid = input_rounded_up(amount, reserve_in, reserve_out)
    exact = exact_input(amount, reserve_in, reserve_out)
    assert exact < paid <= exact + 1
    assert (reserve_in + paid) * (reserve_out - amount) >= reserve_in * reserve_out


@exhaustive
@given(amounts, amounts, amounts)
def test_an_input_price_buys_the_output_and_two_less_does_not(amount: int, reserve_in: int, spare: int) -> None:
    reserve_out = amount + spare
    paid = input_rounded_up(amount, reserve_in, reserve_out)
    assert output_rounded_down(paid, reserve_in, reserve_out) >= amount
    assert output_rounded_down(max(paid - 2, 0), reserve_in, reserve_out) < amount


@exhaustive
@given(amounts, amounts, amounts, amounts)
def test_more_costs_more(amount: int, more: int, reserve_in: int, reserve_out: int) -> None:
    assert output_rounded_down(amount, reserve_in, reserve_out) <= output_rounded_down(
        amount + more, reserve_in, reserve_out
    )
    large = reserve_out + amount + more
    assert input_rounded_up(amount, reserve_in, large) <= input_rounded_up(amount + more, reserve_in, large)


@exhaustive
@given(amounts, amounts, amounts)
def test_there_and_back_never_profits(amount: int, reserve_in: int, reserve_out: int) -> None:
    output = output_rounded_down(amount, reserve_in, reserve_out)
    assert output_rounded_down(output, reserve_out - output, reserve_in + amount) <= amount


@exhaustive
@given(amounts, amounts)
def test_bad_amounts_get_a_clear_error(amount: int, reserve: int) -> None:
    """P9: what can't be priced is refused by name."""
    for price in (output_rounded_down, input_rounded_up):
        for reserves in ((0, reserve), (reserve, 0)):
            with pytest.raises(Refusal, match="NoLiquidity"):
                price(amount, *reserves)
    with pytest.raises(Refusal, match="InsufficientReserve"):
        input_rounded_up(reserve + amount - 1, reserve, reserve)


@exhaustive
@given(st.integers(0, UINT256_MAX), st.integers(1, UINT256_MAX), st.integers(1, UINT256_MAX))
def test_overflow_is_refused_exactly_where_256_bits_end(amount: int, reserve_in: int, reserve_out: int) -> None:
    """P9: no price is ever computed from a wrapped-around number."""
    fits = max(amount * 997 * reserve_out, reserve_in * 1000 + amount * 997) <= UINT256_MAX
    if fits:
        output = output_rounded_down(amount, reserve_in, reserve_out)
        assert output == exact_output(amount, reserve_in, reserve_out).__floor__()
    else:
        with pytest.raises(Refusal, match="AmountOverflow"):
            output_rounded_down(amount, reserve_in, reserve_out)
