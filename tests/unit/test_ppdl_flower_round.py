"""Rounds of a federation between a server and nodes that don't trust it, without Flower, which only carries them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from offchain.errors import UserError
from offchain.ppdl.aggregation.alive import AliveError
from offchain.ppdl.aggregation.lanes import from_bytes, to_lanes
from offchain.ppdl.aggregation.messages import Update
from offchain.ppdl.aggregation.unmasking import UnmaskError
from offchain.ppdl.flower import wire
from offchain.ppdl.flower.board import BoardError
from offchain.ppdl.flower.rounds import RoundError
from tests.unit.flower import WEIGHTS, Network, account

PHASES = ["keys", "seeds", "update", "alive", "reveal"]


def test_the_sum_is_that_of_all_updates(tmp_path: Path) -> None:
    """P8 the server finds exactly the plain sum, though every message is answered by another process."""
    network = Network(tmp_path)
    total, clients = network.round()
    assert clients == 9
    assert np.array_equal(total, network.updates.sum(axis=0))
    assert network.told == PHASES


def test_the_server_sees_no_update(tmp_path: Path) -> None:
    """P8 what nodes send is masked: no lane of any upload is the participant's, and none is sent in the clear."""
    network = Network(tmp_path)
    network.round()
    uploads = [upload for said in network.answered for upload in said.uploads]
    assert len(uploads) == 9
    order = sorted(range(9), key=lambda at: bytes.fromhex(account(at).address[2:]))
    for upload in uploads:
        lanes = to_lanes(from_bytes(upload.chunks), WEIGHTS + 1)
        assert np.count_nonzero(lanes == network.updates[order[upload.index]]) <= 1
    sent = b"".join(wire.encode(said) for said in network.answered)
    for update in network.updates:
        assert update.astype(">u4").tobytes()[:64] not in sent
    assert [len(said.revealed) for said in network.answered].count(3) == 3


@pytest.mark.parametrize("phase", ["AskSeeds", "AskUpdate", "AskAlive", "AskReveal"])
def test_who_goes_silent_is_left_out(tmp_path: Path, phase: str) -> None:
    """P8 a node that goes silent in any phase is no part of the sum from there on, and spoils nothing."""
    network = Network(tmp_path, sizes=(3, 3, 3, 3), silent={(3, phase)})
    total, clients = network.round()
    uploaded = 12 if phase in ("AskAlive", "AskReveal") else 9
    assert clients == uploaded
    assert np.array_equal(total, network.updates[:uploaded].sum(axis=0))


def test_too_few_end_the_round(tmp_path: Path) -> None:
    """P9 fewer than eight end a round in one line, whenever they go."""
    with pytest.raises(AliveError, match="only 6 participants are there: a round needs 8"):
        Network(tmp_path / "a", silent={(0, "AskKeys")}).round()
    with pytest.raises(AliveError, match="only 6 are alive: a round needs 8"):
        Network(tmp_path / "b", silent={(0, "AskUpdate")}).round()
    with pytest.raises(BoardError, match="only 6 of 9 stand by the alive: it takes more than two thirds"):
        Network(tmp_path / "c", silent={(0, "AskAlive")}).round()
    with pytest.raises(UnmaskError, match=r"only \d of 5 shares of the seed of participant"):
        Network(tmp_path / "d", silent={(0, "AskReveal"), (1, "AskReveal")}).round()


def test_a_round_is_never_repeated(tmp_path: Path) -> None:
    """P8 a server that begins a round once more, to compare sums with and without one, gets no keys, neither for that
    round nor for earlier ones."""
    network = Network(tmp_path)
    network.round(1)
    network.round(2)
    for number in (1, 2):
        with pytest.raises(RoundError, match=f"round {number} is over: this node was in round 2"):
            network.node(0).answer(wire.encode(wire.AskKeys(number)))
    assert [path.name for path in sorted((tmp_path / "0").iterdir())] == ["round"]


def test_a_round_that_broke_off_has_no_second_course(tmp_path: Path) -> None:
    """P8 keys are the same when they are asked for again; with other keys beside them nobody goes on."""
    network = Network(tmp_path, silent={(0, "AskUpdate")})
    with pytest.raises(AliveError):
        network.round()
    keys = network.node(1).answer(wire.encode(wire.AskKeys(1)))
    assert wire.decode_said(keys) == network.answered[1]
    network.silent = {(0, "AskKeys")}
    with pytest.raises(AliveError):
        network.round()
    first, *_ = [ask for ask in network.asked if isinstance(ask, wire.AskSeeds)]
    fewer = msgspec.structs.replace(first.board, keys=first.board.keys[:-1])
    said = wire.decode_said(network.node(1).answer(wire.encode(wire.AskSeeds(fewer))))
    conflicts = [line for line in said.refusals if "'graph' of round 1 was taken before, in another way" in line]
    assert len(conflicts) + sum("are not among those of round 1" in line for line in said.refusals) == 3
    assert len(conflicts) >= 2


def test_another_alive_set_is_refused(tmp_path: Path) -> None:
    """P8 who stands by one set of the alive reveals nothing for another one."""
    network = Network(tmp_path, sizes=(3, 3, 3, 1), silent={(0, "AskReveal"), (1, "AskReveal")})
    with pytest.raises(UnmaskError):
        network.round()
    reveal = next(ask for ask in network.asked if isinstance(ask, wire.AskReveal))
    own = {bytes.fromhex(account(at).address[2:]) for at in range(3)}
    dropped = next(at for at, keys in enumerate(reveal.board.keys) if keys.participant not in own)
    updates = tuple(update for update in reveal.board.updates if update.index != dropped)
    other = msgspec.structs.replace(reveal.board, updates=updates, alive=())
    said = wire.decode_said(network.node(0).answer(wire.encode(wire.AskAlive(other))))
    assert not said.alive
    assert all("'alive' of round 1 was taken before, in another way" in line for line in said.refusals)
    with pytest.raises(BoardError, match="only 0 of 10 stand by the alive"):
        network.node(0).answer(wire.encode(wire.AskReveal(other)))


def test_nothing_is_revealed_before_others_stand_by_the_alive(tmp_path: Path) -> None:
    """P8 shares are for an alive set by which more than two thirds stand: two thirds are too few."""
    network = Network(tmp_path, silent={(at, "AskReveal") for at in range(3)})
    with pytest.raises(UnmaskError):
        network.round()
    ask = network.asked[-1]
    assert isinstance(ask, wire.AskReveal)

    def reveal(standing: int) -> wire.Said:
        board = msgspec.structs.replace(ask.board, alive=ask.board.alive[:standing])
        return wire.decode_said(network.node(1).answer(wire.encode(wire.AskReveal(board))))

    with pytest.raises(BoardError, match="only 6 of 9 stand by the alive"):
        reveal(6)
    assert len(reveal(7).revealed) == 3


def test_an_update_that_is_left_out_ends_its_owners_part(tmp_path: Path) -> None:
    """P8 participants whose own updates the server leaves out stand by no such set."""

    def leave_out(number: int, ask: wire.Ask) -> wire.Ask:
        if isinstance(ask, wire.AskAlive):
            return wire.AskAlive(msgspec.structs.replace(ask.board, updates=ask.board.updates[:-1]))
        return ask

    network = Network(tmp_path, tamper=leave_out)
    with pytest.raises(BoardError, match="stand by the alive"):
        network.round()
    assert any("leave out the update of participant 8" in line for line in network.told)


def test_a_wrong_update_is_left_out(tmp_path: Path) -> None:
    """P9 an upload of another length, or signed by somebody else, is left out and told, and the others are summed."""
    network = Network(tmp_path, sizes=(4, 4, 4))
    send = network.send

    def spoiled(content: bytes) -> list[bytes]:
        answers = send(content)
        if not isinstance(network.asked[-1], wire.AskUpdate):
            return answers
        said = wire.decode_said(answers[0])
        short, forged, *rest = said.uploads
        signature = network.federation.domain.sign(Update(1, bytes(32)), account(11))
        wrong = (
            msgspec.structs.replace(short, chunks=short.chunks[:256]),
            msgspec.structs.replace(forged, signature=signature),
        )
        answers[0] = wire.encode(msgspec.structs.replace(said, uploads=(*wrong, *rest)))
        return [*answers, b"nonsense"]

    network.send = spoiled  # type: ignore[method-assign]
    total, clients = network.round()
    assert clients == 10
    assert np.array_equal(total, network.updates[2:].sum(axis=0))
    left_out = [line for line in network.told if line.startswith("left out")]
    assert len(left_out) == 3
    assert "that is no message" in left_out[0]
    assert "has not 2 chunks" in left_out[1]
    assert "didn't sign its update" in left_out[2]


def test_a_node_has_accounts_of_its_federation(tmp_path: Path) -> None:
    """P9 a node with another account says so at its start."""
    network = Network(tmp_path)
    network.federation = msgspec.structs.replace(network.federation, participants=network.federation.participants[:8])
    with pytest.raises(UserError, match="is no participant of test"):
        network.node(2)
