"""Kinds of participants by name: the project's own, and those that other packages add."""

from __future__ import annotations

from collections.abc import Callable

from numpy.random import PCG64, Generator

from offchain.extensions import ExtensionPoint, told
from offchain.simulate.season.behaviour import Behaviour
from offchain.simulate.season.behaviours.added import Added, ParticipantError
from offchain.simulate.season.season import Season

Factory = Callable[[Season, int, Generator], Behaviour]
"""Makes the mind of a season's home, given by its place, with randomness of its own."""

OWN = {
    "honest": "honest:Honest",
    "responsive": "responsive:Responsive",
    "speculator": "speculator:Speculator",
    "hoarder": "hoarder:Hoarder",
    "wash-trader": "wash_trader:WashTrader",
    "sandwich": "sandwich:Sandwich",
}

BEHAVIOURS: ExtensionPoint[Factory] = ExtensionPoint(
    "openmg.behaviours", "kind of participant", {name: f"{__name__}.{place}" for name, place in OWN.items()}
)


def mind(season: Season, place: int) -> Behaviour:
    """That of a season's home, by its kind. Raises ExtensionError, and ParticipantError for whatever goes wrong in one
    of another package, here or later."""
    kind = season.homes[place].behaviour
    make, random = BEHAVIOURS.load(kind), Generator(PCG64([season.seed, place]))
    if kind in BEHAVIOURS.own:
        return make(season, place, random)
    with told(f"a participant of kind {kind} can't be made", ParticipantError):
        return Added(kind, make(season, place, random))
