"""A week of a forecast beside what came, as a picture."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from offchain.ppdl.evaluation import Evaluation
from offchain.ppdl.learning.history import WEEK


def draw(evaluation: Evaluation, path: Path) -> None:
    """The last week, of the sum of all homes and of the home nearest to the median; written as PNG."""
    days = np.arange(WEEK) / 24
    present = evaluation.held_out.present[:, -WEEK:]
    lines = {
        "read": (evaluation.truth[:, -WEEK:], "black", "-"),
        "forecast": (evaluation.forecast[:, -WEEK:], "tab:green", "-"),
        "same hour last week": (evaluation.naive[:, -WEEK:], "tab:orange", ":"),
    }
    size = np.nan_to_num(evaluation.truth).sum(axis=1)
    home = int(np.argsort(size)[len(size) // 2])
    figure, (above, below) = plt.subplots(2, 1, figsize=(10, 6), sharex=True, layout="constrained")
    for label, (values, color, style) in lines.items():
        shown = np.where(present, values, np.nan)
        _line(above, days, np.where(present.all(axis=0), values.sum(axis=0), np.nan), label, color, style)
        _line(below, days, shown[home], label, color, style)
    above.set_title(f"{len(present)} homes together, model of block {evaluation.number}")
    below.set_title(f"one of them: {evaluation.cohort.readings.households[home]}")
    for axes in (above, below):
        axes.set_ylabel("kWh in an hour")
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
    above.legend(ncols=3, frameon=False)
    below.set_xlabel("days")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _line(axes: Axes, days: NDArray[np.float64], kwh: NDArray[np.float32], label: str, color: str, style: str) -> None:
    axes.plot(days, kwh, style, color=color, label=label, linewidth=1.3)
