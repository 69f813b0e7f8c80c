"""What a season found, in plain sentences that its figures make."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

WORTH_TELLING = 0.005
"""Of an amount: a lesser change is none."""
KINDS = {"wash-trader": "wash trader", "sandwich": "sandwich attacker"}
"""In words, where their names are none."""
ROOFS = ("with a roof", "without a roof")
HOLDS = 0.5
"""A protection holds against a manipulator if no more than this share of its distortion without any is left."""
PAYERS = {
    "from_utility": "the utility's margin, which pays for its grid",
    "from_founders": "the founders of the pools",
    "from_lines": "the operators of lines",
    "saved": "energy that the utility needn't supply",
    "stored": "what homes have in batteries and cars at the end",
}
"""Where a gain can come from."""
PAID = {
    "from_utility": "go on to the utility",
    "from_founders": "go on to the founders of the pools",
    "from_lines": "go on to the operators of lines",
    "saved": "pay for energy that the utility supplies more",
    "stored": "are what homes have less in batteries and cars at the end",
}
"""And where it can go to, where it is less."""


def findings(found: dict[str, Any]) -> list[str]:
    """Of results (see `results`), the most important first."""
    return [
        *_costs(found),
        *_payers(found),
        *_energy(found),
        *_lines(found),
        *_prices(found),
        *_manipulators(found),
    ]


def _costs(found: dict[str, Any]) -> Iterator[str]:
    season, worlds = found["season"], found["worlds"]
    without = worlds["utility"]["households"]["cost"]["total"]
    parts = [f"{won(without)} without a local market"]
    for name in ("auction", "market"):
        if name in worlds:
            cost = worlds[name]["households"]["cost"]["total"]
            parts.append(f"{won(cost)} with the {name} ({change(cost, without)})")
    yield f"In {season['days']} days the {season['homes']} homes paid {listed(parts)}."
    for name, gain in found["gains"].items():
        worse = f"{gain['worse_off'] or 'none'} {'are' if gain['worse_off'] > 1 else 'is'} worse off"
        lost = f", by {won(gain['most_lost'])} at the most" if gain["worse_off"] else ""
        yield f"With the {name} {gain['better_off']} of {season['homes']} homes are better off, {worse}{lost}."
        roofs = [f"a home {group} gains {won(gain['by_group'][group])}" for group in ROOFS if group in gain["by_group"]]
        yield f"On average, with the {name}, {listed(roofs)}."


def _payers(found: dict[str, Any]) -> Iterator[str]:
    """Whose loss a gain is."""
    for name, gain in found["gains"].items():
        if abs(gain["homes"]) < 1:
            yield f"With the {name} homes gain nothing."
            continue
        sources = [f"{won(gain[key])} come from {what}" for key, what in PAYERS.items() if gain[key] >= 1]
        costs = [f"{won(-gain[key])} {what}" for key, what in PAID.items() if gain[key] <= -1]
        sentence = f"With the {name} homes gain {won(gain['homes'])}: {'; '.join(sources + costs)}."
        if abs(gain["saved"]) < WORTH_TELLING * abs(gain["homes"]):
            sentence += " Next to no energy is saved: it is who gets the money that changes."
        yield sentence


def _energy(found: dict[str, Any]) -> Iterator[str]:
    for key, what in (
        ("self_sufficiency", "Their own roofs supply {} of what homes use."),
        ("local_use", "Of what roofs make {} is used there."),
    ):
        values = {name: world["energy"][key] for name, world in found["worlds"].items()}
        if None not in values.values():
            yield what.format(listed([f"{value:.1%} {said(name)}" for name, value in values.items()]))


def _lines(found: dict[str, Any]) -> Iterator[str]:
    """The claim that a local market relieves bottlenecks, told as it was measured."""
    worlds = found["worlds"]
    before = worlds["utility"]
    for name in ("auction", "market"):
        if name not in worlds:
            continue
        after = worlds[name]
        for old, new in zip(before["grid"]["lines"], after["grid"]["lines"], strict=True):
            ends = " and ".join(new["ends"])
            if not old["full_hours"] and not new["full_hours"]:
                yield f"The line between {ends} is never full, without a local market or with the {name}."
                continue
            yield (
                f"The line between {ends} is full in {old['full_hours']} hours without a local market and in "
                f"{new['full_hours']} with the {name}; it holds back {old['held_back_kwh']:,.0f} and "
                f"{new['held_back_kwh']:,.0f} kWh: {verdict(old['held_back_kwh'], new['held_back_kwh'])}. "
                f"While it is full, a kWh more would be worth {new['congestion']:.0f} won in the {name}."
            )
        old_cut, new_cut = before["energy"]["curtailed_kwh"], after["energy"]["curtailed_kwh"]
        yield (
            f"Curtailed are {old_cut:,.0f} kWh without a local market and {new_cut:,.0f} with the {name}: "
            f"{verdict(old_cut, new_cut)}."
        )


def _prices(found: dict[str, Any]) -> Iterator[str]:
    for name, world in found["worlds"].items():
        spread = [
            f"{price['volatility']:.0%} in {price['microgrid']}" for price in world["prices"] if price["volatility"]
        ]
        if spread:
            yield f"An hour's price differs from the one before by {listed(spread)} {said(name)} (standard deviation)."


def _manipulators(found: dict[str, Any]) -> Iterator[str]:
    """What each can do without protections, with all, and which of them alone doesn't hold."""
    for one in (found["trials"] or {}).get("auction", []):
        kind = KINDS.get(one["kind"], one["kind"])
        yield f"In the auction a {kind} moves the price by {one['distortion']:.1%} and {outcome(one['profit'])}."
    by_kind: dict[str, dict[str, dict[str, Any]]] = {}
    for trial in (found["trials"] or {"trials": []})["trials"]:
        by_kind.setdefault(trial["kind"], {})[trial["protections"]] = trial
    for kind, trials in by_kind.items():
        if "none" not in trials or "all" not in trials:
            continue
        none, every = trials["none"], trials["all"]
        yield (
            f"A {KINDS.get(kind, kind)} moves the price by {none['distortion']:.1%} on average without protections "
            f"and {earnings(none)}; with all it moves it by {every['distortion']:.1%} and {earnings(every)}. "
            f"Others then trade {every['traded']:,.0f} kWh and are refused {every['refused']:,.0f}."
        )
        weak = [
            "with all together" if name == "all" else f"with {name} alone"
            for name, trial in trials.items()
            if name != "none" and trial["distortion"] > HOLDS * none["distortion"]
        ]
        if weak and none["distortion"] > WORTH_TELLING:
            yield f"More than half of what it moves the price by without protections is left {listed(weak)}."


def earnings(trial: dict[str, Any]) -> str:
    """Of a trial: in the end, and for its trades without what energy gained by waiting."""
    return f"{outcome(trial['profit'])} ({outcome(trial['edge'])} by its trades alone)"


def outcome(profit: float) -> str:
    """What somebody has in the end."""
    if abs(profit) < 1:
        return "earns nothing"
    return f"earns {won(profit)}" if profit > 0 else f"loses {won(-profit)}"


def verdict(before: float, after: float) -> str:
    """Whether less of something bad is left."""
    if abs(after - before) <= WORTH_TELLING * max(before, 1.0):
        return "no difference"
    return "relieved" if after < before else "worse"


def said(world: str) -> str:
    """Of which world something is told."""
    return "without a local market" if world == "utility" else f"with the {world}"


def won(amount: float) -> str:
    """An amount as people read it."""
    return f"{amount:,.0f} won"


def change(after: float, before: float) -> str:
    """In percent."""
    return f"{(after - before) / abs(before):+.1%}".replace("-", "\N{MINUS SIGN}") if before else "no change to tell"


def listed(parts: list[str]) -> str:
    """With commas and an `and`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
