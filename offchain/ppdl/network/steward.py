"""What anyone with a bond may do to bring a round on: open it, close it, post its sum, make it final; and the
committee's vote. Those in a round take turns, so that not all do the same at the same time."""

from __future__ import annotations

from offchain.errors import UserError
from offchain.ppdl.aggregation.alive import LEAST_ALIVE, AliveError
from offchain.ppdl.aggregation.lanes import to_bytes, to_chunks
from offchain.ppdl.aggregation.messages import Header
from offchain.ppdl.aggregation.unmasking import UnmaskError
from offchain.ppdl.network.answering import Answering, Demand
from offchain.ppdl.network.board import BoardError
from offchain.ppdl.network.member import Ground
from offchain.ppdl.network.outcome import Outcome
from offchain.ppdl.network.publication import Kind
from offchain.ppdl.network.registry import Phase, Round, Rules

PATIENCE = 3
"""Seconds for which one leaves to others what anyone may do, for each place behind."""


class FalseClaim(UserError):
    """Says what somebody posted that isn't so: it should be challenged."""


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
        case _:
            return now >= round_.until


class Steward:
    """Steps of one account; `places` says how many others it lets go first in a round."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._registry = ground.registry
        self._calls = ground.registry.contract.functions
        self._waiting: tuple[int, Phase, int] = (0, Phase.NONE, 0)
        self._outcome: tuple[Round, Outcome] | None = None
        self._answering = Answering(ground.registry)
        self._demanded: dict[Demand, int] = {}

    def open(self) -> str:
        """Opens a round. Raises TransactionError if somebody did, or one runs."""
        self._ground.sender.transact(self._calls.open())
        return "opened a round"

    def step(self, round_: Round, now: int) -> str | None:
        """Does what is due at a time in Unix seconds; returns what it did, None if nothing was. Raises UserError for
        what stands in the way."""
        if round_.phase == Phase.OPEN:
            return self._close(round_, now)
        if round_.phase == Phase.CLOSED:
            return self._answer(round_, now) or self._post(round_, now)
        if round_.phase == Phase.POSTED:
            return self._answer(round_, now) or self._finalise(round_, now)
        if round_.phase == Phase.FINAL:
            return self._vote(round_)
        return None

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
        if not self._turn(round_, now):
            return None
        outcome = self.outcome(round_)
        if outcome is None:
            return None
        self._ground.publish(round_, Kind.MODEL, to_bytes(to_chunks(outcome.state)))
        roots = (outcome.tree.root, outcome.weights_root, outcome.weight_hash)
        self._ground.sender.transact(self._calls.postAggregate(self._registry.closing_hash(), *roots))
        return "posted the sum and the model"

    def _finalise(self, round_: Round, now: int) -> str | None:
        self._check_claim(round_)
        if now < round_.until or not self._turn(round_, now):
            return None
        self._ground.sender.transact(self._calls.finalise(round_.number))
        return "made the sum final"

    def _check_claim(self, round_: Round) -> None:
        """Raises FalseClaim if the posted roots aren't what comes of the round."""
        outcome = self.outcome(round_)
        claim = round_.claim
        if outcome is None or claim is None:
            return
        for name in ("weights_root", "weight_hash"):
            if getattr(outcome, name) != getattr(claim, name):
                raise FalseClaim(f"the posted {name} of round {round_.number} is false: challenge it")
        if outcome.tree.root != claim.aggregate_root:
            raise FalseClaim(f"the posted sum of round {round_.number} is false: challenge it")

    def _answer(self, round_: Round, now: int) -> str | None:
        """Answers the oldest demand, if what was posted is right: in turn, and in any case late in the window."""
        demand = next(self._answering.waiting(round_), None)
        if demand is None:
            return None
        since = self._demanded.setdefault(demand, now)
        if now < since + min(PATIENCE * self._place(round_), self._registry.rules.answer_window // 3):
            return None
        outcome = self.outcome(round_)
        if outcome is None:
            return None
        self._check_claim(round_)
        self._ground.sender.transact(self._answering.answer(demand, outcome.disputed()))
        return f"showed that a {demand[0].name.lower()} is right"

    def _vote(self, round_: Round) -> str | None:
        outcome = self.outcome(round_)
        if outcome is None:
            return None
        seats = [seat for seat, member in enumerate(outcome.evidence.committee()) if member == self._ground.address]
        published = self._ground.store.publications(round_.number, Kind.VOTE)
        if not seats or self._ground.address in {one.sender for one in published}:
            return None
        header = self.header(round_, outcome)
        signature = self._registry.domain.sign(header, self._ground.account)
        self._ground.publish(round_, Kind.VOTE, bytes([seats[0]]) + signature)
        return f"voted for header {header.number}"

    def outcome(self, round_: Round) -> Outcome | None:
        """What comes of a closed round, None while something is missing."""
        if self._outcome is None or not self._outcome[0].closed_as(round_):
            board = self._ground.board(round_)
            try:
                evidence = board.evidence()
            except (BoardError, UnmaskError):
                return None
            state = self._ground.synced.chain.state(self._ground.synced.update())
            self._outcome = (round_, Outcome.of(state, evidence, board.alive_uploads()))
        return self._outcome[1]

    def header(self, round_: Round, outcome: Outcome) -> Header:
        """The header that follows: everybody makes the same one."""
        head = self._ground.synced.update()
        task, tolerance = self._ground.synced.chain.task, self._registry.rules.tolerance
        return outcome.header(task, tolerance, head.header, round_.finalised_at)

    def _turn(self, round_: Round, now: int) -> bool:
        """Whether its turn has come: the first in the order of this round at once, the next ones later."""
        if self._waiting[:2] != (round_.number, round_.phase):
            self._waiting = (round_.number, round_.phase, now)
        return now >= self._waiting[2] + PATIENCE * self._place(round_)

    def _place(self, round_: Round) -> int:
        """How many others it lets go first."""
        index = round_.index_of(self._ground.address)
        return len(round_.keys) if index is None else (index - round_.number) % len(round_.keys)
