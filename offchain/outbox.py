"""Transactions of a service's account, each sent once, whatever happens to the service."""

from __future__ import annotations

from threading import Lock
from typing import Any

from eth_utils.crypto import keccak
from hexbytes import HexBytes
from web3.exceptions import TransactionNotFound

from offchain.journal import Journal, Sent
from offchain.sender import Sender, TransactionError


class Outbox:
    """Signs with one account and keeps a journal. A `digest` names what a transaction is for: there is one at most.

    Transactions are tried beside each other; from nonce to node it is one's turn at a time. Calls of several threads
    for the same digest must be kept apart by the caller, but for `status`.
    """

    def __init__(self, sender: Sender, journal: Journal) -> None:
        self._sender, self._journal = sender, journal
        self._turn = Lock()

    def find(self, digest: bytes) -> Sent | None:
        """The transaction for that, None if none was signed. Raises BookError."""
        return self._journal.find(digest)

    def send(self, digest: bytes, transaction: dict[str, Any]) -> Sent:
        """Tries a transaction, signs it and hands it to the node; it is in the journal before. Raises TransactionError
        if it would revert or the node doesn't take it: then nothing was sent."""
        tried = self._sender.tried(transaction)
        with self._turn:
            raw = self._sender.numbered(tried)
            sent = Sent(HexBytes(keccak(raw)), raw)
            self._journal.add(digest, sent)
            self._hand_over(digest, sent)
        return sent

    def send_again(self, digest: bytes, sent: Sent) -> None:
        """Hands a transaction of the journal to the node again, if that doesn't know it. Raises TransactionError if it
        can't be sent any more, since its nonce is used: it never went out and never will, and is forgotten."""
        if not self._is_known(sent):
            with self._turn:
                self._hand_over(digest, sent)

    def forget(self, digest: bytes) -> None:
        """Lets what failed on chain be sent anew. Raises BookError."""
        self._journal.remove(digest)

    def status(self, sent: Sent, seconds: float) -> str:
        """`mined`, `failed` (on chain; it stays so) or `pending`, after so many seconds at most."""
        receipt = self._sender.mined(sent.hash, seconds)
        return "pending" if receipt is None else "mined" if receipt["status"] == 1 else "failed"

    def _hand_over(self, digest: bytes, sent: Sent) -> None:
        """What the node refuses is forgotten."""
        try:
            self._sender.broadcast(sent.raw)
        except TransactionError:
            self._journal.remove(digest)
            raise

    def _is_known(self, sent: Sent) -> bool:
        try:
            self._sender.web3.eth.get_transaction(sent.hash)
        except TransactionNotFound:
            return False
        return True
