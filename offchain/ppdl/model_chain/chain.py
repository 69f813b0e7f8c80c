"""A model chain in a folder: `chain.json` says what it is of, `blocks/` has a file a block, `blobs/` what they name.

A block's file is written last: after a crash the chain is as it was before that block.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from offchain.errors import UserError
from offchain.ppdl.aggregation.lanes import Lanes, Signed, to_chunks, to_lanes
from offchain.ppdl.aggregation.messages import Domain
from offchain.ppdl.model_chain.blobs import Blobs, write
from offchain.ppdl.model_chain.block import Block, BlockError
from offchain.ppdl.model_chain.evidence import Evidence
from offchain.ppdl.model_chain.robust_evidence import AnyEvidence, evidence_of
from offchain.ppdl.model_chain.task import Task

ABOUT = "chain.json"
DIGITS = 6


class ChainError(UserError):
    """Says in one line why a model chain can't be used."""


class About(msgspec.Struct, forbid_unknown_fields=True):
    """What a chain is of: where its signatures count, by how many thousandths the loss may rise in a round, the task's
    hash in hex, and whose readings it is trained with (`plan`, the trainer's matter)."""

    chain_id: int
    contract: str
    tolerance: int
    task: str
    plan: dict[str, Any]


class ModelChain:
    """The blocks of a folder. Raises ChainError if there is no chain in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.blobs = Blobs(folder / "blobs")
        try:
            self.about = msgspec.json.decode((folder / ABOUT).read_bytes(), type=About)
        except OSError as error:
            raise ChainError(f"there is no model chain in {folder}: `openmg ppdl train` begins one") from error
        except (msgspec.DecodeError, ValueError) as error:
            raise ChainError(f"{folder / ABOUT} is damaged: {error}") from error

    @classmethod
    def begin(cls, folder: Path, about: About, genesis: Block, state: Signed, task: Task) -> ModelChain:
        """A new chain with the model before all training, shape (weights,). Raises ChainError if the folder holds
        one."""
        if (folder / ABOUT).exists():
            raise ChainError(f"{folder} holds a model chain already")
        blobs = Blobs(folder / "blobs")
        blobs.put_chunks(to_chunks(state))
        blobs.put(task.to_bytes())
        write(folder / "blocks" / _name(0), genesis.to_json())
        write(folder / ABOUT, msgspec.json.format(msgspec.json.encode(about)) + b"\n")
        return cls(folder)

    @property
    def domain(self) -> Domain:
        """Where the chain's signatures count."""
        return Domain(self.about.chain_id, self.about.contract)

    @cached_property
    def task(self) -> Task:
        """What is learned. Raises BlobError or TaskError."""
        return Task.from_bytes(self.blobs.get(bytes.fromhex(self.about.task)))

    @property
    def height(self) -> int:
        """The number of the last block."""
        number = 0
        while self._path(number + 1).exists():
            number += 1
        return number

    def block(self, number: int) -> Block:
        """Raises ChainError if there is no such block, or its file is damaged."""
        try:
            return Block.from_json(self._path(number).read_bytes())
        except OSError as error:
            raise ChainError(f"there is no block {number} in {self.folder}") from error
        except BlockError as error:
            raise ChainError(f"{self._path(number)} is damaged: {error}") from error

    def blocks(self) -> Iterator[Block]:
        """From the genesis on."""
        for number in range(self.height + 1):
            yield self.block(number)

    def state(self, block: Block) -> Signed:
        """The model of a block, shape (weights,). Raises BlobError if it isn't there, ChainError if it is no model of
        this chain."""
        weights = self.task.model.weights
        chunks = self.blobs.chunks(block.header.weights_root)
        lanes = to_lanes(chunks, chunks.size)
        if chunks.size - weights not in range(chunks.shape[1]) or np.any(lanes[weights:]):
            raise ChainError(f"block {block.header.number} holds no model of {weights} weights")
        return lanes[:weights]

    def evidence(self, block: Block) -> Evidence:
        """How a block came about by one secure sum. Raises BlobError or EvidenceError if that can't be told."""
        return Evidence.from_bytes(self._evidence(block))

    def any_evidence(self, block: Block) -> AnyEvidence:
        """How a block came about. Raises BlobError or EvidenceError if that can't be told."""
        return evidence_of(self._evidence(block))

    def append(self, block: Block, state: Signed, uploads: Mapping[int, Lanes], evidence: AnyEvidence | None) -> None:
        """Adds the next block with its model and all that its round leaves behind, if that is known. Raises ChainError
        if it is not the next one."""
        if block.header.number != self.height + 1:
            raise ChainError(f"block {block.header.number} doesn't follow block {self.height}")
        self.blobs.put_chunks(to_chunks(state))
        for upload in uploads.values():
            self.blobs.put_chunks(upload)
        if evidence is not None:
            self.blobs.put(evidence.to_bytes())
        write(self._path(block.header.number), block.to_json())

    def _evidence(self, block: Block) -> bytes:
        if block.evidence is None:
            raise ChainError(f"block {block.header.number} says nothing of its round")
        return self.blobs.get(block.evidence)

    def _path(self, number: int) -> Path:
        return self.folder / "blocks" / _name(number)


def _name(number: int) -> str:
    return f"{number:0{DIGITS}}.json"
