"""Demands to be shown places that can't be right, for fees, and convicts who can't show them."""

from __future__ import annotations

from collections.abc import Sequence

from offchain.ppdl.disputes.faults import Fault, Place
from offchain.ppdl.disputes.proofs import Kind
from offchain.ppdl.network.docket import Demand, Demands, Docket
from offchain.ppdl.network.member import Ground
from offchain.ppdl.network.registry import Phase
from offchain.ppdl.network.turns import Turns


class Prosecution:
    """Of one account, in turn with the others of a round. Whoever shows a place has its fee, so an account never
    demands more than half of a bond pays for: that is what a conviction brings. What others demand doesn't count: it
    may be the liar itself, who shows it and loses nothing."""

    def __init__(self, ground: Ground, docket: Docket) -> None:
        self._ground = ground
        self._rules = ground.registry.rules
        self._docket = docket
        self._turns = Turns(ground.address)
        self._settled: set[Demand] = set()

    def challenge(self, demands: Demands, fault: Fault, now: int) -> bool:
        """Shows that a place of the newest claim is wrong; whether its turn had come."""
        if not self._turn(demands, fault.place, now):
            return False
        self._ground.sender.transact(self._docket.challenge(fault))
        return True

    def convict(self, demands: Demands, kinds: Sequence[Kind], now: int) -> Place | None:
        """Convicts for a place of these kinds that nobody showed in time; which one, None if there is none."""
        for demand in demands.waiting:
            if demand[0] in kinds and now >= demands.until[demand] and self._turn(demands, demand, now):
                self._ground.sender.transact(self._docket.contract.functions.convict(*demand))
                return Place(demand[0], *demand[2:])
        return None

    def demand(self, demands: Demands, places: Sequence[Place], now: int) -> int:
        """Demands those of the places that weren't yet, as far as there is time and it pays, first those that others
        would demand last; returns how many."""
        own_first = (places[number] for number in self._turns.own_first(demands.round, len(places)))
        wanted = [demand for place in own_first if (demand := demands.about(place)) not in demands.until]
        wanted = wanted[: self.affordable(demands)]
        if not wanted or now >= self.until(demands) or not self._turn(demands, tuple(wanted), now):
            return 0
        for demand in wanted:
            self._ground.sender.transact(self._docket.contract.functions.demand(*demand), self._rules.demand_fee)
        return len(wanted)

    def affordable(self, demands: Demands) -> int:
        """How many more demands pay for a round's newest claim, or for its closing."""
        if not self._rules.demand_fee:
            return 1 << 16
        own = sum(demands.by[demand] == self._ground.sender.address for demand in demands.current)
        return max(self._rules.bond // 2 // self._rules.demand_fee - own, 0)

    def until(self, demands: Demands) -> int:
        """When it is too late to demand anything, in Unix seconds."""
        if demands.round.phase == Phase.CLOSED:
            return demands.round.until
        registry = self._ground.registry
        return int(registry.node.ask(registry.contract.functions.demandsUntil()))

    def take_back(self, demands: Demands) -> int:
        """Takes the fees back that were paid for claims that are void; how many."""
        own = [demand for demand, by in demands.by.items() if by == self._ground.sender.address]
        void = [one for one in own if not demands.is_current(one) and one not in demands.answered]
        held = [demand for demand in void if demand not in self._settled and self._docket.is_held(demand)]
        for demand in held:
            self._ground.sender.transact(self._docket.contract.functions.release(*demand))
        self._settled.update(void)
        return len(held)

    def _turn(self, demands: Demands, what: object, now: int) -> bool:
        return self._turns.has_come(demands.round, (demands.round.claim, what), now, self._rules.challenge_window // 3)
