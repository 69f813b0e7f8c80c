"""What anyone with a bond may do to bring a round on: open it, close it, post its sum, make it final; and the
committee's vote. It shows what is demanded, and watches for lies."""

from __future__ import annotations

from offchain.ppdl.aggregation.alive import LEAST_ALIVE, AliveError
from offchain.ppdl.aggregation.lanes import to_bytes, to_chunks
from offchain.ppdl.disputes.proofs import Closed
from offchain.ppdl.disputes.proofs import Kind as Shown
from offchain.ppdl.network.docket import Demands, Docket
from offchain.ppdl.network.member import Ground
from offchain.ppdl.network.outcome import false_part
from offchain.ppdl.network.publication import Kind
from offchain.ppdl.network.reckoning import Reckoning
from offchain.ppdl.network.registry import Phase, Round, Rules
from offchain.ppdl.network.turns import Turns
from offchain.ppdl.network.watcher import Watcher


def is_over(round_: Round, rules: Rules, now: int) -> bool:
    """Whether a round can't go on, so that the next one can be opened."""
    keys_until = round_.opened_at + rules.keys_window
    seeds_until = keys_until + rules.seeds_window
    match round_.phase:
        case Phase.NONE:
            return True
        case Phase.OPEN:
            few_keys = now >= keys_until and len(round_.keys) < LEAST_ALIVE
            few_seeds = now >= seeds_until and len(round_.seeds or {}) < LEAST_ALIVE
            return few_keys or few_seeds or now >= seeds_until + rules.upload_window + rules.close_window
        case Phase.POSTED:
            return False
        case Phase.CLOSED:
            return now >= round_.until and not round_.doubted
        case _:
            return now >= round_.until


class Steward:
    """Steps of one account."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._registry = ground.registry
        self._calls = ground.registry.contract.functions
        self._reckoning = Reckoning(ground)
        self._docket = Docket(ground.registry)
        self._watcher = Watcher(ground, self._docket)
        self._turns = Turns(ground.address)

    def open(self) -> str:
        """Opens a round. Raises TransactionError if somebody did, or one runs."""
        self._ground.sender.transact(self._calls.open())
        return "opened a round"

    def step(self, round_: Round, now: int) -> str | None:
        """Does what is due at a time in Unix seconds; returns what it did, None if nothing was. Raises UserError for
        what stands in the way."""
        return self._due(round_, now) or self._watcher.take_back(round_)

    def _due(self, round_: Round, now: int) -> str | None:
        if round_.phase == Phase.OPEN:
            return self._close(round_, now)
        if round_.phase in (Phase.CLOSED, Phase.POSTED):
            demands = self._docket.of(round_)
            said = self._answer(demands, now) or self._watch(demands, now)
            return said or (self._post if round_.phase == Phase.CLOSED else self._finalise)(round_, now)
        if round_.phase == Phase.FINAL:
            return self._vote(round_)
        return None

    def _watch(self, demands: Demands, now: int) -> str | None:
        return self._watcher.step(demands, self._reckoning.outcome(demands.round), now)

    def _close(self, round_: Round, now: int) -> str | None:
        rules = self._registry.rules
        start = round_.opened_at + rules.keys_window + rules.seeds_window
        if now < start:
            return None
        board = self._ground.board(round_)
        alive = board.alive_now()
        whole = len(alive) == len(round_.seeds or {})
        if not (whole or now >= start + rules.upload_window) or not self._turn(round_, now):
            return None
        try:
            alive.check_quorum(round_.seeds or {})
        except AliveError:
            return None
        seed = round_.transcript().graph.seed
        self._ground.sender.transact(self._calls.close(seed, alive.bitmap, board.alive_root(alive)))
        return f"closed the round with {len(alive)} of {len(round_.keys)}"

    def _post(self, round_: Round, now: int) -> str | None:
        if now >= round_.until or not self._turn(round_, now):
            return None
        outcome = self._reckoning.outcome(round_)
        if outcome is None:
            return None
        self._ground.publish(round_, Kind.MODEL, to_bytes(to_chunks(outcome.state)))
        roots = (outcome.tree.root, outcome.weights_root, outcome.weight_hash)
        self._ground.sender.transact(self._calls.postAggregate(self._registry.closing_hash(), *roots))
        return "posted the sum and the model"

    def _finalise(self, round_: Round, now: int) -> str | None:
        """What is false is made final only when it can't be shown any more: no header follows, and the next round can
        begin."""
        part = self._false_part(round_)
        until = round_.until + (self._registry.rules.challenge_window if part else 0)
        if now < until or not self._turn(round_, now):
            return None
        self._ground.sender.transact(self._calls.finalise(round_.number))
        return f"ended a round whose {part} can't be shown to be wrong any more" if part else "made the sum final"

    def _false_part(self, round_: Round) -> str | None:
        """What is false of what was posted, as far as that is known."""
        outcome, claim = self._reckoning.outcome(round_), round_.claim
        return None if outcome is None or claim is None else false_part(outcome, claim)

    def _answer(self, demands: Demands, now: int) -> str | None:
        """Shows what is demanded, first what is its own to show, if what was posted is right: in turn, but early
        enough."""
        due = {demand for demand in demands.waiting if now < demands.until[demand]}
        proofs = {kind: self._shown(demands.round, kind) for kind in {demand[0] for demand in due}}
        work, most = demands.current, self._registry.rules.answer_window // 3
        for number in self._turns.own_first(demands.round, len(work)):
            demand = work[number]
            shown = proofs.get(demand[0]) if demand in due else None
            if shown is None or not self._turns.has_come(demands.round, demand, now, most, number):
                continue
            self._ground.sender.transact(self._docket.answer(demand, shown))
            return f"showed that a {demand[0].name.lower()} is right"
        return None

    def _shown(self, round_: Round, kind: Shown) -> Closed | None:
        """What shows places of a kind to be right; None if they aren't, or too little is known."""
        if kind == Shown.SIGNATURE:
            return self._ground.board(round_).closed()
        outcome = self._reckoning.outcome(round_)
        return None if outcome is None or self._false_part(round_) else outcome.disputed()

    def _vote(self, round_: Round) -> str | None:
        outcome = self._reckoning.outcome(round_)
        if outcome is None:
            return None
        seats = [seat for seat, member in enumerate(outcome.evidence.committee()) if member == self._ground.address]
        published = self._ground.store.publications(round_.number, Kind.VOTE)
        if not seats or self._ground.address in {one.sender for one in published}:
            return None
        header = self._reckoning.header(round_, outcome)
        signature = self._registry.domain.sign(header, self._ground.account)
        self._ground.publish(round_, Kind.VOTE, bytes([seats[0]]) + signature)
        return f"voted for header {header.number}"

    def _turn(self, round_: Round, now: int) -> bool:
        """Whether its turn has come to bring the round on."""
        return self._turns.has_come(round_, (round_.phase, round_.claim or round_.until), now)
