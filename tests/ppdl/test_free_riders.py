"""Updates that are worth nothing: nobody sees them, and what they can do is little."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from offchain.ppdl.aggregation.lanes import to_lanes
from tests.ppdl.faults import challenge
from tests.ppdl.rounds import Round, opened
from tests.ppdl.stage import Stage


def test_a_zero_update_changes_nothing(stage: Stage) -> None:
    """P7 a free rider that adds zeros is hidden by its mask as anybody: the others' sum counts, over one more."""
    lanes = len(stage.state) + 1
    round_ = opened(stage, 9).commit_keys().commit_seeds().upload(updates={4: np.zeros(lanes, np.int32)})
    round_.close().post().finalise().relay()
    others = np.sum([round_.updates[index] for index in range(9) if index != 4], axis=0, dtype=np.int64)
    assert (to_lanes(round_.tree.total, lanes) == others).all()
    assert not (round_.uploads[4] == 0).any(axis=1).all()


def copied(stage: Stage) -> Round:
    """Participant 4 uploads and signs what it saw of participant 2."""
    round_ = opened(stage, 9).commit_keys().commit_seeds().upload()
    round_.uploads[4] = round_.uploads[2].copy()
    round_.silent = frozenset([4])
    return round_.close()


def test_a_copied_update_ruins_the_round_and_no_more(stage: Stage) -> None:
    """P7 who copies another's masked update adds masks that don't cancel: the sum is noise, which the gate keeps out.
    The poster of that sum did what it should, and isn't slashed."""
    round_ = copied(stage)
    lanes = len(stage.state) + 1
    honest = np.sum([round_.updates[index] for index in range(9)], axis=0, dtype=np.int64)
    noise = np.abs(to_lanes(round_.tree.total, lanes) - honest)
    assert np.median(noise) > 1 << 28  # of a range of 2^31: as good as random
    round_.post()
    shown = round_.disputed()
    for kind, place in (("Leaf", (0, 4)), ("Mask", (0, 9 + 4)), ("Sum", (0, 1))):
        call = challenge(round_, kind, *place, getattr(shown, kind.lower())(*place))
        stage.refuse(call, "NoFault()", round_.keys[3])
    round_.finalise()
    kept = round_.header(weights_root=stage.first.weights_root, weight_hash=stage.first.weight_hash, accepted=False)
    round_.relay(replace(kept, loss_before=1 << 18, loss_after=1 << 30))
    assert stage.registry.functions.weightHashOf(1).call() == stage.first.weight_hash
