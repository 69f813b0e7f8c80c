"""What comes of a round, however it was summed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Sum(NamedTuple):
    """The updates' sum, read as signed, shape (lanes,), and of how many clients it is."""

    total: NDArray[np.int32]
    clients: int
