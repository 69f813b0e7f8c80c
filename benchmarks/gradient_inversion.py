"""Gradient inversion: readings read out of an update, as whoever sees updates in the clear could.

A step of gradient descent on one example shows it exactly: the first layer's gradient is the example times the bias's
gradient. Of a few examples it shows the space that they span; where in it they lie, a search finds whose gradient is
the same. Source: Zhu, Liu and Han, "Deep leakage from gradients" (NeurIPS 2019), here by damped Gauss-Newton steps
within that space, from guesses as somebody makes them who has other homes' readings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from offchain.ppdl.learning.model import STATE_UNIT, Perceptron, to_parameters

Array = NDArray[np.float64]
Lanes = NDArray[np.int64]

STEPS = 60
FAR = 8.0  # no feature is larger


@dataclass(frozen=True)
class Target:
    """Whose updates are attacked: the model, its public state and the learning rate."""

    model: Perceptron
    state: NDArray[np.int32]
    rate: float

    def gradient(self, features: Tensor, targets: Tensor) -> Tensor:
        """[weights] of the mean squared error on examples [batch, inputs]."""

        def lost(weights: Tensor) -> Tensor:
            return ((self.model.forward(weights[None], features[None])[0] - targets) ** 2).mean()

        gradient: Tensor = torch.func.grad(lost)(to_parameters(self.state).double())
        return gradient

    def update(self, features: Array, targets: Array) -> Lanes:
        """[weights] in units: one step of gradient descent on examples [batch, inputs] and targets [batch]."""
        gradient = self.gradient(torch.from_numpy(features), torch.from_numpy(targets)).numpy()
        lanes: Lanes = np.rint(-self.rate * gradient / STATE_UNIT).astype(np.int64)
        return lanes

    def one_example(self, update: Lanes) -> Array:
        """The features [1, inputs] of the one example behind an update."""
        matrix, biases = self._first_layer(update.astype(np.float64))
        unit = int(np.argmax(np.abs(biases)))
        return np.clip(matrix[None, unit] / (biases[unit] or 1), -FAR, FAR)

    def examples(self, update: Lanes, guesses: Array) -> Array:
        """The features [batch, inputs] of the examples behind an update, searched for from each of the guesses
        [searches, batch, inputs]: those of which the gradient is most like it."""
        searches, batch, inputs = guesses.shape
        wanted = torch.from_numpy(-update * STATE_UNIT / self.rate)
        space = np.linalg.svd(np.column_stack(self._first_layer(wanted.numpy())))[2][:batch]
        span, ones = torch.from_numpy(space[:, :inputs]), torch.from_numpy(space[:, inputs])
        middle = ones / (ones @ ones)
        free = torch.linalg.svd(ones[None])[2][1:]  # directions in which the bias's input stays 1

        def features(place: Tensor) -> Tensor:
            spread: Tensor = (middle + place[: batch * (batch - 1)].view(batch, batch - 1) @ free) @ span
            return spread

        def off(place: Tensor) -> Tensor:
            difference: Tensor = (self.gradient(features(place), place[-batch:]) - wanted) / wanted.norm()
            return difference

        nearest = (torch.from_numpy(guesses) - middle @ span) @ torch.linalg.pinv(free @ span)
        best = least_squares(off, torch.cat([nearest.flatten(1), torch.zeros(searches, batch)], dim=1))
        return np.clip(features(best).numpy(), -FAR, FAR)

    def _first_layer(self, lanes: Array) -> tuple[Array, Array]:
        """Its matrix [units, inputs] and biases [units]."""
        inputs, units = self.model.sizes[:2]
        return lanes[: inputs * units].reshape(units, inputs), lanes[inputs * units : (inputs + 1) * units]


def least_squares(off: Callable[[Tensor], Tensor], places: Tensor) -> Tensor:
    """The place [numbers] with the least sum of squares of `off`, of searches from places [searches, numbers]
    (Levenberg and Marquardt)."""
    slopes, values = torch.vmap(torch.func.jacfwd(off)), torch.vmap(off)
    damping = torch.full((len(places), 1, 1), 1e-2, dtype=places.dtype)
    residual = values(places)
    for _ in range(STEPS):
        slope = slopes(places)
        square = slope.mT @ slope
        damped = square + damping * (torch.diag_embed(square.diagonal(dim1=1, dim2=2)) + 1e-12)
        step = torch.linalg.lstsq(damped, slope.mT @ residual[..., None]).solution[..., 0]
        tried = values(places - step)
        better = (tried**2).sum(dim=1) < (residual**2).sum(dim=1)
        places = torch.where(better[:, None], places - step, places)
        residual = torch.where(better[:, None], tried, residual)
        damping = torch.where(better[:, None, None], damping / 3, damping * 4).clamp(1e-12, 1e12)
    return places[int((residual**2).sum(dim=1).nan_to_num(torch.inf).argmin())]


def distance(found: Array, truth: Array) -> float:
    """How far true examples are from the nearest ones found: root mean square over all features."""
    squares = ((truth[:, None] - found[None]) ** 2).mean(axis=2).min(axis=1)
    return float(np.sqrt(squares.mean()))
