"""A private day as tables, as a picture and as JSON: what each household knows, and beside it what everybody sees."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from rich.table import Table

from offchain.simulate.household import Household
from offchain.simulate.market_day import KOREA
from offchain.simulate.onlooker import PRIVATE, Onlooker, Sight
from offchain.simulate.private_day import PrivateDay
from offchain.simulate.served_page import Visit
from offchain.units import ETHER
from offchain.wallet.note import ETH

WON_PER_ETH = 4_000_000
COLORS = {
    "shield": "tab:gray",
    "issue": "tab:orange",
    "give": "tab:purple",
    "pay": "tab:pink",
    "move": "tab:cyan",
    "sell": "tab:red",
    "buy": "tab:blue",
    "settle": "tab:green",
    "unshield": "tab:gray",
}
WORDS = {
    "shield": "brings ETH in",
    "issue": "takes its surplus",
    "give": "energy to a neighbour",
    "pay": "pays a neighbour",
    "move": "swaps for the other microgrid's",
    "sell": "sells",
    "buy": "buys",
    "settle": "settles its use",
    "unshield": "takes ETH out",
}
HIDDEN_SIZE = 30
LABELLED = ETHER
"""Energy from which on the picture says how much."""


def home_table(day: PrivateDay) -> Table:
    """A home a row: made, used, and what its own wallet tells."""
    title = "What each household knows of itself: kWh, and won in the pool"
    caption = f"given, got: hand to hand; won: ETH at {WON_PER_ETH:,} won"
    table = Table(title=title, caption=caption, box=None, padding=(0, 0, 0, 1))
    names = ["home", "", "made", "used", "issued", "sold", "given", "bought", "got", "settled", "left", "won"]
    for name in names:
        table.add_column(name, justify="left" if name in ("home", "") else "right", no_wrap=True)
    for household in day.households:
        row = home_figures(day, household)
        figures = [f"{row[name]:.2f}" for name in names[2:-1]]
        table.add_row(household.name, household.microgrid, *figures, f"{row['won']:,.0f}")
    return table


def home_figures(day: PrivateDay, household: Household) -> dict[str, float]:
    """A home's day: kWh of both microgrids' energy together, and won."""
    books = [household.book(token) for token in day.tokens.values()]

    def total(column: str) -> float:
        return float(sum(getattr(book, column) for book in books)) / ETHER

    return {
        "made": sum(measured.made for measured in household.measured) / 1000,
        "used": sum(measured.used for measured in household.measured) / 1000,
        "issued": total("issued"),
        "sold": total("sold"),
        "given": total("given"),
        "bought": total("bought"),
        "got": total("received"),
        "settled": total("settled"),
        "fees": total("fees"),
        "left": sum(household.held(token) for token in day.tokens.values()) / ETHER,
        "won": household.held(ETH) / ETHER * WON_PER_ETH,
    }


def sight_table(onlooker: Onlooker, sights: Sequence[Sight]) -> Table:
    """A transaction a row, as the chain shows it."""
    shown_ones = [sight for sight in sights if sight.function in PRIVATE]
    others = len(sights) - len(shown_ones)
    caption = (
        "cap: kWh; spent: nullifiers, by which nobody can tell the notes; made: new notes\n"
        f"besides: {others} transactions of the operators"
    )
    table = Table(title="What an onlooker sees", caption=caption, box=None, padding=(0, 0, 0, 1))
    for name in ("time", "sent by", "operation", "can be read", "spent", "made"):
        table.add_column(name, justify="left", no_wrap=True)
    for sight in shown_ones:
        spent = " ".join(f"{nullifier:064x}"[:4] for nullifier in sight.nullifiers)
        table.add_row(
            f"{_moment(sight):%H:%M}",
            onlooker.account(sight.sender),
            sight.function,
            readable(onlooker, sight),
            spent,
            str(len(sight.commitments)),
        )
    return table


def readable(onlooker: Onlooker, sight: Sight) -> str:
    """The public part of a transaction in words."""
    if sight.cap:
        out, got = onlooker.amounts(sight.came_out), onlooker.amounts(sight.went_in)
        return f"{out} for {got}, cap {sight.cap / 1000:g}"
    if sight.went_in:
        return f"{onlooker.amounts(sight.went_in)} in"
    if sight.came_out:
        return f"{onlooker.amounts(sight.came_out)} to {sight.recipient[:6]}.."
    if sight.microgrid:
        return f"microgrid {sight.microgrid}, epoch {sight.epoch}"
    return "-"


def proof_table(day: PrivateDay) -> Table:
    """How long proofs took, a circuit a row."""
    table = Table(title="Proofs: seconds, witness and check included")
    for name in ("circuit", "proofs", "first", "later, median", "longest"):
        table.add_column(name, justify="left" if name == "circuit" else "right")
    for circuit, figures in proof_figures(day).items():
        table.add_row(circuit, *(f"{value:.2f}" if isinstance(value, float) else str(value) for value in figures))
    return table


def story_table(title: str, lines: Sequence[tuple[str, str]]) -> Table:
    """What happened, a line a row."""
    table = Table(title=title, show_header=False)
    for what, words in lines:
        table.add_row(what, words)
    return table


def visit_in_words(visit: Visit) -> str:
    """Where the page is, and what opens a home of the demo there: each in a line of its own, to be copied."""
    lines = {
        "The page": visit.page,
        "The API": f"{visit.api}/openapi.json",
        f"Key of {visit.home} at the API": visit.home_key,
        "Key of the operator": visit.operator_key,
        f"Words of {visit.home}'s wallet": visit.words,
    }
    return "\n".join(f"{name}: {text}" for name, text in lines.items())


def proof_figures(day: PrivateDay) -> dict[str, tuple[int, float, float, float]]:
    """Per circuit: how many proofs; seconds of the first (which loads the key), of the later ones' median, and most."""
    return {
        circuit: (len(seconds), seconds[0], median(seconds[1:] or seconds), max(seconds))
        for circuit, seconds in sorted(day.stopwatch.seconds.items())
    }


def save_json(day: PrivateDay, sights: Sequence[Sight], checks: dict[str, bool], path: Path) -> None:
    """Homes, what happened, what the chain shows, proofs and checks."""
    content: dict[str, Any] = {
        "hours": day.hours,
        "homes": {
            household.name: {"microgrid": household.microgrid} | home_figures(day, household)
            for household in day.households
        },
        "happened": [vars(act) for act in day.acts],
        "seen": [
            vars(sight)
            | {name: [hex(value) for value in getattr(sight, name)] for name in ("nullifiers", "commitments")}
            for sight in sights
        ],
        "proofs": {
            circuit: dict(zip(("count", "first", "later", "longest"), figures, strict=True))
            for circuit, figures in proof_figures(day).items()
        },
        "checks": checks,
    }
    path.write_text(json.dumps(content, indent=2) + "\n")


def save_plot(day: PrivateDay, sights: Sequence[Sight], path: Path, title: str) -> None:
    """Two pictures of the same transactions, in the same order: what happened, what the chain shows."""
    seen = [sight for sight in sights if sight.function in PRIVATE]
    place = {sight.block: number for number, sight in enumerate(seen)}
    figure, (left, right) = plt.subplots(1, 2, figsize=(15, 6.4), sharex=True, layout="constrained")
    figure.suptitle(title)
    _plot_acts(left, day, place)
    _plot_sights(right, seen)
    first_of_hour = {act.interval: place[act.block] for act in reversed(day.acts)}
    for axes in (left, right):
        for interval, hour in enumerate(day.hours):
            if interval in first_of_hour:
                axes.axvline(first_of_hour[interval] - 0.5, color="0.85", zorder=0)
                axes.annotate(f" {hour}:00", (first_of_hour[interval] - 0.5, -0.75), fontsize=8, color="0.4")
        axes.set_xlabel("transactions to pool and registry, in order")
        axes.tick_params(length=0)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=100)
    plt.close(figure)


def _plot_acts(axes: Axes, day: PrivateDay, place: dict[int, int]) -> None:
    rows = {household.name: number for number, household in enumerate(day.households)}
    for act in day.acts:
        at, row = place[act.block], rows[act.home]
        if act.other:
            arrow = {"arrowstyle": "->", "color": COLORS[act.kind], "linewidth": 1.5}
            axes.annotate("", (at, rows[act.other]), (at, row), arrowprops=arrow)
        axes.scatter(
            at, row, s=HIDDEN_SIZE if act.asset == "ETH" else _area(act.amount), color=COLORS[act.kind], zorder=3
        )
        if act.asset != "ETH" and act.amount >= LABELLED:
            _label(axes, at, row, act.amount)
    for kind in dict.fromkeys(act.kind for act in day.acts):
        axes.scatter([], [], color=COLORS[kind], label=WORDS[kind])
    labels = [f"{household.name}\n{household.microgrid}" for household in day.households]
    axes.set_yticks(range(len(rows)), labels)
    axes.set_ylim(len(rows) - 0.5, -0.9)
    axes.set_title("What happened: who, what, how much (kWh), to whom", loc="left", fontsize=11)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.1), fontsize=9, ncols=3, frameon=False)


def _plot_sights(axes: Axes, seen: Sequence[Sight]) -> None:
    kinds = list(dict.fromkeys(sight.function for sight in seen))
    rows = {kind: number for number, kind in enumerate(kinds)}
    for number, sight in enumerate(seen):
        row = rows[sight.function]
        energy = [amount for side in (sight.went_in, sight.came_out) for asset, amount in side.items() if asset != ETH]
        if sight.went_in or sight.came_out:
            axes.scatter(number, row, s=_area(energy[0]) if energy else HIDDEN_SIZE, color="0.2", zorder=3)
        else:
            axes.scatter(number, row, s=4 * HIDDEN_SIZE, color="0.2", marker="$?$", linewidths=0.3, zorder=3)
        if energy and energy[0] >= LABELLED:
            _label(axes, number, row, energy[0])
    axes.scatter([], [], color="0.2", label="asset and amount are public")
    axes.scatter([], [], s=4 * HIDDEN_SIZE, color="0.2", marker="$?$", linewidths=0.3, label="amount hidden")
    axes.set_yticks(range(len(rows)), kinds)
    axes.set_ylim(len(rows) - 0.5, -0.9)
    sender = "all from the relayer but shield" if "shield" in kinds else "all from the relayer"
    axes.set_title(f"What the chain shows of it: no names; {sender}", loc="left", fontsize=11)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.1), fontsize=9, ncols=2, frameon=False)


def _label(axes: Axes, at: int, row: int, amount: int) -> None:
    axes.annotate(
        f"{amount / ETHER:.1f}", (at, row), (0, 9), textcoords="offset points", ha="center", fontsize=7, rotation=60
    )


def _area(amount: int) -> float:
    return 20 + 40 * amount / ETHER


def _moment(sight: Sight) -> datetime:
    return datetime.fromtimestamp(sight.time, KOREA)


def proofs_in_words(day: PrivateDay) -> str:
    """One line: how many proofs, and what they took."""
    all_of_them = [second for seconds in day.stopwatch.seconds.values() for second in seconds]
    return f"{len(all_of_them)} proofs, {sum(all_of_them):.0f} s of proving, median {median(all_of_them):.2f} s"
