"""A relayer as a wallet sees it. What the relayer says is checked on the wallet's own node."""

from __future__ import annotations

import time
from typing import Any

from offchain.assets import Assets
from offchain.http_client import HTTPClient
from offchain.node import Node
from offchain.wallet.address import Address
from offchain.wallet.bech32m import TextError
from offchain.wallet.note import AMOUNT_LIMIT
from offchain.wallet.relay import Relay, RelayError
from offchain.wallet.request import Operation, Request

TERMS_SECONDS = 10
SUBMIT_SECONDS = 60
CONFIRM_SECONDS = 60


class RelayerClient:
    """A relayer at a URL, for one pool on the chain of a node; a `Submitter`."""

    def __init__(self, url: str, node: Node, chain_id: int, pool: str, registry: str, assets: Assets) -> None:
        """Raises RelayError if the URL is none."""
        self._service = HTTPClient(url, "relayer", RelayError)
        self._node, self._assets = node, assets
        self._expected = {"chain_id": chain_id, "pool": pool, "registry": registry}
        self._known: dict[str, Any] | None = None

    def relay(self, operation: Operation, asset: str) -> Relay:
        """Its terms for an operation. Raises RelayError if it doesn't take the asset, or is of another pool."""
        try:
            fees = self._terms["fees"].get(asset, {})
            account, address = str(self._terms["account"]), Address.parse(self._terms["address"])
            fee = int(fees[operation.function]) if operation.function in fees else None
            accepted = [self._assets.at(other).name for other, listed in self._terms["fees"].items() if listed]
        except (KeyError, TypeError, ValueError, AttributeError, TextError) as error:
            raise RelayError(f"the relayer's terms can't be read ({error}): use another one") from error
        if fee is None or not 0 <= fee < AMOUNT_LIMIT:
            name, listed = self._assets.at(asset).name, ", ".join(accepted) or "nothing"
            raise RelayError(f"the relayer takes no {name} for {operation.function}; it takes {listed}")
        return Relay(account, address, fee)

    def submit(self, request: Request) -> str:
        """Has a request sent and waits until the wallet's own node has it mined; returns the transaction's hash.

        Raises RelayError: if there is no answer, the operation may still be mined until its deadline.
        """
        deadline = time.monotonic() + CONFIRM_SECONDS
        while True:
            answer = self._ask("POST", "/requests", SUBMIT_SECONDS, request.to_json())
            transaction, status = answer.get("transaction"), answer.get("status")
            if status == "failed":
                raise RelayError(f"transaction {transaction} failed on chain: try again")
            if not isinstance(transaction, str) or status not in ("mined", "pending"):
                raise RelayError("the relayer's answer can't be read: sync before you try again, it may have been sent")
            if status == "mined":
                self._confirm(transaction, request, deadline)
                return transaction
            if time.monotonic() > deadline:
                raise RelayError(f"transaction {transaction} is not mined yet: sync before you try again")

    def _confirm(self, transaction: str, request: Request, deadline: float) -> None:
        while True:
            receipt = self._node.call("eth_getTransactionReceipt", transaction)
            if receipt is not None:
                sent = self._node.call("eth_getTransactionByHash", transaction)
                if receipt.get("status") == "0x1" and sent and sent.get("input") == request.transaction["data"]:
                    return
                raise RelayError(f"the relayer named transaction {transaction}, which is not this request's")
            if time.monotonic() > deadline:
                raise RelayError(f"the relayer named transaction {transaction}, which the chain doesn't have")
            time.sleep(0.2)

    @property
    def _terms(self) -> dict[str, Any]:
        if self._known is None:
            terms = self._ask("GET", "/terms", TERMS_SECONDS)
            for name, expected in self._expected.items():
                if terms.get(name) != expected:
                    raise RelayError(
                        f"the relayer's {name} is {terms.get(name)}, not {expected}: it is of another network"
                    )
            self._known = terms
        return self._known

    def _ask(self, method: str, path: str, seconds: float, body: str | None = None) -> dict[str, Any]:
        answer = self._service.ask(method, path, seconds, body)
        if answer.refusal is not None:
            self._known = None  # it may have other terms by now
            raise RelayError(f"the relayer refuses: {answer.refusal}")
        return answer.content
