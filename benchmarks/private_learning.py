"""What privacy costs in accuracy, on the 42 households of the reference split, next hour, as one JSON object.

    .venv/bin/python benchmarks/private_learning.py                some minutes
    .venv/bin/python benchmarks/private_learning.py --only homes   one part: homes, users

`homes`: each home one participant. `users`: each of 24 parts of a home's time one participant (1,008). `alone` is the
untrained model, which leaves a home with its own regression: what learning together has to better.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a script, it finds its neighbours

from benchmarks.homes import Homes
from offchain.errors import UserError
from offchain.ppdl.learning.federation import Aggregate, federate, plain
from offchain.ppdl.learning.model import Perceptron
from offchain.ppdl.learning.training import ClientData, Training
from offchain.ppdl.privacy.accountant import Budget
from offchain.ppdl.privacy.mode import PrivateMode

SLICES = 24
HOME_BUDGET, USER_BUDGET = Budget(8, 1e-3), Budget(8, 1e-5)
LINEAR, DEFAULT = Perceptron((30, 1)), Perceptron()
HOMES = Training(rounds=40)
USERS = Training(batch=64, rounds=40)
BOUNDS = {"linear_homes": 0.2, "641_homes": 0.1, "641_users": 0.6}


def trained(homes: Homes, model: Perceptron, data: ClientData, training: Training, aggregate: Aggregate) -> float:
    """nRMSE after all rounds."""
    state = model.initial(training.seed)
    for done in federate(model, data, homes.gate(model), training, state, aggregate=aggregate):
        state = done.state
    return homes.nrmse(model, state)


def compared(
    homes: Homes, model: Perceptron, data: ClientData, training: Training, budget: Budget, bound: float
) -> dict[str, float]:
    """With privacy and without, the same otherwise."""
    mode = PrivateMode(budget, bound, training)
    found = {
        "alone": homes.nrmse(model, np.zeros(model.weights, np.int32)),
        "not_private": trained(homes, model, data, training, plain),
        "private": trained(homes, model, data, training, mode.aggregate(training.seed)),
    }
    return {
        **{name: round(value, 4) for name, value in found.items()},
        "private_over_not": round(found["private"] / found["not_private"], 4),
        "epsilon": budget.epsilon,
        "delta": budget.delta,
        "rounds": training.rounds,
        "noise_multiplier": round(mode.multiplier, 3),
    }


def of_homes() -> dict[str, Any]:
    """42 participants."""
    homes = Homes.read()
    data = homes.clients()
    return {
        "linear": compared(homes, LINEAR, data, HOMES, HOME_BUDGET, BOUNDS["linear_homes"]),
        "641_weights": compared(homes, DEFAULT, data, HOMES, HOME_BUDGET, BOUNDS["641_homes"]),
    }


def of_users() -> dict[str, Any]:
    """1,008 participants."""
    homes = Homes.read()
    return {"641_weights": compared(homes, DEFAULT, homes.clients(SLICES), USERS, USER_BUDGET, BOUNDS["641_users"])}


PARTS = {"homes": of_homes, "users": of_users}


@click.command()
@click.option("--only", type=click.Choice(list(PARTS)), help="One part.")
def main(only: str | None) -> None:
    """Prints one JSON object."""
    torch.set_num_threads(1)
    try:
        figures = {name: PARTS[name]() for name in ([only] if only else PARTS)}
    except UserError as error:
        raise click.ClickException(str(error)) from error
    click.echo(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
