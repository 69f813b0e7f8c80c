"""An account leaves a plasma chain that has ended: what it had in the last final state is shown, sent for, and paid.

All of it can be interrupted anywhere: what the root chain has is not sent again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property

from eth_account.signers.local import LocalAccount

from offchain.plasma.checkpoint import Submission
from offchain.plasma.escape import Call, EscapeError, Escapes, StateProofs, bridged_token, remote_account, sign_escape
from offchain.plasma.events import AccountEscaped, ContractProven
from offchain.plasma.records import to_bytes
from offchain.plasma.root_chain import RootChain
from offchain.sender import Sender, TransactionError
from offchain.wallet.note import ETH


@dataclass(frozen=True)
class Holding:
    """What an account had of an asset of the root chain, in itself or, as a share, in an exchange (`source`); base
    units, and those of them that escaped. `call` lacks the signature; it needs that `contracts` are shown."""

    holder: str
    source: str
    asset: str
    amount: int
    paid: int
    call: Call
    contracts: tuple[str, ...]

    @property
    def left(self) -> int:
        """Base units that didn't escape yet."""
        return self.amount - self.paid


def last_final(root: RootChain) -> Submission:
    """The checkpoint whose last state counts. Raises EscapeError unless the chain has halted with one."""
    if root.state() != "halted":
        raise EscapeError("the plasma chain has not halted: escapes begin after `openmg plasma halt`")
    final = root.last_final()
    if final is None:
        raise EscapeError("no checkpoint was final at the halt: nothing escapes, `openmg plasma refund` gives deposits")
    return final


def opens_at(root: RootChain) -> int | None:
    """When escapes can begin, in Unix seconds, since no proof of a fault counts any more; None if they can."""
    first = int(root.node.ask(root.root.functions.settledAt())) + 1
    return None if root.node.time() > first else first


def open_escape(root: RootChain, sender: Sender, final: Submission) -> bool:
    """Names the last final state, once for all; returns whether that was done now. Raises TransactionError."""
    calls = root.escape.functions

    def is_open() -> bool:
        return int.from_bytes(root.node.ask(calls.stateRoot()), "big") != 0

    if is_open():
        return False
    try:
        sender.transact(calls.open(final.abi()))
    except TransactionError:  # somebody was quicker, or it is a real refusal
        if not is_open():
            raise
        return False
    return True


def show_contracts(root: RootChain, sender: Sender, escapes: Escapes, contracts: Sequence[str]) -> None:
    """Shows contracts that nobody has shown yet. Raises ProofError without a proof, TransactionError."""
    shown = {one.account for one in root.escape_events(ContractProven)}
    for contract in contracts:
        if contract not in shown:
            send(root, sender, escapes.prove_contract(contract))


def send(root: RootChain, sender: Sender, call: Call) -> None:
    """Sends a call of PlasmaEscape. Raises TransactionError."""
    sender.transact(root.escape.functions[call.function](*call.arguments))


class Escaping:
    """One account's way out, for what is paid to go to `recipient`. `energy` are tokens of the plasma chain alone, of
    which shares of liquidity have ETH."""

    def __init__(
        self, root: RootChain, proofs: StateProofs, account: LocalAccount, recipient: str, energy: Sequence[str]
    ) -> None:
        self._root, self._account, self._recipient, self._energy = root, account, recipient, energy
        self._platform = root.platform()
        self.escapes = Escapes(proofs, *(self._platform or ("", "")))

    @cached_property
    def assets(self) -> list[str]:
        """What can escape: ETH, and the tokens that are listed."""
        return [ETH, *self._root.assets()]

    def holdings(self) -> list[Holding]:
        """All that the account had, and the account of its forced messages. What the proofs don't have is left out."""
        found = []
        for holder in (str(self._account.address), remote_account(str(self._account.address))):
            paid: dict[tuple[str, str], int] = {}
            topic = to_bytes(holder).rjust(32, b"\0")
            for one in self._root.escape_events(AccountEscaped, topic):
                paid[one.source, one.asset] = paid.get((one.source, one.asset), 0) + one.amount
            found += [replace(one, paid=paid.get((one.source, one.asset), 0)) for one in self._of(holder)]
        return [one for one in found if one.amount]

    def advance(self, sender: Sender) -> Iterator[tuple[Holding, str | None]]:
        """Sends what is left; yields each with why the vault refused to pay it: it has nothing of it now. Raises
        ProofError if a contract can't be shown, TransactionError."""
        for one in self.holdings():
            if one.left:
                show_contracts(self._root, sender, self.escapes, one.contracts)
                try:
                    send(self._root, sender, one.call.signed(self._signature(one)))
                    yield one, None
                except TransactionError as error:
                    if "NotBacked" not in str(error):
                        raise
                    yield one, str(error)

    def _of(self, holder: str) -> Iterator[Holding]:
        to, escapes = self._recipient, self.escapes
        with suppress(EscapeError):
            call = escapes.eth(holder, to)
            yield Holding(holder, holder, ETH, call.amount, 0, call, ())
        tokens = {bridged_token(asset): asset for asset in self.assets[1:]}
        for token, asset in tokens.items():
            with suppress(EscapeError):
                call = escapes.token(asset, holder, to)
                yield Holding(holder, holder, asset, call.amount, 0, call, (token,))
        if self._platform:
            for token in (*tokens, *self._energy):
                sides = (ETH, tokens[token]) if token in tokens else (ETH,)
                yield from self._share(holder, token, sides, self._platform[0])

    def _share(self, holder: str, token: str, sides: Sequence[str], factory: str) -> Iterator[Holding]:
        with suppress(EscapeError):
            exchange, _ = self.escapes.exchange(token)
            for asset in sides:
                call = self.escapes.liquidity(asset, token, holder, self._recipient)
                shown = (factory, exchange) if asset == ETH else (factory, exchange, token)
                yield Holding(holder, exchange, asset, call.amount, 0, call, shown)

    def _signature(self, one: Holding) -> bytes:
        """The account of forced messages has no key: its sender calls."""
        if one.holder != self._account.address:
            return b""
        contract = (self._root.domain.chain_id, self._root.escape.address)
        return sign_escape(self._account, *contract, one.asset, one.source, self._recipient)
