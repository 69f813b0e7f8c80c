"""One participant through the phases of a round, and what it never does.

It says the same again after a crash, whatever it is asked meanwhile: keys, graph, seeds, upload and alive set are each
kept before anything that follows from them is said, and nothing is said of another one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from hashlib import sha256

from eth_utils.crypto import keccak

from offchain.errors import UserError
from offchain.merkle import leaf
from offchain.ppdl.aggregation import shares
from offchain.ppdl.aggregation.alive import LEAST_ALIVE, AliveSet, least_company
from offchain.ppdl.aggregation.graph import Graph, RoundKeys
from offchain.ppdl.aggregation.lanes import Lanes, chunk_tree, from_bytes, to_bytes
from offchain.ppdl.aggregation.masks import masked, pair_seed, seed_hash, sign_of
from offchain.ppdl.aggregation.record import RoundRecord
from offchain.ppdl.aggregation.reveal import Reveal
from offchain.ppdl.aggregation.secret import RoundSecret, public_key
from offchain.ppdl.aggregation.seeds import SeedCommitment
from offchain.ppdl.aggregation.shamir import split
from offchain.ppdl.aggregation.shares import Kind, Parcel
from offchain.ppdl.aggregation.transcript import Transcript


class Refusal(UserError):
    """Says in one line why a participant takes no further part in a round."""


class Participant:
    """A participant, by its address of 20 bytes, in a round; its record may be of an earlier process."""

    def __init__(self, round_: int, address: bytes, record: RoundRecord) -> None:
        self.round = round_
        self.address = address
        self._record = record
        if record["secret"] is None:
            record.keep("secret", RoundSecret.random().value)
        self._secret = RoundSecret(record["secret"] or b"")
        self._channel_secret, self._mask_secret = self._secret.channel_secret, self._secret.mask_secret
        self._keys = RoundKeys(address, public_key(self._channel_secret), public_key(self._mask_secret))
        self._pair_seeds: dict[int, bytes] = {}
        self._channel_keys: dict[int, bytes | None] = {}

    def keys(self) -> RoundKeys:
        """Phase 1: what it commits first."""
        return self._keys

    def share(self, transcript: Transcript) -> tuple[SeedCommitment, Parcel]:
        """Phase 2: what it commits once all keys are known, and the shares it publishes. Raises Conflict if the keys
        are others than before, and Refusal if its own aren't among them."""
        index, graph = self._enter(transcript)
        owners = (self._secret.self_seed, self._mask_secret)
        points = [neighbour + 1 for neighbour in graph.neighbours(index)]
        by_kind = [
            split(owners[kind], self._secret.coefficients(kind.name.encode(), graph.seed, graph.threshold - 1), points)
            for kind in Kind
        ]
        pairs = list(zip(*by_kind, strict=True))
        boxes = [
            shares.seal(self._channel_key(transcript, neighbour), shares.nonce(self.round, index, neighbour), pair)
            for neighbour, pair in zip(graph.neighbours(index), pairs, strict=True)
        ]
        parcel = Parcel(tuple(boxes), tuple(leaf(share) for pair in pairs for share in pair))
        seeds = [self._secret.self_seed, *(self._pair_seed(transcript, other) for other in graph.neighbours(index))]
        return SeedCommitment(parcel.root, tuple(map(seed_hash, seeds))), parcel

    @property
    def uploaded(self) -> Lanes | None:
        """The masked update it gave or was about to give, shape (chunks, 64)."""
        content = self._record["upload"]
        return None if content is None else from_bytes(content)

    def check_company(self, transcript: Transcript) -> None:
        """To be asked before anything is done for an update: raises Refusal if too few neighbours have seeds to hide
        it, and Conflict if it masked one among other seeds before."""
        index, graph = self._enter(transcript)
        if index not in transcript.seeds:
            raise Refusal(f"participant {index} committed no seeds in round {self.round}: it sits this round out")
        if len(transcript.seeds) < LEAST_ALIVE:
            raise Refusal(f"only {len(transcript.seeds)} committed seeds: a round needs {LEAST_ALIVE}")
        company = sum(other in transcript.seeds for other in graph.neighbours(index))
        if company < graph.threshold:
            raise Refusal(f"only {company} neighbours committed seeds: {graph.threshold} are needed to hide an update")
        self._record.check("seeds", _seeds_digest(transcript.seeds))

    def upload(self, vector: Lanes, transcript: Transcript) -> Lanes:
        """Phase 3: its update, shape (chunks, 64), masked. Raises what `check_company` raises, and Conflict if another
        one was masked before."""
        self.check_company(transcript)
        index = transcript.keys.index(self._keys)
        self._record.keep("seeds", _seeds_digest(transcript.seeds))
        pairs = [(sign_of(index, other), self._pair_seed(transcript, other)) for other in transcript.kept[index]]
        content = masked(vector, self._secret.self_seed, pairs)
        self._record.keep("upload", to_bytes(content))
        return content

    def reveal(
        self,
        alive: AliveSet,
        update_roots: Mapping[int, bytes],
        visible: Collection[tuple[int, bytes]],
        transcript: Transcript,
    ) -> Reveal:
        """Phase 4: one share of each neighbour it can open.

        `update_roots`: of the alive, as the chain has them. `visible`: index and root of each signed update that
        was to be seen when uploading ended. Raises Refusal if the alive are too few to hide an update, leave one out
        or have one that nobody sees, and Conflict if it revealed shares for others before.
        """
        index, graph = self._enter(transcript)
        alive.check_quorum(transcript.seeds)
        if self.uploaded is not None:
            self._record.keep("seeds", _seeds_digest(transcript.seeds))
        self._check_updates(index, alive, update_roots, visible)
        company = least_company(graph, alive)
        if company < graph.threshold:
            raise Refusal(
                f"somebody alive has only {company} neighbours alive: {graph.threshold} are needed to hide it"
            )
        self._record.keep("alive", _alive_digest(alive, update_roots))
        found = {}
        for owner in graph.neighbours(index):
            share = self._share_of(transcript, owner, index, Kind.SELF if owner in alive else Kind.MASK)
            if share is not None:
                found[owner] = share
        return Reveal(index, found)

    def _check_updates(
        self,
        index: int,
        alive: AliveSet,
        update_roots: Mapping[int, bytes],
        visible: Collection[tuple[int, bytes]],
    ) -> None:
        own = self.uploaded
        if own is not None and (index not in alive or update_roots[index] != chunk_tree(own).root):
            raise Refusal(f"the alive of round {self.round} leave out the update of participant {index}")
        left_out = sorted({other for other, _ in visible}.difference(alive.indices))
        if left_out:
            raise Refusal(f"the alive leave out participant {left_out[0]}, whose update is there")
        unseen = sorted(set(alive.indices) - {other for other, root in visible if update_roots.get(other) == root})
        if unseen:
            raise Refusal(f"the update of participant {unseen[0]}, said to be alive, is nowhere to be seen")

    def _enter(self, transcript: Transcript) -> tuple[int, Graph]:
        """Its index and the graph; from now on it knows no other graph."""
        if transcript.round != self.round or self._keys not in transcript.keys:
            raise Refusal(f"the keys of this participant are not among those of round {transcript.round}")
        self._record.keep("graph", transcript.graph.seed)
        return transcript.keys.index(self._keys), transcript.graph

    def _share_of(self, transcript: Transcript, owner: int, index: int, kind: Kind) -> bytes | None:
        """The share that an owner gave it; None if there is none, or another one than was committed."""
        parcel, slot = transcript.parcels.get(owner), transcript.graph.slot(owner, index)
        if parcel is None or slot is None:
            return None
        nonce = shares.nonce(self.round, owner, index)
        opened = shares.unseal(self._channel_key(transcript, owner), nonce, parcel.boxes[slot])
        return opened[kind] if opened and parcel.has(slot, kind, opened[kind]) else None

    def _channel_key(self, transcript: Transcript, other: int) -> bytes | None:
        if other not in self._channel_keys:
            self._channel_keys[other] = shares.channel_key(self._channel_secret, transcript.keys[other].channel_key)
        return self._channel_keys[other]

    def _pair_seed(self, transcript: Transcript, other: int) -> bytes:
        """The seed with another; one that only it knows if that one's key is of small order."""
        if other not in self._pair_seeds:
            index, key = transcript.keys.index(self._keys), transcript.keys[other].mask_key
            seed = pair_seed(self.round, index, other, self._mask_secret, key)
            self._pair_seeds[other] = self._secret.lone_seed(other) if seed is None else seed
        return self._pair_seeds[other]


def _seeds_digest(seeds: Mapping[int, SeedCommitment]) -> bytes:
    content = sha256()
    for index in sorted(seeds):
        content.update(index.to_bytes(4, "big") + seeds[index].shares_root + b"".join(seeds[index].seed_hashes))
    return content.digest()


def _alive_digest(alive: AliveSet, update_roots: Mapping[int, bytes]) -> bytes:
    return keccak(alive.bitmap + b"".join(update_roots[index] for index in alive.indices))
