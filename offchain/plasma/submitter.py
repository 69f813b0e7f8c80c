"""Sends the operator's transactions to the root chain, one after the other, until each is mined.

A transaction that isn't mined in time is sent again with the same nonce and a higher fee, so that at most one of them
counts. After a crash the next run does the same: the nonce that is next on the chain is the one under way, if any was.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import requests
from eth_account.signers.local import LocalAccount
from hexbytes import HexBytes
from web3.contract.contract import ContractFunction
from web3.exceptions import Web3Exception

from offchain.artifacts import describe_revert
from offchain.errors import UserError
from offchain.node import Node, NodeError, NodeRefusal, in_short
from offchain.plasma.records import to_bytes, to_hex
from offchain.sender import unsigned

RESEND_SECONDS = 60.0
POLL_SECONDS = 0.5
BUMP_PERCENT = 25
"""By how much a fee rises when a transaction is sent again; nodes ask for at least 10."""

ATTEMPTS = 12
"""How often a transaction is sent: at the end its fee is 11 times the first one."""

LOOKS_FOR_RECEIPT = 4
"""How often a receipt is looked for once the nonce is used, before another transaction is blamed."""

log = logging.getLogger("openmg.plasma")


class SubmissionError(UserError):
    """Says in one line why a transaction wasn't mined, or failed."""


class CallRefused(SubmissionError):
    """The contract would refuse the call, so nothing was sent."""


class Submitter:
    """Sends from one account, which nobody else may use meanwhile."""

    def __init__(
        self,
        node: Node,
        key: LocalAccount,
        resend_seconds: float = RESEND_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.address = str(key.address)
        self._node, self._key, self._resend_seconds, self._clock = node, key, resend_seconds, clock
        self._chain_id = node.chain_id()

    def transact(self, call: ContractFunction, value: int = 0) -> dict[str, Any]:
        """Sends a contract call; as `send`."""
        fields = unsigned(call)
        return self.send(fields["to"], to_bytes(fields["data"]), value)

    def send(self, to: str, data: bytes, value: int = 0) -> dict[str, Any]:
        """Sends a call with `value` wei; returns its receipt. Raises CallRefused if it would revert,
        SubmissionError if it reverts or isn't mined."""
        nonce = self._nonce()  # before the estimate: an earlier one that is mined meanwhile has the nonce
        asked = {"from": self.address, "to": to, "data": to_hex(data), "value": hex(value)}
        fields: dict[str, Any] = {"to": to, "data": to_hex(data), "value": value, "gas": self._estimate(asked) * 5 // 4}
        fields |= {"nonce": nonce, "chainId": self._chain_id, "type": 2}
        base = int(self._node.call("eth_getBlockByNumber", "latest", False)["baseFeePerGas"], 16)
        tip = int(self._node.call("eth_maxPriorityFeePerGas"), 16)
        fee = 2 * base + tip
        sent: list[str] = []
        for attempt in range(ATTEMPTS):
            raw = self._key.sign_transaction(fields | {"maxFeePerGas": fee, "maxPriorityFeePerGas": tip})
            sent.append(to_hex(bytes(raw.hash)))
            if self._broadcast(bytes(raw.raw_transaction)) or attempt == ATTEMPTS - 1:
                receipt = self._mined(sent, nonce)
                if receipt is not None:
                    return receipt
            log.warning("transaction %s isn't mined: sent again with a higher fee (%d)", sent[-1], attempt + 2)
            fee, tip = (one * (100 + BUMP_PERCENT) // 100 + 1 for one in (fee, tip))
        raise SubmissionError(f"transaction {sent[-1]} isn't mined, even with {fee / 1e9:.1f} gwei")

    def _nonce(self) -> int:
        return int(self._node.call("eth_getTransactionCount", self.address, "latest"), 16)

    def _estimate(self, call: dict[str, Any]) -> int:
        """The gas of a call after the latest block, whatever of its like a crash left in the pool."""
        try:
            answer: Any = self._node.web3.provider.make_request("eth_estimateGas", [call, "latest"])  # type: ignore[arg-type]
        except (requests.RequestException, Web3Exception, OSError, ValueError) as error:
            raise NodeError(f"the node doesn't answer ({in_short(error)}): is it running?") from error
        error_data = answer.get("error")
        if error_data:
            data = error_data.get("data") if isinstance(error_data, dict) else None
            if isinstance(data, str) and data.startswith("0x"):
                raise CallRefused(f"the contract refused: {describe_revert(bytes(HexBytes(data)))}")
            said = error_data.get("message") if isinstance(error_data, dict) else error_data
            raise SubmissionError(f"the root chain's node refused: {said}")
        return int(answer["result"], 16)

    def _broadcast(self, raw: bytes) -> bool:
        """Hands a transaction in; false if the node has another one of its nonce whose fee is too near. A node that has
        it already is no error, nor is one of which the nonce is used: then one of those sent is mined."""
        try:
            self._node.call("eth_sendRawTransaction", to_hex(raw))
        except NodeRefusal as refusal:
            log.info("%s", refusal)
            if "underpriced" in str(refusal):
                return False
            if not any(words in str(refusal) for words in ("already known", "already imported", "nonce too low")):
                raise
        return True

    def _mined(self, sent: list[str], nonce: int) -> dict[str, Any] | None:
        """The receipt of one of these, None if none has one in time. Raises SubmissionError if it failed, or another
        transaction has the nonce."""
        deadline = self._clock() + self._resend_seconds
        looks_since_used = 0  # a node may tell of a block's nonces before it tells of its receipts
        while True:
            looks_since_used += self._nonce() > nonce
            for one in reversed(sent):
                receipt: dict[str, Any] | None = self._node.call("eth_getTransactionReceipt", one)
                if receipt is not None:
                    if int(receipt["status"], 16) != 1:
                        raise SubmissionError(f"transaction {one} failed on the root chain")
                    return receipt
            if looks_since_used >= LOOKS_FOR_RECEIPT:
                raise SubmissionError(f"another transaction of {self.address} used the nonce {nonce}")
            if self._clock() >= deadline:
                return None
            time.sleep(POLL_SECONDS)
