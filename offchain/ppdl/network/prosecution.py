"""Demands to be shown places that can't be right, for fees, and convicts who can't show them."""

from __future__ import annotations

from collections.abc import Sequence

from offchain.ppdl.disputes.faults import Fault, Place
from offchain.ppdl.disputes.proofs import Kind
from offchain.ppdl.network.docket import Demands, Docket, is_live
from offchain.ppdl.network.fees import Fees
from offchain.ppdl.network.member import Ground
from offchain.ppdl.network.registry import Phase, Round
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
        self._fees = Fees(ground.folder / "fees")

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
        self._fees.add(wanted)
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

    def is_early(self, demands: Demands, now: int) -> bool:
        """Whether what is nowhere to be seen may still come, from a store that is slow: half of the window long."""
        closed = demands.round.phase == Phase.CLOSED
        window = self._rules.post_window if closed else self._rules.challenge_window
        return now < self.until(demands) - window // 2

    def take_back(self, round_: Round) -> int:
        """Takes the fees back of demands that nobody has to answer any more, of earlier rounds, too; how many."""
        taken = 0
        for demand in self._fees.open():
            if is_live(demand, round_):
                continue
            if self._docket.payer(demand) == self._ground.sender.address:
                self._ground.sender.transact(self._docket.contract.functions.release(*demand))
                taken += 1
            self._fees.settle(demand)
        return taken

    def _turn(self, demands: Demands, what: object, now: int) -> bool:
        return self._turns.has_come(demands.round, (demands.round.claim, what), now, self._rules.challenge_window // 3)
