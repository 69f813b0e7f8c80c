"""What attackers among 42 homes do to the model, and what each mode leaves of it: nRMSE of the next hour.

    .venv/bin/python benchmarks/poisoning.py

Attackers turn their update round, scale it, or both, in each round. `clean` is the plain mean without attackers; `gate`
counts rounds that the gate refused, after which the model stays the old one.
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
from offchain.ppdl.aggregation.sums import Sum
from offchain.ppdl.learning.federation import Aggregate, federate, plain
from offchain.ppdl.learning.model import Perceptron
from offchain.ppdl.learning.training import Training
from offchain.ppdl.learning.update import Lanes
from offchain.ppdl.robust.aggregates import masked, unmasked

MODEL = Perceptron()
FACTORS = (-1, -10, 100)
FEW, MANY = 2, 8


def attacked(aggregate: Aggregate, attackers: int, factor: int) -> Aggregate:
    """The aggregate of updates of which the first ones are multiplied, as far as 32 bits go. The losses that they tell
    stay as they were."""

    def spoiled(number: int, updates: Lanes) -> Sum:
        sent = updates.copy()
        bounds = np.iinfo(np.int32)
        moves = updates[:attackers, :-1].astype(np.int64)
        sent[:attackers, :-1] = np.clip(moves * factor, bounds.min, bounds.max)
        return aggregate(number, sent)

    return spoiled


class Field:
    """The homes, with the result that nobody attacks."""

    def __init__(self, rounds: int) -> None:
        self._homes = Homes.read()
        self._data, self._gate = self._homes.clients(), self._homes.gate(MODEL)
        self._training = Training(rounds=rounds)
        self.clean = self.trained(plain)[0]
        self.alone = self._homes.nrmse(MODEL, np.zeros(MODEL.weights, np.int32))

    def trained(self, aggregate: Aggregate) -> tuple[float, int]:
        """nRMSE after all rounds, and how many the gate refused."""
        state, refused = MODEL.initial(self._training.seed), 0
        for done in federate(MODEL, self._data, self._gate, self._training, state, aggregate=aggregate):
            state, refused = done.state, refused + (not done.accepted)
        return self._homes.nrmse(MODEL, state), refused

    def compared(self, aggregate: Aggregate, attackers: int) -> dict[str, Any]:
        """By factor of the attackers; 1 is nobody's attack."""
        found = {factor: self.trained(attacked(aggregate, attackers, factor)) for factor in (1, *FACTORS)}
        return {
            str(factor): {"nrmse": round(nrmse, 4), "over_clean": round(nrmse / self.clean, 4), "gate": refused}
            for factor, (nrmse, refused) in found.items()
        }


@click.command()
@click.option("--rounds", type=click.IntRange(1), default=60, show_default=True)
def main(rounds: int) -> None:
    """Prints one JSON object: by mode and attackers, then by factor."""
    torch.set_num_threads(1)
    try:
        field = Field(rounds)
    except UserError as error:
        raise click.ClickException(str(error)) from error
    cases: dict[str, tuple[Aggregate, int]] = {
        "plain_mean_8": (plain, MANY),
        "masked_groups_2": (masked(seed=0), FEW),
        "masked_groups_8": (masked(seed=0), MANY),
        "unmasked_median_8": (unmasked("median"), MANY),
        "unmasked_trimmed_mean_8": (unmasked("trimmed_mean"), MANY),
        "unmasked_multi_krum_8": (unmasked("multi_krum"), MANY),
    }
    found = {name: field.compared(aggregate, attackers) for name, (aggregate, attackers) in cases.items()}
    click.echo(json.dumps({"clean": round(field.clean, 4), "alone": round(field.alone, 4), **found}, indent=2))


if __name__ == "__main__":
    main()
