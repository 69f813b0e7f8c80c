"""An epoch's readings and paths for their owners: one public file in which each owner finds its own part alone.

    4   magic `omgr`, 1 version, 1 levels
    8   microgrid, 8 epoch, 4 parts
    32  X25519 public key, new for every bundle
    then per part, in the order of tags: 16 tag, 16 authenticator, the encrypted part
    a part: 4 index, 4 exported, 4 imported (Wh), then per level, lowest first: 32 hash, 8 exported, 8 imported

A part is a NaCl box (X25519, XSalsa20-Poly1305) to the key on the meter's card. Its tag is a hash under the same shared
secret, so an owner finds its part in a file that it fetched whole, and nobody else can tell whose a part is: not from
bundle to bundle either, since the key is new. All parts of a bundle are of one length. Above `levels` a path's
siblings are empty. Numbers are big-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b, sha256

from nacl.bindings import crypto_box_afternm, crypto_box_beforenm, crypto_box_open_afternm, crypto_scalarmult_base
from nacl.exceptions import CryptoError

from offchain.errors import UserError
from offchain.metering.readings_tree import DEPTH, Reading, ReadingPath, ReadingsTree, empty_hash

MAGIC = b"omgr"
VERSION = 1
HEADER = struct.Struct(">4sBBQQI32s")
LEAF = struct.Struct(">III")
LEVEL = struct.Struct(">32sQQ")
TAG_BYTES = 16
AUTHENTICATOR_BYTES = 16
NONCE = bytes(24)
"""The same in every box: each has a shared secret of its own."""

LONGEST_STEP = 1000
"""Parts between two calls of a progress function."""

Progress = Callable[[int, int], None]
"""Told now and then how many parts are sealed, and of how many."""


class BundleError(UserError):
    """Says in one line why a bundle of readings can't be used."""


def data_hash(bundle: bytes) -> bytes:
    """What names a bundle on chain, SHA-256 (32 bytes)."""
    return sha256(bundle).digest()


def levels_of(count: int) -> int:
    """Levels of a tree of `count` readings, from the lowest, in which a sibling can hold something."""
    return max(0, count - 1).bit_length()


def seal(
    microgrid: int,
    tree: ReadingsTree,
    keys: Mapping[int, bytes],
    secret: bytes,
    progress: Progress | None = None,
) -> bytes:
    """The bundle of a tree; `keys` are the owners' X25519 public keys by meter commitment, `secret` is the bundle's own
    private key (32 bytes). The same arguments give the same bytes.

    Raises BundleError if a meter has no key, or one that everybody could open.
    """
    levels = levels_of(len(tree))
    parts = []
    for index, reading in enumerate(tree.readings):
        if reading.commitment not in keys:
            raise BundleError(f"meter {reading.commitment:#066x} is not registered here: register it first")
        shared = _shared(keys[reading.commitment], secret)
        if shared is None:
            raise BundleError(f"the encryption key of meter {reading.commitment:#066x} is none: register it anew")
        parts.append(_tag(shared) + crypto_box_afternm(_part(tree, index, levels), NONCE, shared))
        if progress and (index + 1 == len(tree) or index % LONGEST_STEP == 0):
            progress(index + 1, len(tree))
    public = crypto_scalarmult_base(secret)
    header = HEADER.pack(MAGIC, VERSION, levels, microgrid, tree.epoch, len(parts), public)
    return header + b"".join(sorted(parts))


@dataclass(frozen=True)
class Bundle:
    """A bundle that was fetched: which readings it is of, and its parts."""

    microgrid: int
    epoch: int
    levels: int
    count: int
    _public: bytes
    _parts: bytes

    @classmethod
    def parse(cls, data: bytes) -> Bundle:
        """The bundle of bytes from anybody. Raises BundleError."""
        try:
            magic, version, levels, microgrid, epoch, count, public = HEADER.unpack_from(data)
        except struct.error:
            raise BundleError("this is no bundle of readings: it is too short") from None
        if magic != MAGIC or version != VERSION:
            raise BundleError("this is no bundle of readings, or one of another version")
        bundle = cls(microgrid, epoch, levels, count, public, data[HEADER.size :])
        if levels > DEPTH or len(bundle._parts) != count * bundle._size:
            raise BundleError("the bundle of readings is damaged: its length is wrong")
        return bundle

    def open(self, commitment: int, key: bytes) -> tuple[Reading, ReadingPath] | None:
        """The reading and path of the meter with that commitment, by its private key; None if there is no part for it.

        Nothing is checked against the chain here. Raises BundleError for a part that isn't what it should be.
        """
        shared = _shared(self._public, key)
        found = None if shared is None else self._find(_tag(shared))
        if shared is None or found is None:
            return None
        try:
            return self._read(commitment, crypto_box_open_afternm(found, NONCE, shared))
        except CryptoError:
            raise BundleError("this meter's part of the bundle is damaged: ask the operator for the readings") from None

    @property
    def _size(self) -> int:
        return TAG_BYTES + AUTHENTICATOR_BYTES + LEAF.size + self.levels * LEVEL.size

    def _find(self, tag: bytes) -> bytes | None:
        """The box behind a tag, by halving: the parts stand in the order of tags."""
        low, high = 0, self.count
        while low < high:
            middle = (low + high) // 2
            if self._place(middle)[:TAG_BYTES] < tag:
                low = middle + 1
            else:
                high = middle
        part = self._place(low)
        return part[TAG_BYTES:] if part[:TAG_BYTES] == tag else None

    def _place(self, number: int) -> bytes:
        return self._parts[number * self._size : (number + 1) * self._size]

    def _read(self, commitment: int, part: bytes) -> tuple[Reading, ReadingPath]:
        index, exported, imported = LEAF.unpack_from(part)
        path = ReadingPath(index, [], [], [])
        for level in range(DEPTH):
            node, *sums = (empty_hash(level), 0, 0)
            if level < self.levels:
                word, *sums = LEVEL.unpack_from(part, LEAF.size + level * LEVEL.size)
                node = int.from_bytes(word, "big")
            path.hashes.append(node)
            path.exported.append(sums[0])
            path.imported.append(sums[1])
        return Reading(commitment, exported, imported), path


def _shared(public: bytes, private: bytes) -> bytes | None:
    try:
        return crypto_box_beforenm(public, private)
    except CryptoError:  # a point of small order: everybody would have the same secret
        return None


def _tag(shared: bytes) -> bytes:
    return blake2b(key=shared, person=b"openmg tag", digest_size=TAG_BYTES).digest()


def _part(tree: ReadingsTree, index: int, levels: int) -> bytes:
    reading, path = tree.readings[index], tree.path(index)
    steps = zip(path.hashes[:levels], path.exported, path.imported, strict=False)
    siblings = b"".join(LEVEL.pack(node.to_bytes(32, "big"), *sums) for node, *sums in steps)
    return LEAF.pack(index, reading.exported, reading.imported) + siblings
