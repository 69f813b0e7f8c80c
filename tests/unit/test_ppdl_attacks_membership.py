"""Whether somebody took part: told from a model that has learnt its members by heart, and not from a private one."""

from __future__ import annotations

import numpy as np

from benchmarks.attacks import BOUND, areas
from benchmarks.membership import TRAINING, area
from offchain.ppdl.privacy.accountant import Budget
from offchain.ppdl.privacy.mode import PrivateMode

POPULATIONS = 3


def test_area_under_the_curve() -> None:
    """P8 the measure is right: all, none and half of the pairs."""
    assert area(np.array([3.0, 4.0, 1.0, 2.0])) == 1
    assert area(np.array([1.0, 2.0, 3.0, 4.0])) == 0
    assert area(np.array([1.0, 4.0, 2.0, 3.0])) == 0.5


def test_members_by_the_last_model() -> None:
    """P8 by how well the last model fits a user's readings, members are told from others without privacy; at epsilon 8,
    delta 1e-5 the area is at most 0.6."""
    plain = areas(None, POPULATIONS, sums=False)["last_model"]
    private = areas(PrivateMode(Budget(8, 1e-5), BOUND, TRAINING), POPULATIONS, sums=False)["last_model"]
    assert plain > 0.68
    assert private <= 0.6
    assert private < plain - 0.1


def test_members_by_all_sums() -> None:
    """P8 who keeps every round's sum and knows a user's readings sees more: nearly all without privacy, less at epsilon
    8, and next to nothing at epsilon 1. The documentation says so."""
    plain = areas(None, 1)["all_sums"]
    loose, tight = (areas(PrivateMode(Budget(eps, 1e-5), BOUND, TRAINING), 1)["all_sums"] for eps in (8, 1))
    assert plain > 0.85
    assert tight <= 0.6 < loose < plain
