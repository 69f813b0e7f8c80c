"""Kinds of participants by name: the project's own, and those that other packages add."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points

from numpy.random import PCG64, Generator

from offchain.errors import UserError
from offchain.simulate.season.behaviour import Behaviour
from offchain.simulate.season.behaviours.hoarder import Hoarder
from offchain.simulate.season.behaviours.honest import Honest
from offchain.simulate.season.behaviours.responsive import Responsive
from offchain.simulate.season.behaviours.sandwich import Sandwich
from offchain.simulate.season.behaviours.speculator import Speculator
from offchain.simulate.season.behaviours.wash_trader import WashTrader
from offchain.simulate.season.season import Season

Factory = Callable[[Season, int, Generator], Behaviour]
"""Makes the mind of a season's home, given by its place, with randomness of its own."""

GROUP = "openmg.behaviours"
"""Entry points of other packages, each a `Factory`."""

BEHAVIOURS: dict[str, Factory] = {}


def register(name: str, factory: Factory) -> None:
    """Adds a kind. Raises UserError if the name is taken."""
    if name in BEHAVIOURS:
        raise UserError(f"there are two kinds of participants called {name}: uninstall one")
    BEHAVIOURS[name] = factory


register("honest", Honest)
register("speculator", Speculator)
register("hoarder", Hoarder)
register("wash-trader", WashTrader)
register("sandwich", Sandwich)
register("responsive", Responsive)
for added in entry_points(group=GROUP):
    register(added.name, added.load())


def mind(season: Season, place: int) -> Behaviour:
    """That of a season's home, by its kind. Raises UserError if there is no such kind."""
    kind = season.homes[place].behaviour
    if kind not in BEHAVIOURS:
        raise UserError(f"there are no participants called {kind}: take one of {', '.join(sorted(BEHAVIOURS))}")
    return BEHAVIOURS[kind](season, place, Generator(PCG64([season.seed, place])))
