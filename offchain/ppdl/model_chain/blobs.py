"""Content-addressed files: what has a hash is found by it, and is checked against it whenever it is read."""

from __future__ import annotations

from pathlib import Path

from eth_utils.crypto import keccak

from offchain import durable_file
from offchain.errors import UserError
from offchain.ppdl.aggregation.lanes import LaneError, Lanes, chunk_tree, from_bytes, to_bytes


class BlobError(UserError):
    """Says in one line why content can't be had or kept."""


class Blobs:
    """A folder of chunks by the root of the tree over them, and of other documents by their keccak hash."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put_chunks(self, chunks: Lanes) -> bytes:
        """Keeps chunks, shape (chunks, 64); returns their root, once they are on the disk. Raises BlobError."""
        root = chunk_tree(chunks).root
        write(self._path(root), to_bytes(chunks))
        return root

    def chunks(self, root: bytes) -> Lanes:
        """The chunks with this root. Raises BlobError if they aren't there or are others."""
        try:
            found = from_bytes(self._read(root))
        except LaneError as error:
            raise BlobError(f"{self._path(root)} holds no chunks: {error}") from error
        if chunk_tree(found).root != root:
            raise BlobError(f"{self._path(root)} doesn't hold what its name says")
        return found

    def put(self, content: bytes) -> bytes:
        """Keeps a document; returns its hash, once it is on the disk. Raises BlobError."""
        name = keccak(content)
        write(self._path(name), content)
        return name

    def get(self, name: bytes) -> bytes:
        """The document with this hash. Raises BlobError if it isn't there or is another."""
        content = self._read(name)
        if keccak(content) != name:
            raise BlobError(f"{self._path(name)} doesn't hold what its name says")
        return content

    def _path(self, name: bytes) -> Path:
        return self.folder / name.hex()

    def _read(self, name: bytes) -> bytes:
        try:
            return self._path(name).read_bytes()
        except OSError as error:
            raise BlobError(f"{self._path(name)} can't be read: {error.strerror}") from error


def write(path: Path, content: bytes) -> None:
    """Writes a file as a whole or not at all; it is on the disk when this returns. Raises BlobError."""
    try:
        durable_file.replace(path, content, private=True)
    except OSError as error:
        raise BlobError(f"{path} can't be written: {error.strerror}") from error
