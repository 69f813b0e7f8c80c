"""A season's report as one HTML file that needs nothing else: tables, sentences, and charts one can zoom."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from offchain.environment import PROJECT
from offchain.errors import UserError
from offchain.simulate.season.charts import charts
from offchain.simulate.season.findings import PAYERS
from offchain.simulate.season.results import WORLDS, Results

PARTS = Path(__file__).parent / "template"
UPLOT = PROJECT / "offchain" / "dashboard" / "node_modules" / "uplot"
"""Draws the charts here as it does in the dashboard."""


class PageError(UserError):
    """Says in one line what the page can't be made without."""


def page(found: Results) -> str:
    """The HTML. Raises PageError without the library that draws the charts."""
    drawn = charts(found)
    parts = Environment(
        loader=FileSystemLoader(PARTS), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    parts.globals |= {"number": number, "percent": percent}
    return parts.get_template("page.html").render(
        found,
        words=WORLDS,
        headline=headline(found),
        payers={"homes": "homes gain"} | {key: f"from {what}" for key, what in PAYERS.items()},
        charts=drawn,
        specs=[chart.spec() for section in drawn.values() for chart in section],
        style=_part("page.css"),
        script=_part("page.js"),
        chart_style=_library("dist/uPlot.min.css"),
        chart_script=_library("dist/uPlot.iife.min.js"),
        chart_version=json.loads(_library("package.json"))["version"],
        licence=_library("LICENSE"),
    )


def headline(found: Results) -> list[dict[str, Any]]:
    """The first table: a figure a row, a world a column."""
    worlds = found["worlds"]

    def row(label: str, *cells: str) -> dict[str, Any]:
        return {"label": label, "cells": cells}

    def each(label: str, *path: str, digits: int = 0, share: bool = False) -> dict[str, Any]:
        values = []
        for world in worlds.values():
            for key in path:
                world = world[key]
            values.append(percent(world) if share else number(world, digits))
        return row(label, *values)

    def grid(label: str, kind: str, key: str, digits: int = 0) -> dict[str, Any]:
        return row(
            label, *(number(sum(part[key] for part in world["grid"][kind]), digits) for world in worlds.values())
        )

    better = [
        f"{found['gains'][name]['better_off']} of {found['season']['homes']}" if name in found["gains"] else "\u2013"
        for name in worlds
    ]
    volatile = [number(_mean([price["volatility"] for price in world["prices"]]), 2) for world in worlds.values()]
    return [
        each("all homes pay, won", "households", "cost", "total"),
        each("a home pays, median, won", "households", "cost", "median"),
        row("better off", *better),
        each("self-sufficiency", "energy", "self_sufficiency", share=True),
        each("PV used in the microgrids", "energy", "local_use", share=True),
        each("PV curtailed, kWh", "energy", "curtailed_kwh"),
        each("most drawn from the utility, kW", "grid", "peak_kw", digits=1),
        grid("overload of transformers, kWh", "transformers", "overload_kwh"),
        grid("lines are full, hours", "lines", "full_hours"),
        grid("lines hold back, kWh", "lines", "held_back_kwh"),
        row("volatility of an hour's price", *volatile),
        each("sold locally, kWh", "trade", "sold_kwh"),
        each("metered kWh for each that is traded", "trade", "physical_ratio", digits=2),
    ]


def number(value: float | None, digits: int = 0) -> str:
    """As people read it; a dash for none."""
    if value is None:
        return "\u2013"
    text = f"{value:,.{digits}f}"
    return ("0" if not digits else f"{0:.{digits}f}") if not text.strip("-0.,") else text.replace("-", "\u2212")


def percent(share: float | None) -> str:
    """Of a share."""
    return "\u2013" if share is None else f"{100 * share:.1f} %"


def _mean(values: list[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return sum(there) / len(there) if there else None


def _part(name: str) -> Markup:
    return Markup((PARTS / name).read_text())


def _library(name: str) -> Markup:
    try:
        return Markup((UPLOT / name).read_text())
    except OSError as error:
        raise PageError("uPlot, which draws the charts, isn't installed: run make page") from error
