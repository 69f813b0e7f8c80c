"""Watches a round for lies, and has whoever lied lose its bond."""

from __future__ import annotations

from offchain.ppdl.disputes.proofs import Kind
from offchain.ppdl.network.claim_watcher import ClaimWatcher
from offchain.ppdl.network.closing_watcher import ClosingWatcher
from offchain.ppdl.network.docket import Demands, Docket
from offchain.ppdl.network.equivocation import EquivocationWatcher
from offchain.ppdl.network.member import Ground
from offchain.ppdl.network.outcome import Outcome, false_part
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
        said = self._equivocation.step(demands.round, now) or self._convict(demands, outcome, now)
        if said is None and outcome is None:
            said = self._closing.step(demands, now)
        if said is None and demands.round.phase == Phase.POSTED:
            said = self._claim.step(demands, outcome, now)
        return said

    def take_back(self, round_: Round) -> str | None:
        """Takes fees back at any time, that were paid for what nobody has to answer any more; what it did."""
        count = self._prosecution.take_back(round_)
        return f"took {count} fees back, of demands that nobody has to answer any more" if count else None

    def _convict(self, demands: Demands, outcome: Outcome | None, now: int) -> str | None:
        """Convicts for what nobody showed in time, whoever demanded it: else the round could never end."""
        number, claim, posted = demands.round.number, demands.round.claim, demands.round.phase == Phase.POSTED
        place = self._prosecution.convict(demands, list(Kind) if posted else [Kind.SIGNATURE], now)
        if place is None:
            return None
        if claim is None or place.kind == Kind.SIGNATURE:
            return f"convicted who closed round {number}: nobody showed a signed update that it named"
        part = false_part(outcome, claim) or "sum"
        return f"convicted who posted the {part} of round {number}: nobody showed {place}"
