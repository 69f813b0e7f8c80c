"""The models that are measured: each gives forecasts [homes, hours] in kWh of a trial's test period."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import lightgbm
import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.forecast_data import Forecast, Trial
from offchain.ppdl.aggregation.lanes import Signed
from offchain.ppdl.inference.integer_model import ANSWER_FRACTION, IntegerModel, quantise_features
from offchain.ppdl.learning.federation import Local, federate, local_updates
from offchain.ppdl.learning.history import DAY, WEEK, Array
from offchain.ppdl.learning.model import Model, Perceptron, to_parameters
from offchain.ppdl.learning.selective import Selective
from offchain.ppdl.learning.training import ClientData, Training, answer, train
from offchain.ppdl.learning.tuning import Tuning, tuned
from offchain.ppdl.model_chain.testset import Testset, follows

RIDGE_PENALTY = 10.0
TREES = 300
LEAVES = {"num_leaves": 63, "learning_rate": 0.05, "min_data_in_leaf": 200, "feature_fraction": 0.5}
BAGS = {"bagging_fraction": 0.7, "bagging_freq": 1}
VOLUNTEERS = 4
TEST_WEEKS = 8
TOLERANCE = 20


@dataclass(frozen=True)
class Setting:
    """How the perceptrons of a trial are trained."""

    federated: Training
    pooled: Training
    alone: Tuning


@dataclass(frozen=True)
class Gate:
    """Judges by the last weeks of training of the first homes, as if they had published them."""

    testset: Testset
    layers: tuple[int, ...]

    def judge(self, model: Model, old: Signed, new: Signed) -> tuple[int, int, bool]:
        """The losses of both, and whether the new model may follow."""
        before, after = (self.testset.loss(self.layers, state) for state in (old, new))
        return before, after, follows(before, after, TOLERANCE)


def seasonal_naive(trial: Trial) -> Forecast:
    """The same hour last week."""
    return trial.ago(WEEK)


def same_hour_mean(trial: Trial) -> Forecast:
    """The mean of that hour in the last seven days."""
    mean: Array = np.mean([trial.ago(days * DAY) for days in range(1, 8)], axis=0)
    return mean


def own_regression(trial: Trial) -> Forecast:
    """Each home's own regression, the base of all models below."""
    return trial.forecast(np.zeros_like(trial.test.target))


def ridge(trial: Trial) -> Forecast:
    """A linear model of all homes' data together."""
    rows, target = _pooled(trial)
    inputs = np.column_stack([rows, np.ones(len(rows))]).astype(np.float64)
    gram = inputs.T @ inputs + RIDGE_PENALTY * np.eye(inputs.shape[1])
    weights = np.linalg.solve(gram, inputs.T @ target)
    return trial.forecast((trial.test.features @ weights[:-1] + weights[-1]).astype(np.float32))


def boosted_trees(trial: Trial, seed: int) -> Forecast:
    """LightGBM on all homes' data together."""
    rows, target = _pooled(trial)
    settings = {"objective": "l2", "verbose": -1, "seed": seed, "num_threads": 1} | LEAVES | BAGS
    trees = lightgbm.train(settings, lightgbm.Dataset(rows, target), TREES)
    features = trial.test.features
    found = np.asarray(trees.predict(features.reshape(-1, features.shape[2])), np.float32)
    return trial.forecast(found.reshape(features.shape[:2]))


def pooled_perceptron(trial: Trial, setting: Setting, seed: int) -> Forecast:
    """The perceptron on all homes' data together."""
    rows, target = _pooled(trial)
    data = ClientData(["all"], *(torch.from_numpy(part)[None] for part in (rows, target, np.ones_like(target))))
    model, training = Perceptron(), replace(setting.pooled, seed=seed)
    parameters = to_parameters(model.initial(seed))[None]
    for number in range(1, training.rounds + 1):
        parameters, _ = train(model, parameters, data, training, number)
    return _forecast(trial, model, parameters)


def lone_perceptrons(trial: Trial, setting: Setting, seed: int) -> Forecast:
    """Each home's perceptron on its own data."""
    model = Perceptron()
    return _forecast(trial, model, tuned(model, model.initial(seed), _data(trial), replace(setting.alone, seed=seed)))


def federated(trial: Trial, setting: Setting, seed: int, local: Local = local_updates) -> Signed:
    """The state after federated rounds."""
    model, training = Perceptron(), replace(setting.federated, seed=seed)
    hours = trial.training_hours
    volunteered = trial.training.of(range(min(VOLUNTEERS, len(trial.training.scale))))
    gate = Gate(Testset.of(volunteered.between(hours - TEST_WEEKS * WEEK, hours)), model.sizes)
    state = model.initial(seed)
    for done in federate(model, _data(trial), gate, training, state, local=local):
        state = done.state
    return state


def selective(share: float) -> Callable[[Trial, Setting, int], Forecast]:
    """Distributed selective SGD, each client sending its largest moves."""
    return lambda trial, setting, seed: common(trial, federated(trial, setting, seed, Selective(share)))


def common(trial: Trial, state: Signed) -> Forecast:
    """One model for all homes."""
    return _forecast(trial, Perceptron(), to_parameters(state)[None])


def sold(trial: Trial, state: Signed) -> Forecast:
    """The same model in whole numbers, as it is sold and proven."""
    features = trial.test.features
    rows = quantise_features(features.reshape(-1, features.shape[2]))
    answers = IntegerModel.from_lanes(state).answers(rows) / (1 << ANSWER_FRACTION)
    return trial.forecast(answers.astype(np.float32).reshape(features.shape[:2]))


def tuned_at_home(trial: Trial, state: Signed, seed: int) -> Forecast:
    """Each home's own model, from the common one."""
    return _forecast(trial, Perceptron(), tuned(Perceptron(), state, _data(trial), Tuning(seed=seed)))


def _forecast(trial: Trial, model: Model, parameters: torch.Tensor) -> Forecast:
    return trial.forecast(answer(model, parameters, torch.from_numpy(trial.test.features)).numpy())


def _data(trial: Trial) -> ClientData:
    return ClientData.of(trial.training, trial.readings.households)


def _pooled(trial: Trial) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Features [rows, 30] and targets [rows] of all homes' training."""
    return trial.training.features[trial.training.present], trial.training.target[trial.training.present]
