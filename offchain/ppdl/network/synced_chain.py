"""The registry's model chain in a folder of one's own, with everything that the store has of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from eth_utils.crypto import keccak

from offchain.errors import UserError
from offchain.ppdl.aggregation.lanes import CHUNK_BYTES, Signed, chunk_tree, from_bytes, to_chunks, to_lanes
from offchain.ppdl.aggregation.messages import Header
from offchain.ppdl.aggregation.unmasking import UnmaskError
from offchain.ppdl.model_chain.blobs import write
from offchain.ppdl.model_chain.block import Block
from offchain.ppdl.model_chain.chain import About, ModelChain
from offchain.ppdl.model_chain.evidence import Evidence
from offchain.ppdl.model_chain.task import Task
from offchain.ppdl.network.board import Board, BoardError
from offchain.ppdl.network.kept import Kept
from offchain.ppdl.network.outcome import Outcome, initial_state, update_chunks
from offchain.ppdl.network.publication import Kind
from offchain.ppdl.network.registry import Registry
from offchain.ppdl.network.store import Store
from offchain.signature import SIGNATURE_LENGTH, SignatureError


class SyncError(UserError):
    """Says in one line what is missing of a model chain."""


class SyncedChain:
    """Follows a registry, with what the store shows and what a participant kept of rounds. Raises SyncError if the
    store lacks what its genesis names, or the folder holds another chain."""

    def __init__(self, registry: Registry, store: Store, folder: Path, kept: Kept | None = None) -> None:
        self._registry = registry
        self._store = store
        self._kept = kept
        if not (folder / "chain.json").exists():
            self._begin(folder, registry.genesis())
        self.chain = ModelChain(folder)
        genesis = self.chain.block(0).header
        if self.chain.domain != registry.domain or genesis.hash != registry.header_hash(0):
            raise SyncError(f"{folder} holds the model chain of another registry: give another folder")

    def update(self) -> Block:
        """Adds the headers that are new on the chain; returns the newest block. Raises SyncError if a model isn't in
        the store, or the chain has another header than was kept."""
        newest = self.chain.block(self.chain.height)
        head = self._registry.head()
        if newest.header.number > head or newest.header.hash != self._registry.header_hash(newest.header.number):
            raise SyncError(
                f"the registry has another header {newest.header.number} than {self.chain.folder}: remove that folder"
            )
        if newest.header.number < head:
            for header in self._registry.headers_after(newest.header):
                self._append(header)
        return self.chain.block(self.chain.height)

    def _append(self, header: Header) -> None:
        before = self.chain.block(self.chain.height)
        old = self.chain.state(before)
        round_ = self._registry.past_round(header.round, before.header)
        board = Board(round_, self._store, self._registry.domain, update_chunks(self.chain.task), self._kept)
        try:
            evidence = board.evidence()
        except (BoardError, UnmaskError):
            evidence = None
        state = old if not header.accepted else self._state(header, old, board, evidence)
        uploads = board.alive_uploads() if evidence else {}
        name = keccak(evidence.to_bytes()) if evidence else None
        self.chain.append(Block(header, self._votes(header, evidence), name), state, uploads, evidence)

    def _state(self, header: Header, old: Signed, board: Board, evidence: Evidence | None) -> Signed:
        """The model of an accepted header: computed if all is there, else as somebody published it."""
        candidates = []
        if evidence is not None:
            candidates.append(Outcome.of(old, evidence, board.alive_uploads()).state)
        for publication in self._store.publications(header.round, Kind.MODEL):
            if len(publication.content) == CHUNK_BYTES * len(to_chunks(old)):
                candidates.append(to_lanes(from_bytes(publication.content), len(old)))
        for state in candidates:
            if chunk_tree(to_chunks(state)).root == header.weights_root:
                return state
        raise SyncError(f"the model of header {header.number} is not in the store")

    def _votes(self, header: Header, evidence: Evidence | None) -> Mapping[int, bytes]:
        return {} if evidence is None else votes(header, evidence, self._store, self._registry)

    def _begin(self, folder: Path, genesis: Header) -> None:
        task = task_of(self._store, genesis.testset_hash)
        state = initial_state(task)
        if chunk_tree(to_chunks(state)).root != genesis.weights_root:
            raise SyncError("the model before all training isn't the one that the task gives")
        domain = self._registry.domain
        about = About(domain.chain_id, domain.contract, self._registry.rules.tolerance, task.hash.hex(), {})
        ModelChain.begin(folder, about, Block(genesis, {}, None), state, task)


def task_of(store: Store, name: bytes) -> Task:
    """The task with a hash. Raises SyncError if it isn't in the store."""
    for publication in store.publications(0, Kind.TASK):
        if publication.hash == name:
            return Task.from_bytes(publication.content)
    raise SyncError(f"the task 0x{name.hex()} that the genesis names is not in the store")


def keep_task(folder: Path, task: Task) -> None:
    """Keeps a task for the store. Raises BlobError."""
    write(folder / "tasks" / task.hash.hex(), task.to_bytes())


def task_file(folder: Path, name: bytes) -> bytes | None:
    """A task that was deployed from here, None if it wasn't."""
    path = folder / "tasks" / name.hex()
    return path.read_bytes() if path.exists() else None


def votes(header: Header, evidence: Evidence, store: Store, registry: Registry) -> dict[int, bytes]:
    """The committee's signatures of a header, by seat."""
    found = {}
    seats = evidence.committee()
    for publication in store.publications(header.round, Kind.VOTE):
        seat, signature = publication.content[0], publication.content[1:]
        if seat >= len(seats) or len(signature) != SIGNATURE_LENGTH:
            continue
        try:
            signer = registry.domain.signer(header, signature)
        except SignatureError:
            continue
        if signer == seats[seat]:
            found[seat] = signature
    return found
