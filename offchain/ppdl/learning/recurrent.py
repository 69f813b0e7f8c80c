"""A recurrent model by option: gated units (GRU, Cho et al. 2014) read the last hours one by one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from offchain.ppdl.learning.model import FEATURES, to_state


@dataclass(frozen=True)
class Recurrent:
    """`units` that read a window of hours, and a linear layer of their state and the 30 features.

    Features are the 30 and then the window, the oldest hour first (`examples(..., window=...)`). Parameters stand in
    torch's order: the units' input and state matrices and both biases, then the layer's. There is no circuit.
    """

    units: int = 16
    window: int = 24

    @property
    def inputs(self) -> int:
        return FEATURES + self.window

    @property
    def weights(self) -> int:
        return sum(self._parts())

    def initial(self, seed: int) -> NDArray[np.int32]:
        """As torch's layers begin: uniform within 1 / sqrt(units), the linear layer's within 1 / sqrt(its inputs)."""
        random = torch.Generator().manual_seed(seed)
        *gates, row, bias = self._parts()
        recurrent = (2 * torch.rand(sum(gates), generator=random) - 1) / math.sqrt(self.units)
        linear = (2 * torch.rand(row + bias, generator=random) - 1) / math.sqrt(row)
        return to_state(torch.cat([recurrent, linear]))

    def forward(self, parameters: Tensor, features: Tensor) -> Tensor:
        units, (clients, batch, _) = self.units, features.shape
        into, back, into_bias, back_bias, row, bias = torch.split_with_sizes(parameters, self._parts(), dim=1)
        back = back.view(-1, 3 * units, units).transpose(1, 2)
        state = features.new_zeros(clients, batch, units)
        for hour in range(FEATURES, self.inputs):
            given = torch.baddbmm(into_bias[:, None], features[:, :, hour : hour + 1], into[:, None])
            kept = torch.baddbmm(back_bias[:, None], state, back)
            gates = torch.sigmoid(given[:, :, : 2 * units] + kept[:, :, : 2 * units])
            reset, update = gates[:, :, :units], gates[:, :, units:]
            new = torch.tanh(given[:, :, 2 * units :] + reset * kept[:, :, 2 * units :])
            state = new + update * (state - new)
        told = torch.cat([state, features[:, :, :FEATURES]], dim=2)
        return torch.baddbmm(bias[:, None], told, row[:, :, None]).squeeze(2)

    def _parts(self) -> list[int]:
        gates = 3 * self.units
        return [gates, gates * self.units, gates, gates, self.units + FEATURES, 1]
