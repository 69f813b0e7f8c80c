"""Watches a round for lies, and has whoever lied lose its bond."""

from __future__ import annotations

from offchain.ppdl.disputes.proofs import Kind
from offchain.ppdl.network.claim_watcher import ClaimWatcher
from offchain.ppdl.network.closing_watcher import ClosingWatcher
from offchain.ppdl.network.docket import Demands, Docket
from offchain.ppdl.network.equivocation import EquivocationWatcher
from offchain.ppdl.network.member import Ground
from offchain.ppdl.network.outcome import Outcome
from offchain.ppdl.network.prosecution import Prosecution
from offchain.ppdl.network.registry import Phase, Round


class Watcher:
    """Of one account, which pays the fees of demands and is paid for what it finds."""

    def __init__(self, ground: Ground, docket: Docket) -> None:
        prosecution = Prosecution(ground, docket)
        self._equivocation = EquivocationWatcher(ground, docket)
        self._closing = ClosingWatcher(ground, prosecution)
        self._claim = ClaimWatcher(ground, docket, prosecution)
        self._prosecution = prosecution

    def step(self, demands: Demands, outcome: Outcome | None, now: int) -> str | None:
        """Does what is due in a closed round at a time in Unix seconds; returns what it did, None if nothing was.
        Raises UserError for what stands in the way."""
        said = self._equivocation.step(demands.round, now)
        if said is None and outcome is None:
            said = self._closing.step(demands, now)
        if said is None and demands.round.phase == Phase.POSTED:
            said = self._claim.step(demands, outcome, now)
        if said is None:
            live = list(Kind) if demands.round.phase == Phase.POSTED else [Kind.SIGNATURE]
            place = self._prosecution.convict(demands, live, now)  # else the round could never end
            said = f"convicted for a {place.kind.name.lower()} that nobody showed in time" if place else None
        return said

    def take_back(self, round_: Round) -> str | None:
        """Takes fees back at any time, that were paid for what nobody has to answer any more; what it did."""
        count = self._prosecution.take_back(round_)
        return f"took {count} fees back, of demands that nobody has to answer any more" if count else None
