"""The contracts' arithmetic, bit for bit that of the participants."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import numpy as np
import pytest
from eth_utils.crypto import keccak
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from web3.contract import Contract

from offchain.ppdl.aggregation.alive import AliveSet
from offchain.ppdl.aggregation.graph import Graph
from offchain.ppdl.aggregation.lanes import to_bytes
from offchain.ppdl.aggregation.masks import stream
from offchain.ppdl.aggregation.messages import Update
from offchain.ppdl.aggregation.permutation import Permutation
from offchain.ppdl.disputes.proofs import words
from offchain.ppdl.inference.commitments import chunk_hash
from offchain.ppdl.inference.integer_model import quantise_weights
from offchain.ppdl.learning.update import apply_sum
from offchain.zk.poseidon import poseidon
from tests.ppdl.stage import Stage, asked, deploy

QUICKLY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
WORDS = st.integers(0, 2**256 - 1)
INT32 = st.one_of(st.integers(-(2**31), 2**31 - 1), st.sampled_from([-(2**31), -(2**31) + 1, -1, 0, 1, 2**31 - 1]))
SEEDS = st.binary(min_size=32, max_size=32)


@pytest.fixture(scope="module")
def libraries(stage: Stage) -> Contract:
    """Each function of the libraries alone."""
    return deploy(stage.web3, stage.web3.eth.accounts[0], "PPDLLibraries")


def lanes_of(word: int) -> np.ndarray[Any, np.dtype[np.uint32]]:
    """A word's eight lanes, the highest first."""
    return np.frombuffer(word.to_bytes(32, "big"), ">u4").astype(np.uint32)


def word_of(lanes: Any) -> int:
    """The word of eight lanes."""
    return int.from_bytes(np.asarray(lanes, np.uint32).astype(">u4").tobytes(), "big")


@given(left=WORDS, right=WORDS)
@QUICKLY
def test_sums(libraries: Contract, left: int, right: int) -> None:
    """P7 words are added lane by lane modulo 2^32: no carry leaves a lane; a word and its negative give zeros."""
    calls = libraries.functions
    total, negative = asked(libraries, calls.add(left, right), calls.negate(left))
    assert total == word_of(lanes_of(left) + lanes_of(right))
    assert negative == word_of(-lanes_of(left))


@given(weight=INT32, total=INT32, count=st.integers(1, 2047))
@QUICKLY
def test_updates(libraries: Contract, weight: int, total: int, count: int) -> None:
    """P7 a weight moves by the mean, rounded to the nearest, halves up, and stays within 32 bits."""
    expected = apply_sum(np.array([weight], np.int32), np.array([total], np.int32), count)
    assert libraries.functions.updated(weight, total, count).call() == int(expected[0])


@given(seed=SEEDS, chunk=st.integers(0, 63) | st.integers(0, 2**32 - 1), negated=st.booleans())
@QUICKLY
def test_streams(libraries: Contract, seed: bytes, chunk: int, negated: bool) -> None:
    """P7 a seed's mask of a chunk is the participants'."""
    blocks = (sha256(seed + chunk.to_bytes(4, "big") + block.to_bytes(4, "big")).digest() for block in range(8))
    expected = np.frombuffer(b"".join(blocks), ">u4").astype(np.uint32)
    found = libraries.functions.stream(seed, chunk, negated).call()
    assert found == words(to_bytes(-expected if negated else expected))
    if chunk < 64:
        assert (stream(seed, chunk + 1, -1 if negated else 1)[chunk] == (-expected if negated else expected)).all()


@given(lanes=st.lists(INT32, min_size=64, max_size=64))
@QUICKLY
def test_quantised_weights(libraries: Contract, lanes: list[int]) -> None:
    """P7 a chunk's field elements are those that the circuit opens."""
    chunk = np.array(lanes, np.int32)
    elements = libraries.functions.quantised(words(to_bytes(chunk.view(np.uint32)))).call()
    assert poseidon(elements) == chunk_hash(quantise_weights(chunk))


@given(seed=SEEDS, count=st.integers(1, 2047), data=st.data())
@QUICKLY
def test_permutations(libraries: Contract, seed: bytes, count: int, data: st.DataObject) -> None:
    """P7 a place goes where the participants say, and back."""
    place = data.draw(st.integers(0, count - 1))
    permutation, calls = Permutation(seed, count), libraries.functions
    there, back = asked(libraries, calls.place(seed, count, place), calls.atPlace(seed, count, place))
    assert (there, back) == (permutation(place), permutation.inverse(place))


@given(seed=SEEDS, count=st.one_of(st.integers(2, 130), st.integers(2, 2047)), data=st.data())
@QUICKLY
def test_neighbours(libraries: Contract, seed: bytes, count: int, data: st.DataObject) -> None:
    """P7 who is in a slot, and in which slot of it oneself is, is what the participants say."""
    graph, calls = Graph(seed, count), libraries.functions
    index, slot = data.draw(st.integers(0, count - 1)), data.draw(st.integers(0, graph.degree - 1))
    found, back = asked(libraries, calls.neighbour(seed, count, index, slot), calls.mirrored(count, slot))
    assert found == graph.neighbours(index)[slot]
    assert back == graph.slot(found, index)


@given(size=st.integers(1, 2047), data=st.data())
@QUICKLY
def test_alive_sets(libraries: Contract, size: int, data: st.DataObject) -> None:
    """P7 who is alive, and which rank it has, is what the participants say; nobody is beyond the bitmap's end."""
    members = data.draw(st.sets(st.integers(0, size - 1)))
    alive, calls = AliveSet.of(size, members), libraries.functions
    index = data.draw(st.integers(0, size + 300))
    count, rank, there = asked(
        libraries,
        calls.count(alive.bitmap),
        calls.rankOf(alive.bitmap, index),
        calls.contains(alive.bitmap, index),
    )
    assert (count, rank) == (len(members), sum(member < index for member in members))
    assert there == (index in members)


def test_full_words(libraries: Contract) -> None:
    """P7 sets without a gap are counted as well as any."""
    for size in (1, 255, 256, 257, 2047):
        bitmap = AliveSet.of(size, range(size)).bitmap
        assert libraries.functions.count(bitmap).call() == libraries.functions.rankOf(bitmap, size).call() == size


def test_domain(stage: Stage) -> None:
    """P7 what is signed is what the registry says (EIP-712), and names its chain."""
    root = keccak(text="root")
    assert stage.registry.functions.updateDigest(3, root).call() == stage.domain.digest(Update(3, root))
