"""What a season's page draws: charts as lists of numbers with names, which its script and its pictures both take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

from offchain.simulate.market_day import KOREA
from offchain.simulate.season.results import WORLDS, Results

COLORS = {"utility": "c0", "auction": "c1", "market": "c2"}
DAY = 24


@dataclass(frozen=True)
class Series:
    """`kind` is line, dash, step, points or bars; `color` one of the page's."""

    label: str
    color: str
    values: list[float | None]
    kind: str = "line"


@dataclass(frozen=True)
class Chart:
    """`x` are Unix seconds if it is of `time`, else places that `names` names; `head` says of what."""

    id: str
    title: str
    unit: str
    x: list[float]
    series: list[Series]
    time: bool = False
    head: str = ""
    names: list[str] = field(default_factory=list)
    digits: int = 1
    zone: str = "Asia/Seoul"

    def spec(self) -> dict[str, Any]:
        """For the page's script."""
        return asdict(self)


def charts(found: Results) -> dict[str, list[Chart]]:
    """By section of the page."""
    return {
        "households": _gains(found),
        "grid": [_mean_day(found), _drawn(found), *_flows(found)],
        "prices": _prices(found),
        "trials": _trials(found),
    }


def _gains(found: Results) -> list[Chart]:
    """What each home has more, from who loses most to who gains most in the last world, which has bars."""
    if not found["gains"]:
        return []
    *_, last = found["gains"]
    order = np.argsort(found["gains"][last]["by_home"], kind="stable").tolist()
    homes = [home["home"] for home in found["worlds"]["utility"]["households"]["by_home"]]
    series = [
        Series(
            WORLDS[name],
            COLORS[name],
            [round(gain["by_home"][place]) for place in order],
            "bars" if name == last else "points",
        )
        for name, gain in found["gains"].items()
    ]
    names = [homes[place] for place in order]
    title = "What each home has more than without a local market, won"
    places: list[float] = list(range(len(order)))
    return [Chart("gains", title, "won", places, series, head="home", names=names, digits=0)]


def _mean_day(found: Results) -> Chart:
    """By the hour of the day."""

    def mean(values: list[float]) -> list[float | None]:
        return [round(float(value), 2) for value in np.reshape(values, (-1, DAY)).mean(axis=0)]

    worlds, series = found["series"]["worlds"], found["series"]
    lines = [
        Series("made by roofs", "c3", mean(series["made"]), "step"),
        Series("used, without batteries and cars", "c4", mean(series["used"]), "step"),
        *(
            Series(f"drawn from the utility, {WORLDS[name]}", COLORS[name], mean(world["drawn"]))
            for name, world in worlds.items()
        ),
    ]
    names = [f"{hour}:00" for hour in range(DAY)]
    hours: list[float] = list(range(DAY))
    return Chart("mean_day", "An average day: kWh in an hour, all homes", "kWh", hours, lines, head="hour", names=names)


def _drawn(found: Results) -> Chart:
    """What the utility supplies, hour by hour."""
    lines = _by_world(found, lambda world: world["drawn"])
    return Chart("drawn", "Drawn from the utility, kWh in an hour", "kWh", _times(found), lines, time=True)


def _flows(found: Results) -> list[Chart]:
    charts = []
    for number, line in enumerate(found["season"]["lines"]):
        first, second = line["ends"]
        limits: list[Series] = [
            Series(label, "c4", [sign * line["kw"]] * found["season"]["hours"], "dash")
            for label, sign in (("what it carries", 1), ("back", -1))
        ]
        series = [*_by_world(found, lambda world, number=number: world["flow"][number]), *limits]  # type: ignore[misc]
        title = f"Over the line from {first} to {second} (negative: back), kWh in an hour"
        charts.append(Chart(f"flow_{number}", title, "kWh", _times(found), series, time=True))
    return charts


def _prices(found: Results) -> list[Chart]:
    charts = []
    utility = [
        Series("tariff", "c3", found["series"]["tariff"], "dash"),
        Series("feed-in", "c5", found["series"]["feed_in"], "dash"),
    ]
    for place, microgrid in enumerate(found["season"]["microgrids"]):
        series = _by_world(found, lambda world, place=place: world["price"][place])[:-1]  # type: ignore[misc]
        title = f"Price in {microgrid['name']} at each hour's end, won a kWh"
        charts.append(Chart(f"price_{place}", title, "won", _times(found), [*series, *utility], time=True))
    return charts


def _trials(found: Results) -> list[Chart]:
    """How far each manipulator moves the price, and what it earns, by set of protections."""
    trials = found["trials"]["trials"] if found["trials"] else []
    if not trials:
        return []
    sets = list(dict.fromkeys(trial["protections"] for trial in trials))
    names = [name.replace(" and ", "\nand ") for name in sets]
    kinds = list(dict.fromkeys(trial["kind"] for trial in trials))
    places: list[float] = list(range(len(sets)))
    charts = []
    for key, title, unit, factor in (
        ("distortion", "How far manipulators move the hourly price on average, %", "%", 100),
        ("profit", "What manipulators earn, won", "won", 1),
    ):
        values = {(trial["kind"], trial["protections"]): round(trial[key] * factor, 2) for trial in trials}
        series = [
            Series(kind, f"c{number % 6}", [values.get((kind, name)) for name in sets], "points")
            for number, kind in enumerate(kinds, 1)
        ]
        charts.append(Chart(f"trials_{key}", title, unit, places, series, head="protections", names=names))
    return charts


def _by_world(found: Results, values: Callable[[dict[str, Any]], list[float | None]]) -> list[Series]:
    """The utility's last, so that it is drawn above what doesn't differ from it."""
    worlds = found["series"]["worlds"]
    return [Series(WORLDS[name], COLORS[name], values(worlds[name])) for name in reversed(worlds)]


def _times(found: Results) -> list[float]:
    start = int(datetime.fromisoformat(found["season"]["start"]).astimezone(KOREA).timestamp())
    return [start + 3600 * hour for hour in range(found["season"]["hours"])]
