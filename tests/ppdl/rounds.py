"""Rounds on the chain, with the participants' real messages, step by step, so that anybody can be stood in for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak

from offchain.ppdl.aggregation.alive import AliveSet
from offchain.ppdl.aggregation.graph import committee
from offchain.ppdl.aggregation.lanes import Lanes, Signed, chunk_tree, to_chunks, to_lanes
from offchain.ppdl.aggregation.messages import Header, Update
from offchain.ppdl.aggregation.participant import Participant
from offchain.ppdl.aggregation.record import RoundRecord
from offchain.ppdl.aggregation.seeds import SeedCommitment
from offchain.ppdl.aggregation.shares import Parcel
from offchain.ppdl.aggregation.sum_tree import Mask, SumTree
from offchain.ppdl.aggregation.transcript import Transcript
from offchain.ppdl.aggregation.unmasking import Unmasking, sum_tree
from offchain.ppdl.disputes.proofs import Disputed
from offchain.ppdl.learning.update import apply_sum
from tests.ppdl.stage import CLOSE, SEEDS, UNBONDING, UPLOAD, Stage, hash_of


@dataclass
class Round:
    """A round of some of the stage's participants, and what was said in it so far."""

    stage: Stage
    number: int
    opened_at: int
    keys: list[LocalAccount]
    before: Signed
    members: list[Participant] = field(default_factory=list)
    said: dict[int, tuple[SeedCommitment, Parcel]] = field(default_factory=dict)
    updates: dict[int, Signed] = field(default_factory=dict)
    uploads: dict[int, Lanes] = field(default_factory=dict)
    silent: frozenset[int] = frozenset()
    """Who reveals nothing."""

    def transcript(self) -> Transcript:
        """What is on the chain and published."""
        keys = tuple(member.keys() for member in self.members)
        seeds = {index: commitment for index, (commitment, _) in self.said.items()}
        return Transcript(self.number, keys, seeds, {index: parcel for index, (_, parcel) in self.said.items()})

    @property
    def key_of(self) -> dict[int, LocalAccount]:
        """Keys by index."""
        return dict(enumerate(self.keys))

    def commit_keys(self) -> Round:
        """All commit their keys."""
        for key in self.keys:
            member = self.member(key)
            self.stage.send(self.keys_call(member), key)
            self.members.append(member)
        return self

    def member(self, key: LocalAccount) -> Participant:
        """A participant with fresh secrets."""
        address = bytes.fromhex(key.address[2:])
        return Participant(self.number, address, RoundRecord(self.number, address))

    def keys_call(self, member: Participant) -> Any:
        """The call by which a participant commits its keys."""
        keys = member.keys()
        return self.stage.registry.functions.commitKeys(self.number, keys.channel_key, keys.mask_key)

    def commit_seeds(self, but: Iterable[int] = ()) -> Round:
        """All but these commit seeds, once the keys are known."""
        self.stage.wait_until(self.opened_at + SEEDS)
        transcript = self.transcript()
        said = {index: member.share(transcript) for index, member in enumerate(self.members) if index not in set(but)}
        for index, (commitment, _) in said.items():
            self.stage.send(self.seeds_call(commitment), self.keys[index])
        self.said = said
        return self

    def seeds_call(self, commitment: SeedCommitment) -> Any:
        """The call by which a participant commits its seeds."""
        hashes = list(commitment.seed_hashes)
        return self.stage.registry.functions.commitSeeds(self.number, commitment.shares_root, hashes)

    def upload(self, but: Iterable[int] = (), updates: dict[int, Signed] | None = None) -> Round:
        """All with seeds but these upload updates, random ones if none are given."""
        lanes = len(self.before) + 1
        draw = np.random.default_rng(self.number)
        for index in self.said:
            self.updates[index] = draw.integers(-(1 << 20), (1 << 20) + 1, lanes, dtype=np.int32)
        self.updates |= updates or {}
        transcript = self.transcript()
        self.uploads = {
            index: self.members[index].upload(to_chunks(self.updates[index]), transcript)
            for index in self.said
            if index not in set(but)
        }
        return self

    @property
    def alive(self) -> AliveSet:
        """All who uploaded."""
        return AliveSet.of(len(self.keys), self.uploads)

    @property
    def roots(self) -> dict[int, bytes]:
        """Of the uploads, by index."""
        return {index: chunk_tree(upload).root for index, upload in self.uploads.items()}

    @property
    def signatures(self) -> dict[int, bytes]:
        """Of the updates, by index."""
        domain = self.stage.domain
        return {index: domain.sign(Update(self.number, root), self.keys[index]) for index, root in self.roots.items()}

    @property
    def alive_root(self) -> bytes:
        """The root of the tree of the alive."""
        participants = {index: keys.participant for index, keys in enumerate(self.transcript().keys)}
        return self.alive.tree(participants, self.roots).root

    def close_call(self, alive: bytes | None = None, root: bytes | None = None) -> Any:
        """The call that closes the round, with all who uploaded unless something else is given."""
        graph = self.transcript().graph.seed
        bitmap = self.alive.bitmap if alive is None else alive
        return self.stage.registry.functions.close(graph, bitmap, self.alive_root if root is None else root)

    def close(self, by: int = 0, **changes: Any) -> Round:
        """Closes the round as soon as it can be."""
        full = len(self.uploads) == len(self.said)
        self.stage.wait_until(self.opened_at + (UPLOAD if full else CLOSE))
        self.stage.send(self.close_call(**changes), self.keys[by])
        return self

    @property
    def closing_hash(self) -> bytes:
        """What a poster names."""
        committee_seed = keccak(self.transcript().graph.seed + self.alive_root + self.close_block_hash)
        return keccak(committee_seed + keccak(self.alive.bitmap))

    @property
    def close_block_hash(self) -> bytes:
        """The hash of the block before the one that closed the round."""
        logs = self.stage.registry.events.RoundClosed().get_logs(from_block=0, argument_filters={"round": self.number})
        return bytes(self.stage.web3.eth.get_block(logs[-1]["blockNumber"] - 1)["hash"])

    @cached_property
    def masks(self) -> list[Mask | None]:
        """What those who aren't silent can take off together."""
        transcript, alive = self.transcript(), self.alive
        reveals = [
            self.members[index].reveal(alive, self.roots, self.roots.items(), transcript)
            for index in alive.indices
            if index not in self.silent
        ]
        return Unmasking(transcript, alive, reveals).masks()

    @cached_property
    def tree(self) -> SumTree:
        """The right sum."""
        return sum_tree(self.uploads, self.alive, self.masks)

    @cached_property
    def after(self) -> Signed:
        """The right model after the round."""
        lanes = to_lanes(self.tree.total, len(self.before) + 1)
        return apply_sum(self.before, lanes, len(self.alive))

    def disputed(self, **changes: Any) -> Disputed:
        """What can be shown of the round, as it is right or with changes."""
        found = Disputed(
            self.transcript(), self.alive, self.uploads, self.signatures, self.masks, self.tree, self.before, self.after
        )
        return replace(found, **changes)

    def post_call(self, shown: Disputed | None = None, closing: bytes | None = None) -> Any:
        """The call that posts the aggregate, the right one unless another is given."""
        shown = shown or self.disputed()
        roots = (shown.sums.root, chunk_tree(to_chunks(shown.after)).root, hash_of(shown.after))
        return self.stage.registry.functions.postAggregate(closing or self.closing_hash, *roots)

    def post(self, shown: Disputed | None = None, by: int = 1) -> Round:
        """Posts the aggregate, the right one unless another is given."""
        self.stage.send(self.post_call(shown), self.stage.keys[by])
        return self

    def finalise(self) -> Round:
        """Lets the challenge window pass and makes the aggregate count."""
        self.stage.wait_until(max(self.stage.round()["until"], self.stage.now + 1))
        self.stage.send(self.stage.registry.functions.finalise(self.number), self.keys[2])
        return self

    def header(self, before: Header | None = None, **changes: Any) -> Header:
        """The header that follows one, the genesis unless another is given."""
        before = before or self.stage.first
        root, hash_ = chunk_tree(to_chunks(self.after)).root, hash_of(self.after)
        losses = (before.loss_after, before.loss_after)
        made = Header(
            before.number + 1,
            before.hash,
            self.number,
            root,
            hash_,
            before.testset_hash,
            self.alive_root,
            self.stage.now,
            *losses,
            True,
        )
        return replace(made, **changes)

    def committee(self) -> list[int]:
        """The indices of the seats."""
        seed = self.transcript().graph.seed
        ranks = committee(seed, self.alive_root, self.close_block_hash, len(self.alive))
        return [self.alive.indices[rank] for rank in ranks]

    def votes(self, header: Header, seats: Iterable[int] = ()) -> list[tuple[int, int, bytes]]:
        """The votes of these seats, or of the first five whose members have their bonds."""
        members, domain = self.committee(), self.stage.domain
        bonded = [seat for seat, index in enumerate(members) if self.stage.bond_of(self.keys[index])]
        seats = seats or bonded[:5]
        return [(seat, members[seat], domain.sign(header, self.keys[members[seat]])) for seat in seats]

    def relay_call(self, header: Header, votes: list[tuple[int, int, bytes]] | None = None) -> Any:
        """The call that relays a header, with the votes of five seats unless others are given."""
        votes = self.votes(header) if votes is None else votes
        return self.stage.registry.functions.relay(header.values, self.alive.bitmap, votes)

    def relay(self, header: Header | None = None) -> Header:
        """Relays a header, the right one unless another is given."""
        header = header or self.header()
        self.stage.send(self.relay_call(header), self.keys[3])
        return header


def opened(stage: Stage, count: int, before: Signed | None = None) -> Round:
    """Opens a round of the first participants; one before that came to nothing is over by then."""
    if stage.round()["phase"]:
        stage.wait_until(stage.now + UNBONDING)
    receipt = stage.send(stage.registry.functions.open(), stage.keys[0])
    at = int(stage.web3.eth.get_block(receipt["blockNumber"])["timestamp"])
    return Round(stage, stage.round()["round"], at, stage.keys[:count], stage.state if before is None else before)


def closed(stage: Stage, count: int, without_seeds: Iterable[int] = (), without_update: Iterable[int] = ()) -> Round:
    """A round up to the closing."""
    round_ = opened(stage, count).commit_keys().commit_seeds(without_seeds)
    return round_.upload(without_update).close()
