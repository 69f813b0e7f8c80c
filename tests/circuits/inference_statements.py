"""True and false statements about a model's answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from offchain.zk.field import MODULUS
from offchain.zk.poseidon import poseidon
from tests.circuits.model import Case, Model
from tests.inference import perceptron

LEAST_WEIGHT, MOST_WEIGHT = -8192, 8191
LEAST_FEATURE, MOST_FEATURE = -2048, 2047
UNIT = 2048
"""One, as a weight."""

Named = Iterator[tuple[str, Case]]


def inference_truths(model: Model) -> Named:
    """At the ends of what weights and features can be, and where signs and roundings change."""
    sizes = _sizes(model)
    weights, inputs = perceptron.weights_of(sizes), sizes[0]
    for weight in (LEAST_WEIGHT, 0, MOST_WEIGHT):
        for feature in (LEAST_FEATURE, 0, MOST_FEATURE):
            case = model.inference(weights=[weight] * weights, features=[feature] * inputs)
            yield f"weights {weight}, features {feature}", case
    yield (
        "largest activations",
        model.inference(
            weights=[*[LEAST_WEIGHT] * (inputs * sizes[1]), *[MOST_WEIGHT] * (weights - inputs * sizes[1])],
            features=[LEAST_FEATURE] * inputs,
        ),
    )
    yield (
        "least second sums",
        model.inference(
            weights=[
                *[LEAST_WEIGHT] * (inputs * sizes[1]),
                *[MOST_WEIGHT] * sizes[1],
                *[LEAST_WEIGHT] * _after_first(sizes),
            ],
            features=[LEAST_FEATURE] * inputs,
        ),
    )
    for sum_ in (-UNIT - 1, -UNIT, -1, 0, 1, UNIT - 1, UNIT, UNIT + 1):
        yield f"a first sum of {sum_}", _with_first_sum(model, sum_)
    for salt in (0, 1, MODULUS - 1):
        yield f"salt {salt}", model.inference(salt=salt)
    yield "no node", model.inference(node=0)
    yield "largest node", model.inference(node=2**160 - 1)


def inference_lies(model: Model) -> Named:
    """Other answers, other models, other requests, numbers out of range."""
    honest = model.inference()
    inputs, sizes = honest.inputs, _sizes(model)
    weights, features, salt = inputs["weights"], inputs["features"], inputs["salt"]
    answer = perceptron.forecast(weights, features, sizes)
    for change in (1, -1, -2 * answer, MODULUS // 2):
        other = answer + change
        yield (
            f"an answer {change} away",
            honest.claiming(
                answerHash=perceptron.answer_hash(other, salt), ciphertext=perceptron.ciphertext(other, salt)
            ),
        )
        yield f"the hash of an answer {change} away", honest.claiming(answerHash=perceptron.answer_hash(other, salt))
        yield f"a ciphertext {change} away", honest.claiming(ciphertext=perceptron.ciphertext(other, salt))
    yield "a ciphertext for another salt", honest.claiming(ciphertext=perceptron.ciphertext(answer, salt + 1))
    yield "an answer's hash with another salt", honest.claiming(answerHash=perceptron.answer_hash(answer, salt + 1))
    yield "a ciphertext that is the answer", honest.claiming(ciphertext=answer % MODULUS)
    yield "another salt for the request", honest.but(salt=salt + 1)
    yield (
        "another salt for the request alone",
        honest.but(salt=salt + 1).claiming(
            answerHash=perceptron.answer_hash(answer, salt + 1), ciphertext=perceptron.ciphertext(answer, salt + 1)
        ),
    )

    # Another model or request than the hashes say
    starts = (0, sizes[0] * sizes[1], (sizes[0] + 1) * sizes[1], len(weights) - sizes[2] - 1)
    for place in sorted({*starts, 15, 16, 63, 64, len(weights) - 2, len(weights) - 1}):
        moved = model.inference(weights=_at(weights, place, weights[place] + 1))
        yield f"another weight {place}", moved.claiming(weightHash=honest.outputs["weightHash"])
    for place in (0, 14, 15, sizes[0] - 1):
        moved = model.inference(features=_at(features, place, features[place] + 1))
        yield f"another feature {place}", moved.claiming(featuresHash=honest.outputs["featuresHash"])
    chunk = poseidon(perceptron.packed(weights[:64], 16, 14))
    yield "a chunk's hash for the model's", honest.claiming(weightHash=chunk)
    yield "one feature fewer", honest.claiming(featuresHash=perceptron.features_hash(features[:-1], salt))

    # Numbers that borrow from their neighbours, or wrap around
    for name, numbers, size, bits in (("weights", weights, 16, 14), ("features", features, 15, 12)):
        for place, number in ((0, 2 ** (bits - 1)), (1, -(2 ** (bits - 1)) - 1), (len(numbers) - 1, 2 ** (bits - 1))):
            yield f"{name}: {number} at {place}", honest.but(**{name: _at(numbers, place, number)}).claiming_nothing()
        lent = _at(_at(numbers, 0, numbers[0] + 2**bits), 1, numbers[1] - 1)
        yield f"{name}: the second lends to the first", honest.but(**{name: lent}).claiming_nothing()
        yield f"{name}: a half", honest.but(**{name: _at(numbers, 2, pow(2, -1, MODULUS))}).claiming_nothing()
        yield (
            f"{name}: lent beyond an element",
            honest.but(**{name: _at(numbers, size - 1, numbers[size - 1] + 2**bits)}).claiming_nothing(),
        )


def _with_first_sum(model: Model, sum_: int) -> Case:
    """The first neuron's sum is that; what follows tells it from its neighbours."""
    inputs, first, *_ = sizes = _sizes(model)
    matrix = [[0] * inputs for _ in range(first)]
    matrix[0][0] = 1
    biases = [sum_ // 256, *[0] * (first - 1)]
    matrix[0][1] = sum_ - biases[0] * 256 - 5
    rest = [UNIT if place % 3 == 0 else -UNIT for place in range(_after_first(sizes))]
    weights = [*(weight for row in matrix for weight in row), *biases, *rest]
    assert len(weights) == perceptron.weights_of(sizes)
    return model.inference(weights=weights, features=[5, 1, *[0] * (inputs - 2)])


def _after_first(sizes: Sequence[int]) -> int:
    """How many weights come after the first layer's."""
    return perceptron.weights_of(sizes[1:])


def _sizes(model: Model) -> tuple[int, int, int, int]:
    parameters = model.parameters
    return parameters.model_inputs, parameters.first_layer, parameters.second_layer, 1


def _at(items: Sequence[int], place: int, item: int) -> list[int]:
    return [*items[:place], item, *items[place + 1 :]]
