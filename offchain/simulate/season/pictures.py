"""A season's charts as pictures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from offchain.simulate.market_day import KOREA
from offchain.simulate.season.charts import Chart, charts
from offchain.simulate.season.results import Results

COLORS = {"c0": "#8a8f96", "c1": "#d17a00", "c2": "#0a7f53", "c3": "#2b62c9", "c4": "#b3397d", "c5": "#6b4fc0"}
SHOWN = 7 * 24
"""Hours of a season that a picture shows: its first week."""


def save(found: Results, folder: Path) -> Iterator[Path]:
    """Writes `season-*.png`, one a chart; yields each."""
    for section in charts(found).values():
        for chart in section:
            path = folder / f"season-{chart.id}.png"
            _draw(chart, path)
            yield path


def _draw(chart: Chart, path: Path) -> None:
    figure, axes = plt.subplots(figsize=(9, 3.6), layout="constrained")
    if chart.time:
        _draw_hours(axes, chart)
    else:
        _draw_places(axes, chart)
    axes.grid(alpha=0.25)
    axes.set_ylabel(chart.unit)
    axes.legend(fontsize=8, frameon=False, ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.13))
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110, metadata={"Software": None})  # no version of matplotlib, so that it is the same again
    plt.close(figure)


def _draw_hours(axes: Axes, chart: Chart) -> None:
    hours = list(range(len(chart.x[:SHOWN])))
    midnights = hours[::24]
    for one in chart.series:
        style = {"linestyle": "--", "linewidth": 1.0} if one.kind == "dash" else {"linewidth": 1.4}
        axes.plot(hours, one.values[:SHOWN], label=one.label, color=COLORS[one.color], **style)  # type: ignore[arg-type]
    axes.set_xticks(midnights, [f"{datetime.fromtimestamp(chart.x[hour], KOREA):%d %b}" for hour in midnights])
    first = ": the first week" if len(chart.x) > SHOWN else ""
    axes.set_title(chart.title + first, loc="left", fontsize=10)


def _draw_places(axes: Axes, chart: Chart) -> None:
    for one in chart.series:
        if one.kind == "bars":
            axes.bar(chart.x, one.values, width=0.8, alpha=0.6, label=one.label, color=COLORS[one.color])  # type: ignore[arg-type]
        elif one.kind == "points":
            axes.scatter(chart.x, one.values, s=12, zorder=3, label=one.label, color=COLORS[one.color])  # type: ignore[arg-type]
        elif one.kind == "step":
            axes.step(chart.x, one.values, where="mid", label=one.label, color=COLORS[one.color])  # type: ignore[arg-type]
        else:
            axes.plot(chart.x, one.values, label=one.label, color=COLORS[one.color])  # type: ignore[arg-type]
    every = max(1, len(chart.x) // 12)
    axes.set_xticks(chart.x[::every], chart.names[::every], fontsize=8)
    axes.set_title(chart.title, loc="left", fontsize=10)
