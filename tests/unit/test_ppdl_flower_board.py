"""What a server says that it collected: nodes believe nothing that isn't signed by whom it is of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_canonical_address
from msgspec.structs import replace

from offchain.errors import UserError
from offchain.ppdl.aggregation.messages import Update
from offchain.ppdl.flower import wire
from offchain.ppdl.flower.board import Checked
from offchain.ppdl.flower.statements import Alive, Keys, Seeds
from tests.unit.flower import Network, account, federation

ROUND = 1


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    """After a round."""
    network = Network(tmp_path_factory.mktemp("network"))
    network.round(ROUND)
    return network


@pytest.fixture
def board(network: Network) -> wire.Board:
    """All that was said in the round."""
    ask = network.asked[-1]
    assert isinstance(ask, wire.AskReveal)
    return ask.board


def owner(board: wire.Board, index: int) -> LocalAccount:
    """The account of a participant."""
    address = board.keys[index].participant
    return next(account(at) for at in range(9) if to_canonical_address(account(at).address) == address)


def swapped(items: tuple[object, ...]) -> tuple[object, ...]:
    """The first two in the other order."""
    return (items[1], items[0], *items[2:])


def stranger(board: wire.Board) -> wire.Board:
    """Keys of somebody who isn't in the federation, signed by it."""
    keys = replace(board.keys[0], participant=to_canonical_address(account(9).address))
    statement = Keys(ROUND, keys.channel_key, keys.mask_key)
    signed = federation(9).domain.sign(statement, account(9))
    return replace(board, keys=(replace(keys, signature=signed), *board.keys[1:]))


def other_federation(board: wire.Board) -> wire.Board:
    """Keys that their owner signed for another federation."""
    keys = board.keys[0]
    statement = Keys(ROUND, keys.channel_key, keys.mask_key)
    signed = federation(9, "another").domain.sign(statement, owner(board, 0))
    return replace(board, keys=(replace(keys, signature=signed), *board.keys[1:]))


def false_seeds(board: wire.Board) -> wire.Board:
    """Seed hashes that are not those their owner signed: pairs would be dropped, and masks with them."""
    seeds = board.seeds[0]
    hashes = (seeds.seed_hashes[0], *(bytes(32) for _ in seeds.seed_hashes[1:]))
    return replace(board, seeds=(replace(seeds, seed_hashes=hashes), *board.seeds[1:]))


def fewer_seeds(board: wire.Board) -> wire.Board:
    """A commitment that lacks a neighbour, signed by its owner."""
    seeds = board.seeds[0]
    return replace(board, seeds=(replace(seeds, seed_hashes=seeds.seed_hashes[:-1]), *board.seeds[1:]))


def other_parcel(board: wire.Board) -> wire.Board:
    """Shares that were not committed."""
    parcel = board.seeds[0].parcel
    seeds = replace(board.seeds[0], parcel=parcel[:-1] + bytes([parcel[-1] ^ 1]))
    return replace(board, seeds=(seeds, *board.seeds[1:]))


def short_parcel(board: wire.Board) -> wire.Board:
    """Shares for fewer neighbours."""
    seeds = replace(board.seeds[0], parcel=board.seeds[0].parcel[:-1])
    return replace(board, seeds=(seeds, *board.seeds[1:]))


def other_graph(board: wire.Board) -> wire.Board:
    """Seeds that were signed among other keys."""
    seeds = board.seeds[0]
    statement = Seeds(ROUND, bytes(32), bytes(32), seeds.shares_root)
    signed = federation(9).domain.sign(statement, owner(board, 0))
    return replace(board, seeds=(replace(seeds, signature=signed), *board.seeds[1:]))


def update_of_another_round(board: wire.Board) -> wire.Board:
    """An update that its owner signed for the next round."""
    update = board.updates[0]
    signed = federation(9).domain.sign(Update(ROUND + 1, update.root), owner(board, 0))
    return replace(board, updates=(replace(update, signature=signed), *board.updates[1:]), alive=())


def update_of_nobody(board: wire.Board) -> wire.Board:
    """An update of an index beyond all."""
    return replace(board, updates=(*board.updates[:8], replace(board.updates[8], index=9)), alive=())


def alive_of_others(board: wire.Board) -> wire.Board:
    """Somebody is said to stand by an alive set that it didn't sign."""
    statement = Alive(ROUND, Checked(federation(9), board).transcript.graph.seed, bytes(32))
    signed = federation(9).domain.sign(statement, owner(board, 0))
    return replace(board, alive=(replace(board.alive[0], signature=signed), *board.alive[1:]))


TAMPERED: dict[Callable[[wire.Board], wire.Board], str] = {
    lambda board: replace(board, round=2): "didn't sign its keys for round 2",
    stranger: "is no participant of test",
    other_federation: "didn't sign its keys for round 1",
    lambda board: replace(board, keys=(board.keys[0], board.keys[0], *board.keys[2:])): "keys are there twice",
    lambda board: wire.Board(ROUND, keys=board.keys[:1]): "two participants or more",
    lambda board: replace(board, keys=swapped(board.keys)): "didn't sign its seeds",
    false_seeds: "didn't sign its seeds",
    fewer_seeds: "names 8 seeds, not 9",
    other_parcel: "published other shares than it committed",
    short_parcel: "a parcel for 8 neighbours has",
    other_graph: "didn't sign its seeds",
    lambda board: replace(board, seeds=swapped(board.seeds)): "not in ascending order",
    lambda board: replace(board, seeds=(board.seeds[0], *board.seeds)): "not in ascending order",
    lambda board: replace(
        board, seeds=(*board.seeds[:8], replace(board.seeds[8], index=9))
    ): "no participant 9 among 9",
    update_of_another_round: "didn't sign its update",
    update_of_nobody: "participant 9 has no seeds",
    lambda board: replace(board, seeds=board.seeds[:8]): "participant 8 has no seeds",
    lambda board: replace(board, updates=swapped(board.updates)): "not in ascending order",
    alive_of_others: "didn't sign its alive",
    lambda board: replace(board, updates=board.updates[:8]): "didn't sign its alive",
    lambda board: replace(board, alive=(board.alive[0], *board.alive)): "not in ascending order",
}


def test_an_honest_board_is_believed(board: wire.Board) -> None:
    """P8 what all signed is what nodes go by."""
    checked = Checked(federation(9), board)
    assert checked.alive.indices == tuple(range(9))
    assert checked.standing == list(range(9))


@pytest.mark.parametrize("tamper", TAMPERED, ids=TAMPERED.values())
def test_another_board_is_refused(board: wire.Board, tamper: Callable[[wire.Board], wire.Board]) -> None:
    """P8 P9 nothing of what participants said can be changed, left out inside, repeated or moved elsewhere."""
    with pytest.raises(UserError, match=TAMPERED[tamper]):
        Checked(federation(9), tamper(board))


def test_a_signature_of_nobody_is_refused(board: wire.Board) -> None:
    """P9 65 bytes that are no signature are refused in one line."""
    keys = (replace(board.keys[0], signature=bytes(65)), *board.keys[1:])
    with pytest.raises(UserError, match="a signature's last byte is 27 or 28"):
        Checked(federation(9), replace(board, keys=keys))


def test_nodes_check_the_board(tmp_path: Path) -> None:
    """P8 a node that is shown a false board says nothing."""

    def lie(number: int, ask: wire.Ask) -> wire.Ask:
        return wire.AskUpdate(false_seeds(ask.board), ask.state) if isinstance(ask, wire.AskUpdate) else ask

    with pytest.raises(UserError, match="didn't sign its seeds"):
        Network(tmp_path, tamper=lie).round()
