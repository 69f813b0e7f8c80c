"""The model and its hashes in plain Python, number by number; written from docs/reference/ppdl-protocol.md alone."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from offchain.zk.field import MODULUS
from offchain.zk.poseidon import poseidon


def weights_of(sizes: Sequence[int]) -> int:
    """How many weights a perceptron has whose layers have these sizes, inputs first."""
    return sum((inputs + 1) * outputs for inputs, outputs in pairwise(sizes))


def forecast(weights: Sequence[int], features: Sequence[int], sizes: Sequence[int]) -> int:
    """The answer of a perceptron whose layers have these sizes, inputs first."""
    rest, values = list(weights), list(features)
    for layer, outputs in enumerate(sizes[1:], start=1):
        matrix = [[rest.pop(0) for _ in values] for _ in range(outputs)]
        biases = [rest.pop(0) for _ in range(outputs)]
        sums = [
            sum(weight * value for weight, value in zip(row, values, strict=True)) + bias * 256
            for row, bias in zip(matrix, biases, strict=True)
        ]
        values = sums if layer == len(sizes) - 1 else [max(0, total) // 2048 for total in sums]
    assert not rest
    (answer,) = values
    return answer


def packed(numbers: Sequence[int], size: int, bits: int) -> list[int]:
    """Elements of so many numbers of so many bits; the last one is filled with zeros."""
    elements = []
    for start in range(0, len(numbers), size):
        element = 0
        for place in range(size):
            number = numbers[start + place] if start + place < len(numbers) else 0
            element |= number + 2 ** (bits - 1) << bits * place
        elements.append(element)
    return elements


def weight_hash(weights: Sequence[int]) -> int:
    """The root over the chunks of quantised weights."""
    filled = [*weights, *[0] * (-len(weights) % 64)]
    level = packed(filled, 16, 14)
    while len(level) > 1:
        level = [
            poseidon([level[at + child] if at + child < len(level) else 0 for child in range(4)])
            for at in range(0, len(level), 4)
        ]
    return level[0]


def features_hash(features: Sequence[int], salt: int) -> int:
    """The hash of a request."""
    return poseidon([*packed(features, 15, 12), salt])


def answer_hash(answer: int, salt: int) -> int:
    """The hash of an answer."""
    return poseidon([answer % MODULUS, salt])


def ciphertext(answer: int, salt: int) -> int:
    """An answer for who knows the salt."""
    return (answer + poseidon([salt])) % MODULUS
