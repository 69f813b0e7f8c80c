"""Recomputes a model chain from its genesis: every hash, signature, sum and model, and says where it breaks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from offchain.errors import UserError
from offchain.ppdl.aggregation.lanes import Signed, chunk_tree, to_chunks
from offchain.ppdl.aggregation.sums import Sum
from offchain.ppdl.learning.update import apply_sum
from offchain.ppdl.model_chain.block import QUORUM, Block
from offchain.ppdl.model_chain.chain import ModelChain
from offchain.ppdl.model_chain.header import NOTHING, weight_hash_of
from offchain.ppdl.model_chain.robust_evidence import AnyEvidence, GroupEvidence, OpenEvidence
from offchain.ppdl.model_chain.task import GROUPS, Task
from offchain.ppdl.model_chain.testset import follows
from offchain.signature import SignatureError


class BrokenChain(UserError):
    """Says in one line which block can't be as it is said to be, and why."""


def verify(chain: ModelChain) -> Iterator[Block]:
    """Yields each block that was found right, in order, the genesis first. Raises BrokenChain at the first that isn't,
    BlobError or TaskError if the chain's task can't be had."""
    task = chain.task
    before: Block | None = None
    for number in range(chain.height + 1):
        try:
            block = chain.block(number)
            _check_header(block, before, number, task)
            state = chain.state(block)
            _check_weights(block, state)
            if before is not None:
                _check_round(chain, block, before, state, task)
        except BrokenChain:
            raise
        except UserError as error:
            raise BrokenChain(f"block {number}: {error}") from error
        yield block
        before = block


def free_riders(chain: ModelChain, block: Block) -> list[bytes]:
    """Which participants, addresses of 20 bytes, sent nothing of their own in the round of a block, as far as single
    updates are seen. That breaks no rule of the chain. Raises BlobError or EvidenceError."""
    if block.evidence is None or chain.task.robust in (None, GROUPS):
        return []
    evidence = chain.any_evidence(block)
    if not isinstance(evidence, OpenEvidence):
        return []
    return evidence.free_riders(evidence.sums(chain.blobs, chain.task.model.weights + 1))


def _check_header(block: Block, before: Block | None, number: int, task: Task) -> None:
    header = block.header
    _require(header.number == number, number, f"its header says {header.number}")
    _require(header.testset_hash == task.hash, number, "it is of another task, or judged by another test set")
    if before is None:
        _require(header.prev_hash == NOTHING and header.round == 0, number, "a genesis follows nothing")
        _require(header.participant_hash == NOTHING and header.accepted, number, "a genesis has no participants")
        return
    _require(header.prev_hash == before.header.hash, number, "it doesn't name the hash of the block before")
    _require(header.round > before.header.round, number, "its round is not later than that of the block before")
    _require(header.timestamp >= before.header.timestamp, number, "it is older than the block before")


def _check_weights(block: Block, state: Signed) -> None:
    number = block.header.number
    _require(chunk_tree(to_chunks(state)).root == block.header.weights_root, number, "its weights are others")
    _require(weight_hash_of(state) == block.header.weight_hash, number, "its weightHash is of other weights")


def _check_round(chain: ModelChain, block: Block, before: Block, state: Signed, task: Task) -> None:
    header, number = block.header, block.header.number
    evidence = chain.any_evidence(block)
    _check_kind(evidence, before, number, task)
    _require(evidence.round == header.round, number, f"its evidence is of round {evidence.round}")
    evidence.check(chain.domain)
    _require(evidence.participant_hash == header.participant_hash, number, "its participants are others")
    _check_signatures(chain, block, evidence)
    old = chain.state(before)
    sums = evidence.sums(chain.blobs, len(old) + 1)
    _check_private(evidence, sums, number, task)
    candidate = apply_sum(old, *evidence.combined(sums))
    losses = (header.loss_before, header.loss_after)
    found = (task.loss(old), task.loss(candidate))
    _require(found == losses, number, f"its losses are {losses[0]} and {losses[1]}, computed {found[0]} and {found[1]}")
    _require(header.accepted == follows(*losses, chain.about.tolerance), number, "the gate's rule says otherwise")
    right = candidate if header.accepted else old
    _require(np.array_equal(state, right), number, "its model is not the one before and the mean of the updates")


def _check_kind(evidence: AnyEvidence, before: Block, number: int, task: Task) -> None:
    """That updates were combined as the task says."""
    if isinstance(evidence, GroupEvidence):
        _require(task.robust == GROUPS, number, "its updates were summed in groups, and the task has none")
        evidence.check_drawn(before.header.hash)
    elif isinstance(evidence, OpenEvidence):
        _require(task.robust == evidence.rule, number, f"its updates are open, combined by {evidence.rule}")
    else:
        _require(task.robust is None, number, f"its updates were summed, not combined by {task.robust}")


def _check_private(evidence: AnyEvidence, sums: Sequence[Sum], number: int, task: Task) -> None:
    """That no sum was unmasked with less noise than all agreed on, and that none tells a loss."""
    if task.mode is None or isinstance(evidence, OpenEvidence):
        return
    groups = evidence.groups if isinstance(evidence, GroupEvidence) else (evidence,)
    for group, found in zip(groups, sums, strict=True):
        task.mode.sum_of(number, len(group.seeds), task.model.weights).check_alive(len(group.alive))
        _require(found.total[-1] == 0, number, "it tells a loss, which private mode doesn't")


def _check_signatures(chain: ModelChain, block: Block, evidence: AnyEvidence) -> None:
    seats = evidence.committee()
    number = block.header.number
    _require(len(block.signatures) >= QUORUM, number, f"only {len(block.signatures)} of {QUORUM} seats signed it")
    for seat, signed in block.signatures.items():
        _require(0 <= seat < len(seats), number, f"there is no seat {seat}")
        try:
            signer = chain.domain.signer(block.header, signed)
        except SignatureError as error:
            raise BrokenChain(f"block {number}: seat {seat}: {error}") from error
        _require(signer == seats[seat], number, f"seat {seat} is not its signer's")


def _require(condition: bool, number: int, why: str) -> None:
    if not condition:
        raise BrokenChain(f"block {number}: {why}")
