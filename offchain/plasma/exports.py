"""Proofs that people need once the chain has ended, written while there is a node that has the state.

An engine keeps the states of its last blocks for minutes; what is final is days old. So the proofs of a checkpoint's
last state are written when it is signed, `escape/<epoch>.json.gz` in the node's folder: what `StateProofs.to_json`
writes, compressed, enough for every call of PlasmaEscape. Everything is verified before it is written, zeros as well:
a file with something left out is no file.
"""

from __future__ import annotations

import gzip
import json
import logging
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable
from pathlib import Path

from eth_utils.crypto import keccak

from offchain import durable_file
from offchain.errors import UserError
from offchain.node import Node, NodeError
from offchain.plasma.checkpoint import Checkpoint
from offchain.plasma.contents import ChainContents
from offchain.plasma.engine import STATES_KEPT
from offchain.plasma.escape import StateProofs
from offchain.plasma.records import RecordError
from offchain.plasma.state_export import Platform, state_proofs

BLOCKS_AHEAD = 1_000
"""Blocks that a step reads while there is nothing to write."""
RETRY_SECONDS = 10.0

log = logging.getLogger("openmg.plasma")


class ExportError(UserError):
    """Says in one line why a checkpoint's proofs can't be written, or read."""


def read_export(path: Path) -> StateProofs:
    """The proofs in a file. Raises ExportError if it can't be read; each proof is checked when it is asked for."""
    try:
        return StateProofs.from_json(json.loads(gzip.decompress(path.read_bytes())))
    except (OSError, EOFError, zlib.error, ValueError, RecordError) as error:
        raise ExportError(f"{path} can't be read: {error}") from error


class Exporter:
    """Writes the proofs of the checkpoints that it is told of. `platform` tells factory and pool if they are known,
    `settled` the newest epoch whose finality stays: older files are deleted. One thread takes the steps."""

    def __init__(
        self,
        folder: Path,
        node: Node,
        platform: Callable[[], Platform | None],
        settled: Callable[[int], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder = folder
        durable_file.clear(folder)
        self._node, self._platform, self._settled, self._clock = node, platform, settled, clock
        self._contents = ChainContents(node)
        self._known: dict[bytes, bytes] | None = None
        self._wanted: deque[Checkpoint] = deque()
        self._newest: tuple[int, bytes] | None = None
        self._lock = threading.Lock()
        self._due = 0.0

    def want(self, checkpoint: Checkpoint) -> None:
        """Notes that a checkpoint was signed; for any thread, returns at once, never fails. One that was just noted
        is noted once."""
        with self._lock:
            named = (checkpoint.epoch, checkpoint.last_state_root)
            if self._newest != named:
                self._newest = named
                self._wanted.append(checkpoint)

    def step(self) -> int | None:
        """Writes the file of the oldest checkpoint that waits; returns its epoch. Raises ExportError if it can't be
        written; a later step tries again, as long as the state is there."""
        if self._clock() < self._due:
            return None
        try:
            if not self._wanted:
                self._contents.follow(min(self._node.height(), self._contents.read + BLOCKS_AHEAD))
                return None
            self._export(self._wanted[0])
        except Exception as error:  # a node without exports is better than none
            self._due = self._clock() + RETRY_SECONDS
            self._give_up()
            what = str(error) if isinstance(error, UserError | OSError) else f"{type(error).__name__}: {error}"
            raise ExportError(f"proofs for escapes can't be written: {what}") from error
        epoch = self._wanted.popleft().epoch
        try:
            self._delete_old()
        except Exception as error:  # they are deleted another time
            raise ExportError(f"old proofs for escapes can't be deleted: {error}") from error
        return epoch

    def path(self, epoch: int) -> Path:
        """The file of an epoch."""
        return self.folder / f"{epoch:08}.json.gz"

    def _export(self, checkpoint: Checkpoint) -> None:
        path, root = self.path(checkpoint.epoch), checkpoint.last_state_root
        if not (path.exists() and _state_root(path) == root):
            start = self._clock()
            if self._known is None:
                self._known = self._newest_nodes()
            end, platform, known = checkpoint.end, self._platform(), self._known
            proofs = state_proofs(self._node, self._contents, end, root, platform, known)
            content = json.dumps(proofs.to_json(), separators=(",", ":")).encode()
            packed = gzip.compress(content, mtime=0)
            durable_file.replace(path, packed)
            seconds = self._clock() - start
            log.info("proofs of checkpoint %d written in %.1f s, %d bytes", checkpoint.epoch, seconds, len(packed))

    def _newest_nodes(self) -> dict[bytes, bytes]:
        """Those of the newest file that can be read, if there is one."""
        for path in sorted(self.folder.glob("[0-9]*.json.gz"), reverse=True):
            try:
                return _by_hash(read_export(path))
            except ExportError as error:
                log.warning("%s", error)
        return {}

    def _delete_old(self) -> None:
        kept = sorted(int(path.name[:8]) for path in self.folder.glob("[0-9]*.json.gz"))
        if len(kept) > 1:
            settled = self._settled(kept[0])
            for epoch in kept:
                if epoch < settled:
                    self.path(epoch).unlink()

    def _give_up(self) -> None:
        """Forgets checkpoints whose state the engine has forgotten."""
        try:
            oldest = self._node.height() - STATES_KEPT
        except NodeError:
            return
        while self._wanted and self._wanted[0].end < oldest:
            log.error("checkpoint %d has no proofs for escapes: its state is gone", self._wanted.popleft().epoch)


def _by_hash(proofs: StateProofs) -> dict[bytes, bytes]:
    """The nodes of the accounts' proofs."""
    return {keccak(node): node for nodes in proofs.account_nodes() for node in nodes}


def _state_root(path: Path) -> bytes | None:
    try:
        return read_export(path).state_root
    except ExportError:
        return None  # written anew
