"""Proves all that can escape from a state: which accounts and slots of it, and that what is left out is zero."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from eth_utils.crypto import keccak

from offchain.node import Node
from offchain.plasma.contents import ChainContents
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
from offchain.plasma.tries import ProofError, account_at, check_absent, known_path
from offchain.wallet.note import ETH

SLOTS_AT_ONCE = 1_000
"""Slots of one request; go-ethereum answers up to 1,024."""

Platform = tuple[str, str]
"""Factory and pool on the plasma chain."""


def state_proofs(
    node: Node,
    contents: ChainContents,
    number: int,
    state_root: bytes,
    platform: Platform | None,
    known: dict[bytes, bytes] | None = None,
) -> StateProofs:
    """All that can escape from the state after a block, proven. `known` are nodes of accounts' proofs by their hashes,
    as an earlier call left them; this one leaves those that it used. Raises ProofError if the node doesn't prove it,
    ContentsError, NodeError."""
    contents.follow(number)
    known = {} if known is None else known
    state = _State(node, number, state_root, known)
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
    known.clear()
    known.update(state.used)
    return state.proofs


class _State:
    """The state after a block as a node proves it."""

    def __init__(self, node: Node, number: int, state_root: bytes, known: dict[bytes, bytes]) -> None:
        self.proofs = StateProofs(state_root, self._answer)
        self.used: dict[bytes, bytes] = {}
        self._node, self._number, self._known = node, number, known
        self._nodes: Answer = ((), ())

    def take_funded(self, address: str) -> None:
        """Keeps the proof of an account if it has ETH."""
        nodes = self._account_nodes(address)
        if self._exists(address, nodes) and account_at(self.proofs.state_root, address, nodes).balance:
            self.proofs.account(address)

    def take_contract(self, address: str) -> bool:
        """Keeps the proof of an account, if there is one."""
        if not self._exists(address, self._account_nodes(address)):
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

    def _account_nodes(self, address: str) -> tuple[bytes, ...]:
        """Those that are known already, or the node's answer, for which it may build its trie anew: what hasn't
        changed since the last checkpoint is not asked for."""
        nodes = known_path(self.proofs.state_root, keccak(hexstr=address), self._known)
        if nodes is None:
            nodes, _ = self._ask(address, [])
        by_hash = {keccak(node): node for node in nodes}
        self._known |= by_hash
        self.used |= by_hash
        return nodes

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
