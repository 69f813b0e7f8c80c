"""What a header says of a model, and whether the gate lets it follow."""

from __future__ import annotations

from offchain.ppdl.aggregation.lanes import Signed, chunk_tree, to_chunks
from offchain.ppdl.aggregation.messages import Header
from offchain.ppdl.inference.commitments import weight_hash
from offchain.ppdl.learning.federation import Round

NOTHING = bytes(32)


def genesis(state: Signed, testset_hash: bytes, timestamp: int) -> Header:
    """The header of the model before all training; timestamp in Unix seconds."""
    root, hash_ = chunk_tree(to_chunks(state)).root, weight_hash_of(state)
    return Header(0, NOTHING, 0, root, hash_, testset_hash, NOTHING, timestamp, 0, 0, True)


def weight_hash_of(state: Signed) -> bytes:
    """The Poseidon hash of a state's quantised weights, 32 bytes."""
    return weight_hash(state).to_bytes(32, "big")


def header_after(before: Header, done: Round, participant_hash: bytes, timestamp: int) -> Header:
    """The header of a round that is done; timestamp in Unix seconds. `done.state` is the model before if the gate
    refused the new one."""
    return Header(
        before.number + 1,
        before.hash,
        done.number,
        chunk_tree(to_chunks(done.state)).root,
        weight_hash_of(done.state),
        before.testset_hash,
        participant_hash,
        max(timestamp, before.timestamp),
        done.loss_before,
        done.loss_after,
        done.accepted,
    )
