"""What a header says of a model, and whether the gate lets it follow."""

from __future__ import annotations

from offchain.ppdl.aggregation.lanes import Signed, chunk_tree, to_chunks
from offchain.ppdl.aggregation.messages import Header
from offchain.ppdl.inference.commitments import weight_hash

NOTHING = bytes(32)


def genesis(state: Signed, testset_hash: bytes, timestamp: int) -> Header:
    """The header of the model before all training; timestamp in Unix seconds."""
    root, hash_ = chunk_tree(to_chunks(state)).root, weight_hash_of(state)
    return Header(0, NOTHING, 0, root, hash_, testset_hash, NOTHING, timestamp, 0, 0, True)


def weight_hash_of(state: Signed) -> bytes:
    """The Poseidon hash of a state's quantised weights, 32 bytes."""
    return weight_hash(state).to_bytes(32, "big")


def header_after(
    before: Header,
    round_: int,
    state: Signed,
    losses: tuple[int, int],
    accepted: bool,
    participant_hash: bytes,
    timestamp: int,
) -> Header:
    """The header of a round that is done; timestamp in Unix seconds. `state` is the model before if the gate refused
    the new one; `losses` are those before and after it, in units of 2^-20."""
    return Header(
        before.number + 1,
        before.hash,
        round_,
        chunk_tree(to_chunks(state)).root,
        weight_hash_of(state),
        before.testset_hash,
        participant_hash,
        max(timestamp, before.timestamp),
        *losses,
        accepted,
    )
