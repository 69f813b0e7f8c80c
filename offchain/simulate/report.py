"""A market day as tables, as a picture and as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from rich.table import Table

from offchain.deployment.parts import MICROGRIDS
from offchain.simulate.market_day import DayResult, Hour
from offchain.units import ETHER

UNITS = {"kwh": "kWh", "won": "won", "percent": "%"}
COLORS = {"MG1": "tab:green", "MG2": "tab:blue"}


def kwh(amount: int) -> float:
    return amount / ETHER


def hour_table(result: DayResult) -> Table:
    """An hour a row, fitting 80 columns: per microgrid what was made, used, sold to and bought from the exchange, and
    the closing price; the flow over the line; what went to and came from the utility."""
    title = "A day on the market: kWh, and won per kWh at the end of the hour"
    caption = "line: from MG1 to MG2, back if negative; utility: sold to, bought from"
    table = Table(title=title, box=None, padding=(0, 0, 0, 1), caption=caption)
    columns = ["", *(f"{name}\n{word}" for name in MICROGRIDS for word in ("made", "used", "sold", "bought", "price"))]
    for column in [*columns, "\nline", "utility\nto", "\nfrom"]:
        table.add_column(column, justify="right", no_wrap=True)
    for hour in range(24):
        both = [result.hours[name][hour] for name in MICROGRIDS]
        cells = [f"{hour:02}"]
        for one in both:
            cells += [f"{kwh(amount):.1f}" for amount in (one.made, one.used, one.sold, one.bought)]
            cells.append(f"{one.closing_price:.0f}")
        cells.append(f"{kwh(both[0].line_out - both[1].line_out):.1f}")
        cells += [f"{kwh(sum(getattr(one, key) for one in both)):.1f}" for key in ("to_utility", "from_utility")]
        table.add_row(*cells)
    return table


def summary(result: DayResult) -> dict[str, dict[str, float]]:
    """Per microgrid: energy in kWh, money in won, shares in percent."""
    return {name: _summary_of(result, name) for name in MICROGRIDS}


def _summary_of(result: DayResult, name: str) -> dict[str, float]:
    assumptions, day = result.assumptions, result.hours[name]

    def total(key: str) -> float:
        return float(sum(getattr(hour, key) for hour in day))

    own_use = sum(
        float(min(made, used)) / 1000
        for home in result.homes
        if home.microgrid == name
        for made, used in zip(home.made, home.used, strict=True)
    )
    sold, bought, used = (total(key) / ETHER for key in ("sold", "bought", "used"))
    surplus, need = sold + total("to_utility") / ETHER, bought + total("from_utility") / ETHER
    bill = total("cost") - total("income")
    bill_without = need * assumptions.utility_price - surplus * assumptions.feed_in_price
    return {
        "homes": sum(home.microgrid == name for home in result.homes),
        "made_kwh": total("made") / ETHER,
        "used_kwh": used,
        "own_use_kwh": own_use,
        "sold_on_market_kwh": sold,
        "bought_on_market_kwh": bought,
        "to_utility_kwh": total("to_utility") / ETHER,
        "from_utility_kwh": total("from_utility") / ETHER,
        "line_out_kwh": total("line_out") / ETHER,
        "line_in_kwh": total("line_in") / ETHER,
        "need_met_by_roof_and_market_percent": 100 * (own_use + bought) / used if used else 0.0,
        "lowest_price_won": min(hour.closing_price for hour in day),
        "highest_price_won": max(hour.closing_price for hour in day),
        "bill_won": bill,
        "bill_without_market_won": bill_without,
        "saved_won": bill_without - bill,
    }


def summary_table(result: DayResult) -> Table:
    """The summary, a figure a row."""
    figures = summary(result)
    table = Table(title="What the market did")
    table.add_column("")
    for name in MICROGRIDS:
        table.add_column(name, justify="right")
    for key in figures[MICROGRIDS[0]]:
        words, _, unit = key.rpartition("_")
        label = f"{words.replace('_', ' ')} ({UNITS[unit]})" if words else key
        cells = [
            f"{figures[name][key]:,.0f}" if unit in ("won", "homes") else f"{figures[name][key]:,.1f}"
            for name in MICROGRIDS
        ]
        table.add_row(label, *cells)
    return table


def gas_table(result: DayResult) -> Table:
    """How often each operation ran and what it cost."""
    table = Table(title="Transactions")
    for column in ("operation", "count", "median gas"):
        table.add_column(column, justify="left" if column == "operation" else "right")
    for name, values in sorted(result.gas.items()):
        table.add_row(name, f"{len(values):,}", f"{median(values):,.0f}")
    return table


def save_json(result: DayResult, path: Path) -> None:
    """Summary, hours (base units, won), gas and checks."""
    content: dict[str, Any] = {
        "assumptions": vars(result.assumptions),
        "summary": summary(result),
        "hours": {name: [vars(hour) for hour in hours] for name, hours in result.hours.items()},
        "gas": {name: {"count": len(values), "median": median(values)} for name, values in result.gas.items()},
        "checks": result.checks,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n")


def save_plot(result: DayResult, path: Path, title: str) -> None:
    """Three pictures over the hours: made and used, the price path, traded volumes."""
    figure, (balance, price, volume) = plt.subplots(3, 1, figsize=(10, 10), sharex=True, layout="constrained")
    figure.suptitle(title)
    for name in MICROGRIDS:
        _plot_balance(balance, name, result.hours[name])
        closing = [hour.closing_price for hour in result.hours[name]]
        price.plot(range(25), [result.assumptions.opening_price, *closing], color=COLORS[name], label=name)
    balance.set_ylabel("kWh per hour")
    balance.set_title("made (filled) and used (line)", loc="left", fontsize=10)
    for level, label in (
        (result.assumptions.utility_price, "utility sells"),
        (result.assumptions.feed_in_price, "utility buys"),
    ):
        price.axhline(level, color="gray", linestyle="--", linewidth=1)
        place = {"xytext": (-3, 3), "textcoords": "offset points", "ha": "right"}
        price.annotate(label, (24, level), fontsize=8, color="gray", **place)
    price.set_ylabel("won per kWh")
    price.set_title("price on the exchange", loc="left", fontsize=10)
    _plot_volume(volume, result)
    for axes in (balance, price, volume):
        axes.grid(alpha=0.3)
        axes.legend(loc="upper left", fontsize=8, ncols=3)
        axes.set_xlim(0, 24)
    volume.set_xlabel("hour of the day (Korea)")
    volume.set_xticks(range(0, 25, 3))
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _plot_balance(axes: Axes, name: str, day: list[Hour]) -> None:
    edges = list(range(25))
    axes.stairs([kwh(hour.made) for hour in day], edges, fill=True, alpha=0.3, color=COLORS[name], label=f"{name} made")
    axes.stairs([kwh(hour.used) for hour in day], edges, color=COLORS[name], linewidth=1.5, label=f"{name} used")


def _plot_volume(axes: Axes, result: DayResult) -> None:
    for number, name in enumerate(MICROGRIDS):
        places = [hour + 0.3 + 0.4 * number for hour in range(24)]
        day = result.hours[name]
        axes.bar(places, [kwh(hour.sold) for hour in day], 0.4, color=COLORS[name], label=f"{name} sold")
        axes.bar(
            places, [-kwh(hour.bought) for hour in day], 0.4, color=COLORS[name], alpha=0.5, label=f"{name} bought"
        )
    sent = [kwh(sum(result.hours[name][hour].line_out for name in MICROGRIDS)) for hour in range(24)]
    axes.plot([hour + 0.5 for hour in range(24)], sent, "k.-", linewidth=1, label="over the line")
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set_ylabel("kWh per hour")
    axes.set_title("traded on the exchange: sold up, bought down", loc="left", fontsize=10)
