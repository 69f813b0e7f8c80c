"""What a season did, in figures: the same for every world, from its ledger alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from offchain.simulate.season.ledger import Energy, Ledger, Money
from offchain.simulate.season.season import Season

KWH = 1000.0
"""Wh in one."""


@dataclass(frozen=True)
class Currents:
    """What went where, in Wh. Shape (hours, microgrids): `utility`, positive to it, and `curtailed`. Shape
    (hours, lines): `lost`, and `held`, what the line would have carried besides if it weren't full."""

    utility: Energy
    curtailed: Energy
    lost: Energy
    held: Energy

    @property
    def drawn(self) -> Energy:
        """From the utility by all microgrids together, shape (hours,)."""
        return _sum(np.maximum(0, -self.utility))

    @property
    def given(self) -> Energy:
        """To the utility."""
        return _sum(np.maximum(0, self.utility))


def currents(season: Season, ledger: Ledger) -> Currents:
    """By what the meters counted and the lines carried."""
    utility = _by_microgrid(season, ledger.made + ledger.discharged - ledger.used - ledger.curtailed)
    curtailed = _by_microgrid(season, ledger.curtailed)
    flow, lost, held = ledger.flow, np.zeros_like(ledger.flow), np.zeros_like(ledger.flow)
    for number, line in enumerate(season.lines):
        first, second = line.ends
        lost[:, number] = np.ceil(np.abs(flow[:, number]) * line.loss)
        utility[:, first] -= flow[:, number] + np.where(flow[:, number] < 0, lost[:, number], 0)
        utility[:, second] += flow[:, number] - np.where(flow[:, number] > 0, lost[:, number], 0)
    for number, line in enumerate(season.lines):
        full = np.abs(flow[:, number]) >= line.power
        for source, target in (line.ends, line.ends[::-1]):
            surplus = np.maximum(0, utility[:, source]) + curtailed[:, source]
            need = (np.maximum(0, -utility[:, target]) / (1 - line.loss)).astype(np.int64)
            held[:, number] += np.where(full, np.minimum(surplus, need), 0)
    return Currents(utility, curtailed, lost, held)


def figures(season: Season, ledger: Ledger) -> dict[str, Any]:
    """All of a world, as JSON has it: energy in kWh, power in kW, money in won, prices in won a kWh; None where a
    figure has no meaning."""
    flows = currents(season, ledger)
    return {
        "households": households(season, ledger),
        "energy": energy(season, ledger, flows),
        "grid": grid(season, ledger, flows),
        "prices": prices(season, ledger),
        "trade": trade(ledger),
        "money": money(season, ledger, flows),
    }


def stored(season: Season, ledger: Ledger) -> Money:
    """What more energy is worth that is in batteries (empty at first) and cars (full at first) when the season ends, at
    the last feed-in price, won, shape (homes,)."""
    full = np.array([home.car.capacity if home.car else 0 for home in season.homes])
    value: Money = (ledger.stored[-1] - full) / KWH * season.feed_in[-1]
    return value


def held(season: Season, ledger: Ledger) -> Money:
    """What the energy notes are worth that homes hold when the season ends, at the last feed-in price, won, shape
    (homes,)."""
    value: Money = ledger.notes[-1] / KWH * season.feed_in[-1]
    return value


def left(season: Season, ledger: Ledger) -> Money:
    """What homes have in store when the season ends: both, won, shape (homes,)."""
    return held(season, ledger) + stored(season, ledger)


def households(season: Season, ledger: Ledger) -> dict[str, Any]:
    """What homes paid and earned; `cost` is on balance, less what they have left in notes, batteries and cars."""
    cost = ledger.cost - left(season, ledger)
    income = (ledger.earned + ledger.credited).sum(axis=0)
    expense = (ledger.paid + ledger.billed).sum(axis=0)
    return {
        "cost": spread(cost) | {"total": float(cost.sum())},
        "income": spread(income) | {"total": float(income.sum()), "gini": gini(income)},
        "expense": spread(expense) | {"total": float(expense.sum()), "gini": gini(expense)},
        "by_home": [
            {
                "home": home.name,
                "microgrid": season.microgrids[home.microgrid].name,
                "behaviour": home.behaviour,
                "pv_kw": home.pv_kw,
                "cost": float(cost[place]),
                "income": float(income[place]),
                "expense": float(expense[place]),
                "used_kwh": float(ledger.used[:, place].sum() / KWH),
                "made_kwh": float(ledger.made[:, place].sum() / KWH),
            }
            for place, home in enumerate(season.homes)
        ],
    }


def spread(values: NDArray[np.float64]) -> dict[str, float]:
    """Mean and quantiles."""
    least, tenth, middle, ninth, most = np.quantile(values, [0, 0.1, 0.5, 0.9, 1])
    return {
        "mean": float(values.mean()),
        "least": float(least),
        "p10": float(tenth),
        "median": float(middle),
        "p90": float(ninth),
        "most": float(most),
    }


def gini(values: NDArray[np.float64]) -> float | None:
    """How unequal amounts of at least 0 are: 0, all have the same; nearly 1, one has all. None if nobody has any."""
    total = float(values.sum())
    if total <= 0 or values.min() < 0:
        return None
    ranks = np.arange(1, len(values) + 1)
    return float((2 * ranks - len(values) - 1) @ np.sort(values) / (len(values) * total))


def energy(season: Season, ledger: Ledger, flows: Currents) -> dict[str, float | None]:
    """Of all homes. `self_sufficiency` is the share of what they use that isn't drawn from the utility, `local_use` the
    share of what their roofs make that doesn't go there and isn't curtailed."""
    made, used = float(season.made.sum()), float(ledger.used.sum())
    drawn, given, cut = (float(what.sum()) for what in (flows.drawn, flows.given, ledger.curtailed))
    return {
        "made_kwh": made / KWH,
        "used_kwh": used / KWH,
        "drawn_kwh": drawn / KWH,
        "given_kwh": given / KWH,
        "curtailed_kwh": cut / KWH,
        "lost_on_lines_kwh": float(flows.lost.sum()) / KWH,
        "self_sufficiency": 1 - drawn / used if used else None,
        "local_use": 1 - (given + cut) / made if made else None,
    }


def grid(season: Season, ledger: Ledger, flows: Currents) -> dict[str, Any]:
    """Transformers and lines. `congestion` is the mean of the prices' difference while the line is full, `rent` what
    its operator earned; in a world without local prices nobody sees either."""
    transformers, lines = [], []
    for place, microgrid in enumerate(season.microgrids):
        overload = ledger.overload[:, place]
        transformers.append(
            {
                "microgrid": microgrid.name,
                "kw": microgrid.feeder / KWH,
                "peak_drawn_kw": float(np.maximum(0, -flows.utility[:, place]).max() / KWH),
                "peak_given_kw": float(np.maximum(0, flows.utility[:, place]).max() / KWH),
                "overload_kwh": float(overload.sum() / KWH),
                "overload_hours": int((overload > 0).sum()),
                "curtailed_kwh": float(flows.curtailed[:, place].sum() / KWH),
            }
        )
    for number, line in enumerate(season.lines):
        flow, apart = ledger.flow[:, number], ledger.congestion[:, number]
        full = np.abs(flow) >= line.power
        lines.append(
            {
                "ends": [season.microgrids[end].name for end in line.ends],
                "kw": line.power / KWH,
                "carried_kwh": float(np.abs(flow).sum() / KWH),
                "lost_kwh": float(flows.lost[:, number].sum() / KWH),
                "full_hours": int(full.sum()),
                "held_back_kwh": float(flows.held[:, number].sum() / KWH),
                "held_back_hours": int((flows.held[:, number] > 0).sum()),
                "congestion": float(apart[full].mean()) if full.any() else 0.0,
                "rent": float(ledger.rent[:, number].sum()),
            }
        )
    return {"peak_kw": float(flows.drawn.max() / KWH), "transformers": transformers, "lines": lines}


def prices(season: Season, ledger: Ledger) -> list[dict[str, Any]]:
    """By microgrid."""
    return [
        {
            "microgrid": microgrid.name,
            "mean": float(ledger.average[:, place].mean()),
            "lowest": float(ledger.price[:, place].min()),
            "highest": float(ledger.price[:, place].max()),
            "volatility": volatility(ledger.price[:, place]),
            "volatility_of_averages": volatility(ledger.average[:, place]),
        }
        for place, microgrid in enumerate(season.microgrids)
    ]


def volatility(price: NDArray[np.float64]) -> float | None:
    """The standard deviation of an hour's log return. None if there is no hour after another, or a price is 0."""
    if len(price) < 2 or price.min() <= 0:
        return None
    return float(np.log(price[1:] / price[:-1]).std())


def trade(ledger: Ledger) -> dict[str, float | None]:
    """`physical_ratio` is what meters counted, out and in, for each kWh that was sold or bought locally: below 1,
    energy changed hands more often than it flowed."""
    net = ledger.made + ledger.discharged - ledger.used - ledger.curtailed
    metered, traded = float(np.abs(net).sum()), float((ledger.sold + ledger.bought).sum())
    return {
        "sold_kwh": float(ledger.sold.sum()) / KWH,
        "bought_kwh": float(ledger.bought.sum()) / KWH,
        "metered_kwh": metered / KWH,
        "physical_ratio": metered / traded if traded else None,
        "held_at_the_end_kwh": float(ledger.notes[-1].sum()) / KWH,
        "pooled_kwh": float(ledger.pooled[-1].sum()) / KWH,
        "refused_kwh": float(ledger.refused.sum()) / KWH,
    }


def money(season: Season, ledger: Ledger, flows: Currents) -> dict[str, float]:
    """What each party has on balance, in won: `homes`, `utility`, operators of `lines`, and `founders` of the pools.
    They add up to 0. Notes and what pools hold more are owed by the utility, at the last feed-in price. `energy` is
    what the energy was worth that the utility supplied on balance, at the feed-in price, so `margin` is what it has
    left for its grid and itself."""
    notes, pooled = float(held(season, ledger).sum()), float(ledger.pooled[-1].sum() / KWH * season.feed_in[-1])
    rent = float(ledger.rent.sum())
    utility = float((ledger.billed - ledger.credited).sum()) - notes - pooled
    supplied = float(((flows.drawn - flows.given) * season.feed_in).sum()) / KWH
    return {
        "homes": notes - float(ledger.cost.sum()),
        "utility": utility,
        "lines": rent,
        "founders": float((ledger.paid - ledger.earned).sum()) - rent + pooled,
        "energy": supplied,
        "margin": utility - supplied,
    }


def gains(season: Season, ledger: Ledger, without: Ledger) -> dict[str, Any]:
    """What the homes have of a world more than of one without a local market, and from whom. `homes` = `saved`, energy
    that the utility had not to supply, at the feed-in price, + `from_utility`, of its margin, + `from_lines` +
    `from_founders` + `stored`, what homes have in batteries and cars more."""
    after, before = (money(season, one, currents(season, one)) for one in (ledger, without))
    cost, cost_without = (one.cost - left(season, one) for one in (ledger, without))
    better = cost_without - cost
    return {
        "homes": float(better.sum()),
        "saved": before["energy"] - after["energy"],
        "from_utility": before["margin"] - after["margin"],
        "from_lines": before["lines"] - after["lines"],
        "from_founders": before["founders"] - after["founders"],
        "stored": float((stored(season, ledger) - stored(season, without)).sum()),
        "better_off": int((better > 1).sum()),
        "worse_off": int((better < -1).sum()),
        "most_lost": float(max(0.0, -better.min())),
        "by_group": {name: float(better[members].mean()) for name, members in groups(season).items()},
        "by_home": [float(won) for won in better],
    }


def groups(season: Season) -> dict[str, NDArray[np.int64]]:
    """The places of homes that have something in common: a roof or none, and how they behave."""
    roofs = np.array([home.pv_kw > 0 for home in season.homes])
    kinds = np.array([home.behaviour for home in season.homes])
    found = {"with a roof": roofs, "without a roof": ~roofs} | {str(kind): kinds == kind for kind in sorted(set(kinds))}
    return {name: np.flatnonzero(members) for name, members in found.items() if members.any()}


def _by_microgrid(season: Season, energy: Energy) -> Energy:
    """Sums of homes' columns, shape (hours, microgrids)."""
    sums = np.zeros((len(energy), len(season.microgrids)), np.int64)
    np.add.at(sums.T, season.places, energy.T)
    return sums


def _sum(energy: Energy) -> Energy:
    total: Energy = energy.sum(axis=1)
    return total
