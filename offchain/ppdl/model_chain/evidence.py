"""What a round leaves behind, enough to compute its sum again: keys, seeds, masked updates, signatures, and the seeds
that were revealed. None of it shows a single update."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from offchain.errors import UserError
from offchain.ppdl.aggregation.alive import AliveSet
from offchain.ppdl.aggregation.graph import Graph, RoundKeys, committee, graph_seed
from offchain.ppdl.aggregation.lanes import to_lanes
from offchain.ppdl.aggregation.masks import seed_hash
from offchain.ppdl.aggregation.messages import Domain, Update
from offchain.ppdl.aggregation.seeds import SeedCommitment, mask_places
from offchain.ppdl.aggregation.sum_tree import Mask
from offchain.ppdl.aggregation.sums import Sum
from offchain.ppdl.aggregation.transcript import Transcript
from offchain.ppdl.aggregation.unmasking import unmasked
from offchain.ppdl.model_chain.blobs import Blobs
from offchain.signature import SignatureError


class EvidenceError(UserError):
    """Says in one line why a round can't have gone as its evidence says."""


@dataclass(frozen=True)
class Evidence:
    """A round: `keys` by index, `seeds` by the index of who committed them, of each alive by rank the root of its
    update and its signature, the masks taken off (`masks`, by their place after the updates in the sum tree), and the
    hash of the block before the one that closed the round (32 zeros where no chain was)."""

    round: int
    keys: tuple[RoundKeys, ...]
    seeds: Mapping[int, SeedCommitment]
    alive: AliveSet
    update_roots: tuple[bytes, ...]
    signatures: tuple[bytes, ...]
    masks: tuple[Mask | None, ...]
    close_block_hash: bytes = bytes(32)

    @classmethod
    def of(
        cls,
        transcript: Transcript,
        alive: AliveSet,
        update_roots: Mapping[int, bytes],
        signatures: Mapping[int, bytes],
        masks: Sequence[Mask | None],
        close_block_hash: bytes = bytes(32),
    ) -> Evidence:
        """Of a round with these alive; roots and signatures of their updates by index."""
        return cls(
            transcript.round,
            transcript.keys,
            transcript.seeds,
            alive,
            tuple(update_roots[index] for index in alive.indices),
            tuple(signatures[index] for index in alive.indices),
            tuple(masks),
            close_block_hash,
        )

    @property
    def participant_hash(self) -> bytes:
        """The root of the tree of the alive, as headers name it."""
        members = {index: keys.participant for index, keys in enumerate(self.keys)}
        roots = dict(zip(self.alive.indices, self.update_roots, strict=True))
        return self.alive.tree(members, roots).root

    def committee(self) -> list[bytes]:
        """The addresses of the seven seats."""
        seed = graph_seed(self.round, self.keys)
        ranks = committee(seed, self.participant_hash, self.close_block_hash, len(self.alive))
        return [self.keys[self.alive.indices[rank]].participant for rank in ranks]

    def check(self, domain: Domain) -> None:
        """Raises EvidenceError unless all signed what is said of them, and each mask is of a committed seed."""
        self._check_shape()
        signers = {f"participant {index}": self.keys[index].participant for index in self.alive.indices}
        check_signed(domain, self.round, signers, self.update_roots, self.signatures)
        self._check_masks()

    def sums(self, blobs: Blobs, lanes: int) -> list[Sum]:
        """All that was unmasked: one sum of updates of so many lanes, which the blobs hold. Raises BlobError if one is
        missing."""
        uploads = {index: blobs.chunks(root) for index, root in zip(self.alive.indices, self.update_roots, strict=True)}
        total = unmasked(uploads, self.alive, self.masks)
        return [Sum(to_lanes(total, lanes), len(self.alive))]

    def combined(self, sums: Sequence[Sum]) -> Sum:
        """What the model moves by."""
        (only,) = sums
        return only

    def _check_shape(self) -> None:
        self.alive.check_quorum(self.seeds)
        if self.alive.size != len(self.keys) or not set(self.seeds) <= set(range(len(self.keys))):
            raise EvidenceError("the alive or the seeds are of other participants than the keys")
        if len({keys.participant for keys in self.keys}) != len(self.keys):
            raise EvidenceError("a participant committed keys twice")
        graph = self._graph()
        if any(len(seeds.seed_hashes) != graph.degree + 1 for seeds in self.seeds.values()):
            raise EvidenceError("somebody committed another number of seeds than it has neighbours")

    def _check_masks(self) -> None:
        graph = self._graph()
        places = mask_places(graph, self.seeds, self.alive)
        if len(places) != len(self.masks):
            raise EvidenceError(f"there are {len(self.masks)} masks, not {len(places)}")
        for number, (place, mask) in enumerate(zip(places, self.masks, strict=True)):
            if (place is None) != (mask is None):
                raise EvidenceError(f"mask {number} is there and should not be, or the other way round")
            if place is None or mask is None:
                continue
            slot = None if place.neighbour is None else graph.slot(place.participant, place.neighbour)
            committed = self.seeds[place.participant].seed_hashes[0 if slot is None else 1 + slot]
            if mask[0] != place.sign or seed_hash(mask[1]) != committed:
                raise EvidenceError(f"mask {number} is not the one that participant {place.participant} committed")

    def _graph(self) -> Graph:
        return Graph(graph_seed(self.round, self.keys), len(self.keys))

    def to_bytes(self) -> bytes:
        """As MessagePack."""
        return msgspec.msgpack.encode(
            _Document(
                self.round,
                [(keys.participant, keys.channel_key, keys.mask_key) for keys in self.keys],
                {index: (seeds.shares_root, list(seeds.seed_hashes)) for index, seeds in self.seeds.items()},
                self.alive.bitmap,
                list(self.update_roots),
                list(self.signatures),
                [None if mask is None else mask for mask in self.masks],
                self.close_block_hash,
            )
        )

    @classmethod
    def from_bytes(cls, content: bytes) -> Evidence:
        """Raises EvidenceError for what `to_bytes` didn't write."""
        try:
            document = msgspec.msgpack.decode(content, type=_Document)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise EvidenceError(f"it is no evidence of a round: {error}") from error
        keys = tuple(RoundKeys(*one) for one in document.keys)
        return cls(
            document.round,
            keys,
            {index: SeedCommitment(root, tuple(hashes)) for index, (root, hashes) in document.seeds.items()},
            AliveSet.from_bitmap(len(keys), document.alive),
            tuple(document.update_roots),
            tuple(document.signatures),
            tuple(document.masks),
            document.close_block_hash,
        )


def check_signed(
    domain: Domain, round_: int, signers: Mapping[str, bytes], roots: Sequence[bytes], signatures: Sequence[bytes]
) -> None:
    """Raises EvidenceError unless each of the signers, addresses by what errors call them, signed the root of its
    update, in this order."""
    if {len(roots), len(signatures)} != {len(signers)} or {*map(len, roots)} != {32}:
        raise EvidenceError("there is not one signed update for each who took part")
    for (name, participant), root, signed in zip(signers.items(), roots, signatures, strict=True):
        try:
            signer = domain.signer(Update(round_, root), signed)
        except SignatureError as error:
            raise EvidenceError(f"{name}: {error}") from error
        if signer != participant:
            raise EvidenceError(f"the update of {name} is signed by somebody else")


class _Document(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    round: int
    keys: list[tuple[bytes, bytes, bytes]]
    seeds: dict[int, tuple[bytes, list[bytes]]]
    alive: bytes
    update_roots: list[bytes]
    signatures: list[bytes]
    masks: list[tuple[int, bytes] | None]
    close_block_hash: bytes
