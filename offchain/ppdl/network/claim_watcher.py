"""Watches posted sums and models: what isn't what comes of the round is challenged where it is seen to be wrong, and
demanded to be shown where its poster keeps it to itself."""

from __future__ import annotations

from collections.abc import Iterator

from offchain.merkle import depth_of
from offchain.ppdl.aggregation.lanes import CHUNK_BYTES, Signed, chunk_tree, from_bytes, to_chunks
from offchain.ppdl.disputes.faults import Fault, Place, wrong_hash, wrong_leaf, wrong_update
from offchain.ppdl.disputes.proofs import Kind
from offchain.ppdl.disputes.search import SumSearch
from offchain.ppdl.model_chain.header import weight_hash_of
from offchain.ppdl.network.docket import Demands, Docket, is_live
from offchain.ppdl.network.member import Ground
from offchain.ppdl.network.outcome import Outcome, false_part
from offchain.ppdl.network.prosecution import Prosecution
from offchain.ppdl.network.publication import Kind as Published
from offchain.ppdl.network.registry import Claim, Round


class ClaimWatcher:
    """Of one account."""

    def __init__(self, ground: Ground, docket: Docket, prosecution: Prosecution) -> None:
        self._ground = ground
        self._docket = docket
        self._prosecution = prosecution

    def step(self, demands: Demands, outcome: Outcome | None, now: int) -> str | None:
        """Does what is due at a time in Unix seconds; returns what it did, None if nothing was."""
        claim, number = demands.round.claim, demands.round.number
        if claim is None:
            return None
        part = false_part(outcome, claim)
        if part is None:
            return None
        fault = None if outcome is None else self._fault(part, demands, outcome, claim)
        if fault is not None:
            challenged = self._prosecution.challenge(demands, fault, now)
            return f"challenged the {part} of round {number}: {fault.place} is wrong" if challenged else None
        wanted = self._unknown(demands, now) if outcome is None else self._wanted(part, demands, outcome, claim, now)
        count = self._prosecution.demand(demands, wanted, now)
        return f"demanded to be shown {count} places of the {part} of round {number}" if count else None

    def _fault(self, part: str, demands: Demands, outcome: Outcome, claim: Claim) -> Fault | None:
        """A place that can be shown to be wrong from what is known."""
        right = outcome.disputed()
        if part == "false sum":
            found = self._search(demands, outcome, claim).wrong_leaf()
            return None if found is None else wrong_leaf(right, *found)
        for state in self._states(demands.round, outcome):
            if part == "false model" and chunk_tree(to_chunks(state)).root == claim.weights_root:
                return wrong_update(right, state)
            if part == "false hash of the model" and weight_hash_of(state) == claim.weight_hash:
                return wrong_hash(right, state)
        return None

    def _wanted(self, part: str, demands: Demands, outcome: Outcome, claim: Claim, now: int) -> list[Place]:
        """What its poster can't all show."""
        chunks = range(len(to_chunks(outcome.state)))
        if part != "false sum":
            kind = Kind.UPDATE if part == "false model" else Kind.HASH
            return [Place(kind, chunk, 0) for chunk in chunks]
        search, most = self._search(demands, outcome, claim), self._prosecution.affordable(demands)
        rounds = 1 + max(self._prosecution.until(demands) - now - 1, 0) // self._ground.registry.rules.answer_window
        levels = -(-search.height // rounds)
        while levels > 1 and len(search.unseen(levels)) > most:
            levels -= 1
        return search.unseen(levels) or [Place(Kind.UPDATE, chunks[-1], 0)]  # else it is beyond the last chunk

    def _unknown(self, demands: Demands, now: int) -> list[Place]:
        """Of a sum that can't be computed from what is published: the updates that aren't, or else the masks. Raises
        PublicationError if that is only because no store answers."""
        closing = demands.round.closing
        if closing is None or self._prosecution.is_early(demands, now):
            return []
        board = self._ground.board(demands.round)
        uploads, alive = board.uploads, len(closing.alive)
        board.check_answered()
        used = 2 * alive + len(closing.alive.others) * demands.round.transcript().graph.degree
        parents = [
            ((1 << depth_of(used)) + rank) // 2
            for rank, index in enumerate(closing.alive.indices)
            if index not in uploads
        ]
        masks = [Place(Kind.MASK, 0, place) for place in range(alive, 2 * alive)]
        return [Place(Kind.SUM, 0, node) for node in dict.fromkeys(parents)] or masks

    def _search(self, demands: Demands, outcome: Outcome, claim: Claim) -> SumSearch:
        """What is known of the posted sum tree by what was shown of it."""
        search = SumSearch(claim.aggregate_root, outcome.tree, len(outcome.evidence.alive))
        for demand, transaction in demands.answered.items():
            kind, _, chunk, place = demand
            if not is_live(demand, demands.round):
                continue
            if kind == Kind.SUM:
                search.take(chunk, place, self._docket.shown_sum(demand, transaction))
            elif kind in (Kind.LEAF, Kind.MASK):
                search.confirm(chunk, place)
        return search

    def _states(self, round_: Round, outcome: Outcome) -> Iterator[Signed]:
        """Models that somebody may have posted: those that were published, and the one before."""
        size = CHUNK_BYTES * len(to_chunks(outcome.state))
        for publication in self._ground.store.publications(round_.number, Published.MODEL):
            if len(publication.content) == size:
                yield _state(publication.content)
        yield outcome.before


def _state(content: bytes) -> Signed:
    """The lanes of a published model, with what fills its last chunk."""
    return from_bytes(content).reshape(-1).view("int32")
