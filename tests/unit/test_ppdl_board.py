"""What a home kept of a round against what stores show of it later, and participants who signed several updates."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_canonical_address
from eth_utils.crypto import keccak

from offchain.ppdl.aggregation.graph import RoundKeys
from offchain.ppdl.aggregation.lanes import chunk_tree
from offchain.ppdl.aggregation.messages import Domain, Update
from offchain.ppdl.aggregation.seeds import SeedCommitment
from offchain.ppdl.network.board import Board
from offchain.ppdl.network.kept import MOST_OF_ONE, Kept
from offchain.ppdl.network.publication import Kind, NoAnswer, Publication
from offchain.ppdl.network.registry import Closing, Phase, Round
from offchain.ppdl.network.store import FolderStore
from offchain.ppdl.network.store_client import StoreClient
from offchain.ppdl.network.stores import Stores
from offchain.ppdl.network.upload import Upload

DOMAIN = Domain(31337, "0x" + 20 * "11")
ACCOUNTS: list[LocalAccount] = [Account.from_key(keccak(text=f"member {number}")) for number in range(12)]
KEYS = tuple(RoundKeys(to_canonical_address(one.address), bytes(32), bytes(32)) for one in ACCOUNTS)
NUMBER, CHUNKS = 3, 2
OPEN = Round(NUMBER, Phase.OPEN, 0, 0, KEYS, {index: SeedCommitment(bytes(32), ()) for index in range(12)})
DEAD = StoreClient("http://127.0.0.1:1", DOMAIN)


def update(index: int, number: int) -> Publication:
    """One of the updates of a member."""
    chunks = np.full((CHUNKS, 64), 1_000 * number + index, np.uint32)
    root, account = chunk_tree(chunks).root, ACCOUNTS[index]
    content = Upload(chunks, root, DOMAIN.sign(Update(NUMBER, root), account)).to_bytes()
    return Publication.signed(DOMAIN, account, NUMBER, Kind.UPDATE, content)


def store_of(folder: Path, number: int) -> FolderStore:
    """A store with an update of each."""
    store = FolderStore(folder / f"store {number}", DOMAIN)
    for index in range(len(ACCOUNTS)):
        store.publish(update(index, number))
    return store


def board(round_: Round, store: FolderStore | StoreClient | Stores, home: Path | None = None) -> Board:
    """What a home sees with nothing but its folder left of its past; without one, as who sees the round first."""
    return Board(round_, store, DOMAIN, CHUNKS, None if home is None else Kept(home))


def closed(seen: Board) -> Round:
    """Closed with what somebody sees."""
    alive = seen.alive_now()
    return replace(OPEN, phase=Phase.CLOSED, closing=Closing(alive, seen.alive_root(alive), bytes(32)))


def roots(seen: Board) -> list[bytes]:
    """Of the updates that count."""
    return [seen.uploads[index].root for index in sorted(seen.uploads)]


def test_what_a_store_loses_or_hides_is_still_there(tmp_path: Path) -> None:
    """P7: who closed a round can show each signed update that it named, when no store has it any more."""
    round_ = closed(board(OPEN, store_of(tmp_path, 1), tmp_path / "home"))
    empty = FolderStore(tmp_path / "empty", DOMAIN)
    for store in (empty, DEAD):
        shown = board(round_, store, tmp_path / "home").closed()
        assert shown is not None
        proofs = [shown.signature(rank) for rank in range(12)]
        signers = [DOMAIN.signer(Update(NUMBER, root), signature) for _, _, root, _, signature in proofs]
        assert signers == [keys.participant for keys in KEYS]
    assert board(round_, empty).closed() is None


def test_more_equivocators_than_can_be_tried(tmp_path: Path) -> None:
    """P7: all twelve sign a second update right after the closing, and stores show that one first: 4,096 sets might be
    meant. Who closed knows which; who comes only now can't find it."""
    first = store_of(tmp_path, 2)
    round_ = closed(board(OPEN, first, tmp_path / "home"))
    both = Stores([store_of(tmp_path, 1), first])
    seen = board(round_, both, tmp_path / "home")
    assert [len(uploads) for uploads in seen.signed.values()] == [2] * 12
    assert roots(seen) == roots(board(OPEN, first))
    assert seen.closed() is not None
    assert roots(board(OPEN, both, tmp_path / "home")) == roots(seen)
    assert board(round_, both).closed() is None


def test_sets_near_the_first_ones_are_tried_first(tmp_path: Path) -> None:
    """P7: who saw others' first updates than who closed finds them if they are few, whoever it is that differs."""
    first, other = store_of(tmp_path, 1), store_of(tmp_path, 2)
    mixed = FolderStore(tmp_path / "mixed", DOMAIN)
    for index in range(12):
        mixed.publish(update(index, 2 if index in (0, 1, 11) else 1))
    round_ = closed(board(OPEN, mixed))
    assert board(round_, Stores([first, other])).closed() is not None


def test_a_store_that_is_gone_is_named_while_it_is_needed(tmp_path: Path) -> None:
    """P7, P9: nobody closes a round with what it happened to keep; and what is missing then accuses nobody."""
    home = tmp_path / "home"
    board(OPEN, store_of(tmp_path, 1), home).alive_now()
    with pytest.raises(NoAnswer, match="doesn't answer"):
        board(OPEN, DEAD, home).alive_now()
    seen = board(closed(board(OPEN, store_of(tmp_path, 2))), DEAD, home)
    assert seen.closed() is None
    with pytest.raises(NoAnswer, match="doesn't answer"):
        seen.check_answered()


def test_what_a_home_kept_does_not_say_that_it_is_published(tmp_path: Path) -> None:
    """P6: a store that lost an update is given it again."""
    board(OPEN, store_of(tmp_path, 1), tmp_path / "home").alive_now()
    again = board(OPEN, FolderStore(tmp_path / "empty", DOMAIN), tmp_path / "home")
    assert 4 in again.uploads
    assert not again.shows(Kind.UPDATE, KEYS[4].participant)


def test_what_cannot_be_read_is_not_kept(tmp_path: Path) -> None:
    """P7: else a participant and its store could fill a home's folder, so that the update that is meant isn't kept."""
    store, junk = FolderStore(tmp_path / "store", DOMAIN), ACCOUNTS[5]
    store.publish(Publication.signed(DOMAIN, junk, NUMBER, Kind.UPDATE, b"junk"))
    stranger = Account.from_key(keccak(text="stranger"))
    store.publish(Publication.signed(DOMAIN, stranger, NUMBER, Kind.UPDATE, b"junk"))
    assert board(OPEN, store, tmp_path / "home").uploads == {}
    assert Kept(tmp_path / "home").publications(NUMBER, Kind.UPDATE) == []


def test_kept_are_the_first_ones_of_the_newest_round(tmp_path: Path) -> None:
    """P6, P7: also by a process that begins anew."""
    for number in range(MOST_OF_ONE + 2):
        kept = Kept(tmp_path)
        for _ in range(2):
            kept.keep(update(0, number))
        kept.keep(update(1, 1))
    expected = [update(0, number) for number in range(MOST_OF_ONE)]
    found = Kept(tmp_path).publications(NUMBER, Kind.UPDATE)
    assert [one for one in found if one.sender == KEYS[0].participant] == expected
    assert [one for one in found if one.sender == KEYS[1].participant] == [update(1, 1)]
    later = replace(update(0, 1), round=NUMBER + 1)
    kept.keep(later)
    assert not (tmp_path / str(NUMBER)).exists()
    assert Kept(tmp_path).publications(NUMBER + 1, Kind.UPDATE) == [later]
