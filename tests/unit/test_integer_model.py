"""The model in whole numbers, and the hashes that bind it, its requests and its answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.ppdl.inference.commitments import (
    answer_hash,
    decrypt_answer,
    encrypt_answer,
    features_hash,
    fresh_salt,
    weight_hash,
    weight_hash_of,
)
from offchain.ppdl.inference.integer_model import (
    PERCEPTRON,
    IntegerModel,
    ModelError,
    lanes_of,
    quantise_features,
    quantise_weights,
)
from offchain.zk.field import MODULUS
from tests.inference import perceptron

WEIGHTS = st.sampled_from([-8192, -8191, -1, 0, 1, 8191]) | st.integers(-8192, 8191)
FEATURES = st.sampled_from([-2048, -1, 0, 1, 2047]) | st.integers(-2048, 2047)
SIZES = ((30, 16, 8, 1), (3, 2, 1), (5, 1), (60, 32, 4, 2, 1))


def drawn(data: st.DataObject, sizes: tuple[int, ...], rows: int = 1) -> tuple[list[int], list[list[int]]]:
    """Weights, extreme ones among them, and rows of features."""
    count = lanes_of(sizes)
    weights = data.draw(st.lists(WEIGHTS, min_size=count, max_size=count))
    row = st.lists(FEATURES, min_size=sizes[0], max_size=sizes[0])
    return weights, data.draw(st.lists(row, min_size=rows, max_size=rows))


@settings(max_examples=20, deadline=None)
@given(data=st.data(), sizes=st.sampled_from(SIZES))
def test_answers_are_the_protocols(data: st.DataObject, sizes: tuple[int, ...]) -> None:
    """I1 one by one and in a batch, for any sizes of layers, up to the largest weights and features."""
    weights, rows = drawn(data, sizes, 3)
    model = IntegerModel(np.array(weights), sizes)
    expected = [perceptron.forecast(weights, row, sizes) for row in rows]
    assert model.answers(np.array(rows)).tolist() == expected
    assert [model.answer(row) for row in rows] == expected


@pytest.mark.parametrize("weight", [-8192, 8191])
@pytest.mark.parametrize("feature", [-2048, 2047])
def test_largest_sums_do_not_overflow(weight: int, feature: int) -> None:
    """I1 all weights and all features at their ends."""
    model = IntegerModel(np.full(lanes_of(PERCEPTRON), weight))
    features = [feature] * PERCEPTRON[0]
    assert model.answer(features) == perceptron.forecast(model.weights.tolist(), features, PERCEPTRON)


def test_lanes_become_weights() -> None:
    """I1 to the nearest, halves up, clamped; the largest lane too."""
    lanes = np.array([0, 255, 256, 767, 768, -256, -257, -769, 2**31 - 1, -(2**31), 8191 * 512, -8192 * 512], np.int32)
    assert quantise_weights(lanes).tolist() == [0, 0, 1, 1, 2, 0, -1, -2, 8191, -8192, 8191, -8192]


def test_features_are_rounded() -> None:
    """I1 to the nearest 256th, halves to even, clamped."""
    features = [0, 0.5 / 256, 1.5 / 256, -0.5 / 256, 1, -1, 7.99609375, 8, 1e300, -8, -9]
    assert quantise_features(features).tolist() == [0, 0, 2, 0, 256, -256, 2047, 2047, 2047, -2048, -2048]


@settings(max_examples=10, deadline=None)
@given(data=st.data(), sizes=st.sampled_from(SIZES))
def test_hashes_are_the_protocols(data: st.DataObject, sizes: tuple[int, ...]) -> None:
    """I2 of models of one chunk and of many, of requests and of answers."""
    weights, (row,) = drawn(data, sizes)
    salt = data.draw(st.integers(0, MODULUS - 1))
    answer = perceptron.forecast(weights, row, sizes)
    assert weight_hash_of(np.array(weights)) == perceptron.weight_hash(weights)
    assert weight_hash(np.array(weights, np.int32) * 512) == perceptron.weight_hash(weights)
    assert features_hash(row, salt) == perceptron.features_hash(row, salt)
    assert answer_hash(answer, salt) == perceptron.answer_hash(answer, salt)
    assert encrypt_answer(answer, salt) == perceptron.ciphertext(answer, salt)


@pytest.mark.parametrize("chunks", [1, 4, 5, 16, 17])
def test_every_weight_counts(chunks: int) -> None:
    """I2 in trees that are full and in those that lack a node, each weight and each place changes the hash."""
    weights = np.arange(64 * chunks) % 97
    known = {weight_hash_of(weights)}
    for place in {0, 15, 16, 63, 64 * chunks - 1, 64 * chunks // 2}:
        changed = weights.copy()
        changed[place] += 1
        known.add(weight_hash_of(changed))
    known.add(weight_hash_of(weights[::-1].copy()))
    assert len(known) == 2 + len({0, 15, 16, 63, 64 * chunks - 1, 64 * chunks // 2})


@settings(max_examples=20, deadline=None)
@given(answer=st.integers(-(2**42), 2**42), salt=st.integers(0, MODULUS - 1))
def test_answer_comes_out_as_it_went_in(answer: int, salt: int) -> None:
    """I2 for who knows the salt, below zero too; with another salt it is another number."""
    assert decrypt_answer(encrypt_answer(answer, salt), salt) == answer
    assert decrypt_answer(encrypt_answer(answer, salt), (salt + 1) % MODULUS) != answer


def test_salts_are_not_repeated() -> None:
    """I2 a salt is a field element that nobody can guess."""
    salts = {fresh_salt() for _ in range(100)}
    assert len(salts) == 100
    assert max(salts) < MODULUS
    assert max(salts).bit_length() > 240


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: IntegerModel(np.zeros(640, np.int64)), "a perceptron 30-16-8-1 has 641 weights, not .640"),
        (lambda: IntegerModel.from_lanes(np.zeros((641, 1), np.int32)), "has 641 weights, not .641, 1"),
        (lambda: quantise_features([1.0, float("nan")]), "no finite number"),
        (lambda: quantise_features([float("inf")]), "no finite number"),
        (lambda: weight_hash_of(np.array([8192])), "not -8192 to 8191"),
        (lambda: weight_hash(np.zeros(0, np.int32)), "at least one weight"),
        (lambda: weight_hash_of(np.array([], np.int64)), "at least one weight"),
        (lambda: features_hash([2048] * 30, 1), "not -2048 to 2047"),
        (lambda: zeros().answer([0] * 29), "rows of 30 features"),
        (lambda: zeros().answers(np.zeros(30, np.int64)), "rows of 30 features"),
        (lambda: zeros().answer([-2049] + [0] * 29), "-2048 to 2047"),
        (lambda: zeros().answer([2048] + [0] * 29), "-2048 to 2047"),
    ],
)
def test_bad_input(call: Any, message: str) -> None:
    """P9 weights and features that make no sense are refused in one line."""
    with pytest.raises(ModelError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("call", [lambda: features_hash([0] * 30, MODULUS), lambda: decrypt_answer(MODULUS, 1)])
def test_numbers_beyond_the_field(call: Any) -> None:
    """P9 a number that is no field element is refused, not reduced."""
    with pytest.raises(ValueError, match="not a field element"):
        call()


def zeros() -> IntegerModel:
    """A model of zeros."""
    return IntegerModel(np.zeros(lanes_of(PERCEPTRON), np.int64))
