"""The way out of a plasma chain that has ended: what PlasmaEscape takes on the root chain (IPlasmaEscape.sol).

What is whose is proven against the last final state, with nodes of its tries. They come from a node of the plasma
chain, or from a file that was written while there was one: whoever keeps the file needs nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from offchain.artifacts import load
from offchain.errors import UserError
from offchain.node import Node, NodeError
from offchain.plasma.messages import BRIDGE
from offchain.plasma.records import RecordError, to_address, to_bytes, to_hex
from offchain.plasma.tries import Account, ProofError, account_at, slot_at
from offchain.wallet.note import ETH

TOKEN_BALANCES = 0
FACTORY_EXCHANGES = 3
EXCHANGE_SUPPLY = bytes(32)
EXCHANGE_ACCOUNTS = 1
POOL_ROOTS, POOL_NULLIFIERS, POOL_INSIDE = 1049, 1050, 1051
"""Slots of the contracts on the plasma chain, as PlasmaEscape has them."""

DOMAIN_NAME, DOMAIN_VERSION = "PlasmaEscape", "1"
ESCAPE_FIELDS = ("asset", "source", "holder", "recipient")

Nodes = tuple[bytes, ...]
Answer = tuple[Nodes, Nodes]
"""The nodes of an account, and of a slot of it."""
Fetch = Callable[[str, bytes | None], Answer]


class EscapeError(UserError):
    """Says in one line why something can't escape."""


def entry(key: int | str, mapping: int | bytes) -> bytes:
    """The slot of a mapping's value; keys are numbers or addresses."""
    number = int(key, 16) if isinstance(key, str) else key
    slot = mapping.to_bytes(32, "big") if isinstance(mapping, int) else mapping
    return keccak(number.to_bytes(32, "big") + slot)


def root_slot(root: int, tree: int) -> bytes:
    """The pool's slot that says that a tree had a root."""
    return entry(root, entry(tree, POOL_ROOTS))


def bridged_token(asset: str) -> str:
    """The token that stands on the plasma chain for one of the root chain (`PlasmaEscape.bridgedToken`)."""
    return _made_by_bridge("BridgedToken", asset)


def remote_account(sender: str) -> str:
    """The account on the plasma chain of who sends forced messages (`PlasmaEscape.remoteAccount`)."""
    return _made_by_bridge("RemoteAccount", sender)


def _made_by_bridge(contract: str, salt: str) -> str:
    """An address after EIP-1014."""
    salted = bytes.fromhex(BRIDGE[2:]) + bytes.fromhex(salt[2:]).rjust(32, b"\0")
    return to_checksum_address(keccak(b"\xff" + salted + keccak(load(contract).creation))[12:])


def sign_escape(account: LocalAccount, chain_id: int, contract: str, asset: str, source: str, recipient: str) -> bytes:
    """A holder's signature; chain and contract are the root chain's, `source` is the holder for its own balances, else
    the exchange."""
    domain = {
        "name": DOMAIN_NAME,
        "version": DOMAIN_VERSION,
        "chainId": chain_id,
        "verifyingContract": contract,
    }
    types = {"Escape": [{"name": name, "type": "address"} for name in ESCAPE_FIELDS]}
    message = dict(zip(ESCAPE_FIELDS, (asset, source, account.address, recipient), strict=True))
    return bytes(account.sign_message(encode_typed_data(domain, types, message)).signature)


class StateProofs:
    """Proofs of accounts and slots in one state. What was asked for is kept, and can be written to a file."""

    def __init__(self, state_root: bytes, fetch: Fetch | None = None) -> None:
        """`fetch` gets the nodes of an account and, unless it is None, of a slot; without it there are only those of
        the file."""
        self.state_root, self._fetch = state_root, fetch
        self._accounts: dict[str, Nodes] = {}
        self._slots: dict[tuple[str, bytes], Nodes] = {}

    @classmethod
    def of_node(cls, node: Node, number: int, state_root: bytes) -> StateProofs:
        """Of a node of the plasma chain; the state after block `number` is the last final checkpoint's."""

        def fetch(address: str, slot: bytes | None) -> Answer:
            slots = [] if slot is None else [to_hex(slot)]
            try:
                answer = node.call("eth_getProof", address, slots, hex(number))
                proven = answer["storageProof"][0]["proof"] if slots else []
                return tuple(map(to_bytes, answer["accountProof"])), tuple(map(to_bytes, proven))
            except (NodeError, RecordError) as error:
                raise ProofError(f"the state after block {number} can't be proven: {error}") from error

        return cls(state_root, fetch)

    def account(self, address: str) -> tuple[Account, Nodes]:
        """An account and its proof. Raises ProofError if it isn't there."""
        address = to_address(address)
        nodes = self._accounts.get(address) or self._ask(address, None)[0]
        found = account_at(self.state_root, address, nodes)
        self._accounts[address] = nodes
        return found, nodes

    def slot(self, address: str, slot: bytes) -> tuple[int, Nodes]:
        """The value of a slot, which is not zero, and its proof. Raises ProofError if it is zero."""
        address = to_address(address)
        account, _ = self.account(address)
        nodes = self._slots.get((address, slot)) or self._ask(address, slot)[1]
        value = slot_at(account.storage_root, slot, nodes)
        self._slots[address, slot] = nodes
        return value, nodes

    def account_nodes(self) -> Iterable[Nodes]:
        """The proofs of accounts that are there."""
        return self._accounts.values()

    def to_json(self) -> dict[str, Any]:
        """All that was asked for, for `json.dumps`."""
        accounts: dict[str, Any] = {
            address: {"nodes": [to_hex(node) for node in nodes], "slots": {}}
            for address, nodes in self._accounts.items()
        }
        for (address, slot), nodes in self._slots.items():
            accounts[address]["slots"][to_hex(slot)] = [to_hex(node) for node in nodes]
        return {"stateRoot": to_hex(self.state_root), "accounts": accounts}

    @classmethod
    def from_json(cls, data: Any) -> StateProofs:
        """What `to_json` wrote. Raises RecordError if it isn't that; each proof is checked when it is asked for."""
        try:
            state = cls(to_bytes(data["stateRoot"], 32))
            for address, known in data["accounts"].items():
                state._accounts[to_address(address)] = tuple(map(to_bytes, known["nodes"]))
                for slot, nodes in known["slots"].items():
                    state._slots[to_address(address), to_bytes(slot, 32)] = tuple(map(to_bytes, nodes))
        except (KeyError, TypeError, AttributeError) as error:
            raise RecordError("this is no file of proofs of a state") from error
        return state

    def _ask(self, address: str, slot: bytes | None) -> Answer:
        if self._fetch is None:
            what = address if slot is None else f"slot {to_hex(slot)} of {address}"
            raise ProofError(f"the file has no proof of {what}")
        return self._fetch(address, slot)


@dataclass(frozen=True)
class Call:
    """A call of PlasmaEscape; `amount` is what it pays if the vault has it, in base units."""

    function: str
    arguments: tuple[Any, ...]
    amount: int = 0

    def signed(self, signature: bytes) -> Call:
        """The same with its holder's signature. The owner of a remote account needs none."""
        return Call(self.function, (*self.arguments[:-1], signature), self.amount)


class Escapes:
    """Builds the calls of PlasmaEscape from a state; `factory` and `pool` are the platform's on the plasma chain."""

    def __init__(self, state: StateProofs, factory: str, pool: str) -> None:
        self._state, self._factory, self._pool = state, factory, pool

    def prove_contract(self, address: str) -> Call:
        """Shows a contract, once for all: the tokens', the factory, the exchanges, the pool."""
        _, nodes = self._state.account(address)
        return Call("proveContract", (address, list(nodes)))

    def prove_inside(self, asset: str) -> Call:
        """Shows how much of an asset of the root chain the pool held, once for all."""
        inside, nodes = self._holding(self._pool, entry(_on_plasma(asset), POOL_INSIDE), "the pool", asset)
        return Call("proveInside", (asset, list(nodes)), inside)

    def eth(self, holder: str, recipient: str, signature: bytes = b"") -> Call:
        """An account's ETH. Raises EscapeError if it has none."""
        try:
            account, nodes = self._state.account(holder)
        except ProofError as error:
            raise EscapeError(f"{holder} is not shown to be in the last final state: {error}") from error
        if not account.balance:
            raise EscapeError(f"{holder} has no ETH in the last final state")
        return Call("escapeEth", (holder, recipient, list(nodes), signature), account.balance)

    def token(self, asset: str, holder: str, recipient: str, signature: bytes = b"") -> Call:
        """An account's tokens. Raises EscapeError if it has none."""
        balance, nodes = self._holding(bridged_token(asset), entry(holder, TOKEN_BALANCES), holder, asset)
        return Call("escapeToken", (asset, holder, recipient, list(nodes), signature), balance)

    def liquidity(self, asset: str, token: str, holder: str, recipient: str, signature: bytes = b"") -> Call:
        """What a share of the exchange of a token of the plasma chain is worth: its ETH, or its token if that is
        `asset`'s. Raises EscapeError if the holder has no share, or another token is asked for."""
        if asset != ETH and bridged_token(asset) != token:
            raise EscapeError(f"{token} doesn't stand for {asset}")
        exchange, listing = self.exchange(token)
        share, share_nodes = self._holding(exchange, entry(holder, EXCHANGE_ACCOUNTS), holder, "liquidity")
        supply, supply_nodes = self._state.slot(exchange, EXCHANGE_SUPPLY)
        reserve_nodes: Nodes = ()
        if asset == ETH:
            reserve = self._state.account(exchange)[0].balance
        else:
            reserve, reserve_nodes = self._state.slot(token, entry(exchange, TOKEN_BALANCES))
        proofs = (listing, supply_nodes, share_nodes, reserve_nodes)
        shown = (token, *map(list, proofs))
        return Call("escapeLiquidity", (asset, holder, recipient, shown, signature), share * reserve // supply)

    def exchange(self, token: str) -> tuple[str, Nodes]:
        """The exchange of a token of the plasma chain, and the proof that the factory made it. Raises EscapeError if
        there is none."""
        listed, nodes = self._holding(self._factory, entry(token, FACTORY_EXCHANGES), "the factory", f"for {token}")
        return to_checksum_address(listed.to_bytes(20, "big")), nodes

    def note_root(self, root: int, tree: int) -> Nodes:
        """The proof that a note tree had a root, for `escapeNote`. Raises EscapeError if it hadn't."""
        return self._holding(self._pool, root_slot(root, tree), "the pool", f"root {root}")[1]

    def cancel(self, nullifiers: Sequence[int], spent: int) -> Call:
        """Shows that a note of a waiting escape was spent. Raises EscapeError if it wasn't."""
        _, nodes = self._holding(self._pool, entry(spent, POOL_NULLIFIERS), "the pool", f"nullifier {spent}")
        return Call("cancelNote", (*nullifiers, spent, list(nodes)))

    def _holding(self, contract: str, slot: bytes, who: str, what: str) -> tuple[int, Nodes]:
        try:
            return self._state.slot(contract, slot)
        except ProofError as error:
            raise EscapeError(f"{who} has nothing of {what} in the last final state: {error}") from error


def _on_plasma(asset: str) -> str:
    return asset if asset == ETH else bridged_token(asset)
