"""What is wrong in an aggregate is shown one chunk at a time; what is right can't be shown to be wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from offchain.ppdl.disputes.proofs import Disputed
from offchain.zk.field import MODULUS
from tests.ppdl.conftest import CHUNKS
from tests.ppdl.faults import bent, challenge, one_more
from tests.ppdl.rounds import Round
from tests.ppdl.stage import RULES, hash_of

NO_FAULT = "NoFault()"


def convicted(round_: Round, call: Any, kind: int) -> None:
    """Sends a challenge that must hold: the poster loses its bond, the challenger gets half, and all goes on."""
    stage, (poster, challenger) = round_.stage, round_.keys[1:3]
    rewarded, sunk = stage.reward_of(challenger), stage.registry.functions.sunk().call()
    shown = stage.events(stage.send(call, challenger))
    assert [name for name, _ in shown] == ["FaultProven", "Slashed"]
    assert (shown[0][1]["kind"], shown[0][1]["challenger"]) == (kind, challenger.address)
    assert stage.bond_of(poster) == 0
    assert stage.reward_of(challenger) - rewarded == RULES.bond // 2
    assert stage.registry.functions.sunk().call() - sunk == RULES.bond - RULES.bond // 2
    round_.post(by=2).finalise().relay()


def every_place(shown: Disputed) -> Iterator[tuple[str, tuple[int, ...], Any]]:
    """Each place of a round that can be challenged, with what is shown of it."""
    leaves, alive = shown.first_leaf, len(shown.alive)
    for chunk in range(CHUNKS):
        for node in range(1, leaves):
            yield "Sum", (chunk, node), shown.sum(chunk, node)
        for rank in range(alive):
            yield "Leaf", (chunk, rank), shown.leaf(chunk, rank)
        for place in range(alive, leaves):
            yield "Mask", (chunk, place), shown.mask(chunk, place)
        yield "Update", (chunk,), shown.update(chunk)
        yield "Hash", (chunk,), shown.hash(chunk)


def test_an_honest_poster_is_never_slashed(posted_round: Round) -> None:
    """P7 each challenge at each place of a right aggregate is refused, whoever makes it."""
    challenger, places = posted_round.keys[2], 0
    for kind, place, proof in every_place(posted_round.disputed()):
        posted_round.stage.refuse(challenge(posted_round, kind, *place, proof), NO_FAULT, challenger)
        places += 1
    assert places == CHUNKS * (63 + 64 + 2)
    posted_round.finalise().relay()


@pytest.mark.parametrize("node", [1, 2, 31, 32, 63])
@pytest.mark.parametrize("chunk", [0, CHUNKS - 1])
def test_wrong_sum(closed_round: Round, chunk: int, node: int) -> None:
    """P7 a node that is one unit more than its children is shown with them; its other nodes are right."""
    shown = closed_round.disputed(sums=bent(closed_round, chunk, node, one_more))
    closed_round.post(shown)
    convicted(closed_round, challenge(closed_round, "Sum", chunk, node, shown.sum(chunk, node)), 0)


def test_wrong_leaf(closed_round: Round) -> None:
    """P7 a leaf that isn't what its participant signed is shown beside the signed chunk."""
    shown = closed_round.disputed(sums=bent(closed_round, 1, 64 + 3, one_more))
    closed_round.post(shown)
    convicted(closed_round, challenge(closed_round, "Leaf", 1, 3, shown.leaf(1, 3)), 1)


@pytest.mark.parametrize("place", [9, 17, 18, 20, 38, 63])
def test_wrong_mask(closed_round: Round, place: int) -> None:
    """P7 a mask that isn't taken off as it should, and anything in a place for zeros, is shown with its seed."""
    shown = closed_round.disputed(sums=bent(closed_round, 2, 64 + place, one_more))
    closed_round.post(shown)
    convicted(closed_round, challenge(closed_round, "Mask", 2, place, shown.mask(2, place)), 2)


def test_wrong_update(closed_round: Round) -> None:
    """P7 a weight that isn't the old one plus the mean is shown with the sum."""
    after = closed_round.after.copy()
    after[-1] += 1
    shown = closed_round.disputed(after=after)
    closed_round.post(shown)
    convicted(closed_round, challenge(closed_round, "Update", 2, shown.update(2)), 3)


def test_statistics_are_no_weights(closed_round: Round) -> None:
    """P7 what is beyond the weights stays zeros: neither the lane of statistics nor anything else gets there."""
    after = np.append(closed_round.after, np.int32(1)).astype(np.int32)
    shown = closed_round.disputed(after=after)
    closed_round.post(shown)
    convicted(closed_round, challenge(closed_round, "Update", 2, shown.update(2)), 3)


def test_wrong_hash(closed_round: Round) -> None:
    """P7 a `weightHash` of another model is shown with the model's chunk and what stands in its place."""
    other = closed_round.after.copy()
    other[70] += 1 << 12
    shown = closed_round.disputed()
    closing, sums, root, _ = closed_round.post_call().args
    call = closed_round.stage.registry.functions.postAggregate(closing, sums, root, hash_of(other))
    closed_round.stage.send(call, closed_round.keys[1])
    chunk, path, _, _ = shown.hash(1)
    _, _, leaf, siblings = replace(shown, after=other).hash(1)
    convicted(closed_round, challenge(closed_round, "Hash", 1, (chunk, path, leaf, siblings)), 4)


def test_a_number_beyond_the_field_shows_nothing(posted_round: Round) -> None:
    """P7 Poseidon takes numbers modulo the field's order: the same hash with another number is refused."""
    chunk, path, leaf, siblings = posted_round.disputed().hash(1)
    for bent_leaf, bent_siblings in ((leaf + MODULUS, siblings), (leaf, [siblings[0] + MODULUS, *siblings[1:]])):
        number = next(one for one in (bent_leaf, *bent_siblings) if one >= MODULUS)
        call = challenge(posted_round, "Hash", 1, (chunk, path, bent_leaf, bent_siblings))
        posted_round.stage.refuse(call, ("BeyondField(uint256)", number), posted_round.keys[2])
