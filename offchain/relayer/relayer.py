"""Decides which requests of strangers are sent, and sends them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import requests
from eth_utils.crypto import keccak
from web3.exceptions import Web3Exception

from offchain.assets import Assets
from offchain.http_service import Refusal
from offchain.journal import Journal, Sent
from offchain.node import Node
from offchain.outbox import Outbox
from offchain.relayer.fees import Fees
from offchain.relayer.work import Piece, Work
from offchain.sender import Sender, TransactionError
from offchain.wallet.keys import ViewingKey
from offchain.wallet.relay import RelayError, fee_note
from offchain.wallet.request import Operation, Request
from offchain.wallet.transaction import CIRCUIT_OF
from offchain.zk.circuits import CIRCUITS

WAIT_SECONDS = 30
"""How long an answer waits for the transaction; then it says `pending`, and the same request can be sent again."""

REGISTRY_OPERATIONS = (Operation.ISSUE, Operation.SETTLE)


@dataclass(frozen=True)
class Outcome:
    """A request's transaction. `status`: `mined`, `failed` (on chain; it stays so) or `pending`."""

    transaction: str
    status: str


class Relayer:
    """Sends with one account and is paid to one address of the pool. Safe to call from many threads."""

    def __init__(
        self, sender: Sender, key: ViewingKey, pool: str, registry: str, fees: Fees, assets: Assets, journal: Journal
    ) -> None:
        self._sender, self._key, self._fees, self._assets = sender, key, fees, assets
        self._outbox = Outbox(sender, journal)
        self._contracts = {operation: registry if operation in REGISTRY_OPERATIONS else pool for operation in Operation}
        with reaching_chain():
            self._chain_id = sender.web3.eth.chain_id
        self._work = Work()

    @property
    def account(self) -> str:
        """The account that sends."""
        return self._sender.address

    def terms(self) -> dict[str, Any]:
        """What a wallet needs to know to make a request out to this relayer."""
        return {
            "chain_id": self._chain_id,
            "pool": self._contracts[Operation.TRANSFER],
            "registry": self._contracts[Operation.ISSUE],
            "account": self.account,
            "address": str(self._key.address),
            "fees": self._fees.to_content(),
        }

    def check(self) -> None:
        """Raises NodeError if the node doesn't answer, Refusal if the account can't pay for gas."""
        if not int(Node(self._sender.web3).call("eth_getBalance", self.account, "latest"), 16):
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, f"the relayer's account {self.account} has no ETH for gas")

    def take(self, request: Request) -> Outcome:
        """Checks a request, sends it and waits. The same request again gives the same transaction. Raises Refusal."""
        self._check_target(request)
        digest = keccak(bytes.fromhex(request.contract[2:]) + request.calldata)
        with reaching_chain(), self._work.on(digest, _spent_marks(request)) as piece:
            with piece.turn:
                sent = self._send(request, piece)
            return Outcome(sent.hash.to_0x_hex(), self._outbox.status(sent, WAIT_SECONDS))

    def _check_target(self, request: Request) -> None:
        if request.chain_id != self._chain_id:
            raise Refusal(HTTPStatus.BAD_REQUEST, f"wrong network: this relayer sends on chain {self._chain_id}")
        expected = self._contracts[request.operation]
        if request.contract != expected:
            where = f"{request.operation.function} is a function of {expected}, not of {request.contract}"
            raise Refusal(HTTPStatus.BAD_REQUEST, f"wrong contract: {where}")
        if request.terms.relayer != self.account:
            raise Refusal(
                HTTPStatus.BAD_REQUEST, f"the request is made out to {request.terms.relayer}, not to {self.account}"
            )

    def _check_deadline(self, request: Request) -> None:
        now = int(self._sender.web3.eth.get_block("latest")["timestamp"])
        if request.terms.deadline <= now:
            raise Refusal(HTTPStatus.GONE, f"the request's deadline {request.terms.deadline} has passed")

    def _check_fee(self, request: Request) -> None:
        if self._fees.is_free(request.operation):
            return
        try:
            note = fee_note(request, self._key)
        except RelayError as error:
            raise Refusal(HTTPStatus.PAYMENT_REQUIRED, str(error)) from error
        fee = self._fees.of(request.operation, note.asset)
        function = request.operation.function
        if fee is None:
            name = self._assets.at(note.asset).name
            raise Refusal(HTTPStatus.PAYMENT_REQUIRED, f"this relayer takes no {name} for {function}")
        if note.amount < fee:
            asset = self._assets.at(note.asset)
            what = f"{asset.shown(fee)} for {function}, the request pays {asset.shown(note.amount)}"
            raise Refusal(HTTPStatus.PAYMENT_REQUIRED, f"the fee is too low: this relayer asks for {what}")

    def _send(self, request: Request, piece: Piece) -> Sent:
        """The request's transaction, which the node has then: that of the journal, else a new one."""
        known = self._outbox.find(piece.digest)
        if known is not None:
            return self._send_again(known, piece)
        self._check_deadline(request)
        self._check_fee(request)
        if not self._work.is_first(piece):
            raise Refusal(HTTPStatus.CONFLICT, "another request that spends the same is being sent")
        try:
            return self._outbox.send(piece.digest, request.transaction)
        except TransactionError as error:
            if str(error).startswith("the contract refused"):
                raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from error
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, f"this relayer can't send now: {error}") from error

    def _send_again(self, known: Sent, piece: Piece) -> Sent:
        try:
            self._outbox.send_again(piece.digest, known)
        except TransactionError:
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "the transaction was lost: send the request again") from None
        return known


@contextmanager
def reaching_chain() -> Iterator[None]:
    """Turns the silence of a node into a Refusal."""
    try:
        yield
    except (requests.RequestException, Web3Exception) as error:
        raise Refusal(HTTPStatus.BAD_GATEWAY, f"the relayer's node doesn't answer ({type(error).__name__})") from error


def _spent_marks(request: Request) -> frozenset[int]:
    """What a second request can't spend again: nullifiers of notes and of the meter."""
    names = CIRCUITS[CIRCUIT_OF[request.operation]].public_names
    meters = [request.signals[names.index("meterNullifier")]] if "meterNullifier" in names else []
    return frozenset([*request.nullifiers, *meters])
