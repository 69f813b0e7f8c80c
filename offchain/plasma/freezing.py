"""A freeze by f+1 authorities: what they sign for what can't be proven, so that others get time to look."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from eth_account.signers.local import LocalAccount

from offchain.errors import UserError
from offchain.plasma.root_chain import RootChain
from offchain.sender import Sender
from offchain.signature import SignatureError, join, sign, signer_of


class FreezeError(UserError):
    """Says in one line why the chain can't be frozen."""


@dataclass(frozen=True)
class Freeze:
    """The next freeze: what is signed for it, who may sign, and how many must."""

    root: RootChain
    digest: bytes
    members: frozenset[str]
    needed: int

    @classmethod
    def next(cls, root: RootChain) -> Freeze:
        """Of a chain that runs. Raises FreezeError if it doesn't."""
        state, calls = root.state(), root.root.functions
        if state != "running":
            raise FreezeError(f"the plasma chain can't be frozen now: it is {state}")
        digest = root.domain.freeze_digest(root.set_id(), int(root.node.ask(calls.frozenUntil())))
        needed = int(root.node.ask(calls.faultTolerance())) + 1
        return cls(root, digest, frozenset(root.standing()), needed)

    def signed(self, key: LocalAccount) -> bytes:
        """An authority's signature."""
        return sign(self.digest, key)

    def checked(self, signatures: Iterable[bytes]) -> dict[str, bytes]:
        """Signatures by who gave them. Raises FreezeError for one that doesn't count."""
        found = {}
        for signature in signatures:
            try:
                signer = signer_of(self.digest, signature)
            except SignatureError as error:
                raise FreezeError(str(error)) from error
            if signer not in self.members:
                raise FreezeError(f"0x{signature.hex()} is no authority's signature of the next freeze, but {signer}'s")
            found[signer] = signature
        return found

    def send(self, sender: Sender, signatures: Iterable[bytes]) -> int:
        """Freezes the chain; returns until when, in Unix seconds. Raises TransactionError."""
        calls = self.root.root.functions
        sender.transact(calls.freeze(join(self.digest, signatures)))
        return int(self.root.node.ask(calls.frozenUntil()))
