"""A plasma chain, made up in Python, that has ended: who had what in its last final state, and what escapes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak

from offchain.plasma.escape import Call, Escapes, StateProofs, bridged_token, remote_account, root_slot, sign_escape
from offchain.plasma.records import to_address
from offchain.units import ETHER
from offchain.wallet.escape import note_context
from offchain.zk.field import MODULUS
from tests.conftest import failure
from tests.plasma.made_up import Account, State, entry
from tests.plasma.real import key_of
from tests.plasma.stage import CANCEL_PERIOD, CHANGE_PERIOD, ETH, Plasma

CONTRACTS = ("fa", "b0", "e1", "e2", "e3")
FACTORY, POOL, EXCHANGE, ENERGY, ENERGY_EXCHANGE = (to_address(f"0x{digits * 20}") for digits in CONTRACTS)
SUPPLY, LOCKED = 41 * 10**17 + 1, 1000
SHARES = {"holder": 3 * 10**18, "other": SUPPLY - 3 * 10**18 - LOCKED}
RESERVE_ETH, RESERVE_TOKENS = 7 * ETHER + 5, 9_000_000_007
ENERGY_ETH = 2 * ETHER
HELD_ETH, HELD_TOKENS = 60 * ETHER, 10**12
"""What the vault has."""
INSIDE_ETH, INSIDE_TOKENS = 20 * ETHER, 10**9
ROOT, OTHER_ROOT, TREE = 1234567, 7654321, 3
TRIE_ERROR, RLP_ERROR = "TrieProofTraversalError(uint8)", "RLPInvalidEncoding()"
"""What proofs of something else fail with."""
SPENT = 99
"""A nullifier that was spent."""

_numbers = count(1)


def number() -> int:
    """A field element that was never used before."""
    return int.from_bytes(keccak(text=f"escape {next(_numbers)}"), "big") % MODULUS


def proofs_of(state: State) -> StateProofs:
    """Proofs in a made-up state."""

    def fetch(address: str, slot: bytes | None) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
        nodes = () if slot is None else tuple(state.slot_proof(address, slot))
        return tuple(state.account_proof(address)), nodes

    return StateProofs(state.root, fetch)


def address(account: Any) -> str:
    """Of an account or a contract, or itself."""
    return str(getattr(account, "address", account))


@dataclass
class Halted:
    """The contracts, the token on the root chain, and what proves the last final state."""

    plasma: Plasma
    token: Any
    holder: LocalAccount
    remote: Any
    """Sends forced messages, on the root chain."""
    state: State

    @property
    def escape(self) -> Any:
        return self.plasma.escape

    @property
    def escapes(self) -> Escapes:
        return Escapes(proofs_of(self.state), FACTORY, POOL)

    @property
    def asset(self) -> str:
        return str(self.token.address)

    def call(self, call: Call, sender: Any = None) -> Any:
        """Makes a call of the escape's."""
        return getattr(self.escape, call.function)(*call.arguments, sender=sender or self.plasma.owner)

    def signed(self, call: Call, asset: str, source: str, recipient: Any, key: LocalAccount | None = None) -> Call:
        """A call with the holder's signature, or another's, of these terms."""
        domain = (self.plasma.provider.chain_id, self.escape.address)
        return call.signed(sign_escape(key or self.holder, *domain, asset, source, address(recipient)))

    def end(self) -> None:
        """Halts the chain, names its last final state and shows everything that escapes need."""
        self.plasma.halt()
        self.open()
        self.prove_all()

    def open(self) -> None:
        """Names the last final state."""
        self.escape.open(self.plasma.submissions[-1].abi(), sender=self.plasma.owner)

    def prove(self, *contracts: str) -> None:
        """Shows contracts."""
        for contract in contracts:
            self.call(self.escapes.prove_contract(contract))

    def prove_all(self) -> None:
        """Shows everything that escapes need."""
        self.prove(FACTORY, POOL, EXCHANGE, ENERGY_EXCHANGE, bridged_token(self.asset))
        for asset in (ETH, self.asset):
            self.call(self.escapes.prove_inside(asset))

    def claimable(self, owner: Any, asset: str = ETH) -> int:
        return int(self.plasma.vault.claimable(asset, owner))

    # Notes

    def note(self, recipient: Any, amount: int, asset: str = ETH, /, **changes: Any) -> tuple[Any, ...]:
        """The arguments of `escapeNote` with a proof that says nothing; `changes` bend its signals."""
        on_plasma = asset if asset == ETH else bridged_token(asset)
        domain = (self.plasma.provider.chain_id, self.escape.address)
        signals = {
            "first": number(),
            "second": number(),
            "commitments": [0, 0, 0],
            "root": ROOT,
            "tree": TREE,
            "public_asset": int(on_plasma, 16),
            "amount": amount,
            "context": note_context(*domain, asset, address(recipient)),
            **changes,
        }
        flat = [*[signals["first"], signals["second"]], *signals["commitments"]]
        flat += [signals[name] for name in ("root", "tree", "public_asset", "amount", "context")]
        nodes = self.state.slot_proof(POOL, root_slot(signals["root"], signals["tree"]))
        return ([0, 0], [[0, 0], [0, 0]], [0, 0]), flat, asset, address(recipient), nodes

    def start(self, arguments: tuple[Any, ...]) -> tuple[int, int]:
        """Starts a note's escape; returns its nullifiers."""
        self.escape.escapeNote(*arguments, sender=self.plasma.owner)
        return arguments[1][0], arguments[1][1]

    def wait_for_release(self) -> None:
        self.plasma.wait(CANCEL_PERIOD)

    def cancel(self, nullifiers: tuple[int, int], spent: int) -> Call:
        """Shows that a nullifier was spent."""
        return self.escapes.cancel(nullifiers, spent)


def made_halted(plasma: Plasma, token: Any, remote: Any) -> Halted:
    """A chain that has taken deposits of a token's owner and fallen silent; it is not halted yet. `remote` sends forced
    messages."""
    owner, holder, depositor, asset = plasma.owner, key_of("holder"), remote, str(token.address)
    plasma.escape.setPlatform(FACTORY, POOL, sender=owner)
    plasma.wait(CHANGE_PERIOD)
    plasma.vault.listToken(token, 10**13, sender=owner)
    plasma.deposit(depositor, HELD_ETH)
    plasma.deposit(depositor, HELD_TOKENS, asset=token)
    account = remote_account(remote.address)
    bridged, others = bridged_token(asset), key_of("other").address

    def shares(**of: int) -> dict[bytes, int]:
        names = {"holder": holder.address, "other": others, "remote": account}
        return {entry(names[name], 1): share for name, share in of.items()}

    put: Callable[[str, Account], None] = plasma.chain.put
    put(holder.address, Account(5 * ETHER))
    put(others, Account(0, nonce=1))
    put(account, Account(3 * ETHER, nonce=1))
    balances = {holder.address: 700, account: 30, EXCHANGE: RESERVE_TOKENS, POOL: INSIDE_TOKENS}
    put(bridged, Account(0, {entry(owner_, 0): balance for owner_, balance in balances.items()}, 1))
    put(FACTORY, Account(0, {entry(bridged, 3): int(EXCHANGE, 16), entry(ENERGY, 3): int(ENERGY_EXCHANGE, 16)}, 1))
    put(EXCHANGE, Account(RESERVE_ETH, {bytes(32): SUPPLY} | shares(**SHARES), 1))
    remote_share = {bytes(32): ENERGY_ETH} | shares(remote=ENERGY_ETH - LOCKED)
    put(ENERGY_EXCHANGE, Account(ENERGY_ETH, remote_share, 1))
    put(ENERGY, Account(0, {entry(ENERGY_EXCHANGE, 0): 500}, 1))
    pool = {
        root_slot(ROOT, TREE): 1,
        root_slot(OTHER_ROOT, TREE): 2,  # not what a flush leaves
        entry(SPENT, 1050): 1,
        entry(SPENT + 1, 1050): 1,
        entry(ETH, 1051): INSIDE_ETH,
        entry(bridged, 1051): INSIDE_TOKENS,
    }
    put(POOL, Account(INSIDE_ETH, pool, 1))
    plasma.seal_and_submit()
    plasma.finalise()
    return Halted(plasma, token, holder, remote, plasma.chain.head.state)


def reverts(halted: Halted, call: Call, *errors: str, sender: Any = None) -> None:
    """Checks that a call fails with an error of one of these signatures, whatever it carries."""
    data = bytes(getattr(halted.escape, call.function).encode_input(*call.arguments))
    answer = failure(halted.plasma, halted.escape.address, data, sender or halted.plasma.owner, 0, None)
    assert answer[:4] in {keccak(text=error)[:4] for error in errors}, answer.hex()
