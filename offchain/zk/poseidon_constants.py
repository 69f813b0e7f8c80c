"""Constants of Poseidon over BN254, derived at run time from the paper's generator.

Source: Grassi, Khovratovich, Rechberger, Roy, Schofnegger, "Poseidon: A New Hash Function for Zero-Knowledge Proof
Systems" (https://eprint.iacr.org/2019/458): round constants from the Grain LFSR (appendix E), a Cauchy matrix from the
same stream (section 2.3), fewer multiplications in partial rounds (appendix B). The numbers of rounds are circomlib's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice

from offchain.zk.field import MODULUS

FULL_ROUNDS = 8
PARTIAL_ROUNDS = {2: 56, 3: 57, 4: 56, 5: 60, 6: 60, 7: 63}
"""Rounds with a single S-box, by width of the state (inputs plus one)."""

FIELD_BITS = 254
GRAIN_BITS = 80
GRAIN_TAPS = (62, 51, 38, 23, 13, 0)
GRAIN_STEP = 16  # bits made at once: at most 80 - 62
GRAIN_WARM_UP = 160

Vector = list[int]
Matrix = list[Vector]


@dataclass(frozen=True)
class Constants:
    """What a permutation of one width adds and multiplies by, in an equivalent form with sparse partial rounds.

    A partial round adds its constant to the first element alone, raises it to the fifth power, and multiplies by a
    matrix that differs from the identity in its first row and column alone.
    """

    width: int
    added: list[Vector]  # 8 full rounds x width
    added_partial: Vector  # one a partial round
    mix: Matrix  # width x width
    mix_before_partial: Matrix  # width x width, in place of `mix` in the last full round of the first half
    rows: list[Vector]  # a partial round's first row: width
    columns: list[Vector]  # a partial round's first column below the diagonal: width - 1


@cache
def constants(width: int) -> Constants:
    """The constants for states of 2 to 7 elements. Raises KeyError for any other width."""
    added, mix = generated(width)
    half, partial = FULL_ROUNDS // 2, PARTIAL_ROUNDS[width]

    # What a partial round adds to elements without S-box can be added after its matrix just as well.
    carried = [0] * width
    added_partial = []
    for constant in added[half : half + partial]:
        total = _add(constant, carried)
        added_partial.append(total[0])
        carried = _times_vector(mix, [0, *total[1:]])
    first_after = _add(added[half + partial], carried)

    # mix = sparse x diag(1, inner): diag(1, inner) doesn't touch the element with the S-box, so it can be applied a
    # round earlier; the one before then multiplies by diag(1, inner) x mix, whose inner part is inner x inner.
    inner = [row[1:] for row in mix[1:]]
    inverse = _inverse(inner)
    rows, columns = [], []
    current, gathered, gathered_inverse = mix, inner, inverse
    for _ in range(partial):
        rows.append([current[0][0], *_vector_times(current[0][1:], gathered_inverse)])
        columns.append([row[0] for row in current[1:]])
        current = [mix[0], *_times(gathered, mix[1:])]
        gathered, gathered_inverse = _times(gathered, inner), _times(inverse, gathered_inverse)
    full = [*added[:half], first_after, *added[half + partial + 1 :]]
    return Constants(width, full, added_partial, mix, current, rows[::-1], columns[::-1])


def generated(width: int) -> tuple[list[Vector], Matrix]:
    """Round constants (rounds x width) and mixing matrix (width x width) as the paper has them."""
    rounds = FULL_ROUNDS + PARTIAL_ROUNDS[width]
    numbers = _grain_numbers(width)
    below = (number for number in numbers if number < MODULUS)
    added = [list(islice(below, width)) for _ in range(rounds)]
    while True:
        points = [number % MODULUS for number in islice(numbers, 2 * width)]
        sums = [[(x + y) % MODULUS for y in points[width:]] for x in points[:width]]
        if len(set(points)) == len(points) and all(all(row) for row in sums):
            return added, [[pow(value, -1, MODULUS) for value in row] for row in sums]


def _grain_numbers(width: int) -> Iterator[int]:
    """Numbers of 254 bits, highest first, from the Grain LFSR: of each two of its bits the second counts, if the first
    is set."""
    fields = ((1, 2), (0, 4), (FIELD_BITS, 12), (width, 12), (FULL_ROUNDS, 10), (PARTIAL_ROUNDS[width], 10))
    seed = "".join(f"{value:0{size}b}" for value, size in fields).ljust(GRAIN_BITS, "1")
    kept = ["".join(_kept(byte)) for byte in range(256)]
    steps = islice(_grain_steps(int(seed[::-1], 2)), GRAIN_WARM_UP // GRAIN_STEP, None)
    bits = ""
    for step in steps:
        bits += kept[step & 255] + kept[step >> 8]
        if len(bits) >= FIELD_BITS:
            yield int(bits[:FIELD_BITS], 2)
            bits = bits[FIELD_BITS:]


def _grain_steps(state: int) -> Iterator[int]:
    """The LFSR's bits, 16 at once; the lowest bit is the oldest, in the state too."""
    mask = (1 << GRAIN_STEP) - 1
    a, b, c, d, e, f = GRAIN_TAPS
    while True:
        fresh = (state >> a ^ state >> b ^ state >> c ^ state >> d ^ state >> e ^ state >> f) & mask
        state = state >> GRAIN_STEP | fresh << (GRAIN_BITS - GRAIN_STEP)
        yield fresh


def _kept(byte: int) -> Iterator[str]:
    for pair in range(0, 8, 2):
        if byte >> pair & 1:
            yield str(byte >> pair + 1 & 1)


def _add(left: Vector, right: Vector) -> Vector:
    return [(a + b) % MODULUS for a, b in zip(left, right, strict=True)]


def _dot(left: Vector, right: Vector) -> int:
    return sum(a * b for a, b in zip(left, right, strict=True)) % MODULUS


def _times_vector(matrix: Matrix, vector: Vector) -> Vector:
    return [_dot(row, vector) for row in matrix]


def _vector_times(vector: Vector, matrix: Matrix) -> Vector:
    return [_dot(vector, list(column)) for column in zip(*matrix, strict=True)]


def _times(left: Matrix, right: Matrix) -> Matrix:
    columns = [list(column) for column in zip(*right, strict=True)]
    return [[_dot(row, column) for column in columns] for row in left]


def _inverse(matrix: Matrix) -> Matrix:
    """By Gauss and Jordan; no pivot of a Cauchy matrix is zero."""
    size = len(matrix)
    work = [[*row, *(int(i == j) for j in range(size))] for i, row in enumerate(matrix)]
    for i in range(size):
        scale = pow(work[i][i], -1, MODULUS)
        work[i] = [value * scale % MODULUS for value in work[i]]
        for k in range(size):
            if k != i:
                factor = work[k][i]
                work[k] = [(a - factor * b) % MODULUS for a, b in zip(work[k], work[i], strict=True)]
    return [row[size:] for row in work]
