"""What a participant refuses, whatever it is told, and that it says the same again after a crash."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from offchain.ppdl.aggregation.alive import AliveError, AliveSet
from offchain.ppdl.aggregation.lanes import to_chunks
from offchain.ppdl.aggregation.participant import Participant, Refusal
from offchain.ppdl.aggregation.record import Conflict, RoundRecord
from offchain.ppdl.aggregation.reveal import Reveal
from offchain.ppdl.aggregation.shares import Kind, nonce, seal
from offchain.ppdl.aggregation.transcript import Transcript
from tests.unit.aggregation import ROUND, Stage, address, random_updates

COUNT = 16
UPDATES = random_updates(COUNT)
ME = 3


@pytest.fixture
def stage() -> Stage:
    """Two are gone after their seeds."""
    return Stage.of(COUNT).share().upload(UPDATES, but=[1, 6])


def reveal(stage: Stage, indices: set[int], index: int = ME) -> Reveal:
    """What somebody reveals for these alive, of whom alone it sees updates."""
    roots = {at: root for at, root in stage.roots.items() if at in indices}
    return stage.members[index].reveal(AliveSet.of(COUNT, indices), roots, roots.items(), stage.transcript)


def without(stage: Stage, index: int) -> Transcript:
    """The round as if somebody hadn't committed seeds."""
    transcript = stage.transcript
    return replace(transcript, seeds={at: seeds for at, seeds in transcript.seeds.items() if at != index})


def kinds(stage: Stage, revealed: Reveal) -> dict[int, list[Kind]]:
    """Of which secrets of whom a revealed share is."""
    transcript = stage.transcript
    return {
        owner: [kind for kind in Kind if transcript.parcels[owner].has(slot, kind, share)]
        for owner, share in revealed.shares.items()
        if (slot := transcript.graph.slot(owner, revealed.participant)) is not None
    }


def test_of_each_neighbour_one_secret_is_revealed(stage: Stage) -> None:
    """P8 the self seed's share of the alive, the mask key's of the others, of nobody both, and nothing of oneself."""
    for revealed in stage.reveals():
        found = kinds(stage, revealed)
        assert found == {
            owner: [Kind.SELF if owner in stage.alive else Kind.MASK]
            for owner in range(COUNT)
            if owner != revealed.participant
        }


def test_a_second_set_of_alive_is_refused(stage: Stage) -> None:
    """P8 with two sets, both shares of somebody would be out; the first one is answered again."""
    everybody = set(stage.alive.indices)
    first = reveal(stage, everybody)
    for other in (everybody - {9}, everybody - {9, 10}):
        with pytest.raises(Conflict, match="the step 'alive' of round 7 was taken before"):
            reveal(stage, other)
    assert reveal(stage, everybody) == first
    roots = {**stage.roots, 9: bytes(32)}
    with pytest.raises(Conflict):
        stage.members[ME].reveal(stage.alive, roots, [*roots.items()], stage.transcript)


def test_nothing_is_revealed_when_an_update_is_left_out(stage: Stage) -> None:
    """P8 one's own, or one that is there to be seen."""
    alive = AliveSet.of(COUNT, set(stage.alive.indices) - {ME})
    with pytest.raises(Refusal, match="leave out the update of participant 3"):
        stage.members[ME].reveal(alive, stage.roots, stage.roots.items(), stage.transcript)
    with pytest.raises(Refusal, match="leave out participant 3, whose update is there"):
        stage.members[4].reveal(alive, stage.roots, stage.roots.items(), stage.transcript)
    wrong = {**stage.roots, ME: bytes(32)}
    with pytest.raises(Refusal, match="leave out the update of participant 3"):
        stage.members[ME].reveal(stage.alive, wrong, wrong.items(), stage.transcript)


def test_nothing_is_revealed_for_an_update_nobody_sees(stage: Stage) -> None:
    """P8 an alive one without an update would only open what others masked with it."""
    visible = [(index, root) for index, root in stage.roots.items() if index != 9]
    with pytest.raises(Refusal, match="the update of participant 9, said to be alive, is nowhere to be seen"):
        stage.members[ME].reveal(stage.alive, stage.roots, visible, stage.transcript)
    with pytest.raises(Refusal, match="the update of participant 1, said"):
        stage.members[ME].reveal(AliveSet.of(COUNT, range(COUNT)), stage.roots, stage.roots.items(), stage.transcript)


def test_both_updates_of_an_equivocator_may_be_seen(stage: Stage) -> None:
    """The chain convicts it; the others' round goes on with the one that the alive name."""
    visible = [*stage.roots.items(), (9, bytes(32))]
    assert stage.members[ME].reveal(stage.alive, stage.roots, visible, stage.transcript).shares


def test_too_few_alive_are_refused(stage: Stage) -> None:
    """P8, P9"""
    with pytest.raises(AliveError, match="only 7 are alive"):
        reveal(stage, {0, 2, ME, 4, 5, 7, 8})
    with pytest.raises(AliveError, match="only 8 of 16 are alive"):
        reveal(stage, {0, 2, ME, 4, 5, 7, 8, 9})
    with pytest.raises(AliveError, match="without committed seeds"):
        stage.members[1].reveal(stage.alive, stage.roots, stage.roots.items(), without(stage, 5))


def test_colluders_cannot_have_an_update_among_them_alone() -> None:
    """P8 seven colluders, fewer than the threshold of 8, and one honest one are no round: its neighbours that are gone
    hid it, and a set without them is refused though half of those with seeds are in it."""
    stage = Stage.of(COUNT).share(but=range(10, COUNT)).upload(UPDATES, but=[8, 9])
    with pytest.raises(Refusal, match="somebody alive has only 7 neighbours alive: 8 are needed to hide it"):
        reveal(stage, set(range(8)))


def test_nothing_is_uploaded_among_too_few() -> None:
    """P8 the same at the upload."""
    stage = Stage.of(COUNT).share(but=range(8, COUNT))
    with pytest.raises(Refusal, match="only 7 neighbours committed seeds: 8 are needed to hide an update"):
        stage.upload(UPDATES)
    with pytest.raises(Refusal, match="only 7 committed seeds: a round needs 8"):
        Stage.of(COUNT).share(but=range(7, COUNT)).upload(UPDATES)


def test_who_committed_no_seeds_uploads_nothing(stage: Stage) -> None:
    """P8"""
    with pytest.raises(Refusal, match="participant 3 committed no seeds"):
        stage.members[ME].upload(to_chunks(UPDATES[ME]), without(stage, ME))


def test_one_update_is_masked_once(stage: Stage) -> None:
    """P8 two updates under the same masks would show their difference; the same one is the same again."""
    member, transcript = stage.members[ME], stage.transcript
    assert (member.upload(to_chunks(UPDATES[ME]), transcript) == stage.uploads[ME]).all()
    with pytest.raises(Conflict, match="the step 'upload'"):
        member.upload(to_chunks(UPDATES[4]), transcript)
    with pytest.raises(Conflict, match="the step 'seeds'"):
        member.upload(to_chunks(UPDATES[ME]), without(stage, 6))
    with pytest.raises(Conflict, match="the step 'seeds'"):
        member.reveal(stage.alive, stage.roots, stage.roots.items(), without(stage, 6))


def test_secrets_are_shared_in_one_graph(stage: Stage) -> None:
    """P8 after a reorganisation keys can be in another order: neighbours would get further shares of the same."""
    keys = stage.transcript.keys
    with pytest.raises(Conflict, match="the step 'graph'"):
        stage.members[ME].share(Transcript(ROUND, (*keys[1:], keys[0])))


def test_keys_of_another_are_refused(stage: Stage) -> None:
    """P9"""
    stranger = Participant(ROUND, address(100), RoundRecord(ROUND, address(100)))
    with pytest.raises(Refusal, match="the keys of this participant are not among those of round 7"):
        stranger.share(stage.transcript)
    with pytest.raises(Refusal, match="not among those of round 8"):
        stage.members[ME].share(replace(stage.transcript, round=8))


@pytest.mark.parametrize("whole", [False, True])
def test_a_false_box_is_not_revealed(whole: bool, stage: Stage) -> None:
    """P8 whoever got another share than was committed, or none, reveals none; the others' shares are enough."""
    commitment, parcel = stage.said[5]
    slot = stage.transcript.graph.slot(5, ME) or 0
    boxes = [*parcel.boxes]
    key = stage.members[5]._channel_key(stage.transcript, ME)
    boxes[slot] = seal(key, nonce(ROUND, 5, ME), (bytes(32), bytes(32))) if whole else bytes(80)
    stage.said[5] = commitment, replace(parcel, boxes=tuple(boxes))
    assert set(stage.reveal(ME).shares) == set(range(COUNT)) - {ME, 5}
    assert 5 in stage.reveal(ME + 1).shares


def restarted(path: Path) -> Participant:
    """The participant, in a new process as far as it knows."""
    return Participant(ROUND, address(ME), RoundRecord(ROUND, address(ME), path))


def test_it_goes_on_after_a_crash_in_any_phase(tmp_path: Path) -> None:
    """P6 what it said before it says again: started anew before each step, the round is the same."""
    path = tmp_path / "round" / "record"
    stage = Stage.of(COUNT)

    def again() -> None:
        if len(stage.members) > ME:
            stage.members[ME]._record.close()
        stage.members[ME] = restarted(path)

    again()
    keys = stage.members[ME].keys()
    again()
    assert stage.members[ME].keys() == keys
    stage.share()
    again()
    assert stage.members[ME].share(stage.transcript) == stage.said[ME]
    again()
    assert stage.members[ME].uploaded is None
    stage.upload(UPDATES, but=[6])
    again()
    uploaded = stage.members[ME].uploaded
    assert uploaded is not None
    assert (uploaded == stage.uploads[ME]).all()
    with pytest.raises(Conflict, match="upload"):
        stage.members[ME].upload(to_chunks(UPDATES[4]), stage.transcript)
    again()
    first = stage.reveal(ME)
    again()
    assert stage.reveal(ME) == first
    with pytest.raises(Conflict, match="alive"):
        reveal(stage, set(stage.alive.indices) - {9})
