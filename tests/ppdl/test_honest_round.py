"""A round in which all do what they should."""

from __future__ import annotations

import numpy as np

from offchain.ppdl.aggregation.lanes import to_lanes
from tests.ppdl.rounds import opened
from tests.ppdl.stage import Stage


def test_round(stage: Stage) -> None:
    """P7 a round with drop-outs after keys, seeds and unmasking ends in a header with the model of those alive."""
    round_ = opened(stage, 11).commit_keys().commit_seeds(but=[4]).upload(but=[7]).close()
    round_.silent = frozenset([2])
    assert stage.registry.functions.closingHash().call() == round_.closing_hash
    assert stage.registry.functions.graphSeed().call() == round_.transcript().graph.seed
    header = round_.post().finalise().relay()
    plain = np.sum([round_.updates[index] for index in round_.alive.indices], axis=0, dtype=np.int64)
    assert (to_lanes(round_.tree.total, len(plain)) == plain).all()
    assert stage.registry.functions.head().call() == 1
    assert stage.registry.functions.headerHashOf(1).call() == header.hash
    assert stage.registry.functions.weightHashOf(1).call() == header.weight_hash
    assert stage.round()["phase"] == 0
