"""Training on a graphics card finds the model that training on the processor finds, within a bound.

Not bit for bit: the card adds in another order, and training carries on what a rounding began. Needs torch, numpy and
pytest only (the test with readings also pandas), so that it runs on a machine that has nothing else of the project:

    python -m pytest -rsP -p no:ape_test --noconftest -p no:cacheprovider tests/unit/test_ppdl_cuda.py
"""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch

from offchain.ppdl.learning.device import DeviceError, device_of
from offchain.ppdl.learning.federation import Local, federate, local_updates
from offchain.ppdl.learning.model import Model, Perceptron, to_parameters
from offchain.ppdl.learning.recurrent import Recurrent
from offchain.ppdl.learning.selective import Selective
from offchain.ppdl.learning.training import ClientData, Training, answer
from offchain.ppdl.learning.tuning import Tuning, tuned
from offchain.ppdl.learning.update import Lanes

NO_CUDA = "NO CUDA ON THIS MACHINE: nothing of training on a graphics card was tested"
on_card = pytest.mark.skipif(not torch.cuda.is_available(), reason=NO_CUDA)
MODELS: dict[str, Model] = {
    "641 weights": Perceptron(),
    "linear": Perceptron((30, 1)),
    "4,097 weights": Perceptron((30, 64, 32, 1)),
    "gru": Recurrent(units=8, window=12),
}
CLIENTS, HOURS = 8, 2048
TRAINING = Training(rounds=4)
# Of answers, as a share of the targets' deviation; and of a weight, which training moves by tenths.
MOST_ANSWER, MOST_WEIGHT = 1e-3, 1e-3


class Open:
    """A gate that lets every model through."""

    def judge(self, model: Model, old: Lanes, new: Lanes) -> tuple[int, int, bool]:
        return 0, 0, True


def made_up(inputs: int, device: str) -> ClientData:
    """Clients with a relation in common and a little of their own, and some hours missing."""
    random = torch.Generator().manual_seed(5)
    features = torch.randn(CLIENTS, HOURS, inputs, generator=random)
    relation = torch.randn(inputs, generator=random) / 2 + torch.randn(CLIENTS, 1, inputs, generator=random) / 10
    target = (features * relation).sum(dim=2) + torch.randn(CLIENTS, HOURS, generator=random) / 2
    present = (torch.rand(target.shape, generator=random) < 0.9).float()
    names = [f"client {number}" for number in range(CLIENTS)]
    return ClientData(names, features.to(device), target.to(device), present.to(device))


def learned(model: Model, data: ClientData, local: Local = local_updates) -> Lanes:
    """The state after all rounds, summed in the clear."""
    *_, last = federate(model, data, Open(), TRAINING, model.initial(1), local=local)
    return last.state


def alike(model: Model, data: ClientData, here: Lanes, there: Lanes) -> None:
    """Asserts that two states, weights [weights], are near and answer alike."""
    gap = np.abs(here.astype(np.int64) - there).max() * 2.0**-20
    answers = [answer(model, to_parameters(state)[None], data.features) for state in (here, there)]
    off = float((answers[0] - answers[1]).square().mean().sqrt() / data.target.std())
    bits = "bit for bit" if np.array_equal(here, there) else "not bit for bit"
    sys.stdout.write(
        f"{bits} the processor's: a weight differs by {gap:.2g} at most, answers by {off:.2g} of a deviation\n"
    )
    assert gap <= MOST_WEIGHT
    assert off <= MOST_ANSWER


@on_card
@pytest.mark.parametrize("name", MODELS)
def test_the_card_learns_what_the_processor_learns(name: str) -> None:
    model = MODELS[name]
    here, there = made_up(model.inputs, "cpu"), made_up(model.inputs, device_of("cuda"))
    state = learned(model, here)
    assert np.abs(state.astype(np.int64) - model.initial(1)).max() * 2.0**-20 > 50 * MOST_WEIGHT
    alike(model, here, state, learned(model, there))


@on_card
@pytest.mark.parametrize("name", MODELS)
def test_the_card_learns_the_same_every_time(name: str) -> None:
    model = MODELS[name]
    data = made_up(model.inputs, "cuda")
    assert np.array_equal(learned(model, data), learned(model, data))


@on_card
def test_selected_moves_and_tuning_work_on_the_card() -> None:
    model = Perceptron()
    here, there = made_up(30, "cpu"), made_up(30, "cuda")
    state = learned(model, here, Selective(0.1, shared=True))
    alike(model, here, state, learned(model, there, Selective(0.1, shared=True)))
    tuning = Tuning(epochs=2)
    own, own_there = tuned(model, state, here, tuning), tuned(model, state, there, tuning)
    assert own_there.device.type == "cuda"
    assert (own - own_there.cpu()).abs().max() <= MOST_WEIGHT


@on_card
def test_readings_are_learnt_on_the_card() -> None:
    """From made-up homes to their features, scaled and on the card."""
    pytest.importorskip("pandas")
    from offchain.ppdl.learning.features import Horizon, examples
    from offchain.ppdl.learning.readings import bundled

    homes = bundled(CLIENTS, 8)
    found = examples(homes, Horizon.NEXT_HOUR, 7 * 168).between(0, 7 * 168)
    here, there = (ClientData.of(found, homes.households, device) for device in ("cpu", "cuda"))
    assert there.features.device.type == "cuda"
    alike(Perceptron(), here, learned(Perceptron(), here), learned(Perceptron(), there))


@pytest.mark.parametrize("name", MODELS)
def test_the_bound_is_wider_than_what_roundings_do(name: str) -> None:
    """On the processor, features that are off by a rounding in place of a card: the same bound holds, and what training
    does is beyond it."""
    model = MODELS[name]
    data = made_up(model.inputs, "cpu")
    state, start = learned(model, data), model.initial(1)
    nudged = ClientData(data.names, data.features * (1 + 2.0**-22), data.target, data.present)
    alike(model, data, state, learned(model, nudged))
    with pytest.raises(AssertionError):
        alike(model, data, state, start)


def test_without_cuda_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """P9"""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device_of("cpu") == "cpu"
    with pytest.raises(DeviceError, match=r"^there is no CUDA here \(.*\): train with --device cpu$"):
        device_of("cuda")
