"""Poseidon's permutation as machine code: numba's loops around 256-bit Montgomery arithmetic written in LLVM's IR.

Numba itself has no integers wider than 64 bits. An element is a tuple of four limbs, lowest first, in Montgomery form
(x * 2^256 mod p); a sum of products is a tuple of eight. Source: Montgomery, "Modular multiplication without trial
division" (1985). All of it is in one file, because numba's cache compares a kernel with its own file alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np
from llvmlite import ir
from numba import boolean, njit, types, uint64
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from offchain.zk.field import LIMBS, MODULUS, Elements
from offchain.zk.poseidon_constants import FULL_ROUNDS

WORD = ir.IntType(64)
DOUBLE = ir.IntType(128)
ELEMENT = types.UniTuple(uint64, LIMBS)
PRODUCT = types.UniTuple(uint64, 2 * LIMBS)

RADIX = 1 << 64 * LIMBS
NEGATED_INVERSE = -pow(MODULUS, -1, 1 << 64) % (1 << 64)

Element = tuple[np.uint64, np.uint64, np.uint64, np.uint64]
Words = list[Any]  # values of LLVM's i64, lowest first
Builder = Any


def _words(number: int) -> Element:
    a, b, c, d = (np.uint64(number >> 64 * limb & (1 << 64) - 1) for limb in range(LIMBS))
    return a, b, c, d


TO_MONTGOMERY = _words(RADIX * RADIX % MODULUS)
ONE = _words(1)  # multiplying by it leads back out of Montgomery form
ZERO = _words(0)
NOTHING = ZERO + ZERO


def _wide(builder: Builder, words: Words) -> Any:
    """One integer of all words."""
    kind = ir.IntType(64 * len(words))
    total = builder.zext(words[0], kind)
    for place, word in enumerate(words[1:], start=1):
        total = builder.or_(total, builder.shl(builder.zext(word, kind), kind(64 * place)))
    return total


def _split(builder: Builder, number: Any, count: int) -> Words:
    """The lowest words of an integer."""
    return [builder.trunc(builder.lshr(number, number.type(64 * place)), WORD) for place in range(count)]


def _multiply_add(builder: Builder, a: Any, b: Any, *added: Any) -> tuple[Any, Any]:
    """Low and high word of a * b + added; at most two words can be added without overflow."""
    total = builder.mul(builder.zext(a, DOUBLE), builder.zext(b, DOUBLE))
    for word in added:
        total = builder.add(total, builder.zext(word, DOUBLE))
    low, high = _split(builder, total, 2)
    return low, high


def _product(builder: Builder, a: Words, b: Words) -> Words:
    """All eight words of a * b."""
    words: Words = [WORD(0)] * (2 * LIMBS)
    for i in range(LIMBS):
        carry = WORD(0)
        for j in range(LIMBS):
            words[i + j], carry = _multiply_add(builder, a[j], b[i], words[i + j], carry)
        words[i + LIMBS] = carry
    return words


def _reduced(builder: Builder, product: Words, subtractions: int) -> Words:
    """product / 2^256 modulo p: below p if the product is below `subtractions` * p * 2^256."""
    words = list(product)
    modulus = [WORD(int(word)) for word in _words(MODULUS)]
    top = WORD(0)
    for i in range(LIMBS):
        factor = builder.mul(words[i], WORD(NEGATED_INVERSE))
        carry = WORD(0)
        for j in range(LIMBS):
            words[i + j], carry = _multiply_add(builder, factor, modulus[j], words[i + j], carry)
        words[i + LIMBS], top = _split(
            builder,
            builder.add(
                builder.add(builder.zext(words[i + LIMBS], DOUBLE), builder.zext(carry, DOUBLE)),
                builder.zext(top, DOUBLE),
            ),
            2,
        )
    return _subtracted(builder, _wide(builder, words[LIMBS:]), subtractions)


def _subtracted(builder: Builder, number: Any, times: int) -> Words:
    """A 256-bit number less p as often as it is at least p, at most `times`."""
    modulus = number.type(MODULUS)
    for _ in range(times):
        less = builder.sub(number, modulus)
        number = builder.select(builder.icmp_unsigned("<", number, modulus), number, less)
    return _split(builder, number, LIMBS)


def _machine_code(result: types.Type, *arguments: types.Type) -> Callable[[Callable[..., Any]], Any]:
    """Makes a function for kernels of one that builds IR for the words of its arguments."""

    def decorate(build: Callable[..., Any]) -> Any:
        def generate(context: Any, builder: Builder, signature: Any, values: Sequence[Any]) -> Any:
            built = build(builder, *(cgutils.unpack_tuple(builder, value) for value in values))
            return context.make_tuple(builder, result, built) if isinstance(built, list) else built

        @wraps(build)  # numba goes by its arguments' names, with the typing context in the builder's place
        def typed(typing: Any, *given: Any) -> tuple[Any, Any]:
            return result(*arguments), generate

        return intrinsic(typed)

    return decorate


@_machine_code(ELEMENT, ELEMENT, ELEMENT)
def multiply(builder: Builder, a: Words, b: Words) -> Words:
    """a * b."""
    return _reduced(builder, _product(builder, a, b), 1)


@_machine_code(ELEMENT, ELEMENT, ELEMENT)
def add(builder: Builder, a: Words, b: Words) -> Words:
    """a + b."""
    return _subtracted(builder, builder.add(_wide(builder, a), _wide(builder, b)), 1)


@_machine_code(PRODUCT, PRODUCT, ELEMENT, ELEMENT)
def add_product(builder: Builder, total: Words, a: Words, b: Words) -> Words:
    """total + a * b, not reduced: seven products fit."""
    product = _wide(builder, _product(builder, a, b))
    return _split(builder, builder.add(_wide(builder, total), product), 2 * LIMBS)


@_machine_code(ELEMENT, PRODUCT)
def reduced(builder: Builder, total: Words) -> Words:
    """The element that a sum of at most seven products stands for."""
    return _reduced(builder, total, 2)


@_machine_code(boolean, ELEMENT)
def is_canonical(builder: Builder, words: Words) -> Any:
    """Whether a number is below p."""
    number = _wide(builder, words)
    return builder.icmp_unsigned("<", number, number.type(MODULUS))


@njit()
def _load(elements: Elements, at: int) -> Element:
    return elements[at, 0], elements[at, 1], elements[at, 2], elements[at, 3]


@njit()
def _store(elements: Elements, at: int, element: Element) -> None:
    elements[at, 0], elements[at, 1], elements[at, 2], elements[at, 3] = element


@njit()
def _fifth_power(x: Element) -> Element:
    square = multiply(x, x)
    return multiply(multiply(square, square), x)


@njit()
def _dot(table: Elements, row: int, state: Elements, width: int) -> Element:
    total = NOTHING
    for j in range(width):
        total = add_product(total, _load(table, row + j), _load(state, j))
    return reduced(total)


@njit()
def _full_round(table: Elements, added: int, mix: int, state: Elements, fresh: Elements, width: int) -> None:
    for j in range(width):
        _store(state, j, _fifth_power(add(_load(state, j), _load(table, added + j))))
    for i in range(width):
        _store(fresh, i, _dot(table, mix + i * width, state, width))
    for j in range(width):
        _store(state, j, _load(fresh, j))


@njit()
def _partial_round(table: Elements, at: int, state: Elements, width: int) -> None:
    power = _fifth_power(add(_load(state, 0), _load(table, at)))
    _store(state, 0, power)
    first = _dot(table, at + 1, state, width)
    for j in range(1, width):
        _store(state, j, add(_load(state, j), multiply(power, _load(table, at + width + j))))
    _store(state, 0, first)


@njit(cache=True, nogil=True)
def hash_rows(inputs: NDArray[np.uint64], table: Elements, partial_rounds: int, hashes: Elements) -> int:
    """Hashes each row of `inputs`, shape (n, inputs, 4), into `hashes`, shape (n, 4). The table is that of `tabled`.

    Returns how many rows it hashed: it stops before the first with an element that isn't canonical.
    """
    width = inputs.shape[1] + 1
    mix = FULL_ROUNDS * width
    mix_before_partial = mix + width * width
    partial = mix_before_partial + width * width
    state, fresh = np.empty((width, LIMBS), np.uint64), np.empty((width, LIMBS), np.uint64)
    for row in range(len(inputs)):
        _store(state, 0, ZERO)
        for j in range(1, width):
            element = _load(inputs[row], j - 1)
            if not is_canonical(element):
                return row
            _store(state, j, multiply(element, TO_MONTGOMERY))
        for turn in range(FULL_ROUNDS // 2):
            last = turn == FULL_ROUNDS // 2 - 1
            _full_round(table, turn * width, mix_before_partial if last else mix, state, fresh, width)
        for turn in range(partial_rounds):
            _partial_round(table, partial + turn * 2 * width, state, width)
        for turn in range(FULL_ROUNDS // 2, FULL_ROUNDS):
            _full_round(table, turn * width, mix, state, fresh, width)
        _store(hashes, row, multiply(_load(state, 0), ONE))
    return len(inputs)
