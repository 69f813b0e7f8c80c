"""The two price formulas of a constant product pool with a fee of 0.3 %, in 256-bit integers.

Source: Uniswap V1 documentation, "Connect to Uniswap", ETH/token calculations. With the fee the pool prices
`997 / 1000` of the input: `(i + 997 a / 1000) (o - b) = i o`. All amounts and reserves in base units (wei for ETH).
"""

from __future__ import annotations

from tests.invariant.reference_model.operation import UINT256_MAX, Refusal

FEE_NUMERATOR = 997
FEE_DENOMINATOR = 1000


def product(a: int, b: int) -> int:
    """`a * b`; refused where 256 bits don't hold it."""
    if a * b > UINT256_MAX:
        raise Refusal("AmountOverflow")
    return a * b


def output_rounded_down(amount: int, input_reserve: int, output_reserve: int) -> int:
    """Output for exactly `amount` of input, rounded down: to the pool's favour."""
    if input_reserve == 0 or output_reserve == 0:
        raise Refusal("NoLiquidity")
    amount_less_fee = product(amount, FEE_NUMERATOR)
    denominator = product(input_reserve, FEE_DENOMINATOR) + amount_less_fee
    if denominator > UINT256_MAX:
        raise Refusal("AmountOverflow")
    return product(amount_less_fee, output_reserve) // denominator


def input_rounded_up(amount: int, input_reserve: int, output_reserve: int) -> int:
    """Input for exactly `amount` of output: rounded down and one added, so always above the exact price."""
    if input_reserve == 0 or output_reserve == 0:
        raise Refusal("NoLiquidity")
    if amount >= output_reserve:
        raise Refusal("InsufficientReserve", amount, output_reserve)
    numerator = product(product(input_reserve, amount), FEE_DENOMINATOR)
    return numerator // product(output_reserve - amount, FEE_NUMERATOR) + 1
