"""Proofs that aren't of what was posted prove nothing, whatever they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from eth_utils.crypto import keccak

from offchain import merkle
from tests.ppdl.conftest import CHUNKS
from tests.ppdl.faults import challenge
from tests.ppdl.rounds import Round

PATH, ROOT = "WrongPath(uint256,uint256)", "WrongRoot(bytes32,bytes32)"
OTHER = keccak(text="something else")
ALIVE, LEAVES, PAIR = 9, 64, 30


def changed(proof: tuple[Any, ...], **changes: Any) -> tuple[Any, ...]:
    """A proof with other parts, by their places (`p0`, `p1`, ...)."""
    return tuple(changes.get(f"p{place}", part) for place, part in enumerate(proof))


def selector(round_: Round, call: Any) -> bytes:
    """The selector of the error that a call fails with."""
    stage = round_.stage
    request = [{"to": call.address, "data": call._encode_transaction_data()}, "latest"]
    answer = stage.web3.provider.make_request("eth_call", request)  # type: ignore[arg-type]
    return bytes.fromhex(answer["error"].get("data", "0x")[2:10])


CASES: list[tuple[str, tuple[int, ...], Callable[[tuple[Any, ...]], tuple[Any, ...]], str]] = [
    ("Sum", (0, 5), lambda proof: changed(proof, p5=proof[5][:-1]), PATH),
    ("Sum", (0, 5), lambda proof: changed(proof, p5=[*proof[5], OTHER]), PATH),
    ("Sum", (0, 5), lambda proof: changed(proof, p5=[OTHER, *proof[5][1:]]), ROOT),
    ("Sum", (0, 5), lambda proof: changed(proof, p0=proof[1]), ROOT),
    ("Sum", (0, 5), lambda proof: changed(proof, p1=proof[2], p2=proof[1]), ROOT),
    ("Sum", (0, 5), lambda proof: changed(proof, p3=[OTHER, OTHER]), ROOT),
    ("Leaf", (0, 3), lambda proof: changed(proof, p0=OTHER), ROOT),
    ("Leaf", (0, 3), lambda proof: changed(proof, p1=proof[1][2:]), PATH),
    ("Leaf", (0, 3), lambda proof: changed(proof, p2="0x" + "11" * 20), ROOT),
    ("Leaf", (0, 3), lambda proof: changed(proof, p3=OTHER), ROOT),
    ("Leaf", (0, 3), lambda proof: changed(proof, p4=proof[4][:-1]), PATH),
    ("Leaf", (0, 3), lambda proof: changed(proof, p5=OTHER), ROOT),
    ("Leaf", (0, 3), lambda proof: changed(proof, p6=[]), PATH),
    ("Mask", (0, ALIVE), lambda proof: changed(proof, p0=OTHER), ROOT),
    ("Mask", (0, ALIVE), lambda proof: changed(proof, p2=b"\xff\xff"), "OtherAlive()"),
    ("Mask", (0, ALIVE), lambda proof: changed(proof, p3=1), "WrongIndex(uint256)"),
    ("Mask", (0, ALIVE), lambda proof: changed(proof, p3=4), "WrongIndex(uint256)"),
    ("Mask", (0, ALIVE), lambda proof: changed(proof, p4=OTHER), ROOT),
    ("Mask", (0, ALIVE), lambda proof: changed(proof, p6=proof[6][:-1]), PATH),
    ("Mask", (0, PAIR), lambda proof: changed(proof, p3=4), "WrongIndex(uint256)"),
    ("Mask", (0, PAIR), lambda proof: changed(proof, p3=0), "WrongIndex(uint256)"),
    ("Mask", (0, PAIR), lambda proof: changed(proof, p3=400), "WrongIndex(uint256)"),
    ("Mask", (0, PAIR), lambda proof: changed(proof, p4=OTHER), "WrongSeed(bytes32,bytes32)"),
    ("Mask", (0, PAIR), lambda proof: changed(proof, p5=OTHER), ROOT),
    ("Mask", (0, PAIR), lambda proof: changed(proof, p7=OTHER), ROOT),
    ("Mask", (0, PAIR), lambda proof: changed(proof, p8=[]), PATH),
    ("Update", (1,), lambda proof: changed(proof, p0=proof[5]), ROOT),
    ("Update", (1,), lambda proof: changed(proof, p1=[]), PATH),
    ("Update", (1,), lambda proof: changed(proof, p2=proof[0]), ROOT),
    ("Update", (1,), lambda proof: changed(proof, p4=proof[4][1:]), PATH),
    ("Update", (1,), lambda proof: changed(proof, p5=proof[0]), ROOT),
    ("Update", (1,), lambda proof: changed(proof, p6=[*proof[6], OTHER]), PATH),
    ("Hash", (1,), lambda proof: changed(proof, p1=[]), PATH),
    ("Hash", (1,), lambda proof: changed(proof, p2=1), ROOT),
    ("Hash", (1,), lambda proof: changed(proof, p3=proof[3][1:]), PATH),
    ("Hash", (1,), lambda proof: changed(proof, p3=[*proof[3], 0, 0, 0]), PATH),
]


@pytest.mark.parametrize(("kind", "place", "change", "error"), CASES)
def test_proofs_of_something_else(
    posted_round: Round,
    kind: str,
    place: tuple[int, ...],
    change: Callable[[tuple[Any, ...]], tuple[Any, ...]],
    error: str,
) -> None:
    """P7 what isn't in the posted trees, or not in that place, is refused with what is wrong of it."""
    proof = getattr(posted_round.disputed(), kind.lower())(*place)
    call = challenge(posted_round, kind, *place, change(proof))
    assert selector(posted_round, call) == keccak(text=error)[:4]


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        ("Sum", (0, 0)),
        ("Sum", (0, LEAVES)),
        ("Sum", (CHUNKS, 1)),
        ("Leaf", (0, ALIVE)),
        ("Mask", (0, ALIVE - 1)),
        ("Mask", (0, LEAVES)),
        ("Update", (CHUNKS,)),
        ("Hash", (CHUNKS,)),
    ],
)
def test_places_that_there_are_not(posted_round: Round, kind: str, place: tuple[int, ...]) -> None:
    """P7 nothing is challenged in a place that there isn't, nor where another kind is shown."""
    near = {"Sum": (0, 1), "Leaf": (0, 0), "Mask": (0, ALIVE)}.get(kind, (0,))
    proof = getattr(posted_round.disputed(), kind.lower())(*near)
    call = challenge(posted_round, kind, *place, proof)
    assert selector(posted_round, call) == keccak(text="NoSuchPlace(uint8,uint256,uint256)")[:4]


def test_a_node_passes_for_no_leaf(posted_round: Round) -> None:
    """P7 an inner node passes for no leaf: a shorter path is refused, and neither hashes like the other."""
    shown = posted_round.disputed()
    node = shown.sums.proof(0, LEAVES // 2)
    leaf = shown.leaf(0, 0)
    shorter = changed(leaf, p0=node.node.hash, p1=leaf[1][2:])
    assert selector(posted_round, challenge(posted_round, "Leaf", 0, 0, shorter)) == keccak(text=PATH)[:4]
    content = node.node.content + b"".join(node.node.children or ())
    assert merkle.leaf(content) != node.node.hash != merkle.leaf(node.node.content)


def test_nothing_to_challenge(closed_round: Round) -> None:
    """P7 before anything is posted, and once it is final, nothing is challenged."""
    stage, shown = closed_round.stage, closed_round.disputed()
    calls = [
        challenge(closed_round, kind, *place, getattr(shown, kind.lower())(*place))
        for kind, place in (("Sum", (0, 1)), ("Leaf", (0, 0)), ("Mask", (0, ALIVE)), ("Update", (0,)), ("Hash", (0,)))
    ]
    for call in calls:
        stage.refuse(call, "NothingToChallenge()", closed_round.keys[2])
    closed_round.post().finalise()
    for call in calls:
        stage.refuse(call, "NothingToChallenge()", closed_round.keys[2])
