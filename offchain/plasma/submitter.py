"""Sends the operator's transactions to the root chain, one after the other, until each is mined.

A transaction that isn't mined in time is sent again with the same nonce and a higher fee, so that at most one of them
counts. After a crash the next run does the same: the nonce that is next on the chain is the one under way, if any was.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from eth_account.signers.local import LocalAccount
from hexbytes import HexBytes

from offchain.artifacts import describe_revert
from offchain.errors import UserError
from offchain.node import Node, NodeRefusal
from offchain.plasma.records import to_hex

RESEND_SECONDS = 60.0
POLL_SECONDS = 0.5
BUMP_PERCENT = 25
"""By how much a fee rises when a transaction is sent again; nodes ask for at least 10."""

ATTEMPTS = 12
"""How often a transaction is sent: at the end its fee is 11 times the first one."""

log = logging.getLogger("openmg.plasma")


class SubmissionError(UserError):
    """Says in one line why a transaction wasn't mined, or failed."""


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

    def send(self, to: str, data: bytes, value: int = 0) -> dict[str, Any]:
        """Sends a call with `value` wei; returns its receipt. Raises SubmissionError if it would revert, reverts, or
        isn't mined."""
        fields: dict[str, Any] = {"to": to, "data": to_hex(data), "value": value}
        asked = {"from": self.address, "to": to, "data": to_hex(data), "value": hex(value)}
        fields["gas"] = self._estimate(asked) * 5 // 4
        nonce = int(self._node.call("eth_getTransactionCount", self.address, "latest"), 16)
        fields |= {"nonce": nonce, "chainId": self._chain_id, "type": 2}
        base = int(self._node.call("eth_getBlockByNumber", "latest", False)["baseFeePerGas"], 16)
        tip = int(self._node.call("eth_maxPriorityFeePerGas"), 16)
        fee = 2 * base + tip
        sent: list[str] = []
        for attempt in range(ATTEMPTS):
            raw = self._key.sign_transaction(fields | {"maxFeePerGas": fee, "maxPriorityFeePerGas": tip})
            sent.append(self._broadcast(bytes(raw.raw_transaction), raw.hash))
            receipt = self._mined(sent)
            if receipt is not None:
                if int(receipt["status"], 16) != 1:
                    raise SubmissionError(f"transaction {receipt['transactionHash']} failed on the root chain")
                return receipt
            if int(self._node.call("eth_getTransactionCount", self.address, "latest"), 16) > nonce:
                receipt = self._mined(sent)
                if receipt is None:
                    raise SubmissionError(f"somebody else used the nonce {nonce} of {self.address}")
                return receipt
            log.warning("transaction %s isn't mined: sent again with a higher fee (%d)", sent[-1], attempt + 2)
            fee, tip = (one * (100 + BUMP_PERCENT) // 100 + 1 for one in (fee, tip))
        raise SubmissionError(f"transaction {sent[-1]} isn't mined, even with {fee / 1e9:.1f} gwei")

    def _estimate(self, call: dict[str, Any]) -> int:
        answer: Any = self._node.web3.provider.make_request("eth_estimateGas", [call])  # type: ignore[arg-type]
        error = answer.get("error")
        if error:
            data = error.get("data") if isinstance(error, dict) else None
            if isinstance(data, str) and data.startswith("0x"):
                raise SubmissionError(f"the contract refused: {describe_revert(bytes(HexBytes(data)))}")
            raise SubmissionError(f"the root chain's node refused: {error}")
        return int(answer["result"], 16)

    def _broadcast(self, raw: bytes, digest: Any) -> str:
        """Hands a transaction in; returns its hash. A node that has it, or one with its nonce, is no error."""
        try:
            self._node.call("eth_sendRawTransaction", to_hex(raw))
        except NodeRefusal as refusal:
            known = ("already known", "already imported", "underpriced", "nonce too low")
            if not any(words in str(refusal) for words in known):
                raise
            log.info("%s", refusal)
        return to_hex(bytes(digest))

    def _mined(self, sent: list[str]) -> dict[str, Any] | None:
        """The receipt of one of these, None if none has one in time."""
        deadline = self._clock() + self._resend_seconds
        while True:
            for one in reversed(sent):
                receipt: dict[str, Any] | None = self._node.call("eth_getTransactionReceipt", one)
                if receipt is not None:
                    return receipt
            if self._clock() >= deadline:
                return None
            time.sleep(POLL_SECONDS)
