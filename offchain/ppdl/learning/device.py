"""Where training computes: on the processor, or on a graphics card with CUDA."""

from __future__ import annotations

import torch

from offchain.errors import UserError


class DeviceError(UserError):
    """Says in one line why a device can't be used."""


def device_of(name: str) -> str:
    """The device of a name, `cpu` or `cuda`. Raises DeviceError if it isn't here."""
    if name == "cuda" and not torch.cuda.is_available():
        reason = "PyTorch was built without it" if torch.version.cuda is None else "PyTorch finds no card"
        raise DeviceError(f"there is no CUDA here ({reason}): train with --device cpu")
    return name
