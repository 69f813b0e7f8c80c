"""What colluders can learn: below the threshold nothing but the sum of the others, from it on everything.

Seeds' streams and hashes are taken for what they are built as: a stream looks random to who hasn't its seed, a hash
of a random seed or share tells nothing of it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offchain.ppdl.aggregation.lanes import Lanes, to_chunks, to_lanes
from offchain.ppdl.aggregation.masks import masked, pair_seed, sign_of, stream
from offchain.ppdl.aggregation.secret import RoundSecret, public_key
from offchain.ppdl.aggregation.shamir import join
from offchain.ppdl.aggregation.shares import Kind
from offchain.ppdl.aggregation.unmasking import Unmasking
from tests.unit.aggregation import Stage, random_updates

COUNT, LANES = 13, 64
THRESHOLD = 7
"""Of 12 neighbours."""
VICTIM = 4


def colluders_of(count: int) -> list[int]:
    """So many, none of them the victim."""
    return [index for index in range(COUNT) if index != VICTIM][-count:]


class Coalition:
    """The aggregator and colluders who put together all they have: their secrets, what they were sent, what is public
    and, after the round, the seeds that were revealed."""

    def __init__(self, stage: Stage, members: Collection[int]) -> None:
        self.stage = stage
        self.members = set(members)
        self.transcript = stage.transcript

    def shares(self, owner: int, kind: Kind) -> dict[int, bytes]:
        """What they hold of somebody's secret, by point."""
        found = {
            holder + 1: self.stage.members[holder]._share_of(self.transcript, owner, holder, kind)
            for holder in self.members
        }
        return {point: share for point, share in found.items() if share is not None}

    def mask_secret(self, owner: int) -> bytes | None:
        """Somebody's mask key, if their shares give it."""
        secret = join(self.shares(owner, Kind.MASK))
        return secret if public_key(secret) == self.transcript.keys[owner].mask_key else None

    def unmask(self, victim: int, self_seed: bytes) -> Lanes | None:
        """The victim's update, if every mask on it can be had."""
        secret = self.mask_secret(victim)
        result = self.stage.uploads[victim] - stream(self_seed, 1)
        for other in self.transcript.kept[victim]:
            own, key = secret, self.transcript.keys[other].mask_key
            if other in self.members:
                own, key = self.stage.members[other]._mask_secret, self.transcript.keys[victim].mask_key
            own = own or self.mask_secret(other)
            if own is None:
                return None
            seed = pair_seed(self.transcript.round, victim, other, own, key)
            assert seed is not None
            result -= stream(seed, 1) if sign_of(victim, other) > 0 else -stream(seed, 1)
        return result


def revealed_seed(stage: Stage, victim: int) -> bytes:
    """The self seed that a round reveals of somebody alive."""
    masks = Unmasking(stage.transcript, stage.alive, stage.reveals()).masks()
    mask = masks[stage.alive.indices.index(victim)]
    assert mask is not None
    return mask[1]


@pytest.mark.parametrize("gone", [[], [0, 1]])
def test_from_the_threshold_on_an_update_is_read(gone: list[int]) -> None:
    """P8 the attack works: with as many colluders as the threshold it takes every mask off."""
    updates = random_updates(COUNT, LANES)
    stage = Stage.of(COUNT).share().upload(updates, but=gone)
    found = Coalition(stage, colluders_of(THRESHOLD)).unmask(VICTIM, revealed_seed(stage, VICTIM))
    assert found is not None
    assert (to_lanes(found, LANES) == updates[VICTIM]).all()


@pytest.mark.parametrize("gone", [[], [0, 1]])
def test_below_the_threshold_it_is_not(gone: list[int]) -> None:
    """P8 the same attack by one colluder fewer finds no honest key, before and after the round."""
    stage = Stage.of(COUNT).share().upload(random_updates(COUNT, LANES), but=gone)
    coalition = Coalition(stage, colluders_of(THRESHOLD - 1))
    assert len(coalition.shares(VICTIM, Kind.MASK)) == THRESHOLD - 1
    honest = [index for index in range(COUNT) if index not in coalition.members]
    assert [coalition.mask_secret(index) for index in honest] == [None] * len(honest)
    assert coalition.unmask(VICTIM, revealed_seed(stage, VICTIM)) is None


@given(st.binary(min_size=32, max_size=32))
@settings(max_examples=10, deadline=None)
def test_below_the_threshold_shares_fit_every_key(candidate: bytes) -> None:
    """P8 what colluders hold of an honest one's secrets is a sharing of any other secrets just as well."""
    coalition = Coalition(Stage.of(COUNT).share(), colluders_of(THRESHOLD - 1))
    for kind in Kind:
        held = coalition.shares(VICTIM, kind)
        secret = RoundSecret(candidate).mask_secret if kind is Kind.MASK else RoundSecret(candidate).self_seed
        others = {index + 1: join({0: secret, **held}, at=index + 1) for index in range(COUNT) if index != VICTIM}
        assert all(others[point] == share for point, share in held.items())
        chosen = dict(list(others.items())[:THRESHOLD])
        assert join(chosen) == secret


@given(st.integers(0, 2**32), st.booleans())
@settings(max_examples=10, deadline=None)
def test_other_updates_with_the_same_sum_look_alike(seed: int, dropped: bool) -> None:
    """P8 for any other updates of the honest with the same sum there are streams of pairs among the honest, which
    colluders can't know, with which every upload is bit for bit what it was: nothing but the sum tells them apart."""
    updates = random_updates(COUNT, LANES, seed)
    stage = Stage.of(COUNT).share().upload(updates, but=[0] if dropped else [])
    coalition = Coalition(stage, colluders_of(THRESHOLD - 1))
    honest = [index for index in stage.alive.indices if index not in coalition.members]
    others = updates.copy()
    others[honest] = random_updates(COUNT, LANES, seed + 1)[honest]
    others[honest[-1]] += (updates[honest].sum(axis=0) - others[honest].sum(axis=0)).astype(np.int32)
    assert (others[honest] != updates[honest]).any(axis=1).all()
    # The stream of each honest one with the next is another by this much; it adds up to zero around the ring.
    moved = np.cumsum((updates[honest] - others[honest]).view(np.uint32), axis=0, dtype=np.uint32)
    assert not moved[-1].any()
    for rank, one in enumerate(honest):
        assert honest[rank - 1] in stage.transcript.kept[one]
        pairs = [(sign_of(one, other), stage.members[one]._pair_seeds[other]) for other in stage.transcript.kept[one]]
        again = masked(to_chunks(others[one]), stage.members[one]._secret.self_seed, pairs)
        assert (again + moved[rank] - moved[rank - 1] == stage.uploads[one]).all()


def test_a_copied_key_takes_no_mask_away() -> None:
    """P8 colluders who commit the keys of honest ones as their own, and their hashes, share no mask with others."""
    stage = Stage.of(COUNT)
    copier, honest = stage.members[0], stage.members[9]
    copier._keys = replace(copier._keys, mask_key=honest._keys.mask_key)
    stage.share()
    commitment, parcel = stage.said[0]
    graph = stage.transcript.graph
    slots = {other: graph.slot(9, other) for other in range(COUNT) if other != 9}
    hashes = list(commitment.seed_hashes)
    for slot, other in enumerate(graph.neighbours(0)):
        if other != 9:
            hashes[1 + slot] = stage.said[9][0].seed_hashes[1 + (slots[other] or 0)]
    stage.said[0] = replace(commitment, seed_hashes=tuple(hashes)), parcel
    assert all(0 not in stage.transcript.kept[other] for other in range(1, COUNT) if other != 9)
    assert len(set(stage.said[VICTIM][0].seed_hashes)) == COUNT
