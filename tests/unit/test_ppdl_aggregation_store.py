"""The folder of what was published: signed contents of participants only, whole, and never changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from eth_account import Account
from eth_utils.address import to_canonical_address

from offchain.ppdl.aggregation.lanes import CHUNK_BYTES
from offchain.ppdl.aggregation.messages import Domain, Update
from offchain.ppdl.aggregation.publication import Kind, PublicationError, Published, Rules
from offchain.ppdl.aggregation.store import AlreadyPublished, Store, StoreError

RULES = Rules(Domain(31337, "0x5FbDB2315678afecb367f032d93F642f64180aa3"), weights=100)
KEYS = [Account.from_key(bytes([at]) * 32) for at in (1, 2, 3)]
MEMBERS = [to_canonical_address(key.address) for key in KEYS[:2]]
ROUND = 4


def update(fill: int = 1) -> bytes:
    """The two chunks of 101 lanes."""
    return bytes([fill]) * (2 * CHUNK_BYTES)


def signed(kind: Kind = Kind.UPDATE, content: bytes | None = None, key: int = 0, round_: int = ROUND) -> Published:
    return RULES.signed(round_, kind, update() if content is None else content, KEYS[key])


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """In which two accounts take part in round 4."""
    return Store(tmp_path / "store", RULES, lambda round_: MEMBERS if round_ == ROUND else ())


def test_what_was_published_is_there(store: Store, tmp_path: Path) -> None:
    """Also for another process, and once only."""
    said = [signed(), signed(key=1), signed(Kind.PARCEL, b"boxes"), signed(Kind.REVEAL, b"")]
    for published in [*said, *said]:
        store.publish(published)
    again = Store(tmp_path / "store", RULES, lambda _: ())
    assert {one for kind in Kind for one in again.published(ROUND, kind)} == set(said)
    assert store.published(ROUND + 1, Kind.UPDATE) == store.published(ROUND, Kind.MODEL) == []
    assert all(store.blob(published.content_hash) == published.content for published in said)
    assert store.blob(bytes(32)) is None


def test_an_updates_signature_is_the_chains(store: Store) -> None:
    """P8 what is stored is what the registry takes as proof that a participant signed two."""
    published = signed()
    store.publish(published)
    (found,) = store.published(ROUND, Kind.UPDATE)
    assert RULES.domain.signer(Update(ROUND, found.root), found.signature) == MEMBERS[0]


def test_two_updates_are_kept_to_convict(store: Store) -> None:
    """P9 of all else, and of a third one, only the first counts."""
    for fill in (1, 2):
        store.publish(signed(content=update(fill)))
    assert len({one.root for one in store.published(ROUND, Kind.UPDATE)}) == 2
    with pytest.raises(AlreadyPublished, match="published another update before"):
        store.publish(signed(content=update(3)))
    store.publish(signed(Kind.PARCEL, b"first"))
    with pytest.raises(AlreadyPublished, match="published another parcel before"):
        store.publish(signed(Kind.PARCEL, b"second"))
    assert [one.content for one in store.published(ROUND, Kind.PARCEL)] == [b"first"]


REFUSED = [
    (signed(key=2), "takes no part in round 4"),
    (signed(round_=5), "takes no part in round 5"),
    (replace(signed(), round=5), "is signed by"),
    (replace(signed(), participant=MEMBERS[1]), "is signed by"),
    (replace(signed(), content=update(2)), "is signed by"),
    (replace(signed(Kind.PARCEL, b"one"), kind=Kind.REVEAL), "is signed by"),
    (replace(signed(), signature=bytes(65)), "isn't signed"),
    (replace(signed(), signature=b""), "isn't signed: a signature has 65 bytes"),
    (replace(signed(), content=b"\x01"), "one update has 512 bytes, not 1"),
    (signed(content=update() + bytes(CHUNK_BYTES)), "one update has at most 512 bytes, not 768"),
    (signed(Kind.MODEL, bytes(CHUNK_BYTES)), "one model has 512 bytes, not 256"),
    (signed(Kind.PARCEL, bytes(14401)), "one parcel has at most 14,400 bytes, not 14,401"),
    (signed(Kind.REVEAL, bytes(3214)), "one reveal has at most 3,213 bytes, not 3,214"),
]


@pytest.mark.parametrize(("published", "reason"), REFUSED)
def test_all_else_is_refused(published: Published, reason: str, store: Store, tmp_path: Path) -> None:
    """P9 and leaves no trace."""
    with pytest.raises(PublicationError, match=reason):
        store.publish(published)
    assert [path for path in (tmp_path / "store").rglob("*") if path.is_file()] == []


def test_a_crash_leaves_nothing_half_written(store: Store, tmp_path: Path) -> None:
    """P6 a draft and a content without its signature are not there; publishing again makes it whole."""
    published = signed()
    store.publish(published)
    (signature,) = (tmp_path / "store" / "rounds" / "4" / "update").iterdir()
    signature.rename(signature.with_name(signature.name + ".1.draft"))
    assert store.published(ROUND, Kind.UPDATE) == []
    store.publish(published)
    assert store.published(ROUND, Kind.UPDATE) == [published]


def test_damage_is_noticed(store: Store, tmp_path: Path) -> None:
    """P9"""
    published = signed()
    store.publish(published)
    blob = tmp_path / "store" / "blobs" / published.content_hash.hex()
    blob.write_bytes(update(2))
    with pytest.raises(StoreError, match="is damaged: remove it"):
        store.published(ROUND, Kind.UPDATE)
    blob.unlink()
    with pytest.raises(StoreError, match="is missing"):
        store.published(ROUND, Kind.UPDATE)
    store.publish(published)
    assert store.published(ROUND, Kind.UPDATE) == [published]


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    """P9"""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="can't be used"):
        Store(tmp_path / "file", RULES, lambda _: ())
