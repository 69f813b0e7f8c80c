"""Several stores as one: lost, silent and lying ones beside one that works."""

from __future__ import annotations

from pathlib import Path

import pytest

from offchain.ppdl.network.publication import Kind, NoAnswer, Publication, PublicationError
from offchain.ppdl.network.store import FolderStore
from offchain.ppdl.network.store_client import StoreClient
from offchain.ppdl.network.stores import Stores
from tests.unit.test_ppdl_store import DOMAIN, OTHER, published, update

DEAD = StoreClient("http://127.0.0.1:1", DOMAIN)


@pytest.fixture
def pair(tmp_path: Path) -> list[FolderStore]:
    return [FolderStore(tmp_path / name, DOMAIN) for name in ("one", "two")]


def test_publications_go_to_all_and_come_from_any(pair: list[FolderStore]) -> None:
    """P7 a store that leaves something out is made up for by another."""
    stores, other = Stores(pair), Publication.signed(DOMAIN, OTHER, 3, Kind.UPDATE, b"other")
    stores.publish(published())
    assert [store.publications(3, Kind.UPDATE) for store in pair] == [[published()], [published()]]
    pair[1].publish(other)
    assert stores.publications(3, Kind.UPDATE) == [published(), other]


def test_a_dead_store_stops_nothing(pair: list[FolderStore]) -> None:
    """P7 whichever place it has; what it misses isn't lost."""
    for stores in (Stores([DEAD, pair[0]]), Stores([pair[0], DEAD])):
        for _ in range(2):
            stores.publish(published())
            assert stores.publications(3, Kind.UPDATE) == [published()]


def test_a_store_that_did_not_answer_rests(pair: list[FolderStore], monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def ask(*parts: str) -> bytes:
        asked.append(parts)
        raise NoAnswer("gone")

    dead = StoreClient("http://127.0.0.1:1", DOMAIN)
    monkeypatch.setattr(dead, "_ask", ask)
    stores = Stores([dead, pair[0]])
    for _ in range(3):
        stores.publications(3, Kind.UPDATE)
    assert len(asked) == 1


def test_a_store_that_is_slow_rests(pair: list[FolderStore], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """P9 ten times as long as one waited for it, whether it answered or not; alone it is asked all the same."""
    clock, asked = [0.0], []
    monkeypatch.setattr("offchain.ppdl.network.stores.time.monotonic", lambda: clock[0])

    class Slow(FolderStore):
        def publications(self, round_: int, kind: Kind) -> list[Publication]:
            asked.append(clock[0])
            clock[0] += 20
            if len(asked) == 1:
                raise NoAnswer("too late")
            return super().publications(round_, kind)

    pair[0].publish(published())
    slow = Slow(tmp_path / "one", DOMAIN)
    stores = Stores([slow, pair[0]])
    for second in (0, 21, 219, 221, 222, 440, 442):
        clock[0] = second
        assert stores.publications(3, Kind.UPDATE) == [published()]
    assert asked == [0, 221, 442]
    alone = Stores([slow])
    for _ in range(2):
        assert alone.publications(3, Kind.UPDATE) == [published()]
    assert len(asked) == 5


def test_two_updates_in_two_stores_are_both_seen(pair: list[FolderStore]) -> None:
    """P7 who tells one store this and another one that is seen by who reads both."""
    for store, number in zip(pair, (1, 2), strict=True):
        store.publish(update(number))
    assert Stores(pair).publications(3, Kind.UPDATE) == [update(1), update(2)]


def test_what_none_takes_or_answers_is_one_line(pair: list[FolderStore]) -> None:
    """P9 a refusal, if there was one, says more than silence."""
    pair[0].publish(published())
    for stores in (Stores([DEAD, pair[0]]), Stores([pair[0], DEAD])):
        with pytest.raises(PublicationError, match="was published before"):
            stores.publish(published(b"another"))
    for question in (
        lambda: Stores([DEAD, DEAD]).publish(published()),
        lambda: Stores([DEAD]).publications(3, Kind.UPDATE),
    ):
        with pytest.raises(PublicationError, match="doesn't answer"):
            question()
    with pytest.raises(ValueError, match="there is no store"):
        Stores([])
