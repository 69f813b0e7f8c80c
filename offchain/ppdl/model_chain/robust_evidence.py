"""What a round leaves behind whose updates were combined by a robust rule: a secure sum a group, or open updates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from eth_utils.crypto import keccak

from offchain.merkle import Tree, leaf
from offchain.ppdl.aggregation.alive import LEAST_ALIVE
from offchain.ppdl.aggregation.graph import committee, graph_seed
from offchain.ppdl.aggregation.lanes import to_lanes
from offchain.ppdl.aggregation.messages import Domain
from offchain.ppdl.aggregation.sums import Sum
from offchain.ppdl.model_chain.blobs import Blobs
from offchain.ppdl.model_chain.evidence import Evidence, EvidenceError, check_signed
from offchain.ppdl.robust.grouping import drawn, median_sum
from offchain.ppdl.robust.rules import Rule, combined, free_riders

NO_BLOCK = bytes(32)


@dataclass(frozen=True)
class GroupEvidence:
    """A round in groups, each with evidence of its own."""

    groups: tuple[Evidence, ...]

    @property
    def round(self) -> int:
        """The groups' round, the same for all."""
        return self.groups[0].round

    @property
    def participant_hash(self) -> bytes:
        """The root of the tree over the groups' own ones."""
        return Tree([leaf(group.participant_hash) for group in self.groups]).root

    def committee(self) -> list[bytes]:
        """The addresses of the seven seats, drawn from the alive of all groups, one group after the other."""
        seed = keccak(b"".join(graph_seed(group.round, group.keys) for group in self.groups))
        alive = [group.keys[index].participant for group in self.groups for index in group.alive.indices]
        return [alive[rank] for rank in committee(seed, self.participant_hash, NO_BLOCK, len(alive))]

    def check(self, domain: Domain) -> None:
        """Raises EvidenceError unless every group's evidence is right and they are of one round."""
        if len({group.round for group in self.groups}) != 1:
            raise EvidenceError("its groups are of different rounds")
        for group in self.groups:
            group.check(domain)

    def check_drawn(self, seed: bytes) -> None:
        """Raises EvidenceError or RobustError unless the groups are those that the seed draws."""
        found = [[keys.participant for keys in group.keys] for group in self.groups]
        everybody = [participant for group in found for participant in group]
        if len(set(everybody)) != len(everybody):
            raise EvidenceError("a participant is in two groups")
        if found != drawn(everybody, seed):
            raise EvidenceError("its groups are not those that the header before draws")

    def sums(self, blobs: Blobs, lanes: int) -> list[Sum]:
        """What was unmasked: a sum of updates of so many lanes for each group. Raises BlobError if an update is
        missing."""
        return [one for group in self.groups for one in group.sums(blobs, lanes)]

    def combined(self, sums: Sequence[Sum]) -> Sum:
        """What the model moves by, as the sum of one client: lane by lane the median of the groups' means."""
        return median_sum(sums)

    def to_bytes(self) -> bytes:
        """As MessagePack."""
        return msgspec.msgpack.encode(["groups", *(group.to_bytes() for group in self.groups)])


@dataclass(frozen=True)
class OpenEvidence:
    """A round whose updates all can see: who took part (addresses of 20 bytes), the roots and signatures of their
    updates, and the rule that combined them."""

    round: int
    rule: Rule
    participants: tuple[bytes, ...]
    update_roots: tuple[bytes, ...]
    signatures: tuple[bytes, ...]

    @property
    def participant_hash(self) -> bytes:
        """The root of the tree of those who took part, as headers name it."""
        parts = zip(self.participants, self.update_roots, strict=True)
        return Tree([leaf(participant + root) for participant, root in parts]).root

    def committee(self) -> list[bytes]:
        """The addresses of the seven seats."""
        seed = keccak(self.round.to_bytes(32, "big") + b"".join(self.participants))
        ranks = committee(seed, self.participant_hash, NO_BLOCK, len(self.participants))
        return [self.participants[rank] for rank in ranks]

    def check(self, domain: Domain) -> None:
        """Raises EvidenceError unless enough took part, each once, and signed what is said of them."""
        count = len(self.participants)
        if count < LEAST_ALIVE or len(set(self.participants)) != count:
            raise EvidenceError(f"it has {count} updates: it takes {LEAST_ALIVE}, one of each who took part")
        signers = {f"participant 0x{participant.hex()}": participant for participant in self.participants}
        check_signed(domain, self.round, signers, self.update_roots, self.signatures)

    def sums(self, blobs: Blobs, lanes: int) -> list[Sum]:
        """The updates, of so many lanes, each as a sum of one client. Raises BlobError if one is missing."""
        return [Sum(to_lanes(blobs.chunks(root), lanes), 1) for root in self.update_roots]

    def combined(self, sums: Sequence[Sum]) -> Sum:
        """What the model moves by, as the sum of one client."""
        return combined(self.rule, np.stack([one.total for one in sums]))

    def free_riders(self, sums: Sequence[Sum]) -> list[bytes]:
        """Who sent nothing, or what another one sent: of `sums`, the updates, the told losses don't count."""
        moves = np.stack([one.total[:-1] for one in sums]).astype(np.int64)
        return [self.participants[place] for place in free_riders(moves)]

    def to_bytes(self) -> bytes:
        """As MessagePack."""
        parts = (list(self.participants), list(self.update_roots), list(self.signatures))
        return msgspec.msgpack.encode(["open", self.round, self.rule, *parts])


AnyEvidence = Evidence | GroupEvidence | OpenEvidence


def evidence_of(content: bytes) -> AnyEvidence:
    """Of any kind. Raises EvidenceError for what none of them wrote."""
    try:
        kind, *parts = msgspec.msgpack.decode(content, type=list)
        if kind == "groups":
            groups = msgspec.convert(parts, list[bytes])
            if not groups:
                raise EvidenceError("it is no evidence of a round: it has no groups")
            return GroupEvidence(tuple(Evidence.from_bytes(group) for group in groups))
        if kind == "open":
            return OpenEvidence(*msgspec.convert(parts, tuple[int, Rule, _Bytes, _Bytes, _Bytes]))
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise EvidenceError(f"it is no evidence of a round: {error}") from error
    return Evidence.from_bytes(content)


_Bytes = tuple[bytes, ...]
