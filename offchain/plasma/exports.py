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
import os
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from eth_utils.crypto import keccak

from offchain.errors import UserError
from offchain.node import Node, NodeError
from offchain.plasma.checkpoint import Checkpoint
from offchain.plasma.contents import ChainContents
from offchain.plasma.engine import STATES_KEPT
from offchain.plasma.escape import (
    EXCHANGE_ACCOUNTS,
    EXCHANGE_SUPPLY,
    FACTORY_EXCHANGES,
    POOL_INSIDE,
    POOL_NULLIFIERS,
    TOKEN_BALANCES,
    Answer,
    StateProofs,
    bridged_token,
    entry,
    root_slot,
)
from offchain.plasma.messages import BRIDGE
from offchain.plasma.records import RecordError, to_address, to_bytes, to_hex
from offchain.plasma.tries import ProofError, account_at, check_absent
from offchain.wallet.note import ETH

SLOTS_AT_ONCE = 1_000
"""Slots of one request; go-ethereum answers up to 1,024."""
BLOCKS_AHEAD = 1_000
"""Blocks that a step reads while there is nothing to write."""
RETRY_SECONDS = 10.0

Platform = tuple[str, str]
"""Factory and pool on the plasma chain."""

log = logging.getLogger("openmg.plasma")


class ExportError(UserError):
    """Says in one line why a checkpoint's proofs can't be written, or read."""


def read_export(path: Path) -> StateProofs:
    """The proofs in a file. Raises ExportError if it can't be read; each proof is checked when it is asked for."""
    try:
        return StateProofs.from_json(json.loads(gzip.decompress(path.read_bytes())))
    except (OSError, EOFError, zlib.error, ValueError, RecordError) as error:
        raise ExportError(f"{path} can't be read: {error}") from error


def state_proofs(
    node: Node, contents: ChainContents, number: int, state_root: bytes, platform: Platform | None
) -> StateProofs:
    """All that can escape from the state after a block, proven. Raises ProofError if the node doesn't prove it,
    ContentsError, NodeError."""
    contents.follow(number)
    state = _State(node, number, state_root)
    for address in _by_key(contents.accounts - {BRIDGE}, lambda one: bytes.fromhex(one[2:])):
        state.take_funded(address)
    tokens = [bridged_token(asset) for asset in contents.assets]
    tokens = [token for token in tokens if state.take_contract(token)]
    exchanges: set[str] = set()
    if platform and state.take_contract(platform[0]):
        listed = contents.exchanges[platform[0]]
        listings = state.take_slots(platform[0], [entry(token, FACTORY_EXCHANGES) for token in listed])
        exchanges = {to_address(value.to_bytes(20, "big")) for value in listings.values()}
    for exchange in filter(state.take_contract, sorted(exchanges)):
        shares = [entry(holder, EXCHANGE_ACCOUNTS) for holder in contents.holders[exchange]]
        state.take_slots(exchange, [EXCHANGE_SUPPLY, *shares])
    for token in tokens:
        holders = contents.holders[token] | exchanges
        state.take_slots(token, [entry(holder, TOKEN_BALANCES) for holder in holders])
    if platform and state.take_contract(platform[1]):
        pool = platform[1]
        roots = [root_slot(root, tree) for tree, root in contents.newest_roots(pool, number).items()]
        inside = [entry(asset, POOL_INSIDE) for asset in (ETH, *tokens)]
        spent = [entry(nullifier, POOL_NULLIFIERS) for nullifier in contents.nullifiers[pool]]
        state.take_slots(pool, [*roots, *inside, *spent])
    return state.proofs


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
        self._node, self._platform, self._settled, self._clock = node, platform, settled, clock
        self._contents = ChainContents(node)
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
            proofs = state_proofs(self._node, self._contents, checkpoint.end, root, self._platform())
            content = json.dumps(proofs.to_json(), separators=(",", ":")).encode()
            size = _write(path, gzip.compress(content, mtime=0))
            seconds = self._clock() - start
            log.info("proofs of checkpoint %d written in %.1f s, %d bytes", checkpoint.epoch, seconds, size)

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


class _State:
    """The state after a block as a node proves it."""

    def __init__(self, node: Node, number: int, state_root: bytes) -> None:
        self.proofs = StateProofs(state_root, self._answer)
        self._node, self._number = node, number
        self._nodes: Answer = ((), ())

    def take_funded(self, address: str) -> None:
        """Keeps the proof of an account if it has ETH."""
        nodes, _ = self._ask(address, [])
        if self._exists(address, nodes) and account_at(self.proofs.state_root, address, nodes).balance:
            self.proofs.account(address)

    def take_contract(self, address: str) -> bool:
        """Keeps the proof of an account, if there is one."""
        nodes, _ = self._ask(address, [])
        if not self._exists(address, nodes):
            return False
        self.proofs.account(address)
        return True

    def take_slots(self, address: str, slots: Iterable[bytes]) -> dict[bytes, int]:
        """Keeps the proofs of a contract's slots that aren't zero; returns their values."""
        found: dict[bytes, int] = {}
        storage_root = self.proofs.account(address)[0].storage_root
        ordered = _by_key(set(slots), bytes)
        for start in range(0, len(ordered), SLOTS_AT_ONCE):
            part = ordered[start : start + SLOTS_AT_ONCE]
            account_nodes, answers = self._ask(address, part)
            for slot, (value, nodes) in zip(part, answers, strict=True):
                if value:
                    self._nodes = (account_nodes, nodes)
                    found[slot] = self.proofs.slot(address, slot)[0]
                else:
                    check_absent(storage_root, keccak(slot), nodes)
        return found

    def _exists(self, address: str, nodes: tuple[bytes, ...]) -> bool:
        try:
            account_at(self.proofs.state_root, address, nodes)
        except ProofError:
            check_absent(self.proofs.state_root, keccak(hexstr=address), nodes)
            return False
        self._nodes = (nodes, ())
        return True

    def _ask(self, address: str, slots: list[bytes]) -> tuple[tuple[bytes, ...], list[tuple[int, tuple[bytes, ...]]]]:
        answer: Any = self._node.call("eth_getProof", address, list(map(to_hex, slots)), hex(self._number))
        try:
            account = tuple(map(to_bytes, answer["accountProof"]))
            proven = [(int(one["value"], 16), tuple(map(to_bytes, one["proof"]))) for one in answer["storageProof"]]
        except (KeyError, TypeError, ValueError, RecordError) as error:
            raise ProofError(f"the node's proof of {address} is none ({type(error).__name__})") from error
        if len(proven) != len(slots):
            raise ProofError(f"the node proves {len(proven)} of {len(slots)} slots of {address}")
        return account, proven

    def _answer(self, address: str, slot: bytes | None) -> Answer:
        """What was asked for last."""
        return self._nodes


def _by_key(items: Iterable[Any], encoded: Callable[[Any], bytes]) -> list[Any]:
    """In the trie's order: neighbours share nodes, which compresses well."""
    return sorted(items, key=lambda one: keccak(encoded(one)))


def _state_root(path: Path) -> bytes | None:
    try:
        return read_export(path).state_root
    except ExportError:
        return None  # written anew


def _write(path: Path, content: bytes) -> int:
    """Writes a file so that a crash leaves the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name("draft")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return len(content)
