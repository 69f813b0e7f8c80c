"""The store that participants exchange publications by: in a folder, and over HTTP."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from offchain.ppdl.aggregation.lanes import chunk_tree, to_chunks
from offchain.ppdl.aggregation.messages import Domain, Update
from offchain.ppdl.network.publication import LARGEST, Kind, Publication, PublicationError
from offchain.ppdl.network.store import FolderStore
from offchain.ppdl.network.store_client import StoreClient
from offchain.ppdl.network.store_service import service
from offchain.ppdl.network.upload import Upload

DOMAIN = Domain(31337, "0x" + 20 * "11")
HOME, OTHER = (Account.from_key(bytes([number]) * 32) for number in (1, 2))


def published(content: bytes = b"masked", kind: Kind = Kind.UPDATE, round_: int = 3) -> Publication:
    return Publication.signed(DOMAIN, HOME, round_, kind, content)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path, DOMAIN)


def test_what_was_published_is_found_by_round_kind_and_sender(store: FolderStore) -> None:
    one, other = published(), Publication.signed(DOMAIN, OTHER, 3, Kind.UPDATE, b"other")
    for publication in (one, other, published(b"shares", Kind.SHARES), published(b"later", round_=4)):
        store.publish(publication)
        store.publish(publication)
    assert store.publications(3, Kind.UPDATE) == sorted([one, other], key=lambda found: found.sender)
    assert store.publications(9, Kind.UPDATE) == []


def test_a_sender_publishes_once(store: FolderStore) -> None:
    """P9 also after the store was opened again."""
    store.publish(published())
    with pytest.raises(PublicationError, match="in round 3 was published before, with other content"):
        store.publish(published(b"another"))
    assert store.publications(3, Kind.UPDATE) == [published()]


def test_a_task_is_kept_once(store: FolderStore) -> None:
    """P9 whoever publishes it: many who do can't fill the store."""
    first = published(b"task", Kind.TASK, 0)
    for publication in (first, Publication.signed(DOMAIN, OTHER, 0, Kind.TASK, b"task")):
        store.publish(publication)
    assert store.publications(0, Kind.TASK) == [first]


def update(number: int, signer: LocalAccount = HOME) -> Publication:
    """A masked update that an account signed, published by the home."""
    chunks = to_chunks(np.array([number], np.int32))
    root = chunk_tree(chunks).root
    return published(Upload(chunks, root, DOMAIN.sign(Update(3, root), signer)).to_bytes())


def test_a_second_signed_update_is_kept_as_evidence(store: FolderStore, tmp_path: Path) -> None:
    """P7 one, also after the store was opened again; who publishes it is told that it doesn't count."""
    store.publish(update(1))
    for second in (update(2), update(2), update(3)):
        with pytest.raises(PublicationError, match="was published before"):
            FolderStore(tmp_path, DOMAIN).publish(second)
    assert store.publications(3, Kind.UPDATE) == [update(1), update(2)]


def test_what_its_sender_did_not_sign_as_an_update_is_no_evidence(store: FolderStore) -> None:
    """P7, P9"""
    store.publish(update(1))
    for second in (update(2, signer=OTHER), published(b"another"), published(update(2).content[:-1])):
        with pytest.raises(PublicationError, match="was published before"):
            store.publish(second)
    assert store.publications(3, Kind.UPDATE) == [update(1)]


def test_evidence_is_kept_of_who_may_publish_alone(tmp_path: Path) -> None:
    """P9"""
    FolderStore(tmp_path, DOMAIN).publish(update(1))
    closed = FolderStore(tmp_path, DOMAIN, lambda publication: False)
    with pytest.raises(PublicationError, match="can't be published now"):
        closed.publish(update(2))
    assert closed.publications(3, Kind.UPDATE) == [update(1)]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"content": b"forged"}, "signed by another"),
        ({"round": 4}, "signed by another"),
        ({"kind": Kind.REVEAL}, "signed by another"),
        ({"sender": bytes(20)}, "signed by another"),
        ({"signature": b"short"}, "a signature has 65 bytes"),
        ({"content": b""}, "update has 1 to"),
        ({"content": bytes(LARGEST[Kind.UPDATE] + 1)}, "update has 1 to"),
        ({"round": -1}, "update has 1 to"),
    ],
)
def test_what_its_sender_did_not_sign_is_refused(store: FolderStore, changed: dict[str, object], why: str) -> None:
    """P9 nothing is kept of it."""
    with pytest.raises(PublicationError, match=why):
        store.publish(dataclasses.replace(published(), **changed))  # type: ignore[arg-type]
    assert store.publications(3, Kind.UPDATE) == store.publications(4, Kind.UPDATE) == []


def test_another_registrys_publication_is_refused(store: FolderStore) -> None:
    """P9"""
    foreign = Publication.signed(Domain(1, DOMAIN.contract), HOME, 3, Kind.UPDATE, b"masked")
    with pytest.raises(PublicationError, match="signed by another"):
        store.publish(foreign)


def test_who_may_not_publish_is_refused(tmp_path: Path) -> None:
    """P9"""
    closed = FolderStore(tmp_path, DOMAIN, lambda publication: publication.round == 4)
    closed.publish(published(round_=4))
    with pytest.raises(PublicationError, match="in round 3 can't be published now"):
        closed.publish(published())


def test_a_damaged_file_is_named(store: FolderStore, tmp_path: Path) -> None:
    """P9"""
    store.publish(published())
    (path,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(PublicationError, match="it is no publication"):
        FolderStore(tmp_path, DOMAIN).publications(3, Kind.UPDATE)


@given(st.binary(max_size=200))
def test_bytes_that_are_no_publication_are_refused(content: bytes) -> None:
    """P9"""
    with pytest.raises(PublicationError, match="it is no publication"):
        Publication.from_bytes(content)


def test_a_publication_is_written_as_it_is_read() -> None:
    assert Publication.from_bytes(published().to_bytes()) == published()


def test_the_service_takes_and_gives_publications(store: FolderStore) -> None:
    client = TestClient(service(store))
    answer = client.post("/publications", content=published().to_bytes())
    assert (answer.status_code, answer.json()) == (200, {"hash": "0x" + published().hash.hex()})
    assert store.publications(3, Kind.UPDATE) == [published()]
    assert published().to_bytes() in client.get("/publications/3/update").content


def test_the_service_refuses_in_one_line(store: FolderStore) -> None:
    """P9"""
    client = TestClient(service(store))
    for content in (b"", b"junk", dataclasses.replace(published(), round=5).to_bytes()):
        answer = client.post("/publications", content=content)
        assert answer.status_code == 400
        assert answer.json()["error"]
        assert "\n" not in answer.json()["error"]
    assert client.get("/publications/3/nothing").status_code == 422
    assert client.get("/nothing").json() == {"error": "GET /nothing: Not Found"}


def test_a_store_that_lies_can_only_leave_out(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """P9 the client drops what isn't its sender's, or of another round or kind."""
    client = StoreClient("http://127.0.0.1:1", DOMAIN)
    forged = dataclasses.replace(published(), content=b"forged")
    import msgspec

    answer = msgspec.msgpack.encode([one.to_bytes() for one in (forged, published(round_=4), published())] + [b"junk"])
    monkeypatch.setattr(client, "_ask", lambda *_: answer)
    assert client.publications(3, Kind.UPDATE) == [published()]
    monkeypatch.setattr(client, "_ask", lambda *_: b"\xc1")
    with pytest.raises(PublicationError, match="doesn't answer as a store does"):
        client.publications(3, Kind.UPDATE)


def test_no_store_is_one_line() -> None:
    """P9"""
    with pytest.raises(PublicationError, match="is no address of a store"):
        StoreClient("somewhere", DOMAIN)
    with pytest.raises(PublicationError, match="doesn't answer"):
        StoreClient("http://127.0.0.1:1", DOMAIN).publications(1, Kind.UPDATE)
