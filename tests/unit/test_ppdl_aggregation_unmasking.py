"""Who lies in a round is found, and harms nobody else if enough are honest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from eth_utils.crypto import keccak

from offchain.merkle import leaf
from offchain.ppdl.aggregation import shares
from offchain.ppdl.aggregation.reveal import Reveal
from offchain.ppdl.aggregation.seeds import is_kept
from offchain.ppdl.aggregation.shares import Kind, Parcel, ShareError
from offchain.ppdl.aggregation.unmasking import UnmaskError, Unmasking, WrongShare, unmasked
from tests.unit.aggregation import Stage, random_updates

COUNT = 12
UPDATES = random_updates(COUNT)


def total(stage: Stage, reveals: list[Reveal]) -> list[int]:
    """The unmasked sum's lanes."""
    masks = Unmasking(stage.transcript, stage.alive, reveals).masks()
    return [int(lane) for lane in unmasked(stage.uploads, stage.alive, masks).reshape(-1)[:70].view("i4")]


def plain(stage: Stage) -> list[int]:
    """The sum of the updates of the alive."""
    return [int(lane) for lane in UPDATES[list(stage.alive.indices)].sum(axis=0)]


@pytest.fixture
def stage() -> Stage:
    """Two are gone after their seeds."""
    return Stage.of(COUNT).share().upload(UPDATES, but=[1, 6])


def lying(reveal: Reveal, owner: int, share: bytes) -> Reveal:
    """The same, with another share for one."""
    return replace(reveal, shares={**reveal.shares, owner: share})


def test_a_wrong_share_is_left_out_and_named(stage: Stage) -> None:
    """P8 whoever reveals another share than was committed is named; the sum stands."""
    reveals = stage.reveals()
    reveals[0] = lying(reveals[0], 5, b"\x01" * 32)
    reveals[3] = lying(reveals[3], 6, reveals[3].shares[5])
    unmasking = Unmasking(stage.transcript, stage.alive, reveals)
    assert unmasking.wrong == [WrongShare(0, 5), WrongShare(reveals[3].participant, 6)]
    assert total(stage, reveals) == plain(stage)


def test_too_many_wrong_shares_name_their_holders(stage: Stage) -> None:
    """P9 five of ten are wrong: six are needed."""
    reveals = [
        lying(reveal, 6, bytes(32)) if reveal.participant in (0, 2, 3, 4, 5) else reveal for reveal in stage.reveals()
    ]
    reason = "only 5 of 6 shares of the mask key of participant 6 are there; wrong ones came from 0, 2, 3, 4, 5"
    with pytest.raises(UnmaskError, match=reason):
        total(stage, reveals)


def test_a_share_of_the_other_secret_is_wrong(stage: Stage) -> None:
    """P8 a holder that would give a share of the mask key of somebody alive isn't listened to."""
    holder, owner = stage.members[0], 5
    share = holder._share_of(stage.transcript, owner, 0, Kind.MASK)
    assert share is not None
    reveals = stage.reveals()
    reveals[0] = lying(reveals[0], owner, share)
    assert Unmasking(stage.transcript, stage.alive, reveals).wrong == [WrongShare(0, owner)]


def test_shares_for_nobody_are_wrong(stage: Stage) -> None:
    """P9 of oneself, or of nobody at all."""
    reveals = [lying(stage.reveal(0), 0, bytes(32)), lying(stage.reveal(2), COUNT, bytes(32))]
    wrong = Unmasking(stage.transcript, stage.alive, reveals).wrong
    assert wrong == [WrongShare(0, 0), WrongShare(2, COUNT)]


def test_who_published_no_shares_is_named() -> None:
    """P9"""
    stage = Stage.of(COUNT).share().upload(UPDATES, but=[1])
    transcript = replace(stage.transcript, parcels={at: one for at, (_, one) in stage.said.items() if at != 1})
    reveals = [
        stage.members[index].reveal(stage.alive, stage.roots, stage.roots.items(), transcript)
        for index in stage.uploads
    ]
    with pytest.raises(UnmaskError, match="mask key of participant 1 are there: it published none"):
        Unmasking(transcript, stage.alive, reveals).masks()


def with_shares(stage: Stage, owner: int, false: Callable[[bytes], bytes], kind: Kind) -> Stage:
    """As if an owner had shared something else: every holder's share of a kind is another one, and committed."""
    commitment, parcel = stage.said[owner]
    transcript, boxes, leaves = stage.transcript, list(parcel.boxes), list(parcel.leaves)
    for slot, holder in enumerate(transcript.graph.neighbours(owner)):
        pair = [stage.members[holder]._share_of(transcript, owner, holder, each) or b"" for each in Kind]
        pair[kind] = false(pair[kind])
        boxes[slot] = sealed(stage, owner, holder, pair)
        leaves[2 * slot + kind] = leaf(pair[kind])
    changed = Parcel(tuple(boxes), tuple(leaves))
    stage.said[owner] = replace(commitment, shares_root=changed.root), changed
    return stage


def sealed(stage: Stage, owner: int, holder: int, pair: list[bytes]) -> bytes:
    """A box of an owner."""
    key = stage.members[owner]._channel_key(stage.transcript, holder)
    return shares.seal(key, shares.nonce(stage.transcript.round, owner, holder), pair)


@pytest.mark.parametrize(
    ("owner", "kind", "reason"),
    [
        (5, Kind.SELF, "participant 5 shared another seed than it committed"),
        (6, Kind.MASK, "participant 6 shared another key than it committed"),
    ],
)
def test_who_shared_something_else_is_named(owner: int, kind: Kind, reason: str) -> None:
    """P9 the holders revealed what they got, so the owner lied."""
    stage = with_shares(Stage.of(COUNT).share(), owner, keccak, kind)
    with pytest.raises(UnmaskError, match=reason):
        total(stage, stage.upload(UPDATES, but=[6]).reveals())


def test_shares_that_are_no_numbers_name_their_owner() -> None:
    """P9 above the prime."""
    stage = with_shares(Stage.of(COUNT).share(), 5, lambda _: b"\xff" * 32, Kind.SELF)
    with pytest.raises(UnmaskError, match="participant 5 shared numbers that are none"):
        total(stage, stage.upload(UPDATES).reveals())


def test_a_wrong_pair_hash_drops_the_pair_at_both() -> None:
    """P8 neither masks with the other, and the sum is exact, whether they upload or not."""
    for gone in ([], [3], [8], [3, 8]):
        stage = Stage.of(COUNT).share()
        commitment, parcel = stage.said[3]
        hashes = list(commitment.seed_hashes)
        slot = stage.transcript.graph.slot(3, 8)
        assert slot is not None
        hashes[1 + slot] = keccak(b"something else")
        stage.said[3] = replace(commitment, seed_hashes=tuple(hashes)), parcel
        assert not is_kept(stage.transcript.graph, stage.transcript.seeds, 3, 8)
        assert not is_kept(stage.transcript.graph, stage.transcript.seeds, 8, 3)
        assert 8 not in stage.transcript.kept[3]
        assert 3 not in stage.transcript.kept[8]
        stage.upload(UPDATES, but=gone)
        assert total(stage, stage.reveals()) == plain(stage)


def test_two_who_agree_on_a_false_seed_are_named() -> None:
    """P9 both name a hash whose seed is not theirs, and one goes: nobody could take its mask off."""
    stage = Stage.of(COUNT).share()
    graph = stage.transcript.graph
    for one, other in ((3, 8), (8, 3)):
        commitment, parcel = stage.said[one]
        hashes = list(commitment.seed_hashes)
        hashes[1 + (graph.slot(one, other) or 0)] = keccak(b"their own")
        stage.said[one] = replace(commitment, seed_hashes=tuple(hashes)), parcel
    stage.upload(UPDATES, but=[3])
    with pytest.raises(UnmaskError, match="participants 3 and 8 agreed on a false seed"):
        total(stage, stage.reveals())


@pytest.mark.parametrize("gone", [[], [3]])
def test_a_key_of_small_order_drops_its_pairs(gone: list[int]) -> None:
    """P8 the others find no secret with it, and the sum is exact whether it uploads or not."""
    stage = with_small_order(3).share()
    assert stage.transcript.kept[3] == ()
    assert all(3 not in kept for kept in stage.transcript.kept.values())
    stage.upload(UPDATES, but=gone)
    assert total(stage, stage.reveals()) == plain(stage)


def test_who_copies_a_lone_hash_is_named() -> None:
    """P9 with a key of small order it names what its neighbours named: their masks could not be taken off."""
    stage = with_small_order(3).share()
    graph = stage.transcript.graph
    commitment, parcel = stage.said[3]
    hashes = list(commitment.seed_hashes)
    for slot, other in enumerate(graph.neighbours(3)):
        hashes[1 + slot] = stage.said[other][0].seed_hashes[1 + (graph.slot(other, 3) or 0)]
    stage.said[3] = replace(commitment, seed_hashes=tuple(hashes)), parcel
    stage.upload(UPDATES, but=[8])
    with pytest.raises(UnmaskError, match="participant 3 committed a key of small order"):
        total(stage, stage.reveals())


def with_small_order(index: int) -> Stage:
    """One commits a mask key of which everybody knows all secrets."""
    stage = Stage.of(COUNT)
    member = stage.members[index]
    member._keys = replace(member._keys, mask_key=bytes(32))
    return stage


def test_what_is_revealed_and_published_reads_back(stage: Stage) -> None:
    graph = stage.transcript.graph
    reveal = stage.reveal(0)
    some = replace(reveal, shares={owner: share for owner, share in reveal.shares.items() if owner % 3})
    for one in (reveal, some, Reveal(4, {})):
        assert Reveal.from_bytes(one.participant, one.to_bytes(graph), graph) == one
    for _, parcel in stage.said.values():
        assert Parcel.from_bytes(parcel.to_bytes(), graph.degree) == parcel


@pytest.mark.parametrize("content", [b"", b"\x01\x00", b"\x00\x08" + bytes(32), b"\x01\x00" + bytes(33)])
def test_what_is_no_reveal_is_refused(content: bytes, stage: Stage) -> None:
    """P9"""
    with pytest.raises(ShareError, match="what participant 2 revealed is no bit for each slot"):
        Reveal.from_bytes(2, content, stage.transcript.graph)
    with pytest.raises(ShareError, match="a parcel for 11 neighbours has 1584 bytes"):
        Parcel.from_bytes(content, 11)


def test_only_the_committed_parcel_is_accepted(stage: Stage) -> None:
    """P9"""
    transcript = stage.transcript
    assert all(transcript.accepts(index, parcel) for index, (_, parcel) in stage.said.items())
    assert not transcript.accepts(1, stage.said[2][1])
    assert not transcript.accepts(COUNT, stage.said[2][1])
    assert not transcript.accepts(1, Parcel((), ()))
