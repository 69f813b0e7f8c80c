"""What comes of a round: the sum, the model after it, and the header that follows. Everybody computes the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from offchain.ppdl.aggregation.lanes import CHUNK_LANES, Lanes, Signed, chunk_tree, to_chunks, to_lanes
from offchain.ppdl.aggregation.messages import Header
from offchain.ppdl.aggregation.sum_tree import SumTree
from offchain.ppdl.aggregation.transcript import Transcript
from offchain.ppdl.aggregation.unmasking import sum_tree
from offchain.ppdl.disputes.proofs import Disputed
from offchain.ppdl.learning.update import apply_sum
from offchain.ppdl.model_chain.evidence import Evidence
from offchain.ppdl.model_chain.header import header_after, weight_hash_of
from offchain.ppdl.model_chain.task import Task
from offchain.ppdl.model_chain.testset import follows
from offchain.ppdl.network.registry import Claim


def update_chunks(task: Task) -> int:
    """How many chunks an update has: the weights and a lane of statistics."""
    return task.model.weights // CHUNK_LANES + 1


def initial_state(task: Task) -> Signed:
    """The model before all training."""
    return task.model.initial(task.training.seed)


@dataclass(frozen=True)
class Outcome:
    """Of a round's evidence and masked updates by index: the tree of their sum, the model before, shape (weights,), and
    the one that the sum gives."""

    evidence: Evidence
    uploads: Mapping[int, Lanes]
    tree: SumTree
    before: Signed
    state: Signed

    @classmethod
    def of(cls, old: Signed, evidence: Evidence, uploads: Mapping[int, Lanes]) -> Outcome:
        """From the model before and the alive's masked updates by index."""
        tree = sum_tree(uploads, evidence.alive, list(evidence.masks))
        total = to_lanes(tree.total, len(old) + 1)
        return cls(evidence, uploads, tree, old, apply_sum(old, total, len(evidence.alive)))

    @property
    def weights_root(self) -> bytes:
        """The `weightsRoot` of the model."""
        return chunk_tree(to_chunks(self.state)).root

    @property
    def weight_hash(self) -> bytes:
        """The `weightHash` of the model."""
        return weight_hash_of(self.state)

    def disputed(self) -> Disputed:
        """What it is shown to be right with."""
        evidence = self.evidence
        transcript = Transcript(evidence.round, evidence.keys, evidence.seeds)
        signatures = dict(zip(evidence.alive.indices, evidence.signatures, strict=True))
        parts = (evidence.alive, self.uploads, signatures, evidence.masks, self.tree, self.before, self.state)
        return Disputed(transcript, *parts)

    def header(self, task: Task, tolerance: int, before: Header, timestamp: int) -> Header:
        """The header after `before`; timestamp in Unix seconds."""
        losses = task.loss(self.before), task.loss(self.state)
        accepted = follows(*losses, tolerance)
        kept = self.state if accepted else self.before
        round_, participants = self.evidence.round, self.evidence.participant_hash
        return header_after(before, round_, kept, losses, accepted, participants, timestamp)


def false_part(outcome: Outcome | None, claim: Claim) -> str | None:
    """What of a posted claim isn't what comes of the round, in words; None if all is right. A sum is unseen while
    nobody knows what comes of the round."""
    if outcome is None:
        return "unseen sum"
    if claim.aggregate_root != outcome.tree.root:
        return "false sum"
    if claim.weights_root != outcome.weights_root:
        return "false model"
    return None if claim.weight_hash == outcome.weight_hash else "false hash of the model"
