"""The models, as functions of flat parameter vectors, for many clients at once.

Parameters have shape [clients, weights] in the order of the protocol (each layer's matrix row by row, an output a row,
then its biases), features [clients, batch, inputs], outputs [clients, batch]. One client is a stack of one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

STATE_UNIT = 2.0**-20
# The circuit's weights are 14 bits in units of 2^-11: training keeps within them.
LARGEST_WEIGHT = 8191 / 2**11
FEATURES = 30


class Model(Protocol):
    """What training needs of a model."""

    @property
    def inputs(self) -> int:
        """How many features it takes."""

    @property
    def weights(self) -> int:
        """How many weights a client has."""

    def initial(self, seed: int) -> NDArray[np.int32]:
        """The state before training, the same for the same seed."""

    def forward(self, parameters: Tensor, features: Tensor) -> Tensor:
        """Answers [clients, batch]."""


@dataclass(frozen=True)
class Perceptron:
    """Layers with ReLU between them. (30, 16, 8, 1) is the model of the chain; (30, 1) is a linear one."""

    sizes: tuple[int, ...] = (FEATURES, 16, 8, 1)

    @property
    def inputs(self) -> int:
        return self.sizes[0]

    @property
    def weights(self) -> int:
        return sum(ins * outs + outs for ins, outs in pairwise(self.sizes))

    def initial(self, seed: int) -> NDArray[np.int32]:
        """The state before training: uniform within 1 / sqrt(inputs of the layer), as torch's linear layers are."""
        random = torch.Generator().manual_seed(seed)
        parts = []
        for ins, outs in pairwise(self.sizes):
            parts.append((2 * torch.rand(ins * outs + outs, generator=random) - 1) / math.sqrt(ins))
        return to_state(torch.cat(parts))

    def forward(self, parameters: Tensor, features: Tensor) -> Tensor:
        hidden, start = features, 0
        for layer, (ins, outs) in enumerate(pairwise(self.sizes)):
            matrix = parameters[:, start : start + ins * outs].view(-1, outs, ins)
            start += ins * outs
            biases = parameters[:, start : start + outs].unsqueeze(1)
            start += outs
            hidden = torch.baddbmm(biases, hidden, matrix.transpose(1, 2))
            if layer < len(self.sizes) - 2:
                hidden = torch.relu(hidden)
        return hidden.squeeze(2)


def to_state(parameters: Tensor) -> NDArray[np.int32]:
    """The nearest state, int32 lanes in units of 2^-20."""
    lanes = torch.round(parameters.detach().cpu().double() / STATE_UNIT).clamp(-(2**31), 2**31 - 1)
    state: NDArray[np.int32] = lanes.numpy().astype(np.int32)
    return state


def to_parameters(state: NDArray[np.int32], device: str = "cpu") -> Tensor:
    """Exactly the state's weights if they are below 16, as float32."""
    return torch.from_numpy(state.astype(np.float64) * STATE_UNIT).float().to(device)
