"""Errors of forecasts of the reference data, by horizon, model and metric."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from statistics import mean

import numpy as np

from benchmarks.forecast_data import Forecast, Trial, households, jeju, solar
from benchmarks.forecast_models import (
    Setting,
    boosted_trees,
    common,
    federated,
    lone_perceptrons,
    own_regression,
    pooled_perceptron,
    ridge,
    same_hour_mean,
    seasonal_naive,
    selective,
    sold,
    tuned_at_home,
)
from offchain.ppdl.learning.features import Horizon
from offchain.ppdl.learning.metrics import mape, scores
from offchain.ppdl.learning.training import Training
from offchain.ppdl.learning.tuning import Tuning

Figures = dict[str, dict[str, float]]
Score = Callable[[Trial, Forecast], dict[str, float]]

# Chosen on the last fifth of the training period of each data set.
ALONE = Tuning(epochs=30, rate=0.004)
HOMES = Setting(Training(), Training(batch=2048, rate=0.004, rounds=30), ALONE)
ISLAND = Setting(Training(), Training(rate=0.004, rounds=40, huber=0.1), ALONE)
PANELS = Setting(Training(rate=0.004, decay=0.01), Training(batch=2048, rate=0.004, rounds=30, decay=0.01), ALONE)


def of_homes(trial: Trial, forecast: Forecast) -> dict[str, float]:
    """Of demand of homes and of their sum."""
    return asdict(scores(trial.truth, forecast, trial.present, trial.naive_error))


def of_series(trial: Trial, forecast: Forecast) -> dict[str, float]:
    """Of a single large series."""
    return {"mape": mape(trial.truth, np.maximum(forecast, 0), trial.present)}


def of_generation(trial: Trial, forecast: Forecast) -> dict[str, float]:
    """Of panels: RMSE over the home's mean, and in kWh, means over homes."""
    root = np.sqrt(np.mean((np.maximum(forecast, 0) - trial.truth) ** 2, axis=1))
    return {"nrmse": float(np.mean(root / trial.truth.mean(axis=1))), "rmse": float(root.mean())}


def measured(trial: Trial, score: Score, models: Mapping[str, Callable[[int], Forecast]], seeds: int) -> Figures:
    """Scores of each model and its seconds, means over the seeds."""
    figures: Figures = {}
    for name, model in models.items():
        runs = []
        for seed in range(seeds):
            start = time.perf_counter()
            runs.append(score(trial, model(seed)) | {"seconds": time.perf_counter() - start})
        figures[name] = {metric: mean(run[metric] for run in runs) for metric in runs[0]}
    return figures


def _fixed(trial: Trial, score: Score) -> Figures:
    """Of what no chance has a part in."""
    models = {
        "seasonal_naive": seasonal_naive,
        "same_hour_mean": same_hour_mean,
        "own_regression": own_regression,
        "ridge": ridge,
    }
    return measured(trial, score, {name: partial(_without_chance, model, trial) for name, model in models.items()}, 1)


def _without_chance(model: Callable[[Trial], Forecast], trial: Trial, seed: int) -> Forecast:
    return model(trial)


def _learnt(trial: Trial, score: Score, setting: Setting, seeds: int, *, many: bool, sparse: bool) -> Figures:
    """Of what is trained; `many` homes also apart and federated."""
    models: dict[str, Callable[[int], Forecast]] = {
        "lightgbm": lambda seed: boosted_trees(trial, seed),
        "mlp_central": lambda seed: pooled_perceptron(trial, setting, seed),
    }
    states = {}

    def fedavg(seed: int) -> Forecast:
        states[seed] = federated(trial, setting, seed)
        return common(trial, states[seed])

    if many:
        models["mlp_local"] = lambda seed: lone_perceptrons(trial, setting, seed)
        models["fedavg"] = fedavg
        models["fedavg_integer"] = lambda seed: sold(trial, states[seed])
        models["fedavg_tuned"] = lambda seed: tuned_at_home(trial, states[seed], seed)
    if sparse:
        models["dssgd_0.1"] = lambda seed: selective(0.1)(trial, setting, seed)
        models["dssgd_0.01"] = lambda seed: selective(0.01)(trial, setting, seed)
    return measured(trial, score, models, seeds)


def measure_households(folder: Path, horizon: Horizon, seeds: int) -> Figures:
    """Demand of the 42 homes."""
    trial = households(folder, horizon)
    return _fixed(trial, of_homes) | _learnt(trial, of_homes, HOMES, seeds, many=True, sparse=True)


def measure_jeju(folder: Path, horizon: Horizon, seeds: int) -> Figures:
    """Demand of the island, with the perceptron of a single participant as `mlp_central`."""
    trial = jeju(folder, horizon)
    return _fixed(trial, of_series) | _learnt(trial, of_series, ISLAND, seeds, many=False, sparse=False)


def measure_solar(folder: Path, horizon: Horizon, seeds: int) -> Figures:
    """Generation of the eight homes with panels."""
    trial = solar(folder, horizon)
    return _fixed(trial, of_generation) | _learnt(trial, of_generation, PANELS, seeds, many=True, sparse=False)
