"""Aggregates that are wrong, and the calls that show it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from eth_account.signers.local import LocalAccount

from offchain.ppdl.aggregation.lanes import Lanes
from offchain.ppdl.aggregation.sum_tree import ChunkTree, SumTree
from tests.ppdl.rounds import Round

UNIT = np.uint32(1)


def challenge(round_: Round, kind: str, *place: Any) -> Any:
    """A call of a challenge."""
    return round_.stage.challenges.functions[f"challenge{kind}"](*place)


def bent(round_: Round, chunk: int, node: int, change: Callable[[Lanes], None]) -> SumTree:
    """The round's sum tree with another chunk at a node."""
    return bent_tree(round_.tree, chunk, node, change)


def bent_tree(tree: SumTree, chunk: int, node: int, change: Callable[[Lanes], None]) -> SumTree:
    """A sum tree with another chunk at a node, and those above it what they then should be."""
    trees = [ChunkTree(one.sums.copy()) for one in tree.chunk_trees]
    sums = trees[chunk].sums
    change(sums[node])
    while node > 1:
        node //= 2
        sums[node] = sums[2 * node] + sums[2 * node + 1]
    trees[chunk] = ChunkTree(sums)
    return SumTree(trees)


def one_more(lanes: Lanes) -> None:
    """The last lane of a chunk, one unit more."""
    lanes[-1] += UNIT


def slash_poster(round_: Round, by: int = 1, challenger: int = 2) -> LocalAccount:
    """Has a wrong sum posted and challenged; returns who posted it."""
    shown = round_.disputed(sums=bent(round_, 0, 1, one_more))
    round_.post(shown, by)
    round_.stage.send(challenge(round_, "Sum", 0, 1, shown.sum(0, 1)), round_.stage.keys[challenger])
    return round_.stage.keys[by]
