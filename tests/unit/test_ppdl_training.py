"""Models and local training: the protocol's order of weights, each client on its own, the same every time."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor

from offchain.ppdl.learning.features import Horizon, examples
from offchain.ppdl.learning.model import LARGEST_WEIGHT, STATE_UNIT, Perceptron, to_parameters, to_state
from offchain.ppdl.learning.readings import bundled
from offchain.ppdl.learning.recurrent import Recurrent
from offchain.ppdl.learning.training import ClientData, Training, train
from offchain.ppdl.learning.tuning import Tuning, client_losses, tuned

MODEL = Perceptron()
NAMES = ["a", "b", "c"]
TRAINING = Training(batch=32, rounds=5, epochs=2)


def made_up(hours: int = 200, names: list[str] = NAMES, seed: int = 0) -> ClientData:
    """Each client has its own linear truth, and some hours missing."""
    random = torch.Generator().manual_seed(seed)
    features = torch.randn(len(names), hours, MODEL.inputs, generator=random)
    truth = torch.randn(len(names), MODEL.inputs, 1, generator=random)
    target = (features @ truth).squeeze(2) / 5
    return ClientData(names, features, target, (torch.rand(target.shape, generator=random) < 0.9).float())


def one(data: ClientData, place: int) -> ClientData:
    part = slice(place, place + 1)
    return ClientData([data.names[place]], data.features[part], data.target[part], data.present[part])


def start(clients: int, seed: int = 1) -> Tensor:
    return to_parameters(MODEL.initial(seed)).expand(clients, -1)


@pytest.mark.parametrize(("sizes", "weights"), [((30, 16, 8, 1), 641), ((30, 1), 31), ((30, 64, 32, 1), 4097)])
def test_weights_stand_in_torchs_order(sizes: tuple[int, ...], weights: int) -> None:
    """The flat forward pass is that of torch's own layers with their parameters one after another."""
    model = Perceptron(sizes)
    assert model.weights == weights == len(model.initial(0))
    layers: list[torch.nn.Module] = []
    for ins, outs in pairwise(sizes):
        layers += [torch.nn.Linear(ins, outs), torch.nn.ReLU()]
    network = torch.nn.Sequential(*layers[:-1])
    flat = torch.cat([parameter.detach().reshape(-1) for parameter in network.parameters()])
    features = torch.randn(1, 50, 30)
    with torch.no_grad():
        assert model.forward(flat[None], features)[0] == pytest.approx(network(features[0]).squeeze(1), abs=1e-5)


def test_gated_units_are_torchs() -> None:
    """Window and features, through torch's own GRU and layer with the same parameters."""
    model = Recurrent(units=5, window=7)
    network, layer = torch.nn.GRU(1, 5, batch_first=True), torch.nn.Linear(5 + 30, 1)
    flat = torch.cat([part.detach().reshape(-1) for part in (*network.parameters(), *layer.parameters())])
    assert model.weights == len(flat) == len(model.initial(0))
    features = torch.randn(1, 20, model.inputs)
    with torch.no_grad():
        _, state = network(features[0, :, 30:, None])
        expected = layer(torch.cat([state[0], features[0, :, :30]], dim=1)).squeeze(1)
        assert model.forward(flat[None], features)[0] == pytest.approx(expected, abs=1e-5)


def test_gated_units_learn_from_readings() -> None:
    """With the window that `examples` gives them, stacked."""
    made = bundled(2, 7)
    told = examples(made, Horizon.NEXT_HOUR, 6 * 168, window=4)
    assert told.features.shape == (2, 7 * 168, 34)
    scaled = made.kwh[:, 0] / told.scale[0]
    steps = np.diff(told.features[0, 200:, 30:], axis=1)
    assert steps[:, -1] == pytest.approx((scaled[199:-1] - scaled[198:-2]), abs=2**-7)
    data, model = ClientData.of(told.between(0, 6 * 168), made.households), Recurrent(units=4, window=4)
    before = to_parameters(model.initial(0)).expand(2, -1)
    after, _ = train(model, before, data, Training(batch=64, epochs=3, rate=0.01), 1)
    assert (client_losses(model, after, data) < 0.9 * client_losses(model, before, data)).all()


def test_a_stack_of_models_is_each_of_them() -> None:
    parameters = torch.cat([start(1, seed) for seed in range(3)])
    features = made_up().features
    stacked = MODEL.forward(parameters, features)
    for place in range(3):
        part = slice(place, place + 1)
        assert torch.allclose(stacked[part], MODEL.forward(parameters[part], features[part]), atol=1e-6)


def test_states_are_weights_to_the_nearest_unit_and_back() -> None:
    state = np.array([0, 1, -1, 2**20, -(2**22), 2**23 - 1], np.int32)
    assert to_state(to_parameters(state)).tolist() == state.tolist()
    assert to_state(torch.tensor([0.6 * STATE_UNIT, -0.6 * STATE_UNIT, 1e9])).tolist() == [1, -1, 2**31 - 1]
    assert np.array_equal(MODEL.initial(7), MODEL.initial(7))
    assert not np.array_equal(MODEL.initial(7), MODEL.initial(8))


def test_training_learns_and_is_the_same_every_time() -> None:
    data, parameters = made_up(), start(3)
    first, losses = train(MODEL, parameters, data, TRAINING, 1)
    again, _ = train(MODEL, parameters, data, TRAINING, 1)
    assert torch.equal(first, again)
    assert (client_losses(MODEL, first, data) < 0.9 * client_losses(MODEL, parameters, data)).all()
    assert (losses > client_losses(MODEL, first, data)).all()
    for other in (Training(batch=32, rounds=5, epochs=2, seed=1), TRAINING):
        number = 1 if other.seed else 2
        assert not torch.equal(train(MODEL, parameters, data, other, number)[0], first)


@pytest.mark.parametrize("huber", [None, 0.1])
def test_a_client_alone_learns_what_it_learns_in_a_stack(huber: float | None) -> None:
    """Within the rounding of sums: a few units of the state, of weights that move by thousands."""
    data = made_up()
    training = Training(batch=32, rounds=5, huber=huber)
    stacked, losses = train(MODEL, start(3), data, training, 4)
    for place in range(3):
        alone, loss = train(MODEL, start(1), one(data, place), training, 4)
        assert torch.allclose(alone[0], stacked[place], atol=64 * STATE_UNIT)
        assert torch.allclose(loss[0], losses[place], rtol=1e-4)
        assert (alone[0] - start(1)[0]).abs().max() > 2000 * STATE_UNIT


def test_missing_hours_teach_nothing() -> None:
    data = made_up()
    spoilt = ClientData(data.names, data.features, torch.where(data.present > 0, data.target, 1e6), data.present)
    assert torch.equal(train(MODEL, start(3), data, TRAINING, 1)[0], train(MODEL, start(3), spoilt, TRAINING, 1)[0])


def test_weights_stay_where_the_circuit_takes_them() -> None:
    data = made_up()
    steep = ClientData(data.names, data.features, 1e4 * data.target, data.present)
    trained, _ = train(MODEL, start(3), steep, Training(batch=32, rate=2.0), 1)
    assert trained.abs().max() == LARGEST_WEIGHT


def test_the_rate_falls_as_half_a_cosine() -> None:
    training = Training(rate=1.0, last_rate=0.1, rounds=3)
    assert [training.rate_of(number) for number in (1, 2, 3, 9)] == pytest.approx([1, 0.55, 0.1, 0.1])
    assert Training(rate=1.0, rounds=1).rate_of(1) == 1


def test_tuning_fits_each_client_unless_that_doesnt_last() -> None:
    """Those whose truth goes on get better by tuning; one whose truth turns round before the end keeps the common
    model."""
    data = made_up(hours=800)
    state = to_state(train(MODEL, start(3), data, Training(batch=32), 1)[0].mean(dim=0))
    turned = data.target.clone()
    turned[1, 600:] *= -1
    own = ClientData(data.names, data.features, turned, data.present)
    parameters, common = tuned(MODEL, state, own, Tuning(epochs=4, batch=32)), to_parameters(state).expand(3, -1)
    assert torch.equal(parameters[1], common[1])
    better = client_losses(MODEL, parameters, own) < client_losses(MODEL, common, own)
    assert better.tolist() == [True, False, True]
